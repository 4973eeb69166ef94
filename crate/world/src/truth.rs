//! Which relations hold in a scene: read off its numbers, whoever placed the things and for
//! whatever reason. The rules stand in docs/tableau.md.
//!
//! Integers throughout: the same on every platform.

use serde::{Deserialize, Serialize};

use super::body::body;
use super::geometry::{extent, slot};
use super::relation::Relation;
use super::scene::{Hold, Scene, Thing};

/// Things next to each other have at most this clear space between them, in thousandths of the
/// image's side.
const NEAR: i32 = 70;

/// Things that are plainly not next to each other have at least this.
const FAR: i32 = 200;

/// Whether a claim is so. Ordered from false to true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody who looks would say so.
    False,
    /// People might differ: a thing that is as much above another as it is left of it. No caption
    /// that this world makes is so, true or false.
    Unclear,
    /// Everybody who looks would say so.
    True,
}

impl Verdict {
    fn at_most_unclear(self) -> Self {
        self.min(Self::Unclear)
    }
}

/// Decides a relation between two things of a scene, by index. “Between” is never so of two.
///
/// # Panics
/// If an index is not one of the scene's.
pub fn verdict_of_relation(
    relation: Relation,
    scene: &Scene,
    subject: usize,
    object: usize,
) -> Verdict {
    let (relation, subject, object) = relation.direct(subject, object);
    if subject == object {
        return Verdict::False;
    }
    let (a, b) = (&scene.things[subject], &scene.things[object]);
    let hold = hold_of(scene, subject, object);
    let held = hold.is_some() || hold_of(scene, object, subject).is_some();
    match relation {
        Relation::LeftOf | Relation::RightOf | Relation::Above | Relation::Below => {
            let verdict = direction(relation, a, b);
            if held {
                verdict.at_most_unclear()
            } else {
                verdict
            }
        }
        Relation::InFrontOf => {
            if held {
                Verdict::Unclear
            } else {
                in_front(a, b, subject > object)
            }
        }
        Relation::NextTo => {
            if held {
                Verdict::Unclear
            } else {
                next_to(a, b)
            }
        }
        Relation::On => match hold {
            Some(Hold::Riding) => Verdict::Unclear,
            _ => rests(Hold::On, hold, a, b),
        },
        Relation::Inside => rests(Hold::Inside, hold, a, b),
        Relation::Carrying => rests(Hold::Carried, hold_of(scene, object, subject), b, a),
        Relation::Riding => match hold {
            // Who stands on a truck also rides it, perhaps.
            Some(Hold::On) if body(b.noun).directed => Verdict::Unclear,
            _ => rests(Hold::Riding, hold, a, b),
        },
        Relation::Facing => {
            if held {
                Verdict::Unclear
            } else {
                facing(scene, subject, object)
            }
        }
        Relation::Chasing => chasing(scene, subject, object),
        _ => Verdict::False,
    }
}

/// Decides whether a thing is between two others: plainly, if it lies on one side of the one and on
/// the other side of the other; plainly not, if it lies on the same side of both or one of them
/// lies between.
///
/// # Panics
/// If an index is not one of the scene's.
pub fn verdict_of_between(scene: &Scene, middle: usize, one: usize, other: usize) -> Verdict {
    if middle == one || middle == other || one == other {
        return Verdict::False;
    }
    let holds = [middle, one, other].iter().any(|&thing| {
        scene.things[thing]
            .host
            .is_some_and(|host| [middle, one, other].contains(&host.thing))
    });
    let [middle, one, other] = [middle, one, other].map(|thing| &scene.things[thing]);
    let plainly = |relation, a: &Thing, b: &Thing| direction(relation, a, b) == Verdict::True;
    let separates = |m: &Thing, a: &Thing, b: &Thing| {
        [
            (Relation::LeftOf, Relation::RightOf),
            (Relation::RightOf, Relation::LeftOf),
            (Relation::Above, Relation::Below),
            (Relation::Below, Relation::Above),
        ]
        .into_iter()
        .any(|(this, that)| plainly(this, m, a) && plainly(that, m, b))
    };
    let beside = DIRECTIONS
        .iter()
        .any(|&side| plainly(side, middle, one) && plainly(side, middle, other));
    if separates(middle, one, other) {
        if holds {
            Verdict::Unclear
        } else {
            Verdict::True
        }
    } else if beside || separates(one, middle, other) || separates(other, middle, one) {
        Verdict::False
    } else {
        Verdict::Unclear
    }
}

const DIRECTIONS: [Relation; 4] = [
    Relation::LeftOf,
    Relation::RightOf,
    Relation::Above,
    Relation::Below,
];

/// With `d` the distance of the middles in the direction and `e` across it: true if the boxes are
/// apart in the direction and `d ≥ 2 |e|` (within 27° of it); false if they are not apart in it
/// and `2 d ≤ |e|` (within 27° of the perpendicular, or on the other side); else unclear.
fn direction(relation: Relation, subject: &Thing, object: &Thing) -> Verdict {
    let (a, b) = (extent(subject), extent(object));
    let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
    let (along, across, gap) = match relation {
        Relation::LeftOf => (bx - ax, by - ay, b.left - a.right),
        Relation::RightOf => (ax - bx, by - ay, a.left - b.right),
        Relation::Above => (by - ay, bx - ax, b.top - a.bottom),
        _ => (ay - by, bx - ax, a.top - b.bottom),
    };
    if gap >= 0 && along >= 2 * across.abs() {
        Verdict::True
    } else if gap < 0 && 2 * along <= across.abs() {
        Verdict::False
    } else {
        Verdict::Unclear
    }
}

/// A thing is in front of another if it is drawn later and hides a good part of it, though not
/// most. Where the boxes are apart it is not, unless it lies lower in the image, which could be
/// nearer to who looks.
fn in_front(a: &Thing, b: &Thing, a_is_later: bool) -> Verdict {
    let (one, other) = (extent(a), extent(b));
    let (across, down) = one.gaps(&other);
    if across >= 0 || down >= 0 {
        let lower = direction(Relation::Below, a, b);
        return if lower == Verdict::False {
            Verdict::False
        } else {
            Verdict::Unclear
        };
    }
    if !a_is_later {
        return Verdict::False;
    }
    let shared = i64::from(across) * i64::from(down);
    let hidden = i64::from(other.width()) * i64::from(other.height());
    let enough = -4 * across >= one.width().min(other.width())
        && -2 * down >= one.height().min(other.height());
    if enough && 5 * shared <= 3 * hidden {
        Verdict::True
    } else {
        Verdict::Unclear
    }
}

/// Side by side and close; what is above or below is not called so, nor denied unless far away.
fn next_to(a: &Thing, b: &Thing) -> Verdict {
    let (one, other) = (extent(a), extent(b));
    let (across, down) = one.gaps(&other);
    let apart = across.max(down);
    let slip = (one.centre().1 - other.centre().1).abs();
    if (0..=NEAR).contains(&across) && 2 * slip <= one.height().max(other.height()) && down < 0 {
        Verdict::True
    } else if apart >= FAR {
        Verdict::False
    } else {
        Verdict::Unclear
    }
}

/// How the one thing is held by the other, as the scene says.
fn hold_of(scene: &Scene, content: usize, host: usize) -> Option<Hold> {
    scene.things[content]
        .host
        .filter(|held| held.thing == host)
        .map(|held| held.hold)
}

/// Whether the scene says that a thing is so held, and the thing lies where such a hold is. A thing
/// that only happens to lie there is unclear.
fn rests(kind: Hold, said: Option<Hold>, content: &Thing, host: &Thing) -> Verdict {
    let lies_there = || slot(host, kind, content).is_some_and(|slot| slot.holds(content));
    match said {
        Some(hold) if hold == kind && lies_there() => Verdict::True,
        Some(hold) if hold == kind => Verdict::Unclear,
        Some(_) => Verdict::False,
        None if lies_there() => Verdict::Unclear,
        None => Verdict::False,
    }
}

/// Who looks to a side at which the other plainly is, nothing standing between, faces it; who plainly
/// turns its back does not. What has no face is not asked.
fn facing(scene: &Scene, subject: usize, object: usize) -> Verdict {
    let (a, b) = (&scene.things[subject], &scene.things[object]);
    if !body(a.noun).directed {
        return Verdict::Unclear;
    }
    let (ahead, behind) = if a.mirrored {
        (Relation::LeftOf, Relation::RightOf)
    } else {
        (Relation::RightOf, Relation::LeftOf)
    };
    if direction(ahead, a, b) == Verdict::True {
        let (one, other) = (extent(a), extent(b));
        let both = one.joined(other);
        let blocked = scene.things.iter().enumerate().any(|(index, third)| {
            let extent = extent(third);
            let (across, down) = extent.gaps(&both);
            let middle = extent.centre().0;
            index != subject
                && index != object
                && across < 0
                && down < 0
                && middle > one.left.min(other.left)
                && middle < one.right.max(other.right)
        });
        if blocked {
            Verdict::Unclear
        } else {
            Verdict::True
        }
    } else if direction(behind, a, b) == Verdict::True {
        Verdict::False
    } else {
        Verdict::Unclear
    }
}

/// Who runs after another that runs away from it chases it. Who stands does not chase, nor is who
/// runs ahead the chaser.
fn chasing(scene: &Scene, subject: usize, object: usize) -> Verdict {
    let (a, b) = (&scene.things[subject], &scene.things[object]);
    if !body(a.noun).directed || !body(b.noun).directed {
        return Verdict::False;
    }
    let follows = facing(scene, subject, object);
    let flees = facing(scene, object, subject);
    match (a.moving, b.moving) {
        (true, true) if follows == Verdict::True && flees == Verdict::False => Verdict::True,
        (true, true) if follows == Verdict::False => Verdict::False,
        (true, _) => Verdict::Unclear,
        (false, _) => Verdict::False,
    }
}
