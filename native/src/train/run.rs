//! A run: a directory that holds everything about one training, from its first step to its
//! last, however often it was stopped in between.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tokenizer::Tokenizer;

use super::checkpoint::Checkpoints;
use super::collective::Alone;
use super::data::{Loader, Shape, Sources};
use super::evaluate::{self, Evaluation};
use super::hugging_face;
use super::log::{Log, StepEntry};
use super::progress::Progress;
use super::recipe::Recipe;
use super::sample::Batch;
use super::trainer::Trainer;
use super::vocabulary::Vocabulary;
use crate::output::write_whole;

/// How a call of [`Run::train`] ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The last step asked for is done; the model lies in this directory.
    Finished { model: PathBuf },
    /// Asked to stop; the state after `step` is saved.
    Interrupted { step: u64 },
}

/// A run with its directory open, and locked against a second process.
pub(crate) struct Run {
    recipe: Recipe,
    directory: PathBuf,
    config: ClipConfig,
    vocabulary: Vocabulary,
    tokenizer: Arc<Tokenizer>,
    trainer: Trainer,
    checkpoints: Checkpoints,
    /// Updates that the newest checkpoint holds.
    saved: u64,
    log: Log,
    _lock: File,
}

impl Run {
    /// A new run in a directory that has none.
    pub(crate) fn start(recipe: Recipe, directory: &Path, threads: usize) -> Result<Self> {
        let recipe_file = directory.join("recipe.toml");
        ensure!(
            !recipe_file.exists(),
            "{} holds a run already; go on with it with --resume, or name another directory with --out",
            directory.display()
        );
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let spelled_out = toml::to_string(&recipe)?;
        write_whole(&recipe_file, |file| {
            Ok(file.write_all(spelled_out.as_bytes())?)
        })?;
        let lock = lock(&recipe_file)?;
        let log = Log::create(&directory.join("log.jsonl"))?;
        Self::open(recipe, directory, threads, lock, |_, _| Ok((0, log)))
    }

    /// The run of a directory, at its newest checkpoint.
    pub(crate) fn resume(recipe: Recipe, directory: &Path, threads: usize) -> Result<Self> {
        let recipe_file = directory.join("recipe.toml");
        ensure!(
            recipe_file.exists(),
            "{} holds no run to resume",
            directory.display()
        );
        ensure!(
            Recipe::read(&recipe_file)? == recipe,
            "the recipe differs from {}, which the run was started with; \
             resume with that one, or start a new run with --out",
            recipe_file.display()
        );
        let lock = lock(&recipe_file)?;
        Self::open(recipe, directory, threads, lock, |checkpoints, trainer| {
            let step = checkpoints
                .restore_latest(&trainer.weights, &mut trainer.optimizer)?
                .unwrap_or(0);
            Ok((step, Log::resume(&directory.join("log.jsonl"), step)?))
        })
    }

    /// `begin` brings the trainer to where the run stands: updates saved, and the log to append to.
    fn open(
        recipe: Recipe,
        directory: &Path,
        threads: usize,
        lock: File,
        begin: impl FnOnce(&Checkpoints, &mut Trainer) -> Result<(u64, Log)>,
    ) -> Result<Self> {
        let vocabulary = super::data::vocabulary(recipe.model.text.vocabulary)?;
        let config = recipe.clip_config(vocabulary.size)?;
        let tokenizer = Arc::new(Tokenizer::from_json(&vocabulary.json, &config.text)?);
        let mut trainer = Trainer::new(&recipe, &config, threads, Box::new(Alone))?;
        let checkpoints = Checkpoints::new(directory.join("checkpoints"), recipe.checkpoint.keep);
        let (saved, log) = begin(&checkpoints, &mut trainer)?;
        Ok(Self {
            recipe,
            directory: directory.to_owned(),
            config,
            vocabulary,
            tokenizer,
            trainer,
            checkpoints,
            saved,
            log,
            _lock: lock,
        })
    }

    /// Updates made so far.
    pub(crate) fn step(&self) -> u64 {
        self.trainer.step()
    }

    /// Trains until `last` updates are made in all, then evaluates and writes the model; or
    /// until `stop` is set, then saves.
    pub(crate) fn train(
        &mut self,
        last: u64,
        stop: &AtomicBool,
        progress: &mut Progress,
    ) -> Result<Outcome> {
        let side = self.config.vision.image_size;
        let preprocessing = Preprocessing::clip_default(side as u32);
        let shape = Shape {
            seed: self.recipe.seed,
            pairs: self.recipe.batch.pairs,
            chains: 0,
            preprocessing: &preprocessing,
            side,
        };
        let sources = Sources::open(&self.recipe.data, &shape)?;
        let bad = Arc::clone(&sources.bad);
        let (rows, tokenizer) = (self.recipe.batch.pairs, Arc::clone(&self.tokenizer));
        let make = move |step| {
            let samples = match &sources.samples {
                Some(samples) => samples.draw(step, 0..rows)?,
                None => Vec::new(),
            };
            Batch::pack(&samples, &[], &tokenizer, side)
        };
        let loader = Loader::spawn(make, self.step()..last)?;
        while self.step() < last {
            if stop.load(Ordering::Relaxed) {
                self.save()?;
                return Ok(Outcome::Interrupted { step: self.step() });
            }
            let batch = loader.next();
            for sentence in bad.take_untold() {
                self.log.bad_sample(self.step(), &sentence)?;
                progress.note(&format!("bad sample: {sentence}"));
            }
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    self.save()?;
                    let step = self.step();
                    return Err(error.context(format!(
                        "the run stopped after step {step}, which is saved; mend the data, and go \
                         on with --resume"
                    )));
                }
            };
            self.one_step(&batch, progress)?;
            if self.step().is_multiple_of(self.recipe.checkpoint.every) {
                self.save()?;
            }
            if self.step().is_multiple_of(self.recipe.evaluation.every) && self.step() < last {
                self.evaluate(progress)?;
            }
        }
        self.save()?;
        self.evaluate(progress)?;
        let model = self.directory.join("model");
        hugging_face::write_directory(
            &model,
            &self.config,
            &self.vocabulary,
            &self.trainer.weights,
        )?;
        Ok(Outcome::Finished { model })
    }

    fn one_step(&mut self, batch: &Batch, progress: &mut Progress) -> Result<()> {
        let start = Instant::now();
        let report = self.trainer.update(batch).with_context(|| {
            format!(
                "the run stopped; its state of step {} is kept in {}. If the numbers diverged, \
                 start again with a lower optimizer.learning_rate or a longer warm_up",
                self.saved,
                self.directory.join("checkpoints").display()
            )
        })?;
        let entry = StepEntry {
            step: self.step(),
            loss: report.loss,
            learning_rate: report.learning_rate,
            logit_scale: report.logit_scale,
            gradient_norm: report.gradient_norm,
            samples_per_s: self.recipe.batch.pairs as f64 / start.elapsed().as_secs_f64(),
        };
        self.log.step(&entry)?;
        progress.step(&entry);
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        if self.saved < self.step() {
            self.checkpoints
                .save(&self.trainer.weights, &self.trainer.optimizer)?;
            self.saved = self.step();
        }
        Ok(())
    }

    fn evaluate(&mut self, progress: &Progress) -> Result<()> {
        let model = self.trainer.weights.frozen_model(&self.config)?;
        let evaluation: Evaluation = evaluate::on_tableau(
            &model,
            &self.tokenizer,
            &self.config,
            self.recipe.evaluation.probes,
        )?;
        self.log.evaluation(self.step(), &evaluation)?;
        progress.note(&format!("step {}\n{evaluation}", self.step()));
        Ok(())
    }
}

/// Two processes in one directory would mix their logs and checkpoints. The lock ends with the
/// process, however it ends.
fn lock(file: &Path) -> Result<File> {
    let lock = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "another process is training in {}",
            file.parent().unwrap_or(file).display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", file.display()))
        }
    }
}
