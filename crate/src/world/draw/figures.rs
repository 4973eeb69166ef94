//! What each noun looks like, as SVG path data.
//!
//! Coordinates run over ±100 in both directions, y down, the figure's box; parts are painted in
//! order. A figure fills its box in at least one direction, so that size says size.

use std::sync::LazyLock;

use svgtypes::{SimplePathSegment, SimplifyingPathParser};
use tiny_skia::{LineCap, LineJoin, Path, PathBuilder, Stroke};

use super::super::vocabulary::Noun;
use super::palette::Tone;

/// A figure's coordinates run over ± this.
pub(super) const FIGURE_REACH: f32 = 100.0;

/// Width of the outline around a figure's parts, of which the outer half shows.
const OUTLINE: f32 = 14.0;

/// One fill of a figure.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) tone: Tone,
    pub(super) path: Path,
}

/// The layers of a noun's figure, from back to front. Made once: strokes are turned into
/// fills here, because stroking costs more than all the rest of drawing.
pub(super) fn figure(noun: Noun) -> &'static [Layer] {
    static FIGURES: LazyLock<Vec<Vec<Layer>>> = LazyLock::new(|| {
        Noun::ALL
            .iter()
            .map(|&noun| parts(noun).iter().flat_map(layers).collect())
            .collect()
    });
    &FIGURES[noun as usize]
}

/// How a part's path is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pen {
    /// Outlined, then filled: sub-paths that overlap become one body with one outline.
    Body,
    /// Filled.
    Fill,
    /// Stroked, with this width.
    Line(f32),
    /// Stroked with this width, outlined.
    Limb(f32),
}

/// A tone, a pen, SVG path data.
type Part = (Tone, Pen, &'static str);

fn layers(&(tone, pen, data): &Part) -> Vec<Layer> {
    let path = parse(data).expect("the path data in this file is valid");
    let layer = |tone, path| Layer { tone, path };
    match pen {
        Pen::Body => vec![
            layer(Tone::Outline, stroked(&path, OUTLINE)),
            layer(tone, path),
        ],
        Pen::Fill => vec![layer(tone, path)],
        Pen::Line(width) => vec![layer(tone, stroked(&path, width))],
        Pen::Limb(width) => vec![
            layer(Tone::Outline, stroked(&path, width + OUTLINE)),
            layer(tone, stroked(&path, width)),
        ],
    }
}

/// The area that a round pen of this width covers along the path.
fn stroked(path: &Path, width: f32) -> Path {
    let stroke = Stroke {
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    path.stroke(&stroke, 1.0)
        .expect("a path with an extent has an outline")
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

const fn parts(noun: Noun) -> &'static [Part] {
    match noun {
        Noun::Cat
        | Noun::Doctor
        | Noun::Chef
        | Noun::Farmer
        | Noun::Astronaut
        | Noun::King
        | Noun::Pirate
        | Noun::Firefighter => CAT,
        Noun::Dog | Noun::Horse | Noun::Elephant => DOG,
        Noun::Rabbit => RABBIT,
        Noun::Bird => BIRD,
        Noun::Fish | Noun::Turtle => FISH,
        Noun::Car | Noun::Bicycle => CAR,
        Noun::Truck | Noun::Train => TRUCK,
        Noun::Boat => BOAT,
        Noun::Plane => PLANE,
        Noun::Tree | Noun::Palm | Noun::Bush => TREE,
        Noun::Flower => FLOWER,
        Noun::Cactus => CACTUS,
        Noun::Apple => APPLE,
        Noun::Banana | Noun::Carrot => BANANA,
        Noun::Pear | Noun::Cake => PEAR,
        Noun::Pineapple => PINEAPPLE,
        Noun::House | Noun::Tent => HOUSE,
        Noun::Castle => CASTLE,
        Noun::Church => CHURCH,
        Noun::Lighthouse | Noun::Windmill => LIGHTHOUSE,
        Noun::Circle | Noun::Balloon | Noun::Heart => CIRCLE,
        Noun::Square
        | Noun::Chair
        | Noun::Table
        | Noun::Bed
        | Noun::Sofa
        | Noun::Bookcase
        | Noun::Box
        | Noun::Basket
        | Noun::Bucket
        | Noun::Jar
        | Noun::Cup => SQUARE,
        Noun::Triangle | Noun::Cheese => TRIANGLE,
        Noun::Star | Noun::Lamp | Noun::Cross => STAR,
    }
}

use Pen::{Body, Fill, Limb, Line};
use Tone::{Base, Dark, Ink, Light, Paper};

/// Sitting, face to us, tail to the right.
const CAT: &[Part] = &[
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
const DOG: &[Part] = &[
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
const RABBIT: &[Part] = &[
    (
        Base,
        Body,
        "M-34-30C-58-70-48-98-34-98C-18-98-10-66-10-34ZM34-30C58-70 48-98 34-98C18-98 10-66 10-34Z",
    ),
    (Light, Line(9.0), "M-32-80Q-32-60-24-46M32-80Q32-60 24-46"),
    (Base, Body, "M-52 60a52 38 0 1 1 104 0a52 36 0 1 1-104 0Z"),
    (Paper, Body, "M34 78a18 16 0 1 1 36 0a18 16 0 1 1-36 0Z"),
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
const BIRD: &[Part] = &[
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
const FISH: &[Part] = &[
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
const CAR: &[Part] = &[
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
const TRUCK: &[Part] = &[
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
const BOAT: &[Part] = &[
    (Ink, Line(9.0), "M4 40V-94"),
    (Base, Body, "M-8-88V18H-74Q-22-24-8-88Z"),
    (Light, Body, "M16-70Q64-24 72 18H16Z"),
    (Base, Body, "M-96 38H96L68 84Q64 90 56 90H-56Q-64 90-68 84Z"),
    (Paper, Line(8.0), "M-70 58H70"),
];

/// From above, flying up.
const PLANE: &[Part] = &[
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
const TREE: &[Part] = &[
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
const FLOWER: &[Part] = &[
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
const CACTUS: &[Part] = &[
    (
        Base,
        Body,
        "M-24 96V-72Q-24-98 0-98Q24-98 24-72V96ZM-16 36H-50Q-82 36-82 4V-28Q-82-42-68-42Q-54-42-54-28V0Q-54 8-46 8H-16ZM16 56H50Q82 56 82 24V-8Q82-22 68-22Q54-22 54-8V20Q54 28 46 28H16Z",
    ),
    (Light, Line(6.0), "M-9-74V86M9-74V86M-68-26V4M68-6V24"),
];

/// A notched round body, a stem and a leaf.
const APPLE: &[Part] = &[
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
const BANANA: &[Part] = &[
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
const PEAR: &[Part] = &[
    (Ink, Line(11.0), "M0-56Q0-80 12-94"),
    (Dark, Body, "M8-64C18-92 48-94 62-86C52-60 30-54 8-64Z"),
    (
        Base,
        Body,
        "M0-64C26-64 30-38 36-14C42 8 72 20 72 52C72 82 42 96 0 96C-42 96-72 82-72 52C-72 20-42 8-36-14C-30-38-26-64 0-64Z",
    ),
    (Light, Line(11.0), "M-48 48Q-44 28-28 16"),
];

/// A hatched oval under a tuft of leaves.
const PINEAPPLE: &[Part] = &[
    (
        Dark,
        Body,
        "M-22-16C-34-40-52-48-66-46C-58-60-42-62-30-58C-36-76-34-84-30-88C-18-82-10-74-8-66L0-98L8-66C10-74 18-82 30-88C34-84 36-76 30-58C42-62 58-60 66-46C52-48 34-40 22-16Z",
    ),
    (
        Base,
        Body,
        "M0-30C46-30 68-2 68 34C68 74 42 97 0 97C-42 97-68 74-68 34C-68-2-46-30 0-30Z",
    ),
    (
        Dark,
        Line(5.0),
        "M-26-8L56 64M-60 26L20 92M26-8L-56 64M60 26L-20 92",
    ),
];

/// A front with a roof, a chimney, a door and two windows.
const HOUSE: &[Part] = &[
    (Dark, Body, "M36-86H60V-30H36Z"),
    (Base, Body, "M-72-8H72V94H-72Z"),
    (Dark, Body, "M-98 0L0-90L98 0Z"),
    (Ink, Fill, "M-18 94V38H18V94Z"),
    (Paper, Fill, "M-58 18H-30V46H-58ZM30 18H58V46H30Z"),
];

/// Battlements, two towers and a gate.
const CASTLE: &[Part] = &[
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
const CHURCH: &[Part] = &[
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

/// A banded tower, its lamp shining to both sides.
const LIGHTHOUSE: &[Part] = &[
    (Light, Fill, "M-20-60L-98-88V-32ZM20-60L98-88V-32Z"),
    (Base, Body, "M-58 96L-36-36H36L58 96Z"),
    (Paper, Fill, "M-42 2H42L48 36H-48Z"),
    (Paper, Body, "M-24-76H24V-42H-24Z"),
    (Ink, Line(6.0), "M0-74V-46"),
    (Base, Body, "M-46-44H46V-30H-46Z"),
    (Base, Body, "M-36-72Q0-120 36-72Z"),
];

const CIRCLE: &[Part] = &[(Base, Body, "M-90 0a90 90 0 1 1 180 0a90 90 0 1 1-180 0Z")];

const SQUARE: &[Part] = &[(Base, Body, "M-82-82H82V82H-82Z")];

const TRIANGLE: &[Part] = &[(Base, Body, "M0-88L94 78H-94Z")];

const STAR: &[Part] = &[(
    Base,
    Body,
    "M0-95L24-29L94-27L39 17L59 84L0 45L-59 84L-39 17L-94-27L-24-29Z",
)];
