//! The CPU engine: candle's tensors, matrix products with packed weights, and fused kernels around
//! them; natively (threads) and in wasm (simd128).

mod attention;
mod composed;
mod elementary;
mod expand;
#[cfg(test)]
mod gradient_check;
mod model;
pub mod ops;
mod product;
mod rows;
#[cfg(test)]
mod seeded;
mod transformer;
mod weight;

pub use attention::{Packing, attention};
pub use model::Model;
pub use product::Packed;
pub use weight::{Weight, WeightProvider};

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::{Embeddings, Engine, EngineError, EngineFuture, PackedTokens};
use cliprobe_clip::tensors::{StoredTensor, quantized};
use cliprobe_clip::{Checkpoint, ClipError};

impl Model {
    /// Loads both encoders of a checkpoint. `progress` is told the number of tensors read and of all.
    ///
    /// Quantised and F16 matrices stay as they are in memory, everything else becomes f32; f32
    /// matrices are packed for the products. Such a model has no gradients.
    ///
    /// # Errors
    /// The checkpoint's.
    pub fn load(
        checkpoint: &Checkpoint,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, ClipError> {
        let all = cliprobe_clip::names::tensor_specs(&checkpoint.config).len();
        let (mut done, mut failure) = (0, None);
        let model = Model::new(&checkpoint.config, &mut |name, shape| {
            let weight = read_weight(checkpoint, name, shape).map_err(|error| {
                let text = error.to_string();
                failure = Some(error);
                candle_core::Error::Msg(text)
            })?;
            done += 1;
            progress(done, all);
            Ok(weight)
        });
        // The provider's error passes through candle's type; its own kind is kept beside it.
        model.map_err(|error| failure.unwrap_or(ClipError::Tensor(error)))
    }
}

fn read_weight(checkpoint: &Checkpoint, name: &str, shape: &[usize]) -> Result<Weight, ClipError> {
    inference_weight(checkpoint.read(name, shape)?, name, shape)
}

/// A stored tensor as inference wants it: matrices in blocks as they are, f32 matrices packed,
/// everything else as f32 tensors.
pub(crate) fn inference_weight(
    stored: StoredTensor,
    name: &str,
    shape: &[usize],
) -> Result<Weight, ClipError> {
    // Looked up by rows or added, never multiplied.
    let is_table =
        name.ends_with("token_embedding.weight") || name.ends_with("position_embedding.weight");
    Ok(match stored {
        StoredTensor::Blocks { element, bytes } if shape.len() >= 2 => {
            Weight::Quantized(Arc::new(quantized(element, &bytes, shape)?))
        }
        stored if shape.len() >= 2 && !is_table => {
            let inner = shape[1..].iter().product();
            Weight::Packed(Arc::new(Packed::new(&stored.into_f32(shape)?, inner)?))
        }
        stored => Tensor::from_vec(stored.into_f32(shape)?, shape, &Device::Cpu)?.into(),
    })
}

/// The CPU engine of one model.
pub struct CpuEngine {
    model: Model,
}

impl CpuEngine {
    /// Takes loaded encoders.
    pub fn new(model: Model) -> Self {
        Self { model }
    }

    fn text(&self, tokens: &PackedTokens) -> Result<Embeddings, EngineError> {
        let features = self.model.text_features(tokens)?;
        Embeddings::normalized(
            features.dim(1)?,
            features.flatten_all()?.to_vec1()?,
            "caption",
        )
    }

    fn images(&self, pixels: &[f32]) -> Result<Embeddings, EngineError> {
        let side = self.model.config().vision.image_size;
        let n = pixels.len() / (3 * side * side);
        let pixels = Tensor::from_slice(pixels, (n, 3, side, side), &Device::Cpu)?;
        let features = self.model.image_features(&pixels)?;
        Embeddings::normalized(
            features.dim(1)?,
            features.flatten_all()?.to_vec1()?,
            "image",
        )
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn encode_text<'a>(&'a self, tokens: &'a PackedTokens) -> EngineFuture<'a, Embeddings> {
        Box::pin(std::future::ready(self.text(tokens)))
    }

    fn encode_images<'a>(&'a self, pixels: &'a [f32]) -> EngineFuture<'a, Embeddings> {
        Box::pin(std::future::ready(self.images(pixels)))
    }
}
