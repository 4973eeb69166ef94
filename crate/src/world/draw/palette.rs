//! The colours of figures: shades of one hue, and neutrals for the details.

use tiny_skia::{Color, Paint};

use super::super::vocabulary::Colour;

/// What a part of a figure is painted with. A figure names tones, never colours, so that every
/// noun can have every colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// The thing's colour.
    Base,
    /// A lighter shade of it.
    Light,
    /// A darker shade of it.
    Dark,
    /// The darkest shade of it, which sets a figure off from the ground.
    Outline,
    /// Near black: eyes, wheels, doors. Grey on a black thing, where it would not show.
    Ink,
    /// White: windows, sails.
    Paper,
}

/// The tones of one thing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    base: Rgb,
    light: Rgb,
    dark: Rgb,
    outline: Rgb,
    ink: Rgb,
}

pub(super) type Rgb = [u8; 3];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

impl Palette {
    /// `shade`: how much lighter (positive) or darker, in per cent.
    pub(super) fn of(colour: Colour, shade: i32) -> Self {
        let pure = hue(colour);
        let towards = if shade < 0 { BLACK } else { WHITE };
        let base = mix(pure, towards, shade.abs());
        let (light, ink) = match colour {
            Colour::Black => (mix(base, WHITE, 28), [150, 150, 156]),
            _ => (mix(base, WHITE, 40), [32, 30, 36]),
        };
        Self {
            base,
            light,
            dark: mix(base, BLACK, 42),
            outline: mix(base, BLACK, 55),
            ink,
        }
    }

    pub(super) fn paint(&self, tone: Tone) -> Paint<'static> {
        paint(match tone {
            Tone::Base => self.base,
            Tone::Light => self.light,
            Tone::Dark => self.dark,
            Tone::Outline => self.outline,
            Tone::Ink => self.ink,
            Tone::Paper => [252, 252, 252],
        })
    }
}

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
        Colour::White => [250, 250, 250],
    }
}

pub(super) fn paint(rgb: Rgb) -> Paint<'static> {
    let mut paint = Paint {
        anti_alias: false, // see `average`
        ..Paint::default()
    };
    let [red, green, blue] = rgb;
    paint.set_color(Color::from_rgba8(red, green, blue, 255));
    paint
}

/// `percent` of the way from one colour to the other.
pub(super) fn mix(from: Rgb, to: Rgb, percent: i32) -> Rgb {
    std::array::from_fn(|channel| {
        let (from, to) = (i32::from(from[channel]), i32::from(to[channel]));
        (from + (to - from) * percent.clamp(0, 100) / 100) as u8
    })
}
