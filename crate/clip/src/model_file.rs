//! CLIP in one GGUF file: clip.cpp's tensor names and `clip.*` keys, and what they leave out:
//! the tokenizer, the preprocessing, the temperature, the activation by name, and the origin.

use std::collections::BTreeMap;
use std::io::Write;

use super::checkpoint::{Checkpoint, Overrides, Provenance};
use super::config::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
};
use super::error::{ClipError, printable, shown};
use super::gguf::{Gguf, Value};
use super::pieces::GgufPieces;
use super::preprocessing::Preprocessing;
use super::tensors::{ElementType, StoredTensor};
use super::tokenizer::{TextCleaning, tokenizer_json};

/// What the metadata of a file says.
pub(super) struct Metadata {
    pub(super) config: ClipConfig,
    pub(super) preprocessing: Preprocessing,
    pub(super) tokenizer_json: String,
    pub(super) text_cleaning: TextCleaning,
    pub(super) logit_scale: Option<f32>,
    pub(super) provenance: Provenance,
}

/// Opens a file that was read; `name` is what to call the checkpoint.
pub(super) fn open(
    gguf: Gguf,
    name: String,
    overrides: &Overrides,
) -> Result<Checkpoint, ClipError> {
    let keys = Keys(&gguf.metadata);
    let metadata = read_metadata(&keys, &name, overrides)?;
    let title = keys
        .text("general.name")?
        .filter(|title| !title.is_empty())
        .map_or(name, shown);
    Checkpoint::from_gguf(title, metadata, gguf.tensors)
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
    Ok(Metadata {
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

pub(super) fn metadata_of(
    checkpoint: &Checkpoint,
    element: ElementType,
    provenance: &Provenance,
) -> Result<Vec<(String, Value)>, ClipError> {
    let config = &checkpoint.config;
    let tokenizer = checkpoint.tokenizer()?;
    let number = |n: usize| Value::Unsigned(n as u64);
    let colour = |c: [f32; 3]| Value::Floats(c.map(f64::from).to_vec());
    let mut list: Vec<(String, Value)> = Vec::new();
    let mut put = |key: &str, value: Value| list.push((key.into(), value));
    put("general.architecture", Value::Text("clip".into()));
    put("general.name", Value::Text(checkpoint.name.clone()));
    put(
        "general.description",
        Value::Text(format!("CLIP, both towers, {element}")),
    );
    put("clip.has_text_encoder", Value::Bool(true));
    put("clip.has_vision_encoder", Value::Bool(true));
    put(
        "clip.use_gelu",
        Value::Bool(config.activation == Activation::Gelu),
    );
    put(
        "clip.hidden_act",
        Value::Text(config.activation.name().into()),
    );
    if let Some(scale) = checkpoint.logit_scale {
        put("clip.logit_scale", Value::Float(f64::from(scale)));
    }
    for (tower, t) in [
        ("text", &config.text.transformer),
        ("vision", &config.vision.transformer),
    ] {
        put(&format!("clip.{tower}.embedding_length"), number(t.width));
        put(
            &format!("clip.{tower}.feed_forward_length"),
            number(t.mlp_width),
        );
        put(&format!("clip.{tower}.block_count"), number(t.layers));
        put(
            &format!("clip.{tower}.attention.head_count"),
            number(t.heads),
        );
        put(
            &format!("clip.{tower}.attention.layer_norm_epsilon"),
            Value::Float(f64::from(t.layer_norm_eps)),
        );
        put(
            &format!("clip.{tower}.projection_dim"),
            number(config.projection_dim),
        );
    }
    put(
        "clip.text.context_length",
        number(config.text.context_length),
    );
    put("clip.text.vocab_size", number(config.text.vocab_size));
    match config.text.pooling {
        TextPooling::LargestId => put("clip.text.pooling", Value::Text("largest_id".into())),
        TextPooling::FirstEos { eos_token_id } => {
            put("clip.text.pooling", Value::Text("first_eos".into()));
            put("tokenizer.ggml.eos_token_id", number(eos_token_id as usize));
        }
    }
    if checkpoint.text_cleaning == TextCleaning::OpenClip {
        put("clip.text.cleaning", Value::Text("open_clip".into()));
    }
    put("clip.vision.image_size", number(config.vision.image_size));
    put("clip.vision.patch_size", number(config.vision.patch_size));
    put(
        "clip.vision.image_mean",
        colour(checkpoint.preprocessing.mean),
    );
    put(
        "clip.vision.image_std",
        colour(checkpoint.preprocessing.std),
    );
    let preprocessing =
        serde_json::to_string(&checkpoint.preprocessing).map_err(|cause| ClipError::Json {
            file: "preprocessing".into(),
            cause,
        })?;
    put("clip.preprocessing", Value::Text(preprocessing));
    put(
        "tokenizer.ggml.tokens",
        Value::Texts(tokenizer.vocabulary()),
    );
    put(
        "tokenizer.huggingface.json",
        Value::Text(checkpoint.tokenizer_json.clone()),
    );
    if let Some(hash) = &provenance.parent_sha256 {
        put("clip.parent.sha256", Value::Text(hash.clone()));
    }
    if let Some(recipe) = &provenance.recipe {
        put("clip.recipe", Value::Text(recipe.clone()));
    }
    if let Some(images) = &provenance.trained_on {
        put("clip.trained_on", Value::Text(images.clone()));
    }
    Ok(list)
}

/// The type a tensor gets in a file of type `wanted`.
///
/// One-dimensional tensors and position embeddings stay F32: they are small and every token
/// meets them. The patch embedding stays F16, the token embedding and the output projections at
/// least Q8_0: their error goes straight into every embedding. Rows that are not whole blocks
/// of the wanted type take Q8_0, else F16.
pub fn stored_type(name: &str, shape: &[usize], wanted: ElementType) -> ElementType {
    let row = shape.last().copied().unwrap_or(1);
    if shape.len() < 2 || name.contains("position_embedding") || wanted == ElementType::F32 {
        return ElementType::F32;
    }
    if wanted == ElementType::F16 || name.contains("patch_embedding") {
        return ElementType::F16;
    }
    let sensitive = name.contains("token_embedding") || name.contains("projection");
    let wanted = if sensitive { ElementType::Q8_0 } else { wanted };
    [wanted, ElementType::Q8_0]
        .into_iter()
        .find(|element| row % element.block_elements() == 0)
        .unwrap_or(ElementType::F16)
}

/// Writes a checkpoint as one GGUF file. `progress` is told the number of tensors done and of all.
///
/// Tensors already stored in the type they would get are copied as they are; others go through f32.
///
/// # Errors
/// What keeps the checkpoint from being read, or the sink's.
pub fn write_gguf(
    checkpoint: &Checkpoint,
    element: ElementType,
    provenance: &Provenance,
    sink: &mut dyn Write,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), ClipError> {
    let mut pieces = GgufPieces::new(checkpoint, element, provenance)?;
    let broken = |error| ClipError::io("the GGUF file being written", error);
    while let Some(piece) = pieces.next() {
        sink.write_all(&piece?).map_err(broken)?;
        let (done, all) = pieces.progress();
        progress(done, all);
    }
    sink.flush().map_err(broken)
}

pub(super) fn encode(
    stored: StoredTensor,
    shape: &[usize],
    target: ElementType,
) -> Result<Vec<u8>, ClipError> {
    match stored {
        StoredTensor::Blocks { element, bytes } if element == target => Ok(bytes),
        stored => {
            let values = stored.into_f32(shape)?;
            if target == ElementType::F32 {
                return Ok(values.iter().flat_map(|x| x.to_le_bytes()).collect());
            }
            let dtype = target
                .ggml()
                .ok_or_else(|| candle_core::Error::Msg(format!("{target} is no GGUF type")))?;
            let tensor = candle_core::Tensor::from_vec(values, shape, &candle_core::Device::Cpu)?;
            Ok(candle_core::quantized::QTensor::quantize(&tensor, dtype)?
                .data()?
                .into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_to_the_wanted_type() {
        use ElementType as E;
        let t = stored_type;
        assert_eq!(
            t(
                "text_model.encoder.layers.0.mlp.fc1.weight",
                &[2048, 512],
                E::Q4_K
            ),
            E::Q4_K
        );
        assert_eq!(
            t(
                "text_model.encoder.layers.0.mlp.fc1.weight",
                &[512, 128],
                E::Q4_K
            ),
            E::Q8_0
        );
        assert_eq!(
            t(
                "text_model.encoder.layers.0.mlp.fc1.weight",
                &[512, 20],
                E::Q4_0
            ),
            E::F16
        );
        assert_eq!(
            t("text_model.encoder.layers.0.mlp.fc1.bias", &[512], E::Q8_0),
            E::F32
        );
        assert_eq!(
            t(
                "text_model.embeddings.token_embedding.weight",
                &[1000, 512],
                E::Q4_0
            ),
            E::Q8_0
        );
        assert_eq!(
            t(
                "vision_model.embeddings.patch_embedding.weight",
                &[768, 3, 32, 32],
                E::Q8_0
            ),
            E::F16
        );
        assert_eq!(t("visual_projection.weight", &[512, 768], E::F16), E::F16);
        assert_eq!(t("visual_projection.weight", &[512, 768], E::F32), E::F32);
    }
}
