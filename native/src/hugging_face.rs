//! A checkpoint as a directory that Hugging Face's transformers loads unchanged.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::names::{LOGIT_SCALE, TensorSpec, tensor_specs};
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tokenizer::Tokenizer;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde_json::{Value, json};

use crate::output::write_whole;

/// Writes `config.json`, `preprocessor_config.json`, `tokenizer.json`, `tokenizer_config.json` and,
/// last, `model.safetensors` with f32 weights into `directory`, over what an earlier export left there.
///
/// Tensors are read one at a time. `progress` is told the number of tensors done and of all.
pub(crate) fn write_directory(
    directory: &Path,
    checkpoint: &Checkpoint,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<()> {
    write_form(
        directory,
        &checkpoint.config,
        &checkpoint.preprocessing,
        &checkpoint.tokenizer_json,
    )?;
    write_whole(&directory.join("model.safetensors"), |file| {
        write_weights(file, checkpoint, progress)
    })
}

/// Writes all files but the weights.
pub(crate) fn write_form(
    directory: &Path,
    config: &ClipConfig,
    preprocessing: &Preprocessing,
    tokenizer_json: &str,
) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let files = [
        (
            "config.json",
            pretty(&model_config(config, tokenizer_json)?),
        ),
        (
            "preprocessor_config.json",
            pretty(&preprocessing.to_hf_json()),
        ),
        ("tokenizer.json", tokenizer_json.to_owned()),
        ("tokenizer_config.json", pretty(&tokenizer_config(config))),
    ];
    for (name, contents) in files {
        write_whole(&directory.join(name), |file| {
            Ok(file.write_all(contents.as_bytes())?)
        })?;
    }
    Ok(())
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn model_config(config: &ClipConfig, tokenizer_json: &str) -> Result<Value> {
    let mut json = config.to_hf_json();
    // transformers' defaults are ids of OpenAI's vocabulary.
    let vocabulary = Tokenizer::from_json(tokenizer_json, &config.text)?.vocabulary();
    for (key, token) in [
        ("bos_token_id", "<|startoftext|>"),
        ("pad_token_id", "<|endoftext|>"),
    ] {
        if let Some(id) = vocabulary.iter().position(|known| known == token) {
            json["text_config"][key] = id.into();
        }
    }
    json["torch_dtype"] = "float32".into();
    Ok(json)
}

fn tokenizer_config(config: &ClipConfig) -> Value {
    json!({
        "tokenizer_class": "CLIPTokenizer",
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "do_lower_case": true,
        "model_max_length": config.text.context_length,
    })
}

/// Writes safetensors tensor by tensor: the crate's own writer wants all of them in memory.
fn write_weights(
    file: &mut dyn Write,
    checkpoint: &Checkpoint,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<()> {
    let specs = tensor_specs(&checkpoint.config);
    // transformers refuses a file that does not name its framework.
    let mut metadata = json!({"format": "pt"});
    if let Some(hash) = &checkpoint.provenance.parent_sha256 {
        metadata["parent_sha256"] = hash.as_str().into();
    }
    if let Some(recipe) = &checkpoint.provenance.recipe {
        metadata["recipe"] = recipe.as_str().into();
    }
    let mut header = json!({"__metadata__": metadata});
    let mut end = 0;
    let mut describe = |name: &str, shape: &[usize]| -> Result<()> {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header[name] = serde_json::to_value(TensorInfo {
            dtype: Dtype::F32,
            shape: shape.to_vec(),
            data_offsets: (start, end),
        })?;
        Ok(())
    };
    for TensorSpec { name, shape } in &specs {
        describe(name, shape)?;
    }
    if checkpoint.logit_scale.is_some() {
        describe(LOGIT_SCALE, &[])?;
    }
    let mut header = serde_json::to_vec(&header)?;
    // The format wants the data to begin at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for (done, TensorSpec { name, shape }) in specs.iter().enumerate() {
        let values = checkpoint.read(name, shape)?.into_f32(shape)?;
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        file.write_all(&bytes)?;
        progress(done + 1, specs.len());
    }
    if let Some(scale) = checkpoint.logit_scale {
        file.write_all(&scale.to_le_bytes())?;
    }
    Ok(())
}
