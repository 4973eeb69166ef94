//! Each image's own caption against its own hard negatives (SVLC, Doveh et al., arXiv
//! 2211.11733, `L_neg` of TSVLC's `src/open_clip/loss.py`):
//!
//! ```text
//! L = mean over images i with negatives of CE([τ vᵢ·tᵢ, τ vᵢ·nᵢ₁, … τ vᵢ·nᵢₖ], 0)
//! ```
//!
//! and the same with the hard positive in the caption's place, so that a rewording, too, is told
//! from what contradicts it (the pair (c_p, c_n) of Kamath et al., arXiv 2409.17958).

use anyhow::Result;
use candle_core::{D, Tensor};

use super::Objective;
use crate::features::Features;
use crate::recipe::{PerImage, PerImagePositive};

impl Objective for PerImage {
    fn name(&self) -> &'static str {
        "per_image"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>> {
        let Some(captions) = &features.captions else {
            return Ok(None);
        };
        let pairs: Vec<u32> = (0..captions.dim(0)? as u32).collect();
        against_own_negatives(features, captions, &pairs, log_scale)
    }
}

impl Objective for PerImagePositive {
    fn name(&self) -> &'static str {
        "per_image_positive"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>> {
        match &features.positives {
            Some(positives) => {
                against_own_negatives(features, positives, &features.positive_of, log_scale)
            }
            None => Ok(None),
        }
    }
}

/// `right`: `[any, dim]`, texts that are true of the images `pair_of`.
fn against_own_negatives(
    features: &Features,
    right: &Tensor,
    pair_of: &[u32],
    log_scale: &Tensor,
) -> Result<Option<Tensor>> {
    let (Some(images), Some(negatives)) = (&features.images, &features.negatives) else {
        return Ok(None);
    };
    // Which rows of the negatives are the image's own, for each right text that has any.
    let negative_of = &features.negative_of;
    let own = |pair: u32| {
        let start = negative_of.partition_point(|&of| of < pair);
        let end = negative_of.partition_point(|&of| of <= pair);
        start..end
    };
    let asked: Vec<usize> = (0..pair_of.len())
        .filter(|&row| !own(pair_of[row]).is_empty())
        .collect();
    let most = asked.iter().map(|&row| own(pair_of[row]).len()).max();
    let Some(most) = most else {
        return Ok(None);
    };
    // Images with fewer negatives than the most have places without one, which never win.
    const NEVER: f32 = -1e9;
    let (mut places, mut bars) = (Vec::new(), Vec::new());
    for &row in &asked {
        let own = own(pair_of[row]);
        for place in 0..most {
            let is_there = place < own.len();
            places.push(if is_there { own.start + place } else { 0 } as u32);
            bars.push(if is_there { 0.0 } else { NEVER });
        }
    }

    let device = images.device();
    let rows = |rows: Vec<u32>| Tensor::new(rows, device);
    let pairs = rows(asked.iter().map(|&row| pair_of[row]).collect())?;
    let images = images.index_select(&pairs, 0)?;
    let right = right.index_select(&rows(asked.iter().map(|&row| row as u32).collect())?, 0)?;
    let (count, dim) = images.dims2()?;
    let negatives = negatives
        .index_select(&rows(places)?, 0)?
        .reshape((count, most, dim))?;

    let scale = log_scale.exp()?;
    let own = (&images * right)?
        .sum_keepdim(D::Minus1)?
        .broadcast_mul(&scale)?;
    let wrong = negatives
        .broadcast_mul(&images.unsqueeze(1)?)?
        .sum(D::Minus1)?
        .broadcast_mul(&scale)?;
    let wrong = (wrong + Tensor::from_vec(bars, (count, most), device)?)?;
    let rivals = Tensor::cat(&[&own, &wrong], 1)?.log_sum_exp(1)?;
    Ok(Some(rivals.sub(&own.squeeze(1)?)?.mean_all()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::objective::definition::{
        CAPTIONS, IMAGES, Matrix, NEGATIVES, POSITIVES, assert_equals, cosine, cross_entropy,
        matrix,
    };

    /// Image 0 has three negatives, image 1 none, image 2 one.
    const NEGATIVE_OF: [u32; 4] = [0, 0, 0, 2];
    const POSITIVE_OF: [u32; 2] = [1, 2];

    fn features(inputs: &[Tensor]) -> (Features, Tensor) {
        let features = Features {
            images: Some(inputs[0].clone()),
            captions: Some(inputs[1].clone()),
            negatives: Some(inputs[2].clone()),
            negative_of: NEGATIVE_OF.to_vec(),
            positives: Some(inputs[3].clone()),
            positive_of: POSITIVE_OF.to_vec(),
            ..Features::default()
        };
        (features, inputs[4].reshape(()).unwrap())
    }

    fn inputs(log_scale: f64) -> [Matrix; 5] {
        [
            matrix(&IMAGES),
            matrix(&CAPTIONS),
            matrix(&NEGATIVES),
            matrix(&POSITIVES[..2]),
            vec![vec![log_scale]],
        ]
    }

    fn by_definition(inputs: &[Matrix], right: &[(usize, &Vec<f64>)]) -> f64 {
        let scale = inputs[4][0][0].exp();
        let mut losses = Vec::new();
        for (pair, right) in right {
            let image = &inputs[0][*pair];
            let mut logits = vec![scale * cosine(image, right)];
            for (negative, of) in inputs[2].iter().zip(NEGATIVE_OF) {
                if of as usize == *pair {
                    logits.push(scale * cosine(image, negative));
                }
            }
            if logits.len() > 1 {
                losses.push(cross_entropy(&logits, 0));
            }
        }
        losses.iter().sum::<f64>() / losses.len() as f64
    }

    #[test]
    fn captions_against_own_negatives_as_defined() {
        for log_scale in [0.0, 3.0] {
            assert_equals(
                &inputs(log_scale),
                |inputs| {
                    let (features, log_scale) = features(inputs);
                    let loss = PerImage { weight: 1.0 }.loss(&features, &log_scale);
                    loss.unwrap().unwrap()
                },
                |inputs| {
                    let right: Vec<_> = inputs[1].iter().enumerate().collect();
                    by_definition(inputs, &right)
                },
            );
        }
    }

    #[test]
    fn positives_against_own_negatives_as_defined() {
        assert_equals(
            &inputs(1.5),
            |inputs| {
                let (features, log_scale) = features(inputs);
                let loss = PerImagePositive { weight: 1.0 }.loss(&features, &log_scale);
                loss.unwrap().unwrap()
            },
            |inputs| {
                let right: Vec<_> = POSITIVE_OF.iter().map(|&of| of as usize).collect();
                let right: Vec<_> = right.into_iter().zip(&inputs[3]).collect();
                by_definition(inputs, &right)
            },
        );
    }

    #[test]
    fn without_negatives_there_is_nothing_to_tell_apart() {
        let inputs = inputs(1.0).map(|rows| {
            let values: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
            let shape = (rows.len(), rows[0].len());
            Tensor::from_vec(values, shape, &candle_core::Device::Cpu).unwrap()
        });
        let (features, log_scale) = features(&inputs);
        let without = Features {
            negatives: None,
            negative_of: Vec::new(),
            ..features.clone()
        };
        let objective = PerImage { weight: 1.0 };
        assert!(objective.loss(&without, &log_scale).unwrap().is_none());
        // Negatives only of an image that has no positive.
        let elsewhere = Features {
            negative_of: vec![0; 4],
            ..features
        };
        let objective = PerImagePositive { weight: 1.0 };
        assert!(objective.loss(&elsewhere, &log_scale).unwrap().is_none());
    }
}
