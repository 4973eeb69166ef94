//! Accuracies, their intervals, and averages of accuracies.

use serde::{Deserialize, Serialize};

use super::{ScoreError, TieRule};

/// The 97.5th percentile of the standard normal distribution: what makes an interval one of 95 %.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The 95 % Wilson score interval of the proportion `hits / n`, within [0, 1]
/// (Wilson 1927; Newcombe 1998a, method 3, without continuity correction).
///
/// Nothing is known of a proportion over nothing: for `n` = 0 it is [0, 1].
///
/// ```
/// use cliprobe_score::wilson;
/// let interval = wilson(8, 10);
/// assert!((interval.low - 0.4902).abs() < 1e-4 && (interval.high - 0.9433).abs() < 1e-4);
/// ```
pub fn wilson(hits: usize, n: usize) -> Interval {
    if n == 0 {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    }
    let (hits, count) = (hits as f64, n as f64);
    let p = hits / count;
    let z2 = Z95 * Z95;
    let centre = (hits + z2 / 2.0) / (count + z2);
    let half = Z95 / (count + z2) * (count * p * (1.0 - p) + z2 / 4.0).sqrt();
    // The ends are exact there; rounding must not leave them outside [0, 1].
    Interval {
        low: if hits == 0.0 {
            0.0
        } else {
            (centre - half).max(0.0)
        },
        high: if hits == count {
            1.0
        } else {
            (centre + half).min(1.0)
        },
    }
}

/// What one item contributes to an accuracy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Whether it counts as right, its ties resolved.
    pub correct: bool,
    /// Whether the tie rule decided that.
    pub tied: bool,
    /// The probability that random similarities are right, from 0 to 1.
    pub chance: f64,
}

/// A share of items that a model gets right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Items that are right, their ties resolved.
    pub correct: usize,
    /// Items scored. Items that were dropped (a missing image) are not among them.
    pub n: usize,
    /// `correct / n`, from 0 to 1.
    pub value: f64,
    /// The 95 % Wilson interval of `value`. It takes items for independent: captions that share
    /// an image make the true one wider.
    pub interval: Interval,
    /// What random similarities would get, from 0 to 1.
    pub chance: f64,
    /// Items that the tie rule decided.
    pub ties: usize,
    /// How it decided them.
    pub tie_rule: TieRule,
}

impl Accuracy {
    /// Counts outcomes, whose ties were resolved by `tie_rule`.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`], naming `what`, without any outcome.
    pub fn count(
        what: &str,
        outcomes: impl IntoIterator<Item = Outcome>,
        tie_rule: TieRule,
    ) -> Result<Self, ScoreError> {
        let (mut correct, mut n, mut ties, mut chance) = (0, 0, 0, 0.0);
        for outcome in outcomes {
            correct += usize::from(outcome.correct);
            ties += usize::from(outcome.tied);
            chance += outcome.chance;
            n += 1;
        }
        Self::from_counts(what, correct, n, chance, ties, tie_rule)
    }

    /// The accuracy over all items of several: their *micro* average, each item weighing the same.
    ///
    /// The tie rule is that of the first part.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`], naming `what`, without any part.
    pub fn micro<'a>(
        what: &str,
        parts: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, ScoreError> {
        let (mut correct, mut n, mut ties, mut chance) = (0, 0, 0, 0.0);
        let mut tie_rule = None;
        for part in parts {
            correct += part.correct;
            n += part.n;
            ties += part.ties;
            chance += part.chance * part.n as f64;
            tie_rule = tie_rule.or(Some(part.tie_rule));
        }
        Self::from_counts(
            what,
            correct,
            n,
            chance,
            ties,
            tie_rule.unwrap_or(TieRule::Strict),
        )
    }

    /// As an estimate, to average with others.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value,
            interval: self.interval,
            chance: self.chance,
        }
    }

    fn from_counts(
        what: &str,
        correct: usize,
        n: usize,
        chances: f64,
        ties: usize,
        tie_rule: TieRule,
    ) -> Result<Self, ScoreError> {
        if n == 0 {
            return Err(ScoreError::NoItems { what: what.into() });
        }
        Ok(Self {
            correct,
            n,
            value: correct as f64 / n as f64,
            interval: wilson(correct, n),
            chance: chances / n as f64,
            ties,
            tie_rule,
        })
    }
}

/// A metric that is no plain share of items: an average of accuracies, or a rate of failures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value, from 0 to 1.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// What random similarities would get.
    pub chance: f64,
}

impl Estimate {
    /// The *macro* average of several estimates, each weighing the same whatever its size.
    ///
    /// The interval combines the parts' own, taken for independent, by their distances from the
    /// values (MOVER: Zou and Donner 2008, *Statistics in Medicine* 27, 1693–1702): for one part
    /// it is that part's. Groups of one or two items make it wide, and it is right to be.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`], naming `what`, without any part.
    pub fn mean(what: &str, parts: impl IntoIterator<Item = Self>) -> Result<Self, ScoreError> {
        let parts: Vec<Self> = parts.into_iter().collect();
        let intervals: Vec<_> = parts.iter().map(|p| (p.value, p.interval)).collect();
        let (value, interval) = mean_of_intervals(what, &intervals)?;
        Ok(Self {
            value,
            interval,
            chance: parts.iter().map(|part| part.chance).sum::<f64>() / parts.len() as f64,
        })
    }
}

/// The mean of independent values and its interval, by MOVER.
pub(super) fn mean_of_intervals(
    what: &str,
    parts: &[(f64, Interval)],
) -> Result<(f64, Interval), ScoreError> {
    if parts.is_empty() {
        return Err(ScoreError::NoItems { what: what.into() });
    }
    let n = parts.len() as f64;
    let value = parts.iter().map(|&(value, _)| value).sum::<f64>() / n;
    let distance = |to: fn(&Interval) -> f64| {
        let squares = parts.iter().map(|(value, i)| (value - to(i)).powi(2));
        squares.sum::<f64>().sqrt() / n
    };
    let interval = Interval {
        low: value - distance(|interval| interval.low),
        high: value + distance(|interval| interval.high),
    };
    Ok((value, interval))
}
