//! An encoder as a list of kernel launches over planned buffers.
//!
//! The list and all bindings are made once for a capacity; a batch only writes its plan, sets
//! numbers of rows and launches. The buffers: `x` is the residual stream; `narrow` and `wide` hold
//! in turn what is as wide as it (normalised rows, results of the attention) and what is wider
//! (patches, queries with keys and values, the MLP's inner layer); `operand` is what a product reads
//! in place of them where it is not computed in f32. The last layer continues with
//! the pooled rows alone, in a set of its own.

use super::arithmetic::Arithmetic;
use super::device::Gpu;
use super::kernels::PARAMS_STRIDE;
use super::plan::{Plan, QueryBlock};
use super::shader::Kernel;
use super::tiles::{RowClass, Tile, Tiles};
use super::weights::{Block, LayerNorm, Linear, Matrix, TextWeights, VisionWeights};
use cliprobe_clip::config::{Activation, ClipConfig, TransformerConfig, VisionConfig};

/// What a program is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Rows of tokens.
    pub(super) rows: u32,
    /// Captions or images.
    pub(super) sequences: u32,
}

/// Which of a batch's numbers says how many rows a kernel works on.
#[derive(Clone, Copy)]
enum Extent {
    Rows,
    Pooled,
    Patches,
}

/// How a launch is divided into workgroups.
enum Work {
    /// One workgroup a row.
    Rows(wgpu::ComputePipeline),
    /// Tiles of the result, by the class of the number of rows.
    MatMul {
        columns: u32,
        by_class: [(Tile, wgpu::ComputePipeline); 3],
    },
    /// A block of queries and a head each.
    Attention {
        pipeline: wgpu::ComputePipeline,
        heads: u32,
        pooled: bool,
    },
}

/// One launch, with its number of rows still open.
struct Step {
    work: Work,
    extent: Extent,
    /// After the number of rows.
    params: Vec<u32>,
    bindings: wgpu::BindGroup,
}

/// What a matrix product does with a sum before it stores it, besides adding the bias.
#[derive(Clone, Copy, Default)]
struct Epilogue {
    activation: Option<Activation>,
    /// Whether it is added to what the output holds.
    residual: bool,
}

#[derive(Clone)]
struct Buffers {
    x: wgpu::Buffer,
    narrow: wgpu::Buffer,
    wide: wgpu::Buffer,
}

/// The launches of one encoder.
pub(super) struct Program {
    capacity: Capacity,
    steps: Vec<Step>,
    params: wgpu::Buffer,
    /// Token ids and positions, or pixels.
    input: wgpu::Buffer,
    path: wgpu::Buffer,
    blocks: wgpu::Buffer,
    pooled_blocks: wgpu::Buffer,
    pooled: wgpu::Buffer,
    features: wgpu::Buffer,
    dim: u32,
    /// All of the program's buffers.
    own: Vec<wgpu::Buffer>,
}

impl Drop for Program {
    fn drop(&mut self) {
        // At once, not when a browser collects garbage.
        self.own.iter().for_each(wgpu::Buffer::destroy);
    }
}

impl Program {
    /// The text encoder.
    pub(super) fn text(
        gpu: &Gpu,
        tiles: Tiles,
        weights: &TextWeights,
        config: &ClipConfig,
        capacity: Capacity,
    ) -> Self {
        let width = config.text.transformer.width as u32;
        let input_bytes = u64::from(capacity.rows) * 8;
        let mut builder = Builder::new(
            gpu,
            tiles,
            &config.text.transformer,
            config.projection_dim as u32,
            capacity,
            0,
            input_bytes,
        );
        let (input, x) = (builder.input.clone(), builder.all.x.clone());
        for part in &weights.token_embedding.parts {
            let pipeline = gpu.kernels().pipeline(Kernel::EmbedTokens(part.element));
            builder.step(
                Work::Rows(pipeline),
                Extent::Rows,
                vec![width, part.first_row, part.rows],
                &[&input, &part.buffer, &weights.position_embedding],
                &x,
            );
        }
        builder.transformer(&weights.blocks, config.activation, true);
        builder.finish(&weights.final_norm, &weights.projection)
    }

    /// The image encoder.
    pub(super) fn vision(
        gpu: &Gpu,
        tiles: Tiles,
        weights: &VisionWeights,
        config: &ClipConfig,
        capacity: Capacity,
    ) -> Self {
        let vision: &VisionConfig = &config.vision;
        let width = vision.transformer.width as u32;
        let (side, patch) = (vision.image_size as u32, vision.patch_size as u32);
        let input_bytes = u64::from(capacity.sequences) * image_bytes(vision);
        let mut builder = Builder::new(
            gpu,
            tiles,
            &vision.transformer,
            config.projection_dim as u32,
            capacity,
            3 * patch * patch,
            input_bytes,
        );
        let Buffers { x, narrow, wide } = builder.all.clone();
        let input = builder.input.clone();
        let rows = |kernel| Work::Rows(gpu.kernels().pipeline(kernel));
        builder.step(
            rows(Kernel::Patchify),
            Extent::Patches,
            vec![side, patch, side / patch],
            &[&input],
            &wide,
        );
        let plain = Epilogue::default();
        builder.product(
            Extent::Patches,
            &weights.patch_embedding,
            None,
            plain,
            &wide,
            &x,
        );
        builder.step(
            rows(Kernel::EmbedPatches),
            Extent::Rows,
            vec![width, vision.tokens() as u32],
            &[&x, &weights.class_embedding, &weights.position_embedding],
            &narrow,
        );
        builder.layer_norm(Extent::Rows, &weights.pre_norm, &narrow, &x);
        builder.transformer(&weights.blocks, config.activation, false);
        builder.finish(&weights.post_norm, &weights.projection)
    }

    /// What it was built for.
    pub(super) fn capacity(&self) -> Capacity {
        self.capacity
    }

    /// Bytes of its buffers.
    pub(super) fn bytes(&self) -> u64 {
        self.own.iter().map(wgpu::Buffer::size).sum()
    }

    /// Hands one batch to the device, which writes the features to `result` at a row.
    pub(super) fn submit(
        &self,
        gpu: &Gpu,
        plan: &Plan,
        input: &[u8],
        patches: u32,
        result: &wgpu::Buffer,
        result_row: u32,
    ) {
        let sequences = plan.pooled.len() as u32;
        let rows_of = |extent| match extent {
            Extent::Rows => plan.rows,
            Extent::Pooled => sequences,
            Extent::Patches => patches,
        };
        let mut params = vec![0u32; self.steps.len() * PARAMS_STRIDE as usize / 4];
        for (step, slot) in self
            .steps
            .iter()
            .zip(params.chunks_exact_mut(PARAMS_STRIDE as usize / 4))
        {
            slot[0] = rows_of(step.extent);
            slot[1..=step.params.len()].copy_from_slice(&step.params);
        }
        let writes: [(&wgpu::Buffer, &[u8]); 6] = [
            (&self.params, bytemuck::cast_slice(&params)),
            (&self.input, input),
            (&self.path, bytemuck::cast_slice(&plan.path)),
            (&self.blocks, bytemuck::cast_slice(&plan.blocks)),
            (
                &self.pooled_blocks,
                bytemuck::cast_slice(&plan.pooled_blocks),
            ),
            (&self.pooled, bytemuck::cast_slice(&plan.pooled)),
        ];
        for (buffer, bytes) in writes {
            gpu.queue().write_buffer(buffer, 0, bytes);
        }
        let mut encoder = gpu
            .device()
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for (index, step) in (0u32..).zip(&self.steps) {
                let rows = rows_of(step.extent);
                let (pipeline, [x, y]) = match &step.work {
                    Work::Rows(pipeline) => (pipeline, [rows, 1]),
                    Work::MatMul { columns, by_class } => {
                        let (tile, pipeline) = &by_class[RowClass::of(rows) as usize];
                        (pipeline, [columns.div_ceil(tile.n), rows.div_ceil(tile.m)])
                    }
                    Work::Attention {
                        pipeline,
                        heads,
                        pooled,
                    } => {
                        let blocks = if *pooled {
                            &plan.pooled_blocks
                        } else {
                            &plan.blocks
                        };
                        (pipeline, [blocks.len() as u32, *heads])
                    }
                };
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &step.bindings, &[index * PARAMS_STRIDE as u32]);
                pass.dispatch_workgroups(x, y, 1);
            }
        }
        let row = u64::from(self.dim) * 4;
        encoder.copy_buffer_to_buffer(
            &self.features,
            0,
            result,
            u64::from(result_row) * row,
            u64::from(sequences) * row,
        );
        gpu.queue().submit([encoder.finish()]);
    }
}

/// Bytes of an image's pixels.
pub(super) fn image_bytes(vision: &VisionConfig) -> u64 {
    let side = vision.image_size as u64;
    3 * side * side * 4
}

/// The widest row of `wide`.
pub(super) fn widest(transformer: &TransformerConfig, patch: u32) -> u32 {
    (3 * transformer.width as u32)
        .max(transformer.mlp_width as u32)
        .max(patch)
}

/// The longest row of an operand.
fn longest_operand(transformer: &TransformerConfig, patch: u32) -> u32 {
    (transformer.width.max(transformer.mlp_width) as u32).max(patch)
}

/// Bytes of the activations' buffers.
pub(super) fn activation_bytes(
    transformer: &TransformerConfig,
    patch: u32,
    capacity: Capacity,
    arithmetic: Arithmetic,
) -> u64 {
    let row = 2 * transformer.width as u64 + u64::from(widest(transformer, patch));
    (u64::from(capacity.rows) + u64::from(capacity.sequences)) * row * 4
        + u64::from(capacity.rows) * arithmetic.operand_bytes(longest_operand(transformer, patch))
}

/// A step whose bindings wait for the buffer of parameters.
struct Pending {
    work: Work,
    extent: Extent,
    params: Vec<u32>,
    inputs: Vec<wgpu::Buffer>,
    output: wgpu::Buffer,
}

struct Builder<'a> {
    gpu: &'a Gpu,
    tiles: Tiles,
    config: &'a TransformerConfig,
    capacity: Capacity,
    all: Buffers,
    last: Buffers,
    operand: wgpu::Buffer,
    input: wgpu::Buffer,
    path: wgpu::Buffer,
    blocks: wgpu::Buffer,
    pooled_blocks: wgpu::Buffer,
    pooled: wgpu::Buffer,
    features: wgpu::Buffer,
    /// Bound where a product has no bias.
    nothing: wgpu::Buffer,
    dim: u32,
    own: Vec<wgpu::Buffer>,
    steps: Vec<Pending>,
}

impl<'a> Builder<'a> {
    fn new(
        gpu: &'a Gpu,
        tiles: Tiles,
        config: &'a TransformerConfig,
        dim: u32,
        capacity: Capacity,
        patch: u32,
        input_bytes: u64,
    ) -> Self {
        use wgpu::BufferUsages as Usage;
        let mut own = Vec::new();
        let mut buffer = |label, size: u64, usage| {
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: size.next_multiple_of(16).max(16), // what a vec4<f32> array needs at least
                usage: Usage::STORAGE | usage,
                mapped_at_creation: false,
            });
            own.push(buffer.clone());
            buffer
        };
        let (rows, sequences) = (u64::from(capacity.rows), u64::from(capacity.sequences));
        let (width, wide) = (config.width as u64, u64::from(widest(config, patch)));
        let mut set = |rows: u64| Buffers {
            x: buffer("x", rows * width * 4, Usage::empty()),
            narrow: buffer("narrow", rows * width * 4, Usage::empty()),
            wide: buffer("wide", rows * wide * 4, Usage::empty()),
        };
        let (all, last) = (set(rows), set(sequences));
        let block = size_of::<QueryBlock>() as u64;
        let operand = tiles
            .arithmetic()
            .operand_bytes(longest_operand(config, patch));
        Self {
            all,
            last,
            // There are never more sequences than rows.
            operand: buffer("operand", rows * operand, Usage::empty()),
            input: buffer("input", input_bytes, Usage::COPY_DST),
            path: buffer("path", rows * 4, Usage::COPY_DST),
            blocks: buffer("blocks", rows * block, Usage::COPY_DST),
            pooled_blocks: buffer("pooled blocks", sequences * block, Usage::COPY_DST),
            pooled: buffer("pooled", sequences * 4, Usage::COPY_DST),
            features: buffer("features", sequences * u64::from(dim) * 4, Usage::COPY_SRC),
            nothing: buffer("nothing", 0, Usage::empty()),
            gpu,
            tiles,
            config,
            capacity,
            dim,
            own,
            steps: Vec::new(),
        }
    }

    fn step(
        &mut self,
        work: Work,
        extent: Extent,
        params: Vec<u32>,
        inputs: &[&wgpu::Buffer],
        output: &wgpu::Buffer,
    ) {
        self.steps.push(Pending {
            work,
            extent,
            params,
            inputs: inputs.iter().map(|&buffer| buffer.clone()).collect(),
            output: output.clone(),
        });
    }

    /// `output = epilogue(x · Wᵀ)`.
    fn product(
        &mut self,
        extent: Extent,
        weight: &Matrix,
        bias: Option<&wgpu::Buffer>,
        epilogue: Epilogue,
        x: &wgpu::Buffer,
        output: &wgpu::Buffer,
    ) {
        let epilogue = [
            u32::from(bias.is_some()),
            match epilogue.activation {
                None => 0,
                Some(Activation::QuickGelu) => 1,
                Some(Activation::Gelu) => 2,
            },
            u32::from(epilogue.residual),
        ];
        let bias = bias.unwrap_or(&self.nothing).clone();
        let (arithmetic, subgroups) = (self.tiles.arithmetic(), self.gpu.info().subgroups);
        let is_narrow = |element| arithmetic.with(element) != Arithmetic::F32;
        if let Some(kernel) = Kernel::operand(arithmetic, subgroups)
            && weight.parts.iter().any(|part| is_narrow(part.element))
        {
            let work = Work::Rows(self.gpu.kernels().pipeline(kernel));
            let operand = self.operand.clone();
            self.step(work, extent, vec![weight.inner], &[x], &operand);
        }
        for part in &weight.parts {
            let by_class = self.tiles.products(part.element).map(|product| {
                let kernel = Kernel::MatMul(product);
                (product.tile, self.gpu.kernels().pipeline(kernel))
            });
            let x = if is_narrow(part.element) {
                self.operand.clone()
            } else {
                x.clone()
            };
            self.step(
                Work::MatMul {
                    columns: part.rows,
                    by_class,
                },
                extent,
                [
                    [weight.inner, part.rows, part.first_row, weight.rows].as_slice(),
                    &epilogue,
                ]
                .concat(),
                &[&x, &part.buffer, &bias],
                output,
            );
        }
    }

    fn linear(
        &mut self,
        extent: Extent,
        linear: &Linear,
        epilogue: Epilogue,
        x: &wgpu::Buffer,
        output: &wgpu::Buffer,
    ) {
        self.product(
            extent,
            &linear.weight,
            Some(&linear.bias),
            epilogue,
            x,
            output,
        );
    }

    fn layer_norm(
        &mut self,
        extent: Extent,
        norm: &LayerNorm,
        x: &wgpu::Buffer,
        output: &wgpu::Buffer,
    ) {
        let subgroups = self.gpu.info().subgroups;
        let pipeline = (self.gpu.kernels()).pipeline(Kernel::LayerNorm { subgroups });
        self.step(
            Work::Rows(pipeline),
            extent,
            vec![
                self.config.width as u32,
                self.config.layer_norm_eps.to_bits(),
            ],
            &[x, &norm.weight, &norm.bias],
            output,
        );
    }

    fn transformer(&mut self, blocks: &[Block], activation: Activation, causal: bool) {
        let (all, last) = (self.all.clone(), self.last.clone());
        for (index, block) in blocks.iter().enumerate() {
            let is_last = index + 1 == blocks.len();
            let (extent, rest) = if is_last {
                (Extent::Pooled, &last)
            } else {
                (Extent::Rows, &all)
            };
            self.layer_norm(Extent::Rows, &block.norm1, &all.x, &all.narrow);
            self.linear(
                Extent::Rows,
                &block.qkv,
                Epilogue::default(),
                &all.narrow,
                &all.wide,
            );
            self.attention(causal, is_last, &all.wide, &rest.narrow);
            if is_last {
                self.gather_pooled();
            }
            // From here on rows do not see each other.
            let residual = Epilogue {
                residual: true,
                ..Epilogue::default()
            };
            self.linear(extent, &block.out, residual, &rest.narrow, &rest.x);
            self.layer_norm(extent, &block.norm2, &rest.x, &rest.narrow);
            let activated = Epilogue {
                activation: Some(activation),
                ..Epilogue::default()
            };
            self.linear(extent, &block.fc1, activated, &rest.narrow, &rest.wide);
            self.linear(extent, &block.fc2, residual, &rest.wide, &rest.x);
        }
        if blocks.is_empty() {
            self.gather_pooled();
        }
    }

    fn attention(&mut self, causal: bool, pooled: bool, qkv: &wgpu::Buffer, output: &wgpu::Buffer) {
        let head_dim = (self.config.width / self.config.heads) as u32;
        let (kernel, blocks) = if pooled {
            let subgroups = self.gpu.info().subgroups;
            let kernel = Kernel::pooled_attention(head_dim, subgroups);
            (kernel, self.pooled_blocks.clone())
        } else {
            (Kernel::Attention { head_dim }, self.blocks.clone())
        };
        let pipeline = self.gpu.kernels().pipeline(kernel);
        let path = self.path.clone();
        self.step(
            Work::Attention {
                pipeline,
                heads: self.config.heads as u32,
                pooled,
            },
            Extent::Rows,
            vec![
                self.config.width as u32,
                u32::from(causal),
                (1.0 / (head_dim as f32).sqrt()).to_bits(),
            ],
            &[qkv, &blocks, &path],
            output,
        );
    }

    fn gather_pooled(&mut self) {
        let pipeline = self.gpu.kernels().pipeline(Kernel::GatherRows);
        let (from, rows, to) = (self.all.x.clone(), self.pooled.clone(), self.last.x.clone());
        self.step(
            Work::Rows(pipeline),
            Extent::Pooled,
            vec![self.config.width as u32],
            &[&from, &rows],
            &to,
        );
    }

    /// Norm and projection of the pooled rows, and all bindings.
    fn finish(mut self, norm: &LayerNorm, projection: &Matrix) -> Program {
        let last = self.last.clone();
        self.layer_norm(Extent::Pooled, norm, &last.x, &last.narrow);
        let features = self.features.clone();
        self.product(
            Extent::Pooled,
            projection,
            None,
            Epilogue::default(),
            &last.narrow,
            &features,
        );
        let params = self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: self.steps.len() as u64 * PARAMS_STRIDE,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.own.push(params.clone());
        let kernels = self.gpu.kernels();
        let steps = self
            .steps
            .into_iter()
            .map(|pending| {
                let inputs: Vec<&wgpu::Buffer> = pending.inputs.iter().collect();
                Step {
                    bindings: kernels.bind(&params, &inputs, &pending.output),
                    work: pending.work,
                    extent: pending.extent,
                    params: pending.params,
                }
            })
            .collect();
        Program {
            capacity: self.capacity,
            steps,
            params,
            input: self.input,
            path: self.path,
            blocks: self.blocks,
            pooled_blocks: self.pooled_blocks,
            pooled: self.pooled,
            features: self.features,
            dim: self.dim,
            own: self.own,
        }
    }
}
