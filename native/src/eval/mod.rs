//! `cliprobe eval`: benchmarks in, the authors' metrics out.

mod clip_benchmark;
mod embeddings_file;
mod gallery;
mod html;
mod names;
mod report;
mod thumbnails;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cliprobe::probe::published;
use cliprobe::probe::results::Results;

use crate::bench::{Bench, BenchArgs};
use crate::model::OverrideArgs;
use crate::output::write_text;
use thumbnails::Thumbnails;

/// Run benchmarks and report the metrics that their authors define
///
/// BENCH is a benchmark (tableau, sugarcrepe, sugarcrepe++, aro, svo, winoground, hard-positives, hierarcaps,
/// retrieval, bivlc, colorswap, cola, naturalbench, mmvp-vlm, vismin, eqben, coco-counterfactuals, whatsup,
/// valse, negbench, spec, crepe, vl-checklist), one of its sets (sugarcrepe/swap_obj, tableau/swap_attribute), or a path: a probe file
/// (.json, or - for standard input), a retrieval table (.csv, .tsv, .txt), or a folder of class folders or of
/// CLIP_benchmark's webdataset shards. If a folder has train and test, the test split is used.
/// Every image and caption is embedded once and stored in a cache. A run that was stopped continues when it
/// is started again.
#[derive(Debug, Args)]
// Options take several values each, so that what is asked comes before them.
#[command(override_usage = "cliprobe eval <BENCH>... --model <MODEL>... [OPTIONS]")]
pub(crate) struct EvalArgs {
    /// Benchmarks, sets, probe files or folders to run
    #[arg(value_name = "BENCH", required = true)]
    benchmarks: Vec<String>,
    #[command(flatten)]
    bench: BenchArgs,
    /// Checkpoints: Hugging Face or OpenCLIP directories, GGUF files, state dicts, or names of the hub's
    #[arg(
        long = "model",
        value_name = "MODEL",
        num_args = 1..,
        required_unless_present_any = ["embeddings", "dry_run"]
    )]
    models: Vec<PathBuf>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Embeddings from a file instead of a model: image_embeds and text_embeds with their names as
    /// `cliprobe embed` writes them; HierarCaps also needs the empty text
    #[arg(long, value_name = "F.safetensors", conflicts_with = "models")]
    embeddings: Option<PathBuf>,
    /// Run nothing; list the files that are found and missing, and where to get the missing ones
    #[arg(long)]
    dry_run: bool,
    /// Write all results, with the answer to every item, as JSON; - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table as CSV; - for standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a report as one HTML file, with charts, failures and published numbers
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How many failures of each set the report shows
    #[arg(long, value_name = "N", default_value_t = 6)]
    failures: u16,
    /// Add a column with published numbers; with part of a name, as in --published=NegCLIP, those of that model
    #[arg(
        long,
        value_name = "MODEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "CLIP ViT-B/32"
    )]
    published: Option<String>,
    /// Write CLIP_benchmark's JSON files into a folder, one for each model and set
    #[arg(long, value_name = "DIR")]
    clip_benchmark: Option<PathBuf>,
}

/// The exit code of a run in which some items or sets have no answer; they are named.
const SOME_MISSING: u8 = 3;

pub(crate) fn run(args: &EvalArgs) -> Result<ExitCode> {
    // Everything that can be wrong with the questions, before minutes of computing.
    let beside = args.published.as_deref().map(|part| {
        published::model_named(part).with_context(|| {
            let known: Vec<&str> = published::models().into_iter().collect();
            format!(
                "no published model has {part} in its name; choose one of {}",
                known.join("; ")
            )
        })
    });
    let beside = beside.transpose()?;
    let bench = Bench::read(&args.benchmarks, &args.bench)?;
    if args.dry_run {
        report::print_dry_run(&bench.questions, &bench.files, &bench.notes());
        return Ok(exit_code(!bench.questions.absent.is_empty()));
    }
    bench.check()?;
    for path in [&args.json, &args.csv, &args.html].into_iter().flatten() {
        check_target(path)?;
    }
    if let Some(folder) = &args.clip_benchmark {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }

    let mut runs = Vec::new();
    if let Some(path) = &args.embeddings {
        let given = embeddings_file::read(path)?;
        let description = given.description.clone();
        runs.push(bench.score(|set| given.rows(set), description)?);
    }
    for path in &args.models {
        runs.push(bench.ask(&Rc::new(args.overrides.open(path)?))?);
    }
    names::tell_apart(&mut runs, &args.models);
    let questions = &bench.questions;
    let results = Results::new(runs, questions.absent.clone());

    // Shown before any file is written: whatever happens to a file, the numbers are there.
    let to_standard_output = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    if ![&args.json, &args.csv, &args.html]
        .into_iter()
        .any(to_standard_output)
    {
        report::print(&results, beside);
    }
    let mut written = Vec::new();
    if let Some(path) = &args.json {
        let text = serde_json::to_string(&results)?;
        written.push(write_text(path, &text));
    }
    if let Some(path) = &args.csv {
        written.push(write_text(path, &results.to_csv()));
    }
    if let Some(path) = &args.html {
        let thumbnails = Thumbnails::new(
            &bench.files,
            args.bench.image.exif(),
            args.bench.unletterbox,
        );
        let failures = usize::from(args.failures);
        let page = html::report(&results, &questions.asked, &thumbnails, failures);
        written.push(write_text(path, &page));
    }
    if let Some(folder) = &args.clip_benchmark {
        written.push(clip_benchmark::write(folder, &results));
    }
    written.into_iter().collect::<Result<()>>()?;
    Ok(exit_code(results.is_incomplete()))
}

fn exit_code(some_missing: bool) -> ExitCode {
    if some_missing {
        ExitCode::from(SOME_MISSING)
    } else {
        ExitCode::SUCCESS
    }
}

/// Whether a result can be written there, before hours of computing.
fn check_target(path: &Path) -> Result<()> {
    if path == Path::new("-") {
        return Ok(());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    ensure!(
        folder.is_dir(),
        "{} cannot be written: there is no folder {}; make it first",
        path.display(),
        folder.display()
    );
    ensure!(
        !path.is_dir(),
        "{} is a folder; name a file in it",
        path.display()
    );
    tempfile::NamedTempFile::new_in(folder)
        .map(drop)
        .with_context(|| format!("{} cannot be written", path.display()))
}
