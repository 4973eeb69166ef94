//! `cliprobe probes`: a benchmark's questions as this project's own JSON.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use cliprobe::probe::write_json;

use crate::bench::questions::{QuestionArgs, collect};
use crate::output::write_whole;

/// Write a benchmark's questions as a probe file
///
/// A probe file is one JSON document that `cliprobe eval` and the page read. An image in it is a file name, a part
/// of a file, or a scene of the generated world. docs/benchmarks.md describes the format, so that you can write your own.
#[derive(Debug, Args)]
pub(crate) struct ProbesArgs {
    /// Benchmarks, sets or folders to write
    #[arg(value_name = "BENCH", required = true)]
    benchmarks: Vec<String>,
    #[command(flatten)]
    questions: QuestionArgs,
    /// File to write, or folder if there are several sets [default: standard output]
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ProbesArgs) -> Result<()> {
    let questions = collect(&args.benchmarks, &args.questions)?;
    for absent in &questions.absent {
        eprintln!("left out: {absent}");
    }
    let write =
        |path: &Path, text: String| write_whole(path, |file| Ok(file.write_all(text.as_bytes())?));
    match (questions.asked.as_slice(), &args.out) {
        ([asked], None) => println!("{}", write_json(&asked.set)),
        ([asked], Some(path)) if !path.is_dir() => write(path, write_json(&asked.set))?,
        (asked, Some(folder)) => {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
            for asked in asked {
                let name = format!("{}.json", asked.set.name.replace('/', "_"));
                write(&folder.join(name), write_json(&asked.set))?;
            }
        }
        (asked, None) => bail!(
            "a probe file holds one set, but these are {}; name a folder with --out",
            asked.len()
        ),
    }
    Ok(())
}
