//! What a noun's figure offers to other things: what it fills, what can stand on it, sit on it,
//! be held by it or lie in it.
//!
//! In the figure's own units: ±100 in both directions, y down, unmirrored and unturned.

use super::vocabulary::{Category, Noun};

/// How far marks of speed reach behind a figure's bounds.
pub(super) const SPEED_REACH: i32 = 44;

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
    /// What of the figure's box it fills, outline included.
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
        Noun::Cat => Body::filling(-80, -98, 90, 98),
        Noun::Dog => Body::filling(-98, -88, 96, 98),
        Noun::Rabbit => Body::filling(-80, -98, 80, 98),
        Noun::Bird => Body::filling(-98, -90, 98, 96),
        Noun::Fish => Body::filling(-98, -72, 98, 76),
        Noun::Horse => Body::filling(-98, -98, 96, 98).with_seat(12, 24),
        Noun::Elephant => Body::filling(-98, -80, 96, 90).with_seat(20, 0),
        Noun::Turtle => Body::filling(-98, -60, 96, 64).with_seat(14, -20),
        Noun::Doctor
        | Noun::Chef
        | Noun::Farmer
        | Noun::Astronaut
        | Noun::King
        | Noun::Pirate
        | Noun::Firefighter => Body::filling(-64, -98, 60, 98).with_hand(-66, 4),
        Noun::Tree | Noun::Palm => Body::filling(-92, -98, 92, 98),
        Noun::Flower => Body::filling(-64, -98, 64, 98),
        Noun::Cactus => Body::filling(-88, -98, 88, 98),
        Noun::Bush => Body::filling(-98, -66, 98, 80),
        Noun::Car => Body::filling(-98, -62, 98, 66),
        Noun::Truck => Body::filling(-98, -66, 98, 72).with_top(6, -10, 92),
        Noun::Boat => Body::filling(-98, -98, 98, 92).with_seat(24, 62),
        Noun::Plane => Body::filling(-98, -66, 98, 62),
        Noun::Bicycle => Body::filling(-98, -66, 98, 78).with_seat(14, 56),
        Noun::Train => Body::filling(-98, -76, 98, 76),
        Noun::Balloon => Body::filling(-72, -98, 72, 98),
        Noun::House | Noun::Castle | Noun::Church | Noun::Lighthouse => {
            Body::filling(-98, -98, 98, 98)
        }
        Noun::Windmill => Body::filling(-90, -98, 90, 98),
        Noun::Tent => Body::filling(-98, -84, 98, 80),
        Noun::Chair => Body::filling(-60, -98, 60, 98).with_top(14, -46, 40),
        Noun::Table => Body::filling(-98, -50, 98, 74).with_top(-44, -88, 88),
        Noun::Bed => Body::filling(-98, -60, 98, 66).with_top(-4, -40, 80),
        Noun::Lamp => Body::filling(-60, -98, 60, 98),
        Noun::Sofa => Body::filling(-98, -58, 98, 66).with_top(10, -62, 62),
        Noun::Bookcase => Body::filling(-76, -98, 76, 98).with_top(-94, -64, 64),
        Noun::Box => Body::filling(-98, -40, 98, 90).with_hollow(-70, -20, 70, 30),
        Noun::Basket => Body::filling(-98, -90, 98, 90).with_hollow(-70, -4, 70, 44),
        Noun::Bucket => Body::filling(-82, -98, 82, 96).with_hollow(-60, -30, 60, 14),
        Noun::Jar => Body::filling(-80, -98, 80, 98).with_hollow(-64, -50, 64, 84),
        Noun::Cup => Body::filling(-92, -70, 98, 84).with_hollow(-62, -50, 62, -4),
        Noun::Apple => Body::filling(-94, -98, 94, 98),
        Noun::Banana => Body::filling(-92, -88, 98, 78),
        Noun::Pear => Body::filling(-78, -98, 78, 98),
        Noun::Pineapple => Body::filling(-74, -98, 74, 98),
        Noun::Carrot => Body::filling(-60, -98, 60, 98),
        Noun::Cake => Body::filling(-92, -90, 92, 84),
        Noun::Cheese => Body::filling(-98, -60, 98, 70),
        Noun::Circle => Body::filling(-98, -98, 98, 98),
        Noun::Square => Body::filling(-90, -90, 90, 90).with_top(-88, -78, 78),
        Noun::Triangle => Body::filling(-98, -96, 98, 84),
        Noun::Star => Body::filling(-98, -98, 98, 92),
        Noun::Heart => Body::filling(-98, -88, 98, 92),
        Noun::Cross => Body::filling(-98, -98, 98, 98),
    }
}
