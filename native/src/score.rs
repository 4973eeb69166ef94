//! `cliprobe score`: an image and captions in, a ranking out.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::facade;
use cliprobe::score::{cosine, rank, softmax};
use serde_json::json;

use crate::model::{DeviceArgs, ImageArgs, ModelArgs};
use crate::output::print_json;
use crate::texts;

/// Rank captions for an image by their cosine similarity
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe score openai/clip-vit-base-patch32 --image cat.jpg \"a cat on a table\" \"a table on a cat\"")]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Image (PNG, JPEG, WebP, GIF)
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// Captions
    #[arg(value_name = "CAPTION", required_unless_present = "file")]
    captions: Vec<String>,
    /// Captions from a file: one a line, or a JSON array of strings; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "captions")]
    file: Option<PathBuf>,
    /// Also print probabilities: the softmax over these captions of cosine times logit scale (CLIP's logits)
    #[arg(long)]
    softmax: bool,
    #[command(flatten)]
    read: ImageArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ScoreArgs) -> Result<()> {
    let captions = match &args.file {
        Some(file) => texts::read(file)?,
        None => args.captions.clone(),
    };
    if captions.is_empty() {
        bail!("there are no captions in the file");
    }
    let file = std::fs::read(&args.image).with_context(|| args.image.display().to_string())?;
    let (checkpoint, clip) = args.model.load(args.device)?;
    let clip = clip.with_exif(args.read.exif());
    let prepared = clip
        .prepare(&file)
        .with_context(|| args.image.display().to_string())?;
    let image = pollster::block_on(clip.encode_prepared(std::slice::from_ref(&prepared)))?;
    let encoded = pollster::block_on(clip.encode_texts(&captions, &mut |_| {}))?;
    let cosines: Vec<f32> = encoded
        .embeddings
        .rows()
        .map(|row| cosine(image.row(0), row))
        .collect();
    let probabilities = match (args.softmax, clip.logit_scale()) {
        (false, _) => None,
        (true, Some(scale)) => Some(softmax(&cosines, scale)),
        (true, None) => {
            bail!("the checkpoint has no logit scale, so there is no softmax; leave --softmax out")
        }
    };
    let ranked = rank(&cosines);

    if args.json {
        let ranking: Vec<_> = ranked
            .iter()
            .map(|r| {
                let mut row = json!({
                    "caption": captions[r.index],
                    "cosine": r.cosine,
                    "margin": r.margin,
                    "truncated": encoded.truncated[r.index],
                });
                if let Some(probabilities) = &probabilities {
                    row["softmax"] = json!(probabilities[r.index]);
                }
                row
            })
            .collect();
        return print_json(&json!({
            "image": args.image.display().to_string(),
            "width": prepared.width,
            "height": prepared.height,
            "ranking": ranking,
            "model": facade::description(&checkpoint, Some(&clip))?,
        }));
    }
    println!(
        "  cosine   margin{}  caption",
        if args.softmax { "  softmax" } else { "" }
    );
    for r in ranked {
        let margin = r
            .margin
            .map_or("      –".to_owned(), |m| format!("{m:7.4}"));
        let probability = probabilities
            .as_ref()
            .map_or(String::new(), |p| format!("  {:7.4}", p[r.index]));
        let cut = if encoded.truncated[r.index] {
            "  (truncated: its end is beyond the context length)"
        } else {
            ""
        };
        println!(
            "{:8.4}  {margin}{probability}  {}{cut}",
            r.cosine, captions[r.index]
        );
    }
    println!(
        "{} ({}), {}",
        checkpoint.name,
        checkpoint.config.activation.name(),
        clip.engine()
    );
    Ok(())
}
