//! Fruit and snacks.

use super::pen::{
    Part,
    Pen::{Body, Fill, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

/// A notched round body, a stem and a leaf.
pub(super) const APPLE: &[Part] = &[
    (Ink, Line(11.0), "M0-44Q0-74 14-90"),
    (Dark, Body, "M10-58C18-88 52-94 70-88C62-60 36-52 10-58Z"),
    (
        Base,
        Body,
        "M0-42C-24-62-88-58-88 4C-88 58-50 95-22 91Q0 83 22 91C50 95 88 58 88 4C88-58 24-62 0-42Z",
    ),
    (Light, Line(12.0), "M-62 6Q-60-24-38-34"),
];

/// A crescent, ends dark.
pub(super) const BANANA: &[Part] = &[
    (
        Base,
        Body,
        "M-82-58L-62-68C-56-8-4 34 74 14L92 36C44 96-90 84-82-58Z",
    ),
    (Dark, Line(7.0), "M-70-50C-66 20-14 58 68 30"),
    (
        Ink,
        Fill,
        "M-88-58L-84-80L-68-84L-58-66ZM70 13L88 12L98 30L90 42Z",
    ),
];

/// Narrow above, wide below.
pub(super) const PEAR: &[Part] = &[
    (Ink, Line(11.0), "M0-56Q0-80 12-92"),
    (Dark, Body, "M8-64C18-90 48-92 62-84C52-60 30-54 8-64Z"),
    (
        Base,
        Body,
        "M0-64C26-64 30-38 36-14C42 8 72 20 72 50C72 78 42 91 0 91C-42 91-72 78-72 50C-72 20-42 8-36-14C-30-38-26-64 0-64Z",
    ),
    (Light, Line(11.0), "M-48 48Q-44 28-28 16"),
];

/// A hatched oval under a tuft of leaves.
pub(super) const PINEAPPLE: &[Part] = &[
    (
        Dark,
        Body,
        "M-22-16C-34-40-52-48-66-46C-58-60-42-62-30-58C-36-76-34-84-30-88C-18-82-10-74-8-66L0-92L8-66C10-74 18-82 30-88C34-84 36-76 30-58C42-62 58-60 66-46C52-48 34-40 22-16Z",
    ),
    (
        Base,
        Body,
        "M0-30C46-30 68-2 68 30C68 70 42 91 0 91C-42 91-68 70-68 30C-68-2-46-30 0-30Z",
    ),
    (
        Dark,
        Line(5.0),
        "M-26-8L56 60M-60 26L20 88M26-8L-56 60M60 26L-20 88",
    ),
];

/// A taper under a tuft of leaves.
pub(super) const CARROT: &[Part] = &[
    (
        Dark,
        Body,
        "M-6-40C-30-50-52-64-50-84C-38-88-26-76-20-64C-22-80-14-92 0-92C14-92 22-80 20-64C26-76 38-88 50-84C52-64 30-50 6-40Z",
    ),
    (
        Base,
        Body,
        "M-44-34C-30-54 30-54 44-34C52-10 24 60 0 92C-24 60-52-10-44-34Z",
    ),
    (Dark, Line(7.0), "M-44-14H-18M46-4H18M-34 20H-10M28 36H10"),
];

/// Two layers, icing and candles.
pub(super) const CAKE: &[Part] = &[
    (Ink, Line(8.0), "M-34-44V-66M0-44V-66M34-44V-66"),
    (
        Light,
        Body,
        "M-40-78Q-34-92-34-92Q-28-84-28-78Q-34-70-40-78ZM-6-78Q0-92 0-92Q6-84 6-78Q0-70-6-78ZM28-78Q34-92 34-92Q40-84 40-78Q34-70 28-78Z",
    ),
    (Paper, Body, "M-91 74H91Q91 84 80 84H-80Q-91 84-91 74Z"),
    (Base, Body, "M-76 18H76V74H-76Z"),
    (Base, Body, "M-54-40H54V20H-54Z"),
    (
        Paper,
        Body,
        "M-54-42H54V-18Q44-6 36-18Q26-2 16-18Q8-8-2-18Q-12-2-22-18Q-30-6-38-18Q-48-6-54-18Z",
    ),
    (Paper, Line(9.0), "M-70 36H70"),
];

/// A wedge with large holes, few enough not to pass for spots.
pub(super) const CHEESE: &[Part] = &[
    (
        Base,
        Body,
        "M-91 6L54-58Q88-40 91 6V66H34A20 20 0 0 0-6 66H-91Z",
    ),
    (Light, Fill, "M-88 4L54-54Q84-38 87 4Z"),
    (Dark, Line(6.0), "M-88 10H90"),
    (
        Dark,
        Fill,
        "M-64 38a19 16 0 1 1 38 0a19 16 0 1 1-38 0ZM42 38a21 17 0 1 1 42 0a21 17 0 1 1-42 0ZM16-24a17 9 0 1 1 34 0a17 9 0 1 1-34 0Z",
    ),
];
