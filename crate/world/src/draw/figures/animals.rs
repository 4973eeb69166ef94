//! Animals, from the side, looking left.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

/// Sitting, head turned a little to us, tail up.
pub(super) const CAT: &[Part] = &[
    (Base, Limb(17.0), "M50 82C92 86 90 30 68 8"),
    (
        Base,
        Body,
        "M-36 91L-34 20C-30-20 0-24 22-10C56 14 72 56 64 91Z",
    ),
    (Dark, Line(7.0), "M-14 46V88M10 88Q4 58 34 52"),
    (
        Base,
        Body,
        "M-74-91L-48-74Q-30-80-10-74L14-91L24-44C24-8 0 8-28 8C-60 8-82-10-82-40Z",
    ),
    (Light, Fill, "M-66-76L-52-67L-69-54ZM7-77L-4-67L13-55Z"),
    (
        Ink,
        Fill,
        "M-66-40a9 12 0 1 1 18 0a9 12 0 1 1-18 0ZM-28-40a9 12 0 1 1 18 0a9 12 0 1 1-18 0Z",
    ),
    (Ink, Fill, "M-58-20H-40L-49-9Z"),
    (
        Ink,
        Line(5.0),
        "M-62-12L-96-20M-62-5L-94 4M-32-12L2-18M-32-5L0 4",
    ),
];

/// Standing, tail up, ear hanging.
pub(super) const DOG: &[Part] = &[
    (Base, Limb(14.0), "M70-2Q90-20 85-54"),
    (
        Base,
        Body,
        "M-40-22L60-18C78-16 84-6 84 12L82 92H58L52 42L-8 46L-12 92H-37L-42 26Z",
    ),
    (
        Base,
        Body,
        "M-16-74C-28-90-58-88-64-66L-88-54C-96-46-94-22-80-18L-54-12L-34 6L-8-10Z",
    ),
    (Dark, Fill, "M-30-82C0-88 12-50 2-18C-22-14-32-42-38-62Z"),
    (Ink, Fill, "M-62-52a8 8 0 1 1 16 0a8 8 0 1 1-16 0Z"),
    (Ink, Fill, "M-98-48a10 9 0 1 1 20 0a10 9 0 1 1-20 0Z"),
    (Paper, Line(9.0), "M-40-6L-14 6"),
];

/// Crouching, ears up, a white tail.
pub(super) const RABBIT: &[Part] = &[
    (Paper, Body, "M54 56a18 18 0 1 1 36 0a18 18 0 1 1-36 0Z"),
    (Base, Body, "M-18-36C-26-68-8-92 8-90C24-86 18-54-2-26Z"),
    (
        Base,
        Body,
        "M-40 92C-52 60-50 24-10 6C40-10 80 30 74 70Q72 92 50 92Z",
    ),
    (
        Base,
        Body,
        "M-36-36C-62-62-58-91-42-91C-26-91-18-66-18-38C4-26 8-2-10 14C-30 30-66 28-80 8C-88-14-66-34-36-36Z",
    ),
    (Light, Line(9.0), "M-42-76Q-42-60-32-46"),
    (Ink, Fill, "M-56-8a8 10 0 1 1 16 0a8 10 0 1 1-16 0Z"),
    (Ink, Fill, "M-86-2a8 7 0 1 1 16 0a8 7 0 1 1-16 0Z"),
    (Dark, Line(7.0), "M14 90Q2 46 44 42M-30 90V60"),
];

/// Standing.
pub(super) const BIRD: &[Part] = &[
    (Ink, Line(7.0), "M6 54V90M24 92H-12M-24 52V90M-6 92H-42"),
    (Dark, Body, "M-68-60L-92-43L-68-34Z"),
    (
        Base,
        Body,
        "M91-14L52-8C34-32 4-36-8-44C-12-82-66-90-76-52C-84-16-72 56-8 60C28 62 52 46 62 30L89 10Z",
    ),
    (Dark, Fill, "M56 2C24-18-22-18-32 2C-20 44 38 42 56 2Z"),
    (Paper, Fill, "M-62-56a13 13 0 1 1 26 0a13 13 0 1 1-26 0Z"),
    (Ink, Fill, "M-58-56a7 7 0 1 1 14 0a7 7 0 1 1-14 0Z"),
];

/// Swimming.
pub(super) const FISH: &[Part] = &[
    (Dark, Body, "M-26-40Q8-84 36-34ZM-8 44L26 70L28 34Z"),
    (
        Base,
        Body,
        "M-92 2C-62-62 22-62 52-10L91-54Q78 0 91 58L52 14C22 62-62 62-92 2Z",
    ),
    (Dark, Line(7.0), "M-32-34Q-14 2-32 36"),
    (Dark, Fill, "M-4 0L28-18Q20 2 28 20Z"),
    (Paper, Fill, "M-74-10a14 14 0 1 1 28 0a14 14 0 1 1-28 0Z"),
    (Ink, Fill, "M-70-10a8 8 0 1 1 16 0a8 8 0 1 1-16 0Z"),
];

/// Standing, with a mane and a long tail.
pub(super) const HORSE: &[Part] = &[
    (Dark, Body, "M62-18C98-22 94 30 90 78C76 70 78 30 66 10Z"),
    (Dark, Body, "M-20 36L-12 92H6L4 36ZM30 36L22 92H40L54 36Z"),
    (
        Base,
        Body,
        "M-52-92L-40-70C-26-60-16-38-4-18L46-18C66-18 74-4 74 20L72 92H52L46 44Q16 56-18 46L-22 92H-42L-46 38C-58 22-58-4-58-22L-66-34L-82-26Q-94-24-92-40L-72-72L-66-76L-68-92Z",
    ),
    (
        Dark,
        Body,
        "M-46-80C-22-82 0-52 6-20L-12-12C-22-34-32-50-46-62Z",
    ),
    (Ink, Fill, "M-70-58a7 7 0 1 1 14 0a7 7 0 1 1-14 0Z"),
    (Ink, Fill, "M-89-37a4 4 0 1 1 8 0a4 4 0 1 1-8 0Z"),
    (Ink, Fill, "M-42 80H-21L-22 92H-42ZM51 80H73L72 92H52Z"),
];

/// Standing, trunk hanging.
pub(super) const ELEPHANT: &[Part] = &[
    (Dark, Line(9.0), "M86-14Q98 4 92 34"),
    (
        Base,
        Body,
        "M-30-44C0-78 74-74 88-18V88H54V46H14V88H-20V30L-44 22C-60 30-66 26-70 12C-74 40-66 66-86 72Q-98 70-90 58C-84 40-98-6-88-34C-78-68-46-72-30-44Z",
    ),
    (Dark, Line(7.0), "M-10 88V60M54 88V64"),
    (
        Dark,
        Body,
        "M-46-50C-20-72 14-52 10-22C6 4-22 16-36 2C-48-12-50-30-46-50Z",
    ),
    (Paper, Body, "M-66 14L-62 26Q-78 38-92 30Q-78 26-72 12Z"),
    (Ink, Fill, "M-74-26a7 8 0 1 1 14 0a7 8 0 1 1-14 0Z"),
];

/// Walking under a domed shell.
pub(super) const TURTLE: &[Part] = &[
    (Light, Body, "M70 28L91 34L72 44Z"),
    (
        Light,
        Body,
        "M-46 22L-52 58H-24L-14 24ZM36 22L44 58H72L64 22Z",
    ),
    (
        Light,
        Body,
        "M-44 34L-64 28C-96 30-98-20-72-22C-52-24-50-8-50 6L-36 8Z",
    ),
    (Base, Body, "M-58 30C-54-80 70-80 80 30Z"),
    (
        Dark,
        Line(8.0),
        "M-6-44L30-44L44-14L24 10H-2L-20-14ZM-20-14L-50-4M44-14L72-6M-2 10L-12 28M24 10L34 28M-6-44L-16-50M30-44L40-48",
    ),
    (Ink, Fill, "M-80-4a7 8 0 1 1 14 0a7 8 0 1 1-14 0Z"),
];
