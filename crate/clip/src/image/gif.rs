//! The first frame of a GIF on its canvas, as Pillow's `GifImagePlugin` composes it.

#![deny(clippy::cast_possible_truncation)]

use std::borrow::Cow;
use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::memory::reserve;
use super::{Decoded, Format, ImageError, MAX_PIXELS, RgbImage, check_size, pixels, zeroed};

/// A 12-bit LZW code stands for at most 4096 pixels.
const PIXELS_PER_BYTE: u64 = 4096;

/// Header and logical screen descriptor.
const SCREEN_LENGTH: usize = 13;
const PALETTE_FLAG: u8 = 0x80;

/// What decoding holds at once, for each pixel of the canvas: an index and a colour.
const BYTES_PER_PIXEL: u64 = 4;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let bytes = with_global_palette(bytes);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(
        NonZeroU64::new(MAX_PIXELS).expect("the limit is not zero"),
    ));
    let mut decoder = options.read_info(&*bytes).map_err(error)?;
    let screen = (u32::from(decoder.width()), u32::from(decoder.height()));
    let frame = decoder
        .next_frame_info()
        .map_err(error)?
        .ok_or_else(|| ImageError::Corrupt {
            format: Format::Gif,
            detail: "it has no frame".to_owned(),
        })?;
    let (left, top) = (u32::from(frame.left), u32::from(frame.top));
    let size = (u32::from(frame.width), u32::from(frame.height));
    let transparent = frame.transparent;
    let local = frame
        .palette
        .as_deref()
        .and_then(coloured)
        .map(<[u8]>::to_vec);
    // A frame that sticks out enlarges the canvas.
    let canvas = (screen.0.max(left + size.0), screen.1.max(top + size.1));
    check_size(Format::Gif, &bytes, size, Some(PIXELS_PER_BYTE))?;
    check_size(Format::Gif, &bytes, canvas, Some(PIXELS_PER_BYTE))?;
    let memory = reserve(canvas, pixels(canvas) * BYTES_PER_PIXEL)?;

    let mut indices = zeroed(size.0, size.1, 1)?;
    decoder.read_into_buffer(&mut indices).map_err(error)?;
    let palette = match &local {
        Some(local) => Some(local.as_slice()),
        None => decoder.global_palette().and_then(coloured),
    };

    // Around the frame is the transparent colour or, without one, the first.
    let ground = colour(palette, transparent.unwrap_or(0));
    let mut data = zeroed(canvas.0, canvas.1, 3)?;
    for pixel in data.chunks_exact_mut(3) {
        pixel.copy_from_slice(&ground);
    }
    for (y, row) in indices.chunks_exact(size.0 as usize).enumerate() {
        let at = ((top as usize + y) * canvas.0 as usize + left as usize) * 3;
        let out = &mut data[at..at + row.len() * 3];
        for (pixel, &index) in out.chunks_exact_mut(3).zip(row) {
            pixel.copy_from_slice(&colour(palette, index));
        }
    }
    let mut image = RgbImage {
        width: canvas.0,
        height: canvas.1,
        data,
    };
    if let Some(index) = transparent {
        image.whiten(colour(palette, index));
    }
    Ok(Decoded {
        image,
        orientation: None,
        _memory: memory,
    })
}

/// The colour of an index: black beyond the palette, grey without one.
fn colour(palette: Option<&[u8]>, index: u8) -> [u8; 3] {
    let Some(palette) = palette else {
        return [index; 3];
    };
    let at = usize::from(index) * 3;
    match palette.get(at..at + 3) {
        Some(&[red, green, blue]) => [red, green, blue],
        _ => [0; 3],
    }
}

/// `None` for a palette that says nothing because entry `i` is the grey `i`: Pillow takes
/// such a palette for none at all.
fn coloured(palette: &[u8]) -> Option<&[u8]> {
    let is_ramp = (palette.chunks_exact(3).enumerate())
        .all(|(index, entry)| entry.iter().all(|&sample| usize::from(sample) == index));
    (!is_ramp).then_some(palette)
}

/// The file with a grey ramp for a global palette if it has none, since the decoder refuses
/// a frame without any palette and Pillow reads it as grey.
fn with_global_palette(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes.get(10) {
        Some(flags) if flags & PALETTE_FLAG == 0 && bytes.len() >= SCREEN_LENGTH => {
            let mut with = bytes[..SCREEN_LENGTH].to_vec();
            with[10] = flags | PALETTE_FLAG | 7;
            with.extend((0..=255).flat_map(|grey| [grey; 3]));
            with.extend_from_slice(&bytes[SCREEN_LENGTH..]);
            Cow::Owned(with)
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn error(error: DecodingError) -> ImageError {
    let detail = error.to_string();
    let truncated = match &error {
        DecodingError::UnexpectedEof => true,
        DecodingError::Io(io) => io.kind() == std::io::ErrorKind::UnexpectedEof,
        _ => false,
    };
    if truncated {
        ImageError::Truncated {
            format: Format::Gif,
            detail: "it ends before its first frame does".to_owned(),
        }
    } else {
        ImageError::Corrupt {
            format: Format::Gif,
            detail,
        }
    }
}
