//! Chains from the general to the specific, and what contradicts them (HierarCaps, Alper &
//! Averbuch-Elor, ECCV 2024).

use rand::Rng;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::caption::Level;
use super::claim::{Claim, Concept, Description};
use super::edit::HardNegative;
use super::scene::Scene;
use super::telling::{any_relation, mentions, plain_relations};
use super::truth::Verdict;
use super::vocabulary::{Category, Domain, Noun, Pattern};

/// Draws tried before a scene counts as one without a chain.
const ATTEMPTS: usize = 64;

/// Four claims about a scene, each entailing the one before, and one for each that contradicts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// True of the scene, from the most general: a concept, a noun, more about it, all about it.
    pub tiers: [Claim; 4],
    /// The `k`-th is false of the scene, as `tiers[k]` is true, and entails `tiers[k - 1]`.
    pub contradictions: [Claim; 4],
}

/// A chain about a thing of the scene, at random. `None` only of an edited scene that allows none.
pub fn chain(scene: &Scene, rng: &mut impl Rng) -> Option<Chain> {
    (0..ATTEMPTS).find_map(|_| try_chain(scene, rng))
}

fn try_chain(scene: &Scene, rng: &mut impl Rng) -> Option<Chain> {
    let mentions = mentions(scene);
    let plain = plain_relations(scene, &mentions);
    // Of a thing alone more is told by its attributes, of one among others by a relation as well.
    let related = any_relation(&plain, rng);
    let full = match related {
        Some(plain) => Level::Full.related(&mentions, plain, scene),
        None => {
            let mention = mentions.choose(rng)?;
            Claim::list(vec![Level::Full.describe(mention, scene)])
        }
    };
    let full = Claim {
        things: full.things.iter().copied().map(without_plain).collect(),
        ground: rng.random::<bool>().then_some(scene.ground),
        ..full
    };
    let first = *full.things.first()?;
    let Concept::Noun(noun) = first.concept else {
        return None;
    };
    let general = if rng.random() {
        Concept::Category(noun.category())
    } else {
        Concept::Domain(noun.domain())
    };
    let tiers = [
        Claim::list(vec![Description::of(general)]),
        Claim::list(vec![Description {
            count: first.count,
            ..Description::of(first.concept)
        }]),
        third_tier(&full, rng),
        full,
    ];
    let contradictions = [
        contradiction(&tiers[0], None, scene, rng)?,
        contradiction(&tiers[1], Some(&tiers[0]), scene, rng)?,
        contradiction(&tiers[2], Some(&tiers[1]), scene, rng)?,
        contradiction(&tiers[3], Some(&tiers[2]), scene, rng)?,
    ];
    let rising = tiers
        .windows(2)
        .all(|pair| pair[1].entails(&pair[0]) && pair[0] != pair[1] && !pair[0].entails(&pair[1]));
    (rising && tiers.iter().all(|tier| tier.holds(scene))).then_some(Chain {
        tiers,
        contradictions,
    })
}

/// The claim with less said of each thing; of a single thing without its relations, one attribute.
fn third_tier(full: &Claim, rng: &mut impl Rng) -> Claim {
    let coloured = rng.random::<bool>() || full.things.len() == 1;
    Claim {
        things: full
            .things
            .iter()
            .map(|thing| Description {
                count: thing.count,
                colour: thing.colour.filter(|_| coloured),
                ..Description::of(thing.concept)
            })
            .collect(),
        relations: full.relations.clone(),
        ground: None,
    }
}

fn without_plain(thing: Description) -> Description {
    Description {
        pattern: thing.pattern.filter(|&pattern| pattern != Pattern::Plain),
        ..thing
    }
}

/// A claim that is false of the scene, as specific as the tier, and entails the tier above it.
fn contradiction(
    tier: &Claim,
    above: Option<&Claim>,
    scene: &Scene,
    rng: &mut impl Rng,
) -> Option<Claim> {
    let said = tier.things.first()?.concept;
    let general = above
        .and_then(|above| above.things.first())
        .map(|thing| thing.concept);
    if general != Some(said) {
        return other_concept(tier, general.unwrap_or(Concept::Thing), scene, rng);
    }
    const KINDS: [HardNegative; 5] = [
        HardNegative::SwapAttribute,
        HardNegative::SwapObject,
        HardNegative::ReplaceObject,
        HardNegative::ReplaceAttribute,
        HardNegative::ReplaceRelation,
    ];
    (0..ATTEMPTS).find_map(|_| {
        let edited = KINDS.choose(rng)?.of(tier, scene, rng);
        edited.filter(|edited| above.is_none_or(|above| edited.entails(above)))
    })
}

/// The claim of its one thing by another name of the same level, within the more general concept.
fn other_concept(
    tier: &Claim,
    within: Concept,
    scene: &Scene,
    rng: &mut impl Rng,
) -> Option<Claim> {
    let thing = *tier.things.first()?;
    let concepts: Vec<Concept> = match thing.concept {
        Concept::Domain(_) => Domain::ALL.iter().copied().map(Concept::Domain).collect(),
        Concept::Category(_) => Category::ALL
            .iter()
            .copied()
            .map(Concept::Category)
            .collect(),
        _ => Noun::ALL.iter().copied().map(Concept::Noun).collect(),
    };
    let others: Vec<Claim> = concepts
        .into_iter()
        .filter(|&concept| within.contains(concept))
        .map(|concept| Claim::list(vec![Description { concept, ..thing }]))
        .filter(|claim| claim.verdict(scene) == Verdict::False)
        .collect();
    others.choose(rng).cloned()
}
