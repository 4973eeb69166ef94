//! JPEG as Pillow reads it through libjpeg-turbo.
//!
//! `zune-jpeg` does entropy decoding, inverse DCT and chroma upsampling; the markers that
//! decide colour and orientation are read here, and colour is converted here with libjpeg's
//! own arithmetic (`jdcolor.c`) and Pillow's (`Convert.c`, `cmyk2rgb`).

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::orientation::Orientation;
use super::{Format, ImageError, RgbImage, check_size, zeroed};

/// A block of 64 pixels costs at least one bit of one component.
const PIXELS_PER_BYTE: u64 = 64 * 8;

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let markers = Markers::read(bytes)?;
    let (width, height) = (markers.width, markers.height);
    check_size(Format::Jpeg, bytes, (width, height), Some(PIXELS_PER_BYTE))?;
    let colour = markers.colour()?;

    let samples = decode_samples(&markers)?;
    let channels = colour.channels();
    if samples.len() != width as usize * height as usize * channels {
        return Err(corrupt(format!(
            "{} samples decoded for {width}×{height} pixels of {channels} components",
            samples.len()
        )));
    }
    let mut data = zeroed(width, height, 3)?;
    for (pixel, sample) in data.chunks_exact_mut(3).zip(samples.chunks_exact(channels)) {
        pixel.copy_from_slice(&colour.to_rgb(sample));
    }
    let image = RgbImage {
        width,
        height,
        data,
    };
    let exif = (!markers.exif.is_empty()).then_some(markers.exif.as_slice());
    Ok(match Orientation::read(exif, markers.xmp) {
        Some(orientation) => orientation.apply(image),
        None => image,
    })
}

/// The components as they are stored, upsampled and interleaved.
fn decode_samples(markers: &Markers<'_>) -> Result<Vec<u8>, ImageError> {
    let limits = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let input = ZCursor::new(markers.without_adobe.as_slice());
    let mut decoder = JpegDecoder::new_with_options(input, limits);
    decoder.decode_headers().map_err(error)?;
    // Output in the stored colour space is output untouched.
    let stored = decoder
        .input_colorspace()
        .expect("the headers have just been decoded");
    let stored = if markers.components.len() == 1 {
        ColorSpace::Luma
    } else {
        stored
    };
    decoder.set_options(limits.jpeg_set_out_colorspace(stored));
    decoder.decode().map_err(error)
}

/// How components become RGB, by libjpeg's rules (`jdapimin.c`, `default_decompress_parms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Colour {
    fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk | Self::Ycck => 4,
        }
    }

    /// One pixel. `stored` has [`Self::channels`] samples.
    fn to_rgb(self, stored: &[u8]) -> [u8; 3] {
        match (self, stored) {
            (Self::Rgb, &[red, green, blue]) => [red, green, blue],
            (Self::YCbCr, &[y, cb, cr]) => ycbcr_to_rgb(y, cb, cr),
            // Pillow takes every four-component file for Adobe's inverted kind.
            (Self::Cmyk, &[c, m, y, k]) => [c, m, y].map(|ink| under_black(ink, k)),
            (Self::Ycck, &[y, cb, cr, k]) => {
                // libjpeg inverts once to make CMY of RGB, and Pillow once more.
                ycbcr_to_rgb(y, cb, cr).map(|sample| under_black(255 - sample, k))
            }
            _ => [stored.first().copied().unwrap_or_default(); 3],
        }
    }
}

/// JFIF's YCbCr in 16-bit fixed point, rounded as libjpeg's tables are.
fn ycbcr_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const BITS: i32 = 16;
    const HALF: i32 = 1 << (BITS - 1);
    const CR_TO_RED: i32 = 91_881; // 1.40200
    const CB_TO_BLUE: i32 = 116_130; // 1.77200
    const CR_TO_GREEN: i32 = 46_802; // 0.71414
    const CB_TO_GREEN: i32 = 22_554; // 0.34414
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    [
        y + ((CR_TO_RED * cr + HALF) >> BITS),
        y + ((-CB_TO_GREEN * cb - CR_TO_GREEN * cr + HALF) >> BITS),
        y + ((CB_TO_BLUE * cb + HALF) >> BITS),
    ]
    .map(|sample| sample.clamp(0, 255) as u8)
}

/// Pillow's CMYK to RGB for one ink, both inverted (255 is no ink):
/// `white − ink · white / 255` with Pillow's `MULDIV255`.
fn under_black(ink: u8, black: u8) -> u8 {
    let white = u32::from(black);
    let product = u32::from(255 - ink) * white + 128;
    let covered = ((product >> 8) + product) >> 8;
    white.saturating_sub(covered) as u8
}

/// What the segments before the first scan say.
struct Markers<'a> {
    width: u32,
    height: u32,
    /// Component identifiers, one to four.
    components: Vec<u8>,
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Vec<u8>,
    xmp: Option<&'a [u8]>,
    /// The file with its Adobe segment renamed: the decoder must not judge colour by it.
    without_adobe: Vec<u8>,
}

impl<'a> Markers<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        const START_OF_SCAN: u8 = 0xda;
        const END_OF_IMAGE: u8 = 0xd9;
        let mut markers = Self {
            width: 0,
            height: 0,
            components: Vec::new(),
            jfif: false,
            adobe_transform: None,
            exif: Vec::new(),
            xmp: None,
            without_adobe: bytes.to_vec(),
        };
        let mut at = 2;
        loop {
            // Bytes between segments are skipped, and so are fill bytes 0xff.
            let marker = loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (Some(0xff), Some(0x00 | 0xff)) => at += 1,
                    (Some(0xff), Some(&marker)) => break marker,
                    (Some(_), Some(_)) => at += 1,
                    _ => return Err(truncated("it ends before its first scan")),
                }
            };
            at += 2;
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                continue; // stands alone, without a segment
            }
            if marker == END_OF_IMAGE {
                return Err(corrupt("it has no scan".to_owned()));
            }
            let length = match bytes.get(at..at + 2) {
                Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
                _ => return Err(truncated("it ends before its first scan")),
            };
            if length < 2 {
                return Err(corrupt(format!(
                    "a segment at byte {at} has length {length}"
                )));
            }
            let Some(body) = bytes.get(at + 2..at + length) else {
                return Err(truncated("it ends before its first scan"));
            };
            markers.segment(marker, body, at + 2)?;
            at += length;
            if marker == START_OF_SCAN {
                break;
            }
        }
        if markers.components.is_empty() {
            return Err(corrupt("its first scan comes before its frame".to_owned()));
        }
        // Scans never contain this pair, so its absence means that the end is missing.
        if !bytes[at..]
            .windows(2)
            .any(|pair| pair == [0xff, END_OF_IMAGE])
        {
            return Err(truncated("its end-of-image marker is missing"));
        }
        Ok(markers)
    }

    fn segment(&mut self, marker: u8, body: &'a [u8], at: usize) -> Result<(), ImageError> {
        const EXIF: &[u8] = b"Exif\0\0";
        const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
        const ADOBE: &[u8] = b"Adobe";
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => self.frame(marker, body)?,
            0xe0 if body.starts_with(b"JFIF\0") => self.jfif = true,
            0xe1 if body.starts_with(EXIF) => {
                // A long EXIF block continues in further segments.
                let skip = if self.exif.is_empty() { 0 } else { EXIF.len() };
                self.exif.extend_from_slice(&body[skip..]);
            }
            0xe1 => {
                if let Some(xmp) = body.strip_prefix(XMP) {
                    self.xmp = Some(xmp);
                }
            }
            0xee if body.starts_with(ADOBE) && body.len() >= 12 => {
                self.adobe_transform = Some(body[11]);
                self.without_adobe[at] = b'_';
            }
            _ => {}
        }
        Ok(())
    }

    fn frame(&mut self, marker: u8, body: &[u8]) -> Result<(), ImageError> {
        let unsupported = |detail: String| ImageError::Unsupported {
            format: Format::Jpeg,
            detail,
        };
        match marker {
            0xc0..=0xc2 => {}
            0xc3 => return Err(unsupported("it is lossless".to_owned())),
            0xc9..=0xcb => return Err(unsupported("it is coded arithmetically".to_owned())),
            _ => return Err(unsupported("it is hierarchical".to_owned())),
        }
        let &[bits, h0, h1, w0, w1, count, ref components @ ..] = body else {
            return Err(corrupt("its frame header is too short".to_owned()));
        };
        if bits != 8 {
            return Err(unsupported(format!("it has {bits} bits a sample")));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(unsupported(format!("it has {count} components")));
        }
        self.height = u32::from(u16::from_be_bytes([h0, h1]));
        self.width = u32::from(u16::from_be_bytes([w0, w1]));
        self.components = components.chunks_exact(3).map(|spec| spec[0]).collect();
        if self.components.len() != usize::from(count) {
            return Err(corrupt("its frame header has the wrong length".to_owned()));
        }
        Ok(())
    }

    fn colour(&self) -> Result<Colour, ImageError> {
        Ok(match (self.components.as_slice(), self.adobe_transform) {
            ([_], _) => Colour::Grey,
            ([_, _, _], _) if self.jfif => Colour::YCbCr,
            ([_, _, _], Some(0)) => Colour::Rgb,
            ([_, _, _], Some(_)) => Colour::YCbCr,
            (b"RGB", None) => Colour::Rgb,
            ([_, _, _], None) => Colour::YCbCr,
            (_, None | Some(0)) => Colour::Cmyk,
            (_, Some(_)) => Colour::Ycck,
        })
    }
}

fn corrupt(detail: String) -> ImageError {
    ImageError::Corrupt {
        format: Format::Jpeg,
        detail,
    }
}

fn truncated(detail: &str) -> ImageError {
    ImageError::Truncated {
        format: Format::Jpeg,
        detail: detail.to_owned(),
    }
}

fn error(error: DecodeErrors) -> ImageError {
    match error {
        DecodeErrors::ExhaustedData => truncated("it ends before the picture does"),
        DecodeErrors::Unsupported(scheme) => ImageError::Unsupported {
            format: Format::Jpeg,
            detail: format!("{scheme:?}"),
        },
        other => corrupt(other.to_string()),
    }
}
