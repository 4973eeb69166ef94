//! Where a thing's figure lies in the image, in thousandths of its side.

use super::body::{Bounds, Point, Shelf, body};
use super::scene::{Hold, Thing};
use super::vocabulary::Noun;

/// How far off its host's place a held thing may lie: rounding, and a little care.
const TOLERANCE: i32 = 6;

/// The most of a thing's height that a container's wall hides, in per cent.
const MOST_HIDDEN: i32 = 40;

impl Thing {
    /// What of the image its figure fills: left, top, right and bottom, in thousandths of the
    /// image's side. The figure's turn is left out of account.
    pub fn extent(&self) -> [i32; 4] {
        let Bounds {
            left,
            top,
            right,
            bottom,
        } = extent(self);
        [left, top, right, bottom]
    }

    /// Whether it looks to the right; `None` for what has no front.
    pub fn looks_right(&self) -> Option<bool> {
        body(self.noun).directed.then_some(self.mirrored)
    }
}

/// Whether the container is see-through, so that its front hides nothing of its content.
const fn is_of_glass(noun: Noun) -> bool {
    matches!(noun, Noun::Jar)
}

/// The part of the image that the figure fills.
pub(super) fn extent(thing: &Thing) -> Bounds {
    placed(thing, body(thing.noun).bounds)
}

fn placed(thing: &Thing, bounds: Bounds) -> Bounds {
    let (left, right) = if thing.mirrored {
        (-bounds.right, -bounds.left)
    } else {
        (bounds.left, bounds.right)
    };
    Bounds {
        left: thing.x + scaled(thing, left),
        top: thing.y + scaled(thing, bounds.top),
        right: thing.x + scaled(thing, right),
        bottom: thing.y + scaled(thing, bounds.bottom),
    }
}

fn scaled(thing: &Thing, units: i32) -> i32 {
    units * thing.radius / 100
}

fn point(thing: &Thing, at: Point) -> (i32, i32) {
    let x = if thing.mirrored { -at.x } else { at.x };
    (thing.x + scaled(thing, x), thing.y + scaled(thing, at.y))
}

impl Bounds {
    pub(super) fn centre(&self) -> (i32, i32) {
        ((self.left + self.right) / 2, (self.top + self.bottom) / 2)
    }

    pub(super) fn width(&self) -> i32 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> i32 {
        self.bottom - self.top
    }

    pub(super) fn joined(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Clear space between the two boxes, across and down; negative by how far they overlap.
    pub(super) fn gaps(&self, other: &Self) -> (i32, i32) {
        (
            (self.left - other.right).max(other.left - self.right),
            (self.top - other.bottom).max(other.top - self.bottom),
        )
    }
}

/// Where a host holds a thing in a certain way: how far right the middle of the thing's extent may
/// lie, how far down the thing's lowest point (or for what is carried its middle) lies. `None` if
/// the host offers no such place, or too small a one.
pub(super) fn slot(host: &Thing, hold: Hold, content: &Thing) -> Option<Slot> {
    let place = body(host.noun);
    let extent = extent(content);
    match hold {
        Hold::On => {
            let Shelf { y, left, right } = place.top?;
            let shelf = placed(
                host,
                Bounds {
                    left,
                    top: y,
                    right,
                    bottom: y,
                },
            );
            Slot::between(&shelf, extent.width())
        }
        Hold::Inside => {
            let mut hollow = placed(host, place.hollow?);
            // Content that the wall would hide for the most part sits higher, as on a pile.
            if !is_of_glass(host.noun) {
                let hidden = extent.height() * MOST_HIDDEN / 100;
                hollow.bottom = hollow.bottom.min(hollow.top + hidden);
            }
            Slot::between(&hollow, extent.width())
        }
        Hold::Riding => {
            let (x, y) = point(host, place.seat?);
            Some(Slot {
                least_x: x,
                most_x: x,
                y,
            })
        }
        Hold::Carried => {
            let (x, y) = point(host, place.hand?);
            Some(Slot {
                least_x: x,
                most_x: x,
                y: y + extent.height() / 2,
            })
        }
    }
}

/// A place for a held thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The middle of the thing's extent lies between these.
    pub(super) least_x: i32,
    pub(super) most_x: i32,
    /// Its lowest point lies here.
    pub(super) y: i32,
}

impl Slot {
    fn between(room: &Bounds, width: i32) -> Option<Self> {
        let slack = room.width() - width;
        let half = width / 2;
        (slack >= 0).then_some(Self {
            least_x: room.left + half,
            most_x: room.right - half,
            y: room.bottom,
        })
    }

    /// Moves the thing here, `x` being the middle of its extent.
    pub(super) fn take(&self, content: &mut Thing, x: i32) {
        let extent = extent(content);
        content.x += x - extent.centre().0;
        content.y += self.y - extent.bottom;
    }

    /// Whether the thing lies here.
    pub(super) fn holds(&self, content: &Thing) -> bool {
        let extent = extent(content);
        let middle = extent.centre().0;
        (self.least_x - TOLERANCE..=self.most_x + TOLERANCE).contains(&middle)
            && (extent.bottom - self.y).abs() <= TOLERANCE
    }
}
