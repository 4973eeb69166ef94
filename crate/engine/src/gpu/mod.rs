//! The GPU engine: WebGPU in a page; Vulkan, Metal or DX12 natively; the same WGSL files.
//!
//! Both encoders run whole on the device: one submission and one copy back a batch. Weights stay in
//! the types they have in the file and are expanded to f32 inside the products; every sum, norm
//! and softmax is f32, unless a narrower arithmetic of the products is asked for. Nothing needs more
//! than WebGPU's default limits: no binding is larger than 128 MiB, a workgroup takes at most 16 KiB
//! of shared memory.
//!
//! | module | |
//! |---|---|
//! | `compile` | kernels, while the weights arrive |
//! | `clock` | milliseconds |
//! | `arithmetic` | the numbers that products are computed in |
//! | `device`, `page_features` | adapter, device, their errors |
//! | `weights` | from a checkpoint to buffers, a few rows at a time |
//! | `plan` | where the rows of a batch lie, and who attends to whom |
//! | `shader`, `product_shader` | the kernels' WGSL, put together from `shaders/` |
//! | `tiles`, `tuning` | how matrix products are divided, and choosing by time |
//! | `kernels` | compiled kernels and their bindings |
//! | `program` | an encoder as a list of launches |
//! | `measure` | how fast the device and the products are |
//! | `weight_types` | which kernels a model needs |
//! | `model` | weights and programs of both encoders, and the way of a batch through them |

mod arithmetic;
mod clock;
mod compile;
mod device;
mod kernels;
mod measure;
mod model;
#[cfg(target_arch = "wasm32")]
mod page_features;
mod plan;
mod product_shader;
mod program;
mod shader;
mod shader_parts;
#[cfg(test)]
mod tests;
mod tiles;
mod tuning;
mod weight_types;
mod weights;

pub use arithmetic::Arithmetic;
pub use clock::milliseconds;
pub use device::{Gpu, GpuInfo};
pub use measure::ProductSpeed;
pub use model::LoadTimes;
pub use tuning::{TileChoice, Tuning};

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::cpu::{self, CpuEngine};
use super::prefixes::SharedRows;
use super::{Embeddings, Engine, EngineError, EngineFuture, PackedTokens};
use cliprobe_clip::{Checkpoint, ClipError};
use model::Model;
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
        "the GPU has no room for {} MB; use a smaller type of weights (such as Q8_0), close other programs that use the GPU, or use the CPU",
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
    /// Numbers for the products that the device or the model does not allow.
    #[error("the GPU cannot compute products in {arithmetic}: {why}")]
    Arithmetic {
        /// What was asked for.
        arithmetic: Arithmetic,
        /// What it lacks.
        why: String,
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
    SharedRows::of(tokens.each()).tokens.len()
}

/// The GPU engine of one model.
///
/// It keeps the checkpoint open: when the device is lost in the middle of a batch, the model is
/// loaded onto the next device that the system gives, and the batch is computed there; if there is
/// none, on the CPU, which then goes on.
pub struct GpuEngine {
    checkpoint: Rc<Checkpoint>,
    tuning: Tuning,
    model: RefCell<Rc<Model>>,
    fallback: OnceCell<Fallback>,
}

/// The CPU's engine, and why.
struct Fallback {
    engine: CpuEngine,
    why: String,
}

/// What computes.
enum Current<'a> {
    Gpu(Rc<Model>),
    Cpu(&'a CpuEngine),
}

impl GpuEngine {
    /// Loads both encoders of a checkpoint, with products as `tuning` says. `progress` is told the
    /// number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's, a model beyond the kernels' limits, arithmetic that the device or the model
    /// does not allow, or a device without room for it.
    pub async fn load(
        gpu: &Gpu,
        checkpoint: &Rc<Checkpoint>,
        mut tuning: Tuning,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, GpuError> {
        let model = Model::load(gpu, checkpoint, &tuning, progress).await?;
        tuning.known.extend(model.timed_tiles().cloned());
        Ok(Self {
            checkpoint: checkpoint.clone(),
            tuning,
            model: RefCell::new(Rc::new(model)),
            fallback: OnceCell::new(),
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

    /// What the load took.
    pub fn load_times(&self) -> LoadTimes {
        self.model().load_times()
    }

    /// What the matrix products are computed in.
    pub fn arithmetic(&self) -> Arithmetic {
        self.model().tiles().arithmetic()
    }

    /// How the products are computed: as the load was told, with the tiles that it timed added to
    /// those that were known.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The tiles of the matrix products, by the number of a result's rows.
    pub fn tiles(&self) -> String {
        self.model().tiles().to_string()
    }

    /// Times the matrix products of a block of each encoder with so many rows of tokens.
    ///
    /// # Errors
    /// A device that fails, or has no room for the rows.
    pub async fn product_speeds(
        &self,
        image_rows: u32,
        text_rows: u32,
    ) -> Result<Vec<ProductSpeed>, GpuError> {
        self.model().product_speeds(image_rows, text_rows).await
    }

    fn model(&self) -> Rc<Model> {
        self.model.borrow().clone()
    }

    fn current(&self) -> Current<'_> {
        match self.fallback.get() {
            Some(fallback) => Current::Cpu(&fallback.engine),
            None => Current::Gpu(self.model()),
        }
    }

    /// What goes on after a device was lost; another batch may have seen to that since.
    async fn after(&self, lost: &Rc<Model>) -> Result<Current<'_>, EngineError> {
        if self.fallback.get().is_none() && Rc::ptr_eq(&self.model(), lost) {
            match self.anew().await {
                Ok(model) => drop(self.model.replace(Rc::new(model))),
                Err(error) => {
                    let model = cpu::Model::load(&self.checkpoint, &mut |_, _| {})
                        .map_err(GpuError::Clip)?;
                    self.fallback.get_or_init(|| Fallback {
                        engine: CpuEngine::new(model),
                        why: format!("the GPU was lost, and then {error}"),
                    });
                }
            }
        }
        Ok(self.current())
    }

    async fn anew(&self) -> Result<Model, GpuError> {
        let gpu = Gpu::open().await?;
        Model::load(&gpu, &self.checkpoint, &self.tuning, &mut |_, _| {}).await
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        match self.current() {
            Current::Gpu(_) => "gpu",
            Current::Cpu(engine) => engine.name(),
        }
    }

    fn dtype(&self) -> &'static str {
        match self.current() {
            Current::Gpu(model) => model.tiles().arithmetic().name(),
            Current::Cpu(engine) => engine.dtype(),
        }
    }

    fn gpu(&self) -> Option<GpuInfo> {
        match self.current() {
            Current::Gpu(model) => Some(model.gpu().info().clone()),
            Current::Cpu(_) => None,
        }
    }

    fn why_not_gpu(&self) -> Option<&str> {
        self.fallback.get().map(|fallback| fallback.why.as_str())
    }

    fn batch_tokens(&self) -> usize {
        model::MOST_ROWS as usize
    }

    fn encode_text<'a>(&'a self, tokens: &'a PackedTokens) -> EngineFuture<'a, Embeddings> {
        Box::pin(async move {
            let mut current = self.current();
            if let Current::Gpu(model) = &current {
                match model.text(tokens).await {
                    Err(EngineError::Gpu(GpuError::Lost { .. })) => {}
                    answer => return answer,
                }
                current = self.after(model).await?;
            }
            match current {
                Current::Gpu(model) => model.text(tokens).await,
                Current::Cpu(engine) => engine.encode_text(tokens).await,
            }
        })
    }

    fn encode_images<'a>(&'a self, pixels: &'a [f32]) -> EngineFuture<'a, Embeddings> {
        Box::pin(async move {
            let mut current = self.current();
            if let Current::Gpu(model) = &current {
                match model.images(pixels).await {
                    Err(EngineError::Gpu(GpuError::Lost { .. })) => {}
                    answer => return answer,
                }
                current = self.after(model).await?;
            }
            match current {
                Current::Gpu(model) => model.images(pixels).await,
                Current::Cpu(engine) => engine.encode_images(pixels).await,
            }
        })
    }
}
