//! The architecture of a CLIP checkpoint: what its configuration says, in one form for every source.
//! Each dialect of JSON is a file.

mod hugging_face;
mod keys;
mod open_clip;

use serde::{Deserialize, Serialize};

use super::error::ClipError;

/// The activation between the two layers of every MLP.
///
/// It belongs to the checkpoint: OpenAI's weights were trained with QuickGELU, most OpenCLIP
/// weights with GELU, and the wrong one costs several points on every benchmark without
/// any error message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x · sigmoid(1.702 x)`.
    QuickGelu,
    /// `x · Φ(x)`, with the exact normal distribution function (erf).
    Gelu,
}

impl Activation {
    /// The name that Hugging Face configurations use: `quick_gelu` or `gelu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::QuickGelu => "quick_gelu",
            Self::Gelu => "gelu",
        }
    }

    /// Reads Hugging Face's `hidden_act`.
    ///
    /// # Errors
    /// Any other activation, by name.
    pub fn from_name(name: &str) -> Result<Self, ClipError> {
        match name {
            "quick_gelu" => Ok(Self::QuickGelu),
            "gelu" => Ok(Self::Gelu),
            other => Err(ClipError::UnsupportedConfig {
                key: "hidden_act".into(),
                value: other.into(),
                supported: "quick_gelu, gelu".into(),
            }),
        }
    }
}

/// Which position of the text tower becomes the embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum TextPooling {
    /// The first position of the largest token id: OpenAI's and OpenCLIP's `argmax`, and what
    /// Hugging Face does for configurations that carry the legacy `eos_token_id: 2`.
    LargestId,
    /// The first occurrence of the end-of-text token.
    FirstEos {
        /// The id of the end-of-text token.
        eos_token_id: u32,
    },
}

/// The shape of one transformer stack.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Features of a token.
    pub width: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads; divides `width`.
    pub heads: usize,
    /// Features between the two layers of the MLP.
    pub mlp_width: usize,
    /// Added to the variance in every LayerNorm.
    pub layer_norm_eps: f32,
}

/// The text tower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextConfig {
    /// The stack of blocks.
    pub transformer: TransformerConfig,
    /// Rows of the token embedding.
    pub vocab_size: usize,
    /// Rows of the position embedding: the most tokens a caption may have, start and end included.
    pub context_length: usize,
    /// Where the embedding is read.
    pub pooling: TextPooling,
}

/// The image tower, a ViT with a class token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisionConfig {
    /// The stack of blocks.
    pub transformer: TransformerConfig,
    /// Height and width of the input, in pixels.
    pub image_size: usize,
    /// Height and width of a patch, in pixels; divides `image_size`.
    pub patch_size: usize,
}

impl VisionConfig {
    /// Patches of one image.
    pub fn patches(&self) -> usize {
        let side = self.image_size / self.patch_size;
        side * side
    }

    /// Tokens of one image: the class token and the patches.
    pub fn tokens(&self) -> usize {
        self.patches() + 1
    }
}

/// A whole CLIP model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClipConfig {
    /// The text tower.
    pub text: TextConfig,
    /// The image tower.
    pub vision: VisionConfig,
    /// Length of the embeddings.
    pub projection_dim: usize,
    /// The activation of both towers.
    pub activation: Activation,
}

/// No published CLIP comes near these; a file beyond them is damaged or hostile.
const LARGEST_DIMENSION: usize = 1 << 20;
const MOST_LAYERS: usize = 512;

impl ClipConfig {
    /// Checks that the numbers can describe a model.
    ///
    /// # Errors
    /// The first key that cannot.
    pub fn validated(self) -> Result<Self, ClipError> {
        let wrong = |key: &str, value: usize, supported: &str| {
            Err(ClipError::UnsupportedConfig {
                key: key.into(),
                value: value.to_string(),
                supported: supported.into(),
            })
        };
        let (t, v) = (&self.text.transformer, &self.vision.transformer);
        for (key, value, most) in [
            ("text width", t.width, LARGEST_DIMENSION),
            ("text layers", t.layers, MOST_LAYERS),
            ("text heads", t.heads, LARGEST_DIMENSION),
            ("text MLP width", t.mlp_width, LARGEST_DIMENSION),
            ("vocabulary size", self.text.vocab_size, 1 << 24),
            (
                "context length",
                self.text.context_length,
                LARGEST_DIMENSION,
            ),
            ("image width", v.width, LARGEST_DIMENSION),
            ("image layers", v.layers, MOST_LAYERS),
            ("image heads", v.heads, LARGEST_DIMENSION),
            ("image MLP width", v.mlp_width, LARGEST_DIMENSION),
            ("image size", self.vision.image_size, 1 << 14),
            ("patch size", self.vision.patch_size, 1 << 14),
            (
                "projection dimension",
                self.projection_dim,
                LARGEST_DIMENSION,
            ),
        ] {
            if value == 0 || value > most {
                return wrong(key, value, &format!("1 to {most}"));
            }
        }
        if t.width % t.heads != 0 {
            return wrong("text heads", t.heads, "a divisor of the text width");
        }
        if v.width % v.heads != 0 {
            return wrong("image heads", v.heads, "a divisor of the image width");
        }
        if self.vision.image_size < self.vision.patch_size {
            return wrong(
                "patch size",
                self.vision.patch_size,
                "at most the image size",
            );
        }
        if self.text.context_length < 2 {
            return wrong(
                "context length",
                self.text.context_length,
                "room for the start and end tokens",
            );
        }
        for (key, eps) in [
            ("text LayerNorm eps", t.layer_norm_eps),
            ("image LayerNorm eps", v.layer_norm_eps),
        ] {
            if !(eps > 0.0 && eps < 1.0) {
                return Err(ClipError::UnsupportedConfig {
                    key: key.into(),
                    value: eps.to_string(),
                    supported: "a small positive number".into(),
                });
            }
        }
        Ok(self)
    }
}

/// The f64 that is written in as few digits as the f32, so that 0.2686 does not become
/// 0.26859998703.
pub(super) fn shortest_decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}
