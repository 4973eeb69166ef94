//! CLIP's two encoders, built from tensors of any origin: files, quantised blocks or variables
//! under training.

use candle_core::{DType, Result, Tensor};

use super::attention::Packing;
use super::transformer::{LayerNorm, Scope, Transformer};
use super::weight::{Weight, WeightProvider};
use crate::PackedTokens;
use cliprobe_clip::config::{Activation, ClipConfig, TextConfig, VisionConfig};

/// The text encoder.
struct TextEncoder {
    token_embedding: Weight,
    position_embedding: Tensor,
    transformer: Transformer,
    final_norm: LayerNorm,
    projection: Weight,
}

impl TextEncoder {
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

/// The image encoder.
struct ImageEncoder {
    class_embedding: Tensor,
    patch_embedding: Weight,
    position_embedding: Tensor,
    pre_norm: LayerNorm,
    transformer: Transformer,
    post_norm: LayerNorm,
    projection: Weight,
    config: VisionConfig,
}

impl ImageEncoder {
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

    /// Cuts images into patches: `[n, 3, h, w]` → `[n · patches, 3 · p · p]`.
    ///
    /// A convolution whose stride is its kernel is a product with these rows, and candle's
    /// convolution would also compute the gradient of the image. What the grid leaves over at
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

/// Both encoders on the CPU.
///
/// The same code serves inference and training: built from variables it is differentiable, each
/// operation with its own backward (see [`super::ops`]).
pub struct Model {
    text: TextEncoder,
    vision: ImageEncoder,
    config: ClipConfig,
}

impl Model {
    /// Builds the encoders, asking `provider` for each tensor by canonical name and shape.
    ///
    /// # Errors
    /// The provider's.
    pub fn new(config: &ClipConfig, provider: &mut WeightProvider) -> Result<Self> {
        Ok(Self {
            text: TextEncoder::new(
                provider,
                &config.text,
                config.activation,
                config.projection_dim,
            )?,
            vision: ImageEncoder::new(
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

    /// Embeds images `[n, 3, image_size, image_size]`: `[n, projection_dim]`, not normalised.
    ///
    /// # Errors
    /// Another shape.
    pub fn image_features(&self, pixels: &Tensor) -> Result<Tensor> {
        let side = self.config.vision.image_size;
        let (n, channels, height, width) = pixels.dims4()?;
        if (channels, height, width) != (3, side, side) || n == 0 {
            return Err(candle_core::Error::Msg(format!(
                "images of shape {:?}; the image encoder takes [n, 3, {side}, {side}]",
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
    use candle_core::{Device, Var};

    use super::*;
    use cliprobe_clip::config::{TextPooling, TransformerConfig};

    /// A ViT of two blocks with a text encoder of two.
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
