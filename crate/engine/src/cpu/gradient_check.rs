//! Finite differences, to test the backward of an operation.
#![allow(clippy::unwrap_used)]

use candle_core::{Tensor, Var};

/// Compares the gradients of a random projection of `f(arguments)` with central differences.
pub(crate) fn assert_gradients(arguments: &[&Var], f: impl Fn(&[Tensor]) -> Tensor) {
    let tensors: Vec<Tensor> = arguments.iter().map(|v| v.as_tensor().clone()).collect();
    let y = f(&tensors);
    let direction = super::seeded::normal(0, y.dims());
    let loss = |tensors: &[Tensor]| (f(tensors) * &direction).unwrap().sum_all().unwrap();
    let gradients = loss(&tensors).backward().unwrap();
    for (index, argument) in arguments.iter().enumerate() {
        let analytic = gradients
            .get(argument)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        let values = argument.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for i in 0..values.len() {
            const STEP: f32 = 1e-2;
            let at = |delta: f32| {
                let mut moved = values.clone();
                moved[i] += delta;
                let mut tensors: Vec<Tensor> = tensors.iter().map(Tensor::detach).collect();
                tensors[index] =
                    Tensor::from_vec(moved, argument.shape(), argument.device()).unwrap();
                f64::from(loss(&tensors).to_scalar::<f32>().unwrap())
            };
            // Fourth order, so that f32's rounding and not the step's error is the limit.
            let numeric = (8.0 * (at(STEP) - at(-STEP)) - (at(2.0 * STEP) - at(-2.0 * STEP)))
                / (12.0 * f64::from(STEP));
            let scale = 1.0 + numeric.abs();
            assert!(
                (f64::from(analytic[i]) - numeric).abs() < 2e-3 * scale,
                "argument {index}, element {i}: gradient {} but difference quotient {numeric}",
                analytic[i]
            );
        }
    }
}
