//! The two towers of CLIP, built from tensors of any origin: files, quantised blocks or variables
//! under training.

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{DType, Device, Result, Tensor};

use super::attention::{Packing, attention};
use super::composed;
use super::expand::Blocks;
use super::ops::{constant_linear, contiguous_values, layer_norm, linear};
use super::product::Rows;
use crate::PackedTokens;
use cliprobe_clip::config::{Activation, ClipConfig, TextConfig, TransformerConfig, VisionConfig};

/// A weight matrix as it is held in memory.
#[derive(Clone, Debug)]
pub enum Weight {
    /// f32, possibly a variable.
    Float(Tensor),
    /// Blocks of a GGUF type.
    Quantized(Arc<QTensor>),
    /// f32, possibly a variable, on any device: multiplied in this precision, to which it is rounded at
    /// each use (mixed precision, Micikevicius et al., arXiv 1710.03740). The tower around it is
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
    fn to_tensor(&self) -> Result<Tensor> {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => Ok(tensor.clone()),
            Self::Quantized(blocks) => blocks.dequantize(&Device::Cpu),
        }
    }

    /// `act(x · Wᵀ + b)`, W being all dimensions but the first as one.
    ///
    /// Quantised matrices are expanded at each use. That costs little beside the product, keeps the
    /// activations exact (ggml's own product rounds them to 8 bits), and an embedding does not
    /// depend on the batch it was computed in.
    fn multiply(
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
                        let rows = Rows::Float(values, weight.dim(1)?);
                        constant_linear(x, &rows, bias, activation)
                    }
                }
            }
            Self::Quantized(blocks) => {
                let inner = blocks.shape().dims().iter().skip(1).product();
                let rows = Rows::Blocks(Blocks::new(blocks, inner)?);
                constant_linear(x, &rows, bias, activation)
            }
            Self::Rounded(weight, precision) => {
                composed::linear(x, &weight.flatten_from(1)?, bias, activation, *precision)
            }
        }
    }

    fn is_rounded(&self) -> bool {
        matches!(self, Self::Rounded(..))
    }

    /// Whether a gradient may be wanted of it, and its values may change.
    fn is_variable(&self) -> bool {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => tensor.track_op(),
            Self::Quantized(_) => false,
        }
    }

    /// Rows `ids` of the matrix, `[ids.len(), width]`.
    fn rows(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => tensor.index_select(ids, 0),
            Self::Quantized(blocks) => blocks.embedding(ids),
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Float(tensor) | Self::Rounded(tensor, _) => {
                tensor.elem_count() * tensor.dtype().size_in_bytes()
            }
            Self::Quantized(blocks) => blocks.storage_size_in_bytes(),
        }
    }
}

/// Gives a tensor by its canonical name and shape (see [`cliprobe_clip::names`]).
pub type WeightProvider<'a> = dyn FnMut(&str, &[usize]) -> Result<Weight> + 'a;

/// Asks a provider for the tensors below a prefix.
struct Scope<'a, 'b> {
    provider: &'a mut WeightProvider<'b>,
    prefix: String,
}

impl<'b> Scope<'_, 'b> {
    fn at(&mut self, name: impl std::fmt::Display) -> Scope<'_, 'b> {
        Scope {
            prefix: format!("{}{name}.", self.prefix),
            provider: self.provider,
        }
    }

    fn weight(&mut self, name: &str, shape: &[usize]) -> Result<Weight> {
        (self.provider)(&format!("{}{name}", self.prefix), shape)
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weight(name, shape)?.to_tensor()
    }
}

struct Linear {
    weight: Weight,
    bias: Tensor,
}

impl Linear {
    fn new(mut at: Scope, out: usize, inner: usize) -> Result<Self> {
        Ok(Self {
            weight: at.weight("weight", &[out, inner])?,
            bias: at.tensor("bias", &[out])?,
        })
    }

    fn forward(&self, x: &Tensor, activation: Option<Activation>) -> Result<Tensor> {
        self.weight.multiply(x, Some(&self.bias), activation)
    }

    /// Whether a gradient may be wanted of it, and its values may change.
    fn is_variable(&self) -> bool {
        self.weight.is_variable() || self.bias.track_op()
    }
}

struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
    composed: bool,
}

impl LayerNorm {
    /// Computed by candle's own operations where `matrix`, a neighbour, is.
    fn new(mut at: Scope, width: usize, eps: f32, matrix: &Weight) -> Result<Self> {
        Ok(Self {
            weight: at.tensor("weight", &[width])?,
            bias: at.tensor("bias", &[width])?,
            eps,
            composed: matrix.is_rounded(),
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let norm = match self.composed {
            true => composed::layer_norm,
            false => layer_norm,
        };
        norm(x, &self.weight, &self.bias, self.eps)
    }
}

/// The projections to queries, keys and values: one product where the weights are constant.
enum Qkv {
    Joined(Linear),
    /// Variables stay apart, so that each receives its own gradient; they are joined at each use. So
    /// do matrices that are rounded at each use.
    Apart([Linear; 3]),
}

impl Qkv {
    fn new(mut at: Scope, width: usize) -> Result<Self> {
        let [q, k, v] =
            ["q_proj", "k_proj", "v_proj"].map(|name| Linear::new(at.at(name), width, width));
        let parts = [q?, k?, v?];
        if parts[0].weight.is_rounded() || parts.iter().any(Linear::is_variable) {
            return Ok(Self::Apart(parts));
        }
        let bias = Tensor::cat(&[&parts[0].bias, &parts[1].bias, &parts[2].bias], 0)?;
        Ok(match &parts {
            [
                Linear {
                    weight: Weight::Quantized(q),
                    ..
                },
                Linear {
                    weight: Weight::Quantized(k),
                    ..
                },
                Linear {
                    weight: Weight::Quantized(v),
                    ..
                },
            ] if q.dtype() == k.dtype() && k.dtype() == v.dtype() => {
                // Rows are whole blocks, so joining the rows is joining the bytes.
                let blocks = [q.data()?, k.data()?, v.data()?].concat();
                let joined = candle_core::quantized::ggml_file::qtensor_from_ggml(
                    q.dtype(),
                    &blocks,
                    vec![3 * width, width],
                    &Device::Cpu,
                )?;
                Self::Joined(Linear {
                    weight: Weight::Quantized(Arc::new(joined)),
                    bias,
                })
            }
            [q, k, v] => {
                let weight = Tensor::cat(
                    &[
                        q.weight.to_tensor()?,
                        k.weight.to_tensor()?,
                        v.weight.to_tensor()?,
                    ],
                    0,
                )?;
                Self::Joined(Linear {
                    weight: weight.into(),
                    bias,
                })
            }
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Joined(joined) => joined.forward(x, None),
            Self::Apart(parts) => {
                let weights = parts.each_ref().map(|part| part.weight.to_tensor());
                let [q, k, v] = weights;
                let joined = Tensor::cat(&[q?, k?, v?], 0)?;
                let bias = Tensor::cat(&[&parts[0].bias, &parts[1].bias, &parts[2].bias], 0)?;
                let joined = match parts[0].weight {
                    Weight::Rounded(_, precision) => Weight::Rounded(joined, precision),
                    _ => Weight::Float(joined),
                };
                joined.multiply(x, Some(&bias), None)
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Joined(joined) => joined.weight.bytes(),
            Self::Apart(parts) => parts.iter().map(|part| part.weight.bytes()).sum(),
        }
    }
}

/// A pre-norm transformer block.
struct Block {
    norm1: LayerNorm,
    qkv: Qkv,
    out: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Block {
    fn new(mut at: Scope, config: &TransformerConfig) -> Result<Self> {
        let (width, eps) = (config.width, config.layer_norm_eps);
        let out = Linear::new(at.at("self_attn.out_proj"), width, width)?;
        Ok(Self {
            norm1: LayerNorm::new(at.at("layer_norm1"), width, eps, &out.weight)?,
            qkv: Qkv::new(at.at("self_attn"), width)?,
            norm2: LayerNorm::new(at.at("layer_norm2"), width, eps, &out.weight)?,
            out,
            fc1: Linear::new(at.at("mlp.fc1"), config.mlp_width, width)?,
            fc2: Linear::new(at.at("mlp.fc2"), width, config.mlp_width)?,
        })
    }
}

struct Transformer {
    blocks: Vec<Block>,
    heads: usize,
    activation: Activation,
    causal: bool,
}

impl Transformer {
    fn new(
        mut at: Scope,
        config: &TransformerConfig,
        activation: Activation,
        causal: bool,
    ) -> Result<Self> {
        let blocks = (0..config.layers)
            .map(|layer| Block::new(at.at(layer), config))
            .collect::<Result<_>>()?;
        Ok(Self {
            blocks,
            heads: config.heads,
            activation,
            causal,
        })
    }

    /// Rows `pooled` of what the blocks make of `x`: `[pooled.len(), width]`.
    ///
    /// After the last attention rows no longer see each other, so that the rest of the last
    /// block is computed for the pooled rows only.
    fn forward(&self, mut x: Tensor, packing: &Packing, pooled: &[u32]) -> Result<Tensor> {
        let pooled = Tensor::new(pooled, x.device())?;
        let Some((last, before)) = self.blocks.split_last() else {
            return x.index_select(&pooled, 0);
        };
        for block in before {
            let attended = self.attend(block, &x, packing)?;
            x = self.finish(block, x, &attended)?;
        }
        let attended = self.attend(last, &x, packing)?;
        self.finish(
            last,
            x.index_select(&pooled, 0)?,
            &attended.index_select(&pooled, 0)?,
        )
    }

    /// As [`Transformer::forward`], with each block asked for when it is needed and dropped after.
    fn streamed(
        mut at: Scope,
        config: &TransformerConfig,
        activation: Activation,
        causal: bool,
        mut x: Tensor,
        packing: &Packing,
        pooled: &[u32],
    ) -> Result<Tensor> {
        let mut one = Self {
            blocks: Vec::new(),
            heads: config.heads,
            activation,
            causal,
        };
        for layer in 0..config.layers {
            one.blocks = vec![Block::new(at.at(layer), config)?];
            if layer + 1 < config.layers {
                let attended = one.attend(&one.blocks[0], &x, packing)?;
                x = one.finish(&one.blocks[0], x, &attended)?;
            }
        }
        one.forward(x, packing, pooled)
    }

    /// The part of a block in which rows see each other.
    fn attend(&self, block: &Block, x: &Tensor, packing: &Packing) -> Result<Tensor> {
        let qkv = block.qkv.forward(&block.norm1.forward(x)?)?;
        let attention = match block.out.weight.is_rounded() {
            true => composed::attention,
            false => attention,
        };
        attention(&qkv, packing, self.heads, self.causal)
    }

    /// The rest of a block, row by row.
    fn finish(&self, block: &Block, x: Tensor, attended: &Tensor) -> Result<Tensor> {
        let x = (x + block.out.forward(attended, None)?)?;
        let hidden = block
            .fc1
            .forward(&block.norm2.forward(&x)?, Some(self.activation))?;
        x + block.fc2.forward(&hidden, None)?
    }

    fn bytes(&self) -> usize {
        self.blocks
            .iter()
            .map(|b| {
                b.qkv.bytes() + b.out.weight.bytes() + b.fc1.weight.bytes() + b.fc2.weight.bytes()
            })
            .sum()
    }
}

/// The text tower.
struct TextTower {
    token_embedding: Weight,
    position_embedding: Tensor,
    transformer: Transformer,
    final_norm: LayerNorm,
    projection: Weight,
}

impl TextTower {
    fn new(
        provider: &mut WeightProvider,
        config: &TextConfig,
        activation: Activation,
        dim: usize,
    ) -> Result<Self> {
        let width = config.transformer.width;
        let projection = provider("text_projection.weight", &[dim, width])?;
        let mut at = Scope {
            provider,
            prefix: "text_model.".into(),
        };
        Ok(Self {
            token_embedding: at.weight(
                "embeddings.token_embedding.weight",
                &[config.vocab_size, width],
            )?,
            position_embedding: at.tensor(
                "embeddings.position_embedding.weight",
                &[config.context_length, width],
            )?,
            transformer: Transformer::new(
                at.at("encoder.layers"),
                &config.transformer,
                activation,
                true,
            )?,
            final_norm: LayerNorm::new(
                at.at("final_layer_norm"),
                width,
                config.transformer.layer_norm_eps,
                &projection,
            )?,
            projection,
        })
    }

    fn forward(&self, tokens: &PackedTokens) -> Result<Tensor> {
        self.around(tokens, |x, packing, pooled| {
            self.transformer.forward(x, packing, pooled)
        })
    }

    /// What comes before and after the transformer.
    fn around(
        &self,
        tokens: &PackedTokens,
        transformer: impl FnOnce(Tensor, &Packing, &[u32]) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let device = self.position_embedding.device();
        let positions: Vec<u32> = tokens
            .offsets
            .windows(2)
            .flat_map(|pair| 0..(pair[1] - pair[0]) as u32)
            .collect();
        let last: Vec<u32> = tokens.offsets[1..]
            .iter()
            .map(|&end| end as u32 - 1)
            .collect();
        let x = self
            .token_embedding
            .rows(&Tensor::new(tokens.ids.as_slice(), device)?)?;
        let x = (x + self
            .position_embedding
            .index_select(&Tensor::new(positions, device)?, 0)?)?;
        let pooled = transformer(x, &Packing::new(&tokens.offsets), &last)?;
        let pooled = self.final_norm.forward(&pooled)?;
        self.projection.multiply(&pooled, None, None)
    }
}

/// The image tower.
struct VisionTower {
    class_embedding: Tensor,
    patch_embedding: Weight,
    position_embedding: Tensor,
    pre_norm: LayerNorm,
    transformer: Transformer,
    post_norm: LayerNorm,
    projection: Weight,
    config: VisionConfig,
}

impl VisionTower {
    fn new(
        provider: &mut WeightProvider,
        config: &VisionConfig,
        activation: Activation,
        dim: usize,
    ) -> Result<Self> {
        let (width, eps) = (config.transformer.width, config.transformer.layer_norm_eps);
        let projection = provider("visual_projection.weight", &[dim, width])?;
        let mut at = Scope {
            provider,
            prefix: "vision_model.".into(),
        };
        Ok(Self {
            class_embedding: at.tensor("embeddings.class_embedding", &[width])?,
            patch_embedding: at.weight(
                "embeddings.patch_embedding.weight",
                &[width, 3, config.patch_size, config.patch_size],
            )?,
            position_embedding: at.tensor(
                "embeddings.position_embedding.weight",
                &[config.tokens(), width],
            )?,
            pre_norm: LayerNorm::new(at.at("pre_layrnorm"), width, eps, &projection)?,
            transformer: Transformer::new(
                at.at("encoder.layers"),
                &config.transformer,
                activation,
                false,
            )?,
            post_norm: LayerNorm::new(at.at("post_layernorm"), width, eps, &projection)?,
            projection,
            config: *config,
        })
    }

    /// Cuts pictures into patches: `[n, 3, h, w]` → `[n · patches, 3 · p · p]`.
    ///
    /// A convolution whose stride is its kernel is a product with these rows, and candle's
    /// convolution would also compute the gradient of the picture. What the grid leaves over at
    /// the right and bottom is not seen, as in the convolution.
    fn patchify(&self, pixels: &Tensor) -> Result<Tensor> {
        let (n, channels, _, _) = pixels.dims4()?;
        let p = self.config.patch_size;
        let side = self.config.image_size / p;
        pixels
            .narrow(2, 0, side * p)?
            .narrow(3, 0, side * p)?
            .reshape(vec![n, channels, side, p, side, p])?
            .permute(vec![0, 2, 4, 1, 3, 5])?
            .reshape((n * side * side, channels * p * p))
    }

    fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        self.around(pixels, |x, packing, pooled| {
            self.transformer.forward(x, packing, pooled)
        })
    }

    /// What comes before and after the transformer.
    fn around(
        &self,
        pixels: &Tensor,
        transformer: impl FnOnce(Tensor, &Packing, &[u32]) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let n = pixels.dim(0)?;
        let (width, tokens) = (self.config.transformer.width, self.config.tokens());
        let patches = self
            .patch_embedding
            .multiply(&self.patchify(pixels)?, None, None)?
            .reshape((n, tokens - 1, width))?;
        let class = self
            .class_embedding
            .reshape((1, 1, width))?
            .broadcast_as((n, 1, width))?;
        let x = Tensor::cat(&[&class, &patches], 1)?.broadcast_add(&self.position_embedding)?;
        let x = self.pre_norm.forward(&x.reshape((n * tokens, width))?)?;
        let classes: Vec<u32> = (0..n).map(|i| (i * tokens) as u32).collect();
        let packing = Packing::uniform(n, tokens);
        let class = transformer(x, &packing, &classes)?;
        self.projection
            .multiply(&self.post_norm.forward(&class)?, None, None)
    }
}

/// Both towers on the CPU.
///
/// The same code serves inference and training: built from variables it is differentiable, each
/// operation with its own backward (see [`super::ops`]).
pub struct Model {
    text: TextTower,
    vision: VisionTower,
    config: ClipConfig,
}

impl Model {
    /// Builds the towers, asking `provider` for each tensor by canonical name and shape.
    ///
    /// # Errors
    /// The provider's.
    pub fn new(config: &ClipConfig, provider: &mut WeightProvider) -> Result<Self> {
        Ok(Self {
            text: TextTower::new(
                provider,
                &config.text,
                config.activation,
                config.projection_dim,
            )?,
            vision: VisionTower::new(
                provider,
                &config.vision,
                config.activation,
                config.projection_dim,
            )?,
            config: *config,
        })
    }

    /// The architecture.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// Embeds captions: `[captions, projection_dim]`, not normalised.
    ///
    /// # Errors
    /// An id outside the vocabulary, an empty caption or one beyond the context.
    pub fn text_features(&self, tokens: &PackedTokens) -> Result<Tensor> {
        tokens.check(&self.config.text)?;
        self.text.forward(tokens)
    }

    /// Embeds pictures `[n, 3, image_size, image_size]`: `[n, projection_dim]`, not normalised.
    ///
    /// # Errors
    /// Another shape.
    pub fn image_features(&self, pixels: &Tensor) -> Result<Tensor> {
        let side = self.config.vision.image_size;
        let (n, channels, height, width) = pixels.dims4()?;
        if (channels, height, width) != (3, side, side) || n == 0 {
            return Err(candle_core::Error::Msg(format!(
                "pictures of shape {:?}; the image tower takes [n, 3, {side}, {side}]",
                pixels.dims()
            )));
        }
        self.vision.forward(&pixels.to_dtype(DType::F32)?)
    }

    /// Embeds one batch of each kind, `[captions, projection_dim]` and `[n, projection_dim]`, without
    /// the model ever being in memory: the weights of a block are asked for when it is computed
    /// and dropped after.
    ///
    /// # Errors
    /// The provider's, or as [`Model::text_features`] and [`Model::image_features`].
    pub fn streamed_features(
        config: &ClipConfig,
        provider: &mut WeightProvider,
        tokens: &PackedTokens,
        pixels: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let mut frame = *config;
        frame.text.transformer.layers = 0;
        frame.vision.transformer.layers = 0;
        let frame = Self::new(&frame, provider)?;
        tokens.check(&config.text)?;
        let activation = config.activation;
        let at = Scope {
            provider: &mut *provider,
            prefix: "text_model.encoder.layers.".into(),
        };
        let layers = &config.text.transformer;
        let text = frame.text.around(tokens, |x, packing, pooled| {
            Transformer::streamed(at, layers, activation, true, x, packing, pooled)
        })?;
        let at = Scope {
            provider,
            prefix: "vision_model.encoder.layers.".into(),
        };
        let layers = &config.vision.transformer;
        let image = frame.vision.around(pixels, |x, packing, pooled| {
            Transformer::streamed(at, layers, activation, false, x, packing, pooled)
        })?;
        Ok((text, image))
    }

    /// Bytes of the weight matrices in memory.
    pub fn weight_bytes(&self) -> usize {
        self.text.token_embedding.bytes()
            + self.text.projection.bytes()
            + self.text.transformer.bytes()
            + self.vision.patch_embedding.bytes()
            + self.vision.projection.bytes()
            + self.vision.transformer.bytes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use candle_core::Var;

    use super::*;
    use cliprobe_clip::config::TextPooling;

    /// A ViT of two blocks with a text tower of two.
    pub(in crate::cpu) fn tiny_config() -> ClipConfig {
        let transformer = TransformerConfig {
            width: 16,
            layers: 2,
            heads: 2,
            mlp_width: 32,
            layer_norm_eps: 1e-5,
        };
        ClipConfig {
            text: TextConfig {
                transformer,
                vocab_size: 20,
                context_length: 8,
                pooling: TextPooling::FirstEos { eos_token_id: 19 },
            },
            vision: VisionConfig {
                transformer,
                image_size: 8,
                patch_size: 4,
            },
            projection_dim: 6,
            activation: Activation::QuickGelu,
        }
    }

    /// Training may freeze everything but biases: what is joined once must not keep their first values.
    #[test]
    fn variable_biases_of_constant_projections_are_followed() {
        let mut variables = Vec::new();
        let model = Model::new(&tiny_config(), &mut |name, shape| {
            let count: usize = shape.iter().product();
            let phase = name.bytes().map(f32::from).sum::<f32>();
            let values: Vec<f32> = (0..count)
                .map(|i| 0.3 * (phase + 1.7 * i as f32).sin())
                .collect();
            if !name.ends_with("v_proj.bias") {
                return Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.into());
            }
            let variable = Var::from_vec(values, shape, &Device::Cpu)?;
            let weight = variable.as_tensor().clone().into();
            variables.push(variable);
            Ok(weight)
        })
        .unwrap();
        let tokens = PackedTokens::new([&[18, 3, 19][..], &[18, 5, 7, 11, 19]]);
        let features = || {
            let features = model.text_features(&tokens).unwrap();
            features.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let before = features();
        for variable in &variables {
            variable
                .set(&(variable.as_tensor() + 0.5).unwrap())
                .unwrap();
        }
        assert_ne!(features(), before);
    }
}
