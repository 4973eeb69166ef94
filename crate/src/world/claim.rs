//! What a caption means, and whether it is so.
//!
//! The judge of every caption. It reads positions, colours and names off the scene and knows
//! nothing of how captions are made, so that a caption's truth never rests on its maker's word.

use serde::{Deserialize, Serialize};

use super::scene::{Scene, Thing};
use super::vocabulary::{Category, Colour, Ground, Noun, Relation, Size};

/// What a description calls a thing: a node of the taxonomy, from the most specific level to
/// the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Concept {
    /// “cat”.
    Noun(Noun),
    /// “animal”.
    Category(Category),
    /// “thing”, true of everything.
    Thing,
}

impl Concept {
    /// Whether a thing of this noun falls under the concept.
    pub fn includes(self, noun: Noun) -> bool {
        match self {
            Self::Noun(own) => own == noun,
            Self::Category(category) => noun.category() == category,
            Self::Thing => true,
        }
    }

    /// As captions write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Noun(noun) => noun.word(),
            Self::Category(category) => category.word(),
            Self::Thing => "thing",
        }
    }
}

/// One thing as a caption speaks of it. What is `None` is left unsaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Description {
    /// What it is called.
    pub concept: Concept,
    /// Its colour, if said.
    pub colour: Option<Colour>,
    /// Its size, if said.
    pub size: Option<Size>,
}

impl Description {
    /// The bare name, nothing else said.
    pub const fn of(concept: Concept) -> Self {
        Self {
            concept,
            colour: None,
            size: None,
        }
    }

    /// Whether all that is said is so of this thing.
    pub fn fits(&self, thing: &Thing) -> bool {
        self.concept.includes(thing.noun)
            && self.colour.is_none_or(|colour| colour == thing.colour)
            && self.size.is_none_or(|size| size == thing.size)
    }
}

/// The meaning of a caption: there are these things, all different, so related, on this ground.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// The things, in the order of mention.
    pub things: Vec<Description>,
    /// `relations[i]` holds between `things[i]` and `things[i + 1]`; where there is none, the
    /// two are only listed. Entries without a pair of things say nothing.
    pub relations: Vec<Relation>,
    /// What they are on, if said.
    pub ground: Option<Ground>,
}

/// Whether a claim is so. Ordered from false to true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nobody who looks would say so.
    False,
    /// People might differ: a thing that is as much above another as it is left of it.
    /// Sampled scenes have no such pairs, edited ones may.
    Unclear,
    /// Everybody who looks would say so.
    True,
}

impl Claim {
    /// There are these things, with nothing said of how they relate or where they are.
    pub const fn list(things: Vec<Description>) -> Self {
        Self {
            things,
            relations: Vec::new(),
            ground: None,
        }
    }

    /// Decides the claim: the best verdict over all ways of taking the descriptions for
    /// different things of the scene, each way as good as its least certain relation.
    pub fn verdict(&self, scene: &Scene) -> Verdict {
        if self.ground.is_some_and(|ground| ground != scene.ground) {
            return Verdict::False;
        }
        self.best_assignment(scene, &mut Vec::with_capacity(self.things.len()))
    }

    /// Whether the claim is plainly true of the scene.
    pub fn holds(&self, scene: &Scene) -> bool {
        self.verdict(scene) == Verdict::True
    }

    fn best_assignment(&self, scene: &Scene, taken: &mut Vec<usize>) -> Verdict {
        let Some(description) = self.things.get(taken.len()) else {
            return Verdict::True;
        };
        let mut best = Verdict::False;
        for (index, thing) in scene.things.iter().enumerate() {
            if taken.contains(&index) || !description.fits(thing) {
                continue;
            }
            let related = match taken.last() {
                Some(&previous) => self
                    .relations
                    .get(taken.len() - 1)
                    .map_or(Verdict::True, |&relation| {
                        verdict_of_relation(relation, &scene.things[previous], thing)
                    }),
                None => Verdict::True,
            };
            taken.push(index);
            best = best.max(related.min(self.best_assignment(scene, taken)));
            taken.pop();
        }
        best
    }
}

/// Decides one relation between two things from their centres and extents.
///
/// With `d` the distance of the centres in the relation's direction and `e` across it: true if
/// the boxes are apart in that direction and `d ≥ 2 |e|` (within 27° of the direction); false
/// if they are not apart in it and `2 d ≤ |e|` (within 27° of the perpendicular, or on the other
/// side); else unclear. Integers throughout: the same on every platform.
pub fn verdict_of_relation(relation: Relation, subject: &Thing, object: &Thing) -> Verdict {
    let right = i64::from(subject.x) - i64::from(object.x);
    let down = i64::from(subject.y) - i64::from(object.y);
    let (along, across) = match relation {
        Relation::LeftOf => (-right, down),
        Relation::RightOf => (right, down),
        Relation::Above => (-down, right),
        Relation::Below => (down, right),
    };
    let reach = i64::from(subject.radius) + i64::from(object.radius);
    let apart = along >= reach;
    if apart && along >= 2 * across.abs() {
        Verdict::True
    } else if !apart && 2 * along <= across.abs() {
        Verdict::False
    } else {
        Verdict::Unclear
    }
}

/// The relation that plainly holds between two things when all others plainly do not, or
/// `None` if they lie diagonally or overlap.
pub fn relation_between(subject: &Thing, object: &Thing) -> Option<Relation> {
    let mut holding = None;
    for &relation in Relation::ALL {
        match verdict_of_relation(relation, subject, object) {
            Verdict::True => holding = Some(relation),
            Verdict::Unclear => return None,
            Verdict::False => {}
        }
    }
    holding
}
