//! The result file: everything that a number depends on, item by item.

use cliprobe::probe::{Evaluation, Summary};
use serde::{Deserialize, Serialize};

/// The value of `format` in a result file.
const FORMAT: &str = "cliprobe-results";
/// The version that is written, and the newest that is read.
pub(crate) const VERSION: u32 = 1;

/// A result file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Results {
    /// [`FORMAT`].
    format: String,
    /// [`VERSION`].
    version: u32,
    /// The version of this program.
    cliprobe: String,
    /// Sets that were asked for and whose files are not there, each with what to do.
    pub(crate) absent: Vec<String>,
    /// One for each model.
    pub(crate) runs: Vec<Run>,
}

/// What one model answered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Run {
    /// The checkpoint: name, hash, activation, tensor types, preprocessing, engine, dtype.
    pub(crate) model: serde_json::Value,
    /// What was computed and what was known; none for embeddings from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encoding: Option<Encoding>,
    /// Averages over sets.
    pub(crate) summaries: Vec<Summary>,
    /// Set by set.
    pub(crate) sets: Vec<SetResult>,
    /// Sets that could not be scored, each with the reason.
    pub(crate) unscored: Vec<String>,
}

/// A set's answers, with the tables that they refer to.
#[derive(Serialize, Deserialize)]
pub(crate) struct SetResult {
    #[serde(flatten)]
    pub(crate) evaluation: Evaluation,
    /// The files that the questions come from.
    pub(crate) files: Vec<SourceFile>,
    /// Names of the set's pictures.
    pub(crate) pictures: Vec<String>,
    /// The set's texts.
    pub(crate) texts: Vec<String>,
    /// Which texts are longer than the context, so that their ends were not seen.
    pub(crate) truncated: Vec<usize>,
    /// Time of scoring, embeddings not included.
    pub(crate) seconds: f64,
}

/// A file that questions come from.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) sha256: String,
}

/// What embedding took.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Encoding {
    pub(crate) pictures: Encoded,
    pub(crate) texts: Encoded,
    /// Loading the model, reading, decoding and computing.
    pub(crate) seconds: f64,
}

/// How many embeddings were needed and where they came from.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Encoded {
    /// What the items of all sets name, repetitions counted.
    pub(crate) named: usize,
    /// How many of these are different.
    pub(crate) distinct: usize,
    /// Known from an earlier run, or of the same content as another.
    pub(crate) known: usize,
    /// Computed now.
    pub(crate) computed: usize,
    /// Missing or unreadable.
    pub(crate) failed: usize,
    /// Time of reading, decoding and computing.
    pub(crate) seconds: f64,
}

impl Results {
    pub(crate) fn new(runs: Vec<Run>, absent: Vec<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            cliprobe: env!("CARGO_PKG_VERSION").to_owned(),
            absent,
            runs,
        }
    }

    /// Whether anything that was asked has no answer.
    pub(crate) fn is_incomplete(&self) -> bool {
        !self.absent.is_empty()
            || self.runs.iter().any(|run| {
                !run.unscored.is_empty()
                    || run
                        .sets
                        .iter()
                        .any(|set| !set.evaluation.skipped.is_empty())
            })
    }
}

impl Run {
    /// What to call the model.
    pub(crate) fn name(&self) -> &str {
        self.model["name"].as_str().unwrap_or("the model")
    }
}
