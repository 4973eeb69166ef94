//! A run: a directory that holds everything about one training, from its first step to its
//! last, however often it was stopped in between.

use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tokenizer::Tokenizer;

use super::checkpoint::Checkpoints;
use super::collective::Collective;
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
    /// Of the first process, which alone writes into the directory.
    lead: Option<Lead>,
}

/// What only one process may hold.
struct Lead {
    log: Log,
    _lock: File,
}

impl Run {
    /// A new run in a directory that has none, of this process and others.
    pub(crate) fn start(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        threads: usize,
    ) -> Result<Self> {
        let lead = (processes.rank() == 0)
            .then(|| Self::begin(&recipe, directory))
            .transpose()?;
        Self::open(recipe, directory, processes, threads, |_, _| Ok((0, lead)))
    }

    fn begin(recipe: &Recipe, directory: &Path) -> Result<Lead> {
        let recipe_file = directory.join("recipe.toml");
        ensure!(
            !recipe_file.exists(),
            "{} holds a run already; go on with it with --resume, or name another directory with --out",
            directory.display()
        );
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let spelled_out = toml::to_string(recipe)?;
        write_whole(&recipe_file, |file| {
            Ok(file.write_all(spelled_out.as_bytes())?)
        })?;
        let lock = lock(&recipe_file)?;
        let log = Log::create(directory)?;
        Ok(Lead { log, _lock: lock })
    }

    /// The run of a directory, at its newest checkpoint.
    pub(crate) fn resume(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        threads: usize,
    ) -> Result<Self> {
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
        let lock = (processes.rank() == 0)
            .then(|| lock(&recipe_file))
            .transpose()?;
        Self::open(
            recipe,
            directory,
            processes,
            threads,
            |checkpoints, trainer| {
                let step = checkpoints
                    .restore_latest(&trainer.weights, &mut trainer.optimizer)?
                    .unwrap_or(0);
                // Nothing is removed before every process has read it.
                trainer.processes().barrier()?;
                let lead = match lock {
                    Some(lock) => Some(Lead {
                        log: Log::resume(directory, step)?,
                        _lock: lock,
                    }),
                    None => None,
                };
                Ok((step, lead))
            },
        )
    }

    /// `begin` brings the trainer to where the run stands: updates saved, and what the first process
    /// holds.
    fn open(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        threads: usize,
        begin: impl FnOnce(&Checkpoints, &mut Trainer) -> Result<(u64, Option<Lead>)>,
    ) -> Result<Self> {
        let vocabulary = super::data::vocabulary(recipe.model.text.vocabulary)?;
        let config = recipe.clip_config(vocabulary.size)?;
        let tokenizer = Arc::new(Tokenizer::from_json(&vocabulary.json, &config.text)?);
        let mut trainer = Trainer::new(&recipe, &config, threads, processes)?;
        let checkpoints = Checkpoints::new(directory.join("checkpoints"), recipe.checkpoint.keep);
        let (saved, lead) = begin(&checkpoints, &mut trainer)?;
        Ok(Self {
            recipe,
            directory: directory.to_owned(),
            config,
            vocabulary,
            tokenizer,
            trainer,
            checkpoints,
            saved,
            lead,
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
        let tokenizer = Arc::clone(&self.tokenizer);
        let rows = self.own_rows(self.recipe.batch.pairs);
        let make = move |step| {
            let samples = match &sources.samples {
                Some(samples) => samples.draw(step, rows.clone())?,
                None => Vec::new(),
            };
            Batch::pack(&samples, &[], &tokenizer, side)
        };
        let loader = Loader::spawn(make, self.step()..last)?;
        while self.step() < last {
            if self.any_stops(stop)? {
                self.save()?;
                return Ok(Outcome::Interrupted { step: self.step() });
            }
            let batch = loader.next();
            for sentence in bad.take_untold() {
                let step = self.step();
                if let Some(lead) = &mut self.lead {
                    lead.log.bad_sample(step, &sentence)?;
                }
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
        if self.lead.is_some() {
            hugging_face::write_directory(
                &model,
                &self.config,
                &self.vocabulary,
                &self.trainer.weights,
            )?;
        }
        self.trainer.processes().barrier()?;
        Ok(Outcome::Finished { model })
    }

    /// The rows of a joined batch that this process draws and encodes.
    fn own_rows(&self, all: usize) -> Range<usize> {
        let processes = self.trainer.processes();
        let begin = |rank: usize| all * rank / processes.world();
        begin(processes.rank())..begin(processes.rank() + 1)
    }

    /// Whether any process is asked to stop. All of them hear of it after the same step, or some
    /// would wait for the others for ever.
    fn any_stops(&self, stop: &AtomicBool) -> Result<bool> {
        let mut asked = [f32::from(u8::from(stop.load(Ordering::Relaxed)))];
        self.trainer.processes().all_reduce_sum(&mut asked)?;
        Ok(asked[0] > 0.0)
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
        if let Some(lead) = &mut self.lead {
            lead.log.step(&entry)?;
            progress.step(&entry);
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        if self.saved < self.step() && self.lead.is_some() {
            self.checkpoints
                .save(&self.trainer.weights, &self.trainer.optimizer)?;
            self.saved = self.step();
        }
        Ok(())
    }

    fn evaluate(&mut self, progress: &Progress) -> Result<()> {
        let step = self.step();
        let Some(lead) = &mut self.lead else {
            return Ok(());
        };
        let model = self.trainer.weights.frozen_model(&self.config)?;
        let evaluation: Evaluation = evaluate::on_tableau(
            &model,
            &self.tokenizer,
            &self.config,
            self.recipe.evaluation.probes,
        )?;
        lead.log.evaluation(step, &evaluation)?;
        progress.note(&format!("step {step}\n{evaluation}"));
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
