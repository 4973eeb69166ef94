//! Buildings, from the front.

use super::pen::{
    Part,
    Pen::{Body, Fill, Line},
};
use crate::draw::palette::Tone::{Base, Dark, Ink, Light, Paper};

/// A roof, a chimney, a door and two windows.
pub(super) const HOUSE: &[Part] = &[
    (Dark, Body, "M36-84H60V-30H36Z"),
    (Base, Body, "M-72-8H72V91H-72Z"),
    (Dark, Body, "M-91 0L0-88L91 0Z"),
    (Ink, Fill, "M-18 91V38H18V91Z"),
    (Paper, Fill, "M-58 18H-30V46H-58ZM30 18H58V46H30Z"),
];

/// Battlements, two towers and a gate.
pub(super) const CASTLE: &[Part] = &[
    (Ink, Line(5.0), "M0-16V-92"),
    (Light, Body, "M4-92L40-78L4-64Z"),
    (Base, Body, "M-50 91V-18H-34V-2H-14V-18H14V-2H34V-18H50V91Z"),
    (
        Base,
        Body,
        "M-90 91V-62H-78V-46H-66V-62H-50V-46H-38V91ZM90 91V-62H78V-46H66V-62H50V-46H38V91Z",
    ),
    (
        Base,
        Body,
        "M-91-72H-80V-58H-74V-72H-58V-58H-52V-72H-35V-40H-91ZM91-72H80V-58H74V-72H58V-58H52V-72H35V-40H91Z",
    ),
    (Ink, Fill, "M-24 91V48Q-24 22 0 22Q24 22 24 48V91Z"),
    (Ink, Fill, "M-71-20H-57V10H-71ZM57-20H71V10H57Z"),
];

/// A nave and a steeple with a cross.
pub(super) const CHURCH: &[Part] = &[
    (Base, Body, "M-10 16H86V91H-10Z"),
    (Dark, Body, "M-10 22L2-20H78L91 22Z"),
    (Ink, Line(9.0), "M-42-94V-60M-58-82H-26"),
    (Base, Body, "M-80 91V-16H-4V91Z"),
    (Dark, Body, "M-90-8L-42-66L6-8Z"),
    (Ink, Fill, "M-60 91V56Q-60 40-42 40Q-24 40-24 56V91Z"),
    (
        Paper,
        Fill,
        "M-54 14a12 12 0 1 1 24 0a12 12 0 1 1-24 0ZM16 46H34V74H16ZM54 46H72V74H54Z",
    ),
];

/// A banded tower, its lamp shining to both sides.
pub(super) const LIGHTHOUSE: &[Part] = &[
    (Light, Fill, "M-20-60L-98-88V-32ZM20-60L98-88V-32Z"),
    (Base, Body, "M-56 91L-36-36H36L56 91Z"),
    (Paper, Fill, "M-42 2H42L48 36H-48Z"),
    (Paper, Body, "M-24-76H24V-42H-24Z"),
    (Ink, Line(6.0), "M0-74V-46"),
    (Base, Body, "M-46-44H46V-30H-46Z"),
    (Base, Body, "M-36-70Q0-114 36-70Z"),
];

/// A tower with four sails.
pub(super) const WINDMILL: &[Part] = &[
    (Base, Body, "M-52 91L-32-24H32L52 91Z"),
    (Dark, Body, "M-38-20Q-32-60 0-60Q32-60 38-20Z"),
    (Ink, Fill, "M-16 91V60Q-16 46 0 46Q16 46 16 60V91Z"),
    (Ink, Fill, "M-9 8H9V28H-9Z"),
    (
        Paper,
        Body,
        "M8-36L72-92L86-78L20-24ZM8-14L20-24L86 38L72 52ZM-8-14L-20-24L-86 38L-72 52ZM-8-36L-72-92L-86-78L-20-24Z",
    ),
    (Ink, Line(6.0), "M-72-86L72 44M72-86L-72 44"),
    (Ink, Fill, "M-11-22a11 11 0 1 1 22 0a11 11 0 1 1-22 0Z"),
];

/// A ridge tent, open in front.
pub(super) const TENT: &[Part] = &[
    (Ink, Line(6.0), "M88 40L94 68M-34-56L-94 70"),
    (Dark, Body, "M-34-62H46L90 66H40Z"),
    (Base, Body, "M-34-62L-90 66H-60L-34-30L-8 66H40Z"),
    (Base, Body, "M-34-62H46L90 66H40Z"),
    (Ink, Fill, "M-34-40L-66 66H-2Z"),
    (Light, Fill, "M-34-40L-66 66H-46Z"),
    (Dark, Line(6.0), "M-34-62L40 66"),
];
