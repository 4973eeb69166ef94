//! A transformer over a packed batch: its parts, and the way of the rows through them.

use candle_core::{Result, Tensor};

use super::attention::{Packing, attention};
use super::composed;
use super::ops::layer_norm;
use super::weight::{Weight, WeightProvider};
use cliprobe_clip::config::{Activation, TransformerConfig};

/// Asks a provider for the tensors below a prefix.
pub(super) struct Scope<'a, 'b> {
    pub(super) provider: &'a mut WeightProvider<'b>,
    pub(super) prefix: String,
}

impl<'b> Scope<'_, 'b> {
    pub(super) fn at(&mut self, name: impl std::fmt::Display) -> Scope<'_, 'b> {
        Scope {
            prefix: format!("{}{name}.", self.prefix),
            provider: self.provider,
        }
    }

    pub(super) fn weight(&mut self, name: &str, shape: &[usize]) -> Result<Weight> {
        (self.provider)(&format!("{}{name}", self.prefix), shape)
    }

    pub(super) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
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

pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
    composed: bool,
}

impl LayerNorm {
    /// Computed by candle's own operations where `matrix`, a neighbour, is.
    pub(super) fn new(mut at: Scope, width: usize, eps: f32, matrix: &Weight) -> Result<Self> {
        Ok(Self {
            weight: at.tensor("weight", &[width])?,
            bias: at.tensor("bias", &[width])?,
            eps,
            composed: matrix.is_rounded(),
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let norm = match self.composed {
            true => composed::layer_norm,
            false => layer_norm,
        };
        norm(x, &self.weight, &self.bias, self.eps)
    }
}

/// The projections to queries, keys and values.
enum Qkv {
    /// Constant f32 matrices through which gradients pass: one product.
    Joined(Linear),
    /// Variables, so that each receives its own gradient, and matrices that are rounded at each use:
    /// joined at each use.
    JoinedAtUse([Linear; 3]),
    /// Matrices for inference: a product each, beside each other.
    Apart([Linear; 3]),
}

impl Qkv {
    fn new(mut at: Scope, width: usize) -> Result<Self> {
        let [q, k, v] =
            ["q_proj", "k_proj", "v_proj"].map(|name| Linear::new(at.at(name), width, width));
        let parts = [q?, k?, v?];
        if parts.iter().any(|part| part.weight.is_for_inference()) {
            return Ok(Self::Apart(parts));
        }
        if parts[0].weight.is_rounded() || parts.iter().any(Linear::is_variable) {
            return Ok(Self::JoinedAtUse(parts));
        }
        let (weight, bias) = Self::joined(&parts)?;
        let weight = weight.into();
        Ok(Self::Joined(Linear { weight, bias }))
    }

    fn joined(parts: &[Linear; 3]) -> Result<(Tensor, Tensor)> {
        let [q, k, v] = parts.each_ref().map(|part| part.weight.to_tensor());
        let biases = parts.each_ref().map(|part| &part.bias);
        Ok((Tensor::cat(&[q?, k?, v?], 0)?, Tensor::cat(&biases, 0)?))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Joined(joined) => joined.forward(x, None),
            Self::JoinedAtUse(parts) => {
                let (joined, bias) = Self::joined(parts)?;
                let joined = match parts[0].weight {
                    Weight::Rounded(_, precision) => Weight::Rounded(joined, precision),
                    _ => Weight::Float(joined),
                };
                joined.multiply(x, Some(&bias), None)
            }
            Self::Apart(parts) => {
                let [q, k, v] = parts.each_ref().map(|part| part.forward(x, None));
                Tensor::cat(&[q?, k?, v?], 1)
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Joined(joined) => joined.weight.bytes(),
            Self::JoinedAtUse(parts) | Self::Apart(parts) => {
                parts.iter().map(|part| part.weight.bytes()).sum()
            }
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

pub(super) struct Transformer {
    blocks: Vec<Block>,
    heads: usize,
    activation: Activation,
    causal: bool,
}

impl Transformer {
    pub(super) fn new(
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
    pub(super) fn forward(
        &self,
        mut x: Tensor,
        packing: &Packing,
        pooled: &[u32],
    ) -> Result<Tensor> {
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
    pub(super) fn streamed(
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

    pub(super) fn bytes(&self) -> usize {
        self.blocks
            .iter()
            .map(|b| {
                b.qkv.bytes() + b.out.weight.bytes() + b.fc1.weight.bytes() + b.fc2.weight.bytes()
            })
            .sum()
    }
}
