//! Editing captions: hard negatives, hard positives, generalisations.
//!
//! An [`Edit`] is plain data: the new text, its [`EditKind`], and which bytes of the original
//! gave way to what. The same text and seed give the same edits on every platform. What cannot
//! be edited says why ([`NotEditable`]).
//!
//! | function | makes | source |
//! |---|---|---|
//! | [`negative_pool`] with [`NegativeKind::Replace`] | a thing, attribute or relation replaced | CLoVe (arXiv 2402.15021), Netflix/clove `text_negatives_data.py` |
//! | … [`NegativeKind::Negclip`], [`NegativeKind::Swap`] | two spans of one kind exchanged: as published, and where that makes sense | NegCLIP, as ported by CLoVe |
//! | … [`NegativeKind::SwapObjects`], [`NegativeKind::SwapAttributes`] | two things, or their attributes, exchanged | after SugarCrepe and ARO VG-Attribution |
//! | … [`NegativeKind::Order`], [`order_options`] | word order destroyed in four ways | ARO, mertyg/vision-language-models-are-bows |
//! | [`positive_pool`] | conjuncts exchanged, synonyms | Kamath et al., amitakamath/hard_positives |
//! | [`generalisations`] | ever more general captions | in the manner of HierarCaps (arXiv 2407.08521) |
//!
//! The reference implementations use spaCy and NLTK's WordNet. Here a tagger with a lexicon cut
//! from WordNet and a light parse of noun chunks do their work, small enough for a page, so the
//! edits are of the same kinds but not the same strings; `docs/captions.md` says where they
//! differ and how often they go wrong.

mod alike;
mod choice;
mod counts;
mod edit;
mod exchange;
mod fit;
mod generalise;
mod lexicon;
mod morphology;
mod negclip;
mod order;
mod parse;
mod positive;
mod replace;
mod swap;
mod tagger;
mod tags;
#[cfg(test)]
mod tests;
mod tokens;
mod word_lists;

use serde::{Deserialize, Serialize};

use choice::Choice;
pub use edit::{Edit, EditKind, Replacement};
pub use generalise::generalisations;
pub use order::{order_options, pre_caption};
pub use parse::MAX_TOKENS;
use parse::Parse;

/// Ways to make a caption false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NegativeKind {
    /// CLoVe's REPLACE
    Replace,
    /// NegCLIP's six swaps as published: nearly every caption has some, and few of them read well
    Negclip,
    /// NegCLIP's six swaps where captions have such things
    Swap,
    /// Two things that stand in a relation exchanged
    SwapObjects,
    /// Attributes of two things exchanged
    SwapAttributes,
    /// ARO's four perturbations of word order
    Order,
}

impl NegativeKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Replace,
        Self::Negclip,
        Self::Swap,
        Self::SwapObjects,
        Self::SwapAttributes,
        Self::Order,
    ];

    /// Whether the edits of this kind are meant to read like captions.
    pub const fn reads_well(self) -> bool {
        !matches!(self, Self::Negclip | Self::Order)
    }
}

/// Ways to say the same in other words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositiveKind {
    /// Conjuncts around `and` exchanged
    Swap,
    /// A word replaced by its synonym
    Replace,
}

impl PositiveKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Swap, Self::Replace];
}

/// Why a caption cannot be edited so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEditable {
    /// No words at all.
    #[error("the caption is empty: there is nothing to edit")]
    Empty,
    /// Longer than any text tower reads.
    #[error("the caption has {tokens} words and symbols; captions of at most {at_most} are edited")]
    TooLong {
        /// Its tokens.
        tokens: usize,
        /// [`MAX_TOKENS`].
        at_most: usize,
    },
    /// CLoVe's condition on the scene graph.
    #[error(
        "the caption names {things} thing(s); a replacement needs at least two, and a modifier or a relation"
    )]
    TooSimple {
        /// Noun chunks found.
        things: usize,
    },
    /// The lexicon offers nothing for any of its words.
    #[error("no word of the caption has an antonym or a cousin in the lexicon")]
    NoAlternative,
    /// Nothing to exchange.
    #[error("the caption has no two {0} to exchange")]
    NoPair(&'static str),
    /// Nothing around an `and`.
    #[error("the caption has no two conjuncts around \"and\" that can be exchanged safely")]
    NoConjuncts,
    /// No word with a listed synonym.
    #[error("no word of the caption is in the list of synonyms")]
    NoSynonym,
    /// No noun to generalise to.
    #[error("no noun was found in the caption: there is nothing to generalise to")]
    NoNoun,
    /// Every order of its words reads the same.
    #[error("the caption stays the same in every order tried: it has too few different words")]
    NoOrder,
}

/// Some hard negatives of a kind, by a seed.
///
/// For [`NegativeKind::Replace`] and [`NegativeKind::Negclip`] it is the pool from which the
/// reference implementations draw one uniformly; [`pick`] does so. [`all_negatives`] gives more.
///
/// # Errors
/// When the caption offers nothing for this kind.
pub fn negative_pool(text: &str, kind: NegativeKind, seed: u64) -> Result<Vec<Edit>, NotEditable> {
    let parse = Parse::new(text)?;
    match kind {
        NegativeKind::Replace => replace::pool(&parse, &mut Choice::new(seed, text, "replace")),
        NegativeKind::Negclip => negclip::pool(&parse, &mut Choice::new(seed, text, "negclip")),
        NegativeKind::Swap => exchange::pool(&parse, &mut Choice::new(seed, text, "swap")),
        NegativeKind::SwapObjects => swap::objects(&parse),
        NegativeKind::SwapAttributes => swap::attributes(&parse),
        NegativeKind::Order => order::pool(&parse, &mut Choice::new(seed, text, "order")),
    }
}

/// Every distinct hard negative of a kind that the caption offers, whatever the seed.
///
/// A thing, attribute or relation is replaced by at most a dozen words, the likeliest first.
/// [`NegativeKind::Order`] has too many to list, and [`NegativeKind::Negclip`] is as published; they give
/// those of seed 0.
///
/// # Errors
/// When the caption offers nothing for this kind.
pub fn all_negatives(text: &str, kind: NegativeKind) -> Result<Vec<Edit>, NotEditable> {
    let parse = Parse::new(text)?;
    match kind {
        NegativeKind::Replace => replace::all(&parse),
        NegativeKind::Swap => exchange::all(&parse),
        NegativeKind::SwapObjects => swap::objects(&parse),
        NegativeKind::SwapAttributes => swap::attributes(&parse),
        NegativeKind::Negclip | NegativeKind::Order => negative_pool(text, kind, 0),
    }
}

/// Every hard positive of a kind.
///
/// # Errors
/// When the caption offers nothing for this kind.
pub fn positive_pool(text: &str, kind: PositiveKind) -> Result<Vec<Edit>, NotEditable> {
    let parse = Parse::new(text)?;
    match kind {
        PositiveKind::Swap => positive::swaps(&parse),
        PositiveKind::Replace => positive::replacements(&parse),
    }
}

/// Draws `count` edits of a pool, uniformly and each at most once, in random order.
pub fn pick(text: &str, pool: Vec<Edit>, count: usize, seed: u64) -> Vec<Edit> {
    Choice::new(seed, text, "pick").sample(pool, count)
}

/// One hard negative of each kind that the caption offers, without `Order` and `Negclip`: the edits that
/// a person would call captions.
///
/// # Errors
/// When no kind offers any: the reason of the first.
pub fn negatives(text: &str, seed: u64) -> Result<Vec<Edit>, NotEditable> {
    let kinds = NegativeKind::ALL.into_iter();
    let pools = kinds
        .filter(|kind| kind.reads_well())
        .map(|kind| negative_pool(text, kind, seed));
    one_of_each(text, pools, seed)
}

/// One hard positive of each kind that the caption offers.
///
/// # Errors
/// When no kind offers any: the reason of the first.
pub fn positives(text: &str, seed: u64) -> Result<Vec<Edit>, NotEditable> {
    let pools = PositiveKind::ALL.into_iter();
    one_of_each(text, pools.map(|kind| positive_pool(text, kind)), seed)
}

fn one_of_each(
    text: &str,
    pools: impl Iterator<Item = Result<Vec<Edit>, NotEditable>>,
    seed: u64,
) -> Result<Vec<Edit>, NotEditable> {
    let (mut edits, mut reason): (Vec<Edit>, _) = (Vec::new(), None);
    for pool in pools {
        match pool {
            Ok(pool) => {
                let mut chosen = pick(text, pool, 1, seed);
                chosen.retain(|edit| edits.iter().all(|other| other.text != edit.text));
                edits.append(&mut chosen);
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    match reason {
        Some(reason) if edits.is_empty() => Err(reason),
        _ => Ok(edits),
    }
}

/// A pool without repeated texts, or the reason why it is empty.
fn pool_or(
    edits: impl IntoIterator<Item = Edit>,
    reason: NotEditable,
) -> Result<Vec<Edit>, NotEditable> {
    let mut pool: Vec<Edit> = Vec::new();
    for edit in edits {
        if pool.iter().all(|other| other.text != edit.text) {
            pool.push(edit);
        }
    }
    if pool.is_empty() {
        Err(reason)
    } else {
        Ok(pool)
    }
}
