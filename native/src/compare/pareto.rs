//! What a gain in compositionality costs in zero-shot classification and retrieval.

use cliprobe::score::{Difference, Interval, ScoreError};
use serde::Serialize;

use super::comparison::Comparison;
use cliprobe::probe::Aim;

/// Gain and retention of every model, over the sets that all comparisons have.
#[derive(Serialize)]
pub(super) struct Pareto {
    /// The sets whose changes make up the gain: each benchmark counts once, with the mean of its
    /// sets.
    pub(super) composition: Vec<String>,
    pub(super) zero_shot: Vec<String>,
    pub(super) retrieval: Vec<String>,
    /// The baseline first, whose changes are 0.
    pub(super) models: Vec<Trade>,
}

/// A model's changes against the baseline.
#[derive(Serialize)]
pub(super) struct Trade {
    pub(super) model: String,
    pub(super) composition: Option<Difference>,
    pub(super) zero_shot: Option<Difference>,
    pub(super) retrieval: Option<Difference>,
    /// Whether no other model is better in one of the three and as good in the others.
    pub(super) on_front: bool,
}

impl Pareto {
    pub(super) fn new(baseline: &str, comparisons: &[Comparison]) -> Result<Self, ScoreError> {
        let sets_of = |aim: Aim| -> Vec<String> {
            let Some((first, others)) = comparisons.split_first() else {
                return Vec::new();
            };
            let has = |c: &Comparison, name: &str| {
                c.sets.iter().any(|set| set.set == name && set.aim == aim)
            };
            let names = first.sets.iter().map(|set| &set.set);
            names
                .filter(|name| has(first, name) && others.iter().all(|c| has(c, name)))
                .cloned()
                .collect()
        };
        let composition = sets_of(Aim::Composition);
        let zero_shot = sets_of(Aim::ZeroShot);
        let retrieval = sets_of(Aim::Retrieval);
        let none = Difference {
            value: 0.0,
            interval: Interval {
                low: 0.0,
                high: 0.0,
            },
        };
        let at_zero = |sets: &[String]| (!sets.is_empty()).then_some(none);
        let mut models = vec![Trade {
            model: baseline.to_owned(),
            composition: at_zero(&composition),
            zero_shot: at_zero(&zero_shot),
            retrieval: at_zero(&retrieval),
            on_front: false,
        }];
        for comparison in comparisons {
            models.push(Trade {
                model: comparison.model.name.clone(),
                composition: change(comparison, &composition)?,
                zero_shot: change(comparison, &zero_shot)?,
                retrieval: change(comparison, &retrieval)?,
                on_front: false,
            });
        }
        let values: Vec<Vec<f64>> = models.iter().map(Trade::values).collect();
        for (place, model) in models.iter_mut().enumerate() {
            model.on_front = !values.iter().any(|other| dominates(other, &values[place]));
        }
        Ok(Self {
            composition,
            zero_shot,
            retrieval,
            models,
        })
    }
}

impl Trade {
    /// The changes that there are; every model has the same.
    fn values(&self) -> Vec<f64> {
        [self.composition, self.zero_shot, self.retrieval]
            .iter()
            .flatten()
            .map(|difference| difference.value)
            .collect()
    }
}

fn dominates(one: &[f64], other: &[f64]) -> bool {
    let mut pairs = one.iter().zip(other);
    pairs.clone().all(|(a, b)| a >= b) && pairs.any(|(a, b)| a > b)
}

/// The mean over benchmarks of the mean over their sets of the main change.
fn change(comparison: &Comparison, sets: &[String]) -> Result<Option<Difference>, ScoreError> {
    let mut benchmarks: Vec<(&str, Vec<Difference>)> = Vec::new();
    for set in comparison.sets.iter().filter(|set| sets.contains(&set.set)) {
        let benchmark = set.set.split('/').next().unwrap_or(&set.set);
        let changes = set.main_changes();
        match benchmarks.iter_mut().find(|(name, _)| *name == benchmark) {
            Some((_, of_benchmark)) => of_benchmark.extend(changes),
            None => benchmarks.push((benchmark, changes)),
        }
    }
    let means = benchmarks
        .into_iter()
        .filter(|(_, changes)| !changes.is_empty())
        .map(|(_, changes)| Difference::mean(changes))
        .collect::<Result<Vec<_>, _>>()?;
    if means.is_empty() {
        return Ok(None);
    }
    Difference::mean(means).map(Some)
}

#[cfg(test)]
mod tests {
    use super::dominates;

    #[test]
    fn only_what_is_nowhere_worse_and_somewhere_better_dominates() {
        assert!(dominates(&[0.1, 0.0], &[0.0, 0.0]));
        assert!(!dominates(&[0.1, -0.1], &[0.0, 0.0]));
        assert!(!dominates(&[0.0, 0.0], &[0.0, 0.0]));
    }
}
