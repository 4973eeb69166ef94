//! The gradients of all variables that learn: what is summed over the parts of a batch, and over
//! processes.

use std::ops::Range;

use anyhow::{Result, bail, ensure};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, Shape, Storage, Tensor, Var};

use super::collective::Collective;
use super::weights::Weights;

/// Sums of gradients, variable after variable.
#[derive(Debug, Clone)]
pub(crate) struct Gradients {
    /// Those in memory, in one buffer.
    values: Vec<f32>,
    places: Vec<Place>,
}

/// What one backward pass found: a gradient of each variable that learns, in their order, where it
/// reached the variable.
pub(crate) type Found = Vec<Option<Tensor>>;

/// Takes the gradients of these variables out of what a backward pass left.
pub(crate) fn found(variables: &[Var], store: &mut GradStore) -> Found {
    variables
        .iter()
        .map(|variable| store.remove(variable))
        .collect()
}

/// The sum of one variable's gradients.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gradient<'a> {
    InMemory(&'a [f32]),
    OnDevice(&'a Tensor),
}

#[derive(Debug, Clone)]
struct Place {
    name: String,
    shape: Shape,
    sum: Sum,
    /// Whether any part had a gradient of the variable.
    reached: bool,
}

#[derive(Debug, Clone)]
enum Sum {
    /// A part of the buffer.
    InMemory(Range<usize>),
    OnDevice(Tensor),
}

impl Gradients {
    /// Zero, for every variable of `weights` that learns, in their order.
    pub(crate) fn zeros(weights: &Weights) -> Result<Self> {
        let mut end = 0;
        let places = weights.learning().map(|(name, variable)| {
            let sum = if weights.in_memory(name) {
                let start = end;
                end += variable.elem_count();
                Sum::InMemory(start..end)
            } else {
                Sum::OnDevice(variable.zeros_like()?)
            };
            Ok(Place {
                name: name.to_owned(),
                shape: variable.shape().clone(),
                sum,
                reached: false,
            })
        });
        let places = places.collect::<Result<_>>()?;
        Ok(Self {
            values: vec![0.0; end],
            places,
        })
    }

    /// Back to zero.
    pub(crate) fn clear(&mut self) -> Result<()> {
        self.values.fill(0.0);
        for place in &mut self.places {
            place.reached = false;
            if let Sum::OnDevice(sum) = &mut place.sum {
                *sum = sum.zeros_like()?;
            }
        }
        Ok(())
    }

    /// Adds what a backward pass found; the variables that it did not reach stay as they are.
    pub(crate) fn add(&mut self, found: Found) -> Result<()> {
        for (place, gradient) in self.places.iter_mut().zip(found) {
            let Some(gradient) = gradient else {
                continue;
            };
            ensure!(
                gradient.shape() == &place.shape,
                "{} has the shape {:?} and its gradient {:?}",
                place.name,
                place.shape,
                gradient.shape()
            );
            match &mut place.sum {
                Sum::InMemory(range) => add_tensor(&mut self.values[range.clone()], &gradient)?,
                Sum::OnDevice(sum) => *sum = (&*sum + gradient)?.detach(),
            }
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

    /// Replaces the gradients by their sums over all processes.
    pub(crate) fn sum_over(&mut self, processes: &dyn Collective) -> Result<()> {
        if processes.world() == 1 {
            return Ok(());
        }
        processes.all_reduce_sum(&mut self.values)?;
        let mut on_device = Vec::new();
        for place in &self.places {
            if let Sum::OnDevice(sum) = &place.sum {
                on_device.extend(sum.flatten_all()?.to_vec1::<f32>()?);
            }
        }
        if on_device.is_empty() {
            return Ok(());
        }
        processes.all_reduce_sum(&mut on_device)?;
        let mut rest = on_device.as_slice();
        for place in &mut self.places {
            if let Sum::OnDevice(sum) = &mut place.sum {
                let (own, others) = rest.split_at(sum.elem_count());
                *sum = Tensor::from_slice(own, sum.shape(), sum.device())?;
                rest = others;
            }
        }
        Ok(())
    }

    /// Name and gradient of each variable.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Gradient<'_>)> {
        self.places.iter().map(|place| {
            let gradient = match &place.sum {
                Sum::InMemory(range) => Gradient::InMemory(&self.values[range.clone()]),
                Sum::OnDevice(sum) => Gradient::OnDevice(sum),
            };
            (place.name.as_str(), gradient)
        })
    }

    /// The Euclidean norm of all gradients together, summed in f64; on a device, over each variable in
    /// f32.
    pub(crate) fn norm(&self) -> Result<f64> {
        // Sums of at most 4096 f32 squares keep the vector units busy; f64 carries them on.
        let squares = self
            .values
            .chunks(4096)
            .map(|chunk| f64::from(chunk.iter().map(|g| g * g).sum::<f32>()));
        let mut all = squares.sum::<f64>();
        let on_device = self.places.iter().filter_map(|place| match &place.sum {
            Sum::OnDevice(sum) => Some(sum.sqr().and_then(|squares| squares.sum_all())),
            Sum::InMemory(_) => None,
        });
        let on_device = on_device.collect::<candle_core::Result<Vec<_>>>()?;
        if !on_device.is_empty() {
            // One copy from the device, not one a variable.
            let squares: Vec<f32> = Tensor::stack(&on_device, 0)?.to_vec1()?;
            all += squares.into_iter().map(f64::from).sum::<f64>();
        }
        Ok(all.sqrt())
    }
}

#[cfg(test)]
impl Gradients {
    /// Those in memory, variable after variable.
    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

#[cfg(test)]
impl Gradient<'_> {
    pub(crate) fn to_vec(self) -> Vec<f32> {
        match self {
            Self::InMemory(values) => values.to_vec(),
            Self::OnDevice(tensor) => {
                let flat = tensor.flatten_all().and_then(|flat| flat.to_vec1());
                flat.expect("gradients are f32")
            }
        }
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
    use crate::compute::Compute;

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
        for fused in [true, false] {
            sums_and_names(fused);
        }
    }

    fn sums_and_names(fused: bool) {
        let mut weights = weights(&[
            ("a", &[1.0, 2.0, 3.0, 4.0], &[2, 2]),
            ("b", &[5.0], &[1]),
            ("c", &[6.0], &[]),
        ]);
        let device = Device::Cpu;
        weights.move_to(&Compute { device, fused }).unwrap();
        let mut gradients = Gradients::zeros(&weights).unwrap();
        let variables: Vec<Var> = weights.iter().map(|(_, v)| v.clone()).collect();
        let a = weights.variable("a").unwrap();
        let c = weights.variable("c").unwrap();
        // A transposed gradient is added in its logical order: Σ aᵀ · [[0 1], [2 3]].
        let factor = Tensor::arange(0f32, 4.0, &Device::Cpu).unwrap();
        let factor = factor.reshape((2, 2)).unwrap();
        let loss = (a.t().unwrap() * &factor).unwrap().sum_all().unwrap();
        for _ in 0..2 {
            let mut store = loss.backward().unwrap();
            gradients.add(found(&variables, &mut store)).unwrap();
        }
        let mut store = c.sqr().unwrap().backward().unwrap();
        gradients.add(found(&variables, &mut store)).unwrap();
        assert_eq!(gradients.unreached(), Some("b"));
        let all: Vec<_> = gradients
            .iter()
            .map(|(name, g)| (name, g.to_vec()))
            .collect();
        assert_eq!(
            all,
            [
                ("a", vec![0.0, 4.0, 2.0, 6.0]),
                ("b", vec![0.0]),
                ("c", vec![12.0])
            ]
        );
        assert!((gradients.norm().unwrap() - 200f64.sqrt()).abs() < 1e-6);
        gradients.clear().unwrap();
        assert_eq!(gradients.unreached(), Some("a"));
        assert_eq!(gradients.norm().unwrap(), 0.0);
    }

    #[test]
    fn a_long_norm_keeps_its_digits() {
        let weights = weights(&[("w", &[0.0; 10_000], &[10_000])]);
        let mut gradients = Gradients::zeros(&weights).unwrap();
        gradients.values_mut().fill(0.5);
        assert!((gradients.norm().unwrap() - 50.0).abs() < 1e-9);
    }
}
