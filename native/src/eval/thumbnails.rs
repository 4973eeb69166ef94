//! The images of a report's answers, in small.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Context, Result};
use cliprobe::clip::image::Exif;
use cliprobe::evaluate::decode;
use cliprobe::probe::Image;
use cliprobe::world;

use crate::html::Thumbnail;
use cliprobe_files::image_files::ImagesOnDisk;

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
        match image {
            Image::Scene(scene) => Thumbnail::drawn(&world::draw(scene, Thumbnail::SIDE)?),
            Image::File { name, crop } => {
                let number = self.files.find(name).context("it is not there")?;
                let bytes = self.files.read(number)?;
                Thumbnail::of(&decode(&bytes, self.exif, *crop, self.unletterbox)?)
            }
        }
    }
}
