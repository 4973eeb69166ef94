//! A run: a directory that holds everything about one training, from its first step to its
//! last, however often it was stopped in between.

mod best;
mod directory;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use cliprobe_clip::checkpoint::Provenance;
use cliprobe_clip::tokenizer::Tokenizer;
use cliprobe_files::folder;
use cliprobe_files::model_directory::{FILES, Readers};
use cliprobe_files::write::write_whole;

use super::checkpoint::Checkpoints;
use super::collective::Collective;
use super::compute::Compute;
use super::data::{Loader, Shape, Sources};
use super::evaluate::Evaluator;
use super::event::Event;
use super::export;
use super::log::{Log, StepEntry};
use super::recipe::Recipe;
use super::sample::Batch;
use super::start::{ModelSpec, Start};
use super::trainer::Trainer;
use super::{Options, provenance};
use best::Best;
use directory::Lock;

/// How a call of [`train`](crate::train()) ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The last step asked for is done.
    Finished {
        /// Updates made.
        step: u64,
        /// The directory of the model.
        model: PathBuf,
    },
    /// Asked to stop.
    Interrupted {
        /// Updates made; all of them are saved.
        step: u64,
    },
}

/// A run with its directory open, and locked against a second process.
pub(crate) struct Run {
    recipe: Recipe,
    directory: PathBuf,
    spec: ModelSpec,
    /// SHA-256 of the checkpoint that the run began with.
    begun_with: Option<String>,
    tokenizer: Arc<Tokenizer>,
    sources: Arc<Sources>,
    trainer: Trainer,
    compute: String,
    checkpoints: Checkpoints,
    /// Updates that the newest checkpoint holds.
    saved: u64,
    /// Of the first process, which alone writes into the directory.
    lead: Option<Lead>,
}

/// What only one process may hold.
struct Lead {
    log: Log,
    _lock: Lock,
}

impl Run {
    /// The run of this process and others in a directory: a new one where there is none, or the one
    /// that is there at its newest checkpoint. What the recipe asks for is looked at before anything
    /// is written.
    pub(crate) fn open(
        recipe: &Recipe,
        directory: &Path,
        options: &Options,
        processes: Box<dyn Collective>,
        compute: &Compute,
        evaluator: &mut dyn Evaluator,
    ) -> Result<Self> {
        let mut recipe = recipe.clone();
        recipe.complete();
        let leads = processes.rank() == 0;
        let mut lock = None;
        if options.resume {
            directory::check_same_recipe(directory, &recipe)?;
            // Before anything is read that another process might be writing.
            lock = leads.then(|| Lock::take(directory)).transpose()?;
        } else if leads {
            // Only the first process may look: it writes the file.
            directory::check_no_run(directory)?;
        }

        let mut run = Self::prepare(recipe, directory, options, processes, compute)?;
        if leads {
            evaluator.check(&run.recipe.evaluation)?;
        }
        if options.resume {
            run.restore(lock)?;
        } else if leads {
            run.lead = Some(run.begin()?);
        }
        Ok(run)
    }

    /// Everything that the recipe asks for, at its beginning; nothing is written.
    fn prepare(
        recipe: Recipe,
        directory: &Path,
        options: &Options,
        processes: Box<dyn Collective>,
        compute: &Compute,
    ) -> Result<Self> {
        let Start {
            spec,
            weights,
            sha256,
        } = Start::of(&recipe, options.start.as_deref())?;
        let shape = Shape {
            seed: recipe.seed,
            pairs: recipe.batch.pairs,
            chains: recipe.batch.chains,
            preprocessing: &spec.preprocessing,
            side: spec.config.vision.image_size,
        };
        let sources = Sources::open(&recipe.data, &shape)?;
        let threads = options.threads.max(1);
        let trainer = Trainer::new(&recipe, &spec.config, weights, compute, threads, processes)?;
        Ok(Self {
            tokenizer: Arc::new(Tokenizer::from_json(
                &spec.tokenizer_json,
                &spec.config.text,
            )?),
            sources: Arc::new(sources),
            checkpoints: Checkpoints::new(directory.join("checkpoints"), recipe.checkpoint.keep),
            directory: directory.to_owned(),
            compute: compute.to_string(),
            begun_with: sha256,
            saved: 0,
            lead: None,
            recipe,
            spec,
            trainer,
        })
    }

    /// Makes the directory of a new run.
    fn begin(&self) -> Result<Lead> {
        std::fs::create_dir_all(&self.directory)
            .with_context(|| format!("cannot create {}", self.directory.display()))?;
        let lock = Lock::take(&self.directory)?;
        // Another run may have begun since the first look.
        directory::check_no_run(&self.directory)?;
        let spelled_out = toml::to_string(&self.recipe)?;
        write_whole(&directory::recipe_file(&self.directory), |file| {
            Ok(file.write_all(spelled_out.as_bytes())?)
        })?;
        Ok(Lead {
            log: Log::create(&self.directory)?,
            _lock: lock,
        })
    }

    /// Goes to the newest checkpoint; `lock` is the first process's.
    fn restore(&mut self, lock: Option<Lock>) -> Result<()> {
        if lock.is_some() {
            directory::clear_leftovers(&self.directory)?;
        }
        let mut state = self.trainer.state(self.begun_with.as_deref());
        self.saved = self.checkpoints.restore_latest(&mut state)?.unwrap_or(0);
        // Nothing is removed before every process has read it.
        self.trainer.processes().barrier()?;
        if let Some(lock) = lock {
            self.lead = Some(Lead {
                log: Log::resume(&self.directory, self.saved)?,
                _lock: lock,
            });
        }
        Ok(())
    }

    /// Updates made so far.
    fn step(&self) -> u64 {
        self.trainer.step()
    }

    /// Trains until the last step asked for, then evaluates and writes the model; or until it is
    /// asked to stop, then saves.
    pub(crate) fn train(
        &mut self,
        options: &Options,
        evaluator: &mut dyn Evaluator,
        events: &mut dyn FnMut(Event<'_>),
    ) -> Result<Outcome> {
        let last = options.last_step.unwrap_or(self.recipe.steps);
        let last = last.min(self.recipe.steps);
        let stop = &*options.stop;
        if self.lead.is_some() {
            events(Event::Begins {
                first: self.step(),
                last,
                device: &self.compute,
            });
            for note in &self.sources.notes {
                events(Event::Note(note));
            }
        }
        let loader = self.loader(last)?;
        // One that was due when the run was stopped or killed is owed.
        if self.step() < last {
            self.evaluate_if_due(stop, evaluator, events)?;
        }
        while self.step() < last {
            if self.any_stops(stop)? {
                self.save()?;
                return Ok(Outcome::Interrupted { step: self.step() });
            }
            let batch = loader.next();
            self.tell_bad_samples(events)?;
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    self.save()?;
                    return Err(error.context(self.stopped_by_data()));
                }
            };
            self.one_step(&batch, events)?;
            if is_multiple(self.step(), self.recipe.checkpoint.every) {
                self.save()?;
            }
            if self.step() < last {
                self.evaluate_if_due(stop, evaluator, events)?;
            }
        }
        self.save()?;
        let done = self.finish(stop, evaluator, events)?;
        self.trainer.processes().barrier()?;
        let step = self.step();
        Ok(match done {
            true => Outcome::Finished {
                step,
                model: self.directory.join("model"),
            },
            false => Outcome::Interrupted { step },
        })
    }

    /// What makes the batches of the steps up to `last`.
    fn loader(&self, last: u64) -> Result<Loader> {
        let side = self.spec.config.vision.image_size;
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
        Loader::spawn(make, self.step()..last)
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

    /// Reports the bad samples found since the last call, each once in a run.
    fn tell_bad_samples(&mut self, events: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let step = self.step();
        for sentence in self.sources.bad.take_untold() {
            let is_new = match &mut self.lead {
                Some(lead) => lead.log.bad_sample(step, &sentence)?,
                None => true,
            };
            if is_new {
                events(Event::BadSample(&sentence));
            }
        }
        Ok(())
    }

    /// Why a run ends whose data cannot be read, and what is kept of it.
    fn stopped_by_data(&self) -> String {
        match self.step() {
            0 => "the run stopped before its first step; mend the data and resume it".to_owned(),
            step => format!(
                "the run stopped after step {step}, which is saved; mend the data and resume it"
            ),
        }
    }

    fn one_step(&mut self, batch: &Batch, events: &mut dyn FnMut(Event<'_>)) -> Result<()> {
        let start = Instant::now();
        let samples = self.recipe.batch.pairs + self.recipe.batch.chains;
        let report = self.trainer.update(batch).with_context(|| {
            let kept = match self.saved {
                0 => "no state is saved yet".to_owned(),
                saved => format!(
                    "its state after step {saved} is kept in {}",
                    self.directory.join("checkpoints").display()
                ),
            };
            format!(
                "the run stopped; {kept}. If the numbers diverged, start again with a lower \
                 optimizer.learning_rate or more optimizer.warmup_steps"
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
            events(Event::Step(&entry));
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

    /// The evaluation that the recipe asks for after this step, if it was not done before.
    fn evaluate_if_due(
        &mut self,
        stop: &AtomicBool,
        evaluator: &mut dyn Evaluator,
        events: &mut dyn FnMut(Event<'_>),
    ) -> Result<()> {
        let step = self.step();
        let is_done = self
            .lead
            .as_ref()
            .is_none_or(|lead| lead.log.has_evaluation(step));
        if step > 0 && is_multiple(step, self.recipe.evaluation.every) && !is_done {
            self.write_model("model", Readers::Transformers)?;
            self.evaluate(stop, evaluator, events)?;
        }
        Ok(())
    }

    /// Writes the result and evaluates it. `false` if it was stopped before the evaluation ended.
    fn finish(
        &mut self,
        stop: &AtomicBool,
        evaluator: &mut dyn Evaluator,
        events: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool> {
        let Some(lead) = &self.lead else {
            return Ok(true);
        };
        let is_done = lead.log.has_evaluation(self.step());
        let both = Readers::TransformersAndOpenClip;
        if self.write_model("model", both)? != both {
            events(Event::Note(
                "OpenCLIP cannot prepare images as this model needs it; the model's directory is \
                 for transformers alone",
            ));
        }
        Ok(is_done || self.evaluate(stop, evaluator, events)?)
    }

    /// Scores the model in `model/`, and keeps a copy if it is the best so far. `false` if it was
    /// stopped before it ended.
    fn evaluate(
        &mut self,
        stop: &AtomicBool,
        evaluator: &mut dyn Evaluator,
        events: &mut dyn FnMut(Event<'_>),
    ) -> Result<bool> {
        let step = self.step();
        events(Event::Evaluating { step });
        let Some(evaluation) = evaluator.evaluate(&self.directory.join("model"), stop)? else {
            return Ok(false);
        };
        if let Some(by) = &self.recipe.evaluation.best {
            let value = evaluation.value(by)?;
            if Best::of(&self.directory)?.is_none_or(|best| value > best.value) {
                self.write_best(Best { step, value })?;
            }
        }
        // Last: a run that is killed before owes the evaluation.
        if let Some(lead) = &mut self.lead {
            lead.log.evaluation(step, &evaluation)?;
        }
        let evaluation = &evaluation;
        events(Event::Evaluated { step, evaluation });
        Ok(true)
    }

    /// Writes the model into one of the run's folders, in the place of what was there. Answers who
    /// can read it.
    fn write_model(&self, name: &str, readers: Readers) -> Result<Readers> {
        let place = self.directory.join(name);
        folder::replace(&place, &FILES, |place| self.export(place, readers))
    }

    /// Keeps the model as the best one, together with when and how good it was.
    fn write_best(&self, best: Best) -> Result<()> {
        let place = self.directory.join(best::FOLDER);
        let ours: Vec<&str> = FILES.into_iter().chain([best::NOTE]).collect();
        folder::replace(&place, &ours, |place| {
            self.export(place, Readers::TransformersAndOpenClip)?;
            best.write(&place.join(best::NOTE))
        })?;
        best.write(&self.directory.join(best::COPY))
    }

    fn export(&self, place: &Path, readers: Readers) -> Result<Readers> {
        let writes_average = self.recipe.ema.as_ref().is_some_and(|ema| ema.write);
        let average = self.trainer.average.as_ref().filter(|_| writes_average);
        let provenance = Provenance {
            parent_sha256: self.begun_with.clone(),
            recipe: Some(provenance::sentence(&self.recipe, self.step())?),
            ..Provenance::default()
        };
        let weights = &self.trainer.weights;
        export::write_directory(place, &self.spec, weights, average, &provenance, readers)
    }
}

fn is_multiple(step: u64, every: Option<u64>) -> bool {
    every.is_some_and(|every| step.is_multiple_of(every))
}
