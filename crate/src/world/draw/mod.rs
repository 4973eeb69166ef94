//! Drawing scenes as anti-aliased vectors.

mod figures;
mod ground;
mod palette;

use tiny_skia::{FillRule, LineCap, LineJoin, Paint, Path, Pixmap, PixmapMut, Stroke, Transform};

use self::figures::{Part, Pen, figure};
use self::palette::Palette;
use super::scene::{SIDE, Scene, Thing};

/// The largest picture that is drawn, in pixels a side.
pub const MAX_PICTURE_SIDE: u32 = 4096;

/// A figure's coordinates run over ± this.
const FIGURE_REACH: f32 = 100.0;

/// Width of the outline around a figure's body, of which the outer half shows.
const OUTLINE: f32 = 14.0;

/// Pixels: rows from the top, three bytes R, G, B a pixel, sRGB, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
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
    #[error("a picture is 1 to {MAX_PICTURE_SIDE} pixels a side, not {side}")]
    Side {
        /// What was asked for.
        side: u32,
    },
}

/// Draws the scene as a square picture, `side` pixels wide.
///
/// The same scene gives the same picture; on another platform a pixel may differ by a rounding,
/// never by what it shows.
pub fn draw(scene: &Scene, side: u32) -> Result<Picture, DrawError> {
    if side > MAX_PICTURE_SIDE {
        return Err(DrawError::Side { side });
    }
    let mut pixmap = Pixmap::new(side, side).ok_or(DrawError::Side { side })?;
    let mut canvas = pixmap.as_mut();
    ground::cover(&mut canvas, scene);
    for thing in &scene.things {
        draw_thing(&mut canvas, thing, side as f32 / SIDE as f32);
    }
    // The ground is opaque, so premultiplied and straight colours are the same bytes.
    let data = pixmap
        .data()
        .chunks_exact(4)
        .flat_map(|rgba| [rgba[0], rgba[1], rgba[2]])
        .collect();
    Ok(Picture {
        width: side,
        height: side,
        data,
    })
}

/// `scale`: pixels a thousandth of the picture's side.
fn draw_thing(canvas: &mut PixmapMut<'_>, thing: &Thing, scale: f32) {
    let reach = thing.radius as f32 / FIGURE_REACH;
    let flip = if thing.mirrored { -reach } else { reach };
    let placed = Transform::from_scale(flip, reach)
        .post_rotate(thing.turn as f32)
        .post_translate(thing.x as f32, thing.y as f32)
        .post_scale(scale, scale);
    let palette = Palette::of(thing.colour, thing.shade);
    for part in figure(thing.noun) {
        draw_part(canvas, part, &palette, placed);
    }
}

fn draw_part(canvas: &mut PixmapMut<'_>, part: &Part, palette: &Palette, placed: Transform) {
    let paint = palette.paint(part.tone);
    match part.pen {
        Pen::Body => {
            let outline = palette.outline();
            stroke(canvas, &part.path, &outline, OUTLINE, placed);
            canvas.fill_path(&part.path, &paint, FillRule::Winding, placed, None);
        }
        Pen::Fill => canvas.fill_path(&part.path, &paint, FillRule::Winding, placed, None),
        Pen::Line(width) => stroke(canvas, &part.path, &paint, width, placed),
        Pen::Limb(width) => {
            let outline = palette.outline();
            stroke(canvas, &part.path, &outline, width + OUTLINE, placed);
            stroke(canvas, &part.path, &paint, width, placed);
        }
    }
}

fn stroke(
    canvas: &mut PixmapMut<'_>,
    path: &Path,
    paint: &Paint<'_>,
    width: f32,
    placed: Transform,
) {
    let stroke = Stroke {
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    canvas.stroke_path(path, paint, &stroke, placed, None);
}
