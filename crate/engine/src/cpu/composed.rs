//! The operations of an encoder out of candle's own, differentiable ones: for tensors that are not in
//! memory (CUDA), and for products in less than f32.
//!
//! Slower than the fused kernels beside them, which they equal within rounding. Products are taken
//! in the precision that is asked for; sums of residual branches, LayerNorm and softmax are f32.

use candle_core::{D, DType, Device, Result, Tensor};

use super::attention::Packing;
use cliprobe_clip::config::Activation;

/// `act(x · Wᵀ + b)` as [`super::ops::linear`], the product in `precision`; f32 → f32.
pub(super) fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    activation: Option<Activation>,
    precision: DType,
) -> Result<Tensor> {
    let weight = weight.to_dtype(precision)?;
    let y = x.to_dtype(precision)?.matmul(&weight.t()?)?;
    let y = y.to_dtype(DType::F32)?;
    let y = match bias {
        Some(bias) => y.broadcast_add(bias)?,
        None => y,
    };
    match activation {
        Some(Activation::Gelu) => y.gelu_erf(),
        // x · σ(1.702 x), by σ(z) = (1 + tanh(z / 2)) / 2: no intermediate overflows, in either
        // direction.
        Some(Activation::QuickGelu) => {
            let gate = (y.affine(0.851, 0.0)?.tanh()? + 1.0)?;
            (y * gate)?.affine(0.5, 0.0)
        }
        None => Ok(y),
    }
}

/// As [`super::ops::layer_norm`].
pub(super) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f32) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed = centred.broadcast_div(&(variance + f64::from(eps))?.sqrt()?)?;
    normed.broadcast_mul(weight)?.broadcast_add(bias)
}

/// As [`super::attention()`]. Sequences of different lengths are padded for the product and
/// unpadded after it.
pub(super) fn attention(
    qkv: &Tensor,
    packing: &Packing,
    heads: usize,
    causal: bool,
) -> Result<Tensor> {
    let (rows, columns) = qkv.dims2()?;
    let dim = columns / 3 / heads;
    let n = packing.sequences();
    let lengths: Vec<usize> = packing.ranges().map(|range| range.len()).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    if longest == 0 {
        return qkv.narrow(1, 0, columns / 3)?.contiguous();
    }
    let ragged = lengths.iter().any(|&length| length != longest);

    let padded = if ragged {
        // Where a sequence has ended its first row stands in: finite, and masked as a key.
        let places: Vec<u32> = packing
            .ranges()
            .flat_map(|range| {
                let start = range.start.min(rows - 1);
                (0..longest).map(move |i| if i < range.len() { start + i } else { start } as u32)
            })
            .collect();
        qkv.index_select(&Tensor::new(places, qkv.device())?, 0)?
    } else {
        qkv.clone()
    };
    // [n · longest, 3 · heads · dim] → three of [n, heads, longest, dim]
    let parts = padded
        .reshape(vec![n, longest, 3, heads, dim])?
        .permute(vec![2, 0, 3, 1, 4])?;
    let part = |which: usize| parts.get(which)?.contiguous();
    let scale = (dim as f64).powf(-0.5);
    let scores = (part(0)?.matmul(&part(1)?.transpose(2, 3)?.contiguous()?)? * scale)?;
    let scores = match mask(&lengths, longest, causal, qkv.device())? {
        Some(mask) => scores.broadcast_add(&mask)?,
        None => scores,
    };
    let largest = scores.max_keepdim(D::Minus1)?.detach();
    let weights = scores.broadcast_sub(&largest)?.exp()?;
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
    let mixed = weights
        .matmul(&part(2)?)?
        .transpose(1, 2)?
        .reshape((n * longest, heads * dim))?;
    if !ragged {
        return Ok(mixed);
    }
    let places: Vec<u32> = lengths
        .iter()
        .enumerate()
        .flat_map(|(sequence, &length)| (0..length).map(move |i| (sequence * longest + i) as u32))
        .collect();
    mixed.index_select(&Tensor::new(places, qkv.device())?, 0)
}

/// What is added to scores `[n, heads, longest, longest]`: nothing, or far below every score where a
/// row must not look. A causal mask hides the padding too, which comes after every row.
fn mask(
    lengths: &[usize],
    longest: usize,
    causal: bool,
    device: &Device,
) -> Result<Option<Tensor>> {
    const HIDDEN: f32 = -1e9;
    let value = |hidden: bool| if hidden { HIDDEN } else { 0.0 };
    if causal {
        let values: Vec<f32> = (0..longest * longest)
            .map(|i| value(i % longest > i / longest))
            .collect();
        return Tensor::from_vec(values, (1, 1, longest, longest), device).map(Some);
    }
    if lengths.iter().all(|&length| length == longest) {
        return Ok(None);
    }
    let values: Vec<f32> = lengths
        .iter()
        .flat_map(|&length| (0..longest).map(move |key| value(key >= length)))
        .collect();
    Tensor::from_vec(values, (lengths.len(), 1, 1, longest), device).map(Some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::Var;

    use super::*;
    use crate::PackedTokens;
    use crate::cpu::model::tests::tiny_config;
    use crate::cpu::seeded::{normal, normal_variable};
    use crate::cpu::{Model, Weight, attention as fused_attention, ops};

    fn largest(tensor: &Tensor) -> f32 {
        let flat = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        flat.iter().fold(0.0, |most: f32, x| {
            assert!(x.is_finite());
            most.max(x.abs())
        })
    }

    /// Values and all gradients of a weighted sum agree.
    fn assert_same(inputs: &[&Var], composed: &Tensor, fused: &Tensor) {
        let weights = normal(100, fused.dims());
        assert!(largest(&(composed - fused).unwrap()) < 1e-5);
        let gradients = |y: &Tensor| {
            (y * &weights)
                .unwrap()
                .sum_all()
                .unwrap()
                .backward()
                .unwrap()
        };
        let (ours, theirs) = (gradients(composed), gradients(fused));
        for &input in inputs {
            let difference = (ours.get(input).unwrap() - theirs.get(input).unwrap()).unwrap();
            assert!(largest(&difference) < 2e-5, "{:?}", input.dims());
        }
    }

    #[test]
    fn linear_equals_the_fused_one() {
        let (x, w, b) = (
            normal_variable(13, &[5, 7]),
            normal_variable(14, &[3, 7]),
            normal_variable(15, &[3]),
        );
        for activation in [None, Some(Activation::QuickGelu), Some(Activation::Gelu)] {
            let composed = linear(&x, &w, Some(&b), activation, DType::F32).unwrap();
            let fused = ops::linear(&x, &w, &b, activation).unwrap();
            assert_same(&[&x, &w, &b], &composed, &fused);
        }
    }

    #[test]
    fn activations_far_from_zero_have_finite_gradients() {
        let x = Var::new(&[[-1e4f32, -300.0, 300.0, 1e4]], &Device::Cpu).unwrap();
        let one = Tensor::eye(4, DType::F32, &Device::Cpu).unwrap();
        for activation in [Activation::QuickGelu, Activation::Gelu] {
            let y = linear(&x, &one, None, Some(activation), DType::F32).unwrap();
            let gradients = y.sum_all().unwrap().backward().unwrap();
            largest(gradients.get(&x).unwrap());
        }
    }

    #[test]
    fn products_in_bf16_keep_three_digits_and_f32_gradients() {
        let (x, w) = (
            normal_variable(16, &[16, 64]),
            normal_variable(17, &[32, 64]),
        );
        let exact = linear(&x, &w, None, None, DType::F32).unwrap();
        let rounded = linear(&x, &w, None, None, DType::BF16).unwrap();
        let error = largest(&(&exact - &rounded).unwrap());
        assert!(error > 0.0 && error < 0.01 * largest(&exact), "{error}");
        let gradients = rounded.sum_all().unwrap().backward().unwrap();
        assert_eq!(gradients.get(&w).unwrap().dtype(), DType::F32);
    }

    #[test]
    fn layer_norm_equals_the_fused_one() {
        let (x, w, b) = (
            normal_variable(18, &[4, 19]),
            normal_variable(19, &[19]),
            normal_variable(20, &[19]),
        );
        let composed = layer_norm(&x, &w, &b, 1e-5).unwrap();
        let fused = ops::layer_norm(&x, &w, &b, 1e-5).unwrap();
        assert_same(&[&x, &w, &b], &composed, &fused);
    }

    #[test]
    fn attention_equals_the_fused_one() {
        for offsets in [vec![0, 6, 12], vec![0, 1, 6, 9], vec![0, 4]] {
            let rows = offsets[offsets.len() - 1];
            let qkv = normal_variable(21, &[rows, 3 * 2 * 4]);
            let packing = Packing::new(&offsets);
            for causal in [false, true] {
                let composed = attention(&qkv, &packing, 2, causal).unwrap();
                let fused = fused_attention(&qkv, &packing, 2, causal).unwrap();
                assert_same(&[&qkv], &composed, &fused);
            }
        }
    }

    /// Both encoders with every matrix multiplied in `precision`, or by the fused kernels; the
    /// variables by name.
    fn towers(precision: Option<DType>) -> (Model, BTreeMap<String, Var>) {
        let config = tiny_config();
        let mut variables = BTreeMap::new();
        let model = Model::new(&config, &mut |name, shape| {
            let count: usize = shape.iter().product();
            let phase = name.bytes().map(f32::from).sum::<f32>();
            let values: Vec<f32> = (0..count)
                .map(|i| {
                    0.3 * (phase + 1.7 * i as f32).sin() + f32::from(name.ends_with("norm.weight"))
                })
                .collect();
            let variable = Var::from_vec(values, shape, &Device::Cpu)?;
            let tensor = variable.as_tensor().clone();
            variables.insert(name.to_owned(), variable);
            Ok(match precision {
                Some(precision) if shape.len() > 1 => Weight::Rounded(tensor, precision),
                _ => tensor.into(),
            })
        });
        (model.unwrap(), variables)
    }

    fn features(model: &Model) -> Tensor {
        let values = (0..2 * 3 * 64).map(|i| (i as f32).cos()).collect();
        let pixels = Tensor::from_vec(values, (2, 3, 8, 8), &Device::Cpu).unwrap();
        let tokens = PackedTokens::new([&[18, 3, 19][..], &[18, 5, 7, 11, 19]]);
        let images = model.image_features(&pixels).unwrap();
        let texts = model.text_features(&tokens).unwrap();
        Tensor::cat(&[images, texts], 0).unwrap()
    }

    #[test]
    fn whole_towers_equal_the_fused_ones() {
        let (fused, fused_variables) = towers(None);
        let expected = features(&fused);
        let gradients = expected
            .sqr()
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        for (precision, tolerance) in [(DType::F32, 1e-4), (DType::BF16, 0.05)] {
            let (composed, variables) = towers(Some(precision));
            let got = features(&composed);
            let scale = largest(&expected);
            assert!(largest(&(&got - &expected).unwrap()) < tolerance * scale);
            let ours = got.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            for (name, variable) in &variables {
                let ours = ours.get(variable).unwrap();
                let theirs = gradients.get(&fused_variables[name]).unwrap();
                let difference = largest(&(ours - theirs).unwrap());
                let bound = 4.0 * tolerance * largest(theirs).max(0.1 * scale);
                assert!(difference < bound, "{name}: {difference} of {bound}");
            }
        }
    }
}
