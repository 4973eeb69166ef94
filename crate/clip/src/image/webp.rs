//! WebP as libwebp's animation decoder, through Pillow, gives its first frame.
//!
//! As alpha is dropped, only one chunk of a file matters: the first bitstream, `VP8 ` or
//! `VP8L`, wherever it stands. It is handed to the decoder as a file of its own. That is
//! also what libwebp's canvas gets: the first frame as it is, blended with nothing.

#![deny(clippy::cast_possible_truncation)]

use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::memory::reserve;
use super::orientation::Orientation;
use super::{Decoded, Format, ImageError, RgbImage, check_size, pixels, zeroed};

/// A lossy macroblock of 256 pixels costs more than one and a half bits for its modes.
const LOSSY_PIXELS_PER_BYTE: u64 = 2048;

/// Lossless WebP has no bound: one colour costs nothing at any size. Beyond this many pixels a
/// file must have a byte for each [`LOSSLESS_PIXELS_PER_BYTE`], which images that show anything
/// have many times over.
const LOSSLESS_FREE_PIXELS: u64 = 1 << 24;
const LOSSLESS_PIXELS_PER_BYTE: u64 = 1 << 16;

/// What decoding holds at once, for each pixel: the decoder's RGBA, the samples, and the image
/// twice where it is turned or put on a canvas.
const BYTES_PER_PIXEL: u64 = 4 + 4 + 6;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let container = Container::read(bytes)?;
    let mut decoder = WebPDecoder::new(Cursor::new(container.still())).map_err(error)?;
    let (width, height) = decoder.dimensions();
    let canvas = container.canvas.unwrap_or((width, height));
    for size in [(width, height), canvas] {
        let bound = if decoder.is_lossy() {
            Some(LOSSY_PIXELS_PER_BYTE)
        } else {
            (pixels(size) > LOSSLESS_FREE_PIXELS).then_some(LOSSLESS_PIXELS_PER_BYTE)
        };
        check_size(Format::WebP, bytes, size, bound)?;
    }
    let (left, top) = container.place;
    if left + width > canvas.0 || top + height > canvas.1 {
        return Err(corrupt(format!(
            "its frame of {width}×{height} at ({left}, {top}) leaves its canvas of {}×{}",
            canvas.0, canvas.1
        )));
    }
    let memory = reserve(canvas, pixels(canvas) * BYTES_PER_PIXEL)?;

    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut samples = zeroed(width, height, channels)?;
    decoder.read_image(&mut samples).map_err(error)?;
    let data = if channels == 3 && canvas == (width, height) {
        samples
    } else {
        let mut data = zeroed(canvas.0, canvas.1, 3)?;
        let rows = samples.chunks_exact(width as usize * channels);
        for (y, row) in (top as usize..).zip(rows) {
            let at = (y * canvas.0 as usize + left as usize) * 3;
            let pixels = data[at..].chunks_exact_mut(3);
            for (pixel, stored) in pixels.zip(row.chunks_exact(channels)) {
                pixel.copy_from_slice(&stored[..3]);
            }
        }
        data
    };
    Ok(Decoded {
        image: RgbImage {
            width: canvas.0,
            height: canvas.1,
            data,
        },
        orientation: Orientation::read(container.exif, container.xmp),
        _memory: memory,
    })
}

/// What of a file matters.
struct Container<'a> {
    /// Width and height, if they are stated apart from the bitstream.
    canvas: Option<(u32, u32)>,
    /// Where the frame stands on the canvas: left, top.
    place: (u32, u32),
    /// The first bitstream.
    bitstream: Chunk<'a>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
}

impl<'a> Container<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        const RIFF_HEADER: usize = 12;
        const FRAME_HEADER: usize = 16;
        let (mut canvas, mut place, mut bitstream) = (None, (0, 0), None);
        let (mut exif, mut xmp) = (None, None);
        for chunk in Chunks::of(bytes, RIFF_HEADER) {
            let body = chunk.body;
            match chunk.name {
                b"VP8X" => {
                    let side = |at: usize| u24(body, at).map(|side| side + 1);
                    canvas = side(4).zip(side(7));
                }
                b"VP8 " | b"VP8L" if bitstream.is_none() => bitstream = Some(chunk),
                b"ANMF" if bitstream.is_none() => {
                    let (left, top) = u24(body, 0).zip(u24(body, 3)).ok_or_else(truncated)?;
                    place = (2 * left, 2 * top);
                    bitstream = Chunks::of(body, FRAME_HEADER)
                        .find(|chunk| matches!(chunk.name, b"VP8 " | b"VP8L"));
                }
                b"EXIF" => exif = Some(body),
                b"XMP " => xmp = Some(body),
                _ => {}
            }
        }
        Ok(Self {
            canvas,
            place,
            bitstream: bitstream.ok_or_else(truncated)?,
            exif,
            xmp,
        })
    }

    /// The bitstream as a file of the simple format.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a chunk's length was 32 bits in the file"
    )]
    fn still(&self) -> Vec<u8> {
        let Chunk { name, body } = self.bitstream;
        let mut file = b"RIFF".to_vec();
        file.extend((body.len() as u32).saturating_add(12).to_le_bytes());
        file.extend(b"WEBP");
        file.extend(name);
        file.extend((body.len() as u32).to_le_bytes());
        file.extend(body);
        file
    }
}

/// A RIFF chunk.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: &'a [u8; 4],
    body: &'a [u8],
}

/// The chunks of a file or frame, up to its end or to one that is cut off.
struct Chunks<'a>(&'a [u8]);

impl<'a> Chunks<'a> {
    /// Those behind a header of this length.
    fn of(bytes: &'a [u8], header: usize) -> Self {
        Self(bytes.get(header..).unwrap_or_default())
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (name, rest) = self.0.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (body, rest) = rest.split_at_checked(length)?;
        // Padded to even lengths.
        self.0 = rest.get(length % 2..).unwrap_or_default();
        Some(Chunk { name, body })
    }
}

/// A 24-bit number at byte `at`.
fn u24(bytes: &[u8], at: usize) -> Option<u32> {
    match bytes.get(at..at + 3) {
        Some(&[low, middle, high]) => Some(u32::from_le_bytes([low, middle, high, 0])),
        _ => None,
    }
}

fn corrupt(detail: String) -> ImageError {
    ImageError::Corrupt {
        format: Format::WebP,
        detail,
    }
}

fn truncated() -> ImageError {
    ImageError::Truncated {
        format: Format::WebP,
        detail: "it ends before the image does".to_owned(),
    }
}

fn error(error: DecodingError) -> ImageError {
    match &error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => truncated(),
        _ => corrupt(error.to_string()),
    }
}
