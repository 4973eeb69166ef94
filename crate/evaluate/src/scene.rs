//! Scenes of the generated world as images for an encoder.

use cliprobe_clip::image::RgbImage;
use cliprobe_world::{self as world, DrawError, Scene};

/// Draws a scene of the generated world as an image to preprocess, `side` pixels wide and high. At
/// the side that the model looks at nothing is resized.
///
/// # Errors
/// A side of zero or beyond [`world::MAX_IMAGE_SIDE`].
pub fn draw_scene(scene: &Scene, side: usize) -> Result<RgbImage, DrawError> {
    let world::Image {
        width,
        height,
        data,
    } = world::draw(scene, u32::try_from(side).unwrap_or(u32::MAX))?;
    Ok(RgbImage::from_samples(width, height, data).expect("a drawn image has all its samples"))
}
