//! Which way up: the EXIF orientation tag, as `PIL.ImageOps.exif_transpose` reads and applies it.

use super::RgbImage;

/// Values 2 to 8 of the EXIF tag 0x0112, named by what they ask to be done to the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orientation {
    FlipHorizontal,
    Rotate180,
    FlipVertical,
    Transpose,
    RotateClockwise,
    Transverse,
    RotateCounterClockwise,
}

const TAG: u16 = 0x0112;

impl Orientation {
    /// `None` for 1 (upright) and for values that mean nothing.
    fn from_value(value: u32) -> Option<Self> {
        Some(match value {
            2 => Self::FlipHorizontal,
            3 => Self::Rotate180,
            4 => Self::FlipVertical,
            5 => Self::Transpose,
            6 => Self::RotateClockwise,
            7 => Self::Transverse,
            8 => Self::RotateCounterClockwise,
            _ => return None,
        })
    }

    /// The orientation that EXIF gives or, if EXIF says nothing about it, XMP.
    pub(super) fn read(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Option<Self> {
        let value = exif
            .and_then(exif_value)
            .or_else(|| xmp.and_then(xmp_value))?;
        Self::from_value(value)
    }

    /// The image as it wants to be seen.
    pub(super) fn apply(self, image: RgbImage) -> RgbImage {
        let (width, height) = (image.width as usize, image.height as usize);
        let swapped = matches!(
            self,
            Self::Transpose
                | Self::RotateClockwise
                | Self::Transverse
                | Self::RotateCounterClockwise
        );
        let (out_width, out_height) = if swapped {
            (height, width)
        } else {
            (width, height)
        };
        let mut data = Vec::with_capacity(image.data.len());
        for y in 0..out_height {
            for x in 0..out_width {
                let (from_x, from_y) = match self {
                    Self::FlipHorizontal => (width - 1 - x, y),
                    Self::Rotate180 => (width - 1 - x, height - 1 - y),
                    Self::FlipVertical => (x, height - 1 - y),
                    Self::Transpose => (y, x),
                    Self::RotateClockwise => (y, height - 1 - x),
                    Self::Transverse => (width - 1 - y, height - 1 - x),
                    Self::RotateCounterClockwise => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * 3;
                data.extend_from_slice(&image.data[at..at + 3]);
            }
        }
        RgbImage {
            width: out_width as u32,
            height: out_height as u32,
            data,
        }
    }
}

/// The tag's value in the first directory of a TIFF structure, with or without the
/// `Exif\0\0` that JPEG puts before it.
fn exif_value(exif: &[u8]) -> Option<u32> {
    let mut tiff = exif;
    for _ in 0..2 {
        tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    }
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| -> Option<u16> {
        let pair: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let four: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little {
            u32::from_le_bytes(four)
        } else {
            u32::from_be_bytes(four)
        })
    };
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    let directory = u32_at(4)? as usize;
    let entries = usize::from(u16_at(directory)?);
    (0..entries)
        .map_while(|index| directory.checked_add(2 + 12 * index))
        .find(|&entry| u16_at(entry) == Some(TAG))
        .and_then(|entry| {
            if u32_at(entry + 4)? != 1 {
                return None;
            }
            match u16_at(entry + 2)? {
                SHORT => u16_at(entry + 8).map(u32::from),
                LONG => u32_at(entry + 8),
                _ => None,
            }
        })
}

/// The digit of `tiff:Orientation="6"` or `<tiff:Orientation>6</tiff:Orientation>`.
fn xmp_value(xmp: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"tiff:Orientation";
    xmp.windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME)
        .find_map(|(at, _)| {
            let rest = &xmp[at + NAME.len()..];
            let rest = rest
                .strip_prefix(b"=\"")
                .or_else(|| rest.strip_prefix(b">"))?;
            char::from(*rest.first()?).to_digit(10)
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A TIFF structure that holds the tag alone.
    fn exif(kind: u16, value: u32) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
        bytes.extend(TAG.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn reads_short_and_long_and_falls_back_to_xmp() {
        let xmp = br#"<x tiff:Orientation="8"/>"#;
        let read = |exif: &[u8], xmp: &[u8]| Orientation::read(Some(exif), Some(xmp));
        assert_eq!(
            read(&exif(3, 6), xmp),
            Some(Orientation::RotateClockwise),
            "EXIF comes first"
        );
        assert_eq!(read(&exif(4, 3), b""), Some(Orientation::Rotate180));
        assert_eq!(read(&exif(3, 1), xmp), None, "upright is an answer");
        assert_eq!(
            read(b"junk", xmp),
            Some(Orientation::RotateCounterClockwise)
        );
        assert_eq!(
            read(b"", b"<tiff:Orientation>5</tiff:Orientation>"),
            Some(Orientation::Transpose)
        );
        assert_eq!(read(&exif(3, 9), b""), None);
    }

    #[test]
    fn a_truncated_or_wild_directory_says_nothing() {
        let whole = exif(3, 6);
        for length in 0..whole.len() - 6 {
            assert_eq!(exif_value(&whole[..length]), None, "{length} bytes");
        }
        let mut wild = whole.clone();
        wild[4..8].fill(0xff);
        assert_eq!(exif_value(&wild), None);
    }

    #[test]
    fn turning_clockwise_puts_the_first_row_at_the_right() {
        // 2 wide, 1 high: a b → a above b.
        let image = RgbImage::from_samples(2, 1, vec![1, 1, 1, 2, 2, 2]).unwrap();
        let turned = Orientation::RotateClockwise.apply(image);
        assert_eq!((turned.width(), turned.height()), (1, 2));
        assert_eq!(turned.data(), [1, 1, 1, 2, 2, 2]);
        let image = RgbImage::from_samples(1, 2, vec![1, 1, 1, 2, 2, 2]).unwrap();
        let turned = Orientation::RotateClockwise.apply(image);
        assert_eq!(turned.data(), [2, 2, 2, 1, 1, 1]);
    }
}
