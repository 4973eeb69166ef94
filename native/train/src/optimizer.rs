//! AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), updated in
//! place, one pass over each variable, with moments that can be saved and restored exactly.
//!
//! candle-nn's own has one parameter group, no clipping and private moments.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor, Var};

use super::gradients::{Gradient, Gradients};
use super::recipe::OptimizerRecipe;
use super::values::Values;
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
    /// Times the learning rate of all.
    rate: f64,
    weight_decay: f64,
    pub(crate) mean: Values,
    pub(crate) square: Values,
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
    /// Over every variable of `weights` that learns, in their order, each at its own options. Where that
    /// says nothing of the decay, whatever has less than two dimensions does not decay, as in
    /// open_clip (`main.py`): biases, norms, the class embedding and the logit scale; the token and
    /// position tables do.
    pub(crate) fn new(weights: &Weights, constants: Constants) -> Result<Self> {
        let learning = weights.learning().zip(weights.param_options());
        let parameters = learning.map(|((name, variable), options)| {
            let in_memory = weights.in_memory(name);
            Ok(Parameter {
                name: name.to_owned(),
                variable: variable.clone(),
                rate: options.rate,
                weight_decay: options.weight_decay.unwrap_or(match variable.rank() {
                    0 | 1 => 0.0,
                    _ => constants.weight_decay,
                }),
                mean: Values::zeros(variable, in_memory)?,
                square: Values::zeros(variable, in_memory)?,
            })
        });
        Ok(Self {
            constants,
            updates: 0,
            parameters: parameters.collect::<Result<_>>()?,
        })
    }

    /// One update at learning rate `rate`. `gradients` lie in the parameters' order and are
    /// multiplied by `scale` (clipping) on the way.
    pub(crate) fn update(&mut self, gradients: &Gradients, rate: f64, scale: f64) -> Result<()> {
        ensure!(
            gradients.iter().len() == self.parameters.len(),
            "{} gradients for {} variables",
            gradients.iter().len(),
            self.parameters.len()
        );
        self.updates += 1;
        let [beta1, beta2] = self.constants.betas;
        // In f64: 1 - β₂^t loses its digits in f32 for the first updates.
        let correction = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        let (correction1, correction2) = (correction(beta1), correction(beta2));
        for (parameter, (name, gradient)) in self.parameters.iter_mut().zip(gradients.iter()) {
            let rate = rate * parameter.rate;
            ensure!(
                name == parameter.name,
                "the gradient of {name} comes where that of {} is due",
                parameter.name
            );
            let factors = Factors {
                beta1: beta1 as f32,
                beta2: beta2 as f32,
                epsilon: self.constants.epsilon as f32,
                keep: (1.0 - rate * parameter.weight_decay) as f32,
                step: (rate / correction1) as f32,
                inverse_root: (1.0 / correction2.sqrt()) as f32,
                scale: scale as f32,
            };
            parameter
                .update(factors, gradient)
                .with_context(|| format!("updating {}", parameter.name))?;
        }
        Ok(())
    }
}

impl Parameter {
    fn update(&mut self, factors: Factors, gradient: Gradient) -> candle_core::Result<()> {
        match (gradient, &mut self.mean, &mut self.square) {
            (Gradient::InMemory(gradient), Values::InMemory(mean), Values::InMemory(square)) => {
                if gradient.len() != mean.len() {
                    candle_core::bail!(
                        "a gradient of {} values for {}",
                        gradient.len(),
                        mean.len()
                    );
                }
                self.variable.inplace_op1(&FusedPass {
                    factors,
                    gradient,
                    moments: RefCell::new((mean.as_mut_slice(), square.as_mut_slice())),
                })
            }
            (Gradient::OnDevice(gradient), Values::OnDevice(mean), Values::OnDevice(square)) => {
                let updated =
                    factors.step(&self.variable.as_detached_tensor(), gradient, mean, square)?;
                self.variable.set(&updated)
            }
            _ => candle_core::bail!("its gradient is not where its moments are"),
        }
    }
}

/// The factors of an update.
#[derive(Debug, Clone, Copy)]
struct Factors {
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
}

impl Factors {
    /// The updated variable, on any device; the moments are replaced.
    fn step(
        self,
        variable: &Tensor,
        gradient: &Tensor,
        mean: &mut Tensor,
        square: &mut Tensor,
    ) -> candle_core::Result<Tensor> {
        let times = |tensor: &Tensor, factor: f32| tensor.affine(f64::from(factor), 0.0);
        let gradient = times(gradient, self.scale)?;
        *mean = (times(mean, self.beta1)? + times(&gradient, 1.0 - self.beta1)?)?;
        *square = (times(square, self.beta2)? + times(&gradient.sqr()?, 1.0 - self.beta2)?)?;
        let denominator = square
            .sqrt()?
            .affine(f64::from(self.inverse_root), f64::from(self.epsilon))?;
        times(variable, self.keep)? - times(&mean.div(&denominator)?, self.step)?
    }
}

/// The update of one variable in memory, in one pass; candle hands its storage out for writing only
/// to such an op.
struct FusedPass<'a> {
    factors: Factors,
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
        let factors = self.factors;
        let moments = mean.iter_mut().zip(square.iter_mut());
        for ((w, g), (m, v)) in variable[start..end]
            .iter_mut()
            .zip(self.gradient)
            .zip(moments)
        {
            let g = g * factors.scale;
            *m = factors.beta1 * *m + (1.0 - factors.beta1) * g;
            *v = factors.beta2 * *v + (1.0 - factors.beta2) * g * g;
            let denominator = v.sqrt() * factors.inverse_root + factors.epsilon;
            *w = *w * factors.keep - factors.step * *m / denominator;
        }
        Ok(())
    }
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
    use crate::compute::Compute;
    use crate::gradients::found;
    use crate::learning::ParamOptions;

    const CONSTANTS: Constants = Constants {
        betas: [0.9, 0.98],
        epsilon: 1e-6,
        weight_decay: 0.1,
    };

    /// Gradients of `weights`, one after another.
    fn gradients(weights: &Weights, values: &[f32]) -> Gradients {
        let mut gradients = Gradients::zeros(weights).unwrap();
        gradients.values_mut().copy_from_slice(values);
        gradients
    }

    fn weights(variables: &[(&str, &[f32], &[usize])]) -> Weights {
        variables
            .iter()
            .map(|(name, values, shape)| {
                let variable = Var::from_slice(values, *shape, &Device::Cpu).unwrap();
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
        let mut optimizer = AdamW::new(&weights, CONSTANTS).unwrap();
        let steps = [[0.3f32, -2.0], [0.1, 0.7], [-0.4, 0.02]];
        for [a, b] in steps {
            let step = gradients(&weights, &[a, b, a, b]);
            optimizer.update(&step, 0.01, 1.0).unwrap();
        }
        for element in 0..2 {
            let column: Vec<f64> = steps.iter().map(|g| f64::from(g[element])).collect();
            let start = [0.5, -0.25][element];
            for (index, decay) in [(0, 0.1), (1, 0.0)] {
                let expected = by_hand(start, &column, 0.01, decay);
                let got = f64::from(values(&weights, index)[element]);
                assert!((got - expected).abs() < 2e-7, "{got} is not {expected}");
            }
        }
    }

    #[test]
    fn candles_operations_do_the_same() {
        let run = |fused: bool| {
            let mut weights = weights(&[
                ("a.weight", &[0.5, -0.25], &[1, 2]),
                ("logit_scale", &[2.5], &[1]),
            ]);
            let device = Device::Cpu;
            weights.move_to(&Compute { device, fused }).unwrap();
            let mut optimizer = AdamW::new(&weights, CONSTANTS).unwrap();
            for factor in [0.3f32, -2.0, 0.02] {
                let mut sums = Gradients::zeros(&weights).unwrap();
                let variables: Vec<Var> = weights.iter().map(|(_, v)| v.clone()).collect();
                for variable in &variables {
                    let loss = variable.affine(f64::from(factor), 0.0).unwrap();
                    let loss = loss.sqr().unwrap().sum_all().unwrap();
                    let mut store = loss.backward().unwrap();
                    sums.add(found(&variables, &mut store)).unwrap();
                }
                optimizer.update(&sums, 0.01, 0.5).unwrap();
            }
            [values(&weights, 0), values(&weights, 1)].concat()
        };
        for (composed, fused) in run(false).into_iter().zip(run(true)) {
            assert!((composed - fused).abs() < 1e-7, "{composed} is not {fused}");
        }
    }

    #[test]
    fn first_update_moves_by_the_rate_against_the_sign() {
        // 0.5 − 0.01 · 0.1 · 0.5 − 0.01 · 3/(3 + 1e-6): worked out on paper.
        let weights = weights(&[("w", &[0.5], &[1, 1])]);
        let mut optimizer = AdamW::new(&weights, CONSTANTS).unwrap();
        optimizer
            .update(&gradients(&weights, &[3.0]), 0.01, 1.0)
            .unwrap();
        assert!((values(&weights, 0)[0] - 0.4895).abs() < 1e-6);
    }

    #[test]
    fn each_variable_learns_at_its_own_options() {
        let mut weights = weights(&[("a", &[0.5], &[1]), ("b", &[0.5], &[1])]);
        let options = |rate, weight_decay| Some(ParamOptions { rate, weight_decay });
        weights.set_param_options(vec![options(1.0, None), options(0.1, Some(0.5))]);
        let mut optimizer = AdamW::new(&weights, CONSTANTS).unwrap();
        let gradients = gradients(&weights, &[3.0, 3.0]);
        optimizer.update(&gradients, 0.01, 1.0).unwrap();
        assert!((values(&weights, 0)[0] - 0.49).abs() < 1e-6);
        // 0.5 − 0.001 · 0.5 · 0.5 − 0.001.
        assert!((values(&weights, 1)[0] - 0.49875).abs() < 1e-6);
    }

    #[test]
    fn scale_is_the_same_as_scaled_gradients() {
        let run = |gradient: f32, scale: f64| {
            let weights = weights(&[("w", &[0.5], &[1, 1])]);
            let mut optimizer = AdamW::new(&weights, CONSTANTS).unwrap();
            for step in 1..=3 {
                let g = gradients(&weights, &[gradient * step as f32]);
                optimizer.update(&g, 0.01, scale).unwrap();
            }
            values(&weights, 0)
        };
        assert_eq!(run(8.0, 0.25), run(2.0, 1.0));
    }

    #[test]
    fn refuses_the_gradients_of_other_variables() {
        let ours = weights(&[("the.weight", &[0.0; 4], &[2, 2])]);
        let other = weights(&[("another.weight", &[0.0; 4], &[2, 2])]);
        let mut optimizer = AdamW::new(&ours, CONSTANTS).unwrap();
        let error = optimizer
            .update(&Gradients::zeros(&other).unwrap(), 0.01, 1.0)
            .unwrap_err();
        assert!(format!("{error:#}").contains("the.weight"), "{error:#}");
    }

    #[test]
    fn clips_only_above_the_limit() {
        assert_eq!(clip_scale(0.5, 1.0), 1.0);
        assert!((clip_scale(4.0, 1.0) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn restored_moments_continue_bit_equal() {
        let through = weights(&[("w", &[0.5, -0.25], &[1, 2])]);
        let mut optimizer = AdamW::new(&through, CONSTANTS).unwrap();
        let step = |optimizer: &mut AdamW, index: usize| {
            let g = gradients(&through, &[0.1 + index as f32, -0.3]);
            optimizer.update(&g, 0.01, 1.0).unwrap();
        };
        (0..2).for_each(|index| step(&mut optimizer, index));

        let restored = weights(&[("w", &values(&through, 0), &[1, 2])]);
        let mut second = AdamW::new(&restored, CONSTANTS).unwrap();
        second.updates = optimizer.updates;
        second.parameters[0].mean = optimizer.parameters[0].mean.clone();
        second.parameters[0].square = optimizer.parameters[0].square.clone();

        (2..6).for_each(|index| step(&mut optimizer, index));
        (2..6).for_each(|index| step(&mut second, index));
        assert_eq!(values(&through, 0), values(&restored, 0));
    }
}
