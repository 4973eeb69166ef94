//! Hard positives: rewordings are as near to the image, and to the caption, as a caption is
//! (SVLC's `L_pos`, Doveh et al., arXiv 2211.11733; as Kamath et al., arXiv 2409.17958, train):
//!
//! ```text
//! L = ½ CE(τ V Hᵀ, I) + ½ CE(τ T Hᵀ, I)                                       each row finds its own
//! L = ¼ [CE(τ V Hᵀ, I) + CE(τ H Vᵀ, I) + CE(τ T Hᵀ, I) + CE(τ H Tᵀ, I)]       symmetric
//! ```
//!
//! over the pairs that have a hard positive. H: hard positives, V and T: their images and
//! captions.

use anyhow::Result;
use candle_core::{D, Tensor};

use super::Objective;
use super::contrastive::info_nce;
use crate::features::Features;
use crate::recipe::HardPositives;

impl Objective for HardPositives {
    fn name(&self) -> &'static str {
        "hard_positives"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>> {
        let (Some(images), Some(captions), Some(positives)) =
            (&features.images, &features.captions, &features.positives)
        else {
            return Ok(None);
        };
        let pairs = Tensor::new(features.positive_of.as_slice(), images.device())?;
        let half = |rows: &Tensor| -> Result<Tensor> {
            let rows = rows.index_select(&pairs, 0)?;
            if self.symmetric {
                info_nce(&rows, positives, None, log_scale)
            } else {
                finds_own(&rows, positives, log_scale)
            }
        };
        Ok(Some(((half(images)? + half(captions)?)? * 0.5)?))
    }
}

/// CE(τ A Bᵀ, I).
fn finds_own(rows: &Tensor, own: &Tensor, log_scale: &Tensor) -> Result<Tensor> {
    let scale = log_scale.exp()?;
    let logits = rows.matmul(&own.t()?)?.broadcast_mul(&scale)?;
    let right = (rows * own)?.sum(D::Minus1)?.broadcast_mul(&scale)?;
    Ok(logits.log_sum_exp(1)?.sub(&right)?.mean_all()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::objective::definition::{
        CAPTIONS, IMAGES, Matrix, POSITIVES, assert_equals, cosine, cross_entropy, matrix,
    };

    const POSITIVE_OF: [u32; 2] = [0, 2];

    fn by_definition(inputs: &[Matrix], symmetric: bool) -> f64 {
        let scale = inputs[3][0][0].exp();
        let own = |rows: &Matrix| -> Matrix {
            let pairs = POSITIVE_OF.iter();
            pairs.map(|&of| rows[of as usize].clone()).collect()
        };
        let mean_cross_entropy = |a: &Matrix, b: &Matrix| -> f64 {
            let losses = a.iter().enumerate().map(|(i, row)| {
                let logits: Vec<f64> = b.iter().map(|other| scale * cosine(row, other)).collect();
                cross_entropy(&logits, i)
            });
            losses.sum::<f64>() / a.len() as f64
        };
        let (v, t, h) = (own(&inputs[0]), own(&inputs[1]), &inputs[2]);
        if symmetric {
            let all = [(&v, h), (h, &v), (&t, h), (h, &t)];
            0.25 * all
                .map(|(a, b)| mean_cross_entropy(a, b))
                .iter()
                .sum::<f64>()
        } else {
            0.5 * (mean_cross_entropy(&v, h) + mean_cross_entropy(&t, h))
        }
    }

    #[test]
    fn both_forms_as_defined() {
        for symmetric in [false, true] {
            let inputs = [
                matrix(&IMAGES),
                matrix(&CAPTIONS),
                matrix(&POSITIVES[..2]),
                vec![vec![1.2]],
            ];
            assert_equals(
                &inputs,
                |inputs| {
                    let features = Features {
                        images: Some(inputs[0].clone()),
                        captions: Some(inputs[1].clone()),
                        positives: Some(inputs[2].clone()),
                        positive_of: POSITIVE_OF.to_vec(),
                        ..Features::default()
                    };
                    let log_scale = inputs[3].reshape(()).unwrap();
                    let objective = HardPositives {
                        weight: 1.0,
                        symmetric,
                    };
                    objective.loss(&features, &log_scale).unwrap().unwrap()
                },
                |inputs| by_definition(inputs, symmetric),
            );
        }
    }
}
