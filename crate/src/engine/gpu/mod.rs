//! The GPU engine: WebGPU in a page; Vulkan, Metal or DX12 natively; the same WGSL files.
//!
//! Both towers run whole on the device: one submission and one copy back a batch. Weights stay in
//! the types they have in the file and are expanded to f32 inside the products; every sum, norm
//! and softmax is f32. Nothing needs more than WebGPU's default limits: no binding is larger than
//! 128 MiB, a workgroup takes at most 16 KiB of shared memory.
//!
//! | module | |
//! |---|---|
//! | `device` | adapter, device, their errors |
//! | `weights` | from a checkpoint to buffers, a few rows at a time |
//! | `plan` | where the rows of a batch lie, and who attends to whom |
//! | `shader` | the kernels' WGSL, put together from `shaders/` |
//! | `kernels` | compiled kernels and their bindings |
//! | `program` | a tower as a list of launches |
//! | `model` | weights and programs of both towers, and the way of a batch through them |

mod device;
mod kernels;
mod model;
mod plan;
mod program;
mod shader;
#[cfg(test)]
mod tests;
mod weights;

pub use device::{Gpu, GpuInfo};

use std::cell::RefCell;
use std::rc::Rc;

use super::{Embeddings, Engine, EngineError, EngineFuture, PackedTokens};
use crate::clip::{Checkpoint, ClipError};
use model::Model;
use plan::Plan;
use shader::Kernel;

/// Why the GPU could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// There is none that can be used.
    #[error("no usable GPU was found ({why}); the CPU engine gives the same embeddings")]
    NoAdapter {
        /// The system's words.
        why: String,
    },
    /// An adapter that cannot be opened.
    #[error("the GPU could not be opened ({why}); the CPU engine gives the same embeddings")]
    NoDevice {
        /// The system's words.
        why: String,
    },
    /// A device that was there is gone: unplugged, reset, or taken by the system.
    #[error("the GPU was lost ({why}); load the model again")]
    Lost {
        /// The system's words.
        why: String,
    },
    /// The device's memory is full.
    #[error(
        "the GPU has no room for {} MB; take a smaller type (cliprobe quantize --type Q8_0), close what else uses it, or use the CPU",
        .bytes / 1_000_000
    )]
    OutOfMemory {
        /// What was asked for.
        bytes: u64,
    },
    /// An architecture beyond the kernels' limits.
    #[error("the GPU engine cannot take {what}; the CPU engine can")]
    Unsupported {
        /// What of the model.
        what: String,
    },
    /// The device refused something: a defect of this program or of the driver.
    #[error("the GPU failed: {why}")]
    Failed {
        /// The system's words.
        why: String,
    },
    /// The checkpoint could not be read.
    #[error(transparent)]
    Clip(#[from] ClipError),
}

/// The WGSL of every kernel as the device gets it, by name; attention for heads of 64.
pub fn shader_sources() -> Vec<(String, String)> {
    Kernel::all(64)
        .into_iter()
        .map(|kernel| (kernel.name(), kernel.source()))
        .collect()
}

/// How many of a batch's tokens are computed: captions that begin alike share the rows of what
/// they have in common.
pub fn computed_tokens(tokens: &PackedTokens) -> usize {
    Plan::captions(tokens.each()).rows as usize
}

/// The GPU engine of one model.
///
/// It keeps the checkpoint open: when the device is lost in the middle of a batch, the model is
/// loaded onto the next device that the system gives, and the batch is computed there.
pub struct GpuEngine {
    checkpoint: Rc<Checkpoint>,
    model: RefCell<Rc<Model>>,
}

impl GpuEngine {
    /// Loads both towers of a checkpoint. `progress` is told the number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's, a model beyond the kernels' limits, or a device without room for it.
    pub async fn load(
        gpu: &Gpu,
        checkpoint: &Rc<Checkpoint>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, GpuError> {
        let model = Model::load(gpu, checkpoint, progress).await?;
        Ok(Self {
            checkpoint: checkpoint.clone(),
            model: RefCell::new(Rc::new(model)),
        })
    }

    /// The device in use.
    pub fn device(&self) -> Gpu {
        self.model().gpu().clone()
    }

    /// Bytes of the weights on the device.
    pub fn weight_bytes(&self) -> u64 {
        self.model().weight_bytes()
    }

    /// Bytes of the activations' buffers on the device; they grow with the largest batch.
    pub fn activation_bytes(&self) -> u64 {
        self.model().activation_bytes()
    }

    fn model(&self) -> Rc<Model> {
        self.model.borrow().clone()
    }

    /// Loads the model anew, unless that has happened since `lost` was taken.
    async fn after(&self, lost: &Rc<Model>) -> Result<Rc<Model>, GpuError> {
        if Rc::ptr_eq(&self.model(), lost) {
            let gpu = Gpu::open().await?;
            let model = Model::load(&gpu, &self.checkpoint, &mut |_, _| {}).await?;
            self.model.replace(Rc::new(model));
        }
        Ok(self.model())
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn gpu(&self) -> Option<GpuInfo> {
        Some(self.model().gpu().info().clone())
    }

    fn encode_text<'a>(&'a self, tokens: &'a PackedTokens) -> EngineFuture<'a, Embeddings> {
        Box::pin(async move {
            let model = self.model();
            match model.text(tokens).await {
                Err(EngineError::Gpu(GpuError::Lost { .. })) => {
                    self.after(&model).await?.text(tokens).await
                }
                answer => answer,
            }
        })
    }

    fn encode_images<'a>(&'a self, pixels: &'a [f32]) -> EngineFuture<'a, Embeddings> {
        Box::pin(async move {
            let model = self.model();
            match model.images(pixels).await {
                Err(EngineError::Gpu(GpuError::Lost { .. })) => {
                    self.after(&model).await?.images(pixels).await
                }
                answer => answer,
            }
        })
    }
}
