//! What an edit is: plain data that says what was put where.

use serde::{Deserialize, Serialize};

/// What an edit did, by the name of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EditKind {
    /// CLoVe's REPLACE of the noun that names a thing
    ReplaceEntity,
    /// CLoVe's REPLACE of an adjective
    ReplaceModifier,
    /// CLoVe's REPLACE of a preposition or verb between two things
    ReplaceRelation,
    /// NegCLIP: two noun phrases of more than two words exchanged
    SwapNounPhrases,
    /// NegCLIP: two verb phrases exchanged
    SwapVerbPhrases,
    /// NegCLIP: two singular nouns exchanged
    SwapNouns,
    /// NegCLIP: two plural nouns exchanged
    SwapPlurals,
    /// NegCLIP: two adverbs exchanged
    SwapAdverbs,
    /// NegCLIP: two adjectives exchanged
    SwapAdjectives,
    /// Two things that stand in a relation exchanged, as in SugarCrepe's swap-obj
    SwapObjects,
    /// Attributes of two things exchanged, as in SugarCrepe's swap-att and ARO's VG-Attribution
    SwapAttributes,
    /// ARO: nouns shuffled among nouns, adjectives among adjectives
    ShuffleNounsAndAdjectives,
    /// ARO: all but nouns and adjectives shuffled
    ShuffleOthers,
    /// ARO: words shuffled within each three
    ShuffleWithinTrigrams,
    /// ARO: groups of three words shuffled
    ShuffleTrigrams,
    /// Hard positive SWAP: conjuncts around `and` exchanged
    PositiveSwap,
    /// Hard positive REPLACE of an attribute by its synonym
    PositiveAttribute,
    /// Hard positive: a thing by another name
    PositiveThing,
    /// Hard positive REPLACE of a relation by its synonym
    PositiveRelation,
    /// Generalisation: adjectives, numbers and adverbs before nouns dropped
    DropModifiers,
    /// Generalisation: cut after the first relation
    FirstRelation,
    /// Generalisation: the main thing alone
    DropRelations,
    /// Generalisation: the main thing's noun
    HeadNoun,
    /// Generalisation: what the main thing is a kind of
    Hypernym,
}

/// A stretch of the original and what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// First byte in the original.
    pub start: usize,
    /// Byte after the last in the original. `start` and `end` lie between characters.
    pub end: usize,
    /// Empty where something was dropped.
    pub with: String,
}

/// An edited caption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The caption after the edit. It differs from the original in more than case.
    pub text: String,
    /// What was done.
    pub kind: EditKind,
    /// Where and what, in the order of the original, without overlaps: put into the original
    /// they give `text`.
    pub replaced: Vec<Replacement>,
}

impl Edit {
    /// Puts sorted replacements into the original; `None` if no more than case would change.
    pub(super) fn new(original: &str, kind: EditKind, replaced: Vec<Replacement>) -> Option<Self> {
        let mut text = String::with_capacity(original.len());
        let mut at = 0;
        for replacement in &replaced {
            text.push_str(&original[at..replacement.start]);
            text.push_str(&replacement.with);
            at = replacement.end;
        }
        text.push_str(&original[at..]);
        (text.to_lowercase() != original.to_lowercase()).then_some(Self {
            text,
            kind,
            replaced,
        })
    }
}
