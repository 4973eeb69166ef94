//! Radial embeddings (HierarCaps, Alper and Averbuch-Elor, arXiv 2407.08521; `code/train.py`):
//! along a chain the next tier lies straight on as seen from the root, what contradicts a tier
//! does not.
//!
//! ```text
//! P[k] =  Ξ_r(pos_k, pos_{k+1}),  N[k] = −Ξ_r(pos_k, neg_k)         k = 1, 2, 3
//! L = mean(P) + mean(N) + hardest · ((P + N)[argmax P] + (P + N)[argmax N])
//! ```
//!
//! Means and maxima go over tiers and chains. r, the embedding of the empty text, is encoded anew
//! in every step, with its gradient. The reference's regulariser, 10 · (1 − mean cos)/2 to the
//! frozen start over all texts but the root, is `distillation.chains = 10`; with it, and text
//! tower and text projection alone trained, this is the paper's objective.

use anyhow::Result;
use candle_core::Tensor;

use super::Objective;
use super::angle::exterior_angle;
use crate::features::Features;
use crate::recipe::Radial;

/// Exterior angles of each tier, `[3, chains]` in radians: to the next tier, and to what
/// contradicts the tier. `chains`: `[8, chains, dim]`, `root`: `[1, dim]`.
pub(super) fn tier_angles(chains: &Tensor, root: &Tensor) -> Result<(Tensor, Tensor)> {
    let tiers = chains.narrow(0, 0, 3)?;
    let root = root.unsqueeze(0)?;
    let entailed = exterior_angle(&root, &tiers, &chains.narrow(0, 1, 3)?)?;
    let contradicted = exterior_angle(&root, &tiers, &chains.narrow(0, 4, 3)?)?;
    Ok((entailed, contradicted))
}

impl Objective for Radial {
    fn name(&self) -> &'static str {
        "radial"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, _log_scale: &Tensor) -> Result<Option<Tensor>> {
        let (Some(chains), Some(root)) = (&features.chains, &features.root) else {
            return Ok(None);
        };
        let (entailed, contradicted) = tier_angles(chains, root)?;
        let positives = entailed.flatten_all()?;
        let negatives = contradicted.flatten_all()?.neg()?;
        let both = (&positives + &negatives)?;
        let mut loss = both.mean_all()?;
        for part in [&positives, &negatives] {
            let hardest = part.argmax(0)?.to_scalar::<u32>()? as usize;
            let hardest = both.narrow(0, hardest, 1)?.sum_all()?;
            loss = (loss + (hardest * self.hardest)?)?;
        }
        Ok(Some(loss))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::objective::definition::{Matrix, assert_equals, dot, unit};

    /// Two chains of eight texts, all tiers first, and the root.
    pub(in crate::objective) fn inputs() -> [Matrix; 2] {
        let rows = (0..16).map(|row| {
            let of = |dim: usize| ((row * 7 + dim * 5 + 3) % 11) as f64 / 5.0 - 0.9;
            vec![of(0), of(1) + 0.05 * row as f64, of(2), 1.5]
        });
        [rows.collect(), vec![vec![0.3, -0.2, 0.4, 1.0]]]
    }

    pub(in crate::objective) fn features(inputs: &[Tensor]) -> Features {
        Features {
            chains: Some(inputs[0].reshape((8, 2, 4)).unwrap()),
            root: Some(inputs[1].clone()),
            ..Features::default()
        }
    }

    /// Ξ in f64, of rows as they are before they get unit length.
    pub(in crate::objective) fn angle(root: &[f64], from: &[f64], to: &[f64]) -> f64 {
        let (root, from, to) = (unit(root), unit(from), unit(to));
        let minus =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(x, y)| x - y).collect() };
        dot(&unit(&minus(&from, &root)), &unit(&minus(&to, &from))).acos()
    }

    fn by_definition(inputs: &[Matrix], hardest: f64) -> f64 {
        let (text, root) = (
            |tier: usize, chain: usize| &inputs[0][2 * tier + chain],
            &inputs[1][0],
        );
        let (mut p, mut n) = (Vec::new(), Vec::new());
        for k in 0..3 {
            for chain in 0..2 {
                p.push(angle(root, text(k, chain), text(k + 1, chain)));
                n.push(-angle(root, text(k, chain), text(k + 4, chain)));
            }
        }
        let largest = |values: &[f64]| {
            (0..values.len())
                .max_by(|&a, &b| values[a].total_cmp(&values[b]))
                .unwrap()
        };
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (i, j) = (largest(&p), largest(&n));
        mean(&p) + mean(&n) + hardest * (p[i] + n[i] + p[j] + n[j])
    }

    #[test]
    fn value_and_gradients_are_those_of_the_reference() {
        for hardest in [0.0, 1.0] {
            assert_equals(
                &inputs(),
                |inputs| {
                    let objective = Radial {
                        weight: 1.0,
                        hardest,
                    };
                    let unused = inputs[1].clone();
                    objective.loss(&features(inputs), &unused).unwrap().unwrap()
                },
                |inputs| by_definition(inputs, hardest),
            );
        }
    }
}
