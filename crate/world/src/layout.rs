//! Where the things of a scene go: each arrangement is built around its first thing, then all such
//! units are placed clear of one another.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::body::{Bounds, SPEED_REACH, body};
use super::geometry::{extent, slot};
use super::relation::{Arrangement, Relation};
use super::scene::{Hold, Host, SIDE, Scene, Thing};
use super::truth::{Verdict, verdict_of_between, verdict_of_relation};

/// Clear space between two units of a sampled scene, in thousandths of the side.
const GAP: i32 = 30;

/// Clear space between a unit and the image's edge: room for outlines and turned corners, so that
/// nothing is cut off.
const MARGIN: i32 = 14;

/// Random layouts tried for one set of things.
const LAYOUT_ATTEMPTS: usize = 12;

/// Random places tried for each unit of a layout.
const PLACE_ATTEMPTS: usize = 16;

/// Gives every thing of the scene its place, and its order: hosts before what they hold, and what
/// is behind before what hides it. `false` if no layout was found in which the arrangement can be
/// plainly seen.
pub(super) fn lay_out(scene: &mut Scene, arrangement: Arrangement, rng: &mut ChaCha8Rng) -> bool {
    let principals = match arrangement {
        Arrangement::Apart => 1,
        Arrangement::Group => alike(&scene.things),
        Arrangement::Between => 3,
        Arrangement::Related(_) => 2,
    };
    let cast = scene.things.clone();
    if cast.len() < principals {
        return false;
    }
    for _ in 0..LAYOUT_ATTEMPTS {
        scene.things.clone_from(&cast);
        // The subject's place in the list may change: what hides comes after what is hidden.
        let Some(subject) = arrange(&mut scene.things[..principals], arrangement, rng) else {
            continue;
        };
        if place_units(&mut scene.things, principals, rng) && is_so(scene, arrangement, subject) {
            return true;
        }
    }
    false
}

/// How many things at the start are alike.
fn alike(things: &[Thing]) -> usize {
    things
        .iter()
        .take_while(|thing| thing.noun == things[0].noun && thing.colour == things[0].colour)
        .count()
}

/// Whether the arrangement is plain to see, and so are the places of two things that stand apart.
fn is_so(scene: &Scene, arrangement: Arrangement, subject: usize) -> bool {
    let plainly = |relation, a, b| verdict_of_relation(relation, scene, a, b) == Verdict::True;
    match arrangement {
        Arrangement::Group => true,
        Arrangement::Apart => {
            scene.things.len() < 2
                || [
                    Relation::LeftOf,
                    Relation::RightOf,
                    Relation::Above,
                    Relation::Below,
                ]
                .into_iter()
                .any(|relation| plainly(relation, 0, 1))
        }
        Arrangement::Between => verdict_of_between(scene, 0, 1, 2) == Verdict::True,
        Arrangement::Related(relation) => plainly(relation, subject, 1 - subject),
    }
}

/// Puts the things of an arrangement around the first, and says where its subject stands in the list
/// then.
fn arrange(things: &mut [Thing], arrangement: Arrangement, rng: &mut ChaCha8Rng) -> Option<usize> {
    let relation = match arrangement {
        Arrangement::Apart => return Some(0),
        Arrangement::Group => {
            group(things, rng);
            return Some(0);
        }
        Arrangement::Between => {
            row(things, rng);
            return Some(0);
        }
        Arrangement::Related(relation) => relation,
    };
    let [subject, object] = things else {
        return None;
    };
    match relation {
        Relation::NextTo => beside(subject, object, rng.random(), 12..55, rng),
        Relation::Facing => {
            let on_right = subject.mirrored;
            beside(subject, object, on_right, 40..260, rng);
        }
        Relation::Chasing => {
            object.mirrored = subject.mirrored;
            (subject.moving, object.moving) = (true, true);
            // Room for the marks behind who flees.
            let marks = SPEED_REACH * object.radius / 100;
            beside(
                subject,
                object,
                subject.mirrored,
                marks + 10..marks + 110,
                rng,
            );
        }
        Relation::InFrontOf => {
            hide_part(subject, object, rng);
            things.swap(0, 1);
            return Some(1);
        }
        Relation::On => hold(subject, object, Hold::On, rng)?,
        Relation::Inside => hold(subject, object, Hold::Inside, rng)?,
        Relation::Riding => hold(subject, object, Hold::Riding, rng)?,
        Relation::Carrying => {
            hold(object, subject, Hold::Carried, rng)?;
            return Some(0);
        }
        _ => return None,
    }
    if object.host.is_none() && subject.host.is_some() {
        things.swap(0, 1);
        return Some(1);
    }
    Some(0)
}

/// Puts a thing where another, yet to stand before it in the list, holds it.
fn hold(content: &mut Thing, host: &mut Thing, hold: Hold, rng: &mut ChaCha8Rng) -> Option<()> {
    (content.turn, host.turn) = (0, 0);
    if hold == Hold::Riding {
        content.mirrored = host.mirrored;
    }
    let slot = slot(host, hold, content)?;
    let x = rng.random_range(slot.least_x..=slot.most_x);
    slot.take(content, x);
    content.host = Some(Host { thing: 0, hold });
    Some(())
}

/// Puts the object beside the subject, both on about the same line.
fn beside(
    subject: &Thing,
    object: &mut Thing,
    on_right: bool,
    gap: std::ops::Range<i32>,
    rng: &mut ChaCha8Rng,
) {
    let (one, other) = (extent(subject), extent(object));
    let gap = rng.random_range(gap);
    object.x += if on_right {
        one.right + gap - other.left
    } else {
        one.left - gap - other.right
    };
    object.y += one.bottom - other.bottom + rng.random_range(-30..=30);
}

/// Puts the subject before the object so that it hides a part of it.
fn hide_part(subject: &mut Thing, object: &Thing, rng: &mut ChaCha8Rng) {
    let (one, other) = (extent(subject), extent(object));
    let half = (one.width() + other.width()) / 2;
    let shift = half * rng.random_range(45..=75) / 100;
    let shift = if rng.random() { shift } else { -shift };
    subject.x += other.centre().0 - one.centre().0 + shift;
    subject.y += other.bottom - one.bottom + rng.random_range(5..=45);
}

/// The first thing in the middle, the second and third on its two sides.
fn row(things: &mut [Thing], rng: &mut ChaCha8Rng) {
    let [middle, one, other] = things else { return };
    if rng.random_range(0..4) > 0 {
        let flip = rng.random();
        beside(middle, one, flip, 20..90, rng);
        beside(middle, other, !flip, 20..90, rng);
    } else {
        let up = rng.random();
        stack(middle, one, up, rng);
        stack(middle, other, !up, rng);
    }
}

/// Puts a thing above or below another.
fn stack(base: &Thing, thing: &mut Thing, above: bool, rng: &mut ChaCha8Rng) {
    let (one, other) = (extent(base), extent(thing));
    let gap = rng.random_range(15..70);
    thing.x += one.centre().0 - other.centre().0 + rng.random_range(-30..=30);
    thing.y += if above {
        one.top - gap - other.bottom
    } else {
        one.bottom + gap - other.top
    };
}

/// Things alike: in a row, in a column, or the third below the middle of the others.
fn group(things: &mut [Thing], rng: &mut ChaCha8Rng) {
    let column = rng.random_range(0..4) == 0;
    for index in 1..things.len() {
        let (before, rest) = things.split_at_mut(index);
        let thing = &mut rest[0];
        if column {
            stack(&before[index - 1], thing, false, rng);
        } else {
            beside(&before[index - 1], thing, true, 15..60, rng);
        }
    }
    if let ([one, other, third], false, true) = (&mut *things, column, rng.random()) {
        let both = extent(one).joined(extent(other));
        let own = extent(third);
        third.x += both.centre().0 - own.centre().0;
        third.y += both.bottom + rng.random_range(15..50) - own.top;
    }
}

/// What a thing fills, marks of speed included.
fn reach(thing: &Thing) -> Bounds {
    let mut extent = extent(thing);
    if thing.moving && body(thing.noun).directed {
        let marks = SPEED_REACH * thing.radius / 100;
        if thing.mirrored {
            extent.left -= marks;
        } else {
            extent.right += marks;
        }
    }
    extent
}

/// Moves the arranged things as one, and the others one by one, to places clear of one another.
fn place_units(things: &mut [Thing], principals: usize, rng: &mut ChaCha8Rng) -> bool {
    let mut units: Vec<std::ops::Range<usize>> = std::iter::once(0..principals)
        .chain((principals..things.len()).map(|index| index..index + 1))
        .collect();
    // Who comes first has the most room.
    units.shuffle(rng);
    let mut taken: Vec<Bounds> = Vec::with_capacity(units.len());
    for unit in units {
        let Some(place) = place(&mut things[unit], &taken, rng) else {
            return false;
        };
        taken.push(place);
    }
    true
}

fn place(unit: &mut [Thing], taken: &[Bounds], rng: &mut ChaCha8Rng) -> Option<Bounds> {
    let room = unit.iter().map(reach).reduce(Bounds::joined)?;
    let (right, down) = (
        SIDE - 2 * MARGIN - room.width(),
        SIDE - 2 * MARGIN - room.height(),
    );
    if right < 0 || down < 0 {
        return None;
    }
    (0..PLACE_ATTEMPTS).find_map(|_| {
        let left = MARGIN + rng.random_range(0..=right);
        let top = MARGIN + rng.random_range(0..=down);
        let place = Bounds {
            left,
            top,
            right: left + room.width(),
            bottom: top + room.height(),
        };
        let clear = taken.iter().all(|other| {
            let (across, down) = place.gaps(other);
            across.max(down) >= GAP
        });
        clear.then(|| {
            for thing in unit.iter_mut() {
                thing.x += left - room.left;
                thing.y += top - room.top;
            }
            place
        })
    })
}
