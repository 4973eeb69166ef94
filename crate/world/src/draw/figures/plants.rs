//! Plants.

use super::pen::{
    Part,
    Pen::{Body, Fill, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Light, Paper};

/// A trunk and a round crown.
pub(super) const TREE: &[Part] = &[
    (Dark, Body, "M-16 92L-11 20H11L16 92Z"),
    (
        Base,
        Body,
        "M-56 42C-98 44-106-10-68-22C-80-70-28-100 4-82C42-100 84-66 68-22C106-10 98 44 56 42C36 56-36 56-56 42Z",
    ),
    (
        Light,
        Line(8.0),
        "M-44-34Q-40-58-16-60M14-24Q34-32 42-14M-40 14Q-26 26-8 18",
    ),
];

/// Six petals on a stem with two leaves.
pub(super) const FLOWER: &[Part] = &[
    (Dark, Line(11.0), "M0 0V94"),
    (
        Dark,
        Fill,
        "M0 86C-14 50-48 44-58 48C-56 76-28 92 0 86ZM0 78C14 42 48 36 58 40C56 68 28 84 0 78Z",
    ),
    (
        Base,
        Body,
        "M-22-68a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM12-49a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM12-9a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-22 10a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-56-9a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-56-49a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-30-29a30 30 0 1 1 60 0a30 30 0 1 1-60 0Z",
    ),
    (Paper, Fill, "M-18-29a18 18 0 1 1 36 0a18 18 0 1 1-36 0Z"),
];

/// A column with two arms and spines.
pub(super) const CACTUS: &[Part] = &[
    (
        Base,
        Body,
        "M-24 92V-68Q-24-92 0-92Q24-92 24-68V92ZM-16 36H-50Q-82 36-82 4V-28Q-82-42-68-42Q-54-42-54-28V0Q-54 8-46 8H-16ZM16 56H50Q82 56 82 24V-8Q82-22 68-22Q54-22 54-8V20Q54 28 46 28H16Z",
    ),
    (Light, Line(6.0), "M-9-70V86M9-70V86M-68-26V4M68-6V24"),
];

/// A bent trunk under drooping leaves.
pub(super) const PALM: &[Part] = &[
    (Light, Body, "M10 92C22 40 20 0-2-40L-20-34C0 4-2 46-22 92Z"),
    (Dark, Line(6.0), "M-14 68H12M-6 42H16M-4 18H16M-8-6H10"),
    (
        Base,
        Body,
        "M-10-46C-34-84-66-88-92-54C-66-64-50-58-34-46C-70-46-88-26-90 10C-72-16-50-28-18-34C-34-8-30 8-24 24C-14 2-6-16 0-34C24-30 50-16 72 12C78-26 62-44 28-46C48-60 66-62 92-50C74-86 34-92 6-54C10-72 4-86-10-92C-20-78-20-62-10-46Z",
    ),
    (
        Dark,
        Body,
        "M-24-34a10 10 0 1 1 20 0a10 10 0 1 1-20 0ZM-2-34a10 10 0 1 1 20 0a10 10 0 1 1-20 0Z",
    ),
];

/// Low and wide, all leaves: berries would pass for spots.
pub(super) const BUSH: &[Part] = &[
    (Dark, Line(13.0), "M-26 60V80M4 60V84M32 60V80"),
    (
        Base,
        Body,
        "M-66 66Q-88 66-91 50L-78 44Q-94 30-88 10L-70 12Q-78-10-64-24L-48-16Q-46-42-26-52L-16-40Q-4-62 18-60L22-44Q44-54 58-40L56-24Q78-22 84-2L72 10Q92 18 91 40L78 46Q88 60 70 66Z",
    ),
    (
        Dark,
        Line(7.0),
        "M-60 30L-48 18L-36 30M-18-10L-6-22L6-10M36 40L48 28L60 40M-20 52L-8 40L4 52M32-4L44-16L56-4",
    ),
    (
        Light,
        Line(7.0),
        "M-48 8L-36-4L-24 8M4 26L16 14L28 26M54 24L66 12L76 24M-62 54L-50 42L-38 54M-2-34L10-46L22-34",
    ),
];
