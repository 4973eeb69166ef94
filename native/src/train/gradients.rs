//! The gradients of all variables that learn, in one buffer: what is summed over the parts of a
//! batch, and over processes.

use std::ops::Range;

use anyhow::{Result, bail, ensure};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, Storage, Tensor, Var};

use super::weights::Weights;

/// Sums of gradients, variable after variable.
#[derive(Debug, Clone)]
pub(crate) struct Gradients {
    values: Vec<f32>,
    places: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Place {
    name: String,
    variable: Var,
    values: Range<usize>,
    /// Whether any part had a gradient of the variable.
    reached: bool,
}

impl Gradients {
    /// Zero, for every variable of `weights` that learns, in their order.
    pub(crate) fn zeros(weights: &Weights) -> Self {
        let mut end = 0;
        let places: Vec<Place> = weights
            .learning()
            .map(|(name, variable)| {
                let start = end;
                end += variable.elem_count();
                Place {
                    name: name.to_owned(),
                    variable: variable.clone(),
                    values: start..end,
                    reached: false,
                }
            })
            .collect();
        Self {
            values: vec![0.0; end],
            places,
        }
    }

    /// Back to zero.
    pub(crate) fn clear(&mut self) {
        self.values.fill(0.0);
        self.places
            .iter_mut()
            .for_each(|place| place.reached = false);
    }

    /// Adds what a backward pass found; the variables that it did not reach stay as they are.
    pub(crate) fn add(&mut self, store: &mut GradStore) -> Result<()> {
        for place in &mut self.places {
            let Some(gradient) = store.remove(&place.variable) else {
                continue;
            };
            ensure!(
                gradient.shape() == place.variable.shape(),
                "{} has the shape {:?} and its gradient {:?}",
                place.name,
                place.variable.shape(),
                gradient.shape()
            );
            add_tensor(&mut self.values[place.values.clone()], &gradient)?;
            place.reached = true;
        }
        Ok(())
    }

    /// The first variable that no backward pass reached, if there is one: some operation on the
    /// way has no backward, or nothing that is learnt depends on the variable.
    pub(crate) fn unreached(&self) -> Option<&str> {
        let mut places = self.places.iter();
        places
            .find(|place| !place.reached)
            .map(|place| place.name.as_str())
    }

    /// All values, variable after variable.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Name and gradient of each variable.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[f32])> {
        self.places
            .iter()
            .map(|place| (place.name.as_str(), &self.values[place.values.clone()]))
    }

    /// The Euclidean norm of all gradients together, summed in f64.
    pub(crate) fn norm(&self) -> f64 {
        // Sums of at most 4096 f32 squares keep the vector units busy; f64 carries them on.
        let squares = self
            .values
            .chunks(4096)
            .map(|chunk| f64::from(chunk.iter().map(|g| g * g).sum::<f32>()));
        squares.sum::<f64>().sqrt()
    }
}

fn add_tensor(sum: &mut [f32], gradient: &Tensor) -> Result<()> {
    let gradient = gradient.contiguous()?;
    let (storage, layout) = gradient.storage_and_layout();
    let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) =
        (&*storage, layout.contiguous_offsets())
    else {
        bail!("gradients are f32 and on the CPU");
    };
    sum.iter_mut()
        .zip(&values[start..end])
        .for_each(|(sum, g)| *sum += g);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::Device;

    use super::*;

    fn weights(variables: &[(&str, &[f32], &[usize])]) -> Weights {
        variables
            .iter()
            .map(|(name, values, shape)| {
                let tensor = Tensor::from_slice(values, *shape, &Device::Cpu).unwrap();
                ((*name).to_owned(), Var::from_tensor(&tensor).unwrap())
            })
            .collect()
    }

    #[test]
    fn sums_by_variable_and_names_what_is_not_reached() {
        let weights = weights(&[
            ("a", &[1.0, 2.0, 3.0, 4.0], &[2, 2]),
            ("b", &[5.0], &[1]),
            ("c", &[6.0], &[]),
        ]);
        let mut gradients = Gradients::zeros(&weights);
        let a = weights.variable("a").unwrap();
        let c = weights.variable("c").unwrap();
        // A transposed gradient is added in its logical order: Σ aᵀ · [[0 1], [2 3]].
        let factor = Tensor::arange(0f32, 4.0, &Device::Cpu).unwrap();
        let factor = factor.reshape((2, 2)).unwrap();
        let loss = (a.t().unwrap() * &factor).unwrap().sum_all().unwrap();
        for _ in 0..2 {
            gradients.add(&mut loss.backward().unwrap()).unwrap();
        }
        let square = c.sqr().unwrap();
        gradients.add(&mut square.backward().unwrap()).unwrap();
        assert_eq!(gradients.unreached(), Some("b"));
        let all: Vec<_> = gradients.iter().collect();
        assert_eq!(
            all,
            [
                ("a", &[0.0, 4.0, 2.0, 6.0][..]),
                ("b", &[0.0]),
                ("c", &[12.0])
            ]
        );
        assert!((gradients.norm() - 200f64.sqrt()).abs() < 1e-6);
        gradients.clear();
        assert_eq!(gradients.unreached(), Some("a"));
        assert_eq!(gradients.norm(), 0.0);
    }

    #[test]
    fn a_long_norm_keeps_its_digits() {
        let weights = weights(&[("w", &[0.0; 10_000], &[10_000])]);
        let mut gradients = Gradients::zeros(&weights);
        gradients.values_mut().fill(0.5);
        assert!((gradients.norm() - 50.0).abs() < 1e-9);
    }
}
