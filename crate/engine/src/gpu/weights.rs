//! The weights of both encoders in the device's memory, in the types they have in the file.

use super::GpuError;
use super::arithmetic::{Arithmetic, MOST_F16_WEIGHT};
use super::device::{Gpu, LARGEST_BINDING};
use cliprobe_clip::Checkpoint;
use cliprobe_clip::config::{ClipConfig, TransformerConfig};
use cliprobe_clip::tensors::{ElementType, StoredTensor};

/// Rows of a matrix in one buffer.
pub(super) struct Part {
    pub(super) buffer: wgpu::Buffer,
    pub(super) element: ElementType,
    pub(super) first_row: u32,
    pub(super) rows: u32,
}

/// A matrix `[rows, inner]`, in as many parts as the limit of a binding and its types ask for:
/// nearly always one.
pub(super) struct Matrix {
    pub(super) parts: Vec<Part>,
    pub(super) rows: u32,
    pub(super) inner: u32,
}

/// A matrix and what is added to its products.
pub(super) struct Linear {
    pub(super) weight: Matrix,
    pub(super) bias: wgpu::Buffer,
}

/// Parameters of a LayerNorm.
pub(super) struct LayerNorm {
    pub(super) weight: wgpu::Buffer,
    pub(super) bias: wgpu::Buffer,
}

/// A pre-norm transformer block.
pub(super) struct Block {
    pub(super) norm1: LayerNorm,
    pub(super) qkv: Linear,
    pub(super) out: Linear,
    pub(super) norm2: LayerNorm,
    pub(super) fc1: Linear,
    pub(super) fc2: Linear,
}

/// The text encoder.
pub(super) struct TextWeights {
    pub(super) token_embedding: Matrix,
    pub(super) position_embedding: wgpu::Buffer,
    pub(super) blocks: Vec<Block>,
    pub(super) final_norm: LayerNorm,
    pub(super) projection: Matrix,
}

/// The image encoder.
pub(super) struct VisionWeights {
    pub(super) class_embedding: wgpu::Buffer,
    pub(super) patch_embedding: Matrix,
    pub(super) position_embedding: wgpu::Buffer,
    pub(super) pre_norm: LayerNorm,
    pub(super) blocks: Vec<Block>,
    pub(super) post_norm: LayerNorm,
    pub(super) projection: Matrix,
}

/// Bytes of a tensor that are in the processor's memory at a time.
const CHUNK: usize = 8 << 20;

/// Bytes handed to the queue before it is waited for: natively they have a copy until then.
#[cfg(not(target_arch = "wasm32"))]
const IN_FLIGHT: u64 = 32 << 20;

/// Brings tensors from a checkpoint to the device, a few rows at a time.
pub(super) struct Upload<'a> {
    gpu: &'a Gpu,
    checkpoint: &'a Checkpoint,
    arithmetic: Arithmetic,
    progress: &'a mut dyn FnMut(usize, usize),
    tensors: (usize, usize),
    bytes: u64,
    own: Vec<wgpu::Buffer>,
    #[cfg(not(target_arch = "wasm32"))]
    waited_at: u64,
}

impl<'a> Upload<'a> {
    /// For products in an arithmetic. `progress` is told the number of tensors uploaded and of all.
    pub(super) fn new(
        gpu: &'a Gpu,
        checkpoint: &'a Checkpoint,
        arithmetic: Arithmetic,
        progress: &'a mut dyn FnMut(usize, usize),
    ) -> Self {
        Self {
            gpu,
            checkpoint,
            arithmetic,
            progress,
            tensors: (
                0,
                cliprobe_clip::names::tensor_specs(&checkpoint.config).len(),
            ),
            bytes: 0,
            own: Vec::new(),
            #[cfg(not(target_arch = "wasm32"))]
            waited_at: 0,
        }
    }

    /// The buffers that were made, and their bytes.
    pub(super) fn buffers(self) -> (u64, Vec<wgpu::Buffer>) {
        (self.bytes, self.own)
    }

    pub(super) fn text(&mut self, config: &ClipConfig) -> Result<TextWeights, GpuError> {
        let text = &config.text;
        let width = text.transformer.width;
        Ok(TextWeights {
            token_embedding: self.matrix(
                &["text_model.embeddings.token_embedding.weight"],
                &[text.vocab_size, width],
            )?,
            position_embedding: self.vector(
                "text_model.embeddings.position_embedding.weight",
                &[text.context_length, width],
            )?,
            blocks: self.blocks("text_model", &text.transformer)?,
            final_norm: self.layer_norm("text_model.final_layer_norm", width)?,
            projection: self
                .factor(&["text_projection.weight"], &[config.projection_dim, width])?,
        })
    }

    pub(super) fn vision(&mut self, config: &ClipConfig) -> Result<VisionWeights, GpuError> {
        let vision = &config.vision;
        let (width, patch) = (vision.transformer.width, vision.patch_size);
        Ok(VisionWeights {
            class_embedding: self.vector("vision_model.embeddings.class_embedding", &[width])?,
            patch_embedding: self.factor(
                &["vision_model.embeddings.patch_embedding.weight"],
                &[width, 3, patch, patch],
            )?,
            position_embedding: self.vector(
                "vision_model.embeddings.position_embedding.weight",
                &[vision.tokens(), width],
            )?,
            pre_norm: self.layer_norm("vision_model.pre_layrnorm", width)?,
            blocks: self.blocks("vision_model", &vision.transformer)?,
            post_norm: self.layer_norm("vision_model.post_layernorm", width)?,
            projection: self.factor(
                &["visual_projection.weight"],
                &[config.projection_dim, width],
            )?,
        })
    }

    fn blocks(&mut self, tower: &str, config: &TransformerConfig) -> Result<Vec<Block>, GpuError> {
        let (width, mlp) = (config.width, config.mlp_width);
        (0..config.layers)
            .map(|layer| {
                let at = |part: &str| format!("{tower}.encoder.layers.{layer}.{part}");
                let qkv = ["q", "k", "v"].map(|part| at(&format!("self_attn.{part}_proj")));
                Ok(Block {
                    norm1: self.layer_norm(&at("layer_norm1"), width)?,
                    qkv: self.linear(&[&qkv[0], &qkv[1], &qkv[2]], width, width)?,
                    out: self.linear(&[&at("self_attn.out_proj")], width, width)?,
                    norm2: self.layer_norm(&at("layer_norm2"), width)?,
                    fc1: self.linear(&[&at("mlp.fc1")], mlp, width)?,
                    fc2: self.linear(&[&at("mlp.fc2")], width, mlp)?,
                })
            })
            .collect()
    }

    /// Linear layers of the same shape as one.
    fn linear(&mut self, names: &[&str], out: usize, inner: usize) -> Result<Linear, GpuError> {
        let weights: Vec<String> = names.iter().map(|name| format!("{name}.weight")).collect();
        let weights: Vec<&str> = weights.iter().map(String::as_str).collect();
        let mut bias = Vec::with_capacity(names.len() * out);
        for name in names {
            bias.extend(self.values(&format!("{name}.bias"), &[out])?);
        }
        Ok(Linear {
            weight: self.factor(&weights, &[out, inner])?,
            bias: self.upload_values(&bias)?,
        })
    }

    fn layer_norm(&mut self, name: &str, width: usize) -> Result<LayerNorm, GpuError> {
        Ok(LayerNorm {
            weight: self.vector(&format!("{name}.weight"), &[width])?,
            bias: self.vector(&format!("{name}.bias"), &[width])?,
        })
    }

    /// A small tensor as f32.
    fn vector(&mut self, name: &str, shape: &[usize]) -> Result<wgpu::Buffer, GpuError> {
        let values = self.values(name, shape)?;
        self.upload_values(&values)
    }

    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, GpuError> {
        let values = self.checkpoint.read(name, shape)?.into_f32(shape)?;
        self.tensor_done();
        Ok(values)
    }

    fn upload_values(&mut self, values: &[f32]) -> Result<wgpu::Buffer, GpuError> {
        let buffer = self.buffer(size_of_val(values) as u64)?;
        self.gpu
            .queue()
            .write_buffer(&buffer, 0, bytemuck::cast_slice(values));
        Ok(buffer)
    }

    /// A matrix of products, as [`Self::matrix`].
    fn factor(&mut self, names: &[&str], shape: &[usize]) -> Result<Matrix, GpuError> {
        let limit = (self.arithmetic == Arithmetic::F16).then_some(MOST_F16_WEIGHT);
        self.matrix_within(names, shape, limit)
    }

    /// Tensors of one shape, one below the other as a matrix of rows `shape[1..]`.
    fn matrix(&mut self, names: &[&str], shape: &[usize]) -> Result<Matrix, GpuError> {
        self.matrix_within(names, shape, None)
    }

    /// As [`Self::matrix`], of numbers up to a magnitude where there is a limit.
    fn matrix_within(
        &mut self,
        names: &[&str],
        shape: &[usize],
        limit: Option<f32>,
    ) -> Result<Matrix, GpuError> {
        let (rows, inner) = (shape[0], shape[1..].iter().product::<usize>());
        let all = rows * names.len();
        let mut parts: Vec<Part> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let mut row = 0;
            while row < rows {
                // Four rows begin at a multiple of four bytes, whatever the type.
                let chunk = (CHUNK / (inner * 4)).max(4) / 4 * 4;
                let end = rows.min(row + chunk);
                let stored = self.checkpoint.read_rows(name, shape, row..end)?;
                if let Some(most) = limit {
                    check_magnitudes(name, &stored, &[end - row, inner], most)?;
                }
                let (element, mut bytes) = bytes_of(stored);
                let row_bytes = bytes.len() as u64 / (end - row) as u64;
                let limit = (LARGEST_BINDING / row_bytes.max(1)) as usize / 4 * 4;
                if limit < chunk {
                    return Err(GpuError::Unsupported {
                        what: format!("the tensor {name}, whose rows have {row_bytes} bytes"),
                    });
                }
                let first = index * rows + row;
                let fits = parts.last().is_some_and(|part| {
                    let held = part.rows as usize;
                    part.element == element
                        && held + (end - row) <= limit
                        && (held as u64 * row_bytes).is_multiple_of(4)
                });
                if !fits {
                    // Room for everything that is still to come, in the hope of one type.
                    let room = limit.min(all - first) as u64 * row_bytes;
                    parts.push(Part {
                        buffer: self.buffer(room)?,
                        element,
                        first_row: first as u32,
                        rows: 0,
                    });
                }
                let part = parts.last_mut().expect("one was pushed if there was none");
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                self.gpu.queue().write_buffer(
                    &part.buffer,
                    u64::from(part.rows) * row_bytes,
                    &bytes,
                );
                part.rows += (end - row) as u32;
                self.flush()?;
                row = end;
            }
            self.tensor_done();
        }
        Ok(Matrix {
            parts,
            rows: all as u32,
            inner: inner as u32,
        })
    }

    fn buffer(&mut self, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        let size = bytes.next_multiple_of(16).max(16); // what a vec4<f32> array needs at least
        if size > LARGEST_BINDING {
            return Err(GpuError::Unsupported {
                what: format!("a tensor of {bytes} bytes in one piece"),
            });
        }
        self.bytes += size;
        self.gpu.check()?;
        let buffer = self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("weights"),
            size,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.own.push(buffer.clone());
        Ok(buffer)
    }

    /// Lets the device take what was written.
    fn flush(&mut self) -> Result<(), GpuError> {
        self.gpu.queue().submit([]);
        #[cfg(not(target_arch = "wasm32"))]
        if self.bytes - self.waited_at >= IN_FLIGHT {
            self.waited_at = self.bytes;
            self.gpu
                .device()
                .poll(wgpu::PollType::wait_indefinitely())
                .map_err(|error| GpuError::Failed {
                    why: error.to_string(),
                })?;
        }
        Ok(())
    }

    fn tensor_done(&mut self) {
        self.tensors.0 += 1;
        (self.progress)(self.tensors.0, self.tensors.1);
    }
}

/// Refuses numbers that products in f16 could bring beyond its range.
fn check_magnitudes(
    name: &str,
    stored: &StoredTensor,
    shape: &[usize],
    most: f32,
) -> Result<(), GpuError> {
    let beyond = |values: &[f32]| values.iter().copied().find(|value| value.abs() > most);
    let found = match stored {
        StoredTensor::Float(values) => beyond(values),
        blocks => beyond(&blocks.clone().into_f32(shape)?),
    };
    match found {
        None => Ok(()),
        Some(value) => Err(GpuError::Arithmetic {
            arithmetic: Arithmetic::F16,
            why: format!(
                "the tensor {name} holds {value}, and beyond \u{b1}{most} sums of products could leave f16's range"
            ),
        }),
    }
}

fn bytes_of(stored: StoredTensor) -> (ElementType, Vec<u8>) {
    match stored {
        StoredTensor::Float(values) => (ElementType::F32, bytemuck::cast_slice(&values).to_vec()),
        StoredTensor::Blocks { element, bytes } => (element, bytes),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_beyond_f16_are_named() {
        let message = |stored: StoredTensor| {
            check_magnitudes("fc1", &stored, &[1, 32], MOST_F16_WEIGHT)
                .err()
                .map(|error| error.to_string())
        };
        let mut values = vec![1.0; 32];
        assert_eq!(message(StoredTensor::Float(values.clone())), None);
        values[7] = -130.0;
        let refused = message(StoredTensor::Float(values)).unwrap();
        assert!(refused.contains("the tensor fc1 holds -130"), "{refused}");
        // A block of Q8_0 with the scale 1 and the numbers 127 and 0.
        let mut bytes = half::f16::ONE.to_le_bytes().to_vec();
        bytes.extend([[127].as_slice(), &[0; 31]].concat());
        let element = ElementType::Q8_0;
        let refused = message(StoredTensor::Blocks { element, bytes }).unwrap();
        assert!(refused.contains("holds 127"), "{refused}");
    }
}
