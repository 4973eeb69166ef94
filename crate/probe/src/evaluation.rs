//! From embeddings to answers and metrics, as the authors of a benchmark compute them.

use serde::{Deserialize, Serialize};

use crate::kinds::{Detail, Score};
use crate::metric::Metric;
use crate::set::{ProbeSet, Warning};
use cliprobe_score::hierarchy::HierarchyError;
use cliprobe_score::{ScoreError, TieRule, cosine};

/// Embeddings of length 1, or why there is none. Rows of one call are all of one length.
pub type Rows<'a> = [Result<&'a [f32], &'a str>];

/// Rows of images or captions that are compared at once: their similarities stay small.
pub(crate) const BLOCK: usize = 256;

/// Why a set could not be scored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// Rows and set do not belong together.
    #[error("{set}: there are {found} rows of {what}, but {expected} {what}")]
    Rows {
        /// The set.
        set: String,
        /// `images` or `texts`.
        what: &'static str,
        /// How many the set has.
        expected: usize,
        /// How many rows were given.
        found: usize,
    },
    /// Embeddings of several lengths.
    #[error("{set}: embeddings have {expected} values and {found}; they must be of one model")]
    Width {
        /// The set.
        set: String,
        /// Values of the first embedding.
        expected: usize,
        /// Values of another.
        found: usize,
    },
    /// Every item lacks an embedding.
    #[error("{set}: none of its {items} items can be scored; the first: {why}")]
    NothingToScore {
        /// The set.
        set: String,
        /// How many items it has.
        items: usize,
        /// Why the first one was skipped.
        why: String,
    },
    /// No group is large enough for the average over groups.
    #[error(
        "{set}: none of its groups has {at_least} scored items, which its authors' average over groups asks for; more items are needed"
    )]
    NoGroup {
        /// The set.
        set: String,
        /// Items that a group needs.
        at_least: usize,
    },
    /// The root of the hierarchy is missing.
    #[error("{set}: the embedding of the empty text, which is the hierarchy's root, is missing")]
    NoRoot {
        /// The set.
        set: String,
    },
    /// Numbers that cannot be scored.
    #[error("{set}, item {id}: {source}")]
    Score {
        /// The set.
        set: String,
        /// Which item, by its key, where it is known.
        id: String,
        /// What is wrong.
        source: ScoreError,
    },
    /// A hierarchy that cannot be measured.
    #[error("{set}: {source}")]
    Hierarchy {
        /// The set.
        set: String,
        /// What is wrong.
        source: HierarchyError,
    },
}

/// An item without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which one, by its key.
    pub item: String,
    /// Why.
    pub why: String,
}

/// What a model answered to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The item's key.
    pub id: String,
    /// What the benchmark groups it by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its images, by their places in the set.
    #[serde(alias = "pictures")]
    pub images: Vec<usize>,
    /// Its texts, by their places in the set; the class prompts are left out.
    pub texts: Vec<usize>,
    /// Cosines of `images` × `texts`, row by row; none for classification and retrieval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similarities: Vec<f32>,
    /// Which of the options is right, where there is a choice among several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<usize>,
    /// What follows from them.
    pub detail: Detail,
}

/// What a model can do, by one set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The set's name.
    pub set: String,
    /// How ties were decided.
    pub ties: TieRule,
    /// How many items the set has.
    pub items: usize,
    /// How many of them have an answer.
    pub scored: usize,
    /// The others.
    pub skipped: Vec<Skipped>,
    /// What is odd about the set's file.
    #[serde(alias = "oddities")]
    pub warnings: Vec<Warning>,
    /// The numbers, for a table; the benchmark's main one first.
    pub metrics: Vec<Metric>,
    /// The numbers with all that belongs to them.
    pub score: Score,
    /// Item by item.
    pub answers: Vec<Answer>,
}

/// Scores a set. `images` and `texts` have a row for each of the set's, `root` is the embedding of
/// the empty text, `ties` overrides the authors' rule where the kind has one.
///
/// # Errors
/// Rows that do not fit the set, a set of which nothing can be scored, embeddings that are not
/// finite.
pub fn evaluate(
    set: &ProbeSet,
    images: &Rows<'_>,
    texts: &Rows<'_>,
    root: Option<&[f32]>,
    ties: Option<TieRule>,
) -> Result<Evaluation, EvaluateError> {
    for (what, expected, found) in [
        ("images", set.images.len(), images.len()),
        ("texts", set.texts.len(), texts.len()),
    ] {
        if expected != found {
            return Err(EvaluateError::Rows {
                set: set.name.clone(),
                what,
                expected,
                found,
            });
        }
    }
    let mut widths = images.iter().chain(texts).flatten().map(|row| row.len());
    if let Some(expected) = widths.next()
        && let Some(found) = widths.find(|&width| width != expected)
    {
        return Err(EvaluateError::Width {
            set: set.name.clone(),
            expected,
            found,
        });
    }
    set.probes.questions().score(Scoring {
        set,
        images,
        texts,
        root,
        ties: ties.unwrap_or(set.protocol.ties),
        skipped: Vec::new(),
        answers: Vec::new(),
    })
}

/// A set being scored: what a kind of question works with.
pub(crate) struct Scoring<'a> {
    pub(crate) set: &'a ProbeSet,
    pub(crate) images: &'a Rows<'a>,
    pub(crate) texts: &'a Rows<'a>,
    pub(crate) root: Option<&'a [f32]>,
    pub(crate) ties: TieRule,
    skipped: Vec<Skipped>,
    pub(crate) answers: Vec<Answer>,
}

impl Scoring<'_> {
    /// Cosines of an item's images × texts; `None`, and a note, where an embedding is missing.
    pub(crate) fn cosines(
        &mut self,
        id: &str,
        images: &[usize],
        texts: &[usize],
    ) -> Option<Vec<f32>> {
        let rows = images.iter().map(|&i| self.images[i]);
        let missing = rows
            .chain(texts.iter().map(|&i| self.texts[i]))
            .find_map(Result::err);
        if let Some(why) = missing {
            self.skip(id, why);
            return None;
        }
        let rows = |table: &Rows<'_>, places: &[usize]| -> Vec<Vec<f32>> {
            let rows = places.iter().map(|&i| table[i]);
            rows.flatten().map(<[f32]>::to_vec).collect()
        };
        let texts = rows(self.texts, texts);
        let of_image =
            |image: Vec<f32>| -> Vec<f32> { texts.iter().map(|t| cosine(&image, t)).collect() };
        let images = rows(self.images, images).into_iter();
        Some(images.flat_map(of_image).collect())
    }

    /// Notes an item without an answer.
    pub(crate) fn skip(&mut self, id: &str, why: &str) {
        self.skipped.push(Skipped {
            item: id.to_owned(),
            why: why.to_owned(),
        });
    }

    /// Names the set and an item in an error.
    pub(crate) fn wrong(&self, id: &str) -> impl Fn(ScoreError) -> EvaluateError + use<> {
        let (set, id) = (self.set.name.clone(), id.to_owned());
        move |source| EvaluateError::Score {
            set: set.clone(),
            id: id.clone(),
            source,
        }
    }

    pub(crate) fn finish(self, scored: usize, metrics: Vec<Metric>, score: Score) -> Evaluation {
        Evaluation {
            set: self.set.name.clone(),
            ties: self.ties,
            items: self.set.probes.len(),
            scored,
            skipped: self.skipped,
            warnings: self.set.warnings.clone(),
            metrics,
            score,
            answers: self.answers,
        }
    }

    /// An error if there is no answer at all.
    pub(crate) fn check_scored(&self, scored: usize) -> Result<(), EvaluateError> {
        if scored > 0 {
            return Ok(());
        }
        Err(EvaluateError::NothingToScore {
            set: self.set.name.clone(),
            items: self.set.probes.len(),
            why: self.skipped.first().map_or_else(
                || "there are none".to_owned(),
                |skipped| skipped.why.clone(),
            ),
        })
    }
}
