//! What a noun's figure offers to other things: what it fills, what can stand on it, sit on it,
//! be held by it or lie in it.
//!
//! In the figure's own units: ±100 in both directions, y down, unmirrored and unturned.

use super::vocabulary::{Category, Noun};

/// How far marks of speed reach behind a figure's bounds.
pub(super) const SPEED_REACH: i32 = 50;

/// A place on a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// A part of a figure's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// A level line that things can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shelf {
    pub(super) y: i32,
    pub(super) left: i32,
    pub(super) right: i32,
}

/// What a noun's figure offers to other things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// The part of the figure's box that it fills, outline included.
    pub(super) bounds: Bounds,
    /// Whether it looks to one side: left unless mirrored.
    pub(super) directed: bool,
    /// Where things can stand. They are drawn in front of the figure.
    pub(super) top: Option<Shelf>,
    /// Where a rider's lowest point is. It may lie below the figure's back, so that a rider is
    /// astride; the figure's front layers are drawn over the rider.
    pub(super) seat: Option<Point>,
    /// Where a person holds a small thing: the thing's centre. The holding arm is drawn over it.
    pub(super) hand: Option<Point>,
    /// The room for a container's content: it rests on the bottom, between the sides. The front
    /// layers hide what of it is below the top (but not a jar's, which is of glass); what is
    /// above the top shows over the rim.
    pub(super) hollow: Option<Bounds>,
}

impl Body {
    const fn filling(left: i32, top: i32, right: i32, bottom: i32) -> Self {
        Self {
            bounds: Bounds {
                left,
                top,
                right,
                bottom,
            },
            directed: false,
            top: None,
            seat: None,
            hand: None,
            hollow: None,
        }
    }

    const fn with_top(mut self, y: i32, left: i32, right: i32) -> Self {
        self.top = Some(Shelf { y, left, right });
        self
    }

    const fn with_seat(mut self, x: i32, y: i32) -> Self {
        self.seat = Some(Point { x, y });
        self
    }

    const fn with_hand(mut self, x: i32, y: i32) -> Self {
        self.hand = Some(Point { x, y });
        self
    }

    const fn with_hollow(mut self, left: i32, top: i32, right: i32, bottom: i32) -> Self {
        self.hollow = Some(Bounds {
            left,
            top,
            right,
            bottom,
        });
        self
    }
}

/// The body of a noun's figure.
pub(super) const fn body(noun: Noun) -> Body {
    let mut body = shape(noun);
    body.directed = match noun.category() {
        Category::Animal | Category::Person => true,
        Category::Vehicle => !matches!(noun, Noun::Balloon),
        _ => false,
    };
    body
}

const fn shape(noun: Noun) -> Body {
    match noun {
        Noun::Cat => Body::filling(-99, -97, 98, 97),
        Noun::Dog => Body::filling(-99, -91, 99, 98),
        Noun::Rabbit => Body::filling(-88, -97, 96, 98),
        Noun::Bird => Body::filling(-98, -83, 97, 96),
        Noun::Fish => Body::filling(-98, -67, 97, 76),
        Noun::Horse => Body::filling(-98, -98, 99, 98).with_seat(12, 24),
        Noun::Elephant => Body::filling(-99, -72, 99, 94).with_seat(20, 0),
        Noun::Turtle => Body::filling(-96, -59, 97, 64).with_seat(14, -20),
        Noun::Doctor => Body::filling(-98, -98, 98, 98).with_hand(-76, 14),
        Noun::Chef => Body::filling(-98, -99, 90, 98).with_hand(-76, 14),
        Noun::Farmer => Body::filling(-98, -98, 90, 98).with_hand(-76, 14),
        Noun::Astronaut => Body::filling(-95, -98, 79, 98).with_hand(-76, 14),
        Noun::King => Body::filling(-98, -99, 84, 98).with_hand(-76, 14),
        Noun::Pirate => Body::filling(-97, -98, 93, 98).with_hand(-76, 14),
        Noun::Firefighter => Body::filling(-98, -98, 100, 99).with_hand(-76, 14),
        Noun::Tree => Body::filling(-99, -93, 99, 98),
        Noun::Palm => Body::filling(-99, -99, 99, 99),
        Noun::Flower => Body::filling(-63, -97, 63, 100),
        Noun::Cactus => Body::filling(-88, -98, 88, 98),
        Noun::Bush => Body::filling(-98, -67, 98, 90),
        Noun::Car => Body::filling(-98, -67, 98, 63),
        Noun::Truck => Body::filling(-98, -73, 99, 71).with_top(2, -18, 88),
        Noun::Boat => Body::filling(-98, -97, 95, 95).with_seat(28, 50),
        Noun::Plane => Body::filling(-99, -71, 99, 69),
        Noun::Bicycle => Body::filling(-99, -58, 99, 78).with_seat(14, 14),
        Noun::Train => Body::filling(-99, -98, 99, 70),
        Noun::Balloon => Body::filling(-79, -99, 79, 99),
        Noun::House => Body::filling(-98, -95, 98, 98),
        Noun::Castle => Body::filling(-98, -99, 98, 98),
        Noun::Church => Body::filling(-97, -99, 98, 98),
        Noun::Lighthouse => Body::filling(-98, -99, 98, 98),
        Noun::Windmill => Body::filling(-93, -99, 93, 98),
        Noun::Tent => Body::filling(-97, -69, 97, 73),
        Noun::Chair => Body::filling(-59, -98, 59, 98).with_top(14, -46, 40),
        Noun::Table => Body::filling(-98, -59, 98, 86).with_top(-28, -74, 74),
        Noun::Bed => Body::filling(-98, -59, 98, 69).with_top(6, -66, 66),
        Noun::Lamp => Body::filling(-69, -98, 69, 98),
        Noun::Sofa => Body::filling(-98, -61, 98, 72).with_top(16, -58, 58),
        Noun::Bookcase => Body::filling(-76, -98, 76, 98).with_top(-94, -64, 64),
        Noun::Box => Body::filling(-98, -69, 98, 91).with_hollow(-70, -4, 70, 12),
        Noun::Basket => Body::filling(-98, -99, 98, 87).with_hollow(-66, -10, 66, 6),
        Noun::Bucket => Body::filling(-83, -95, 83, 98).with_hollow(-64, -20, 64, 4),
        Noun::Jar => Body::filling(-89, -98, 89, 98).with_hollow(-64, -50, 64, 58),
        Noun::Cup => Body::filling(-85, -75, 99, 87).with_hollow(-66, -42, 54, -18),
        Noun::Apple => Body::filling(-94, -96, 94, 97),
        Noun::Banana => Body::filling(-89, -84, 99, 77),
        Noun::Pear => Body::filling(-78, -98, 78, 98),
        Noun::Pineapple => Body::filling(-75, -99, 75, 98),
        Noun::Carrot => Body::filling(-57, -99, 57, 99),
        Noun::Cake => Body::filling(-98, -99, 98, 91),
        Noun::Cheese => Body::filling(-98, -65, 98, 73),
        Noun::Circle => Body::filling(-98, -98, 98, 98),
        Noun::Square => Body::filling(-98, -98, 98, 98),
        Noun::Triangle => Body::filling(-98, -91, 98, 85),
        Noun::Star => Body::filling(-98, -98, 98, 89),
        Noun::Heart => Body::filling(-97, -87, 97, 94),
        Noun::Cross => Body::filling(-98, -98, 98, 98),
    }
}
