//! `cliprobe hierarchy`: the way from the root to an image over candidate texts, and the map of them.

mod candidates;
mod measure;
mod report;
mod table;

use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use clap::Args;
use cliprobe::clip::image::decode_then;
use serde_json::json;

use crate::html::Thumbnail;
use crate::model::{DeviceArgs, ImageArgs, OverrideArgs, load};
use crate::output::{print_json, write_text};
use candidates::Candidates;
use measure::{Measured, measure};

/// Find the candidate texts between the root (the embedding of the empty text) and an image
///
/// There are two traversals. The first takes --levels growing balls around the root, and in each the candidate that
/// is most similar to the image; the radius is the Euclidean distance (as in HierarCaps' evaluation) or 1 − cosine (as
/// in its qualitative chains). The second follows the straight line from the image to the root (MERU). The HTML file has
/// a radial map with the same directions as the page's.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cliprobe hierarchy models/default.gguf --image scene.png --candidates tableau
  cliprobe hierarchy openai/clip-vit-base-patch32 --image cat.jpg --candidates texts.txt --html cat.html
  cliprobe hierarchy base.gguf --against tuned.gguf --image 000000001.jpg --candidates hierarcaps_test.csv")]
pub(crate) struct HierarchyArgs {
    /// Checkpoint: a Hugging Face or OpenCLIP directory, a GGUF file, a state dict, or the name of a model on the
    /// Hugging Face hub
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A second checkpoint, shown beside the first
    #[arg(long, value_name = "MODEL")]
    against: Option<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Image (PNG, JPEG, WebP, GIF)
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
    /// Candidate texts: one a line, a JSON array of strings, or HierarCaps' hierarcaps_test.csv, whose row with this
    /// image's file name is then the ground truth; the word tableau takes the chains of 100 scenes of Tableau
    #[arg(long, value_name = "FILE|tableau")]
    candidates: PathBuf,
    /// Id of the image's row in HierarCaps' table [default: the row with the image's file name]
    #[arg(long, value_name = "ID")]
    row: Option<String>,
    /// Number of balls around the root, and of points on the straight line
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..=500))]
    levels: u16,
    #[command(flatten)]
    read: ImageArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Write a page with the radial map; - for standard output
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Print JSON, with every candidate's place on the map
    #[arg(long)]
    json: bool,
}

/// The question, for one model or several.
struct Question<'a> {
    image: String,
    candidates: &'a Candidates,
    levels: usize,
    /// The row's key, and its tiers.
    truth: Option<(&'a str, &'a [String])>,
}

pub(crate) fn run(args: &HierarchyArgs) -> Result<()> {
    // Everything that can be wrong with the files, before the models are loaded.
    let candidates = Candidates::read(&args.candidates)?;
    let question = Question {
        image: args.image.display().to_string(),
        truth: candidates.truth(&args.image, args.row.as_deref())?,
        candidates: &candidates,
        levels: usize::from(args.levels),
    };
    let file = std::fs::read(&args.image).with_context(|| question.image.clone())?;
    let decoded = decode_then(&file, args.read.exif(), |image| image)
        .with_context(|| question.image.clone())?;
    let mut answers: Vec<Measured> = Vec::new();
    for path in [Some(&args.model), args.against.as_ref()]
        .into_iter()
        .flatten()
    {
        let checkpoint = Rc::new(args.overrides.open(path)?);
        let clip = load(&checkpoint, args.device)?.with_exif(args.read.exif());
        let image = clip
            .prepare(&file)
            .with_context(|| question.image.clone())?;
        let truth = question.truth.map(|(_, tiers)| tiers);
        answers.push(measure(
            &checkpoint,
            &clip,
            &image,
            &candidates.texts,
            truth,
            question.levels,
        )?);
    }
    tell_apart(&mut answers, args);
    if let Some(out) = &args.html {
        let thumbnail = Thumbnail::of(&decoded)?;
        write_text(out, &report::report(&question, &answers, &thumbnail))?;
    }
    if args.json {
        return print_json(&json!({
            "image": question.image,
            "candidates": { "source": candidates.source, "texts": candidates.texts.len() },
            "levels": question.levels,
            "truth": question.truth.map(|(row, tiers)| json!({ "row": row, "tiers": tiers })),
            "models": answers,
        }));
    }
    if args.html.as_deref() != Some(std::path::Path::new("-")) {
        table::print(&question, &answers);
    }
    Ok(())
}

/// Models that have the same name are told apart by their paths.
fn tell_apart(answers: &mut [Measured], args: &HierarchyArgs) {
    if let ([a, b], Some(against)) = (answers, &args.against)
        && a.name == b.name
    {
        a.name = args.model.display().to_string();
        b.name = against.display().to_string();
    }
}
