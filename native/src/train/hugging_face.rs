//! The result of a run, as a directory that Hugging Face's transformers loads unchanged.

use std::path::Path;

use anyhow::{Context, Result};
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::preprocessing::{CLIP_MEAN, CLIP_STD};
use serde_json::{Value, json};

use super::checkpoint::model_file;
use super::vocabulary::Vocabulary;
use super::weights::Weights;
use crate::output::write_whole;

/// Writes `config.json`, `model.safetensors`, `preprocessor_config.json`, `tokenizer.json` and
/// `tokenizer_config.json` into `directory`, over what an earlier export left there.
pub(crate) fn write_directory(
    directory: &Path,
    config: &ClipConfig,
    vocabulary: &Vocabulary,
    weights: &Weights,
) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let files = [
        ("config.json", pretty(&model_config(config))),
        ("model.safetensors", model_file(weights)?),
        ("preprocessor_config.json", pretty(&preprocessor(config))),
        ("tokenizer.json", vocabulary.json.clone().into_bytes()),
        ("tokenizer_config.json", pretty(&tokenizer(config))),
    ];
    for (name, contents) in files {
        write_whole(&directory.join(name), |file| Ok(file.write_all(&contents)?))?;
    }
    Ok(())
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

fn model_config(config: &ClipConfig) -> Value {
    let mut json = config.to_hf_json();
    // transformers' defaults are ids of OpenAI's vocabulary, which this one does not have.
    json["text_config"]["bos_token_id"] = (config.text.vocab_size - 2).into();
    json["text_config"]["pad_token_id"] = (config.text.vocab_size - 1).into();
    json["torch_dtype"] = "float32".into();
    json
}

/// CLIP's preprocessing at the model's own size.
fn preprocessor(config: &ClipConfig) -> Value {
    let size = config.vision.image_size;
    json!({
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": true,
        "do_resize": true,
        "size": {"shortest_edge": size},
        "resample": 3,
        "do_center_crop": true,
        "crop_size": {"height": size, "width": size},
        "do_rescale": true,
        "rescale_factor": 1.0 / 255.0,
        "do_normalize": true,
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
    })
}

fn tokenizer(config: &ClipConfig) -> Value {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::clip::Checkpoint;
    use cliprobe::clip::checkpoint::Overrides;
    use cliprobe::clip::preprocessing::Preprocessing;

    use super::*;
    use crate::train::data;
    use crate::train::recipe::Recipe;

    #[test]
    fn the_directory_opens_as_the_model_that_was_trained() {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let vocabulary = data::vocabulary(recipe.model.text.vocabulary).unwrap();
        let config = recipe.clip_config(vocabulary.size).unwrap();
        let weights = Weights::initialise(&config, 3).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write_directory(directory.path(), &config, &vocabulary, &weights).unwrap();

        let checkpoint = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
        assert_eq!(checkpoint.config, config);
        assert_eq!(checkpoint.preprocessing, Preprocessing::clip_default(32));
        assert_eq!(checkpoint.tokenizer_json, vocabulary.json);
        checkpoint.tokenizer().unwrap();
        let scale = weights.log_scale().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(checkpoint.logit_scale, Some(scale));
        for (name, variable) in weights.iter().filter(|(_, v)| v.rank() > 0) {
            let shape = variable.dims();
            let stored = checkpoint.read(name, shape).unwrap();
            let values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
            assert!(stored.into_f32(shape).unwrap() == values, "{name}");
        }
    }
}
