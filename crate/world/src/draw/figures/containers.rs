//! Containers, open above: the back is behind what is in them, the front hides its foot.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

/// A cardboard box, its flaps open.
pub(super) const BOX: &[Part] = &[
    (Light, Body, "M-60-36L-50-62H50L60-36Z"),
    (Dark, Body, "M-62-40H62L76-2H-76Z"),
];

pub(super) const BOX_FRONT: &[Part] = &[
    (Light, Body, "M-76-4L-91 22L-76 34ZM76-4L91 22L76 34Z"),
    (Base, Body, "M-76-4H76V84H-76Z"),
    (Dark, Line(7.0), "M0 0V24"),
    (Paper, Fill, "M28 50H60V72H28Z"),
];

/// Woven, with a handle.
pub(super) const BASKET: &[Part] = &[
    (Base, Limb(13.0), "M-78-6C-78-112 78-112 78-6"),
    (Dark, Body, "M-84-6Q0-32 84-6Q0 16-84-6Z"),
];

pub(super) const BASKET_FRONT: &[Part] = &[
    (Base, Body, "M-84-6H84L66 72Q64 80 54 80H-54Q-64 80-66 72Z"),
    (
        Dark,
        Line(7.0),
        "M-74 22H74M-68 50H68M-46 10V22M-14 10V22M18 10V22M50 10V22M-60 22V50M-30 22V50M2 22V50M34 22V50M62 22V50M-44 50V76M-14 50V76M18 50V76M46 50V76",
    ),
    (Base, Body, "M-91-12H91V8H-91Z"),
];

/// With its bail lying over to the side.
pub(super) const BUCKET: &[Part] = &[
    (Ink, Line(8.0), "M-74-26C-70-112 70-112 74-26"),
    (Dark, Body, "M-76-28a76 18 0 1 1 152 0a76 18 0 1 1-152 0Z"),
];

pub(super) const BUCKET_FRONT: &[Part] = &[
    (
        Base,
        Body,
        "M-76-28Q-60-8 0-8Q60-8 76-28L58 82Q56 91 46 91H-46Q-56 91-58 82Z",
    ),
    (Light, Line(10.0), "M-54 14L-46 70"),
    (Dark, Line(7.0), "M-58 62Q0 74 58 62"),
];

/// Of glass …
pub(super) const JAR: &[Part] = &[
    (
        Base,
        Body,
        "M-58-56Q-82-50-82-30V74Q-82 91-64 91H64Q82 91 82 74V-30Q82-50 58-56Z",
    ),
    (
        Paper,
        Fill,
        "M-52-46Q-68-40-68-26V66Q-68 78-56 78H56Q68 78 68 66V-26Q68-40 52-46Z",
    ),
];

/// … with a label and a lid.
pub(super) const JAR_FRONT: &[Part] = &[
    (Base, Fill, "M-70 56H70V74Q70 80 60 80H-60Q-70 80-70 74Z"),
    (Light, Line(9.0), "M-56-20V34"),
    (Base, Body, "M-66-91H66V-58H-66Z"),
    (
        Dark,
        Line(7.0),
        "M-40-86V-63M-14-86V-63M14-86V-63M40-86V-63",
    ),
];

/// With a handle to the right.
pub(super) const CUP: &[Part] = &[
    (Base, Limb(16.0), "M58-28C98-40 90 40 50 36"),
    (Dark, Body, "M-78-50a72 18 0 1 1 144 0a72 18 0 1 1-144 0Z"),
];

pub(super) const CUP_FRONT: &[Part] = &[
    (
        Base,
        Body,
        "M-78-50Q-60-30-6-30Q50-30 66-50L58 46Q54 80 22 80H-34Q-66 80-70 46Z",
    ),
    (Light, Line(11.0), "M-56-8L-52 42"),
];
