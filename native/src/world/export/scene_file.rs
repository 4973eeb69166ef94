//! A scene as an image file.

use std::path::Path;

use anyhow::Result;
use cliprobe::world::{Scene, draw};

use crate::output::write_one_of_many;
use crate::world::encode_png;

/// A scene as a PNG file's bytes.
pub(in crate::world) fn png(scene: &Scene, size: u32) -> Result<Vec<u8>> {
    encode_png(&draw(scene, size)?)
}

/// Draws a scene into a file, unless that is there. An empty one is what a power cut leaves.
pub(in crate::world) fn draw_into(path: &Path, scene: &Scene, size: u32) -> Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    write_one_of_many(path, &png(scene, size)?)
}
