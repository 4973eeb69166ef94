//! Two models on the same items: what changed, and whether it can be chance.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

use super::accuracy::mean_of_intervals;
use super::{Interval, ScoreError, wilson};

/// A difference of two accuracies, after minus before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// From −1 to 1.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

impl Difference {
    /// The difference of two macro averages: the mean of the groups' differences, with the
    /// intervals combined as in [`Estimate::mean`](super::Estimate::mean).
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any.
    pub fn mean(parts: impl IntoIterator<Item = Self>) -> Result<Self, ScoreError> {
        let parts: Vec<_> = parts.into_iter().map(|p| (p.value, p.interval)).collect();
        let (value, interval) = mean_of_intervals("the comparison", &parts)?;
        Ok(Self { value, interval })
    }
}

/// Two models' answers to the same items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Items compared.
    pub n: usize,
    /// Right before and after.
    pub both: usize,
    /// Right in neither.
    pub neither: usize,
    /// The items that only the model after gets right, by number.
    pub gained: Vec<usize>,
    /// The items that only the model before gets right, by number.
    pub lost: Vec<usize>,
    /// Accuracy after minus before.
    pub difference: Difference,
    /// The two-sided exact McNemar test, see [`mcnemar`]: the probability of flips at least as
    /// one-sided if either direction were equally likely.
    pub p_value: f64,
}

impl PairedComparison {
    /// Compares answers to the same items in the same order.
    ///
    /// # Errors
    /// [`ScoreError::Length`] if they differ in number, [`ScoreError::NoItems`] without any.
    pub fn new(before: &[bool], after: &[bool]) -> Result<Self, ScoreError> {
        if before.len() != after.len() {
            return Err(ScoreError::Length {
                what: "the second model's answers",
                expected: before.len(),
                found: after.len(),
            });
        }
        if before.is_empty() {
            return Err(ScoreError::NoItems {
                what: "the comparison".into(),
            });
        }
        let items = |was: bool, is: bool| {
            (0..before.len()).filter(move |&item| before[item] == was && after[item] == is)
        };
        let (gained, lost): (Vec<_>, Vec<_>) =
            (items(false, true).collect(), items(true, false).collect());
        let (both, neither) = (items(true, true).count(), items(false, false).count());
        Ok(Self {
            n: before.len(),
            both,
            neither,
            difference: paired_difference(both, gained.len(), lost.len(), neither),
            p_value: mcnemar(gained.len(), lost.len()),
            gained,
            lost,
        })
    }
}

/// The difference of two paired proportions, after minus before, with its 95 % interval by
/// Newcombe's score-based method with a corrected φ (Newcombe 1998, *Statistics in Medicine* 17,
/// 2635–2650, method 10). Unlike a bootstrap it needs no seed and does not collapse where all
/// items agree. Without any item it says nothing: 0 within [−1, 1].
pub fn paired_difference(both: usize, gained: usize, lost: usize, neither: usize) -> Difference {
    let n = both + gained + lost + neither;
    if n == 0 {
        return Difference {
            value: 0.0,
            interval: Interval {
                low: -1.0,
                high: 1.0,
            },
        };
    }
    let (after, before) = (both + gained, both + lost);
    let value = (gained as f64 - lost as f64) / n as f64;
    let distances = |hits: usize| {
        let p = hits as f64 / n as f64;
        let Interval { low, high } = wilson(hits, n);
        (p - low, high - p)
    };
    let (after_below, after_above) = distances(after);
    let (before_below, before_above) = distances(before);
    // φ: how the two go together, shrunk by a continuity correction where it is positive.
    let marginals = [after, n - after, before, n - before]
        .map(|count| count as f64)
        .iter()
        .product::<f64>();
    let agreement = both as f64 * neither as f64 - gained as f64 * lost as f64;
    let corrected = if agreement > 0.0 {
        (agreement - n as f64 / 2.0).max(0.0)
    } else {
        agreement
    };
    let phi = if marginals == 0.0 {
        0.0
    } else {
        corrected / marginals.sqrt()
    };
    let combined = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
    Difference {
        value,
        interval: Interval {
            low: value - combined(after_below, before_above),
            high: value + combined(after_above, before_below),
        },
    }
}

/// The exact two-sided McNemar test: the probability, if each flip is a fair coin, of a split of
/// `gained + lost` flips at least as uneven as this one (the binomial test with p = 1/2). 1 without
/// flips. It asks whether the models differ at all, not by how much.
pub fn mcnemar(gained: usize, lost: usize) -> f64 {
    let flips = (gained + lost) as u64;
    let fair = Binomial::new(0.5, flips).expect("1/2 is a probability");
    (2.0 * fair.cdf(gained.min(lost) as u64)).min(1.0)
}
