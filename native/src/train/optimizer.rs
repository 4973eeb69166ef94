//! AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), updated in
//! place, one pass over each variable, with moments that can be saved and restored exactly.
//!
//! candle-nn's own has one parameter group, no clipping and private moments.

use std::cell::RefCell;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{CpuStorage, InplaceOp1, Layout, Storage, Tensor, Var};

use super::recipe::OptimizerRecipe;
use super::weights::Weights;

/// The constants of AdamW.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Constants {
    pub(crate) betas: [f64; 2],
    pub(crate) epsilon: f64,
    pub(crate) weight_decay: f64,
}

impl From<&OptimizerRecipe> for Constants {
    fn from(recipe: &OptimizerRecipe) -> Self {
        Self {
            betas: recipe.betas,
            epsilon: recipe.epsilon,
            weight_decay: recipe.weight_decay,
        }
    }
}

/// One variable with its two moments, which are as long as the variable has elements.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    variable: Var,
    decays: bool,
    pub(crate) mean: Vec<f32>,
    pub(crate) square: Vec<f32>,
}

/// The optimizer's whole state: [`Self::updates`] and the parameters' moments.
#[derive(Debug)]
pub(crate) struct AdamW {
    constants: Constants,
    /// Updates made so far; it decides the moments' bias correction.
    pub(crate) updates: u64,
    pub(crate) parameters: Vec<Parameter>,
}

impl AdamW {
    /// Over every variable of `weights`, in their order. As in open_clip (`main.py`), whatever
    /// has less than two dimensions does not decay: biases, norms, the class embedding and the
    /// logit scale; the token and position tables do.
    pub(crate) fn new(weights: &Weights, constants: Constants) -> Self {
        let parameters = weights
            .iter()
            .map(|(name, variable)| Parameter {
                name: name.to_owned(),
                variable: variable.clone(),
                decays: variable.rank() >= 2,
                mean: vec![0.0; variable.elem_count()],
                square: vec![0.0; variable.elem_count()],
            })
            .collect();
        Self {
            constants,
            updates: 0,
            parameters,
        }
    }

    /// One update at learning rate `rate`. `gradients` lie in the parameters' order and are
    /// multiplied by `scale` (clipping) on the way.
    pub(crate) fn update(&mut self, gradients: &[Tensor], rate: f64, scale: f64) -> Result<()> {
        ensure!(
            gradients.len() == self.parameters.len(),
            "{} gradients for {} variables",
            gradients.len(),
            self.parameters.len()
        );
        self.updates += 1;
        let [beta1, beta2] = self.constants.betas;
        // In f64: 1 - β₂^t loses its digits in f32 for the first updates.
        let correction = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        let (correction1, correction2) = (correction(beta1), correction(beta2));
        for (parameter, gradient) in self.parameters.iter_mut().zip(gradients) {
            let decay = if parameter.decays {
                rate * self.constants.weight_decay
            } else {
                0.0
            };
            if parameter.variable.shape() != gradient.shape() {
                bail!(
                    "{} has the shape {:?} and its gradient {:?}",
                    parameter.name,
                    parameter.variable.shape(),
                    gradient.shape()
                );
            }
            let gradient = gradient.contiguous()?;
            let (storage, layout) = gradient.storage_and_layout();
            let pass = FusedPass {
                beta1: beta1 as f32,
                beta2: beta2 as f32,
                epsilon: self.constants.epsilon as f32,
                keep: (1.0 - decay) as f32,
                step: (rate / correction1) as f32,
                inverse_root: (1.0 / correction2.sqrt()) as f32,
                scale: scale as f32,
                gradient: values(&storage, layout)?,
                moments: RefCell::new((&mut parameter.mean, &mut parameter.square)),
            };
            parameter
                .variable
                .inplace_op1(&pass)
                .with_context(|| format!("updating {}", parameter.name))?;
        }
        Ok(())
    }
}

/// The update of one variable; candle hands its storage out for writing only to such an op.
struct FusedPass<'a> {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// 1 − rate · weight decay.
    keep: f32,
    /// rate / (1 − β₁^t).
    step: f32,
    /// 1 / √(1 − β₂^t).
    inverse_root: f32,
    scale: f32,
    gradient: &'a [f32],
    moments: RefCell<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for FusedPass<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, variable: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(variable), Some((start, end))) =
            (variable, layout.contiguous_offsets())
        else {
            candle_core::bail!("adamw: variables are contiguous f32");
        };
        let (mean, square) = &mut *self.moments.borrow_mut();
        let moments = mean.iter_mut().zip(square.iter_mut());
        for ((w, g), (m, v)) in variable[start..end]
            .iter_mut()
            .zip(self.gradient)
            .zip(moments)
        {
            let g = g * self.scale;
            *m = self.beta1 * *m + (1.0 - self.beta1) * g;
            *v = self.beta2 * *v + (1.0 - self.beta2) * g * g;
            let denominator = v.sqrt() * self.inverse_root + self.epsilon;
            *w = *w * self.keep - self.step * *m / denominator;
        }
        Ok(())
    }
}

/// The elements of a contiguous f32 tensor.
fn values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) =
        (storage, layout.contiguous_offsets())
    else {
        bail!("gradients are f32 and on the CPU");
    };
    Ok(&values[start..end])
}

/// The Euclidean norm of all gradients together, summed in f64.
pub(crate) fn global_norm(gradients: &[Tensor]) -> Result<f64> {
    let mut sum = 0.0;
    for gradient in gradients {
        let gradient = gradient.contiguous()?;
        let (storage, layout) = gradient.storage_and_layout();
        // Sums of at most 4096 f32 squares keep the vector units busy; f64 carries them on.
        sum += values(&storage, layout)?
            .chunks(4096)
            .map(|chunk| f64::from(chunk.iter().map(|g| g * g).sum::<f32>()))
            .sum::<f64>();
    }
    Ok(sum.sqrt())
}

/// What gradients of this norm are multiplied by so that their norm is at most `limit`
/// (PyTorch's `clip_grad_norm_`, its 1e-6 included).
pub(crate) fn clip_scale(norm: f64, limit: f64) -> f64 {
    (limit / (norm + 1e-6)).min(1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::Device;

    use super::*;

    const CONSTANTS: Constants = Constants {
        betas: [0.9, 0.98],
        epsilon: 1e-6,
        weight_decay: 0.1,
    };

    fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
        Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
    }

    fn weights(variables: &[(&str, &[f32], &[usize])]) -> Weights {
        variables
            .iter()
            .map(|(name, values, shape)| {
                let variable = Var::from_tensor(&tensor(values, shape)).unwrap();
                ((*name).to_owned(), variable)
            })
            .collect()
    }

    fn values(weights: &Weights, index: usize) -> Vec<f32> {
        let (_, variable) = weights.iter().nth(index).unwrap();
        variable.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// AdamW as written in the paper, one number at a time in f64.
    fn by_hand(mut w: f64, gradients: &[f64], rate: f64, decay: f64) -> f64 {
        let (mut m, mut v) = (0.0, 0.0);
        for (index, g) in gradients.iter().enumerate() {
            let t = index as i32 + 1;
            m = 0.9 * m + 0.1 * g;
            v = 0.98 * v + 0.02 * g * g;
            let mean = m / (1.0 - 0.9f64.powi(t));
            let square = v / (1.0 - 0.98f64.powi(t));
            w = w - rate * decay * w - rate * mean / (square.sqrt() + 1e-6);
        }
        w
    }

    #[test]
    fn equals_adamw_by_hand_with_decay_on_matrices_only() {
        let weights = weights(&[
            ("a.weight", &[0.5, -0.25], &[1, 2]),
            ("a.bias", &[0.5, -0.25], &[2]),
        ]);
        let mut optimizer = AdamW::new(&weights, CONSTANTS);
        let gradients = [[0.3f32, -2.0], [0.1, 0.7], [-0.4, 0.02]];
        for g in &gradients {
            let step = [tensor(g, &[1, 2]), tensor(g, &[2])];
            optimizer.update(&step, 0.01, 1.0).unwrap();
        }
        for element in 0..2 {
            let column: Vec<f64> = gradients.iter().map(|g| f64::from(g[element])).collect();
            let start = [0.5, -0.25][element];
            for (index, decay) in [(0, 0.1), (1, 0.0)] {
                let expected = by_hand(start, &column, 0.01, decay);
                let got = f64::from(values(&weights, index)[element]);
                assert!((got - expected).abs() < 2e-7, "{got} is not {expected}");
            }
        }
    }

    #[test]
    fn first_update_moves_by_the_rate_against_the_sign() {
        // 0.5 − 0.01 · 0.1 · 0.5 − 0.01 · 3/(3 + 1e-6): worked out on paper.
        let weights = weights(&[("w", &[0.5], &[1, 1])]);
        let mut optimizer = AdamW::new(&weights, CONSTANTS);
        optimizer
            .update(&[tensor(&[3.0], &[1, 1])], 0.01, 1.0)
            .unwrap();
        assert!((values(&weights, 0)[0] - 0.4895).abs() < 1e-6);
    }

    #[test]
    fn scale_is_the_same_as_scaled_gradients() {
        let run = |gradient: f32, scale: f64| {
            let weights = weights(&[("w", &[0.5], &[1, 1])]);
            let mut optimizer = AdamW::new(&weights, CONSTANTS);
            for step in 1..=3 {
                let g = tensor(&[gradient * step as f32], &[1, 1]);
                optimizer.update(&[g], 0.01, scale).unwrap();
            }
            values(&weights, 0)
        };
        assert_eq!(run(8.0, 0.25), run(2.0, 1.0));
    }

    #[test]
    fn takes_a_transposed_gradient_in_its_logical_order() {
        let run = |gradient: Tensor| {
            let weights = weights(&[("w", &[0.0; 4], &[2, 2])]);
            let mut optimizer = AdamW::new(&weights, CONSTANTS);
            for _ in 0..2 {
                optimizer
                    .update(std::slice::from_ref(&gradient), 0.01, 1.0)
                    .unwrap();
            }
            values(&weights, 0)
        };
        let transposed = tensor(&[1.0, -3.0, -2.0, 4.0], &[2, 2]).t().unwrap();
        assert_eq!(
            run(transposed),
            run(tensor(&[1.0, -2.0, -3.0, 4.0], &[2, 2]))
        );
    }

    #[test]
    fn refuses_a_gradient_of_another_shape() {
        let weights = weights(&[("the.weight", &[0.0; 4], &[2, 2])]);
        let mut optimizer = AdamW::new(&weights, CONSTANTS);
        let error = optimizer
            .update(&[tensor(&[0.0; 4], &[4])], 0.01, 1.0)
            .unwrap_err();
        assert!(format!("{error:#}").contains("the.weight"), "{error:#}");
    }

    #[test]
    fn norm_goes_over_all_gradients() {
        let gradients = [tensor(&[3.0, 0.0], &[2]), tensor(&[4.0], &[1, 1])];
        assert!((global_norm(&gradients).unwrap() - 5.0).abs() < 1e-12);
        let long = tensor(&vec![0.5; 10_000], &[10_000]);
        assert!((global_norm(&[long]).unwrap() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn clips_only_above_the_limit() {
        assert_eq!(clip_scale(0.5, 1.0), 1.0);
        assert!((clip_scale(4.0, 1.0) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn restored_moments_continue_bit_equal() {
        let step = |optimizer: &mut AdamW, index: usize| {
            let g = tensor(&[0.1 + index as f32, -0.3], &[1, 2]);
            optimizer.update(&[g], 0.01, 1.0).unwrap();
        };
        let through = weights(&[("w", &[0.5, -0.25], &[1, 2])]);
        let mut optimizer = AdamW::new(&through, CONSTANTS);
        (0..2).for_each(|index| step(&mut optimizer, index));

        let restored = weights(&[("w", &values(&through, 0), &[1, 2])]);
        let mut second = AdamW::new(&restored, CONSTANTS);
        second.updates = optimizer.updates;
        second.parameters[0].mean = optimizer.parameters[0].mean.clone();
        second.parameters[0].square = optimizer.parameters[0].square.clone();

        (2..6).for_each(|index| step(&mut optimizer, index));
        (2..6).for_each(|index| step(&mut second, index));
        assert_eq!(values(&through, 0), values(&restored, 0));
    }
}
