//! Drawing scenes as anti-aliased vectors.
//!
//! Every pixel is the mean of 3 × 3 samples. The rasteriser's own anti-aliasing blends each
//! edge pixel by itself, which takes four times as long at the sizes that are trained on.

mod figures;
mod ground;
mod palette;
mod pattern;
#[cfg(test)]
mod tests;

use tiny_skia::{FillRule, Paint, Path, Pixmap, PixmapMut, Transform};

use self::figures::{FIGURE_REACH, Layer, figure, speed_marks};
use self::palette::{Palette, Tone, paint};
use self::pattern::Fabric;
use super::scene::{Hold, SIDE, Scene, Thing};
use super::vocabulary::Style;

/// The largest image that is drawn, in pixels a side.
pub const MAX_IMAGE_SIDE: u32 = 1024;

/// Samples a pixel in each direction.
const SAMPLES: u32 = 3;

/// Pixels: rows from the top, three bytes R, G, B a pixel, sRGB, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 · width · height` bytes.
    pub data: Vec<u8>,
}

/// Why nothing was drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// No pixels, or too many.
    #[error("an image is 1 to {MAX_IMAGE_SIDE} pixels a side, not {side}")]
    Side {
        /// What was asked for.
        side: u32,
    },
}

/// Draws the scene as a square image, `side` pixels wide.
///
/// The same scene gives the same image; on another platform a pixel may differ by a rounding,
/// never by what it shows.
pub fn draw(scene: &Scene, side: u32) -> Result<Image, DrawError> {
    let mut pixmap = (side <= MAX_IMAGE_SIDE)
        .then(|| Pixmap::new(side * SAMPLES, side * SAMPLES))
        .flatten()
        .ok_or(DrawError::Side { side })?;
    let mut canvas = pixmap.as_mut();
    ground::cover(&mut canvas, scene);
    let mut painter = Painter {
        scene,
        scale: (side * SAMPLES) as f32 / SIDE as f32,
        canvas,
    };
    for (index, thing) in scene.things.iter().enumerate() {
        if thing.host.is_none() {
            painter.thing(index, thing);
        }
    }
    Ok(Image {
        width: side,
        height: side,
        data: average(pixmap.data(), side as usize),
    })
}

/// Anti-aliasing: the mean of the samples of each pixel, without their alpha. The ground is
/// opaque, so premultiplied and straight colours are the same bytes.
fn average(samples: &[u8], side: usize) -> Vec<u8> {
    const N: usize = SAMPLES as usize;
    let mut data = vec![0; 3 * side * side];
    let mut sums = vec![0u16; 4 * N * side];
    let row_length = sums.len();
    for (pixels, rows) in data
        .chunks_exact_mut(3 * side)
        .zip(samples.chunks_exact(N * row_length))
    {
        sums.fill(0);
        for row in rows.chunks_exact(row_length) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum += u16::from(sample);
            }
        }
        let sums = sums.as_chunks::<{ 4 * N }>().0;
        for (pixel, sums) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(sums) {
            const COUNT: u16 = (N * N) as u16;
            *pixel = std::array::from_fn(|channel| {
                let sum: u16 = (0..N).map(|column| sums[4 * column + channel]).sum();
                ((sum + COUNT / 2) / COUNT) as u8
            });
        }
    }
    data
}

struct Painter<'s, 'p> {
    scene: &'s Scene,
    /// Samples in a thousandth of the image's side.
    scale: f32,
    canvas: PixmapMut<'p>,
}

impl Painter<'_, '_> {
    /// A thing with all that it holds. What stands on it is in front of it; what it has in its
    /// hand, on its back or inside is between its back and its front.
    fn thing(&mut self, index: usize, thing: &Thing) {
        let reach = thing.radius as f32 / FIGURE_REACH;
        let flip = if thing.mirrored { -reach } else { reach };
        let placed = Transform::from_scale(flip, reach)
            .post_rotate(thing.turn as f32)
            .post_translate(thing.x as f32, thing.y as f32)
            .post_scale(self.scale, self.scale);
        let palette = Palette::of(thing.colour, thing.shade, self.scene.style);
        let fabric = Fabric::of(thing.pattern, self.scene.style, &palette);
        let figure = figure(thing.noun);
        if thing.moving {
            let marks = paint(palette::speed(self.scene.style));
            self.fill(speed_marks(thing.noun), &marks, placed);
        }
        self.layers(&figure.back, &palette, fabric.as_ref(), placed);
        self.guests(index, |hold| hold != Hold::On);
        self.layers(&figure.front, &palette, fabric.as_ref(), placed);
        self.guests(index, |hold| hold == Hold::On);
    }

    /// The things that the `host`-th thing holds in this way. Things that hold each other in a
    /// ring are not drawn, for none of them is on the ground: reading a scene refuses them.
    fn guests(&mut self, host: usize, held: impl Fn(Hold) -> bool) {
        for (index, thing) in self.scene.things.iter().enumerate() {
            if thing
                .host
                .is_some_and(|by| by.thing == host && held(by.hold))
            {
                self.thing(index, thing);
            }
        }
    }

    fn layers(
        &mut self,
        layers: &[Layer],
        palette: &Palette,
        fabric: Option<&Fabric>,
        placed: Transform,
    ) {
        for layer in layers {
            match (layer.tone, fabric) {
                (Tone::Outline, _) => self.outline(&layer.path, palette, placed),
                (Tone::Base, Some(fabric)) => self.fill(&layer.path, &fabric.paint(), placed),
                (tone, _) => self.fill(&layer.path, &paint(palette.tone(tone)), placed),
            }
        }
    }

    fn outline(&mut self, path: &Path, palette: &Palette, placed: Transform) {
        let paint = paint(palette.tone(Tone::Outline));
        match self.scene.style {
            Style::Flat => {}
            // A hasty hand draws every line twice.
            Style::Sketch => {
                self.fill(path, &paint, placed);
                self.fill(path, &paint, placed.pre_concat(Transform::from_rotate(3.5)));
            }
            Style::Everyday | Style::Pastel | Style::Night => self.fill(path, &paint, placed),
        }
    }

    fn fill(&mut self, path: &Path, paint: &Paint<'_>, placed: Transform) {
        self.canvas
            .fill_path(path, paint, FillRule::Winding, placed, None);
    }
}
