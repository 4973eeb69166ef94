//! A running average of the variables (Polyak and Juditsky, 1992), which is often the better model.

use anyhow::Result;

use super::recipe::EmaRecipe;
use super::values::Values;
use super::weights::Weights;

/// The averages of the variables that learn, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Average {
    decay: f64,
    pub(crate) parts: Vec<Part>,
}

/// The average of one variable.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) values: Values,
}

impl Average {
    /// Of `weights` as they are.
    pub(crate) fn new(weights: &Weights, recipe: &EmaRecipe) -> Result<Self> {
        let parts = weights.learning().map(|(name, variable)| {
            Ok(Part {
                name: name.to_owned(),
                values: Values::of(variable, weights.in_memory(name))?,
            })
        });
        Ok(Self {
            decay: recipe.decay,
            parts: parts.collect::<Result<_>>()?,
        })
    }

    /// Takes the variables in after update `step`, counted from 1.
    pub(crate) fn update(&mut self, weights: &Weights, step: u64) -> Result<()> {
        let keep = self.decay.min((1 + step) as f64 / (10 + step) as f64) as f32;
        for (part, (_, variable)) in self.parts.iter_mut().zip(weights.learning()) {
            match &mut part.values {
                Values::InMemory(average) => {
                    let values: Vec<f32> = variable.flatten_all()?.to_vec1()?;
                    for (average, value) in average.iter_mut().zip(values) {
                        *average += (1.0 - keep) * (value - *average);
                    }
                }
                Values::OnDevice(average) => {
                    let change = (variable.as_detached_tensor() - &*average)?;
                    *average = (&*average + change.affine(f64::from(1.0 - keep), 0.0)?)?;
                }
            }
        }
        Ok(())
    }

    /// The average of a variable, if it has one.
    pub(crate) fn of(&self, name: &str) -> Option<&Values> {
        let part = self.parts.iter().find(|part| part.name == name);
        part.map(|part| &part.values)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{Device, Tensor, Var};

    use super::*;
    use crate::compute::Compute;

    #[test]
    fn follows_the_variables_quickly_at_first_then_slowly() {
        for fused in [true, false] {
            follows(fused);
        }
    }

    fn follows(fused: bool) {
        let w = Var::from_slice(&[0f32], 1, &Device::Cpu).unwrap();
        let frozen = Var::from_slice(&[5f32], 1, &Device::Cpu).unwrap();
        let variables = [("w".to_owned(), w.clone()), ("frozen".to_owned(), frozen)];
        let mut weights: Weights = variables.into_iter().collect();
        weights.choose(|name| name == "w");
        let device = Device::Cpu;
        weights.move_to(&Compute { device, fused }).unwrap();
        let recipe = EmaRecipe {
            decay: 0.5,
            write: true,
        };
        let mut average = Average::new(&weights, &recipe).unwrap();
        w.set(&Tensor::new(&[1f32], &Device::Cpu).unwrap()).unwrap();
        // Kept: 2/11, 3/12, then a half from step 8 on.
        let mut expected = 0.0;
        for (step, keep) in [(1, 2.0 / 11.0), (2, 3.0 / 12.0), (100, 0.5)] {
            average.update(&weights, step).unwrap();
            expected = keep * expected + (1.0 - keep);
            let got = f64::from(average.of("w").unwrap().to_vec().unwrap()[0]);
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        assert!(average.of("frozen").is_none());
    }
}
