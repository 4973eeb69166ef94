//! A run: a directory that holds everything about one training, from its first step to its
//! last, however often it was stopped in between.

use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoints;
use super::collective::Collective;
use super::compute::Compute;
use super::data::{Loader, Shape, Sources};
use super::evaluate::Evaluator;
use super::export;
use super::log::{Log, StepEntry};
use super::progress::Progress;
use super::recipe::Recipe;
use super::sample::Batch;
use super::start::{Form, Start};
use super::trainer::Trainer;
use crate::model_directory::Readers;
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
    form: Form,
    /// SHA-256 of the checkpoint that the run began with.
    begun_with: Option<String>,
    tokenizer: Arc<Tokenizer>,
    sources: Arc<Sources>,
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
    evaluator: Evaluator,
    _lock: File,
}

impl Run {
    /// A new run in a directory that has none, of this process and others. What the recipe asks for
    /// is looked at before anything is written.
    pub(crate) fn start(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        compute: &Compute,
        threads: usize,
    ) -> Result<Self> {
        let recipe_file = directory.join("recipe.toml");
        // Only the first process may look: it writes the file.
        ensure!(
            processes.rank() > 0 || !recipe_file.exists(),
            "{} holds a run already; go on with it with --resume, or name another directory with --out",
            directory.display()
        );
        let mut run = Self::open(recipe, directory, processes, compute, threads)?;
        if run.is_lead() {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
            let spelled_out = toml::to_string(&run.recipe)?;
            write_whole(&recipe_file, |file| {
                Ok(file.write_all(spelled_out.as_bytes())?)
            })?;
            let lock = lock(&recipe_file)?;
            run.lead = Some(Lead {
                log: Log::create(directory)?,
                evaluator: Evaluator::new(&run.recipe.evaluation)?,
                _lock: lock,
            });
        }
        Ok(run)
    }

    /// The run of a directory, at its newest checkpoint.
    pub(crate) fn resume(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        compute: &Compute,
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
        let mut run = Self::open(recipe, directory, processes, compute, threads)?;
        let mut state = run.trainer.state(run.begun_with.as_deref());
        run.saved = run.checkpoints.restore_latest(&mut state)?.unwrap_or(0);
        // Nothing is removed before every process has read it.
        run.trainer.processes().barrier()?;
        if let Some(lock) = lock {
            run.lead = Some(Lead {
                log: Log::resume(directory, run.saved)?,
                evaluator: Evaluator::new(&run.recipe.evaluation)?,
                _lock: lock,
            });
        }
        Ok(run)
    }

    /// Everything that the recipe asks for, at its beginning; nothing is written.
    fn open(
        recipe: Recipe,
        directory: &Path,
        processes: Box<dyn Collective>,
        compute: &Compute,
        threads: usize,
    ) -> Result<Self> {
        let Start {
            form,
            weights,
            sha256,
        } = Start::of(&recipe)?;
        let shape = Shape {
            seed: recipe.seed,
            pairs: recipe.batch.pairs,
            chains: recipe.batch.chains,
            preprocessing: &form.preprocessing,
            side: form.config.vision.image_size,
        };
        let sources = Sources::open(&recipe.data, &shape)?;
        if processes.rank() == 0 {
            Evaluator::new(&recipe.evaluation)?;
        }
        let trainer = Trainer::new(&recipe, &form.config, weights, compute, threads, processes)?;
        Ok(Self {
            tokenizer: Arc::new(Tokenizer::from_json(
                &form.tokenizer_json,
                &form.config.text,
            )?),
            sources: Arc::new(sources),
            checkpoints: Checkpoints::new(directory.join("checkpoints"), recipe.checkpoint.keep),
            directory: directory.to_owned(),
            begun_with: sha256,
            saved: 0,
            lead: None,
            recipe,
            form,
            trainer,
        })
    }

    /// Whether this process is the one that writes.
    fn is_lead(&self) -> bool {
        self.trainer.processes().rank() == 0
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
        let side = self.form.config.vision.image_size;
        let (sources, tokenizer) = (Arc::clone(&self.sources), Arc::clone(&self.tokenizer));
        let pairs = self.own_rows(self.recipe.batch.pairs);
        let chain_rows = self.own_rows(self.recipe.batch.chains);
        let make = move |step| {
            let samples = match &sources.samples {
                Some(source) => source.draw(step, pairs.clone())?,
                None => Vec::new(),
            };
            let chains = match &sources.chains {
                Some(source) => source.draw(step, chain_rows.clone())?,
                None => Vec::new(),
            };
            Batch::pack(&samples, &chains, &tokenizer, side)
        };
        let loader = Loader::spawn(make, self.step()..last)?;
        while self.step() < last {
            if self.any_stops(stop)? {
                self.save()?;
                return Ok(Outcome::Interrupted { step: self.step() });
            }
            let batch = loader.next();
            for sentence in self.sources.bad.take_untold() {
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
                self.evaluate(Readers::Transformers, progress)?;
            }
        }
        self.save()?;
        self.evaluate(Readers::TransformersAndOpenClip, progress)?;
        self.trainer.processes().barrier()?;
        Ok(Outcome::Finished {
            model: self.directory.join("model"),
        })
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
        let samples = self.recipe.batch.pairs + self.recipe.batch.chains;
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
            terms: report.terms.into_iter().collect(),
            learning_rate: report.learning_rate,
            logit_scale: report.logit_scale,
            gradient_norm: report.gradient_norm,
            samples_per_s: samples as f64 / start.elapsed().as_secs_f64(),
        };
        if let Some(lead) = &mut self.lead {
            lead.log.step(&entry)?;
            progress.step(&entry);
        }
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        if self.saved < self.step() && self.lead.is_some() {
            let state = self.trainer.state(self.begun_with.as_deref());
            self.checkpoints.save(&state)?;
            self.saved = self.step();
        }
        Ok(())
    }

    /// Writes the model, scores it, and keeps a copy if it is the best so far.
    fn evaluate(&mut self, readers: Readers, progress: &Progress) -> Result<()> {
        let step = self.step();
        let Some(lead) = &mut self.lead else {
            return Ok(());
        };
        let average = self.trainer.average.as_ref();
        let average = average.filter(|_| self.recipe.ema.as_ref().is_some_and(|ema| ema.write));
        let write = |name: &str, readers| -> Result<PathBuf> {
            let model = self.directory.join(name);
            export::write_directory(&model, &self.form, &self.trainer.weights, average, readers)?;
            Ok(model)
        };
        let model = write("model", readers)?;
        let evaluation = progress.aside(|| lead.evaluator.ask(&model))?;
        lead.log.evaluation(step, &evaluation)?;
        progress.note(&format!("step {step}\n{evaluation}"));
        if let Some(by) = &self.recipe.evaluation.best {
            let value = evaluation.value(by)?;
            let note = self.directory.join("best.json");
            if Best::read(&note)?.is_none_or(|best| value > best.value) {
                write("best", Readers::TransformersAndOpenClip)?;
                let best = serde_json::to_string(&Best { step, value })?;
                write_whole(&note, |file| Ok(file.write_all(best.as_bytes())?))?;
            }
        }
        Ok(())
    }
}

/// `best.json`: when the best model was, and how good. A run that was killed and resumed comes to
/// the same numbers again, so that one from beyond the last checkpoint stays true.
#[derive(Debug, Serialize, Deserialize)]
struct Best {
    step: u64,
    value: f64,
}

impl Best {
    fn read(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let best = serde_json::from_str(&text);
        Ok(Some(best.with_context(|| {
            format!("{} is damaged", path.display())
        })?))
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
