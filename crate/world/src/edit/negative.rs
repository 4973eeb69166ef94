//! Edits that make a claim false.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::super::claim::{Claim, Concept, Description};
use super::super::relation::Relation;
use super::super::scene::{MAX_THINGS, Scene};
use super::super::truth::Verdict;
use super::super::vocabulary::{Category, Colour, Domain, Noun, Pattern, Size};

/// Edits that are tried before a claim is said to have no hard negative of a kind. A random
/// edit is false of the scene far more often than not.
const ATTEMPTS: usize = 32;

/// The seven kinds of SugarCrepe (Hsieh et al., NeurIPS 2023, table 1), and two more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardNegative {
    /// Two things exchange their colours, their sizes or their patterns.
    SwapAttribute,
    /// Two things exchange their places around a relation.
    SwapObject,
    /// One thing is called something else of the same level.
    ReplaceObject,
    /// One colour, size or pattern is another.
    ReplaceAttribute,
    /// One relation is another that is possible between such things.
    ReplaceRelation,
    /// One thing more, which is not there.
    AddObject,
    /// One colour, size or pattern more, which is wrong.
    AddAttribute,
    /// One number is another, of things alike. One thing is not made several: plurals would be
    /// false far more often than true.
    ReplaceCount,
    /// The other voice, with the things left where they are: “a dog chased by a cat” for “a dog
    /// chasing a cat”.
    SwapVoice,
}

impl HardNegative {
    /// All nine.
    pub const ALL: &'static [Self] = &[
        Self::SwapAttribute,
        Self::SwapObject,
        Self::ReplaceObject,
        Self::ReplaceAttribute,
        Self::ReplaceRelation,
        Self::AddObject,
        Self::AddAttribute,
        Self::ReplaceCount,
        Self::SwapVoice,
    ];

    /// An edit of this kind that is plainly false of the scene, or `None` if the claim offers
    /// none (nothing to swap, no relation …).
    ///
    /// If the scene has no held-out combination, neither does the edit: else training would
    /// teach that such combinations are always false.
    pub fn of(self, claim: &Claim, scene: &Scene, rng: &mut impl Rng) -> Option<Claim> {
        let novel = scene.shows_held_out();
        (0..ATTEMPTS)
            .filter_map(|_| self.edit(claim, rng))
            .find(|edited| {
                (novel || !edited.says_held_out()) && edited.verdict(scene) == Verdict::False
            })
    }

    /// One random edit of this kind, whatever the scene. `None` if the claim offers none.
    fn edit(self, claim: &Claim, rng: &mut impl Rng) -> Option<Claim> {
        let mut edited = claim.clone();
        match self {
            Self::SwapAttribute => {
                let &(attribute, a, b) = swappable_attributes(&claim.things).choose(rng)?;
                attribute.copy(&claim.things[a], &mut edited.things[b]);
                attribute.copy(&claim.things[b], &mut edited.things[a]);
            }
            Self::SwapObject => {
                let at = related_place(claim, rng, |_| true)?;
                let end = match claim.relations[at] {
                    Some(Relation::Between) => at + rng.random_range(1..=2),
                    _ => at + 1,
                };
                edited.things.swap(at, end);
            }
            Self::ReplaceObject => {
                let at = place(claim, rng, |thing| thing.concept != Concept::Thing)?;
                edited.things[at].concept = unsaid_concept(claim, claim.things[at].concept, rng)?;
            }
            Self::ReplaceAttribute => {
                let &(attribute, at) = attributes(&claim.things, true).choose(rng)?;
                attribute.set_other(&mut edited.things[at], rng)?;
            }
            Self::ReplaceRelation => {
                let at = related_place(claim, rng, |relation| relation != Relation::Between)?;
                edited.relations[at] = Some(other_relation(claim, at, rng)?);
            }
            Self::AddObject => {
                if claim.things.len() >= MAX_THINGS {
                    return None;
                }
                let like = *claim.things.last()?;
                let mut added = Description {
                    concept: unsaid_concept(claim, like.concept, rng)?,
                    count: 1,
                    ..Description::of(like.concept)
                };
                for attribute in Attribute::ALL {
                    if attribute.is_said(&like) {
                        attribute.set_other(&mut added, rng)?;
                    }
                }
                edited
                    .relations
                    .resize(claim.things.len().saturating_sub(1), None);
                edited.relations.push(None);
                edited.things.push(added);
            }
            Self::AddAttribute => {
                let &(attribute, at) = attributes(&claim.things, false).choose(rng)?;
                attribute.set_other(&mut edited.things[at], rng)?;
            }
            Self::ReplaceCount => {
                let at = place(claim, rng, |thing| thing.count > 1)?;
                let counts: Vec<u8> = (2..=Description::MOST)
                    .filter(|&count| count != claim.things[at].count)
                    .collect();
                edited.things[at].count = *counts.choose(rng)?;
            }
            Self::SwapVoice => {
                let at = related_place(claim, rng, Relation::is_verb)?;
                edited.relations[at] = Some(claim.relations[at]?.converse()?);
            }
        }
        Some(edited)
    }
}

#[derive(Clone, Copy)]
enum Attribute {
    Colour,
    Size,
    Pattern,
}

impl Attribute {
    const ALL: [Self; 3] = [Self::Colour, Self::Size, Self::Pattern];

    fn is_said(self, thing: &Description) -> bool {
        match self {
            Self::Colour => thing.colour.is_some(),
            Self::Size => thing.size.is_some(),
            Self::Pattern => thing.pattern.is_some(),
        }
    }

    fn differs(self, one: &Description, other: &Description) -> bool {
        match self {
            Self::Colour => one.colour != other.colour,
            Self::Size => one.size != other.size,
            Self::Pattern => one.pattern != other.pattern,
        }
    }

    fn copy(self, from: &Description, to: &mut Description) {
        match self {
            Self::Colour => to.colour = from.colour,
            Self::Size => to.size = from.size,
            Self::Pattern => to.pattern = from.pattern,
        }
    }

    /// Says another value than is said, or any if none is.
    fn set_other(self, thing: &mut Description, rng: &mut impl Rng) -> Option<()> {
        fn other<T: Copy + PartialEq>(
            said: Option<T>,
            words: &[T],
            rng: &mut impl Rng,
        ) -> Option<Option<T>> {
            let others: Vec<T> = words
                .iter()
                .copied()
                .filter(|&word| said != Some(word))
                .collect();
            Some(Some(*others.choose(rng)?))
        }
        match self {
            Self::Colour => thing.colour = other(thing.colour, Colour::ALL, rng)?,
            Self::Size => thing.size = other(thing.size, Size::ALL, rng)?,
            Self::Pattern => thing.pattern = other(thing.pattern, Pattern::ALL, rng)?,
        }
        Some(())
    }
}

/// Every pair of things that both say an attribute, and say it differently.
fn swappable_attributes(things: &[Description]) -> Vec<(Attribute, usize, usize)> {
    let mut pairs = Vec::new();
    for (b, other) in things.iter().enumerate() {
        for (a, one) in things[..b].iter().enumerate() {
            let swappable = Attribute::ALL.into_iter().filter(|attribute| {
                attribute.is_said(one) && attribute.is_said(other) && attribute.differs(one, other)
            });
            pairs.extend(swappable.map(|attribute| (attribute, a, b)));
        }
    }
    pairs
}

/// Every attribute of every thing that is said, or that is left unsaid.
fn attributes(things: &[Description], said: bool) -> Vec<(Attribute, usize)> {
    things
        .iter()
        .enumerate()
        .flat_map(|(index, thing)| {
            Attribute::ALL
                .into_iter()
                .filter(move |attribute| attribute.is_said(thing) == said)
                .map(move |attribute| (attribute, index))
        })
        .collect()
}

/// A thing after which an eligible relation stands.
fn related_place(
    claim: &Claim,
    rng: &mut impl Rng,
    eligible: impl Fn(Relation) -> bool,
) -> Option<usize> {
    let places: Vec<usize> = (0..claim.things.len())
        .filter(|&place| claim.relation_after(place).is_some_and(&eligible))
        .collect();
    places.choose(rng).copied()
}

fn place(
    claim: &Claim,
    rng: &mut impl Rng,
    eligible: impl Fn(&Description) -> bool,
) -> Option<usize> {
    let places: Vec<usize> = (0..claim.things.len())
        .filter(|&place| eligible(&claim.things[place]))
        .collect();
    places.choose(rng).copied()
}

/// Another relation, possible between things of these nouns; between others only where things lie is
/// told.
fn other_relation(claim: &Claim, at: usize, rng: &mut impl Rng) -> Option<Relation> {
    let said = claim.relations[at]?;
    let (subject, object) = (claim.things[at].concept, claim.things[at + 1].concept);
    let possible = |relation: Relation| match (subject, object) {
        (Concept::Noun(subject), Concept::Noun(object)) => relation.is_possible(subject, object),
        _ => matches!(
            relation,
            Relation::LeftOf | Relation::RightOf | Relation::Above | Relation::Below
        ),
    };
    let others: Vec<Relation> = Relation::ALL
        .iter()
        .copied()
        .filter(|&relation| relation != said && relation != Relation::Between && possible(relation))
        .collect();
    others.choose(rng).copied()
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
        Concept::Domain(_) => Domain::ALL.iter().copied().map(Concept::Domain).collect(),
        Concept::Thing => Vec::new(),
    };
    let unsaid: Vec<Concept> = level
        .into_iter()
        .filter(|&concept| claim.things.iter().all(|thing| thing.concept != concept))
        .collect();
    unsaid.choose(rng).copied()
}
