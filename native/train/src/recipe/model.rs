use anyhow::{Context, Result, ensure};
use cliprobe_clip::config::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
};
use serde::{Deserialize, Serialize};

use super::limits::within;

/// The most parameters that a new model may have.
const MOST_PARAMETERS: u64 = 20_000_000_000;

/// `[model]`: the shape of a new model. MLPs are four times as wide as their encoder, as in every
/// CLIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecipe {
    /// `gelu`, or `quick_gelu` as OpenAI's models have it.
    pub activation: Activation,
    /// Length of the embeddings.
    pub embedding: usize,
    /// The image encoder.
    pub vision: VisionRecipe,
    /// The text encoder.
    pub text: TextRecipe,
}

/// `[model.vision]`: the image encoder; `image` and `patch` in pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisionRecipe {
    /// Side of the square images.
    pub image: usize,
    /// Side of the square patches.
    pub patch: usize,
    /// Width of the hidden states.
    pub width: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Attention heads of each block.
    pub heads: usize,
}

/// `[model.text]`: the text encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRecipe {
    /// The largest size of the vocabulary; it is smaller if the words of the captions need fewer tokens.
    pub vocabulary: usize,
    /// The most tokens of a caption, start and end included.
    pub context: usize,
    /// Width of the hidden states.
    pub width: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Attention heads of each block.
    pub heads: usize,
}

impl ModelRecipe {
    pub(super) fn check(&self) -> Result<()> {
        let Self { vision, text, .. } = self;
        ensure!(
            text.context >= 3,
            "model.text.context is {}; start, one token and end need 3",
            text.context
        );
        for (key, value, most) in [
            ("model.embedding", self.embedding, 1 << 16),
            ("model.vision.image", vision.image, 1 << 12),
            ("model.vision.patch", vision.patch, 1 << 12),
            ("model.vision.width", vision.width, 1 << 14),
            ("model.vision.layers", vision.layers, 1 << 8),
            ("model.vision.heads", vision.heads, 1 << 14),
            ("model.text.vocabulary", text.vocabulary, 1 << 20),
            ("model.text.context", text.context, 1 << 12),
            ("model.text.width", text.width, 1 << 14),
            ("model.text.layers", text.layers, 1 << 8),
            ("model.text.heads", text.heads, 1 << 14),
        ] {
            within(key, value, 1, most)?;
        }
        // Twelve squares of the width a block: four of attention, eight of the MLP.
        let blocks = |width: usize, layers: usize| 12 * (width * width * layers) as u64;
        let parameters = blocks(vision.width, vision.layers) + blocks(text.width, text.layers);
        ensure!(
            parameters <= MOST_PARAMETERS,
            "model has about {parameters} parameters; it must have at most {MOST_PARAMETERS}"
        );
        Ok(())
    }

    /// The architecture, for a vocabulary of `vocabulary` tokens that ends with end-of-text.
    pub(crate) fn clip_config(&self, vocabulary: usize) -> Result<ClipConfig> {
        let Self { vision, text, .. } = self;
        let transformer = |width: usize, layers: usize, heads: usize| TransformerConfig {
            width,
            layers,
            heads,
            mlp_width: 4 * width,
            layer_norm_eps: 1e-5,
        };
        let config = ClipConfig {
            text: TextConfig {
                transformer: transformer(text.width, text.layers, text.heads),
                vocab_size: vocabulary,
                context_length: text.context,
                pooling: TextPooling::FirstEos {
                    eos_token_id: u32::try_from(vocabulary - 1)
                        .context("the vocabulary has too many tokens")?,
                },
            },
            vision: VisionConfig {
                transformer: transformer(vision.width, vision.layers, vision.heads),
                image_size: vision.image,
                patch_size: vision.patch,
            },
            projection_dim: self.embedding,
            activation: self.activation,
        };
        Ok(config.validated()?)
    }
}
