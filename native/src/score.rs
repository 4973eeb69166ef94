//! `cliprobe score`: an image and captions in, a ranking out; or the question of a link, asked again.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::clip::image::Exif;
use cliprobe::facade;
use cliprobe::score::{cosine, rank, softmax};
use serde_json::json;

use crate::model::{DeviceArgs, ImageArgs, OverrideArgs, load};
use crate::output::print_json;
use crate::replay::Replay;
use crate::texts;

/// Rank captions for an image by their cosine similarity
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cliprobe score openai/clip-vit-base-patch32 --image cat.jpg \"a cat on a table\" \"a table on a cat\"
  cliprobe score --link 'https://…/#v=3&scene=7&…'      # a link of the page: are the numbers the same here?
  cliprobe score my.gguf --link question.cliprobe.json  # a question that the page saved, of another model")]
pub(crate) struct ScoreArgs {
    /// Checkpoint: a Hugging Face or OpenCLIP directory, a GGUF file, a state dict, or the name of a model on the
    /// Hugging Face hub [default with --link: the page's model that the link was made with]
    #[arg(value_name = "MODEL", required_unless_present = "link")]
    model: Option<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Image (PNG, JPEG, WebP, GIF)
    #[arg(long, value_name = "FILE", required_unless_present = "link")]
    image: Option<PathBuf>,
    /// Captions
    #[arg(value_name = "CAPTION", required_unless_present_any = ["file", "link"])]
    captions: Vec<String>,
    /// Captions from a file: one a line, or a JSON array of strings; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "captions")]
    file: Option<PathBuf>,
    /// Repeat the question of a link from the page, or of a .cliprobe.json file. If it has numbers, each is compared,
    /// with a tolerance of 2e-5 (on the CPU; 1e-4 for each side that ran on a GPU). The exit code is 1 if one differs
    #[arg(long, value_name = "URL|FILE", conflicts_with_all = ["captions", "file", "softmax"])]
    link: Option<String>,
    /// Folder with the page's models and their list; the model of a link is found there by its SHA-256
    #[arg(long, value_name = "DIR", default_value = "models", requires = "link")]
    models: PathBuf,
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
    if let Some(source) = &args.link {
        if args.read.exif() == Exif::Ignore {
            bail!("--no-exif does not go with --link: the page turns every image upright");
        }
        return Replay {
            source,
            model: args.model.as_deref(),
            overrides: &args.overrides,
            models: &args.models,
            image: args.image.as_deref(),
            device: args.device,
            json: args.json,
        }
        .run();
    }
    let (Some(model), Some(image)) = (&args.model, &args.image) else {
        bail!("give a model and an image, or a link with --link"); // clap asks for them before
    };
    rank_image(args, model, image)
}

fn rank_image(args: &ScoreArgs, model: &Path, image_file: &Path) -> Result<()> {
    let captions = match &args.file {
        Some(file) => texts::read(file)?,
        None => args.captions.clone(),
    };
    if captions.is_empty() {
        bail!("there are no captions in the file");
    }
    let file = std::fs::read(image_file).with_context(|| image_file.display().to_string())?;
    let checkpoint = Rc::new(args.overrides.open(model)?);
    let clip = load(&checkpoint, args.device)?.with_exif(args.read.exif());
    let prepared = clip
        .prepare(&file)
        .with_context(|| image_file.display().to_string())?;
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
            "image": image_file.display().to_string(),
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
