//! `cliprobe inspect`: what a checkpoint is.

use anyhow::Result;
use clap::Args;
use cliprobe::clip::config::TextPooling;
use cliprobe::clip::error::shown;
use cliprobe::facade;
use serde_json::json;

use crate::model::ModelArgs;
use crate::output::print_json;

/// Show the architecture, activation, tensor types, preprocessing and origin of a checkpoint
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe inspect laion/CLIP-ViT-B-32-laion2B-s34B-b79K")]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let checkpoint = args.model.open()?;
    // A tokenizer that does not fit is found here and not at the first caption.
    let vocabulary = checkpoint.tokenizer()?.vocabulary().len();
    let config = &checkpoint.config;
    if args.json {
        let mut report = facade::description(&checkpoint, None)?;
        report["config"] = serde_json::to_value(config)?;
        report["preprocessing_config"] = serde_json::to_value(&checkpoint.preprocessing)?;
        report["parameters"] = json!(checkpoint.parameters());
        report["logit_scale"] = json!(checkpoint.logit_scale);
        report["tokenizer_vocabulary"] = json!(vocabulary);
        report["parent_sha256"] = json!(checkpoint.provenance.parent_sha256);
        report["text_cleaning"] = json!(checkpoint.text_cleaning);
        report["prefix"] = json!(checkpoint.prefix);
        report["recipe"] = json!(checkpoint.provenance.recipe);
        report["trained_on"] = json!(checkpoint.provenance.trained_on);
        return print_json(&report);
    }
    let (text, vision) = (&config.text, &config.vision);
    let pooling = match text.pooling {
        TextPooling::LargestId => "the largest id".to_owned(),
        TextPooling::FirstEos { eos_token_id } => format!("the first token {eos_token_id}"),
    };
    let types: Vec<String> = checkpoint
        .tensor_types()
        .iter()
        .map(|(name, n)| format!("{n} × {name}"))
        .collect();
    let tower = |t: &cliprobe::clip::config::TransformerConfig| {
        format!(
            "{} layers, width {}, {} heads, MLP {}, eps {}",
            t.layers, t.width, t.heads, t.mlp_width, t.layer_norm_eps
        )
    };
    let scale = checkpoint
        .logit_scale
        .map_or("not in the file".to_owned(), |s| {
            format!("{s} (ln; factor {:.2})", s.exp())
        });
    let prefix = match checkpoint.prefix.as_str() {
        "" => "no prefix before their names".to_owned(),
        prefix => format!("their names stand behind {}", shown(prefix)),
    };
    let rows = [
        ("name", checkpoint.name.clone()),
        ("format", checkpoint.format.to_string()),
        ("sha256", checkpoint.sha256()?),
        ("activation", config.activation.name().to_owned()),
        (
            "parameters",
            format!("{:.2} M", checkpoint.parameters() as f64 / 1e6),
        ),
        ("tensors", types.join(", ")),
        ("", prefix),
        ("embedding", format!("{} values", config.projection_dim)),
        ("logit scale", scale),
        ("text encoder", tower(&text.transformer)),
        (
            "",
            format!(
                "vocabulary {} ({vocabulary} used), context {}, pooled at {pooling}",
                text.vocab_size, text.context_length
            ),
        ),
        ("captions", checkpoint.text_cleaning.summary().to_owned()),
        ("image encoder", tower(&vision.transformer)),
        (
            "",
            format!(
                "{0} × {0} pixels, patches of {1} × {1}, {2} tokens",
                vision.image_size,
                vision.patch_size,
                vision.tokens()
            ),
        ),
        ("preprocessing", checkpoint.preprocessing.summary()),
        (
            "recipe",
            checkpoint
                .provenance
                .recipe
                .clone()
                .unwrap_or_else(|| "not in the file".into()),
        ),
        (
            "made from",
            checkpoint
                .provenance
                .parent_sha256
                .clone()
                .unwrap_or_else(|| "not in the file".into()),
        ),
    ];
    for (key, value) in rows {
        println!("{key:<14}{value}");
    }
    Ok(())
}
