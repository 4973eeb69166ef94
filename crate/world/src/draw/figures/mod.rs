//! What each noun looks like, as SVG path data.
//!
//! Coordinates run over ±100 in both directions, y down, the figure's box; parts are painted in
//! order. A figure fills its box in at least one direction, so that size says size.
//! [`body`](crate::body) says where on it other things find a place.

mod animals;
mod buildings;
mod containers;
mod food;
mod furniture;
mod pen;
mod people;
mod plants;
mod shapes;
mod vehicles;

use std::sync::LazyLock;

use tiny_skia::Path;

use self::pen::{Part, layers};
use crate::body::{Bounds, SPEED_REACH, body};
use crate::vocabulary::Noun;

pub(super) use self::pen::Layer;

/// A figure's coordinates run over ± this.
pub(super) const FIGURE_REACH: f32 = 100.0;

/// Width of a mark of speed.
const SPEED_WIDTH: f32 = 11.0;

/// A noun's figure, its layers from back to front.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Behind whatever the figure holds.
    pub(super) back: Vec<Layer>,
    /// In front of it.
    pub(super) front: Vec<Layer>,
}

/// The figure of a noun. Made once: strokes are turned into fills here, because stroking costs
/// more than all the rest of drawing.
pub(super) fn figure(noun: Noun) -> &'static Figure {
    static FIGURES: LazyLock<Vec<Figure>> = LazyLock::new(|| {
        let all = |groups: &[&[Part]]| {
            let parts = groups.iter().copied().flatten();
            parts.flat_map(layers).collect()
        };
        let drawings = Noun::ALL.iter().map(|&noun| drawing(noun));
        drawings
            .map(|(back, front)| Figure {
                back: all(back),
                front: all(front),
            })
            .collect()
    });
    &FIGURES[noun as usize]
}

/// Three lines behind a noun's figure: it is moving.
pub(super) fn speed_marks(noun: Noun) -> &'static Path {
    static MARKS: LazyLock<Vec<Path>> = LazyLock::new(|| {
        let bounds = Noun::ALL.iter().map(|&noun| body(noun).bounds);
        bounds
            .map(
                |Bounds {
                     top, right, bottom, ..
                 }| {
                    let height = bottom - top;
                    let (near, far) = (right + 10, right + SPEED_REACH);
                    let line = |y: i32, from: i32, to: i32| format!("M{from} {y}H{to}");
                    let data = [
                        line(top + height * 28 / 100, near + 4, far - 8),
                        line(top + height * 50 / 100, near, far - 4),
                        line(top + height * 72 / 100, near + 4, far - 8),
                    ];
                    pen::line(&data.concat(), SPEED_WIDTH)
                },
            )
            .collect()
    });
    &MARKS[noun as usize]
}

/// Groups of parts: those behind, and those in front of, what the figure holds.
type Drawing = (&'static [&'static [Part]], &'static [&'static [Part]]);

const fn drawing(noun: Noun) -> Drawing {
    match noun {
        Noun::Cat => (&[animals::CAT], &[]),
        Noun::Dog => (&[animals::DOG], &[]),
        Noun::Rabbit => (&[animals::RABBIT], &[]),
        Noun::Bird => (&[animals::BIRD], &[]),
        Noun::Fish => (&[animals::FISH], &[]),
        Noun::Horse => (&[animals::HORSE], &[]),
        Noun::Elephant => (&[animals::ELEPHANT], &[]),
        Noun::Turtle => (&[animals::TURTLE], &[]),
        Noun::Doctor => (people::DOCTOR, people::ARM),
        Noun::Chef => (people::CHEF, people::ARM),
        Noun::Farmer => (people::FARMER, people::FARMER_ARM),
        Noun::Astronaut => (people::ASTRONAUT, people::ASTRONAUT_ARM),
        Noun::King => (people::KING, people::ARM),
        Noun::Pirate => (people::PIRATE, people::ARM),
        Noun::Firefighter => (people::FIREFIGHTER, people::ARM),
        Noun::Tree => (&[plants::TREE], &[]),
        Noun::Flower => (&[plants::FLOWER], &[]),
        Noun::Cactus => (&[plants::CACTUS], &[]),
        Noun::Palm => (&[plants::PALM], &[]),
        Noun::Bush => (&[plants::BUSH], &[]),
        Noun::Car => (&[vehicles::CAR], &[]),
        Noun::Truck => (&[vehicles::TRUCK], &[]),
        Noun::Boat => (&[vehicles::BOAT], &[vehicles::HULL]),
        Noun::Plane => (&[vehicles::PLANE], &[]),
        Noun::Bicycle => (&[vehicles::BICYCLE], &[]),
        Noun::Train => (&[vehicles::TRAIN], &[]),
        Noun::Balloon => (&[vehicles::BALLOON], &[]),
        Noun::House => (&[buildings::HOUSE], &[]),
        Noun::Castle => (&[buildings::CASTLE], &[]),
        Noun::Church => (&[buildings::CHURCH], &[]),
        Noun::Lighthouse => (&[buildings::LIGHTHOUSE], &[]),
        Noun::Windmill => (&[buildings::WINDMILL], &[]),
        Noun::Tent => (&[buildings::TENT], &[]),
        Noun::Chair => (&[furniture::CHAIR], &[]),
        Noun::Table => (&[furniture::TABLE], &[]),
        Noun::Bed => (&[furniture::BED], &[]),
        Noun::Lamp => (&[furniture::LAMP], &[]),
        Noun::Sofa => (&[furniture::SOFA], &[]),
        Noun::Bookcase => (&[furniture::BOOKCASE], &[]),
        Noun::Box => (&[containers::BOX], &[containers::BOX_FRONT]),
        Noun::Basket => (&[containers::BASKET], &[containers::BASKET_FRONT]),
        Noun::Bucket => (&[containers::BUCKET], &[containers::BUCKET_FRONT]),
        Noun::Jar => (&[containers::JAR], &[containers::JAR_FRONT]),
        Noun::Cup => (&[containers::CUP], &[containers::CUP_FRONT]),
        Noun::Apple => (&[food::APPLE], &[]),
        Noun::Banana => (&[food::BANANA], &[]),
        Noun::Pear => (&[food::PEAR], &[]),
        Noun::Pineapple => (&[food::PINEAPPLE], &[]),
        Noun::Carrot => (&[food::CARROT], &[]),
        Noun::Cake => (&[food::CAKE], &[]),
        Noun::Cheese => (&[food::CHEESE], &[]),
        Noun::Circle => (&[shapes::CIRCLE], &[]),
        Noun::Square => (&[shapes::SQUARE], &[]),
        Noun::Triangle => (&[shapes::TRIANGLE], &[]),
        Noun::Star => (&[shapes::STAR], &[]),
        Noun::Heart => (&[shapes::HEART], &[]),
        Noun::Cross => (&[shapes::CROSS], &[]),
    }
}
