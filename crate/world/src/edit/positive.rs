//! Edits that keep a claim true.

use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::super::claim::Claim;
use super::super::grammar::{Statement, Template, Wording};
use super::super::relation::Relation;

/// Edits that change the words and not the meaning (Kamath et al., ECCV 2024: a model that
/// learnt from hard negatives alone takes these for false as well).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardPositive {
    /// “a blue car and a red cat” for “a red cat and a blue car”.
    SwapConjuncts,
    /// “a blue car to the right of a red cat” for “a red cat to the left of a blue car”.
    Converse,
    /// “a cat chased by a dog” for “a dog chasing a cat”, or the other way round.
    Passive,
    /// “a little bunny” for “a small rabbit”.
    Synonyms,
}

impl HardPositive {
    /// All four.
    pub const ALL: &'static [Self] = &[
        Self::SwapConjuncts,
        Self::Converse,
        Self::Passive,
        Self::Synonyms,
    ];

    /// The claim in other words, true wherever the claim is. `None` if it offers nothing to
    /// reword: a conjunction needs two things that are only listed, or the two sides of
    /// “between”; the converse a relation that no verb says, the passive one that a verb says;
    /// synonyms a word that has one.
    pub fn of(self, claim: &Claim, rng: &mut impl Rng) -> Option<Statement> {
        let plainly = |claim| Statement {
            claim,
            wording: Wording::PLAIN,
        };
        let reworded = match self {
            Self::SwapConjuncts => swapped_conjuncts(claim).map(plainly),
            Self::Converse => turned(claim, |relation| !relation.is_verb()).map(plainly),
            Self::Passive => turned(claim, Relation::is_verb).map(plainly),
            Self::Synonyms => {
                let words = claim.replaceable_words().min(u32::BITS);
                (words > 0).then(|| Statement {
                    claim: claim.clone(),
                    wording: Wording {
                        template: Template::Plain,
                        synonyms: 1 << rng.random_range(0..words),
                    },
                })
            }
        };
        // “a cat and a cat” reads the same from behind.
        reworded.filter(|statement| statement.to_string() != claim.to_string())
    }
}

/// A hard positive of any kind that the claim offers, at random.
pub fn any_hard_positive(claim: &Claim, rng: &mut impl Rng) -> Option<Statement> {
    let mut kinds = HardPositive::ALL.to_vec();
    kinds.shuffle(rng);
    kinds.into_iter().find_map(|kind| kind.of(claim, rng))
}

/// What is listed, in the opposite order; for a single clause the two sides of “between”.
fn swapped_conjuncts(claim: &Claim) -> Option<Claim> {
    let clauses = claim.clauses();
    if clauses.len() > 1 {
        return Some(claim.of_clauses(clauses.into_iter().rev()));
    }
    let place = (0..claim.things.len())
        .find(|&place| claim.relation_after(place) == Some(Relation::Between))?;
    // What “which is …” goes on from must stay the last.
    let ends = place + 3 == claim.things.len();
    ends.then(|| {
        let mut swapped = claim.clone();
        swapped.things.swap(place + 1, place + 2);
        swapped
    })
}

/// Told from the other side: clauses with such a relation, and none that has no converse, run
/// backwards.
fn turned(claim: &Claim, eligible: impl Fn(Relation) -> bool) -> Option<Claim> {
    let mut turned = claim.clone();
    turned
        .relations
        .resize(claim.things.len().saturating_sub(1), None);
    let mut any = false;
    for clause in claim.clauses() {
        let joints = clause.start..clause.end - 1;
        let relations: Vec<Relation> = joints
            .clone()
            .filter_map(|place| claim.relation_after(place))
            .collect();
        let converses: Option<Vec<Relation>> = relations
            .iter()
            .rev()
            .map(|relation| relation.converse())
            .collect();
        let Some(converses) = converses else { continue };
        if !relations.iter().any(|&relation| eligible(relation)) {
            continue;
        }
        any = true;
        turned.things[clause].reverse();
        for (place, converse) in joints.zip(converses) {
            turned.relations[place] = Some(converse);
        }
    }
    any.then_some(turned)
}
