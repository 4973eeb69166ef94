//! All comparisons of one call: what adjusts them to each other, and what they trade off.

use anyhow::{Result, bail};
use cliprobe::score::holm;
use serde::Serialize;

use super::comparison::{Comparison, Model};
use super::pareto::Pareto;
use super::runs::NamedRun;

/// Every model against the baseline.
#[derive(Serialize)]
pub(super) struct Comparisons {
    format: &'static str,
    version: u32,
    /// The version of this program.
    cliprobe: &'static str,
    pub(super) baseline: Model,
    /// How many tests the adjusted p-values allow for.
    pub(super) tests: usize,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) pareto: Pareto,
}

impl Comparisons {
    /// Compares every run with the one at `baseline`.
    pub(super) fn new(runs: &[NamedRun], baseline: usize) -> Result<Self> {
        let before = &runs[baseline];
        let mut comparisons = Vec::new();
        for (place, after) in runs.iter().enumerate() {
            if place != baseline {
                comparisons.push(Comparison::new(before, after)?);
            }
        }
        if let ([only], true) = (
            &comparisons[..],
            comparisons.iter().all(|c| c.sets.is_empty()),
        ) {
            bail!(
                "nothing can be compared: {}",
                only.refused
                    .first()
                    .map_or("the two have no set in common", String::as_str)
            );
        }
        let tests = adjust(&mut comparisons);
        let pareto = Pareto::new(&before.name, &comparisons)?;
        Ok(Self {
            format: "cliprobe-comparison",
            version: 1,
            cliprobe: env!("CARGO_PKG_VERSION"),
            baseline: Model::of(before),
            tests,
            comparisons,
            pareto,
        })
    }
}

/// Adjusts the p-values of all tests together, and says how many there are.
fn adjust(comparisons: &mut [Comparison]) -> usize {
    let mut tests: Vec<(f64, &mut f64)> = Vec::new();
    for set in comparisons.iter_mut().flat_map(|c| &mut c.sets) {
        tests.extend(set.marks.iter_mut().map(|m| (m.p_value, &mut m.p_holm)));
        tests.extend(
            set.means
                .iter_mut()
                .map(|m| (m.paired.p_value, &mut m.p_holm)),
        );
    }
    let p_values: Vec<f64> = tests.iter().map(|test| test.0).collect();
    let count = tests.len();
    for ((_, place), adjusted) in tests.into_iter().zip(holm(&p_values)) {
        *place = adjusted;
    }
    count
}
