//! Writes a checkpoint of random weights in Hugging Face's form, to measure speed and memory with
//! a model of real size: `random_model ViT-B-32 TOKENIZER_DIR OUT_DIR`.
//!
//! The tokenizer's files are copied; any CLIP tokenizer whose vocabulary is no larger serves.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use cliprobe_clip::config::Activation;
use cliprobe_clip::names::{LOGIT_SCALE, tensor_specs};
use cliprobe_clip::{ClipConfig, architectures};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, tokenizer, out] = arguments.as_slice() else {
        return Err("usage: random_model ARCHITECTURE TOKENIZER_DIR OUT_DIR".into());
    };
    let json = architectures::open_clip_json(name)
        .ok_or_else(|| format!("{name} is none of {:?}", architectures::NAMES))?;
    let mut config = ClipConfig::from_open_clip_json(&json)?;
    config.activation = Activation::QuickGelu;

    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for spec in tensor_specs(&config) {
        let fan_in: usize = spec.shape.iter().skip(1).product();
        let constant = if spec.name.contains("norm") && spec.name.ends_with("weight") {
            1.0
        } else {
            0.0
        };
        // Uniform with the variance of a linear layer's usual initialisation.
        let reach = (3.0 / fan_in as f32).sqrt();
        let bytes = (0..spec.shape.iter().product::<usize>())
            .flat_map(|_| {
                let value = if spec.shape.len() < 2 {
                    constant
                } else {
                    rng.random_range(-reach..reach)
                };
                value.to_le_bytes()
            })
            .collect();
        tensors.insert(spec.name, (spec.shape, bytes));
    }
    tensors.insert(
        LOGIT_SCALE.into(),
        (vec![], 100f32.ln().to_le_bytes().to_vec()),
    );

    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    std::fs::write(
        out.join("config.json"),
        serde_json::to_string_pretty(&config.to_hf_json())?,
    )?;
    for file in ["tokenizer.json", "vocab.json", "merges.txt"] {
        let source = Path::new(tokenizer).join(file);
        if source.is_file() {
            std::fs::copy(source, out.join(file))?;
        }
    }
    let views: Vec<(&String, TensorView)> = tensors
        .iter()
        .map(|(name, (shape, bytes))| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<_, safetensors::SafeTensorError>>()?;
    safetensors::serialize_to_file(views, None, &out.join("model.safetensors"))?;
    println!("{}", out.display());
    Ok(())
}
