//! Encoded images to the RGB that Pillow would give, and Pillow's resampling.
//!
//! The oracle is Pillow 13.0.0: `ImageOps.exif_transpose(Image.open(f)).convert("RGB")`,
//! followed by what HF's CLIP processor does to an image whose transparency is one colour:
//! it is composited on white. PNG, WebP and GIF are unpacked by libraries, whose samples
//! are exact; what is ours is all that they and Pillow do differently with them, and JPEG.

mod crop;
mod foreign;
mod gif;
mod jpeg;
mod memory;
mod orientation;
mod png;
mod resample;
mod webp;

use std::fmt;

use serde::{Deserialize, Serialize};

use foreign::Foreign;
use memory::WorkingSet;
use orientation::Orientation;

pub use resample::Resample;
pub(crate) use resample::{Window, resample};

/// Images with more pixels are refused before anything is decoded: twice Pillow's
/// `Image.MAX_IMAGE_PIXELS`, above which it raises `DecompressionBombError`.
pub const MAX_PIXELS: u64 = 178_956_970;

/// An image of 8-bit RGB samples, row by row from the top, `height × width × 3`.
///
/// Neither side is zero and `data` has exactly `height · width · 3` bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct RgbImage {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl RgbImage {
    /// Takes `height × width × 3` samples.
    ///
    /// # Errors
    /// [`ImageError::SampleCount`] if there are more or fewer, or none.
    pub fn from_samples(width: u32, height: u32, data: Vec<u8>) -> Result<Self, ImageError> {
        let expected = u64::from(width) * u64::from(height) * 3;
        if expected == 0 || data.len() as u64 != expected {
            return Err(ImageError::SampleCount {
                width,
                height,
                count: data.len(),
            });
        }
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// Columns, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// `height × width × 3` samples.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Makes every pixel of one colour white, which is what compositing on white does to a
    /// image whose transparency is that colour.
    fn whiten(&mut self, key: [u8; 3]) {
        for pixel in self.data.chunks_exact_mut(3) {
            if pixel == key {
                pixel.fill(255);
            }
        }
    }
}

impl fmt::Debug for RgbImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RgbImage({}×{})", self.width, self.height)
    }
}

/// A file format that [`decode`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG, and the default image of an APNG.
    Png,
    /// Baseline and progressive JPEG, Huffman-coded, 8 bits.
    Jpeg,
    /// Lossy and lossless WebP, and the first frame of an animation.
    WebP,
    /// The first frame of a GIF.
    Gif,
}

impl Format {
    /// The format that the first bytes announce.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
        })
    }
}

/// Why bytes are no image, or an image no input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// No bytes at all.
    #[error("the image file is empty (0 bytes)")]
    Empty,
    /// The first bytes belong to something else that people meet under an image's ending.
    #[error("the file is {what}; {advice}")]
    NotRead {
        /// What it is, with its article.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The first bytes belong to nothing that is known here.
    #[error("unknown image format (first bytes: {first_bytes}); PNG, JPEG, WebP and GIF are read")]
    UnknownFormat {
        /// Up to eight of them, in hexadecimal.
        first_bytes: String,
    },
    /// More than [`MAX_PIXELS`].
    #[error(
        "an image of {width}×{height} pixels is over the limit of {MAX_PIXELS} pixels; scale it down first"
    )]
    TooManyPixels {
        /// Columns that the header, or the scaling, asks for.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// The file stops early, or is too short for the size that its header claims.
    #[error("the {format} file is truncated: {detail}")]
    Truncated {
        /// What the file is.
        format: Format,
        /// What was being read.
        detail: String,
    },
    /// The file breaks the rules of its format.
    #[error("the {format} file is corrupt: {detail}")]
    Corrupt {
        /// What the file is.
        format: Format,
        /// Which rule.
        detail: String,
    },
    /// The file is right, but of a kind that is not read.
    #[error("this kind of {format} is not read: {detail}")]
    Unsupported {
        /// What the file is.
        format: Format,
        /// Which kind.
        detail: String,
    },
    /// There is no memory for the decoded image.
    #[error("no memory for an image of {width}×{height} pixels")]
    OutOfMemory {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// A part of an image without pixels, or with more than [`MAX_PIXELS`].
    #[error("a part of {width}×{height} pixels cannot be cut out of an image")]
    CropSize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Samples and size disagree.
    #[error("{count} samples are no RGB image of {width}×{height} pixels")]
    SampleCount {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Samples given.
        count: usize,
    },
}

/// What to do with an image's EXIF orientation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exif {
    /// Turn the image upright, as people see it.
    #[default]
    Apply,
    /// Take the pixels as they are stored, as OpenAI's code and open_clip do.
    Ignore,
}

/// Decodes a PNG, JPEG, WebP or GIF to upright RGB, as Pillow does (see the [module](self)).
///
/// An alpha channel is dropped; transparency given as one colour (PNG `tRNS` of grey and
/// RGB, a palette with one fully transparent and otherwise opaque entries, GIF) turns that
/// colour white; colour profiles and gamma are ignored; 16-bit grey above 255 is white.
/// The EXIF orientation (or, without one, XMP's) is applied.
///
/// # Errors
/// See [`ImageError`]. Size and plausibility are judged by the header, before decoding.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, ImageError> {
    decode_then(bytes, Exif::Apply, |image| image)
}

/// As [`decode`], but `exif` says whether to turn the image, and the image is handed to `then`.
///
/// Decoders on several threads share a budget of memory, which this call holds until `then`
/// returns. Resize there, and the memory of many threads stays bounded. `then` must decode no
/// other image: it would wait for its own memory.
///
/// # Errors
/// As [`decode`].
pub fn decode_then<T>(
    bytes: &[u8],
    exif: Exif,
    then: impl FnOnce(RgbImage) -> T,
) -> Result<T, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty);
    }
    let decoded = match Format::of(bytes) {
        Some(Format::Png) => png::decode(bytes),
        Some(Format::Jpeg) => jpeg::decode(bytes),
        Some(Format::WebP) => webp::decode(bytes),
        Some(Format::Gif) => gif::decode(bytes),
        None => return Err(unknown(bytes)),
    }?;
    Ok(then(match (exif, decoded.orientation) {
        (Exif::Apply, Some(orientation)) => orientation.apply(decoded.image),
        _ => decoded.image,
    }))
}

/// An image as it is stored, and how it wants to be turned.
struct Decoded {
    image: RgbImage,
    orientation: Option<Orientation>,
    /// Held as long as the image is in use.
    _memory: WorkingSet<'static>,
}

fn unknown(bytes: &[u8]) -> ImageError {
    match foreign::recognise(bytes) {
        Some(Foreign { what, advice }) => ImageError::NotRead { what, advice },
        None => ImageError::UnknownFormat {
            first_bytes: bytes
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .join(" "),
        },
    }
}

/// Refuses a size before anything is allocated for it.
///
/// `pixels_per_byte` is the most that the format's compression can reach, so that a short
/// file cannot ask for much memory; `None` where it has no bound.
fn check_size(
    format: Format,
    bytes: &[u8],
    (width, height): (u32, u32),
    pixels_per_byte: Option<u64>,
) -> Result<(), ImageError> {
    let pixels = pixels((width, height));
    if pixels == 0 {
        return Err(ImageError::Corrupt {
            format,
            detail: format!("its size is {width}×{height}"),
        });
    }
    if pixels > MAX_PIXELS {
        return Err(ImageError::TooManyPixels {
            width: width.into(),
            height: height.into(),
        });
    }
    let length = bytes.len() as u64;
    if pixels_per_byte.is_some_and(|most| pixels > most.saturating_mul(length)) {
        return Err(ImageError::Truncated {
            format,
            detail: format!("{length} bytes cannot hold {width}×{height} pixels"),
        });
    }
    Ok(())
}

/// Number of pixels of an image.
fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// `count` zero bytes for each of `width × height` pixels, or an error where the machine has
/// no such memory.
fn zeroed(width: u32, height: u32, count: usize) -> Result<Vec<u8>, ImageError> {
    let out_of_memory = || ImageError::OutOfMemory {
        width: width.into(),
        height: height.into(),
    };
    let length = (width as usize)
        .checked_mul(height as usize)
        .and_then(|pixels| pixels.checked_mul(count))
        .ok_or_else(out_of_memory)?;
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(length)
        .map_err(|_| out_of_memory())?;
    buffer.resize(length, 0);
    Ok(buffer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_one_sentence() {
        assert_eq!(
            decode(b"").unwrap_err().to_string(),
            "the image file is empty (0 bytes)"
        );
        assert_eq!(
            decode(b"\x01\x02m\x00").unwrap_err().to_string(),
            "unknown image format (first bytes: 01 02 6d 00); PNG, JPEG, WebP and GIF are read"
        );
        assert!(matches!(
            decode(b"\x89PNG\r\n\x1a\n"),
            Err(ImageError::Truncated {
                format: Format::Png,
                ..
            })
        ));
    }

    #[test]
    fn samples_must_fit_the_size() {
        assert!(RgbImage::from_samples(2, 1, vec![0; 6]).is_ok());
        assert!(RgbImage::from_samples(2, 1, vec![0; 5]).is_err());
        assert!(RgbImage::from_samples(0, 1, vec![]).is_err());
    }
}
