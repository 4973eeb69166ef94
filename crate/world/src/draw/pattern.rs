//! Stripes, spots, checks and the hatching of sketches: a small tile, repeated over a figure's
//! base.

use tiny_skia::{
    BlendMode, ColorU8, FilterQuality, Paint, Pattern as Tiled, Pixmap, SpreadMode, Transform,
};

use super::super::vocabulary::{Pattern, Style};
use super::palette::{Palette, Rgb, Tone};

/// Texels in a tile's side: fine enough for the largest image.
const TILE: u32 = 48;

/// What a figure's base is filled with where that is not one colour.
pub(super) struct Fabric {
    tile: Pixmap,
    placed: Transform,
}

impl Fabric {
    /// `None` where the base is one colour.
    pub(super) fn of(pattern: Pattern, style: Style, palette: &Palette) -> Option<Self> {
        let weave = Weave::of(pattern, style)?;
        let base = opaque(palette.tone(Tone::Base));
        let other = opaque(match weave {
            Weave::Hatched => palette.tone(Tone::Light),
            Weave::Striped | Weave::Spotted | Weave::Checkered => palette.accent(),
        });
        let (side, slant) = weave.size();
        let mut tile = Pixmap::new(TILE, TILE)?;
        for (index, texel) in (0..TILE * TILE).zip(tile.pixels_mut()) {
            let is_other = weave.is_other(index % TILE, index / TILE);
            *texel = if is_other { other } else { base }.premultiply();
        }
        let scale = side / TILE as f32;
        Some(Self {
            tile,
            placed: Transform::from_scale(scale, scale).post_rotate(slant),
        })
    }

    pub(super) fn paint(&self) -> Paint<'_> {
        Paint {
            shader: Tiled::new(
                self.tile.as_ref(),
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

/// How two colours share a tile.
#[derive(Clone, Copy)]
enum Weave {
    Striped,
    Spotted,
    Checkered,
    Hatched,
}

impl Weave {
    const fn of(pattern: Pattern, style: Style) -> Option<Self> {
        match (pattern, style) {
            (Pattern::Striped, _) => Some(Self::Striped),
            (Pattern::Spotted, _) => Some(Self::Spotted),
            (Pattern::Checkered, _) => Some(Self::Checkered),
            (Pattern::Plain, Style::Sketch) => Some(Self::Hatched),
            (Pattern::Plain, _) => None,
        }
    }

    /// The side of a tile in figure units, and its slant in degrees. At 96 pixels a small
    /// thing's stripes are still two pixels wide.
    const fn size(self) -> (f32, f32) {
        match self {
            Self::Striped => (44.0, 35.0),
            Self::Spotted => (62.0, 0.0),
            Self::Checkered => (56.0, 0.0),
            Self::Hatched => (13.0, -40.0),
        }
    }

    /// Whether a texel of the tile has the second colour.
    const fn is_other(self, x: u32, y: u32) -> bool {
        match self {
            Self::Striped => x < TILE * 9 / 20,
            // Two spots a tile, so that they stand in diagonal rows.
            Self::Spotted => is_spot(x, y, TILE / 4) || is_spot(x, y, TILE * 3 / 4),
            Self::Checkered => (x < TILE / 2) == (y < TILE / 2),
            Self::Hatched => x < TILE / 3,
        }
    }
}

/// Whether a texel is of the spot around (centre, centre).
const fn is_spot(x: u32, y: u32, centre: u32) -> bool {
    let (x, y) = (x.abs_diff(centre), y.abs_diff(centre));
    x * x + y * y < TILE * TILE / 19
}

fn opaque([red, green, blue]: Rgb) -> ColorU8 {
    ColorU8::from_rgba(red, green, blue, 255)
}
