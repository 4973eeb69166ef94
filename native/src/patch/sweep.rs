//! Models between two checkpoints, each evaluated.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use clap::Args;
use cliprobe::clip::Checkpoint;
use cliprobe::clip::blend::blend;

use super::figure;
use super::number::number;
use super::trade_off::{Point, Sweep};
use crate::bench::{Bench, BenchArgs};
use crate::output::write_text;

/// More models than this are a slip of the step.
const MOST_POINTS: usize = 1000;
/// The exit code of a sweep in which some items or sets have no answer; they are named.
const SOME_MISSING: u8 = 3;

/// Which models to evaluate, and on what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sweep")]
pub(super) struct SweepArgs {
    /// Evaluate the models from one α to another, as in 0..1
    #[arg(
        long,
        value_name = "FROM..TO",
        requires = "benchmarks",
        conflicts_with = "task_vectors",
        allow_hyphen_values = true
    )]
    sweep: Option<Range>,
    /// Distance between two α
    #[arg(long, value_name = "STEP", default_value_t = 0.05, value_parser = number)]
    step: f64,
    /// Benchmarks, sets, probe files or folders to evaluate, as for `cliprobe eval`
    #[arg(long = "on", id = "benchmarks", value_name = "BENCH", num_args = 1..)]
    benchmarks: Vec<String>,
    #[command(flatten)]
    bench: BenchArgs,
    /// Write every metric of every α as JSON; - for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the same as CSV; - for standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw the trade-off, with the model at --alpha marked
    #[arg(long, value_name = "F.svg")]
    svg: Option<PathBuf>,
}

impl SweepArgs {
    pub(super) fn is_wanted(&self) -> bool {
        self.sweep.is_some()
    }
}

/// From one α to another, both included.
#[derive(Clone, Copy, Debug)]
struct Range {
    from: f64,
    to: f64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let (from, to) = given.split_once("..").ok_or("it is not of the form 0..1")?;
        let (from, to) = (number(from)?, number(to)?);
        if from > to {
            return Err(format!("{from} is larger than {to}"));
        }
        Ok(Self { from, to })
    }
}

impl Range {
    /// Its α's `step` apart, and `marked`, in order.
    fn points(self, step: f64, marked: f64) -> Result<Vec<f64>> {
        ensure!(step > 0.0, "--step is {step}; it must be positive");
        // Decimal fractions as a person writes them: 0.15, not 0.15000000000000002.
        let decimal = |x: f64| (x * 1e9).round() / 1e9;
        let steps = ((self.to - self.from) / step + 1e-6).floor();
        if steps >= MOST_POINTS as f64 {
            bail!("--step {step} gives more than {MOST_POINTS} models; choose a larger step");
        }
        let mut points: Vec<f64> = (0..=steps as usize)
            .map(|number| decimal(self.from + number as f64 * step))
            .chain([decimal(marked)])
            .collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
        Ok(points)
    }
}

/// Evaluates the models from `base` to `fine_tuned`, the one at `marked` included.
pub(super) fn run(
    args: &SweepArgs,
    base: &Arc<Checkpoint>,
    fine_tuned: &Arc<Checkpoint>,
    marked: f64,
) -> Result<ExitCode> {
    let Some(range) = args.sweep else {
        bail!("there is no --sweep");
    };
    let alphas = range.points(args.step, marked)?;
    let bench = Bench::read(&args.benchmarks, &args.bench)?;
    bench.check()?;
    let absent = bench.questions.absent.clone();
    let mut complete = absent.is_empty();
    let mut sweep = Sweep::new(base, fine_tuned, marked, absent)?;
    for alpha in alphas {
        let name = format!("α {alpha}");
        let patched = blend(&name, base, &[(fine_tuned.clone(), alpha)])?;
        let run = bench.ask(&Rc::new(patched))?;
        complete &= !run.is_incomplete();
        let computed = run.encoding.as_ref().map_or(0, |encoding| {
            encoding.images.computed + encoding.texts.computed
        });
        let point = Point::new(alpha, run);
        eprintln!("{name}: {}, {computed} embeddings computed", point.words());
        sweep.points.push(point);
    }

    if let Some(path) = &args.json {
        write_text(path, &serde_json::to_string_pretty(&sweep)?)?;
    }
    if let Some(path) = &args.csv {
        write_text(path, &sweep.to_csv()?)?;
    }
    if let Some(path) = &args.svg {
        write_text(path, &figure::draw(&sweep)?)?;
    }
    let to_standard_output = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    if ![&args.json, &args.csv, &args.svg]
        .into_iter()
        .any(to_standard_output)
    {
        sweep.print();
    }
    Ok(if complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(SOME_MISSING)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn points_are_decimal_fractions_with_the_marked_one_among_them() {
        let range: Range = "0..1".parse().unwrap();
        let points = range.points(0.05, 0.6).unwrap();
        assert_eq!(points.len(), 21);
        assert_eq!((points[3], points[12], points[20]), (0.15, 0.6, 1.0));
        assert_eq!(range.points(0.5, 0.6).unwrap(), [0.0, 0.5, 0.6, 1.0]);
        let beyond: Range = "-0.5..0".parse().unwrap();
        assert_eq!(beyond.points(0.3, 0.0).unwrap(), [-0.5, -0.2, 0.0]);
    }

    #[test]
    fn ranges_and_steps_that_are_none_are_refused() {
        for (given, sentence) in [
            ("0-1", "it is not of the form 0..1"),
            ("1..0", "1 is larger than 0"),
            ("0..x", "x is no number"),
            ("0..inf", "inf is not finite"),
        ] {
            assert_eq!(given.parse::<Range>().unwrap_err(), sentence);
        }
        let range: Range = "0..1".parse().unwrap();
        assert!(range.points(0.0, 0.6).is_err());
        assert!(range.points(f64::MIN_POSITIVE, 0.6).is_err());
    }
}
