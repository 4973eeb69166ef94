//! Vehicles, from the side, going left.

use super::pen::{
    Part,
    Pen::{Body, Fill, Limb, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

pub(super) const CAR: &[Part] = &[
    (
        Base,
        Body,
        "M91 34V4Q90-8 76-10L60-14L38-52Q34-60 24-60H-22Q-32-60-38-52L-60-16L-82-10Q-91-6-91 10V34Z",
    ),
    (
        Paper,
        Fill,
        "M46-14L27-45Q26-47 23-47H5V-14ZM-7-14V-47H-21Q-24-47-26-44L-44-14Z",
    ),
    (Paper, Fill, "M-92 2H-76V14H-92Z"),
    (Dark, Line(6.0), "M-1-6V28M12 2H22"),
    (
        Ink,
        Fill,
        "M80 36a27 27 0 1 1-54 0a27 27 0 1 1 54 0ZM-26 36a27 27 0 1 1-54 0a27 27 0 1 1 54 0Z",
    ),
    (
        Paper,
        Fill,
        "M63 36a10 10 0 1 1-20 0a10 10 0 1 1 20 0ZM-43 36a10 10 0 1 1-20 0a10 10 0 1 1 20 0Z",
    ),
];

/// A cab and an open bed.
pub(super) const TRUCK: &[Part] = &[
    (Base, Body, "M-30-2H92V42H-30Z"),
    (Dark, Line(7.0), "M6 4V36M36 4V36M66 4V36"),
    (
        Base,
        Body,
        "M-91 42V0Q-90-8-84-10L-72-60Q-70-66-62-66H-28V42Z",
    ),
    (Paper, Fill, "M-76-14L-66-52H-40V-14Z"),
    (Paper, Fill, "M-92 6H-78V18H-92Z"),
    (Dark, Line(6.0), "M-52-2H-42"),
    (
        Ink,
        Fill,
        "M-86 46a25 25 0 1 1 50 0a25 25 0 1 1-50 0ZM-16 46a25 25 0 1 1 50 0a25 25 0 1 1-50 0ZM40 46a25 25 0 1 1 50 0a25 25 0 1 1-50 0Z",
    ),
    (
        Paper,
        Fill,
        "M-70 46a9 9 0 1 1 18 0a9 9 0 1 1-18 0ZM0 46a9 9 0 1 1 18 0a9 9 0 1 1-18 0ZM56 46a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z",
    ),
];

/// A mast and two sails …
pub(super) const BOAT: &[Part] = &[
    (Ink, Line(9.0), "M-12 40V-92"),
    (Base, Body, "M-2-86Q60-40 74 20H-2Z"),
    (Paper, Body, "M-22-74Q-44-12-78 20H-22Z"),
    (Dark, Line(8.0), "M-64 36H62"),
];

/// … and the hull, in front of whoever sits in it.
pub(super) const HULL: &[Part] = &[
    (Base, Body, "M-91 34H88L76 82Q74 88 66 88H-46Q-54 88-60 82Z"),
    (Paper, Line(8.0), "M-72 56H76"),
];

pub(super) const PLANE: &[Part] = &[
    (Dark, Body, "M-2-16L38-58H58L36-14Z"),
    (
        Base,
        Body,
        "M-92 6C-92-14-66-22-40-22H46L68-64H91L80 0Q76 16 58 18L-50 26C-76 26-92 20-92 6Z",
    ),
    (Paper, Fill, "M-82-2Q-76-14-58-15V-1Z"),
    (
        Ink,
        Fill,
        "M-42-8a6 7 0 1 1 12 0a6 7 0 1 1-12 0ZM-20-8a6 7 0 1 1 12 0a6 7 0 1 1-12 0ZM2-8a6 7 0 1 1 12 0a6 7 0 1 1-12 0ZM24-8a6 7 0 1 1 12 0a6 7 0 1 1-12 0Z",
    ),
    (Dark, Body, "M-26 8H18L66 62H40Z"),
    (Dark, Body, "M52-10H86L92 8H66Z"),
];

pub(super) const BICYCLE: &[Part] = &[
    (
        Ink,
        Line(3.0),
        "M-87 34H-23M-55 2V66M-78 11L-32 57M-78 57L-32 11M23 34H87M55 2V66M32 11L78 57M32 57L78 11",
    ),
    (
        Base,
        Limb(11.0),
        "M-87 34a32 32 0 1 1 64 0a32 32 0 1 1-64 0ZM23 34a32 32 0 1 1 64 0a32 32 0 1 1-64 0Z",
    ),
    (
        Base,
        Limb(12.0),
        "M-55 34L-36-40M-42-18L4 34L30-24L-42-18M4 34H55L30-24L26-40",
    ),
    (Ink, Line(11.0), "M-36-42Q-40-54-56-52M-36-42Q-30-52-22-52"),
    (Ink, Body, "M8-52H46Q46-42 34-40H18Z"),
    (Ink, Fill, "M-9 34a13 13 0 1 1 26 0a13 13 0 1 1-26 0Z"),
    (Ink, Line(8.0), "M4 34L-4 60M-12 60H4"),
];

/// A steam engine.
pub(super) const TRAIN: &[Part] = &[
    (
        Paper,
        Body,
        "M-52-74a13 13 0 1 1 26 0a13 13 0 1 1-26 0ZM-30-82a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z",
    ),
    (Dark, Body, "M-76-58H-40L-46-24H-70Z"),
    (Dark, Body, "M-16-38H8V-24H-16Z"),
    (Base, Body, "M-84-28Q-88-28-88-22V22H24V-28Z"),
    (Base, Body, "M20-60H84V36H20Z"),
    (Dark, Body, "M12-74H92V-60H12Z"),
    (Paper, Fill, "M34-46H70V-12H34Z"),
    (Dark, Line(7.0), "M-52-24V20M-20-24V20"),
    (Dark, Body, "M-84 22H88V40H-68L-92 58Z"),
    (
        Ink,
        Fill,
        "M-62 50a20 20 0 1 1 40 0a20 20 0 1 1-40 0ZM-16 50a20 20 0 1 1 40 0a20 20 0 1 1-40 0ZM34 44a26 26 0 1 1 52 0a26 26 0 1 1-52 0Z",
    ),
    (
        Paper,
        Fill,
        "M-49 50a7 7 0 1 1 14 0a7 7 0 1 1-14 0ZM-3 50a7 7 0 1 1 14 0a7 7 0 1 1-14 0ZM51 44a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z",
    ),
];

/// A hot-air balloon. It looks nowhere.
pub(super) const BALLOON: &[Part] = &[
    (Ink, Line(5.0), "M-26 30L-16 66M26 30L16 66M0 34V62"),
    (
        Base,
        Body,
        "M0-92C46-92 72-60 72-26C72 6 42 24 28 42H-28C-42 24-72 6-72-26C-72-60-46-92 0-92Z",
    ),
    (
        Light,
        Fill,
        "M-8-90C-48-70-50-10-18 40L-4 40C-30-10-26-70-8-90ZM8-90C48-70 50-10 18 40L4 40C30-10 26-70 8-90Z",
    ),
    (Dark, Body, "M-20 66H20L16 92H-16Z"),
    (Paper, Line(5.0), "M-16 78H16"),
];
