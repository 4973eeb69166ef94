//! OpenCLIP's `model_cfg`, a part of `open_clip_config.json`.

use serde_json::Value;

use super::keys::Keys;
use super::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
    shortest_decimal,
};
use crate::error::ClipError;

impl ClipConfig {
    /// As the `model_cfg` of OpenCLIP's `open_clip_config.json`.
    pub fn to_open_clip_json(&self) -> Value {
        // OpenCLIP takes the whole part of width · ratio.
        let mlp_ratio = |t: &TransformerConfig| {
            let mut ratio = t.mlp_width as f64 / t.width as f64;
            while ((t.width as f64 * ratio) as usize) < t.mlp_width {
                ratio = ratio.next_up();
            }
            ratio
        };
        let tower = |t: &TransformerConfig| {
            let mut tower = serde_json::json!({
                "width": t.width,
                "layers": t.layers,
                "mlp_ratio": mlp_ratio(t),
            });
            if t.layer_norm_eps != 1e-5 {
                tower["norm_kwargs"] =
                    serde_json::json!({"eps": shortest_decimal(t.layer_norm_eps)});
            }
            tower
        };
        let mut text = tower(&self.text.transformer);
        text["heads"] = self.text.transformer.heads.into();
        text["vocab_size"] = self.text.vocab_size.into();
        text["context_length"] = self.text.context_length.into();
        // OpenCLIP's own way is the largest id, which the end mostly has.
        if let TextPooling::FirstEos { eos_token_id } = self.text.pooling
            && eos_token_id as usize + 1 != self.text.vocab_size
        {
            text["pool_type"] = "eos".into();
            text["eos_id"] = eos_token_id.into();
        }
        let mut vision = tower(&self.vision.transformer);
        let heads = self.vision.transformer.heads.max(1);
        vision["head_width"] = (self.vision.transformer.width / heads).into();
        vision["image_size"] = self.vision.image_size.into();
        vision["patch_size"] = self.vision.patch_size.into();
        serde_json::json!({
            "embed_dim": self.projection_dim,
            "quick_gelu": self.activation == Activation::QuickGelu,
            "vision_cfg": vision,
            "text_cfg": text,
        })
    }

    /// Reads OpenCLIP's `open_clip_config.json`, or a bare `model_cfg` as its `model_configs/*.json` hold.
    ///
    /// GELU unless `quick_gelu` is set, as in OpenCLIP.
    ///
    /// # Errors
    /// A key that is missing, of the wrong type, or asks for another architecture (ResNet, a
    /// `timm` or Hugging Face tower, attention pooling, LayerScale, …).
    pub fn from_open_clip_json(json: &Value) -> Result<Self, ClipError> {
        let model = json.get("model_cfg").unwrap_or(json);
        let top = Keys {
            object: model,
            path: "model_cfg.",
        };
        let part = |key: &str| {
            model.get(key).ok_or_else(|| ClipError::MissingConfig {
                key: format!("model_cfg.{key}"),
            })
        };
        let (text, vision) = (part("text_cfg")?, part("vision_cfg")?);
        let t = Keys {
            object: text,
            path: "model_cfg.text_cfg.",
        };
        let v = Keys {
            object: vision,
            path: "model_cfg.vision_cfg.",
        };

        for (keys, key) in [
            (&v, "timm_model_name"),
            (&v, "ls_init_value"),
            (&v, "attentional_pool"),
            (&v, "input_patchnorm"),
            (&v, "no_ln_pre"),
            (&v, "final_ln_after_pool"),
            (&t, "hf_model_name"),
            (&t, "ls_init_value"),
            (&t, "embed_cls"),
            (&t, "no_causal_mask"),
            (&t, "proj_bias"),
        ] {
            if let Some(value) = keys.object.get(key)
                && !matches!(value, Value::Null | Value::Bool(false))
            {
                return Err(keys.wrong(
                    key,
                    value,
                    "CLIP's plain ViT and text tower, which leave this key unset",
                ));
            }
        }
        let pool_type = |tower: &Value| {
            let given = tower.get("pool_type").and_then(Value::as_str);
            given.map(str::to_owned)
        };
        let pooling = match pool_type(text).as_deref() {
            None | Some("argmax") => TextPooling::LargestId,
            Some("eos") => TextPooling::FirstEos {
                // OpenCLIP's own default.
                eos_token_id: u32::try_from(t.usize_or("eos_id", 2)?)
                    .map_err(|_| t.wrong("eos_id", &text["eos_id"], "a token id"))?,
            },
            Some(other) => return Err(t.wrong("pool_type", &other.into(), "argmax or eos")),
        };
        if let Some(other) = pool_type(vision).filter(|given| given != "tok") {
            return Err(v.wrong("pool_type", &other.into(), "tok"));
        }
        if vision.get("layers").is_some_and(Value::is_array) {
            return Err(v.wrong(
                "layers",
                &vision["layers"],
                "the number of ViT blocks (ResNets are not supported)",
            ));
        }

        let vision_width = v.usize_or("width", 768)?;
        let head_width = v.usize_or("head_width", 64)?;
        let text_width = t.usize_or("width", 512)?;
        if head_width == 0 || vision_width % head_width != 0 {
            return Err(v.wrong("head_width", &head_width.into(), "a divisor of width"));
        }
        let mlp = |keys: &Keys, width: usize| -> Result<usize, ClipError> {
            // As OpenCLIP: `int(width * mlp_ratio)`.
            Ok((width as f64 * keys.f64_or("mlp_ratio", 4.0)?) as usize)
        };
        let eps = |tower: &Value, path: &'static str| {
            let object = tower.get("norm_kwargs").unwrap_or(&Value::Null);
            Keys { object, path }.f32_or("eps", 1e-5)
        };
        let activation = if top.bool_or("quick_gelu", false)? {
            Activation::QuickGelu
        } else {
            Activation::Gelu
        };
        let config = Self {
            text: TextConfig {
                transformer: TransformerConfig {
                    width: text_width,
                    layers: t.usize_or("layers", 12)?,
                    heads: t.usize_or("heads", 8)?,
                    mlp_width: mlp(&t, text_width)?,
                    layer_norm_eps: eps(text, "model_cfg.text_cfg.norm_kwargs.")?,
                },
                vocab_size: t.usize_or("vocab_size", 49408)?,
                context_length: t.usize_or("context_length", 77)?,
                pooling,
            },
            vision: VisionConfig {
                transformer: TransformerConfig {
                    width: vision_width,
                    layers: v.usize_or("layers", 12)?,
                    heads: vision_width / head_width,
                    mlp_width: mlp(&v, vision_width)?,
                    layer_norm_eps: eps(vision, "model_cfg.vision_cfg.norm_kwargs.")?,
                },
                image_size: v.usize_or("image_size", 224)?,
                patch_size: v.usize_or("patch_size", 16)?,
            },
            projection_dim: top.required("embed_dim")?,
            activation,
        };
        config.validated()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn open_clip_json_round_trips() {
        let mut config = ClipConfig::from_hf_json(&json!({
            "projection_dim": 48,
            "text_config": {
                "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 192,
                "vocab_size": 600, "eos_token_id": 599, "layer_norm_eps": 1e-6
            },
            "vision_config": {
                "hidden_size": 96, "num_attention_heads": 3, "intermediate_size": 250,
                "patch_size": 14
            },
        }))
        .unwrap();
        let read = ClipConfig::from_open_clip_json(&config.to_open_clip_json()).unwrap();
        // The end is the largest id, which is how OpenCLIP finds it.
        config.text.pooling = TextPooling::LargestId;
        assert_eq!(read, config);
        config.text.pooling = TextPooling::FirstEos { eos_token_id: 7 };
        // Widths whose ratio has no short decimal.
        for (width, mlp) in [(768, 2731), (224, 976), (352, 480)] {
            let transformer = &mut config.vision.transformer;
            (transformer.width, transformer.mlp_width, transformer.heads) = (width, mlp, 8);
            let read = ClipConfig::from_open_clip_json(&config.to_open_clip_json()).unwrap();
            assert_eq!(read, config);
        }
    }

    #[test]
    fn open_clip_is_gelu_unless_it_says_quick() {
        let with = |quick: Option<bool>| {
            let mut json = json!({"embed_dim": 512, "vision_cfg": {"layers": 12, "width": 768, "patch_size": 32}, "text_cfg": {}});
            if let Some(quick) = quick {
                json["quick_gelu"] = quick.into();
            }
            ClipConfig::from_open_clip_json(&json).unwrap().activation
        };
        assert_eq!(with(None), Activation::Gelu);
        assert_eq!(with(Some(false)), Activation::Gelu);
        assert_eq!(with(Some(true)), Activation::QuickGelu);
    }

    #[test]
    fn what_is_not_this_architecture_is_named() {
        let sentence = |json: Value| {
            ClipConfig::from_open_clip_json(&json)
                .unwrap_err()
                .to_string()
        };
        assert!(
            sentence(json!({
                "embed_dim": 1, "vision_cfg": {},
                "text_cfg": {"pool_type": "eos", "eos_id": 1u64 << 32}
            }))
            .contains("text_cfg.eos_id")
        );
        assert!(
            sentence(
                json!({"embed_dim": 1, "text_cfg": {}, "vision_cfg": {"layers": [3, 4, 6, 3]}})
            )
            .contains("vision_cfg.layers")
        );
        assert!(
            sentence(
                json!({"embed_dim": 1, "text_cfg": {"hf_model_name": "roberta"}, "vision_cfg": {}})
            )
            .contains("hf_model_name")
        );
        assert!(sentence(json!({"text_cfg": {}, "vision_cfg": {}})).contains("embed_dim"));
    }
}
