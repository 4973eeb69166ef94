//! Scenes of the synthetic world as pictures.

use anyhow::Result;
use cliprobe::clip::image::RgbImage;
use cliprobe::world::{self, Scene};

/// Draws a scene at the side that the model looks at, so that nothing is resized.
pub(super) fn draw(scene: &Scene, side: usize) -> Result<RgbImage> {
    let picture = world::draw(scene, side as u32)?;
    Ok(RgbImage::from_samples(
        picture.width,
        picture.height,
        picture.data,
    )?)
}
