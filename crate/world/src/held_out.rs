//! Combinations that no training scene shows, though it shows each part: the compositional split.
//!
//! About one in eight pairs of colour and noun, and of triples of noun, relation and noun, by a
//! fixed rule: a hash of their words.

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Concept, Description, Fact};
use super::relation::Relation;
use super::scene::Scene;
use super::truth::{Verdict, verdict_of_between, verdict_of_relation};
use super::vocabulary::{Colour, Noun};

/// One combination in this many is held out.
const ONE_IN: u64 = 8;

/// Whether a set asks about combinations that training shows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Combination {
    /// Scenes and captions without any that is held out.
    #[default]
    Seen,
    /// Every true caption says, or every scene shows, a held-out combination.
    HeldOut,
}

impl Combination {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::Seen, Self::HeldOut];
}

/// Whether training never shows a thing of this noun in this colour.
pub fn is_pair_held_out(colour: Colour, noun: Noun) -> bool {
    hash(&[colour.word(), noun.word()]).is_multiple_of(ONE_IN)
}

/// Whether training never shows things of these nouns so related. A relation and its converse are one;
/// for “between” the object is either end. Things of one noun are never held out.
pub fn is_triple_held_out(subject: Noun, relation: Relation, object: Noun) -> bool {
    let (relation, subject, object) = relation.direct(subject, object);
    let (subject, object) = match relation {
        Relation::NextTo => (subject.min(object), subject.max(object)),
        _ => (subject, object),
    };
    subject != object
        && hash(&[subject.word(), relation.word(), object.word()]).is_multiple_of(ONE_IN)
}

/// FNV-1a over the words, each closed by a byte that no word has, then SplitMix64's finaliser: FNV
/// alone leaves the low bits of like words alike.
fn hash(words: &[&str]) -> u64 {
    let bytes = words
        .iter()
        .flat_map(|word| word.bytes().chain(std::iter::once(0xff)));
    let mut z = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Scene {
    /// Whether it shows a combination that is held out: a thing in its colour, or things of which a
    /// relation is plainly true.
    pub fn shows_held_out(&self) -> bool {
        let things = &self.things;
        things
            .iter()
            .any(|thing| is_pair_held_out(thing.colour, thing.noun))
            || self.relates_held_out()
    }

    /// Whether a relation that is plainly true of its things is held out for their nouns.
    pub(super) fn relates_held_out(&self) -> bool {
        let indices = 0..self.things.len();
        indices.clone().any(|a| {
            indices.clone().any(|b| {
                a != b
                    && Relation::DIRECT.iter().any(|&relation| {
                        is_triple_held_out(self.things[a].noun, relation, self.things[b].noun)
                            && self.plainly_relates(a, relation, b)
                    })
            })
        })
    }

    /// For “between”: whether there is a thing at the other end.
    fn plainly_relates(&self, a: usize, relation: Relation, b: usize) -> bool {
        if relation == Relation::Between {
            (0..self.things.len()).any(|c| verdict_of_between(self, a, b, c) == Verdict::True)
        } else {
            verdict_of_relation(relation, self, a, b) == Verdict::True
        }
    }
}

impl Description {
    /// Whether it says a colour and a noun that are held out together.
    pub fn is_held_out(&self) -> bool {
        match (self.colour, self.concept) {
            (Some(colour), Concept::Noun(noun)) => is_pair_held_out(colour, noun),
            _ => false,
        }
    }
}

impl Claim {
    /// Whether it says a combination that is held out.
    pub fn says_held_out(&self) -> bool {
        let noun = |place: usize| match self.things[place].concept {
            Concept::Noun(noun) => Some(noun),
            _ => None,
        };
        let triple = |subject: usize, relation, object: usize| match (noun(subject), noun(object)) {
            (Some(subject), Some(object)) => is_triple_held_out(subject, relation, object),
            _ => false,
        };
        self.things.iter().any(Description::is_held_out)
            || self.facts().into_iter().any(|fact| match fact {
                Fact::Two {
                    relation,
                    subject,
                    object,
                } => triple(subject, relation, object),
                Fact::Between { middle, ends } => ends
                    .into_iter()
                    .any(|end| triple(middle, Relation::Between, end)),
            })
    }
}
