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
use cliprobe::facade;
use cliprobe::probe::results::Run;
use cliprobe::probe::{Aim, Evaluation, Metric};
use serde::Serialize;

use super::{figure, number};
use crate::eval::bench::{Bench, BenchArgs};
use crate::output::write_text;

/// More models than this are a slip of the step.
const MOST_POINTS: usize = 1000;
/// What exits with 3: complete but for some items or sets, which are named.
const SOME_MISSING: u8 = 3;

/// What to evaluate along the way.
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

/// The table of a sweep.
#[derive(Serialize)]
pub(super) struct Sweep {
    format: &'static str,
    version: u32,
    cliprobe: &'static str,
    base: serde_json::Value,
    fine_tuned: serde_json::Value,
    /// The α of --alpha.
    pub(super) marked: f64,
    /// Sets that were asked for and whose files are not there.
    absent: Vec<String>,
    /// In the order of α.
    pub(super) points: Vec<Point>,
}

/// The model at one α.
#[derive(Serialize)]
pub(super) struct Point {
    pub(super) alpha: f64,
    /// What is traded off, as far as it was asked for.
    pub(super) aims: Vec<(Aim, f64)>,
    sets: Vec<Scores>,
    /// Averages that the papers report.
    summaries: Vec<Scores>,
}

/// The metrics of a set, or of an average over sets.
#[derive(Serialize)]
struct Scores {
    name: String,
    metrics: Vec<Metric>,
}

/// What a sweep calls an aim.
pub(super) fn aim_words(aim: Aim) -> &'static str {
    match aim {
        Aim::Composition => "composition",
        Aim::ZeroShot => "zero-shot classification",
        Aim::Retrieval => "retrieval, R@1",
        Aim::Hierarchy => "hierarchy, recall",
    }
}

/// The mean over benchmarks of the mean over their sets of the main metric.
fn aim_value(aim: Aim, run: &Run) -> Option<f64> {
    let mut benchmarks: Vec<(&str, Vec<f64>)> = Vec::new();
    for set in &run.sets {
        let evaluation = &set.evaluation;
        if evaluation.score.form().aim() != aim {
            continue;
        }
        let name = evaluation.set.split('/').next().unwrap_or(&evaluation.set);
        let values = main_values(aim, evaluation);
        match benchmarks.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.extend(values),
            None => benchmarks.push((name, values)),
        }
    }
    let means: Vec<f64> = benchmarks.iter().filter_map(|(_, v)| mean(v)).collect();
    mean(&means)
}

/// R@1 in both directions of retrieval, the first metric of all else.
fn main_values(aim: Aim, evaluation: &Evaluation) -> Vec<f64> {
    let metrics = evaluation.metrics.iter();
    match aim {
        Aim::Retrieval => metrics
            .filter(|metric| metric.name.ends_with("R@1"))
            .map(|metric| metric.value)
            .collect(),
        _ => metrics.take(1).map(|metric| metric.value).collect(),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Point {
    fn new(alpha: f64, run: Run) -> Self {
        let aims = Aim::ALL
            .into_iter()
            .filter_map(|aim| Some((aim, aim_value(aim, &run)?)))
            .collect();
        let sets = run.sets.into_iter().map(|set| Scores {
            name: set.evaluation.set,
            metrics: set.evaluation.metrics,
        });
        let summaries = run.summaries.into_iter().map(|summary| Scores {
            name: summary.name,
            metrics: summary.metrics,
        });
        Self {
            alpha,
            aims,
            sets: sets.collect(),
            summaries: summaries.collect(),
        }
    }

    fn scores(&self) -> impl Iterator<Item = &Scores> {
        self.sets.iter().chain(&self.summaries)
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
    let mut sweep = Sweep {
        format: "cliprobe-sweep",
        version: 1,
        cliprobe: env!("CARGO_PKG_VERSION"),
        base: facade::description(base, None)?,
        fine_tuned: facade::description(fine_tuned, None)?,
        marked,
        absent: bench.questions.absent.clone(),
        points: Vec::new(),
    };
    let mut complete = sweep.absent.is_empty();
    for alpha in alphas {
        let name = format!("α {alpha}");
        let patched = blend(&name, base, &[(fine_tuned.clone(), alpha)])?;
        let run = bench.ask(&Rc::new(patched))?;
        complete &= !run.is_incomplete();
        let computed = run.encoding.as_ref().map_or(0, |encoding| {
            encoding.images.computed + encoding.texts.computed
        });
        let point = Point::new(alpha, run);
        eprintln!("{name}: {}, {computed} embeddings computed", words(&point));
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

fn words(point: &Point) -> String {
    let aims = point.aims.iter();
    let words = aims.map(|(aim, value)| format!("{} {:.2} %", aim_words(*aim), 100.0 * value));
    words.collect::<Vec<_>>().join(", ")
}

impl Sweep {
    /// A row for each α, set and metric.
    fn to_csv(&self) -> Result<String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["alpha", "set"].iter().chain(&Metric::CSV))?;
        for point in &self.points {
            for scores in point.scores() {
                for metric in &scores.metrics {
                    let alpha = [point.alpha.to_string(), scores.name.clone()];
                    writer.write_record(alpha.iter().chain(&metric.to_csv()))?;
                }
            }
        }
        Ok(String::from_utf8(writer.into_inner()?)?)
    }

    fn print(&self) {
        let Some(first) = self.points.first() else {
            return;
        };
        let heads: String = first
            .aims
            .iter()
            .map(|(aim, _)| format!("  {:>26}", aim_words(*aim)))
            .collect();
        println!("{:>8}{heads}", "α");
        for point in &self.points {
            let values: String = point
                .aims
                .iter()
                .map(|(_, value)| format!("  {:>24.2} %", 100.0 * value))
                .collect();
            let mark = if point.alpha == self.marked {
                "  ←"
            } else {
                ""
            };
            println!("{:>8}{values}{mark}", point.alpha);
        }
    }
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
