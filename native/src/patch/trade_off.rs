//! The metrics of every model of a sweep, and the aims that they trade off, as plain data.

use anyhow::Result;
use cliprobe::clip::Checkpoint;
use cliprobe::facade;
use cliprobe::probe::results::Run;
use cliprobe::probe::{Aim, Evaluation, Metric};
use serde::Serialize;

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
    /// The aims that the sets of the sweep belong to, with their values.
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

/// The name of an aim in a sweep.
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
    pub(super) fn new(alpha: f64, run: Run) -> Self {
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

    /// Its aims, in words.
    pub(super) fn words(&self) -> String {
        let words = self
            .aims
            .iter()
            .map(|(aim, value)| format!("{} {:.2} %", aim_words(*aim), 100.0 * value));
        words.collect::<Vec<_>>().join(", ")
    }

    fn scores(&self) -> impl Iterator<Item = &Scores> {
        self.sets.iter().chain(&self.summaries)
    }
}

impl Sweep {
    /// A sweep without points yet.
    pub(super) fn new(
        base: &Checkpoint,
        fine_tuned: &Checkpoint,
        marked: f64,
        absent: Vec<String>,
    ) -> Result<Self> {
        Ok(Self {
            format: "cliprobe-sweep",
            version: 1,
            cliprobe: env!("CARGO_PKG_VERSION"),
            base: facade::description(base, None)?,
            fine_tuned: facade::description(fine_tuned, None)?,
            marked,
            absent,
            points: Vec::new(),
        })
    }

    /// A row for each α, set and metric.
    pub(super) fn to_csv(&self) -> Result<String> {
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

    pub(super) fn print(&self) {
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
