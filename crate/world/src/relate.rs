//! Placing one thing so that a relation to another holds: what an editor of scenes does.
//!
//! Truth decides: whatever is found is so by [`verdict_of_relation`], or nothing is found.

use super::body::body;
use super::geometry::{extent, slot};
use super::relation::Relation;
use super::scene::{Hold, Host, SIDE, Scene, SceneError, Thing, check};
use super::truth::{Verdict, verdict_of_relation};
use super::vocabulary::Noun;

/// Distance of the places that are tried, in thousandths of the image's side.
const STEP: i32 = 10;

/// Why two things were not related.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelateError {
    /// An index that is none of the scene's, twice the same, or “between”, which has three ends.
    #[error(
        "a relation needs two different things of the scene, and one of the relations between two"
    )]
    NotTwo,
    /// The nouns cannot be so related.
    #[error("in this world no {} is {} a {}", subject.word(), relation.word(), object.word())]
    Impossible {
        /// The first thing.
        subject: Noun,
        /// What was asked for.
        relation: Relation,
        /// The second thing.
        object: Noun,
    },
    /// The one that holds is too small for the one that is held.
    #[error("the {} is too small for the {}: change their sizes", host.word(), content.word())]
    TooSmall {
        /// What would hold.
        host: Noun,
        /// What would be held.
        content: Noun,
    },
    /// No place in the image does it.
    #[error(
        "there is no place for the {} where the {} is {} it: move the {} first",
        object.word(), subject.word(), relation.word(), subject.word()
    )]
    NoPlace {
        /// The thing that stays.
        subject: Noun,
        /// What was asked for.
        relation: Relation,
        /// The thing that would be moved.
        object: Noun,
    },
}

/// A scene in which the relation holds, and where its two things stand in it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The scene.
    pub scene: Scene,
    /// Index of the first thing.
    pub subject: usize,
    /// Index of the second thing.
    pub object: usize,
}

/// Places the second thing, `object`, so that the first has the relation to it; what it holds goes
/// with it. Layers, the side that it looks to, and who holds what change where the relation needs it.
/// Of all places the one with the least overlap is taken, then the nearest.
///
/// # Errors
/// What cannot be so related.
pub fn related(
    scene: &Scene,
    subject: usize,
    relation: Relation,
    object: usize,
) -> Result<Related, RelateError> {
    let count = scene.things.len();
    if subject == object || subject >= count || object >= count || relation.converse().is_none() {
        return Err(RelateError::NotTwo);
    }
    let nouns = (scene.things[subject].noun, scene.things[object].noun);
    if !relation.is_possible(nouns.0, nouns.1) {
        return Err(RelateError::Impossible {
            subject: nouns.0,
            relation,
            object: nouns.1,
        });
    }
    let mut attempt = Attempt {
        things: scene.things.clone(),
        subject,
        object,
    };
    attempt.things[object].host = None;
    attempt.part();
    let found = match relation.direct(subject, object).0 {
        Relation::On => attempt.held(relation, Hold::On)?,
        Relation::Inside => attempt.held(relation, Hold::Inside)?,
        Relation::Riding => attempt.held(relation, Hold::Riding)?,
        Relation::Carrying => attempt.held(relation, Hold::Carried)?,
        _ => attempt.placed(scene, relation),
    };
    let found = found.filter(|found| found.holds(scene, relation));
    let found = found.ok_or(RelateError::NoPlace {
        subject: nouns.0,
        relation,
        object: nouns.1,
    })?;
    Ok(Related {
        scene: found.scene(scene),
        subject: found.subject,
        object: found.object,
    })
}

#[derive(Clone)]
struct Attempt {
    things: Vec<Thing>,
    subject: usize,
    object: usize,
}

impl Attempt {
    fn scene(&self, like: &Scene) -> Scene {
        Scene {
            things: self.things.clone(),
            ..like.clone()
        }
    }

    fn holds(&self, like: &Scene, relation: Relation) -> bool {
        let checked: Result<(), SceneError> = check(&self.things);
        checked.is_ok()
            && verdict_of_relation(relation, &self.scene(like), self.subject, self.object)
                == Verdict::True
    }

    /// Neither of the two holds the other.
    fn part(&mut self) {
        let pair = [self.subject, self.object];
        for index in pair {
            let held = &mut self.things[index].host;
            if held.is_some_and(|host| pair.contains(&host.thing)) {
                *held = None;
            }
        }
    }

    /// Frees what a thing holds.
    fn empty(&mut self, holder: usize) {
        for thing in &mut self.things {
            if thing.host.is_some_and(|host| host.thing == holder) {
                thing.host = None;
            }
        }
    }

    /// Brings a thing, and what it holds, before all others.
    fn bring_to_front(&mut self, index: usize) {
        let is_in_group =
            |at: usize| at == index || self.things[at].host.is_some_and(|host| host.thing == index);
        let (group, rest): (Vec<usize>, Vec<usize>) =
            (0..self.things.len()).partition(|&at| is_in_group(at));
        let order: Vec<usize> = rest.into_iter().chain(group).collect();
        let place = |before: usize| order.iter().position(|&at| at == before).unwrap_or(before);
        let things = order.iter().map(|&at| {
            let mut thing = self.things[at].clone();
            if let Some(host) = &mut thing.host {
                host.thing = place(host.thing);
            }
            thing
        });
        let things = things.collect();
        (self.subject, self.object) = (place(self.subject), place(self.object));
        self.things = things;
    }

    /// One of the two holds the other.
    fn held(mut self, relation: Relation, hold: Hold) -> Result<Option<Self>, RelateError> {
        let pair = |attempt: &Self| {
            let (_, one, other) = relation.direct(attempt.subject, attempt.object);
            match hold {
                Hold::Carried => (other, one),
                _ => (one, other),
            }
        };
        let (content, host) = pair(&self);
        self.empty(content);
        self.things[content].host = None;
        self.things[host].host = None;
        self.bring_to_front(content);
        let (content, host) = pair(&self);
        let too_small = RelateError::TooSmall {
            host: self.things[host].noun,
            content: self.things[content].noun,
        };
        let place = slot(&self.things[host], hold, &self.things[content]).ok_or(too_small)?;
        let own = extent(&self.things[content]);
        let middle = own.centre().0.clamp(place.least_x, place.most_x);
        if host == self.object {
            // The first thing stays where it is; the holder comes to it, as far as the image goes.
            let (dx, dy) = (own.centre().0 - middle, own.bottom - place.y);
            self.shift(host, dx, dy);
        }
        if let Some(place) = slot(&self.things[host], hold, &self.things[content]) {
            let x = own.centre().0.clamp(place.least_x, place.most_x);
            place.take(&mut self.things[content], x);
        }
        self.things[content].host = Some(Host { thing: host, hold });
        Ok(Some(self))
    }

    /// Moves a thing, and what it holds, as far as the image goes.
    fn shift(&mut self, index: usize, dx: i32, dy: i32) {
        let group: Vec<usize> = (0..self.things.len())
            .filter(|&at| {
                at == index || self.things[at].host.is_some_and(|host| host.thing == index)
            })
            .collect();
        let room = |by: i32, of: fn(&Thing) -> i32| {
            let places = group.iter().map(|&at| of(&self.things[at]));
            let (least, most) = places.fold((SIDE, 0), |(least, most), place| {
                (least.min(place), most.max(place))
            });
            by.clamp(-least, SIDE - most)
        };
        let (dx, dy) = (room(dx, |thing| thing.x), room(dy, |thing| thing.y));
        for at in group {
            self.things[at].x += dx;
            self.things[at].y += dy;
        }
    }

    /// The second thing lies somewhere else.
    fn placed(mut self, scene: &Scene, relation: Relation) -> Option<Self> {
        let (direct, one, other) = relation.direct(self.subject, self.object);
        if direct == Relation::InFrontOf && one < other {
            self.bring_to_front(one);
        }
        let mut ways = vec![self.clone()];
        if direct == Relation::Chasing {
            let looks_left = self.things[self.subject].mirrored;
            for index in [self.subject, self.object] {
                ways[0].things[index].moving = true;
                ways[0].things[index].mirrored = looks_left;
            }
        } else if direct == Relation::Facing && body(self.things[self.object].noun).directed {
            let mut turned = self.clone();
            turned.things[turned.object].mirrored ^= true;
            ways.push(turned);
        }
        let overlaps = direct == Relation::InFrontOf;
        let from = &self.things[self.object];
        let mut best: Option<((i64, usize, i64), Self)> = None;
        for (way, begun) in ways.iter().enumerate() {
            for y in (0..=SIDE).step_by(STEP as usize) {
                for x in (0..=SIDE).step_by(STEP as usize) {
                    let mut candidate = begun.clone();
                    candidate.shift(self.object, x - from.x, y - from.y);
                    let moved = &candidate.things[self.object];
                    let (dx, dy) = (i64::from(moved.x - from.x), i64::from(moved.y - from.y));
                    let cost = (candidate.crowding(overlaps), way, dx * dx + dy * dy);
                    let is_better = best.as_ref().is_none_or(|(least, _)| cost < *least);
                    if is_better && candidate.holds(scene, relation) {
                        best = Some((cost, candidate));
                    }
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// How much of the moved thing lies on others or outside the image, in thousandths squared.
    ///
    /// With `pair` the two may overlap, as they must where one is in front.
    fn crowding(&self, pair: bool) -> i64 {
        let own = extent(&self.things[self.object]);
        let outside = (-own.left).max(0)
            + (-own.top).max(0)
            + (own.right - SIDE).max(0)
            + (own.bottom - SIDE).max(0);
        let others = self.things.iter().enumerate().filter(|(index, thing)| {
            *index != self.object
                && !(pair && *index == self.subject)
                && thing.host.is_none_or(|host| host.thing != self.object)
        });
        let shared: i64 = others
            .map(|(_, thing)| {
                let (across, down) = own.gaps(&extent(thing));
                i64::from((-across).max(0)) * i64::from((-down).max(0))
            })
            .sum();
        shared + 100 * i64::from(outside)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::scene::Split;

    /// Scenes of two to four things, with every two of them.
    fn pairs(scenes: u64) -> impl Iterator<Item = (Scene, usize, usize)> {
        (0..scenes).flat_map(|index| {
            let scene = crate::sample_probe_for_page(Split::Exhibition.seed(index)).scene;
            let count = scene.things.len();
            let pairs = (0..count).flat_map(move |a| (0..count).map(move |b| (a, b)));
            let pairs = pairs.filter(|(a, b)| a != b);
            pairs
                .map(move |(a, b)| (scene.clone(), a, b))
                .collect::<Vec<_>>()
        })
    }

    #[test]
    fn what_is_related_is_so_and_the_scene_can_be_read_again() {
        let mut made = std::collections::BTreeMap::new();
        for (scene, subject, object) in pairs(12) {
            for &relation in Relation::ALL {
                let Ok(found) = related(&scene, subject, relation, object) else {
                    continue;
                };
                let noun = |scene: &Scene, index: usize| scene.things[index].noun;
                assert_eq!(noun(&found.scene, found.subject), noun(&scene, subject));
                assert_eq!(noun(&found.scene, found.object), noun(&scene, object));
                let verdict =
                    verdict_of_relation(relation, &found.scene, found.subject, found.object);
                assert_eq!(verdict, Verdict::True, "{relation:?} in {scene:?}");
                let json = serde_json::to_string(&found.scene).unwrap();
                assert_eq!(serde_json::from_str::<Scene>(&json).unwrap(), found.scene);
                *made.entry(relation.word()).or_insert(0) += 1;
            }
        }
        // Every relation between two was made.
        assert_eq!(made.len(), Relation::ALL.len() - 1, "{made:?}");
    }

    #[test]
    fn the_first_thing_stays_where_the_image_has_room() {
        let (scene, ..) = pairs(1).next().unwrap();
        let found = related(&scene, 0, Relation::LeftOf, 1).unwrap();
        let place = |thing: &Thing| (thing.x, thing.y);
        assert_eq!(
            place(&found.scene.things[found.subject]),
            place(&scene.things[0])
        );
    }

    #[test]
    fn what_cannot_be_is_refused_in_one_sentence() {
        let (scene, ..) = pairs(1).next().unwrap();
        assert_eq!(
            related(&scene, 0, Relation::Above, 0),
            Err(RelateError::NotTwo)
        );
        assert_eq!(
            related(&scene, 0, Relation::Between, 1),
            Err(RelateError::NotTwo)
        );
        assert_eq!(
            related(&scene, 9, Relation::Above, 0),
            Err(RelateError::NotTwo)
        );
        let mut scene = scene;
        scene.things.truncate(2);
        for thing in &mut scene.things {
            (thing.noun, thing.host) = (Noun::House, None);
        }
        let refused = related(&scene, 0, Relation::Riding, 1).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "in this world no house is riding a house"
        );
    }
}
