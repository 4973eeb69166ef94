//! `cliprobe world sample`: scenes as images, with captions to rank.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use cliprobe::world::{PageProbe, draw, sample_probe_for_page};
use rayon::prelude::*;
use serde_json::json;

use super::encode_png;
use crate::output::write_whole;
use crate::progress;

/// Write scenes as PNG files, with captions of known truth in captions.jsonl
///
/// Each line of captions.jsonl has the name of the image file, the seed, the scene, and its captions; a caption has a
/// text, a kind, and whether it is true. The page shows the same scene for the same seed.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  cliprobe world sample 20 --out scenes --seed 7")]
pub(super) struct SampleArgs {
    /// How many scenes
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Directory to write into; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of the first scene; the following scenes have the following numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Width and height of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(1..=1024))]
    size: u32,
}

pub(super) fn run(args: &SampleArgs) -> Result<()> {
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let bar = progress::bar("Drawing", "scenes");
    bar.set_length(args.count);
    let lines = (0..args.count)
        .into_par_iter()
        .map(|i| {
            let seed = args.seed.wrapping_add(i);
            let probe = sample_probe_for_page(seed);
            let file = format!("{seed}.png");
            write_image(&args.out.join(&file), &probe, args.size)?;
            bar.inc(1);
            Ok(json!({"file": file, "seed": seed, "scene": probe.scene, "captions": probe.captions}).to_string())
        })
        .collect::<Result<Vec<String>>>()?;
    bar.finish_and_clear();
    let captions = args.out.join("captions.jsonl");
    write_whole(&captions, |file| {
        lines
            .iter()
            .try_for_each(|line| Ok(writeln!(file, "{line}")?))
    })?;
    println!("{} scenes in {}", args.count, args.out.display());
    Ok(())
}

fn write_image(path: &Path, probe: &PageProbe, size: u32) -> Result<()> {
    let bytes = encode_png(&draw(&probe.scene, size)?)?;
    write_whole(path, |file| Ok(file.write_all(&bytes)?))
}
