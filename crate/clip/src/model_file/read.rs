//! What the metadata of a GGUF file says of a CLIP.

use std::collections::BTreeMap;

use crate::checkpoint::{Overrides, Provenance};
use crate::config::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
};
use crate::error::{ClipError, printable, shown};
use crate::gguf::{Gguf, Value};
use crate::preprocessing::Preprocessing;
use crate::tokenizer::{TextCleaning, tokenizer_json};

/// What the metadata of a file says.
pub(crate) struct Metadata {
    /// What the model is called.
    pub(crate) name: String,
    pub(crate) config: ClipConfig,
    pub(crate) preprocessing: Preprocessing,
    pub(crate) tokenizer_json: String,
    pub(crate) text_cleaning: TextCleaning,
    pub(crate) logit_scale: Option<f32>,
    pub(crate) provenance: Provenance,
}

/// Reads the metadata of a file. `file` is what to call the model if it does not say.
pub(crate) fn read(
    gguf: &Gguf,
    file: String,
    overrides: &Overrides,
) -> Result<Metadata, ClipError> {
    read_metadata(&Keys(&gguf.metadata), &file, overrides)
}

struct Keys<'a>(&'a BTreeMap<String, Value>);

impl Keys<'_> {
    fn usize(&self, key: &str) -> Result<usize, ClipError> {
        match self.0.get(key) {
            Some(Value::Unsigned(n)) => Ok(*n as usize),
            Some(Value::Signed(n)) if *n >= 0 => Ok(*n as usize),
            other => Err(wrong(key, other, "a whole number")),
        }
    }

    fn float(&self, key: &str) -> Result<f32, ClipError> {
        match self.0.get(key) {
            Some(Value::Float(x)) => Ok(*x as f32),
            other => Err(wrong(key, other, "a number")),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>, ClipError> {
        match self.0.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            other => Err(wrong(key, other, "a text")),
        }
    }

    fn colour(&self, key: &str) -> Result<[f32; 3], ClipError> {
        match self.0.get(key) {
            Some(Value::Floats(values)) if values.len() == 3 => {
                Ok([0, 1, 2].map(|i| values[i] as f32))
            }
            other => Err(wrong(key, other, "three numbers")),
        }
    }

    fn transformer(&self, tower: &str) -> Result<TransformerConfig, ClipError> {
        let key = |name: &str| format!("clip.{tower}.{name}");
        Ok(TransformerConfig {
            width: self.usize(&key("embedding_length"))?,
            layers: self.usize(&key("block_count"))?,
            heads: self.usize(&key("attention.head_count"))?,
            mlp_width: self.usize(&key("feed_forward_length"))?,
            layer_norm_eps: self.float(&key("attention.layer_norm_epsilon"))?,
        })
    }
}

fn wrong(key: &str, value: Option<&Value>, supported: &str) -> ClipError {
    match value {
        None => ClipError::MissingConfig { key: key.into() },
        Some(value) => ClipError::UnsupportedConfig {
            key: key.into(),
            value: value.to_string(),
            supported: supported.into(),
        },
    }
}

fn read_metadata(keys: &Keys, name: &str, overrides: &Overrides) -> Result<Metadata, ClipError> {
    if keys.text("general.architecture")? != Some("clip") {
        return Err(wrong(
            "general.architecture",
            keys.0.get("general.architecture"),
            "clip",
        ));
    }
    let has = |key: &str| keys.0.get(key) == Some(&Value::Bool(true));
    let both = "a GGUF with both, such as `cliprobe quantize` or clip.cpp writes";
    match (has("clip.has_text_encoder"), has("clip.has_vision_encoder")) {
        (true, true) => {}
        (false, true) => {
            return Err(ClipError::NotACheckpoint {
                file: name.into(),
                why: format!(
                    "it has an image encoder but no text encoder, as the mmproj files of language models; {both} is needed"
                ),
            });
        }
        (true, false) => {
            return Err(ClipError::NotACheckpoint {
                file: name.into(),
                why: format!("it has a text encoder but no image encoder; {both} is needed"),
            });
        }
        (false, false) => {
            return Err(ClipError::NotACheckpoint {
                file: name.into(),
                why: format!("it says of neither encoder that it has it; {both} is needed"),
            });
        }
    }
    let activation = match (
        overrides.activation,
        keys.text("clip.hidden_act")?,
        keys.0.get("clip.use_gelu"),
    ) {
        (Some(activation), ..) => activation,
        (None, Some(name), _) => Activation::from_name(name)?,
        (None, None, Some(Value::Bool(true))) => Activation::Gelu,
        (None, None, Some(Value::Bool(false))) => Activation::QuickGelu,
        _ => return Err(ClipError::AmbiguousActivation { file: name.into() }),
    };
    // Files of other writers do not say; all of them convert models that pool at the largest id.
    let pooling = match keys.text("clip.text.pooling")? {
        None | Some("largest_id") => TextPooling::LargestId,
        Some("first_eos") => TextPooling::FirstEos {
            eos_token_id: keys.usize("tokenizer.ggml.eos_token_id")? as u32,
        },
        Some(_) => {
            return Err(wrong(
                "clip.text.pooling",
                keys.0.get("clip.text.pooling"),
                "largest_id, first_eos",
            ));
        }
    };
    let vocab_size = match keys.0.get("clip.text.vocab_size") {
        Some(_) => keys.usize("clip.text.vocab_size")?,
        None => match keys.0.get("tokenizer.ggml.tokens") {
            Some(Value::Texts(tokens)) => tokens.len(),
            other => return Err(wrong("tokenizer.ggml.tokens", other, "a list of texts")),
        },
    };
    let config = ClipConfig {
        text: TextConfig {
            transformer: keys.transformer("text")?,
            vocab_size,
            context_length: keys.usize("clip.text.context_length")?,
            pooling,
        },
        vision: VisionConfig {
            transformer: keys.transformer("vision")?,
            image_size: keys.usize("clip.vision.image_size")?,
            patch_size: keys.usize("clip.vision.patch_size")?,
        },
        projection_dim: keys.usize("clip.text.projection_dim")?,
        activation,
    }
    .validated()?;

    let preprocessing = match keys.text("clip.preprocessing")? {
        Some(json) => serde_json::from_str(json).map_err(|cause| ClipError::Json {
            file: format!("clip.preprocessing of {name}"),
            cause,
        })?,
        None => Preprocessing {
            mean: keys.colour("clip.vision.image_mean")?,
            std: keys.colour("clip.vision.image_std")?,
            ..Preprocessing::clip_default(config.vision.image_size as u32)
        },
    };
    let tokenizer_json = match (
        &overrides.tokenizer,
        keys.text("tokenizer.huggingface.json")?,
    ) {
        (Some(files), _) => tokenizer_json(files)?,
        (None, own) => own.map(str::to_owned),
    };
    let text_cleaning = match keys.text("clip.text.cleaning")? {
        None | Some("none") => TextCleaning::None,
        Some("open_clip") => TextCleaning::OpenClip,
        Some(_) => {
            return Err(wrong(
                "clip.text.cleaning",
                keys.0.get("clip.text.cleaning"),
                "none, open_clip",
            ));
        }
    };
    let logit_scale = keys
        .0
        .contains_key("clip.logit_scale")
        .then(|| keys.float("clip.logit_scale"))
        .transpose()?;
    if let Some(value) = logit_scale.filter(|x| !x.is_finite()) {
        return Err(ClipError::NonFinite {
            file: name.into(),
            name: "clip.logit_scale".into(),
            value,
            index: 0,
        });
    }
    let title = keys.text("general.name")?.filter(|title| !title.is_empty());
    Ok(Metadata {
        name: title.map_or_else(|| name.to_owned(), shown),
        config,
        preprocessing,
        text_cleaning,
        tokenizer_json: tokenizer_json
            .ok_or_else(|| ClipError::MissingTokenizer { file: name.into() })?,
        logit_scale,
        provenance: Provenance {
            parent_sha256: keys.text("clip.parent.sha256")?.map(shown),
            recipe: keys.text("clip.recipe")?.map(printable),
            trained_on: keys.text("clip.trained_on")?.map(printable),
        },
    })
}
