//! What training minimises: symmetric InfoNCE over the pairs of a batch.

use candle_core::{D, Result, Tensor};

/// Largest logit scale, in the log domain: CLIP keeps exp(scale) at or below 100.
pub(crate) const MAX_LOG_SCALE: f32 = 4.605_170_2;

/// Half the cross entropy of picking each image's own text among all texts, plus half that of
/// picking each text's own image (Radford et al., arXiv 2103.00020, figure 3).
///
/// `images`, `texts`: `[batch, dim]`, row i of one belonging to row i of the other, of any
/// length. `log_scale`: scalar, the log of what cosines are multiplied by.
pub(crate) fn info_nce(images: &Tensor, texts: &Tensor, log_scale: &Tensor) -> Result<Tensor> {
    let images = normalised(images)?;
    let texts = normalised(texts)?;
    let scale = log_scale.exp()?;
    let logits = images.matmul(&texts.t()?)?.broadcast_mul(&scale)?;
    // −log softmax at the pair = log-sum-exp of its row (or column) − its own logit.
    let own = (&images * &texts)?.sum(D::Minus1)?.broadcast_mul(&scale)?;
    let rivals = (logits.log_sum_exp(1)? + logits.log_sum_exp(0)?)?;
    (rivals * 0.5)?.sub(&own)?.mean_all()
}

/// Rows of unit length.
pub(crate) fn normalised(rows: &Tensor) -> Result<Tensor> {
    rows.broadcast_div(&rows.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{Device, Var};

    use super::*;

    fn loss(images: &Tensor, texts: &Tensor, scale: f32) -> f32 {
        let scale = Tensor::new(scale.ln(), &Device::Cpu).unwrap();
        info_nce(images, texts, &scale)
            .unwrap()
            .to_scalar()
            .unwrap()
    }

    /// Cross entropy as in the paper's pseudo-code, in f64, from the definition.
    fn by_definition(images: &[[f64; 3]], texts: &[[f64; 3]], scale: f64) -> f64 {
        let unit = |v: &[f64; 3]| {
            let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.map(|x| x / norm)
        };
        let cosine = |a: &[f64; 3], b: &[f64; 3]| -> f64 {
            unit(a).iter().zip(unit(b)).map(|(x, y)| x * y).sum()
        };
        let n = images.len();
        let mut total = 0.0;
        for i in 0..n {
            let own = (scale * cosine(&images[i], &texts[i])).exp();
            let row: f64 = (0..n)
                .map(|j| (scale * cosine(&images[i], &texts[j])).exp())
                .sum();
            let column: f64 = (0..n)
                .map(|j| (scale * cosine(&images[j], &texts[i])).exp())
                .sum();
            total -= (own / row).ln() + (own / column).ln();
        }
        total / (2 * n) as f64
    }

    const IMAGES: [[f64; 3]; 3] = [[1.0, 0.2, -0.5], [0.1, -2.0, 0.4], [0.3, 0.3, 3.0]];
    const TEXTS: [[f64; 3]; 3] = [[0.9, -0.2, 0.1], [0.5, -1.0, 0.4], [-1.0, 0.7, 0.2]];

    fn tensor(rows: &[[f64; 3]]) -> Tensor {
        let values: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
        Tensor::from_vec(values, (rows.len(), 3), &Device::Cpu).unwrap()
    }

    #[test]
    fn equals_the_definition() {
        for scale in [1.0, 14.3, 100.0] {
            let expected = by_definition(&IMAGES, &TEXTS, scale);
            let got = f64::from(loss(&tensor(&IMAGES), &tensor(&TEXTS), scale as f32));
            assert!(
                (got - expected).abs() < 1e-5 * expected.max(1.0),
                "{got} is not {expected} at scale {scale}"
            );
        }
    }

    #[test]
    fn equal_rows_cost_the_log_of_the_batch() {
        let same = tensor(&[[1.0, 2.0, 3.0]; 4]);
        assert!((loss(&same, &same, 14.3) - 4f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn gradient_equals_finite_differences() {
        let log_scale = Var::from_tensor(&Tensor::new(1.5f32, &Device::Cpu).unwrap()).unwrap();
        let images = Var::from_tensor(&tensor(&IMAGES)).unwrap();
        let texts = Var::from_tensor(&tensor(&TEXTS)).unwrap();
        let grads = info_nce(&images, &texts, &log_scale)
            .unwrap()
            .backward()
            .unwrap();
        let gradient = |v: &Var| -> Vec<f32> {
            let g = grads.get(v).expect("every input has a gradient");
            g.flatten_all().unwrap().to_vec1().unwrap()
        };
        let h = 1e-5;
        let close = |got: f32, difference: f64| {
            assert!(
                (f64::from(got) - difference).abs() < 1e-4,
                "{got} {difference}"
            );
        };
        for (element, got) in gradient(&images).into_iter().enumerate() {
            let moved = |delta: f64| {
                let mut rows = IMAGES;
                rows[element / 3][element % 3] += delta;
                by_definition(&rows, &TEXTS, 1.5f64.exp())
            };
            close(got, (moved(h) - moved(-h)) / (2.0 * h));
        }
        for (element, got) in gradient(&texts).into_iter().enumerate() {
            let moved = |delta: f64| {
                let mut rows = TEXTS;
                rows[element / 3][element % 3] += delta;
                by_definition(&IMAGES, &rows, 1.5f64.exp())
            };
            close(got, (moved(h) - moved(-h)) / (2.0 * h));
        }
        let moved = |delta: f64| by_definition(&IMAGES, &TEXTS, (1.5 + delta).exp());
        close(gradient(&log_scale)[0], (moved(h) - moved(-h)) / (2.0 * h));
    }
}
