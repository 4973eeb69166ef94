//! What there is to tell of a scene: its things, those alike taken together, and how they plainly
//! stand to each other.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::claim::{Concept, Description};
use super::relation::Relation;
use super::scene::{Scene, Thing};
use super::truth::{Verdict, verdict_of_between, verdict_of_relation};

/// How often a relation that is not a direction is told the converse way, in per cent: passives, and
/// “under”, are rarer than what they are the converse of.
const CONVERSE_PERCENT: u32 = 30;

/// A thing, or all things alike, by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    members: Vec<usize>,
}

/// How much is said of a mention.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Detail {
    pub(super) colour: bool,
    pub(super) size: bool,
    pub(super) pattern: bool,
}

impl Mention {
    fn first<'s>(&self, scene: &'s Scene) -> &'s Thing {
        &scene.things[self.members[0]]
    }

    /// By its noun, with as much more as is asked for.
    pub(super) fn describe(&self, scene: &Scene, detail: Detail) -> Description {
        let thing = self.first(scene);
        Description {
            concept: Concept::Noun(thing.noun),
            count: u8::try_from(self.members.len()).unwrap_or(u8::MAX),
            colour: detail.colour.then_some(thing.colour),
            size: detail.size.then_some(thing.size),
            pattern: detail.pattern.then_some(thing.pattern),
        }
    }

    /// Whether there is more than one of them.
    pub(super) fn is_plural(&self) -> bool {
        self.members.len() > 1
    }

    /// One of them, or the only one.
    pub(super) fn thing<'s>(&self, scene: &'s Scene, rng: &mut impl Rng) -> &'s Thing {
        let index = self.members.choose(rng).copied().unwrap_or_default();
        &scene.things[index]
    }
}

/// All that a scene's captions can speak of, in the scene's order.
pub(super) fn mentions(scene: &Scene) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    for (index, thing) in scene.things.iter().enumerate() {
        let alike = mentions.iter_mut().find(|mention| {
            let other = mention.first(scene);
            (other.noun, other.colour, other.size, other.pattern)
                == (thing.noun, thing.colour, thing.size, thing.pattern)
        });
        match alike {
            Some(mention) => mention.members.push(index),
            None => mentions.push(Mention {
                members: vec![index],
            }),
        }
    }
    mentions
}

/// Mentions, by place in their list, so related that nobody would deny it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Two(usize, Relation, usize),
    Between(usize, [usize; 2]),
}

impl Plain {
    fn relation(self) -> Relation {
        match self {
            Self::Two(_, relation, _) => relation,
            Self::Between(..) => Relation::Between,
        }
    }

    /// The mentions, in the order in which a caption names them.
    pub(super) fn mentions(self) -> Vec<usize> {
        match self {
            Self::Two(a, _, b) => vec![a, b],
            Self::Between(a, [b, c]) => vec![a, b, c],
        }
    }

    /// As [`super::claim::Claim::relations`] has it.
    pub(super) fn relations(self) -> Vec<Option<Relation>> {
        match self {
            Self::Two(_, relation, _) => vec![Some(relation)],
            Self::Between(..) => vec![Some(Relation::Between), None],
        }
    }

    /// Told from the one side or from the other, at random.
    fn turned(self, rng: &mut impl Rng) -> Self {
        let percent = match self.relation() {
            Relation::LeftOf
            | Relation::Above
            | Relation::InFrontOf
            | Relation::NextTo
            | Relation::Between => 50,
            _ => CONVERSE_PERCENT,
        };
        if rng.random_range(0..100) >= percent {
            return self;
        }
        self.converse()
    }

    fn converse(self) -> Self {
        match self {
            Self::Two(a, relation, b) => match relation.converse() {
                Some(converse) => Self::Two(b, converse, a),
                None => self,
            },
            Self::Between(a, [b, c]) => Self::Between(a, [c, b]),
        }
    }
}

/// Everything that plainly relates the mentions, told with the direct relations.
pub(super) fn plain_relations(scene: &Scene, mentions: &[Mention]) -> Vec<Plain> {
    let mut plain = Vec::new();
    for (a, one) in mentions.iter().enumerate() {
        for (b, other) in mentions.iter().enumerate() {
            if a == b {
                continue;
            }
            for &relation in Relation::DIRECT {
                let holds = relation != Relation::Between
                    && (relation != Relation::NextTo || a < b)
                    && one.members.iter().all(|&a| {
                        other
                            .members
                            .iter()
                            .all(|&b| verdict_of_relation(relation, scene, a, b) == Verdict::True)
                    });
                if holds {
                    plain.push(Plain::Two(a, relation, b));
                }
            }
            for (c, third) in mentions.iter().enumerate().skip(b + 1) {
                let holds = a != c
                    && one.members.iter().all(|&a| {
                        other.members.iter().all(|&b| {
                            third
                                .members
                                .iter()
                                .all(|&c| verdict_of_between(scene, a, b, c) == Verdict::True)
                        })
                    });
                if holds {
                    plain.push(Plain::Between(a, [b, c]));
                }
            }
        }
    }
    plain
}

/// One of these at random: first the relation, so that the frequent ones do not crowd out the others,
/// then between whom, then from which side it is told.
pub(super) fn any_relation(plain: &[Plain], rng: &mut impl Rng) -> Option<Plain> {
    let mut relations: Vec<Relation> = plain.iter().map(|plain| plain.relation()).collect();
    relations.sort_unstable();
    relations.dedup();
    let relation = *relations.choose(rng)?;
    let so_related: Vec<Plain> = plain
        .iter()
        .copied()
        .filter(|plain| plain.relation() == relation)
        .collect();
    Some(so_related.choose(rng)?.turned(rng))
}

/// How the second of two mentions goes on from the first, at random.
pub(super) fn relation_from_to(
    plain: &[Plain],
    from: usize,
    to: usize,
    rng: &mut impl Rng,
) -> Option<Relation> {
    let relations: Vec<Relation> = plain
        .iter()
        .flat_map(|&plain| [plain, plain.converse()])
        .filter_map(|plain| match plain {
            Plain::Two(a, relation, b) if (a, b) == (from, to) => Some(relation),
            _ => None,
        })
        .collect();
    relations.choose(rng).copied()
}
