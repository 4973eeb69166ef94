//! WebP as libwebp's animation decoder, through Pillow, gives its first frame.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::orientation::Orientation;
use super::{Format, ImageError, RgbImage, check_size, zeroed};

/// A lossy macroblock of 256 pixels costs more than one and a half bits for its modes.
/// Lossless WebP has no bound: one colour costs nothing at any size.
const LOSSY_PIXELS_PER_BYTE: u64 = 2048;

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    let bytes = first_frame_unblended(bytes);
    let mut decoder = WebPDecoder::new(Cursor::new(&*bytes)).map_err(error)?;
    let (width, height) = decoder.dimensions();
    let bound = decoder.is_lossy().then_some(LOSSY_PIXELS_PER_BYTE);
    check_size(Format::WebP, &bytes, (width, height), bound)?;

    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut data = zeroed(width, height, channels)?;
    decoder.read_image(&mut data).map_err(error)?;
    if channels == 4 {
        drop_alpha(&mut data);
    }
    let image = RgbImage {
        width,
        height,
        data,
    };
    // A broken metadata chunk is no reason to refuse the picture.
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    Ok(match Orientation::read(exif.as_deref(), xmp.as_deref()) {
        Some(orientation) => orientation.apply(image),
        None => image,
    })
}

/// RGBA to RGB in place.
fn drop_alpha(data: &mut Vec<u8>) {
    let pixels = data.len() / 4;
    for pixel in 0..pixels {
        data.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
    }
    data.truncate(pixels * 3);
}

/// The file with its first animation frame marked to replace what is below: libwebp puts it
/// on the canvas as it is, while the decoder here would blend it with nothing and so darken
/// what is translucent.
fn first_frame_unblended(bytes: &[u8]) -> Cow<'_, [u8]> {
    const RIFF_HEADER: usize = 12;
    const CHUNK_HEADER: usize = 8;
    /// Place of the flags in an `ANMF` chunk, after position, size and duration.
    const FLAGS: usize = 15;
    const DO_NOT_BLEND: u8 = 0b10;
    let mut at = RIFF_HEADER;
    while let Some(&[a, b, c, d, s0, s1, s2, s3]) = bytes.get(at..at + CHUNK_HEADER) {
        if [a, b, c, d] == *b"ANMF" {
            let flags = at + CHUNK_HEADER + FLAGS;
            if bytes.len() <= flags {
                break;
            }
            let mut unblended = bytes.to_vec();
            unblended[flags] |= DO_NOT_BLEND;
            return Cow::Owned(unblended);
        }
        let length = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        match at
            .checked_add(CHUNK_HEADER + (length & 1))
            .and_then(|next| next.checked_add(length))
        {
            Some(next) if next < bytes.len() => at = next,
            _ => break,
        }
    }
    Cow::Borrowed(bytes)
}

fn error(error: DecodingError) -> ImageError {
    match &error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated {
                format: Format::WebP,
                detail: "it ends before the picture does".to_owned(),
            }
        }
        _ => ImageError::Corrupt {
            format: Format::WebP,
            detail: error.to_string(),
        },
    }
}
