//! Furniture.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

/// Three quarters, its back to the right.
pub(super) const CHAIR: &[Part] = &[
    (Dark, Limb(13.0), "M-16 20V74M44 20V74"),
    (Base, Body, "M18-91H52V22H18Z"),
    (Dark, Line(8.0), "M26-70H44M26-46H44M26-22H44"),
    (Base, Limb(14.0), "M-42 26V84M22 26V84"),
    (Base, Body, "M-52 16L-26-2H52V12L28 36H-52Z"),
    (Dark, Line(6.0), "M-46 20H24L46 2"),
];

/// Three quarters.
pub(super) const TABLE: &[Part] = &[
    (Dark, Limb(12.0), "M-58-20V40M58-20V40"),
    (Base, Limb(14.0), "M-80 0V72M80 0V72"),
    (Base, Body, "M-68-52H68L91-10V6H-91V-10Z"),
    (Dark, Line(7.0), "M-86-8H86"),
];

/// From the side, the pillow to the right.
pub(super) const BED: &[Part] = &[
    (Dark, Body, "M70-52H91V62H70Z"),
    (Dark, Body, "M-91-10H-72V62H-91Z"),
    (Paper, Body, "M-74 2H74V26H-74Z"),
    (Paper, Body, "M28 4V-14Q28-24 38-24H62Q70-24 70-14V4Z"),
    (Base, Body, "M-78-2H14Q28-2 28 12V44H-78Z"),
    (Light, Line(8.0), "M14 6V38"),
    (Base, Body, "M-76 28H74V46H-76Z"),
];

/// A table lamp.
pub(super) const LAMP: &[Part] = &[
    (Light, Fill, "M-44 2L-64 60H64L44 2Z"),
    (Ink, Line(10.0), "M0 0V74"),
    (Base, Body, "M-38 91Q-36 72 0 72Q36 72 38 91Z"),
    (Base, Body, "M-30-91H30L62 8H-62Z"),
    (Light, Line(7.0), "M-22-74L-42-8"),
    (Ink, Line(5.0), "M30 12V32"),
];

pub(super) const SOFA: &[Part] = &[
    (Ink, Line(12.0), "M-74 56V66M74 56V66"),
    (Base, Body, "M-74-34Q-74-54-54-54H54Q74-54 74-34V30H-74Z"),
    (Dark, Line(7.0), "M0-48V12"),
    (Base, Body, "M-64 8H64V34H-64Z"),
    (Dark, Line(6.0), "M0 12V30"),
    (
        Base,
        Body,
        "M-91-2Q-91-18-76-18Q-61-18-61-2V32H61V-2Q61-18 76-18Q91-18 91-2V58H-91Z",
    ),
];

/// Three shelves of books.
pub(super) const BOOKCASE: &[Part] = &[
    (Base, Body, "M-70-91H70V91H-70Z"),
    (
        Ink,
        Fill,
        "M-54-76H54V-30H-54ZM-54-20H54V26H-54ZM-54 36H54V80H-54Z",
    ),
    (
        Paper,
        Fill,
        "M-50-70H-38V-30H-50ZM-10-74H2V-30H-10ZM24-66H36V-30H24ZM-40-12H-28V26H-40ZM8-14H20V26H8ZM36-10H48V26H36ZM-50 42H-38V80H-50ZM-8 44H4V80H-8Z",
    ),
    (
        Light,
        Fill,
        "M-34-64H-24V-30H-34ZM6-68H18V-30H6ZM40-72H50V-30H40ZM-24-16H-12V26H-24ZM24-12H32V26H24ZM-34 46H-24V80H-34ZM10 40H22V80H10ZM30 48L40 46L50 78L40 80Z",
    ),
];
