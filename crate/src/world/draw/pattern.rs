//! Stripes, spots and checks: a small tile, repeated over a figure's base.

use tiny_skia::{
    BlendMode, FilterQuality, Paint, Pattern as Tiled, Pixmap, PixmapRef, PremultipliedColorU8,
    SpreadMode, Transform,
};

use super::super::vocabulary::Pattern;
use super::palette::{Palette, Tone};

/// Texels in a tile's side: fine enough for the largest picture.
const TILE: u32 = 48;

/// A pattern in a thing's colours.
pub(super) struct Fabric {
    tile: Pixmap,
    placed: Transform,
}

impl Fabric {
    /// `None` for plain.
    pub(super) fn of(pattern: Pattern, palette: &Palette) -> Option<Self> {
        // The side of a tile and its slant, in figure units and degrees: at 96 pixels, a small
        // thing's stripes are still two pixels wide.
        let (side, slant) = match pattern {
            Pattern::Plain => return None,
            Pattern::Striped => (44.0, 35.0),
            Pattern::Spotted => (62.0, 0.0),
            Pattern::Checkered => (56.0, 0.0),
        };
        let opaque =
            |[red, green, blue]: [u8; 3]| PremultipliedColorU8::from_rgba(red, green, blue, 255);
        let base = opaque(palette.tone(Tone::Base))?;
        let accent = opaque(palette.accent())?;
        let mut tile = Pixmap::new(TILE, TILE)?;
        for (index, texel) in (0..TILE * TILE).zip(tile.pixels_mut()) {
            let is_accent = is_accent(pattern, index % TILE, index / TILE);
            *texel = if is_accent { accent } else { base };
        }
        Some(Self {
            tile,
            placed: Transform::from_scale(side / TILE as f32, side / TILE as f32)
                .post_rotate(slant),
        })
    }

    pub(super) fn paint(&self) -> Paint<'_> {
        let tile: PixmapRef<'_> = self.tile.as_ref();
        Paint {
            shader: Tiled::new(
                tile,
                SpreadMode::Repeat,
                FilterQuality::Nearest,
                1.0,
                self.placed,
            ),
            blend_mode: BlendMode::Source, // the tile is opaque: nothing to blend
            anti_alias: false,             // see `average`
            ..Paint::default()
        }
    }
}

/// Whether a texel of the tile has the second shade.
fn is_accent(pattern: Pattern, x: u32, y: u32) -> bool {
    match pattern {
        Pattern::Plain => false,
        Pattern::Striped => x < TILE * 9 / 20,
        Pattern::Spotted => {
            // Two spots a tile, so that they stand in diagonal rows.
            let near = |centre: u32| {
                let (x, y) = (x.abs_diff(centre), y.abs_diff(centre));
                x * x + y * y < (TILE * TILE) / 19
            };
            near(TILE / 4) || near(TILE * 3 / 4)
        }
        Pattern::Checkered => (x < TILE / 2) == (y < TILE / 2),
    }
}
