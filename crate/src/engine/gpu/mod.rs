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

mod device;
mod kernels;
mod plan;
mod program;
mod shader;
#[cfg(test)]
mod tests;
mod weights;

pub use device::{Gpu, GpuInfo};

use std::cell::RefCell;

use super::{Embeddings, Engine, EngineError, EngineFuture, PackedTokens};
use crate::clip::config::{ClipConfig, TransformerConfig};
use crate::clip::{Checkpoint, ClipError};
use device::LARGEST_BINDING;
use plan::Plan;
use program::{Capacity, Program, picture_bytes, widest};
use weights::{TextWeights, Upload, VisionWeights};

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

/// Most rows computed at once: enough to fill any device, few enough that activations stay small.
const MOST_ROWS: u32 = 8192;

/// Fewest rows that buffers are planned for, so that a growing list of captions rarely makes new ones.
const LEAST_ROWS: u32 = 256;

/// The GPU engine of one model.
pub struct GpuEngine {
    gpu: Gpu,
    config: ClipConfig,
    text: TextWeights,
    vision: VisionWeights,
    text_program: RefCell<Option<Program>>,
    vision_program: RefCell<Option<Program>>,
    /// The buffer that results come back in, while nobody waits for one.
    staging: RefCell<Option<wgpu::Buffer>>,
    weight_bytes: u64,
}

impl GpuEngine {
    /// Loads both towers of a checkpoint. `progress` is told the number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's, a model beyond the kernels' limits, or a device without room for it.
    pub async fn load(
        gpu: &Gpu,
        checkpoint: &Checkpoint,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, GpuError> {
        let config = checkpoint.config;
        check_architecture(&config)?;
        // What the weights take as f32 is the most they can take.
        let most = checkpoint.parameters() * 4;
        let (text, vision, weight_bytes) = gpu
            .guarded(most, || {
                let mut upload = Upload::new(gpu, checkpoint, progress);
                let text = upload.text(&config)?;
                let vision = upload.vision(&config)?;
                Ok((text, vision, upload.bytes()))
            })
            .await?;
        let engine = Self {
            gpu: gpu.clone(),
            config,
            text,
            vision,
            text_program: RefCell::default(),
            vision_program: RefCell::default(),
            staging: RefCell::default(),
            weight_bytes,
        };
        // Kernels compile now, not with the first batch.
        engine.text_capacity(1, 1).await?;
        engine.vision_capacity(1).await?;
        Ok(engine)
    }

    /// The device in use.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Bytes of the weights on the device.
    pub fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }

    /// Bytes of the activations' buffers on the device, as large as the largest batch so far asked for.
    pub fn activation_bytes(&self) -> u64 {
        let bytes = |program: &RefCell<Option<Program>>| {
            program.borrow().as_ref().map_or(0, Program::bytes)
        };
        bytes(&self.text_program) + bytes(&self.vision_program)
    }

    /// Most rows of a tower at once.
    fn most_rows(transformer: &TransformerConfig, patch: u32) -> u32 {
        let widest = u64::from(widest(transformer, patch)) * 4;
        MOST_ROWS.min((LARGEST_BINDING / widest) as u32)
    }

    fn most_text_rows(&self) -> u32 {
        Self::most_rows(&self.config.text.transformer, 0)
    }

    fn most_pictures(&self) -> u32 {
        most_pictures(&self.config)
    }

    async fn text_capacity(&self, rows: u32, sequences: u32) -> Result<(), GpuError> {
        let capacity = self.text_program.borrow().as_ref().map(Program::capacity);
        if capacity.is_some_and(|c| c.rows >= rows && c.sequences >= sequences) {
            return Ok(());
        }
        let most = self.most_text_rows();
        let larger = |n: u32, had: u32| {
            n.next_power_of_two()
                .max(had)
                .clamp(LEAST_ROWS, most.max(LEAST_ROWS))
                .min(most)
        };
        let capacity = Capacity {
            rows: larger(rows, capacity.map_or(0, |c| c.rows)),
            sequences: larger(sequences, capacity.map_or(0, |c| c.sequences)),
        };
        // The old buffers first, or both would be there at once.
        self.text_program.take();
        let program = self
            .gpu
            .guarded(
                activation_bytes(&self.config.text.transformer, 0, capacity),
                || Ok(Program::text(&self.gpu, &self.text, &self.config, capacity)),
            )
            .await?;
        self.text_program.replace(Some(program));
        Ok(())
    }

    async fn vision_capacity(&self, pictures: u32) -> Result<(), GpuError> {
        let capacity = self.vision_program.borrow().as_ref().map(Program::capacity);
        if capacity.is_some_and(|c| c.sequences >= pictures) {
            return Ok(());
        }
        let vision = &self.config.vision;
        let sequences = pictures.next_power_of_two().min(self.most_pictures());
        let capacity = Capacity {
            rows: sequences * vision.tokens() as u32,
            sequences,
        };
        self.vision_program.take();
        let bytes = activation_bytes(&vision.transformer, patch_values(&self.config), capacity)
            + u64::from(sequences) * picture_bytes(vision);
        let program = self
            .gpu
            .guarded(bytes, || {
                Ok(Program::vision(
                    &self.gpu,
                    &self.vision,
                    &self.config,
                    capacity,
                ))
            })
            .await?;
        self.vision_program.replace(Some(program));
        Ok(())
    }

    /// A buffer for `rows` results.
    fn result_buffer(&self, rows: usize) -> wgpu::Buffer {
        let size = (rows * self.config.projection_dim * 4) as u64;
        match self.staging.take() {
            Some(buffer) if buffer.size() >= size => buffer,
            _ => self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("result"),
                size,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
        }
    }

    async fn result(
        &self,
        buffer: wgpu::Buffer,
        rows: usize,
        kind: &'static str,
    ) -> Result<Embeddings, EngineError> {
        let dim = self.config.projection_dim;
        let values = self.gpu.read(&buffer, (rows * dim * 4) as u64).await?;
        self.staging.replace(Some(buffer));
        Embeddings::normalized(dim, values, kind)
    }

    async fn text(&self, tokens: &PackedTokens) -> Result<Embeddings, EngineError> {
        tokens.check(&self.config.text)?;
        self.gpu.check()?;
        let most = self.most_text_rows() as usize;
        let captions: Vec<&[u32]> = tokens
            .offsets
            .windows(2)
            .map(|pair| &tokens.ids[pair[0]..pair[1]])
            .collect();
        let result = self.result_buffer(captions.len());
        let mut start = 0;
        while start < captions.len() {
            let mut rows = 0;
            let fitting = captions[start..].iter().take_while(|ids| {
                rows += ids.len();
                rows <= most
            });
            let end = start + fitting.count();
            let plan = Plan::captions(captions[start..end].iter().copied());
            // The path has an entry for every token, shared or not.
            self.text_capacity(plan.path.len() as u32, (end - start) as u32)
                .await?;
            if let Some(program) = self.text_program.borrow().as_ref() {
                let input = bytemuck::cast_slice(&plan.tokens);
                program.submit(&self.gpu, &plan, input, 0, &result, start as u32);
            }
            start = end;
        }
        self.result(result, captions.len(), "caption").await
    }

    async fn images(&self, pixels: &[f32]) -> Result<Embeddings, EngineError> {
        let vision = &self.config.vision;
        let values = picture_bytes(vision) as usize / 4;
        if pixels.is_empty() || pixels.len() % values != 0 {
            return Err(GpuError::Failed {
                why: format!(
                    "{} values are not pictures of {values} values each",
                    pixels.len()
                ),
            }
            .into());
        }
        self.gpu.check()?;
        let pictures = pixels.len() / values;
        let result = self.result_buffer(pictures);
        let mut start = 0;
        for chunk in pixels.chunks(self.most_pictures() as usize * values) {
            let n = (chunk.len() / values) as u32;
            let plan = Plan::pictures(n, vision.tokens() as u32);
            self.vision_capacity(n).await?;
            if let Some(program) = self.vision_program.borrow().as_ref() {
                program.submit(
                    &self.gpu,
                    &plan,
                    bytemuck::cast_slice(chunk),
                    n * vision.patches() as u32,
                    &result,
                    start,
                );
            }
            start += n;
        }
        self.result(result, pictures, "picture").await
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn encode_text<'a>(&'a self, tokens: &'a PackedTokens) -> EngineFuture<'a, Embeddings> {
        Box::pin(self.text(tokens))
    }

    fn encode_images<'a>(&'a self, pixels: &'a [f32]) -> EngineFuture<'a, Embeddings> {
        Box::pin(self.images(pixels))
    }
}

/// Values of a patch.
fn patch_values(config: &ClipConfig) -> u32 {
    3 * (config.vision.patch_size * config.vision.patch_size) as u32
}

/// Most pictures at once.
fn most_pictures(config: &ClipConfig) -> u32 {
    let vision = &config.vision;
    let rows = GpuEngine::most_rows(&vision.transformer, patch_values(config));
    (rows / vision.tokens() as u32).min((LARGEST_BINDING / picture_bytes(vision)) as u32)
}

fn activation_bytes(transformer: &TransformerConfig, patch: u32, capacity: Capacity) -> u64 {
    let row = 2 * transformer.width as u64 + u64::from(widest(transformer, patch));
    (u64::from(capacity.rows) + u64::from(capacity.sequences)) * row * 4
}

/// Features of a head that a thread can hold in registers.
const WIDEST_HEAD: usize = 128;

fn check_architecture(config: &ClipConfig) -> Result<(), GpuError> {
    let unsupported = |what: String| Err(GpuError::Unsupported { what });
    for (tower, t) in [
        ("text", &config.text.transformer),
        ("image", &config.vision.transformer),
    ] {
        let head = t.width / t.heads;
        if t.width % 4 != 0 || t.mlp_width % 4 != 0 || head % 4 != 0 || head > WIDEST_HEAD {
            return unsupported(format!(
                "the {tower} tower's width {}, MLP of {} and heads of {head}: they must be multiples of 4, a head at most {WIDEST_HEAD}",
                t.width, t.mlp_width
            ));
        }
    }
    if patch_values(config) % 4 != 0 {
        return unsupported(format!(
            "patches of {} pixels: their side must be even",
            config.vision.patch_size
        ));
    }
    if GpuEngine::most_rows(&config.text.transformer, 0) < config.text.context_length as u32 {
        return unsupported(format!("captions of {} tokens", config.text.context_length));
    }
    if most_pictures(config) == 0 {
        return unsupported(format!(
            "pictures of {} pixels in patches of {}",
            config.vision.image_size, config.vision.patch_size
        ));
    }
    Ok(())
}
