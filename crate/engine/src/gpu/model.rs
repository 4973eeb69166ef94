//! A model on one device: its weights, its programs, and the way of a batch through them.

use std::cell::RefCell;
use std::rc::Rc;

use super::GpuError;
use super::clock::milliseconds;
use super::device::{Gpu, LARGEST_BINDING};
use super::plan::Plan;
use super::program::{Capacity, Program, activation_bytes, image_bytes, widest};
use super::shader::Kernel;
use super::tiles::{Product, Tiles};
use super::tuning::{self, Tuning};
use super::weight_types::WeightTypes;
use super::weights::{Matrix, TextWeights, Upload, VisionWeights};
use crate::{Embeddings, EngineError, PackedTokens};
use cliprobe_clip::Checkpoint;
use cliprobe_clip::config::{ClipConfig, TransformerConfig};
use cliprobe_clip::tensors::ElementType;

/// Most rows computed at once: enough to fill any device, few enough that activations stay small.
pub(super) const MOST_ROWS: u32 = 8192;

/// Fewest rows that buffers are planned for, so that a growing list of captions rarely makes new ones.
const LEAST_ROWS: u32 = 256;

/// Both encoders of one model in a device's memory.
pub(super) struct Model {
    gpu: Gpu,
    config: ClipConfig,
    pub(super) text: TextWeights,
    pub(super) vision: VisionWeights,
    text_program: RefCell<Option<Rc<Program>>>,
    vision_program: RefCell<Option<Rc<Program>>>,
    /// The buffer that results come back in, while nobody waits for one.
    staging: RefCell<Option<wgpu::Buffer>>,
    tiles: Tiles,
    /// What was timed for this load: a key of [`Tuning::known`] and its tiles.
    timed: Option<(String, String)>,
    load_times: LoadTimes,
    weight_bytes: u64,
    /// All buffers of the weights.
    own: Vec<wgpu::Buffer>,
}

/// What a load onto the GPU took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadTimes {
    /// Reading the weights and handing them to the device.
    pub weights_ms: f64,
    /// From the load's beginning until all kernels were compiled: beside the weights, not after.
    pub kernels_ms: f64,
    /// How many kernels that was; none where an earlier model on the device needed the same.
    pub kernels: usize,
    /// Timing tiles; 0 where they were known.
    pub tuning_ms: f64,
}

impl Drop for Model {
    fn drop(&mut self) {
        // At once, not when a browser collects garbage.
        self.own.iter().for_each(wgpu::Buffer::destroy);
        if let Some(staging) = self.staging.take() {
            staging.destroy();
        }
    }
}

impl Model {
    /// Loads both encoders of a checkpoint, with products as `tuning` says. `progress` is told the
    /// number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's, a model beyond the kernels' limits, arithmetic that the device or the model
    /// does not allow, or a device without room for it.
    pub(super) async fn load(
        gpu: &Gpu,
        checkpoint: &Checkpoint,
        tuning: &Tuning,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, GpuError> {
        let config = checkpoint.config;
        check_architecture(&config)?;
        let start = milliseconds();
        let types = WeightTypes::of(checkpoint);
        let arithmetic = tuning.arithmetic;
        gpu.offers(arithmetic)?;
        let tuned = types.tuned(arithmetic)?;
        let width = config.vision.transformer.width;
        let key = tuning::key(gpu.info(), tuned, width, arithmetic);
        let known = tuning.without_a_run(gpu.info(), &key);
        let compiled = gpu.kernels().compiled();
        let begun = match known {
            Some(tiles) => gpu.kernels().begin(types.kernels(gpu, &config, tiles)),
            None => gpu.kernels().begin(
                types
                    .kernels(gpu, &config, Tiles::standard(arithmetic))
                    .chain(Product::candidates(tuned, arithmetic).map(Kernel::MatMul)),
            ),
        };
        // What the weights take as f32 is the most they can take.
        let most = checkpoint.parameters() * 4;
        let mut upload = Upload::new(gpu, checkpoint, arithmetic, progress);
        let uploaded = gpu
            .guarded(most, || {
                Ok((upload.text(&config)?, upload.vision(&config)?))
            })
            .await;
        let weights_ms = milliseconds() - start;
        // The compiler's threads end before an error is told.
        let finished = gpu.kernels().finish(begun).await;
        let (weight_bytes, own) = upload.buffers();
        let (text, vision) =
            uploaded.inspect_err(|_| own.iter().for_each(wgpu::Buffer::destroy))?;
        let mut model = Self {
            gpu: gpu.clone(),
            config,
            text,
            vision,
            text_program: RefCell::default(),
            vision_program: RefCell::default(),
            staging: RefCell::default(),
            tiles: known.unwrap_or(Tiles::standard(arithmetic)),
            timed: None,
            load_times: LoadTimes {
                weights_ms,
                kernels_ms: milliseconds() - start,
                kernels: gpu.kernels().compiled() - compiled,
                tuning_ms: 0.0,
            },
            weight_bytes,
            own,
        };
        finished?;
        gpu.check()?;
        if known.is_none()
            && let Some(matrix) = model.matrix_of(tuned)
        {
            let start = milliseconds();
            model.tiles = tuning::fastest(gpu, matrix, arithmetic).await?;
            model.timed = Some((key, model.tiles.to_string()));
            let begun = gpu
                .kernels()
                .begin(types.kernels(gpu, &config, model.tiles));
            gpu.kernels().finish(begun).await?;
            model.load_times.tuning_ms = milliseconds() - start;
        }
        // Buffers and bindings now, not with the first batch.
        model.text_program(1, 1).await?;
        model.vision_program(1).await?;
        Ok(model)
    }

    /// A matrix of the image encoder whose weights are of a type: the largest there is in a layer.
    fn matrix_of(&self, element: ElementType) -> Option<&Matrix> {
        self.vision
            .blocks
            .iter()
            .flat_map(|block| [&block.fc1, &block.qkv, &block.out])
            .map(|linear| &linear.weight)
            .find(|matrix| matrix.parts[0].element == element)
    }

    /// What the load took.
    pub(super) fn load_times(&self) -> LoadTimes {
        self.load_times
    }

    /// The tiles that were timed for this load, by their key in [`Tuning::known`].
    pub(super) fn timed_tiles(&self) -> Option<&(String, String)> {
        self.timed.as_ref()
    }

    /// The tiles in use.
    pub(super) fn tiles(&self) -> Tiles {
        self.tiles
    }

    /// The device in use.
    pub(super) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Bytes of the weights on the device.
    pub(super) fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }

    /// Bytes of the activations' buffers on the device.
    pub(super) fn activation_bytes(&self) -> u64 {
        [&self.text_program, &self.vision_program]
            .iter()
            .filter_map(|program| program.borrow().as_ref().map(|program| program.bytes()))
            .sum()
    }

    /// Most rows of an encoder at once.
    fn most_rows(transformer: &TransformerConfig, patch: u32) -> u32 {
        let widest = u64::from(widest(transformer, patch)) * 4;
        MOST_ROWS.min((LARGEST_BINDING / widest) as u32)
    }

    fn most_text_rows(&self) -> u32 {
        Self::most_rows(&self.config.text.transformer, 0)
    }

    /// The text encoder for so many rows and captions.
    async fn text_program(&self, rows: u32, sequences: u32) -> Result<Rc<Program>, GpuError> {
        // The old buffers go first, or both would be there at once.
        let old = self.text_program.take();
        let had = match &old {
            Some(program) => program.capacity(),
            None => Capacity::default(),
        };
        let program = match old {
            Some(program) if had.rows >= rows && had.sequences >= sequences => program,
            old => {
                drop(old);
                let most = self.most_text_rows();
                let larger =
                    |n: u32, had: u32| n.next_power_of_two().max(had).max(LEAST_ROWS).min(most);
                let capacity = Capacity {
                    rows: larger(rows, had.rows),
                    sequences: larger(sequences, had.sequences),
                };
                let bytes = activation_bytes(
                    &self.config.text.transformer,
                    0,
                    capacity,
                    self.tiles.arithmetic(),
                );
                let (gpu, config) = (&self.gpu, &self.config);
                let build = || Ok(Program::text(gpu, self.tiles, &self.text, config, capacity));
                Rc::new(gpu.guarded(bytes, build).await?)
            }
        };
        self.text_program.replace(Some(program.clone()));
        Ok(program)
    }

    /// The image encoder for so many images.
    async fn vision_program(&self, images: u32) -> Result<Rc<Program>, GpuError> {
        let program = match self.vision_program.take() {
            Some(program) if program.capacity().sequences >= images => program,
            old => {
                drop(old);
                let vision = &self.config.vision;
                let sequences = images.next_power_of_two().min(most_images(&self.config));
                let capacity = Capacity {
                    rows: sequences * vision.tokens() as u32,
                    sequences,
                };
                let patch = patch_values(&self.config);
                let bytes = activation_bytes(
                    &vision.transformer,
                    patch,
                    capacity,
                    self.tiles.arithmetic(),
                ) + u64::from(sequences) * image_bytes(vision);
                let (gpu, config) = (&self.gpu, &self.config);
                let build = || {
                    Ok(Program::vision(
                        gpu,
                        self.tiles,
                        &self.vision,
                        config,
                        capacity,
                    ))
                };
                Rc::new(gpu.guarded(bytes, build).await?)
            }
        };
        self.vision_program.replace(Some(program.clone()));
        Ok(program)
    }

    /// A buffer for `rows` results.
    fn result_buffer(&self, rows: usize) -> wgpu::Buffer {
        let size = (rows * self.config.projection_dim * 4) as u64;
        match self.staging.take() {
            Some(buffer) if buffer.size() >= size => buffer,
            _ => self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
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

    pub(super) async fn text(&self, tokens: &PackedTokens) -> Result<Embeddings, EngineError> {
        tokens.check(&self.config.text)?;
        self.gpu.check()?;
        let most = self.most_text_rows() as usize;
        let captions: Vec<&[u32]> = tokens.each().collect();
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
            let program = self
                .text_program(plan.path.len() as u32, (end - start) as u32)
                .await?;
            let input = bytemuck::cast_slice(&plan.tokens);
            program.submit(&self.gpu, &plan, input, 0, &result, start as u32);
            start = end;
        }
        self.result(result, captions.len(), "caption").await
    }

    pub(super) async fn images(&self, pixels: &[f32]) -> Result<Embeddings, EngineError> {
        let vision = &self.config.vision;
        let values = image_bytes(vision) as usize / 4;
        if pixels.is_empty() || !pixels.len().is_multiple_of(values) {
            return Err(GpuError::Failed {
                why: format!(
                    "{} values are not images of {values} values each",
                    pixels.len()
                ),
            }
            .into());
        }
        self.gpu.check()?;
        let images = pixels.len() / values;
        let result = self.result_buffer(images);
        let mut start = 0;
        for chunk in pixels.chunks(most_images(&self.config) as usize * values) {
            let n = (chunk.len() / values) as u32;
            let plan = Plan::images(n, vision.tokens() as u32);
            let program = self.vision_program(n).await?;
            let patches = n * vision.patches() as u32;
            let input = bytemuck::cast_slice(chunk);
            program.submit(&self.gpu, &plan, input, patches, &result, start);
            start += n;
        }
        self.result(result, images, "image").await
    }
}

/// Values of a patch.
fn patch_values(config: &ClipConfig) -> u32 {
    3 * (config.vision.patch_size * config.vision.patch_size) as u32
}

/// Most images at once.
fn most_images(config: &ClipConfig) -> u32 {
    let vision = &config.vision;
    let rows = Model::most_rows(&vision.transformer, patch_values(config));
    (rows / vision.tokens() as u32).min((LARGEST_BINDING / image_bytes(vision)) as u32)
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
                "the {tower} encoder's width {}, MLP of {} and heads of {head}: they must be multiples of 4, a head at most {WIDEST_HEAD}",
                t.width, t.mlp_width
            ));
        }
    }
    if !patch_values(config).is_multiple_of(4) {
        return unsupported(format!(
            "patches of {} pixels: their side must be even",
            config.vision.patch_size
        ));
    }
    if Model::most_rows(&config.text.transformer, 0) < config.text.context_length as u32 {
        return unsupported(format!("captions of {} tokens", config.text.context_length));
    }
    if most_images(config) == 0 {
        return unsupported(format!(
            "images of {} pixels in patches of {}",
            config.vision.image_size, config.vision.patch_size
        ));
    }
    Ok(())
}
