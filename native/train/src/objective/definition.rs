//! Objectives against their definitions, in f64 and one number at a time.
#![allow(clippy::unwrap_used)]

use candle_core::{Device, Tensor, Var};

use crate::features::normalised;

pub(super) type Matrix = Vec<Vec<f64>>;

pub(super) const IMAGES: [[f64; 3]; 3] = [[1.0, 0.2, -0.5], [0.1, -2.0, 0.4], [0.3, 0.3, 3.0]];
pub(super) const CAPTIONS: [[f64; 3]; 3] = [[0.9, -0.2, 0.1], [0.5, -1.0, 0.4], [-1.0, 0.7, 0.2]];
pub(super) const NEGATIVES: [[f64; 3]; 4] = [
    [0.7, 0.1, 0.1],
    [0.2, -0.5, -0.4],
    [0.5, 0.7, 0.2],
    [-0.3, 0.4, 1.0],
];
pub(super) const POSITIVES: [[f64; 3]; 3] = [[0.8, 0.1, -0.3], [0.3, -1.2, 0.9], [0.2, 0.5, 1.0]];

pub(super) fn matrix<const N: usize>(rows: &[[f64; N]]) -> Matrix {
    rows.iter().map(|row| row.to_vec()).collect()
}

pub(super) fn unit(v: &[f64]) -> Vec<f64> {
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(super) fn cosine(a: &[f64], b: &[f64]) -> f64 {
    dot(&unit(a), &unit(b))
}

/// −log softmax(logits)[right].
pub(super) fn cross_entropy(logits: &[f64], right: usize) -> f64 {
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    sum.ln() - logits[right]
}

/// Compares value and gradients of a loss with those of its definition, the latter by central
/// differences. The loss sees rows of more than one element at unit length, as objectives do; the
/// definition sees them as they are.
pub(super) fn assert_equals(
    inputs: &[Matrix],
    loss: impl Fn(&[Tensor]) -> Tensor,
    definition: impl Fn(&[Matrix]) -> f64,
) {
    let variables: Vec<Var> = inputs
        .iter()
        .map(|rows| {
            let values: Vec<f32> = rows.iter().flatten().map(|&x| x as f32).collect();
            let shape = (rows.len(), rows[0].len());
            Var::from_vec(values, shape, &Device::Cpu).unwrap()
        })
        .collect();
    let seen: Vec<Tensor> = variables
        .iter()
        .map(|variable| match variable.dims() {
            [_, 1] => variable.as_tensor().clone(),
            _ => normalised(variable).unwrap(),
        })
        .collect();
    let loss = loss(&seen);
    let (got, expected) = (
        f64::from(loss.to_scalar::<f32>().unwrap()),
        definition(inputs),
    );
    assert!(
        (got - expected).abs() < 2e-5 * expected.abs().max(1.0),
        "the loss is {got}, not {expected}"
    );
    let gradients = loss.backward().unwrap();
    for (index, variable) in variables.iter().enumerate() {
        let width = inputs[index][0].len();
        let gradient: Vec<f32> = match gradients.get(variable) {
            Some(gradient) => gradient.flatten_all().unwrap().to_vec1().unwrap(),
            None => vec![0.0; variable.elem_count()],
        };
        for (element, got) in gradient.into_iter().enumerate() {
            const STEP: f64 = 1e-5;
            let at = |delta: f64| {
                let mut moved = inputs.to_vec();
                moved[index][element / width][element % width] += delta;
                definition(&moved)
            };
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            assert!(
                (f64::from(got) - expected).abs() < 2e-4 * expected.abs().max(1.0),
                "input {index}, element {element}: gradient {got}, difference quotient {expected}"
            );
        }
    }
}
