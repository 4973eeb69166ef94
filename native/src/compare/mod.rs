//! `cliprobe compare`: what changed between two models, item by item.

mod comparison;
mod comparisons;
mod html;
mod markdown;
mod notes;
mod pareto;
mod runs;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::output::write_text;
use comparisons::Comparisons;
use runs::{choose_baseline, read_runs};

/// Compare the results of several models on the same items
///
/// Every model is compared with the first model of the first file, or with --baseline. The report has paired
/// differences with 95 % intervals, exact McNemar tests with Holm's adjustment, the items that flipped, and what a
/// gain in compositionality costs in zero-shot classification and retrieval.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Result files of `cliprobe eval --json`
    #[arg(value_name = "RESULTS.json", required = true)]
    files: Vec<PathBuf>,
    /// The model that the others are compared with, by name or by the start of its SHA-256
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Write all results, with every flipped item, as JSON; - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a report as one HTML file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write tables as Markdown; - for standard output [default, if no file is named]
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// How many flipped items the report shows for each set, mark and direction
    #[arg(long, value_name = "N", default_value_t = 10)]
    flips: u16,
}

pub(crate) fn run(args: &CompareArgs) -> Result<ExitCode> {
    let runs = read_runs(&args.files)?;
    if runs.len() < 2 {
        bail!(
            "{} has one model only; name a second result file to compare it with",
            args.files[0].display()
        );
    }
    let baseline = choose_baseline(&runs, args.baseline.as_deref())?;
    let comparisons = Comparisons::new(&runs, baseline)?;
    let flips = usize::from(args.flips);
    if let Some(path) = &args.json {
        write_text(path, &serde_json::to_string(&comparisons)?)?;
    }
    if let Some(path) = &args.html {
        write_text(path, &html::report(&comparisons, flips))?;
    }
    if let Some(path) = &args.markdown {
        write_text(path, &markdown::report(&comparisons, flips))?;
    }
    if args.json.is_none() && args.html.is_none() && args.markdown.is_none() {
        println!("{}", markdown::report(&comparisons, flips));
    }
    Ok(ExitCode::SUCCESS)
}
