//! Weights as they are held in memory, and how each form is multiplied.

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{DType, Device, Result, Tensor};

use super::composed;
use super::expand::Blocks;
use super::ops::{constant_linear, contiguous_values, linear};
use super::product::{Matrix, Packed};
use cliprobe_clip::config::Activation;

/// A weight matrix as it is held in memory.
#[derive(Clone, Debug)]
pub enum Weight {
    /// f32, possibly a variable.
    Float(Tensor),
    /// f32 for products only, without gradients: packed for the kernel that reads it.
    Packed(Arc<Packed>),
    /// Blocks of a GGUF type.
    Quantized(Arc<QTensor>),
    /// f32, possibly a variable, on any device: multiplied in this precision, to which it is rounded at
    /// each use (mixed precision, Micikevicius et al., arXiv 1710.03740). The encoder around it is
    /// computed by candle's own operations.
    Rounded(Tensor, DType),
}

impl From<Tensor> for Weight {
    fn from(tensor: Tensor) -> Self {
        Self::Float(tensor)
    }
}

impl Weight {
    /// The f32 values.
    pub(super) fn to_tensor(&self) -> Result<Tensor> {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => Ok(tensor.clone()),
            Self::Quantized(blocks) => blocks.dequantize(&Device::Cpu),
            Self::Packed(packed) => Err(candle_core::Error::Msg(format!(
                "{packed:?}: packed weights can only be multiplied"
            ))),
        }
    }

    /// `act(x · Wᵀ + b)`, W being all dimensions but the first as one.
    ///
    /// Quantised matrices are expanded at each use. That costs little beside the product, keeps the
    /// activations exact (ggml's own product rounds them to 8 bits), and an embedding does not
    /// depend on the batch it was computed in.
    pub(super) fn multiply(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        activation: Option<Activation>,
    ) -> Result<Tensor> {
        match self {
            Self::Float(weight) => {
                let weight = weight.flatten_from(1)?;
                let tracked = x.track_op() || weight.track_op();
                match bias {
                    Some(bias) if tracked || bias.track_op() => {
                        linear(x, &weight, bias, activation)
                    }
                    None if tracked => x.matmul(&weight.t()?),
                    _ => {
                        let (storage, layout) = weight.storage_and_layout();
                        let values = contiguous_values("linear", &storage, layout)?;
                        let rows = Matrix::Rows(values, weight.dim(1)?);
                        constant_linear(x, &rows, bias, activation)
                    }
                }
            }
            Self::Quantized(blocks) => {
                let inner = blocks.shape().dims().iter().skip(1).product();
                let rows = Matrix::Blocks(Blocks::new(blocks, inner)?);
                constant_linear(x, &rows, bias, activation)
            }
            Self::Packed(packed) => constant_linear(x, &Matrix::Packed(packed), bias, activation),
            Self::Rounded(weight, precision) => {
                composed::linear(x, &weight.flatten_from(1)?, bias, activation, *precision)
            }
        }
    }

    /// Whether it only ever serves products, without gradients.
    pub(super) fn is_for_inference(&self) -> bool {
        matches!(self, Self::Packed(_) | Self::Quantized(_))
    }

    pub(super) fn is_rounded(&self) -> bool {
        matches!(self, Self::Rounded(..))
    }

    /// Whether a gradient may be wanted of it, and its values may change.
    pub(super) fn is_variable(&self) -> bool {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => tensor.track_op(),
            Self::Quantized(_) | Self::Packed(_) => false,
        }
    }

    /// Rows `ids` of the matrix, `[ids.len(), width]`.
    pub(super) fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => tensor.index_select(ids, 0),
            Self::Quantized(blocks) => blocks.embedding(ids),
            Self::Packed(_) => self.to_tensor(),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => {
                tensor.elem_count() * tensor.dtype().size_in_bytes()
            }
            Self::Quantized(blocks) => blocks.storage_size_in_bytes(),
            Self::Packed(packed) => packed.count() * size_of::<f32>(),
        }
    }
}

/// Gives a tensor by its canonical name and shape (see [`cliprobe_clip::names`]).
pub type WeightProvider<'a> = dyn FnMut(&str, &[usize]) -> Result<Weight> + 'a;
