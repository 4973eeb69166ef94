//! Two models on the same items where each item has a number rather than a right or wrong.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Difference, Interval, ScoreError};

/// How a mean over the same items changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedMean {
    /// Items compared.
    pub n: usize,
    /// The mean before.
    pub before: f64,
    /// The mean after.
    pub after: f64,
    /// After minus before, with the 95 % interval of the paired t method:
    /// `mean(d) ± t(0.975, n − 1) · s(d) / √n` over the items' differences `d`. The value alone for
    /// one item.
    pub difference: Difference,
    /// The two-sided paired t test. 1 for one item, which cannot say how much items vary.
    pub p_value: f64,
}

impl PairedMean {
    /// Compares numbers of the same items in the same order.
    ///
    /// # Errors
    /// [`ScoreError::Length`] if they differ in number, [`ScoreError::NoItems`] without any.
    pub fn new(before: &[f64], after: &[f64]) -> Result<Self, ScoreError> {
        if before.len() != after.len() {
            return Err(ScoreError::Length {
                what: "the second model's numbers",
                expected: before.len(),
                found: after.len(),
            });
        }
        if before.is_empty() {
            return Err(ScoreError::NoItems {
                what: "the comparison".into(),
            });
        }
        let n = before.len();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / n as f64;
        let differences: Vec<f64> = before.iter().zip(after).map(|(b, a)| a - b).collect();
        let value = mean(&differences);
        let squares: f64 = differences.iter().map(|d| (d - value).powi(2)).sum();
        let (half, p_value) = if n == 1 {
            (0.0, 1.0)
        } else {
            let freedom = (n - 1) as f64;
            let error = (squares / freedom / n as f64).sqrt();
            let t = StudentsT::new(0.0, 1.0, freedom).expect("there is a degree of freedom");
            let p_value = match (error > 0.0, value == 0.0) {
                (true, _) => 2.0 * t.sf((value / error).abs()),
                (false, true) => 1.0,
                (false, false) => 0.0,
            };
            (t.inverse_cdf(0.975) * error, p_value)
        };
        Ok(Self {
            n,
            before: mean(before),
            after: mean(after),
            difference: Difference {
                value,
                interval: Interval {
                    low: value - half,
                    high: value + half,
                },
            },
            p_value,
        })
    }
}

/// Holm's adjustment of the p-values of several tests at once (Holm 1979, *Scandinavian Journal of
/// Statistics* 6, 65–70): whoever calls those below 5 % a difference errs anywhere among them with
/// probability at most 5 %, however the tests depend on each other. In the order given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (place, &test) in order.iter().enumerate() {
        let remaining = (p_values.len() - place) as f64;
        largest = largest.max((remaining * p_values[test]).min(1.0));
        adjusted[test] = largest;
    }
    adjusted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// With four degrees of freedom p is `1 − sin θ · (1 + cos² θ / 2)` where `tan θ = t / 2`, and the
    /// tables give t(0.975) = 2.776445.
    #[test]
    fn a_mean_difference_is_students() {
        let before = [0.25, 0.5, 0.5, 0.5, 0.25];
        let after = [0.75, 0.5, 1.0, 0.25, 0.5];
        let paired = PairedMean::new(&before, &after).unwrap();
        assert!((paired.difference.value - 0.2).abs() < 1e-12);
        assert!((paired.p_value - 0.241981530568).abs() < 1e-9, "{paired:?}");
        assert!((paired.difference.interval.low - -0.204732946177).abs() < 1e-9);
        assert!((paired.difference.interval.high - 0.604732946177).abs() < 1e-9);
    }

    #[test]
    fn equal_models_do_not_differ() {
        let paired = PairedMean::new(&[0.5, 0.25], &[0.5, 0.25]).unwrap();
        assert_eq!((paired.difference.value, paired.p_value), (0.0, 1.0));
        assert!(PairedMean::new(&[], &[]).is_err());
        assert!(PairedMean::new(&[1.0], &[]).is_err());
    }

    /// The worked example of R's `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`.
    #[test]
    fn holm_is_r_s() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
    }
}
