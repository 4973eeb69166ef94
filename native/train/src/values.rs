//! f32 values that belong to a variable, kept where the variable is computed with.

use anyhow::Result;
use candle_core::{Tensor, Var};

/// The values of a variable, one for each element.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// Changed in place, in one pass.
    InMemory(Vec<f32>),
    /// In the variable's shape; replaced by what candle computes from it.
    OnDevice(Tensor),
}

impl Values {
    pub(crate) fn zeros(variable: &Var, in_memory: bool) -> Result<Self> {
        Ok(match in_memory {
            true => Self::InMemory(vec![0.0; variable.elem_count()]),
            false => Self::OnDevice(variable.zeros_like()?),
        })
    }

    /// A copy of the variable's.
    pub(crate) fn of(variable: &Var, in_memory: bool) -> Result<Self> {
        Ok(match in_memory {
            true => Self::InMemory(variable.flatten_all()?.to_vec1()?),
            false => Self::OnDevice(variable.copy()?.detach()),
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::InMemory(values) => values.len(),
            Self::OnDevice(tensor) => tensor.elem_count(),
        }
    }

    pub(crate) fn to_vec(&self) -> Result<Vec<f32>> {
        Ok(match self {
            Self::InMemory(values) => values.clone(),
            Self::OnDevice(tensor) => tensor.flatten_all()?.to_vec1()?,
        })
    }

    /// Replaces all of them by as many others.
    pub(crate) fn set(&mut self, values: Vec<f32>) -> Result<()> {
        *self = match self {
            Self::InMemory(_) => Self::InMemory(values),
            Self::OnDevice(old) => {
                Self::OnDevice(Tensor::from_vec(values, old.shape(), old.device())?)
            }
        };
        Ok(())
    }
}
