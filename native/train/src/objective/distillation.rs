//! Staying near the start: cosines to what the frozen start weights make of the same inputs.
//!
//! ```text
//! L = Σ over images, captions, chains of factor · ½ (1 − mean cos(e, e_start))
//! ```
//!
//! With `chains = 10` it is the regulariser of radial embeddings (λ_p of HierarCaps' `train.py`:
//! all eight texts of every chain, not the root).

use anyhow::Result;
use candle_core::{D, Tensor};

use super::Objective;
use crate::features::Features;
use crate::recipe::Distillation;

impl Objective for Distillation {
    fn name(&self) -> &'static str {
        "distillation"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, _log_scale: &Tensor) -> Result<Option<Tensor>> {
        let Some(start) = &features.start else {
            return Ok(None);
        };
        let parts = [
            (self.images, &features.images, &start.images),
            (self.captions, &features.captions, &start.captions),
            (self.chains, &features.chains, &start.chains),
        ];
        let mut total: Option<Tensor> = None;
        for (factor, now, then) in parts {
            let (Some(now), Some(then)) = (now, then) else {
                continue;
            };
            let cosine = (now * then)?.sum(D::Minus1)?.mean_all()?;
            let part = cosine.affine(-0.5 * factor, 0.5 * factor)?;
            total = Some(match total {
                Some(total) => (total + part)?,
                None => part,
            });
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::objective::definition::{
        CAPTIONS, IMAGES, Matrix, POSITIVES, assert_equals, cosine, matrix,
    };

    #[test]
    fn value_and_gradients_are_those_of_the_definition() {
        let inputs = [matrix(&IMAGES), matrix(&CAPTIONS)];
        let distance = |rows: &Matrix, start: &Matrix| -> f64 {
            let cosines = rows.iter().zip(start).map(|(a, b)| cosine(a, b));
            0.5 * (1.0 - cosines.sum::<f64>() / rows.len() as f64)
        };
        assert_equals(
            &inputs,
            |inputs| {
                let start = |rows: &Tensor| {
                    let turned = rows.affine(1.0, 0.3).unwrap().detach();
                    Some(crate::features::normalised(&turned).unwrap())
                };
                // Constants: what the start made of the same inputs before they moved.
                let fixed = |rows: &[[f64; 3]; 3]| {
                    let values: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
                    Tensor::from_vec(values, (3, 3), inputs[0].device()).unwrap()
                };
                let features = Features {
                    images: Some(inputs[0].clone()),
                    captions: Some(inputs[1].clone()),
                    start: Some(Box::new(Features {
                        images: start(&fixed(&POSITIVES)),
                        captions: start(&fixed(&IMAGES)),
                        ..Features::default()
                    })),
                    ..Features::default()
                };
                let objective = Distillation {
                    weight: 1.0,
                    images: 2.0,
                    captions: 0.5,
                    chains: 7.0,
                };
                let unused = inputs[0].clone();
                objective.loss(&features, &unused).unwrap().unwrap()
            },
            |inputs| {
                let moved = |rows: &[[f64; 3]; 3]| -> Matrix {
                    rows.iter()
                        .map(|row| row.iter().map(|x| x + 0.3).collect())
                        .collect()
                };
                2.0 * distance(&inputs[0], &moved(&POSITIVES))
                    + 0.5 * distance(&inputs[1], &moved(&IMAGES))
            },
        );
    }
}
