//! `cliprobe convert`: a model in the form that another program reads.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::model_file::write_gguf;
use cliprobe::clip::tensors::ElementType;

use crate::model::ModelArgs;
use crate::model_directory::{self, Model, Readers};
use crate::output::write_whole;
use crate::progress;

/// Write a model in another form: a Hugging Face or OpenCLIP directory, or one GGUF file
///
/// Weights are written in f32. A quantised GGUF file therefore becomes larger, but not more exact. `cliprobe
/// quantize` writes GGUF files of smaller types.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cliprobe convert model.gguf --out my-clip
  cliprobe convert laion/CLIP-ViT-B-32-laion2B-s34B-b79K --out my-clip --format openclip")]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Directory to write; for the format gguf, the file
    #[arg(long, short, value_name = "DIR|F.gguf")]
    out: PathBuf,
    /// Format to write [default: gguf if the name of --out ends in .gguf, else hf]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A directory that transformers loads with CLIPModel.from_pretrained
    Hf,
    /// A directory that OpenCLIP loads as local-dir:DIR; transformers loads it too
    #[value(alias = "open_clip")]
    Openclip,
    /// One self-contained file for this command and its page
    Gguf,
}

pub(crate) fn run(args: &ConvertArgs) -> Result<()> {
    let is_gguf_name = args
        .out
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gguf"));
    let format = match args.format {
        Some(format) => format,
        None if is_gguf_name => Format::Gguf,
        None => Format::Hf,
    };
    ensure!(
        format == Format::Gguf || !args.out.is_file(),
        "{} is a file; name a directory with --out",
        args.out.display()
    );
    let checkpoint = args.model.open()?;
    if format == Format::Openclip {
        let side = u32::try_from(checkpoint.config.vision.image_size)?;
        if checkpoint.preprocessing.to_open_clip_json(side).is_none() {
            bail!(
                "OpenCLIP's configuration cannot express this model's preprocessing ({}); \
                 write it with --format hf",
                checkpoint.preprocessing.summary()
            );
        }
    }
    ensure!(
        !args.model.is_at(&args.out),
        "{} is the model to convert; name another place with --out",
        args.out.display()
    );
    let provenance = checkpoint.provenance_of_child()?;
    let bar = progress::bar("Converting", "tensors");
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    match format {
        Format::Gguf => write_whole(&args.out, |file| {
            Ok(write_gguf(
                &checkpoint,
                ElementType::F32,
                &provenance,
                file,
                &mut progress,
            )?)
        })?,
        Format::Hf | Format::Openclip => {
            let model = Model {
                config: &checkpoint.config,
                preprocessing: &checkpoint.preprocessing,
                tokenizer_json: &checkpoint.tokenizer_json,
                log_logit_scale: checkpoint.logit_scale,
                provenance: &provenance,
                read: &|name, shape| Ok(checkpoint.read(name, shape)?.into_f32(shape)?),
            };
            let readers = match format {
                Format::Openclip => Readers::TransformersAndOpenClip,
                _ => Readers::Transformers,
            };
            model_directory::write(&args.out, &model, readers, &mut progress)?;
        }
    }
    bar.finish_and_clear();
    let written = Checkpoint::open(&args.out, &Overrides::default())
        .with_context(|| format!("{}, just written", args.out.display()))?;
    println!("{}: {}", args.out.display(), written.format);
    println!("sha256 {}", written.sha256()?);
    Ok(())
}
