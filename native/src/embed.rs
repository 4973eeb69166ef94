//! `cliprobe embed`: embeddings of images and captions, for any other tool.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::engine::Embeddings;
use cliprobe::facade::{self, Clip, Distinct, PreparedImage, prepare};
use indicatif::ProgressBar;
use rayon::prelude::*;
use safetensors::Dtype;
use sha2::{Digest, Sha256};

use crate::model::{DeviceArgs, ImageArgs, ModelArgs};
use crate::tensor_file::{Tensor, write};
use crate::{images, progress, texts};

/// Compute the embeddings of images and captions
///
/// Writes a safetensors file with image_embeds and text_embeds: f32, one row of length 1 for each image or caption.
/// The metadata has three JSON arrays: `images` (file names) and `texts`, in the order of the rows, and `skipped`
/// (images that could not be read, and why). The exit code is 3 if images were skipped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cliprobe embed openai/clip-vit-base-patch32 --images photos --out photos.safetensors
  cliprobe embed model.gguf --texts captions.txt --out captions.safetensors")]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct EmbedArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Images (PNG, JPEG, WebP, GIF), or directories with images in them
    #[arg(long, value_name = "PATH", num_args = 1.., group = "what")]
    images: Vec<PathBuf>,
    /// Captions: one a line, or a JSON array of strings; - for standard input
    #[arg(long, value_name = "FILE", group = "what")]
    texts: Option<PathBuf>,
    /// File to write
    #[arg(long, value_name = "F.safetensors")]
    out: PathBuf,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
}

pub(crate) fn run(args: &EmbedArgs) -> Result<ExitCode> {
    // Everything that can be wrong with the arguments, before minutes of computing.
    let texts = args.texts.as_deref().map(texts::read).transpose()?;
    if texts.as_ref().is_some_and(Vec::is_empty) {
        bail!("there are no texts in the file");
    }
    let files = images::expand(&args.images)?;
    let (checkpoint, clip) = args.model.load(args.device)?;
    let clip = clip.with_exif(args.image.exif());

    let mut tensors = Vec::new();
    let mut metadata = vec![(
        "model",
        facade::description(&checkpoint, Some(&clip))?.to_string(),
    )];
    let (mut kept, mut skipped) = (Vec::new(), Vec::new());
    if !files.is_empty() {
        let bar = progress::bar("Images", "images");
        bar.set_length(files.len() as u64);
        let images = embed_images(&clip, &files, usize::from(args.batch), &bar)?;
        bar.finish_and_clear();
        let rows;
        (kept, rows, skipped) = images::keep_readable(images::names(&files), images)?;
        metadata.push(("images", serde_json::to_string(&kept)?));
        tensors.push(tensor(
            "image_embeds",
            kept.len(),
            &Embeddings {
                dim: clip.config().projection_dim,
                values: rows.concat(),
            },
        ));
    }
    if let Some(texts) = texts {
        let bar = progress::bar("Texts", "texts");
        bar.set_length(texts.len() as u64);
        let encoded = pollster::block_on(
            clip.encode_texts(&texts, &mut |done| bar.set_position(done as u64)),
        )?;
        bar.finish_and_clear();
        let cut = encoded.truncated.iter().filter(|&&t| t).count();
        if cut > 0 {
            eprintln!(
                "{cut} of {} texts are longer than the context and were cut",
                texts.len()
            );
        }
        metadata.push(("texts", serde_json::to_string(&texts)?));
        metadata.push(("truncated", serde_json::to_string(&encoded.truncated)?));
        tensors.push(tensor("text_embeds", texts.len(), &encoded.embeddings));
    }
    metadata.push(("skipped", serde_json::to_string(&skipped)?));
    write(&args.out, tensors, &metadata)?;
    Ok(images::exit_code(&args.out, kept.len(), &skipped))
}

fn tensor(name: &'static str, rows: usize, embeddings: &Embeddings) -> Tensor {
    Tensor {
        name,
        dtype: Dtype::F32,
        shape: vec![rows, embeddings.dim],
        bytes: embeddings
            .values
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect(),
    }
}

/// Embeds files, each distinct content once. The outer error is the engine's, the inner ones the files'.
fn embed_images(
    clip: &Clip,
    files: &[PathBuf],
    batch: usize,
    bar: &ProgressBar,
) -> Result<Vec<Result<Vec<f32>>>> {
    let mut known: HashMap<[u8; 32], Vec<f32>> = HashMap::new();
    let mut rows: Vec<Result<Vec<f32>>> = Vec::with_capacity(files.len());
    for chunk in files.chunks(batch) {
        let read: Vec<Result<([u8; 32], Vec<u8>)>> =
            chunk.par_iter().map(|file| read_hashed(file)).collect();
        let readable: Vec<&([u8; 32], Vec<u8>)> = read.iter().flatten().collect();
        let distinct = Distinct::of(readable.iter().map(|(hash, _)| hash));
        let fresh: Vec<&([u8; 32], Vec<u8>)> = distinct
            .firsts
            .iter()
            .map(|&i| readable[i])
            .filter(|(hash, _)| !known.contains_key(hash))
            .collect();
        let preprocessing = clip.preprocessing();
        let prepared: Vec<Result<PreparedImage>> = fresh
            .par_iter()
            .map(|(_, bytes)| Ok(prepare(bytes, preprocessing)?))
            .collect();
        let mut failures: HashMap<[u8; 32], String> = HashMap::new();
        let (mut hashes, mut batch) = (Vec::new(), Vec::new());
        for ((hash, _), prepared) in fresh.into_iter().zip(prepared) {
            match prepared {
                Ok(image) => {
                    hashes.push(*hash);
                    batch.push(image);
                }
                Err(error) => {
                    failures.insert(*hash, error.to_string());
                }
            }
        }
        let encoded = pollster::block_on(clip.encode_prepared(&batch))?;
        known.extend(hashes.into_iter().zip(encoded.rows().map(<[f32]>::to_vec)));
        for file in read {
            rows.push(file.and_then(|(hash, _)| match known.get(&hash) {
                Some(row) => Ok(row.clone()),
                None => Err(anyhow::Error::msg(
                    failures.get(&hash).cloned().unwrap_or_default(),
                )),
            }));
        }
        bar.inc(chunk.len() as u64);
    }
    Ok(rows)
}

fn read_hashed(file: &Path) -> Result<([u8; 32], Vec<u8>)> {
    let bytes = std::fs::read(file).context("cannot be read")?;
    Ok((Sha256::digest(&bytes).into(), bytes))
}
