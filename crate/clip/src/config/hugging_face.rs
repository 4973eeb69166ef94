//! Hugging Face's `config.json` of a `CLIPModel`.

use serde_json::Value;

use super::keys::Keys;
use super::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
    shortest_decimal,
};
use crate::error::ClipError;

impl ClipConfig {
    /// Reads Hugging Face's `config.json` of a `CLIPModel`.
    ///
    /// Keys that are not spelled out take the defaults of `CLIPTextConfig` and
    /// `CLIPVisionConfig`; the legacy `text_config_dict` and `vision_config_dict` win over
    /// `text_config` and `vision_config`, as in transformers.
    ///
    /// # Errors
    /// Another `model_type`, a value of the wrong type, or an architecture that is not this one.
    pub fn from_hf_json(json: &Value) -> Result<Self, ClipError> {
        if let Some(kind) = json.get("model_type").and_then(Value::as_str)
            && kind != "clip"
        {
            return Err(ClipError::UnsupportedConfig {
                key: "model_type".into(),
                value: kind.into(),
                supported: "clip".into(),
            });
        }
        let merged = |key: &str| -> Value {
            let mut object = json
                .get(key)
                .cloned()
                .unwrap_or_else(|| Value::Object(Default::default()));
            if let (Some(target), Some(legacy)) = (
                object.as_object_mut(),
                json.get(format!("{key}_dict")).and_then(Value::as_object),
            ) {
                for (name, value) in legacy {
                    target.insert(name.clone(), value.clone());
                }
            }
            object
        };
        let (text, vision) = (merged("text_config"), merged("vision_config"));
        let t = Keys {
            object: &text,
            path: "text_config.",
        };
        let v = Keys {
            object: &vision,
            path: "vision_config.",
        };
        let top = Keys {
            object: json,
            path: "",
        };

        let activation_of = |object: &Value| match object.get("hidden_act").and_then(Value::as_str)
        {
            Some(name) => Activation::from_name(name),
            None => Ok(Activation::QuickGelu),
        };
        let activation = activation_of(&text)?;
        let vision_activation = activation_of(&vision)?;
        if activation != vision_activation {
            return Err(ClipError::UnsupportedConfig {
                key: "vision_config.hidden_act".into(),
                value: vision_activation.name().into(),
                supported: format!("the text tower's, {}", activation.name()),
            });
        }
        if v.usize_or("num_channels", 3)? != 3 {
            return Err(v.wrong("num_channels", &vision["num_channels"], "3"));
        }
        // transformers keeps the pooling of checkpoints converted before its fix of the
        // end-of-text id: `eos_token_id: 2` means "the largest id".
        let pooling = match t.usize_or("eos_token_id", 49407)? {
            2 => TextPooling::LargestId,
            id => TextPooling::FirstEos {
                eos_token_id: u32::try_from(id)
                    .map_err(|_| t.wrong("eos_token_id", &text["eos_token_id"], "a token id"))?,
            },
        };
        let config = Self {
            text: TextConfig {
                transformer: TransformerConfig {
                    width: t.usize_or("hidden_size", 512)?,
                    layers: t.usize_or("num_hidden_layers", 12)?,
                    heads: t.usize_or("num_attention_heads", 8)?,
                    mlp_width: t.usize_or("intermediate_size", 2048)?,
                    layer_norm_eps: t.f32_or("layer_norm_eps", 1e-5)?,
                },
                vocab_size: t.usize_or("vocab_size", 49408)?,
                context_length: t.usize_or("max_position_embeddings", 77)?,
                pooling,
            },
            vision: VisionConfig {
                transformer: TransformerConfig {
                    width: v.usize_or("hidden_size", 768)?,
                    layers: v.usize_or("num_hidden_layers", 12)?,
                    heads: v.usize_or("num_attention_heads", 12)?,
                    mlp_width: v.usize_or("intermediate_size", 3072)?,
                    layer_norm_eps: v.f32_or("layer_norm_eps", 1e-5)?,
                },
                image_size: v.usize_or("image_size", 224)?,
                patch_size: v.usize_or("patch_size", 32)?,
            },
            projection_dim: top.usize_or("projection_dim", 512)?,
            activation,
        };
        config.validated()
    }

    /// Writes Hugging Face's `config.json`, every value spelled out.
    pub fn to_hf_json(&self) -> Value {
        let tower = |t: &TransformerConfig| {
            serde_json::json!({
                "hidden_size": t.width,
                "num_hidden_layers": t.layers,
                "num_attention_heads": t.heads,
                "intermediate_size": t.mlp_width,
                "layer_norm_eps": shortest_decimal(t.layer_norm_eps),
                "hidden_act": self.activation.name(),
                "projection_dim": self.projection_dim,
                "attention_dropout": 0.0,
            })
        };
        let mut text = tower(&self.text.transformer);
        text["model_type"] = "clip_text_model".into();
        text["vocab_size"] = self.text.vocab_size.into();
        text["max_position_embeddings"] = self.text.context_length.into();
        text["eos_token_id"] = match self.text.pooling {
            TextPooling::LargestId => 2,
            TextPooling::FirstEos { eos_token_id } => eos_token_id,
        }
        .into();
        let mut vision = tower(&self.vision.transformer);
        vision["model_type"] = "clip_vision_model".into();
        vision["image_size"] = self.vision.image_size.into();
        vision["patch_size"] = self.vision.patch_size.into();
        vision["num_channels"] = 3.into();
        serde_json::json!({
            "architectures": ["CLIPModel"],
            "model_type": "clip",
            "projection_dim": self.projection_dim,
            "text_config": text,
            "vision_config": vision,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_hf_config_is_vit_b_32() {
        let config = ClipConfig::from_hf_json(&json!({"model_type": "clip"})).unwrap();
        assert_eq!(config.vision.tokens(), 50);
        assert_eq!(config.text.vocab_size, 49408);
        assert_eq!(config.activation, Activation::QuickGelu);
        assert_eq!(
            config.text.pooling,
            TextPooling::FirstEos {
                eos_token_id: 49407
            }
        );
    }

    #[test]
    fn hf_json_round_trips() {
        let config = ClipConfig::from_hf_json(&json!({
            "projection_dim": 48,
            "text_config": {"hidden_size": 64, "num_attention_heads": 4, "eos_token_id": 2, "hidden_act": "gelu"},
            "vision_config": {"hidden_size": 96, "hidden_act": "gelu", "patch_size": 14},
        }))
        .unwrap();
        assert_eq!(
            ClipConfig::from_hf_json(&config.to_hf_json()).unwrap(),
            config
        );
    }

    #[test]
    fn the_legacy_dict_wins() {
        let config = ClipConfig::from_hf_json(&json!({
            "text_config": {"hidden_size": 512},
            "text_config_dict": {"hidden_size": 768, "num_attention_heads": 12},
        }))
        .unwrap();
        assert_eq!(config.text.transformer.width, 768);
    }

    #[test]
    fn a_size_of_zero_is_named() {
        let zero =
            ClipConfig::from_hf_json(&json!({"vision_config": {"patch_size": 0}})).unwrap_err();
        assert!(zero.to_string().contains("patch size"), "{zero}");
    }
}
