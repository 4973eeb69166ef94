//! PNG as Pillow's `PngImagePlugin` and `convert("RGB")` read it.

#![deny(clippy::cast_possible_truncation)]

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, Decoder, DecodingError, Info, Reader, Transformations};

use super::memory::reserve;
use super::orientation::Orientation;
use super::{Decoded, Format, ImageError, RgbImage, check_size, pixels, zeroed};

/// Deflate cannot expand more than 1032-fold, and a byte holds eight 1-bit pixels.
const PIXELS_PER_BYTE: u64 = 1032 * 8;

/// What a text chunk may expand to: Pillow's `MAX_TEXT_CHUNK`, above which it refuses the image.
const MAX_TEXT: usize = 1 << 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_iccp_chunk(true);
    let size = decoder.read_header_info().map_err(error)?.size();
    check_size(Format::Png, bytes, size, Some(PIXELS_PER_BYTE))?;
    let mut reader = decoder.read_info().map_err(error)?;
    // The samples, and the image twice where it is turned.
    let memory = reserve(
        size,
        pixels(size) * (reader.info().bytes_per_pixel() as u64 + 6),
    )?;

    let samples = read_samples(&mut reader, bytes.len())?;
    // Metadata may follow the image; Pillow stops without complaint where it is broken.
    let _ = reader.finish();

    let info = reader.info();
    let mut image = RgbImage {
        width: size.0,
        height: size.1,
        data: to_rgb(info, &samples)?,
    };
    if let Some(key) = colour_key(info) {
        image.whiten(key);
    }
    Ok(Decoded {
        image,
        orientation: orientation(info)?,
        _memory: memory,
    })
}

/// The samples as they are stored, each row padded to a byte.
fn read_samples(
    reader: &mut Reader<Cursor<&[u8]>>,
    file_length: usize,
) -> Result<Vec<u8>, ImageError> {
    let info = reader.info();
    let (width, height) = info.size();
    let length = reader.output_buffer_size().ok_or(ImageError::OutOfMemory {
        width: width.into(),
        height: height.into(),
    })?;
    // Sharper than the header's check, now that the bits of a pixel are known.
    if length as u64 > (file_length as u64).saturating_mul(1032) {
        return Err(ImageError::Truncated {
            format: Format::Png,
            detail: format!("{file_length} bytes cannot hold {width}×{height} pixels"),
        });
    }
    let bytes_per_pixel = info.bytes_per_pixel();
    let mut samples = zeroed(width, height, bytes_per_pixel)?;
    samples.truncate(length);
    reader.next_frame(&mut samples).map_err(error)?;
    Ok(samples)
}

/// `height × width × 3` from samples of any kind, alpha dropped.
fn to_rgb(info: &Info<'_>, samples: &[u8]) -> Result<Vec<u8>, ImageError> {
    let (width, height) = info.size();
    let mut rgb = zeroed(width, height, 3)?;
    let row_length = samples.len() / height as usize;
    let rows = samples
        .chunks_exact(row_length)
        .zip(rgb.chunks_exact_mut(width as usize * 3));
    let palette = info.palette.as_deref().unwrap_or_default();
    for (row, out) in rows {
        let pixels = out.chunks_exact_mut(3);
        match (info.color_type, info.bit_depth) {
            (ColorType::Rgb, BitDepth::Sixteen) => copy(row, 6, [0, 2, 4], pixels),
            (ColorType::Rgb, _) => copy(row, 3, [0, 1, 2], pixels),
            (ColorType::Rgba, BitDepth::Sixteen) => copy(row, 8, [0, 2, 4], pixels),
            (ColorType::Rgba, _) => copy(row, 4, [0, 1, 2], pixels),
            (ColorType::GrayscaleAlpha, BitDepth::Sixteen) => copy(row, 4, [0, 0, 0], pixels),
            (ColorType::GrayscaleAlpha, _) => copy(row, 2, [0, 0, 0], pixels),
            (ColorType::Grayscale, BitDepth::Sixteen) => {
                // Pillow keeps 16 bits of grey and clips them; it does not scale.
                for (pixel, sample) in pixels.zip(row.chunks_exact(2)) {
                    pixel.fill(if sample[0] == 0 { sample[1] } else { 255 });
                }
            }
            (ColorType::Grayscale, depth) => {
                let scale = match depth {
                    BitDepth::One => 255,
                    BitDepth::Two => 85,
                    BitDepth::Four => 17,
                    _ => 1,
                };
                for (x, pixel) in pixels.enumerate() {
                    pixel.fill(packed(row, x, depth) * scale);
                }
            }
            (ColorType::Indexed, depth) => {
                for (x, pixel) in pixels.enumerate() {
                    pixel.copy_from_slice(&entry(palette, packed(row, x, depth)));
                }
            }
        }
    }
    Ok(rgb)
}

/// Three bytes of every `stride`; of a 16-bit sample the high one.
fn copy<'a>(row: &[u8], stride: usize, at: [usize; 3], pixels: impl Iterator<Item = &'a mut [u8]>) {
    for (pixel, samples) in pixels.zip(row.chunks_exact(stride)) {
        for (out, at) in pixel.iter_mut().zip(at) {
            *out = samples[at];
        }
    }
}

/// Sample `x` of a row with 1, 2, 4 or 8 bits a sample.
fn packed(row: &[u8], x: usize, depth: BitDepth) -> u8 {
    let bits = depth as usize;
    let per_byte = 8 / bits;
    let shift = 8 - bits - (x % per_byte) * bits;
    (row[x / per_byte] >> shift) & (0xff >> (8 - bits))
}

/// A palette's colour; Pillow's is black beyond the entries that the file gives.
fn entry(palette: &[u8], index: u8) -> [u8; 3] {
    let at = usize::from(index) * 3;
    match palette.get(at..at + 3) {
        Some(&[red, green, blue]) => [red, green, blue],
        _ => [0; 3],
    }
}

/// The colour that `tRNS` makes transparent, as it survives Pillow's `convert("RGB")` in
/// `info["transparency"]` and the conversion to RGBA after it: grey of 2 and 4 bits is not
/// scaled, 1-bit and 16-bit grey become (value, 0, 0), all taken modulo 256.
/// A palette that is transparent in any other way than one entry wholly loses it.
fn colour_key(info: &Info<'_>) -> Option<[u8; 3]> {
    // Below 16 bits the decoder keeps the low bytes only, else both.
    match (info.color_type, info.bit_depth, info.trns.as_deref()?) {
        (ColorType::Grayscale, BitDepth::One, [grey, ..]) => {
            Some([if *grey == 0 { 0 } else { 255 }, 0, 0])
        }
        (ColorType::Grayscale, BitDepth::Sixteen, [_, low, ..]) => Some([*low, 0, 0]),
        (ColorType::Grayscale, _, [grey, ..]) => Some([*grey; 3]),
        (ColorType::Rgb, BitDepth::Sixteen, &[_, red, _, green, _, blue, ..]) => {
            Some([red, green, blue])
        }
        (ColorType::Rgb, _, &[red, green, blue, ..]) => Some([red, green, blue]),
        (ColorType::Indexed, _, alphas) => {
            let mut translucent = alphas
                .iter()
                .enumerate()
                .filter(|(_, alpha)| **alpha != 255);
            match (translucent.next(), translucent.next()) {
                (Some((index, 0)), None) => {
                    Some(entry(info.palette.as_deref()?, u8::try_from(index).ok()?))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// `eXIf`, else the text chunk that ImageMagick writes instead, else XMP.
///
/// # Errors
/// A text that is needed and expands beyond [`MAX_TEXT`]. Broken ones say nothing.
fn orientation(info: &Info<'_>) -> Result<Option<Orientation>, ImageError> {
    let exif = match &info.exif_metadata {
        Some(exif) => Some(exif.to_vec()),
        None => raw_profile(info)?.as_deref().and_then(unhex),
    };
    let mut xmp = None;
    for chunk in &info.utf8_text {
        if chunk.keyword == XMP && xmp.is_none() {
            let mut chunk = chunk.clone();
            if expanded(XMP, chunk.decompress_text_with_limit(MAX_TEXT))? {
                xmp = chunk.get_text().ok();
            }
        }
    }
    Ok(Orientation::read(
        exif.as_deref(),
        xmp.as_deref().map(str::as_bytes),
    ))
}

/// The text of the first raw profile that can be read, compressed ones first.
fn raw_profile(info: &Info<'_>) -> Result<Option<String>, ImageError> {
    for chunk in &info.compressed_latin1_text {
        if chunk.keyword == RAW_PROFILE {
            let mut chunk = chunk.clone();
            if expanded(RAW_PROFILE, chunk.decompress_text_with_limit(MAX_TEXT))?
                && let Ok(text) = chunk.get_text()
            {
                return Ok(Some(text));
            }
        }
    }
    let mut plain = info.uncompressed_latin1_text.iter();
    Ok(plain
        .find(|chunk| chunk.keyword == RAW_PROFILE)
        .map(|chunk| chunk.text.clone()))
}

/// Whether a text came out; false for one that is broken.
fn expanded(keyword: &str, result: Result<(), DecodingError>) -> Result<bool, ImageError> {
    match result {
        Ok(()) => Ok(true),
        // The library tells the reason by its sentence alone; a test holds it to that.
        Err(error) if error.to_string() == NO_SPACE => Err(too_long(keyword)),
        Err(_) => Ok(false),
    }
}

const NO_SPACE: &str = "Out of decompression space. Try with a larger limit.";

fn too_long(keyword: &str) -> ImageError {
    ImageError::Corrupt {
        format: Format::Png,
        detail: format!(
            "its text \"{keyword}\" expands to more than {MAX_TEXT} bytes; save it again without metadata"
        ),
    }
}

const XMP: &str = "XML:com.adobe.xmp";
const RAW_PROFILE: &str = "Raw profile type exif";

/// The bytes of a raw profile: hexadecimal digits after three lines (empty, name, length).
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.split('\n').skip(3).collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn error(error: DecodingError) -> ImageError {
    let detail = error.to_string();
    match error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated {
                format: Format::Png,
                detail: "it ends before the image does".to_owned(),
            }
        }
        _ => ImageError::Corrupt {
            format: Format::Png,
            detail,
        },
    }
}
