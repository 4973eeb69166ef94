//! The architecture of a CLIP checkpoint: what its configuration says, in one form for every source.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// Reads keys of a JSON object, naming the one that is wrong.
struct Keys<'a> {
    object: &'a Value,
    path: &'a str,
}

impl Keys<'_> {
    fn usize_or(&self, key: &str, default: usize) -> Result<usize, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| self.wrong(key, value, "a whole number")),
        }
    }

    fn f64_or(&self, key: &str, default: f64) -> Result<f64, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| self.wrong(key, value, "a number")),
        }
    }

    fn f32_or(&self, key: &str, default: f32) -> Result<f32, ClipError> {
        Ok(self.f64_or(key, f64::from(default))? as f32)
    }

    fn bool_or(&self, key: &str, default: bool) -> Result<bool, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong(key, value, "true or false")),
        }
    }

    fn required(&self, key: &str) -> Result<usize, ClipError> {
        if self.object.get(key).is_none() {
            return Err(ClipError::MissingConfig {
                key: format!("{}{key}", self.path),
            });
        }
        self.usize_or(key, 0)
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str) -> ClipError {
        ClipError::UnsupportedConfig {
            key: format!("{}{key}", self.path),
            value: value.to_string(),
            supported: expected.into(),
        }
    }
}

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
        let zero =
            ClipConfig::from_hf_json(&json!({"vision_config": {"patch_size": 0}})).unwrap_err();
        assert!(zero.to_string().contains("patch size"), "{zero}");
    }
}
