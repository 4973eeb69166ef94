//! `cliprobe world`: scenes of the synthetic world as files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cliprobe::world::{PageProbe, Picture, draw, sample_probe_for_page};
use rayon::prelude::*;
use serde_json::json;

use crate::output::write_whole;
use crate::progress;

/// Draw scenes of the synthetic world Tableau
#[derive(Debug, Args)]
pub(crate) struct WorldArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Sample(SampleArgs),
}

/// Write scenes as PNG files, with captions of known truth in captions.jsonl
///
/// Each line of captions.jsonl has the file's name, the seed, the scene, and its captions: text, kind,
/// and whether it holds. The page shows the same scene for the same seed.
#[derive(Debug, Args)]
struct SampleArgs {
    /// How many
    #[arg(value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Directory to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The first scene's seed; the others follow
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Width and height of the pictures
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(1..=1024))]
    size: u32,
}

pub(crate) fn run(args: &WorldArgs) -> Result<()> {
    let Action::Sample(args) = &args.action;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let bar = progress::bar("Drawing", "scenes");
    bar.set_length(args.count);
    let lines = (0..args.count)
        .into_par_iter()
        .map(|i| {
            let seed = args.seed.wrapping_add(i);
            let probe = sample_probe_for_page(seed);
            let file = format!("{seed}.png");
            write_picture(&args.out.join(&file), &probe, args.size)?;
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

fn write_picture(path: &Path, probe: &PageProbe, size: u32) -> Result<()> {
    let bytes = encode_png(&draw(&probe.scene, size)?)?;
    write_whole(path, |file| Ok(file.write_all(&bytes)?))
}

/// A picture as the bytes of a PNG file.
pub(crate) fn encode_png(picture: &Picture) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&picture.data)?;
    Ok(bytes)
}
