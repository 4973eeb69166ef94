//! `cliprobe quantize`: any checkpoint as one GGUF file.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use clap::builder::PossibleValuesParser;
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::model_file::write_gguf;
use cliprobe::clip::tensors::ElementType;

use crate::model::ModelArgs;
use crate::output::write_whole;
use crate::{page_model, progress};

/// Write a checkpoint as one GGUF file, quantised or not, for the page and for this command
///
/// --type is the type of the weight matrices. Biases, layer norms and position embeddings stay F32, the patch
/// embedding is F16, and the token embedding and the output projections are at least Q8_0. A matrix becomes Q8_0 or
/// F16 if its rows cannot be divided into blocks of the type. `cliprobe convert` writes other forms.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe quantize openai/clip-vit-base-patch32 --type Q8_0 --out clip-q8.gguf")]
pub(crate) struct QuantizeArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Type of the weight matrices
    #[arg(long = "type", value_name = "TYPE", ignore_case = true,
          value_parser = PossibleValuesParser::new(ElementType::GGUF.map(ElementType::name)))]
    element: String,
    /// File to write
    #[arg(long, value_name = "F.gguf")]
    out: PathBuf,
    /// Name to give the model in the file [default: the checkpoint's]
    #[arg(long)]
    name: Option<String>,
    /// How the weights were made, in words; stored in the file [default: the checkpoint's own recipe]
    #[arg(long, value_name = "TEXT")]
    recipe: Option<String>,
    /// What kind of images the model has seen, to be kept in the file: drawings, photographs, or other words; the
    /// page warns where drawings are compared with a photo [default: what the checkpoint says]
    #[arg(long, value_name = "WORDS")]
    trained_on: Option<String>,
    /// Also write the two files that the page needs: an entry in models.json (size and hash), and F.golden.json (the
    /// embeddings with which the page compares its own)
    #[arg(long)]
    page: bool,
    /// What the model is, for the page's visitors [default: what models.json says of F.gguf already]
    #[arg(long, value_name = "SENTENCE", requires = "page")]
    about: Option<String>,
}

pub(crate) fn run(args: &QuantizeArgs) -> Result<()> {
    let element = ElementType::from_name(&args.element)
        .ok_or_else(|| anyhow!("there is no type {}", args.element))?;
    let mut checkpoint = args.model.open()?;
    if let Some(name) = &args.name {
        checkpoint.name = name.clone();
    }
    let mut provenance = checkpoint.provenance_of_child()?;
    if let Some(recipe) = &args.recipe {
        provenance.recipe = Some(recipe.clone());
    }
    if let Some(images) = &args.trained_on {
        provenance.trained_on = Some(images.clone());
    }
    let bar = progress::bar("Quantising", "tensors");
    write_whole(&args.out, |file| {
        Ok(write_gguf(
            &checkpoint,
            element,
            &provenance,
            file,
            &mut |done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            },
        )?)
    })?;
    bar.finish_and_clear();
    let written = Checkpoint::open(&args.out, &Overrides::default())?;
    if args.page {
        page_model::write_beside(&args.out, &written, args.about.as_deref())?;
    }
    let types: Vec<String> = written
        .tensor_types()
        .iter()
        .map(|(name, n)| format!("{n} × {name}"))
        .collect();
    let bytes = std::fs::metadata(&args.out)?.len();
    println!(
        "{}: {:.1} MB, {}",
        args.out.display(),
        bytes as f64 / 1e6,
        types.join(", ")
    );
    println!("sha256 {}", written.sha256()?);
    Ok(())
}
