//! `log.jsonl`: one JSON object a line: one a step, one an evaluation, one a bad sample. The same
//! numbers go into TensorBoard's event files beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::evaluate::Evaluation;
use super::tensorboard::EventFile;
use cliprobe_files::write::write_whole;

/// The log entry of a step. Its numbers are finite: a run stops before it would log others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEntry {
    /// Updates made, this one included.
    pub step: u64,
    /// The weighted sum of the objectives, before the update.
    pub loss: f32,
    /// The objectives before their weights, by their names in the recipe.
    pub terms: BTreeMap<&'static str, f32>,
    /// Of this update.
    pub learning_rate: f64,
    /// The logit scale after the update: the exponential of the learnt scalar.
    pub logit_scale: f32,
    /// Norm of all gradients together, before clipping.
    pub gradient_norm: f64,
    /// Pairs and chains, of all processes, in a second.
    pub samples_per_s: f64,
}

impl StepEntry {
    /// With OpenCLIP's names, where it logs the same.
    fn scalars(&self) -> Vec<(String, f64)> {
        let terms = self.terms.iter();
        let terms = terms.map(|(name, value)| (format!("train/{name}_loss"), f64::from(*value)));
        let others = [
            ("train/loss", self.loss.into()),
            ("train/lr", self.learning_rate),
            ("train/scale", self.logit_scale.into()),
            ("train/gradient_norm", self.gradient_norm),
            ("train/samples_per_second", self.samples_per_s),
        ];
        let others = others.map(|(name, value)| (name.to_owned(), value));
        others.into_iter().chain(terms).collect()
    }
}

#[derive(Serialize)]
struct EvaluationEntry<'a> {
    step: u64,
    evaluation: &'a Evaluation,
}

#[derive(Serialize)]
struct BadSampleEntry<'a> {
    step: u64,
    bad_sample: &'a str,
}

/// The open log of a run; every line is on its way to the disk when its call returns.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    events: EventFile,
    /// The step of the last evaluation.
    evaluated: Option<u64>,
    /// Bad samples that have a line.
    bad: BTreeSet<String>,
}

/// The file and the folder of a run's directory.
const LINES: &str = "log.jsonl";
const EVENTS: &str = "tensorboard";

impl Log {
    /// Starts a log in a run's directory that must not have one yet.
    pub(crate) fn create(directory: &Path) -> Result<Self> {
        let path = directory.join(LINES);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self {
            path,
            file,
            events: EventFile::begin(&directory.join(EVENTS), None)?,
            evaluated: None,
            bad: BTreeSet::new(),
        })
    }

    /// Goes on with the log of a run that is resumed after `step` updates: what a killed run
    /// wrote beyond its last checkpoint, half a line included, is dropped.
    pub(crate) fn resume(directory: &Path, step: u64) -> Result<Self> {
        let path = directory.join(LINES);
        let kept = match File::open(&path) {
            Ok(file) => Kept::up_to(file, step),
            // Killed between the first checkpoint and the first line: nothing to keep.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(error.into()),
        }
        .with_context(|| format!("cannot read {}", path.display()))?;
        write_whole(&path, |file| Ok(file.write_all(kept.lines.as_bytes())?))?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            path,
            file,
            events: EventFile::begin(&directory.join(EVENTS), Some(step))?,
            evaluated: kept.evaluated,
            bad: kept.bad,
        })
    }

    /// Whether the evaluation after `step` updates ended.
    pub(crate) fn has_evaluation(&self, step: u64) -> bool {
        self.evaluated == Some(step)
    }

    pub(crate) fn step(&mut self, entry: &StepEntry) -> Result<()> {
        let scalars = entry.scalars();
        let scalars = scalars.iter().map(|(name, value)| (name.as_str(), *value));
        self.events.scalars(entry.step, scalars)?;
        self.line(entry)
    }

    pub(crate) fn evaluation(&mut self, step: u64, evaluation: &Evaluation) -> Result<()> {
        let scalars = evaluation.scalars();
        let scalars = scalars.iter().map(|(name, value)| (name.as_str(), *value));
        self.events.scalars(step, scalars)?;
        self.line(&EvaluationEntry { step, evaluation })?;
        self.evaluated = Some(step);
        Ok(())
    }

    /// A sample that could not be used, found after `step` updates, in a sentence. A sentence that
    /// the log has is not repeated; the answer says whether it is new.
    pub(crate) fn bad_sample(&mut self, step: u64, sentence: &str) -> Result<bool> {
        if !self.bad.insert(sentence.to_owned()) {
            return Ok(false);
        }
        self.line(&BadSampleEntry {
            step,
            bad_sample: sentence,
        })?;
        Ok(true)
    }

    fn line(&mut self, entry: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// What a resumed run keeps of its log.
#[derive(Default)]
struct Kept {
    lines: String,
    evaluated: Option<u64>,
    bad: BTreeSet<String>,
}

impl Kept {
    /// The complete lines of steps up to `last`.
    fn up_to(file: File, last: u64) -> Result<Self> {
        let mut reader = BufReader::new(file);
        let mut kept = Self::default();
        loop {
            let mut line = String::new();
            let read = reader.read_line(&mut line)?;
            if read == 0 || !line.ends_with('\n') {
                return Ok(kept);
            }
            let value: serde_json::Value =
                serde_json::from_str(&line).with_context(|| format!("not a log line: {line}"))?;
            let step = value["step"].as_u64();
            ensure!(step.is_some(), "a log line without a step: {line}");
            if step > Some(last) {
                continue;
            }
            if value.get("evaluation").is_some() {
                kept.evaluated = step;
            }
            kept.bad
                .extend(value["bad_sample"].as_str().map(str::to_owned));
            kept.lines.push_str(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn entry(step: u64) -> StepEntry {
        StepEntry {
            step,
            loss: 2.5,
            terms: BTreeMap::from([("contrastive", 2.5)]),
            learning_rate: 1e-3,
            logit_scale: 14.3,
            gradient_norm: 0.5,
            samples_per_s: 240.0,
        }
    }

    #[test]
    fn writes_one_object_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.jsonl");
        let mut log = Log::create(directory.path()).unwrap();
        log.step(&entry(1)).unwrap();
        log.step(&entry(2)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[1],
            r#"{"step":2,"loss":2.5,"terms":{"contrastive":2.5},"learning_rate":0.001,"logit_scale":14.3,"gradient_norm":0.5,"samples_per_s":240.0}"#
        );
        assert!(
            Log::create(directory.path()).is_err(),
            "a log is never overwritten"
        );
    }

    #[test]
    fn bad_samples_stand_once_also_after_a_resumption() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = Log::create(directory.path()).unwrap();
        assert!(log.bad_sample(0, "a.jpg is cut off").unwrap());
        assert!(!log.bad_sample(1, "a.jpg is cut off").unwrap());
        log.step(&entry(1)).unwrap();
        assert!(log.bad_sample(2, "b.jpg is cut off").unwrap());
        drop(log);
        let mut log = Log::resume(directory.path(), 1).unwrap();
        assert!(!log.bad_sample(1, "a.jpg is cut off").unwrap());
        // Its line was beyond the checkpoint and is gone.
        assert!(log.bad_sample(1, "b.jpg is cut off").unwrap());
        let text = std::fs::read_to_string(directory.path().join("log.jsonl")).unwrap();
        assert_eq!(text.matches("bad_sample").count(), 2);
    }

    #[test]
    fn an_evaluation_is_known_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = Log::create(directory.path()).unwrap();
        log.evaluation(3, &Evaluation(Vec::new())).unwrap();
        log.evaluation(6, &Evaluation(Vec::new())).unwrap();
        assert!(log.has_evaluation(6));
        drop(log);
        assert!(Log::resume(directory.path(), 7).unwrap().has_evaluation(6));
        assert!(Log::resume(directory.path(), 4).unwrap().has_evaluation(3));
    }

    #[test]
    fn resuming_drops_what_came_after_the_checkpoint_and_half_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.jsonl");
        let mut log = Log::create(directory.path()).unwrap();
        (1..=4).for_each(|step| log.step(&entry(step)).unwrap());
        drop(log);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"step":5,"lo"#);
        std::fs::write(&path, text).unwrap();

        let mut log = Log::resume(directory.path(), 2).unwrap();
        log.step(&entry(3)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let steps: Vec<u64> = text
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["step"]
                    .as_u64()
                    .unwrap()
            })
            .collect();
        assert_eq!(steps, [1, 2, 3]);
    }
}
