//! Hard Positives: does a model that tells a caption from a wrong one still know the right one in
//! other words?
//!
//! In the words of Kamath et al.: a caption *c*, its hard positive *p* (the same meaning) and its
//! hard negative *n* (another meaning), all against one image.

use serde::{Deserialize, Serialize};

use super::{Accuracy, Estimate, Outcome, ScoreError, TieRule, wilson};

/// The similarities of one item with its image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HardPositiveSimilarities {
    /// Of the caption.
    pub caption: f32,
    /// Of the hard positive.
    pub positive: f32,
    /// Of the hard negative. The reference encodes it twice, beside the caption and beside the hard
    /// positive, and the two may differ in the last bit; here it is encoded once.
    pub negative: f32,
}

/// Which of `run_eval.py`'s five counts an item falls into. The comparisons are strict, and every
/// item falls into exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HardPositiveOutcome {
    /// n < c and n < p: right on both.
    Augmented,
    /// c > n > p: knows the caption, not its paraphrase. Brittle.
    PositiveLost,
    /// p > n > c: knows the paraphrase, not the caption. Brittle.
    CaptionLost,
    /// n > c and n > p.
    BothWrong,
    /// n = c or n = p, whatever the other is: right on neither count.
    Tie,
}

/// What one item says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HardPositive {
    /// Its count.
    pub outcome: HardPositiveOutcome,
    /// The original test: the caption is above the hard negative.
    pub original: bool,
    /// The caption equals the hard negative.
    pub original_tied: bool,
    /// The hard positive alone is above the hard negative.
    pub modified: bool,
    /// c − n.
    pub caption_margin: f32,
    /// p − n.
    pub positive_margin: f32,
    /// |c − p|: zero for a model that hears the same in both.
    pub gap: f32,
}

impl HardPositive {
    /// Compares as `run_eval.py` of amitakamath/hard_positives does.
    ///
    /// # Errors
    /// [`ScoreError::NotFinite`] names the item, and as its option 0 for the caption, 1 for the
    /// hard positive, 2 for the hard negative.
    pub fn new(item: usize, similarities: HardPositiveSimilarities) -> Result<Self, ScoreError> {
        let HardPositiveSimilarities {
            caption: c,
            positive: p,
            negative: n,
        } = similarities;
        for (option, value) in [c, p, n].into_iter().enumerate() {
            if !value.is_finite() {
                return Err(ScoreError::NotFinite {
                    item,
                    option,
                    value,
                });
            }
        }
        let outcome = if n == p || n == c {
            HardPositiveOutcome::Tie
        } else {
            match (c > n, p > n) {
                (true, true) => HardPositiveOutcome::Augmented,
                (true, false) => HardPositiveOutcome::PositiveLost,
                (false, true) => HardPositiveOutcome::CaptionLost,
                (false, false) => HardPositiveOutcome::BothWrong,
            }
        };
        Ok(Self {
            outcome,
            original: n < c,
            original_tied: n == c,
            modified: n < p,
            caption_margin: c - n,
            positive_margin: p - n,
            gap: (c - p).abs(),
        })
    }
}

/// The five numbers that `run_eval.py` prints, in its order. They sum to the number of items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // see HardPositiveOutcome
pub struct HardPositiveCounts {
    pub augmented: usize,
    pub positive_lost: usize,
    pub caption_lost: usize,
    pub both_wrong: usize,
    pub ties: usize,
}

/// One set of Hard Positives (SWAP, REPLACE attributes or REPLACE relations) in numbers.
///
/// Without ties `brittleness ≥ original − augmented`, for
/// original − augmented = P(c > n ≥ p).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HardPositiveScore {
    /// c above n: the accuracy before the hard positives. Computed, never printed by the
    /// reference; chance 1/2.
    pub original: Accuracy,
    /// c and p above n; chance 1/3.
    pub augmented: Accuracy,
    /// n between c and p; lower is better, chance 1/3.
    pub brittleness: Estimate,
    /// p above n (`mod_acc`); chance 1/2.
    pub modified: Accuracy,
    /// The mean of |c − p| (`avg_diff`), a difference of cosines.
    pub mean_gap: f64,
    /// The counts behind them.
    pub counts: HardPositiveCounts,
}

impl HardPositiveScore {
    /// Counts items.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any.
    pub fn new(items: &[HardPositive]) -> Result<Self, ScoreError> {
        use HardPositiveOutcome::{Augmented, BothWrong, CaptionLost, PositiveLost, Tie};

        let accuracy = |chance: f64, outcome: &dyn Fn(&HardPositive) -> (bool, bool)| {
            let outcomes = items.iter().map(|item| {
                let (correct, tied) = outcome(item);
                Outcome {
                    correct,
                    tied,
                    chance,
                }
            });
            Accuracy::count("Hard Positives", outcomes, TieRule::Strict)
        };
        let count = |outcome| items.iter().filter(|item| item.outcome == outcome).count();
        let original = accuracy(1.0 / 2.0, &|i| (i.original, i.original_tied))?;
        let counts = HardPositiveCounts {
            augmented: count(Augmented),
            positive_lost: count(PositiveLost),
            caption_lost: count(CaptionLost),
            both_wrong: count(BothWrong),
            ties: count(Tie),
        };
        let brittle = counts.positive_lost + counts.caption_lost;
        let n = items.len();
        Ok(Self {
            original,
            augmented: accuracy(1.0 / 3.0, &|i| (i.outcome == Augmented, i.outcome == Tie))?,
            brittleness: Estimate {
                value: brittle as f64 / n as f64,
                interval: wilson(brittle, n),
                chance: 1.0 / 3.0,
            },
            modified: accuracy(1.0 / 2.0, &|i| (i.modified, i.positive_margin == 0.0))?,
            mean_gap: items.iter().map(|item| f64::from(item.gap)).sum::<f64>() / n as f64,
            counts,
        })
    }
}

/// What papers call REPLACE: the unweighted mean of the attribute and the relation set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HardPositiveAverage {
    /// Of the original accuracies.
    pub original: Estimate,
    /// Of the augmented accuracies.
    pub augmented: Estimate,
    /// Of the brittlenesses.
    pub brittleness: Estimate,
}

impl HardPositiveAverage {
    /// Averages sets, each weighing the same.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any.
    pub fn new(sets: &[HardPositiveScore]) -> Result<Self, ScoreError> {
        let mean = |of: &dyn Fn(&HardPositiveScore) -> Estimate| {
            Estimate::mean("Hard Positives REPLACE", sets.iter().map(of))
        };
        Ok(Self {
            original: mean(&|set| set.original.estimate())?,
            augmented: mean(&|set| set.augmented.estimate())?,
            brittleness: mean(&|set| set.brittleness)?,
        })
    }
}
