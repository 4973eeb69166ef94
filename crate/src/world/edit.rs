//! Claims that differ in one thing: hard negatives, which must be false, and hard positives,
//! which must stay true.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Concept, Description, Verdict};
use super::scene::{Scene, any};
use super::vocabulary::{Category, Colour, Noun, Relation, Size};

/// Edits that are tried before a claim is said to have no hard negative of a kind. A random
/// edit is false of the scene far more often than not.
const ATTEMPTS: usize = 32;

/// The seven kinds of SugarCrepe (Hsieh et al., NeurIPS 2023, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardNegative {
    /// Two things exchange their colours, or their sizes.
    SwapAttribute,
    /// Two things exchange their places around a relation.
    SwapObject,
    /// One thing is called something else of the same level.
    ReplaceObject,
    /// One colour or size is another.
    ReplaceAttribute,
    /// One relation is another.
    ReplaceRelation,
    /// One thing more, which is not there.
    AddObject,
    /// One colour or size more, which is wrong.
    AddAttribute,
}

impl HardNegative {
    /// All seven.
    pub const ALL: &'static [Self] = &[
        Self::SwapAttribute,
        Self::SwapObject,
        Self::ReplaceObject,
        Self::ReplaceAttribute,
        Self::ReplaceRelation,
        Self::AddObject,
        Self::AddAttribute,
    ];

    /// An edit of this kind that is plainly false of the scene, or `None` if the claim offers
    /// none (nothing to swap, no relation …).
    pub fn of(self, claim: &Claim, scene: &Scene, rng: &mut impl Rng) -> Option<Claim> {
        (0..ATTEMPTS)
            .map_while(|_| self.edit(claim, rng))
            .find(|edited| edited.verdict(scene) == Verdict::False)
    }

    /// One random edit of this kind, whatever the scene. `None` if the claim offers none.
    fn edit(self, claim: &Claim, rng: &mut impl Rng) -> Option<Claim> {
        let mut edited = claim.clone();
        match self {
            Self::SwapAttribute => {
                let (attribute, a, b) = *swappable_attributes(&claim.things).choose(rng)?;
                let (one, other) = (claim.things[a], claim.things[b]);
                match attribute {
                    Attribute::Colour => {
                        edited.things[a].colour = other.colour;
                        edited.things[b].colour = one.colour;
                    }
                    Attribute::Size => {
                        edited.things[a].size = other.size;
                        edited.things[b].size = one.size;
                    }
                }
            }
            Self::SwapObject => {
                let at = relation_index(claim, rng)?;
                edited.things.swap(at, at + 1);
            }
            Self::ReplaceObject => {
                let at = thing_index(claim, rng, |thing| thing.concept != Concept::Thing)?;
                edited.things[at].concept = unsaid_concept(claim, claim.things[at].concept, rng)?;
            }
            Self::ReplaceAttribute => {
                let said = attributes(&claim.things, true);
                let &(attribute, at) = said.choose(rng)?;
                set_other_attribute(&mut edited.things[at], attribute, rng);
            }
            Self::ReplaceRelation => {
                let at = relation_index(claim, rng)?;
                edited.relations[at] = other_than(claim.relations[at], Relation::ALL, rng)?;
            }
            Self::AddObject => {
                let like = *claim.things.last()?;
                edited.things.push(Description {
                    concept: unsaid_concept(claim, like.concept, rng)?,
                    colour: like.colour.map(|_| any(rng, Colour::ALL)),
                    size: like.size.map(|_| any(rng, Size::ALL)),
                });
            }
            Self::AddAttribute => {
                let unsaid = attributes(&claim.things, false);
                let &(attribute, at) = unsaid.choose(rng)?;
                set_other_attribute(&mut edited.things[at], attribute, rng);
            }
        }
        Some(edited)
    }
}

/// Edits that change the words and not the meaning (Kamath et al., ECCV 2024: a model that
/// learnt from hard negatives alone takes these for false as well).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardPositive {
    /// “a blue car and a red cat” for “a red cat and a blue car”.
    SwapConjuncts,
    /// “a blue car to the right of a red cat” for “a red cat to the left of a blue car”.
    Converse,
}

impl HardPositive {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::SwapConjuncts, Self::Converse];

    /// The claim in other words, true wherever the claim is. `None` if it offers nothing to
    /// reword: a conjunction needs two listed things, the converse a relation between every
    /// thing and the next.
    pub fn of(self, claim: &Claim) -> Option<Claim> {
        let joints = claim
            .things
            .len()
            .checked_sub(1)
            .filter(|&joints| joints > 0)?;
        let fits = match self {
            Self::SwapConjuncts => claim.relations.is_empty(),
            Self::Converse => claim.relations.len() == joints,
        };
        fits.then(|| Claim {
            things: claim.things.iter().rev().copied().collect(),
            relations: claim
                .relations
                .iter()
                .rev()
                .map(|relation| relation.converse())
                .collect(),
            ground: claim.ground,
        })
    }
}

#[derive(Clone, Copy)]
enum Attribute {
    Colour,
    Size,
}

/// Every pair of things that both say an attribute, and say it differently.
fn swappable_attributes(things: &[Description]) -> Vec<(Attribute, usize, usize)> {
    let mut pairs = Vec::new();
    for (b, other) in things.iter().enumerate() {
        for (a, one) in things[..b].iter().enumerate() {
            if one.colour.is_some() && other.colour.is_some() && one.colour != other.colour {
                pairs.push((Attribute::Colour, a, b));
            }
            if one.size.is_some() && other.size.is_some() && one.size != other.size {
                pairs.push((Attribute::Size, a, b));
            }
        }
    }
    pairs
}

/// Every attribute of every thing that is said, or that is left unsaid.
fn attributes(things: &[Description], said: bool) -> Vec<(Attribute, usize)> {
    let mut found = Vec::new();
    for (index, thing) in things.iter().enumerate() {
        if thing.colour.is_some() == said {
            found.push((Attribute::Colour, index));
        }
        if thing.size.is_some() == said {
            found.push((Attribute::Size, index));
        }
    }
    found
}

fn set_other_attribute(thing: &mut Description, attribute: Attribute, rng: &mut impl Rng) {
    match attribute {
        Attribute::Colour => {
            thing.colour = match thing.colour {
                Some(colour) => other_than(colour, Colour::ALL, rng),
                None => Some(any(rng, Colour::ALL)),
            }
        }
        Attribute::Size => {
            thing.size = match thing.size {
                Some(size) => other_than(size, Size::ALL, rng),
                None => Some(any(rng, Size::ALL)),
            }
        }
    }
}

fn relation_index(claim: &Claim, rng: &mut impl Rng) -> Option<usize> {
    let joints = claim.things.len().saturating_sub(1);
    let related = claim.relations.len().min(joints);
    (related > 0).then(|| rng.random_range(0..related))
}

fn thing_index(
    claim: &Claim,
    rng: &mut impl Rng,
    eligible: impl Fn(&Description) -> bool,
) -> Option<usize> {
    let indices: Vec<usize> = (0..claim.things.len())
        .filter(|&index| eligible(&claim.things[index]))
        .collect();
    indices.choose(rng).copied()
}

/// Another concept of the same level that the claim does not name. `None` for “thing”, which
/// has no equal.
fn unsaid_concept(claim: &Claim, like: Concept, rng: &mut impl Rng) -> Option<Concept> {
    let level: Vec<Concept> = match like {
        Concept::Noun(_) => Noun::ALL.iter().copied().map(Concept::Noun).collect(),
        Concept::Category(_) => Category::ALL
            .iter()
            .copied()
            .map(Concept::Category)
            .collect(),
        Concept::Thing => Vec::new(),
    };
    let unsaid: Vec<Concept> = level
        .into_iter()
        .filter(|&concept| claim.things.iter().all(|thing| thing.concept != concept))
        .collect();
    unsaid.choose(rng).copied()
}

fn other_than<T: Copy + PartialEq>(word: T, words: &[T], rng: &mut impl Rng) -> Option<T> {
    let others: Vec<T> = words
        .iter()
        .copied()
        .filter(|&other| other != word)
        .collect();
    others.choose(rng).copied()
}
