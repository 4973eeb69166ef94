//! transformers' side: its configurations, the tokenizer and the canonical names.

use anyhow::Result;
use cliprobe_clip::config::ClipConfig;
use cliprobe_clip::names::{LOGIT_SCALE, tensor_specs};
use cliprobe_clip::tokenizer::Tokenizer;
use serde_json::{Value, json};

use super::weights_file::{FileTensor, Parts};
use super::{Model, pretty};

/// Name and text of all files but the weights.
pub(super) fn files(model: &Model) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        (
            "config.json",
            pretty(&model_config(model.config, model.tokenizer_json)?),
        ),
        (
            "preprocessor_config.json",
            pretty(&model.preprocessing.to_hf_json()),
        ),
        ("tokenizer.json", model.tokenizer_json.to_owned()),
        (
            "tokenizer_config.json",
            pretty(&tokenizer_config(model.config)),
        ),
    ])
}

/// Every tensor under its canonical name, which is transformers'.
pub(super) fn tensors(model: &Model) -> Vec<FileTensor> {
    let towers = tensor_specs(model.config)
        .into_iter()
        .map(|spec| FileTensor {
            name: spec.name.clone(),
            parts: Parts::Stacked(vec![spec]),
        });
    let scale = model.log_logit_scale.map(|scale| FileTensor {
        name: LOGIT_SCALE.to_owned(),
        parts: Parts::LogitScale(scale),
    });
    towers.chain(scale).collect()
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
