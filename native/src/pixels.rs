//! `cliprobe pixels`: what the image encoder sees of an image.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use cliprobe::clip::preprocessing::Preprocessing;
use rayon::prelude::*;
use safetensors::Dtype;

use crate::images;
use crate::model::{ImageArgs, ModelArgs};
use crate::tensor_file::{Tensor, write};

/// Write images as the image encoder receives them, to compare the preprocessing with that of other programs
///
/// Images that cannot be read are skipped and named; the exit code is then 3.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe pixels openai/clip-vit-base-patch32 photo.jpg --out pixels.safetensors")]
pub(crate) struct PixelsArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Images (PNG, JPEG, WebP, GIF), or directories with images in them
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// File to write: cropped_u8 [n, 3, h, w] (u8, after resize and crop) and pixel_values [n, 3, h, w] (f32, normalised)
    #[arg(long, value_name = "F.safetensors")]
    out: PathBuf,
    #[command(flatten)]
    image: ImageArgs,
}

pub(crate) fn run(args: &PixelsArgs) -> Result<ExitCode> {
    let checkpoint = args.model.open()?;
    let files = images::expand(&args.images)?;
    let preprocessing = &Preprocessing {
        exif: args.image.exif(),
        ..checkpoint.preprocessing.clone()
    };
    let results = files
        .par_iter()
        .map(|file| {
            let bytes = std::fs::read(file).context("cannot be read")?;
            Ok(preprocessing.decode_then(&bytes, |image| preprocessing.apply(&image))??)
        })
        .collect();
    let (kept, cropped, skipped) = images::keep_readable(images::names(&files), results)?;
    let side = checkpoint.config.vision.image_size;
    let shape = vec![kept.len(), 3, side, side];
    let values = cropped
        .iter()
        .flat_map(|c| c.pixel_values(preprocessing))
        .flat_map(f32::to_le_bytes)
        .collect();
    let samples = cropped.into_iter().flat_map(|c| c.data).collect();
    let metadata = [
        ("images", serde_json::to_string(&kept)?),
        ("preprocessing", preprocessing.summary()),
        ("skipped", serde_json::to_string(&skipped)?),
    ];
    write(
        &args.out,
        vec![
            Tensor {
                name: "cropped_u8",
                dtype: Dtype::U8,
                shape: shape.clone(),
                bytes: samples,
            },
            Tensor {
                name: "pixel_values",
                dtype: Dtype::F32,
                shape,
                bytes: values,
            },
        ],
        &metadata,
    )?;
    Ok(images::exit_code(&args.out, kept.len(), &skipped))
}
