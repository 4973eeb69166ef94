//! Small images inside a report.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cliprobe::clip::image::{self, RgbImage};
use cliprobe::clip::preprocessing::{Preprocessing, Resize};
use cliprobe::world::Image;

use crate::world::encode_png;

/// An image that stands in the page itself.
#[derive(Clone)]
pub(crate) struct Thumbnail {
    /// The address of the contents: `data:image/png;base64,…`.
    pub(crate) address: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Thumbnail {
    /// The longer side.
    pub(crate) const SIDE: u32 = 128;

    /// Scales an image down.
    pub(crate) fn of(image: &RgbImage) -> Result<Self> {
        Self::drawn(&small(image)?)
    }

    /// Takes an image that is small enough.
    pub(crate) fn drawn(image: &Image) -> Result<Self> {
        Ok(Self {
            address: format!(
                "data:image/png;base64,{}",
                STANDARD.encode(encode_png(image)?)
            ),
            width: image.width,
            height: image.height,
        })
    }
}

/// Scales an image down, with the filter that CLIP's own preprocessing has; never up.
fn small(image: &RgbImage) -> Result<Image, image::ImageError> {
    let longer = image.width().max(image.height());
    let scaled = |side: u32| {
        if longer <= Thumbnail::SIDE {
            return side;
        }
        // Within the thumbnail's side, which fits.
        (u64::from(side) * u64::from(Thumbnail::SIDE) / u64::from(longer)).max(1) as u32
    };
    let preprocessing = Preprocessing {
        resize: Resize::Exact {
            height: scaled(image.height()),
            width: scaled(image.width()),
        },
        crop: None,
        ..Preprocessing::clip_default(Thumbnail::SIDE)
    };
    let planes = preprocessing.apply(image)?;
    let plane = planes.data.len() / 3;
    let data = (0..plane)
        .flat_map(|pixel| [0, 1, 2].map(|channel| planes.data[channel * plane + pixel]))
        .collect();
    Ok(Image {
        width: planes.width,
        height: planes.height,
        data,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_keep_proportions_and_colours_and_never_grow() {
        let wide = RgbImage::from_samples(512, 4, [200, 10, 30].repeat(512 * 4)).unwrap();
        let drawn = small(&wide).unwrap();
        assert_eq!((drawn.width, drawn.height), (128, 1));
        assert_eq!(drawn.data, [200, 10, 30].repeat(128));
        let little = RgbImage::from_samples(2, 3, (0..18).collect()).unwrap();
        assert_eq!(small(&little).unwrap().data, (0..18).collect::<Vec<u8>>());
    }
}
