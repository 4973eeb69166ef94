//! The colours of figures: shades of one hue, and neutrals for the details, in each style.

use tiny_skia::{Color, Paint};

use super::super::vocabulary::{Colour, Style};

/// What a part of a figure is painted with. A figure names tones, never colours, so that every
/// noun can have every colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The thing's colour, and its pattern.
    Base,
    /// A lighter shade of it.
    Light,
    /// A darker shade of it.
    Dark,
    /// The darkest shade of it, which sets a figure off from the ground.
    Outline,
    /// Near black: eyes, wheels, doors. Grey on a black thing, where it would not show.
    Ink,
    /// White: windows, sails. Grey on a white thing.
    Paper,
    /// Faces and hands.
    Skin,
}

/// The tones of one thing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    base: Rgb,
    light: Rgb,
    dark: Rgb,
    outline: Rgb,
    ink: Rgb,
    paper: Rgb,
    skin: Rgb,
    /// What a pattern breaks the base with.
    accent: Rgb,
}

pub(super) type Rgb = [u8; 3];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/// What orange is darkened with: with black it would be brown.
const RUST: Rgb = [104, 20, 0];

impl Palette {
    /// `shade`: how much lighter (positive) or darker, in per cent.
    pub(super) fn of(colour: Colour, shade: i32, style: Style) -> Self {
        let towards = if shade < 0 { BLACK } else { WHITE };
        let base = mix(hue(colour), towards, shade.abs());
        let palette = Self {
            base,
            light: match colour {
                Colour::Black => mix(base, WHITE, 28),
                Colour::White => mix(base, BLACK, 7),
                _ => mix(base, WHITE, 45),
            },
            dark: match colour {
                Colour::White => mix(base, BLACK, 26),
                Colour::Orange => mix(base, RUST, 45),
                Colour::Yellow => mix(base, BLACK, 28),
                _ => mix(base, BLACK, 42),
            },
            outline: match colour {
                Colour::Orange => mix(base, RUST, 66),
                _ => mix(base, BLACK, 58),
            },
            ink: match colour {
                Colour::Black => [150, 150, 156],
                _ => [32, 30, 36],
            },
            paper: match colour {
                Colour::White => [196, 203, 214],
                _ => [252, 252, 252],
            },
            skin: SKINS[shade.rem_euclid(SKINS.len() as i32) as usize],
            accent: accent(colour, base),
        };
        palette.in_style(style)
    }

    /// The same tones as this style shows them.
    pub(super) fn in_style(self, style: Style) -> Self {
        match style {
            Style::Everyday | Style::Flat => self,
            Style::Pastel => self.map(|tone| mix(tone, WHITE, 26)),
            Style::Night => {
                let dimmed = self.map(|tone| mix(tone, [14, 18, 52], 22));
                Self {
                    outline: [140, 150, 204],
                    ..dimmed
                }
            }
            Style::Sketch => Self {
                outline: [58, 56, 62],
                ..self
            },
        }
    }

    fn map(self, tone: impl Fn(Rgb) -> Rgb) -> Self {
        Self {
            base: tone(self.base),
            light: tone(self.light),
            dark: tone(self.dark),
            outline: tone(self.outline),
            ink: tone(self.ink),
            paper: tone(self.paper),
            skin: tone(self.skin),
            accent: tone(self.accent),
        }
    }

    pub(super) fn tone(&self, tone: Tone) -> Rgb {
        match tone {
            Tone::Base => self.base,
            Tone::Light => self.light,
            Tone::Dark => self.dark,
            Tone::Outline => self.outline,
            Tone::Ink => self.ink,
            Tone::Paper => self.paper,
            Tone::Skin => self.skin,
        }
    }

    pub(super) fn accent(&self) -> Rgb {
        self.accent
    }
}

const SKINS: [Rgb; 3] = [[246, 212, 182], [222, 174, 134], [164, 118, 88]];

/// Far apart in hue or lightness, so that no shade of one is taken for another.
const fn hue(colour: Colour) -> Rgb {
    match colour {
        Colour::Red => [218, 36, 42],
        Colour::Orange => [248, 130, 24],
        Colour::Yellow => [250, 215, 40],
        Colour::Green => [44, 158, 68],
        Colour::Blue => [40, 96, 216],
        Colour::Purple => [142, 62, 178],
        Colour::Pink => [255, 142, 190],
        Colour::Brown => [122, 76, 40],
        Colour::Black => [38, 38, 42],
        Colour::White => [248, 248, 248],
    }
}

/// A second shade that is plainly another, yet of no other colour's name.
fn accent(colour: Colour, base: Rgb) -> Rgb {
    match colour {
        Colour::Red => mix(base, BLACK, 52),
        Colour::Yellow => mix(base, [120, 84, 0], 52),
        Colour::Pink => mix(base, [150, 20, 90], 55),
        Colour::White => mix(base, BLACK, 34),
        Colour::Black => mix(base, WHITE, 46),
        _ => mix(base, WHITE, 62),
    }
}

pub(super) fn paint(rgb: Rgb) -> Paint<'static> {
    let mut paint = Paint {
        anti_alias: false, // see `average`
        ..Paint::default()
    };
    paint.set_color(opaque(rgb));
    paint
}

pub(super) fn opaque([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

/// `percent` of the way from one colour to the other.
pub(super) fn mix(from: Rgb, to: Rgb, percent: i32) -> Rgb {
    std::array::from_fn(|channel| {
        let (from, to) = (i32::from(from[channel]), i32::from(to[channel]));
        (from + (to - from) * percent.clamp(0, 100) / 100) as u8
    })
}

/// Marks of speed: seen on every ground of the style.
pub(super) fn speed(style: Style) -> Rgb {
    match style {
        Style::Night => [188, 196, 220],
        _ => [84, 88, 98],
    }
}
