//! Entailment cones, which radial embeddings are compared with (Ganea et al., arXiv 1804.01882;
//! the form of MERU, Desai et al., arXiv 2304.09172, `meru/lorentz.py`): what a text entails lies
//! in a cone behind it as seen from the root, the narrower the further away it is.
//!
//! ```text
//! ψ(e) = asin(2K / |e − r|),  E(e, e') = max(0, Ξ_r(e, e') − ψ(e))
//! L = mean E(pos_k, pos_{k+1}) + mean max(0, γ − E(pos_k, neg_k))         k = 1, 2, 3
//! ```
//!
//! MERU's cones lie on a hyperboloid about its origin and have no negatives. Here they stand on
//! the ground of the radial objective, so that the two differ in nothing else: on the straight
//! lines between embeddings of unit length, about the root r (the empty text, encoded anew with
//! its gradient), with HierarCaps' contradictions in the margin form of Ganea et al., equation 32.
//! Where 2K/|e − r| exceeds 1 − 10⁻⁷ the cone is the half-space, as in MERU.

use anyhow::Result;
use candle_core::{D, Tensor};

use super::Objective;
use super::angle::arc_sine;
use super::radial::tier_angles;
use crate::features::Features;
use crate::recipe::EntailmentCone;

impl Objective for EntailmentCone {
    fn name(&self) -> &'static str {
        "entailment_cone"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, _log_scale: &Tensor) -> Result<Option<Tensor>> {
        let (Some(chains), Some(root)) = (&features.chains, &features.root) else {
            return Ok(None);
        };
        let (entailed, contradicted) = tier_angles(chains, root)?;
        let from_root = chains.narrow(0, 0, 3)?.broadcast_sub(&root.unsqueeze(0)?)?;
        // A text at the root has a half-space; the small number keeps its gradient finite.
        let radius = (from_root.sqr()?.sum(D::Minus1)? + 1e-12)?.sqrt()?;
        let half_aperture = arc_sine(&(radius.recip()? * (2.0 * self.min_radius))?)?;
        let outside = |angle: Tensor| (angle - &half_aperture)?.relu();
        let entailed = outside(entailed)?.mean_all()?;
        let contradicted = outside(contradicted)?
            .affine(-1.0, self.margin)?
            .relu()?
            .mean_all()?;
        Ok(Some((entailed + contradicted)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::objective::definition::{Matrix, assert_equals, unit};
    use crate::objective::radial::tests::{angle, features, inputs};

    fn by_definition(inputs: &[Matrix], min_radius: f64, margin: f64) -> f64 {
        let (text, root) = (
            |tier: usize, chain: usize| &inputs[0][2 * tier + chain],
            &inputs[1][0],
        );
        let mut total = 0.0;
        for k in 0..3 {
            for chain in 0..2 {
                let from = text(k, chain);
                let squares = unit(from)
                    .iter()
                    .zip(unit(root))
                    .map(|(e, r)| (e - r).powi(2))
                    .sum::<f64>();
                let aperture = (2.0 * min_radius / squares.sqrt()).min(1.0 - 1e-7).asin();
                let outside = |to: &Vec<f64>| (angle(root, from, to) - aperture).max(0.0);
                total +=
                    outside(text(k + 1, chain)) + (margin - outside(text(k + 4, chain))).max(0.0);
            }
        }
        total / 6.0
    }

    #[test]
    fn value_and_gradients_are_those_of_the_definition() {
        // A margin that all keep, one that none keeps, and one that some keep.
        for margin in [0.01, 3.2, 1.3] {
            assert_equals(
                &inputs(),
                |inputs| {
                    let objective = EntailmentCone {
                        weight: 1.0,
                        min_radius: 0.1,
                        margin,
                    };
                    let unused = inputs[1].clone();
                    objective.loss(&features(inputs), &unused).unwrap().unwrap()
                },
                |inputs| by_definition(inputs, 0.1, margin),
            );
        }
    }
}
