//! Symmetric InfoNCE over the pairs of a batch (Radford et al., arXiv 2103.00020, figure 3), with
//! hard negatives as further columns where the recipe asks for them (NegCLIP, Yuksekgonul et al.,
//! arXiv 2210.01936; CLoVe, Castro et al., arXiv 2402.15021):
//!
//! ```text
//! L = ½ CE(τ V [T; N]ᵀ, i) + ½ CE(τ T Vᵀ, i)
//! ```
//!
//! V: images, T: their captions, N: the hard negatives of the whole batch. Each negative is one
//! for every image; the rows of the negatives have no image to find and are left out.

use anyhow::Result;
use candle_core::{D, Tensor};

use super::Objective;
use crate::features::Features;
use crate::recipe::Contrastive;

impl Objective for Contrastive {
    fn name(&self) -> &'static str {
        "contrastive"
    }

    fn weight(&self) -> f64 {
        self.weight
    }

    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>> {
        let (Some(images), Some(captions)) = (&features.images, &features.captions) else {
            return Ok(None);
        };
        let negatives = features.negatives.as_ref();
        let negatives = negatives.filter(|_| self.hard_negative_columns);
        Ok(Some(info_nce(images, captions, negatives, log_scale)?))
    }
}

/// Half the cross entropy of picking each image's own text among all texts and negatives, plus
/// half that of picking each text's own image.
///
/// `images`, `texts`: `[batch, dim]`, row i of one belonging to row i of the other; `negatives`:
/// `[any, dim]`; all of unit length. `log_scale`: scalar.
pub(super) fn info_nce(
    images: &Tensor,
    texts: &Tensor,
    negatives: Option<&Tensor>,
    log_scale: &Tensor,
) -> Result<Tensor> {
    let scale = log_scale.exp()?;
    let logits = images.matmul(&texts.t()?)?.broadcast_mul(&scale)?;
    let rows = match negatives {
        Some(negatives) => {
            let further = images.matmul(&negatives.t()?)?.broadcast_mul(&scale)?;
            Tensor::cat(&[&logits, &further], 1)?
        }
        None => logits.clone(),
    };
    // −log softmax at the pair = log-sum-exp of its row (or column) − its own logit.
    let own = (images * texts)?.sum(D::Minus1)?.broadcast_mul(&scale)?;
    let rivals = (rows.log_sum_exp(1)? + logits.log_sum_exp(0)?)?;
    Ok((rivals * 0.5)?.sub(&own)?.mean_all()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::Device;

    use super::*;
    use crate::objective::definition::{
        CAPTIONS, IMAGES, Matrix, NEGATIVES, assert_equals, cosine, cross_entropy, matrix,
    };

    fn loss(inputs: &[Tensor], hard_negative_columns: bool) -> Tensor {
        let features = Features {
            images: Some(inputs[0].clone()),
            captions: Some(inputs[1].clone()),
            negatives: Some(inputs[2].clone()),
            ..Features::default()
        };
        let objective = Contrastive {
            weight: 1.0,
            hard_negative_columns,
        };
        let log_scale = inputs[3].reshape(()).unwrap();
        objective.loss(&features, &log_scale).unwrap().unwrap()
    }

    /// The papers' pseudo-code, one pair at a time.
    fn by_definition(inputs: &[Matrix], hard_negative_columns: bool) -> f64 {
        let [images, captions, negatives, log_scale] = inputs else {
            panic!("four inputs");
        };
        let scale = log_scale[0][0].exp();
        let n = images.len();
        let mut total = 0.0;
        for i in 0..n {
            let mut texts: Vec<&Vec<f64>> = captions.iter().collect();
            if hard_negative_columns {
                texts.extend(negatives);
            }
            let row: Vec<f64> = texts
                .iter()
                .map(|text| scale * cosine(&images[i], text))
                .collect();
            let column: Vec<f64> = images
                .iter()
                .map(|image| scale * cosine(image, &captions[i]))
                .collect();
            total += cross_entropy(&row, i) + cross_entropy(&column, i);
        }
        total / (2 * n) as f64
    }

    #[test]
    fn value_and_gradients_are_those_of_the_definition() {
        for log_scale in [0.0, 1.5, 100f64.ln()] {
            for columns in [false, true] {
                let inputs = [
                    matrix(&IMAGES),
                    matrix(&CAPTIONS),
                    matrix(&NEGATIVES),
                    vec![vec![log_scale]],
                ];
                assert_equals(
                    &inputs,
                    |inputs| loss(inputs, columns),
                    |inputs| by_definition(inputs, columns),
                );
            }
        }
    }

    #[test]
    fn equal_rows_cost_the_log_of_the_texts() {
        let same = Tensor::full(0.5f32, (4, 4), &Device::Cpu).unwrap();
        let scale = Tensor::new(14.3f32.ln(), &Device::Cpu).unwrap();
        let value = |negatives: Option<&Tensor>| {
            let loss = info_nce(&same, &same, negatives, &scale).unwrap();
            loss.to_scalar::<f32>().unwrap()
        };
        assert!((value(None) - 4f32.ln()).abs() < 1e-5);
        assert!((value(Some(&same)) - 0.5 * (4f32.ln() + 8f32.ln())).abs() < 1e-5);
    }

    #[test]
    fn without_images_there_is_nothing_to_contrast() {
        let scale = Tensor::new(1f32, &Device::Cpu).unwrap();
        let objective = Contrastive {
            weight: 1.0,
            hard_negative_columns: true,
        };
        assert!(
            objective
                .loss(&Features::default(), &scale)
                .unwrap()
                .is_none()
        );
    }
}
