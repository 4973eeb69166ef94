//! Random tensors for tests, the same in every run.
#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// About normally distributed: sums of twelve uniform numbers, less 6.
pub(super) fn normal(seed: u64, shape: impl Into<candle_core::Shape>) -> Tensor {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let shape = shape.into();
    let values: Vec<f32> = (0..shape.elem_count())
        .map(|_| (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0)
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// The same as a variable.
pub(super) fn normal_variable(seed: u64, shape: impl Into<candle_core::Shape>) -> Var {
    Var::from_tensor(&normal(seed, shape)).unwrap()
}
