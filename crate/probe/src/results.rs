//! The result file: everything that a number depends on, item by item.

use serde::{Deserialize, Serialize};

use crate::{Evaluation, Metric, Summary};

/// The value of `format` in a result file.
pub const FORMAT: &str = "cliprobe-results";
/// The version that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// A result file.
#[derive(Serialize, Deserialize)]
pub struct Results {
    /// [`FORMAT`].
    format: String,
    /// [`VERSION`].
    version: u32,
    /// The version of this program.
    cliprobe: String,
    /// Sets that were asked for and whose files are not there, each with what to do.
    pub absent: Vec<String>,
    /// One for each model.
    pub runs: Vec<Run>,
}

/// What one model answered.
#[derive(Serialize, Deserialize)]
pub struct Run {
    /// The checkpoint: name, hash, activation, tensor types, preprocessing, engine, dtype.
    pub model: serde_json::Value,
    /// What was computed and what was known; none for embeddings from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Averages over sets.
    pub summaries: Vec<Summary>,
    /// Set by set.
    pub sets: Vec<SetResult>,
    /// Sets that could not be scored, each with the reason.
    pub unscored: Vec<String>,
}

/// A set's answers, with the tables that they refer to.
#[derive(Clone, Serialize, Deserialize)]
pub struct SetResult {
    /// Metrics and answers.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// The files that the questions come from.
    pub files: Vec<SourceFile>,
    /// Names of the set's images.
    #[serde(alias = "pictures")]
    pub images: Vec<String>,
    /// The set's texts.
    pub texts: Vec<String>,
    /// Which texts are longer than the context, so that their ends were not seen.
    pub truncated: Vec<usize>,
    /// Time of scoring, embeddings not included.
    pub seconds: f64,
}

/// A file that questions come from.
#[derive(Clone, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path, as it was given.
    pub path: String,
    /// Of its contents, hexadecimal.
    pub sha256: String,
}

/// What embedding took.
#[derive(Default, Serialize, Deserialize)]
pub struct Encoding {
    /// Of the images.
    #[serde(alias = "pictures")]
    pub images: Encoded,
    /// Of the texts.
    pub texts: Encoded,
    /// Loading the model, reading, decoding and computing.
    pub seconds: f64,
}

/// How many embeddings were needed and where they came from.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct Encoded {
    /// What the items of all sets name, repetitions counted.
    pub named: usize,
    /// How many of these are different.
    pub distinct: usize,
    /// Known from an earlier run, or of the same content as another.
    pub known: usize,
    /// Computed now.
    pub computed: usize,
    /// Missing or unreadable.
    pub failed: usize,
    /// Time of reading, decoding and computing.
    pub seconds: f64,
}

impl Results {
    /// Puts runs together, with the sets that none of them could be asked.
    pub fn new(runs: Vec<Run>, absent: Vec<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            cliprobe: env!("CARGO_PKG_VERSION").to_owned(),
            absent,
            runs,
        }
    }

    /// Whether anything that was asked has no answer.
    pub fn is_incomplete(&self) -> bool {
        !self.absent.is_empty() || self.runs.iter().any(Run::is_incomplete)
    }

    /// The metrics as CSV, a row each: model, set, the columns of [`Metric::CSV`], items and scored.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write = |record: &[String]| {
            writer
                .write_record(record)
                .expect("rows of one length are written to memory");
        };
        let head = ["model", "set"]
            .iter()
            .chain(&Metric::CSV)
            .chain(&["items", "scored"]);
        write(&head.map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for run in &self.runs {
            let sets = run.sets.iter().map(|set| {
                let evaluation = &set.evaluation;
                let counts = [evaluation.items, evaluation.scored].map(|n| n.to_string());
                (&evaluation.set, &evaluation.metrics, counts)
            });
            let averages = run.summaries.iter();
            let averages = averages.map(|s| (&s.name, &s.metrics, Default::default()));
            for (set, metrics, counts) in sets.chain(averages) {
                for metric in metrics {
                    let mut row = vec![run.name().to_owned(), set.clone()];
                    row.extend(metric.to_csv());
                    row.extend(counts.clone());
                    write(&row);
                }
            }
        }
        let bytes = writer
            .into_inner()
            .expect("what is written to memory needs no flush");
        String::from_utf8(bytes).expect("strings were written")
    }
}

impl Run {
    /// Whether a set or an item has no answer.
    pub fn is_incomplete(&self) -> bool {
        let mut sets = self.sets.iter();
        !self.unscored.is_empty() || sets.any(|set| !set.evaluation.skipped.is_empty())
    }

    /// What to call the model.
    pub fn name(&self) -> &str {
        self.model["name"].as_str().unwrap_or("the model")
    }
}
