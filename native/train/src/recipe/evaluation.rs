use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::limits::within;

/// `[evaluation]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationRecipe {
    /// Steps between evaluations; one more comes at the end. A fifth of the steps if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Benchmarks, sets, probe files and folders, as the evaluator takes them; Tableau by default.
    #[serde(default = "EvaluationRecipe::default_sets")]
    pub sets: Vec<String>,
    /// Items of each of Tableau's sets; 100 by default.
    #[serde(default = "EvaluationRecipe::default_probes")]
    pub probes: u32,
    /// The most items of every other set; all if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Folders with the benchmarks' lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<PathBuf>,
    /// Folders with their images; those of `data` if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<PathBuf>,
    /// How the best model is chosen. It is kept beside the last model; by default no best model is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<BestRecipe>,
}

/// `[evaluation.best]`: the model with the largest value is the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestRecipe {
    /// A set; or the part before the slash in the names of several sets, for their unweighted mean.
    pub set: String,
    /// The metric's name in the log; each set's main one if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
}

impl Default for EvaluationRecipe {
    fn default() -> Self {
        Self {
            every: None,
            sets: Self::default_sets(),
            probes: Self::default_probes(),
            limit: None,
            data: Vec::new(),
            images: Vec::new(),
            best: None,
        }
    }
}

impl EvaluationRecipe {
    fn default_sets() -> Vec<String> {
        vec!["tableau".to_owned()]
    }

    fn default_probes() -> u32 {
        100
    }

    pub(super) fn complete(&mut self, steps: u64) {
        self.every.get_or_insert(steps.div_ceil(5).max(1));
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.every != Some(0),
            "evaluation.every is 0; it must be at least 1"
        );
        ensure!(
            self.limit != Some(0),
            "evaluation.limit is 0; it must be at least 1"
        );
        within("evaluation.probes", self.probes as usize, 1, 1_000_000)?;
        ensure!(
            !self.sets.is_empty(),
            "evaluation.sets is empty; name a set, such as tableau"
        );
        Ok(())
    }
}

/// `[checkpoint]`: the states from which a run can be resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointRecipe {
    /// Steps between checkpoints; one more comes at the end. A tenth of the steps, at most 1,000,
    /// if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// How many of the newest checkpoints are kept; 2 by default.
    #[serde(default = "CheckpointRecipe::default_keep")]
    pub keep: usize,
}

impl Default for CheckpointRecipe {
    fn default() -> Self {
        Self {
            every: None,
            keep: Self::default_keep(),
        }
    }
}

impl CheckpointRecipe {
    fn default_keep() -> usize {
        2
    }

    pub(super) fn complete(&mut self, steps: u64) {
        self.every.get_or_insert(steps.div_ceil(10).clamp(1, 1000));
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.every != Some(0),
            "checkpoint.every is 0; it must be at least 1"
        );
        within("checkpoint.keep", self.keep, 1, 1_000_000)
    }
}
