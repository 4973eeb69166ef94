//! Small images inside a report.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cliprobe::clip::image::{self, Exif, RgbImage};
use cliprobe::clip::preprocessing::{Preprocessing, Resize};
use cliprobe::evaluate::decode;
use cliprobe::probe::Image;
use cliprobe::world;

use crate::world::encode_png;
use cliprobe_files::image_files::ImagesOnDisk;

/// The longer side of a thumbnail.
const SIDE: u32 = 128;

/// An image that stands in the page itself.
#[derive(Clone)]
pub(super) struct Thumbnail {
    /// The address of the contents: `data:image/png;base64,…`.
    pub(super) address: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Draws the thumbnails of a report, each once.
pub(super) struct Thumbnails<'a> {
    files: &'a ImagesOnDisk,
    exif: Exif,
    unletterbox: bool,
    drawn: RefCell<HashMap<String, Option<Thumbnail>>>,
}

impl<'a> Thumbnails<'a> {
    /// Thumbnails of images, as they are before the preprocessing of the model.
    pub(super) fn new(files: &'a ImagesOnDisk, exif: Exif, unletterbox: bool) -> Self {
        Self {
            files,
            exif,
            unletterbox,
            drawn: RefCell::default(),
        }
    }

    /// The thumbnail of an image; none where it is not at hand, as with embeddings from a file.
    pub(super) fn of(&self, image: &Image) -> Option<Thumbnail> {
        // A scene's label is its seed, which an edited scene keeps.
        let key = serde_json::to_string(image).ok()?;
        let mut drawn = self.drawn.borrow_mut();
        let thumbnail = drawn.entry(key).or_insert_with(|| self.draw(image).ok());
        thumbnail.clone()
    }

    fn draw(&self, image: &Image) -> Result<Thumbnail> {
        let drawn = match image {
            Image::Scene(scene) => world::draw(scene, SIDE)?,
            Image::File { name, crop } => {
                let number = self.files.find(name).context("it is not there")?;
                let bytes = self.files.read(number)?;
                small(&decode(&bytes, self.exif, *crop, self.unletterbox)?)?
            }
        };
        Ok(Thumbnail {
            address: format!(
                "data:image/png;base64,{}",
                STANDARD.encode(encode_png(&drawn)?)
            ),
            width: drawn.width,
            height: drawn.height,
        })
    }
}

/// Scales an image down, with the filter that CLIP's own preprocessing has; never up.
fn small(image: &RgbImage) -> Result<world::Image, image::ImageError> {
    let longer = image.width().max(image.height());
    let scaled = |side: u32| {
        if longer <= SIDE {
            return side;
        }
        // Within the thumbnail's side, which fits.
        (u64::from(side) * u64::from(SIDE) / u64::from(longer)).max(1) as u32
    };
    let preprocessing = Preprocessing {
        resize: Resize::Exact {
            height: scaled(image.height()),
            width: scaled(image.width()),
        },
        crop: None,
        ..Preprocessing::clip_default(SIDE)
    };
    let planes = preprocessing.apply(image)?;
    let plane = planes.data.len() / 3;
    let data = (0..plane)
        .flat_map(|pixel| [0, 1, 2].map(|channel| planes.data[channel * plane + pixel]))
        .collect();
    Ok(world::Image {
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
