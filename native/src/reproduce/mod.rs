//! `cliprobe reproduce`: the standing experiment. What the recipes of the literature gain and lose,
//! in a world whose truth is known.

mod arms;
mod findings;
mod measures;
mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use cliprobe::probe::results::Results;

use crate::output::write_text;
use arms::{ArmName, Folder};
use measures::{Combinations, MEASURES};
use report::Seed;

/// Train, patch and evaluate the models of the papers on Tableau, and say which claims hold
///
/// Makes six models for each seed: a contrastive one on web-like captions; from it one on dense captions, one with
/// hard negatives, and one with hard positives as well; a patched one; and one with radial embeddings. `cliprobe
/// train`, `patch` and `eval` do the work, and their command lines are printed. After Ctrl-C, the same command
/// continues.
#[derive(Debug, clap::Args)]
pub(crate) struct ReproduceArgs {
    /// Directory for models, results and the report
    #[arg(long, value_name = "DIR", default_value = "runs/experiment")]
    out: PathBuf,
    /// Number of seeds; each has its own initial weights and scenes
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Factor by which the steps of every training are multiplied
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    scale: f64,
    /// Number of items of each of Tableau's sets
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..))]
    items: u32,
    /// Also evaluate the patched models at α = 0, 0.1 … 1
    #[arg(long)]
    sweep: bool,
    /// Threads to train with [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Stop once this model is made, without an evaluation
    #[arg(long, value_name = "ARM")]
    until: Option<String>,
    /// Run nothing; print the command lines
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(args: &ReproduceArgs) -> Result<ExitCode> {
    ensure!(
        args.scale.is_finite() && args.scale > 0.0,
        "--scale {} is not positive",
        args.scale
    );
    let last = args.until.as_deref().map(arm_named).transpose()?;
    let mut seeds = Vec::new();
    for seed in 1..=args.seeds {
        let folder = Folder::new(&args.out, seed);
        for arm in ArmName::ALL {
            let missing = if folder.has(arm) {
                Vec::new()
            } else {
                folder.commands(arm, args.scale)?
            };
            for mut command in missing {
                if let (Some(threads), "train") = (args.threads, command[0].as_str()) {
                    command.extend(["--threads".to_owned(), threads.to_string()]);
                }
                execute(&command, args.dry_run)?;
            }
            if last == Some(arm) {
                break;
            }
        }
        if last.is_none() {
            let results = folder.path().join(format!("results-{}.json", args.items));
            if !results.exists() {
                execute(&evaluation(&folder, args.items, &results), args.dry_run)?;
            }
            if args.sweep {
                let sweep = folder.path().join(format!("sweep-{}.json", args.items));
                if !sweep.exists() {
                    execute(&alpha_sweep(&folder, args.items, &sweep), args.dry_run)?;
                }
            }
            if !args.dry_run {
                seeds.push(read_seed(seed, &results)?);
            }
        }
    }
    if !seeds.is_empty() {
        let path = args.out.join("report.md");
        write_text(&path, &report::markdown(&seeds, args.items, args.scale)?)?;
        eprintln!("The report is {}.", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn arm_named(word: &str) -> Result<ArmName> {
    let found = ArmName::ALL.into_iter().find(|arm| arm.word() == word);
    found.with_context(|| {
        let known = ArmName::ALL.map(ArmName::word).join(", ");
        format!("--until {word} is none of the models: {known}")
    })
}

/// Prints a command line and, unless it is only to be shown, runs it to its end with this program.
fn execute(arguments: &[String], only_show: bool) -> Result<()> {
    eprintln!("$ cliprobe {}", arguments.join(" "));
    if only_show {
        return Ok(());
    }
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let status = Command::new(program)
        .args(arguments)
        .status()
        .context("cannot start this program again")?;
    if !status.success() {
        bail!(
            "`cliprobe {}` ended with {status}; mend what its message says, then run the same `reproduce` command again to continue",
            arguments[0]
        );
    }
    Ok(())
}

/// Every set of every measure.
fn sets() -> Vec<String> {
    let mut sets = Vec::new();
    for combinations in [Combinations::Seen, Combinations::HeldOut] {
        for kind in MEASURES.iter().flat_map(|measure| measure.kinds) {
            let set = combinations.set(kind);
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
    }
    sets
}

fn evaluation(folder: &Folder, items: u32, results: &Path) -> Vec<String> {
    let mut command = vec!["eval".to_owned()];
    command.extend(sets());
    command.extend(["--tableau-items".to_owned(), items.to_string()]);
    command.extend(["--json".to_owned(), results.display().to_string()]);
    command.push("--model".to_owned());
    command.extend(ArmName::ALL.map(|arm| folder.model(arm).display().to_string()));
    command
}

/// The results of the patched models between the first and the last training step.
fn alpha_sweep(folder: &Folder, items: u32, json: &Path) -> Vec<String> {
    let mut command = vec!["patch".to_owned()];
    let ends = [ArmName::Contrastive, ArmName::HardPositives];
    command.extend(ends.map(|arm| folder.model(arm).display().to_string()));
    command.extend(["--sweep", "0..1", "--step", "0.1", "--on"].map(str::to_owned));
    command.extend(sets());
    command.extend(["--tableau-items".to_owned(), items.to_string()]);
    for (option, extension) in [("--json", "json"), ("--csv", "csv"), ("--svg", "svg")] {
        let file = json.with_extension(extension);
        command.extend([option.to_owned(), file.display().to_string()]);
    }
    command
}

fn read_seed(seed: u64, path: &Path) -> Result<Seed> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let results: Results = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged; remove it and run again", path.display()))?;
    ensure!(
        results.runs.len() == ArmName::ALL.len(),
        "{} has the results of {} models, not of {}; remove it and run again",
        path.display(),
        results.runs.len(),
        ArmName::ALL.len()
    );
    Ok(Seed {
        number: seed,
        runs: results.runs,
    })
}
