//! A checkpoint as one GGUF file.

use std::io::Write;

use crate::checkpoint::{Checkpoint, Provenance};
use crate::config::{Activation, TextPooling};
use crate::error::ClipError;
use crate::gguf::Value;
use crate::pieces::GgufPieces;
use crate::tensors::{ElementType, StoredTensor};
use crate::tokenizer::TextCleaning;

pub(crate) fn metadata_of(
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

pub(crate) fn encode(
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
