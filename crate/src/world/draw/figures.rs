//! What each noun looks like, as SVG path data.
//!
//! Coordinates run over ±100 in both directions, y down, the figure's box; parts are painted in
//! order. A figure fills its box in at least one direction, so that size says size.

use std::sync::LazyLock;

use svgtypes::{SimplePathSegment, SimplifyingPathParser};
use tiny_skia::{Path, PathBuilder};

use super::super::vocabulary::Noun;
use super::palette::Tone;

/// How a part's path is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pen {
    /// Outlined, then filled: sub-paths that overlap become one body with one outline.
    Body,
    /// Filled.
    Fill,
    /// Stroked, with this width.
    Line(f32),
    /// Stroked with this width, outlined.
    Limb(f32),
}

/// One part of a figure.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) tone: Tone,
    pub(super) pen: Pen,
    pub(super) path: Path,
}

/// The parts of a noun's figure, from back to front.
pub(super) fn figure(noun: Noun) -> &'static [Part] {
    static FIGURES: LazyLock<Vec<Vec<Part>>> = LazyLock::new(|| {
        Noun::ALL
            .iter()
            .map(|&noun| {
                strokes(noun)
                    .iter()
                    .map(|&(tone, pen, data)| Part {
                        tone,
                        pen,
                        path: parse(data).expect("the path data in this file is valid"),
                    })
                    .collect()
            })
            .collect()
    });
    &FIGURES[noun as usize]
}

/// `None` unless the data is a path with an extent.
fn parse(data: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    for segment in SimplifyingPathParser::from(data) {
        match segment.ok()? {
            SimplePathSegment::MoveTo { x, y } => path.move_to(x as f32, y as f32),
            SimplePathSegment::LineTo { x, y } => path.line_to(x as f32, y as f32),
            SimplePathSegment::Quadratic { x1, y1, x, y } => {
                path.quad_to(x1 as f32, y1 as f32, x as f32, y as f32);
            }
            SimplePathSegment::CurveTo {
                x1,
                y1,
                x2,
                y2,
                x,
                y,
            } => path.cubic_to(
                x1 as f32, y1 as f32, x2 as f32, y2 as f32, x as f32, y as f32,
            ),
            SimplePathSegment::ClosePath => path.close(),
        }
    }
    path.finish()
}

type Strokes = &'static [(Tone, Pen, &'static str)];

const fn strokes(noun: Noun) -> Strokes {
    match noun {
        Noun::Cat => CAT,
        Noun::Dog => DOG,
        Noun::Rabbit => RABBIT,
        Noun::Bird => BIRD,
        Noun::Fish => FISH,
        Noun::Car => CAR,
        Noun::Truck => TRUCK,
        Noun::Boat => BOAT,
        Noun::Plane => PLANE,
        Noun::Tree => TREE,
        Noun::Flower => FLOWER,
        Noun::Cactus => CACTUS,
        Noun::Apple => APPLE,
        Noun::Banana => BANANA,
        Noun::Pear => PEAR,
        Noun::Cherry => CHERRY,
        Noun::House => HOUSE,
        Noun::Castle => CASTLE,
        Noun::Church => CHURCH,
        Noun::Lighthouse => LIGHTHOUSE,
        Noun::Circle => CIRCLE,
        Noun::Square => SQUARE,
        Noun::Triangle => TRIANGLE,
        Noun::Star => STAR,
    }
}

use Pen::{Body, Fill, Limb, Line};
use Tone::{Base, Dark, Ink, Light, Paper};

/// Sitting, face to us, tail to the right.
const CAT: Strokes = &[
    (Base, Limb(16.0), "M36 82C92 88 96 44 72 22"),
    (Base, Body, "M-50 94C-62 40-36 0 0 0C36 0 62 40 50 94Z"),
    (Dark, Line(7.0), "M-12 60V92M12 60V92"),
    (
        Base,
        Body,
        "M-60-96L-26-72Q0-79 26-72L60-96L64-40C64-4 34 14 0 14C-34 14-64-4-64-40Z",
    ),
    (Light, Fill, "M-51-78L-34-64L-50-52ZM51-78L34-64L50-52Z"),
    (
        Ink,
        Fill,
        "M-36-36a10 12 0 1 1 20 0a10 12 0 1 1-20 0ZM16-36a10 12 0 1 1 20 0a10 12 0 1 1-20 0Z",
    ),
    (Ink, Fill, "M-9-19H9L0-8Z"),
    (
        Ink,
        Line(5.0),
        "M-30-12L-78-22M-30-5L-76 4M30-12L78-22M30-5L76 4",
    ),
];

/// Standing, looking left.
const DOG: Strokes = &[
    (Base, Limb(14.0), "M72-2Q94-20 88-52"),
    (
        Base,
        Body,
        "M-40-22L60-18C78-16 84-6 84 12L82 92H58L52 42L-8 46L-12 92H-37L-42 26Z",
    ),
    (
        Base,
        Body,
        "M-16-74C-28-90-58-88-64-66L-92-54C-102-46-96-22-82-18L-54-12L-34 6L-8-10Z",
    ),
    (Dark, Fill, "M-30-82C0-88 12-50 2-18C-22-14-32-42-38-62Z"),
    (Ink, Fill, "M-62-52a8 8 0 1 1 16 0a8 8 0 1 1-16 0Z"),
    (Ink, Fill, "M-102-48a10 9 0 1 1 20 0a10 9 0 1 1-20 0Z"),
    (Dark, Line(10.0), "M-42-8L-12 4"),
];

/// Sitting, face to us, ears up.
const RABBIT: Strokes = &[
    (
        Base,
        Body,
        "M-34-30C-58-70-48-98-34-98C-18-98-10-66-10-34ZM34-30C58-70 48-98 34-98C18-98 10-66 10-34Z",
    ),
    (Light, Line(9.0), "M-32-80Q-32-60-24-46M32-80Q32-60 24-46"),
    (Base, Body, "M-52 60a52 38 0 1 1 104 0a52 36 0 1 1-104 0Z"),
    (Paper, Fill, "M34 78a18 16 0 1 1 36 0a18 16 0 1 1-36 0Z"),
    (Base, Body, "M-44-8a44 40 0 1 1 88 0a44 38 0 1 1-88 0Z"),
    (
        Ink,
        Fill,
        "M-27-14a8 10 0 1 1 16 0a8 10 0 1 1-16 0ZM11-14a8 10 0 1 1 16 0a8 10 0 1 1-16 0Z",
    ),
    (Ink, Fill, "M-8 4H8L0 13Z"),
    (Paper, Fill, "M-8 16H8V32H-8Z"),
    (Dark, Line(6.0), "M-18 66V92M18 66V92"),
];

/// Standing, looking right.
const BIRD: Strokes = &[
    (Ink, Line(7.0), "M-6 54V90M-24 92H10M24 52V90M8 92H42"),
    (Dark, Body, "M68-58L100-42L68-34Z"),
    (
        Base,
        Body,
        "M-98-14L-52-8C-34-32-4-36 8-44C12-82 66-90 76-52C84-16 72 56 8 60C-28 62-52 46-62 30L-96 10Z",
    ),
    (Dark, Fill, "M-56 2C-24-18 22-18 32 2C20 44-38 42-56 2Z"),
    (Paper, Fill, "M36-56a13 13 0 1 1 26 0a13 13 0 1 1-26 0Z"),
    (Ink, Fill, "M44-56a7 7 0 1 1 14 0a7 7 0 1 1-14 0Z"),
];

/// Swimming left.
const FISH: Strokes = &[
    (Dark, Body, "M-26-40Q8-84 36-34ZM-8 44L26 70L28 34Z"),
    (
        Base,
        Body,
        "M-96 2C-62-62 22-62 52-10L94-54Q80 0 94 58L52 14C22 62-62 62-96 2Z",
    ),
    (Dark, Line(7.0), "M-32-34Q-14 2-32 36"),
    (Dark, Fill, "M-4 0L28-18Q20 2 28 20Z"),
    (Paper, Fill, "M-74-10a14 14 0 1 1 28 0a14 14 0 1 1-28 0Z"),
    (Ink, Fill, "M-68-10a8 8 0 1 1 16 0a8 8 0 1 1-16 0Z"),
];

/// From the side, driving right.
const CAR: Strokes = &[
    (
        Base,
        Body,
        "M-96 36V6Q-94-8-76-10L-60-12L-38-50Q-34-58-24-58H22Q32-58 38-50L60-14L82-8Q96-4 96 12V36Z",
    ),
    (
        Paper,
        Fill,
        "M-46-12L-27-43Q-26-45-23-45H-5V-12ZM7-12V-45H21Q24-45 26-42L44-12Z",
    ),
    (Light, Fill, "M80 4H94V16H80Z"),
    (
        Ink,
        Fill,
        "M-80 38a26 26 0 1 1 52 0a26 26 0 1 1-52 0ZM28 38a26 26 0 1 1 52 0a26 26 0 1 1-52 0Z",
    ),
    (
        Paper,
        Fill,
        "M-63 38a9 9 0 1 1 18 0a9 9 0 1 1-18 0ZM45 38a9 9 0 1 1 18 0a9 9 0 1 1-18 0Z",
    ),
];

/// A box and a cab, driving right.
const TRUCK: Strokes = &[
    (Base, Body, "M34-22H64Q72-22 77-15L96 10V44H34Z"),
    (Paper, Fill, "M46-10H62Q66-10 69-6L81 12H46Z"),
    (Base, Body, "M-96-66H30V44H-96Z"),
    (Dark, Line(7.0), "M-64-50V28M-33-50V28M-2-50V28"),
    (
        Ink,
        Fill,
        "M-84 48a23 23 0 1 1 46 0a23 23 0 1 1-46 0ZM-34 48a23 23 0 1 1 46 0a23 23 0 1 1-46 0ZM42 48a23 23 0 1 1 46 0a23 23 0 1 1-46 0Z",
    ),
    (
        Paper,
        Fill,
        "M-69 48a8 8 0 1 1 16 0a8 8 0 1 1-16 0ZM-19 48a8 8 0 1 1 16 0a8 8 0 1 1-16 0ZM57 48a8 8 0 1 1 16 0a8 8 0 1 1-16 0Z",
    ),
];

/// A hull, a mast and two sails.
const BOAT: Strokes = &[
    (Ink, Line(9.0), "M4 40V-94"),
    (Base, Body, "M-8-88V18H-74Q-22-24-8-88Z"),
    (Light, Body, "M16-70Q64-24 72 18H16Z"),
    (Base, Body, "M-96 38H96L68 84Q64 90 56 90H-56Q-64 90-68 84Z"),
    (Paper, Line(8.0), "M-70 58H70"),
];

/// From above, flying up.
const PLANE: Strokes = &[
    (
        Base,
        Body,
        "M0-98C14-88 17-66 17-36L98 22V46L17 24L12 62L42 84V98L0 88L-42 98V84L-12 62L-17 24L-98 46V22L-17-36C-17-66-14-88 0-98Z",
    ),
    (Paper, Fill, "M-9-66Q0-82 9-66V-54H-9Z"),
    (Dark, Line(6.0), "M0-36V76"),
    (Dark, Fill, "M-62 4H-48V26H-62ZM48 4H62V26H48Z"),
];

/// A trunk and a round crown.
const TREE: Strokes = &[
    (Dark, Body, "M-16 96L-11 20H11L16 96Z"),
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
const FLOWER: Strokes = &[
    (Dark, Line(11.0), "M0 0V96"),
    (
        Dark,
        Fill,
        "M0 86C-14 50-48 44-58 48C-56 76-28 92 0 86ZM0 78C14 42 48 36 58 40C56 68 28 84 0 78Z",
    ),
    (
        Base,
        Body,
        "M-22-76a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM12-57a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM12-17a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-22 2a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-56-17a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-56-57a22 22 0 1 1 44 0a22 22 0 1 1-44 0ZM-30-37a30 30 0 1 1 60 0a30 30 0 1 1-60 0Z",
    ),
    (Paper, Fill, "M-18-37a18 18 0 1 1 36 0a18 18 0 1 1-36 0Z"),
];

/// A column with two arms.
const CACTUS: Strokes = &[
    (
        Base,
        Body,
        "M-24 96V-72Q-24-98 0-98Q24-98 24-72V96ZM-16 36H-50Q-82 36-82 4V-28Q-82-42-68-42Q-54-42-54-28V0Q-54 8-46 8H-16ZM16 56H50Q82 56 82 24V-8Q82-22 68-22Q54-22 54-8V20Q54 28 46 28H16Z",
    ),
    (Light, Line(6.0), "M-9-74V86M9-74V86M-68-26V4M68-6V24"),
];

/// A notched round body, a stem and a leaf.
const APPLE: Strokes = &[
    (Ink, Line(11.0), "M0-44Q0-74 14-90"),
    (Dark, Body, "M10-58C18-92 52-98 70-92C62-62 36-52 10-58Z"),
    (
        Base,
        Body,
        "M0-42C-24-62-88-58-88 4C-88 58-50 98-22 94Q0 86 22 94C50 98 88 58 88 4C88-58 24-62 0-42Z",
    ),
    (Light, Line(12.0), "M-62 6Q-60-24-38-34"),
];

/// A crescent, ends dark.
const BANANA: Strokes = &[
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
const PEAR: Strokes = &[
    (Ink, Line(11.0), "M0-56Q0-80 12-94"),
    (Dark, Body, "M8-64C18-92 48-94 62-86C52-60 30-54 8-64Z"),
    (
        Base,
        Body,
        "M0-64C26-64 30-38 36-14C42 8 72 20 72 52C72 82 42 96 0 96C-42 96-72 82-72 52C-72 20-42 8-36-14C-30-38-26-64 0-64Z",
    ),
    (Light, Line(11.0), "M-48 48Q-44 28-28 16"),
];

/// Two on their stalks, under a leaf.
const CHERRY: Strokes = &[
    (Ink, Line(8.0), "M-46 30Q-34-40 22-84M50 40Q50-30 22-84"),
    (Dark, Body, "M22-84C40-104 80-98 94-74C70-58 36-62 22-84Z"),
    (Base, Body, "M-90 52a42 42 0 1 1 84 0a42 42 0 1 1-84 0Z"),
    (Base, Body, "M10 56a42 42 0 1 1 84 0a42 42 0 1 1-84 0Z"),
    (Light, Line(9.0), "M-70 46Q-66 32-54 30M30 50Q34 36 46 34"),
];

/// A front with a roof, a chimney, a door and two windows.
const HOUSE: Strokes = &[
    (Dark, Body, "M36-86H60V-30H36Z"),
    (Base, Body, "M-72-8H72V94H-72Z"),
    (Dark, Body, "M-98 0L0-90L98 0Z"),
    (Ink, Fill, "M-18 94V38H18V94Z"),
    (Paper, Fill, "M-58 18H-30V46H-58ZM30 18H58V46H30Z"),
];

/// Battlements, two towers and a gate.
const CASTLE: Strokes = &[
    (Base, Body, "M-50 94V-18H-34V-2H-14V-18H14V-2H34V-18H50V94Z"),
    (
        Base,
        Body,
        "M-94 94V-62H-78V-46H-66V-62H-50V-46H-38V94ZM94 94V-62H78V-46H66V-62H50V-46H38V94Z",
    ),
    (
        Base,
        Body,
        "M-97-72H-80V-58H-74V-72H-58V-58H-52V-72H-35V-40H-97ZM97-72H80V-58H74V-72H58V-58H52V-72H35V-40H97Z",
    ),
    (Ink, Fill, "M-24 94V48Q-24 22 0 22Q24 22 24 48V94Z"),
    (Ink, Fill, "M-73-20H-59V10H-73ZM59-20H73V10H59Z"),
];

/// A nave and a steeple with a cross.
const CHURCH: Strokes = &[
    (Base, Body, "M-10 16H88V94H-10Z"),
    (Base, Body, "M-10 22L2-20H80L98 22Z"),
    (Ink, Line(9.0), "M-42-98V-56M-58-84H-26"),
    (Base, Body, "M-80 94V-16H-4V94Z"),
    (Dark, Body, "M-90-8L-42-68L6-8Z"),
    (Ink, Fill, "M-60 94V56Q-60 40-42 40Q-24 40-24 56V94Z"),
    (
        Paper,
        Fill,
        "M-54 14a12 12 0 1 1 24 0a12 12 0 1 1-24 0ZM16 46H34V74H16ZM54 46H72V74H54Z",
    ),
];

/// A banded tower with a lamp.
const LIGHTHOUSE: Strokes = &[
    (Base, Body, "M-54 96L-34-40H34L54 96Z"),
    (Paper, Fill, "M-38-8H38L43 24H-43Z"),
    (Ink, Fill, "M-26-66H26V-42H-26Z"),
    (Paper, Fill, "M-12-64H12V-46H-12Z"),
    (Base, Body, "M-46-48H46V-34H-46Z"),
    (Base, Body, "M-40-66Q0-124 40-66Z"),
];

const CIRCLE: Strokes = &[(Base, Body, "M-90 0a90 90 0 1 1 180 0a90 90 0 1 1-180 0Z")];

const SQUARE: Strokes = &[(Base, Body, "M-82-82H82V82H-82Z")];

const TRIANGLE: Strokes = &[(Base, Body, "M0-88L94 78H-94Z")];

const STAR: Strokes = &[(
    Base,
    Body,
    "M0-95L24-29L94-27L39 17L59 84L0 45L-59 84L-39 17L-94-27L-24-29Z",
)];
