//! Trains a CLIP from nothing or from a checkpoint, as a [`Recipe`] says, into a run directory.
//!
//! ```no_run
//! use cliprobe_train::{Event, Options, Recipe, alone, train};
//!
//! # fn main() -> anyhow::Result<()> {
//! # struct NoSets;
//! # impl cliprobe_train::Evaluator for NoSets {
//! #     fn check(&mut self, _: &cliprobe_train::recipe::EvaluationRecipe) -> anyhow::Result<()> { Ok(()) }
//! #     fn evaluate(&mut self, _: &std::path::Path, _: &std::sync::atomic::AtomicBool)
//! #         -> anyhow::Result<Option<cliprobe_train::Evaluation>> { Ok(None) }
//! # }
//! # let mut evaluator = NoSets;
//! let recipe = Recipe::read("recipe.toml".as_ref())?;
//! let options = Options::default();
//! train(&recipe, "runs/first".as_ref(), &options, alone(), &mut evaluator, &mut |event| {
//!     if let Event::Step(step) = event {
//!         println!("step {}: loss {}", step.step, step.loss);
//!     }
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! | file of the run directory | content |
//! |---|---|
//! | `recipe.toml` | the recipe, with every default spelled out |
//! | `log.jsonl` | one line a step (loss, rates, norms, speed), one an evaluation, one a bad sample |
//! | `tensorboard/` | the same numbers as event files |
//! | `checkpoints/` | the newest states; a resumed run continues as if it had never stopped |
//! | `model/` | the model of the last evaluation, at the end the result, as a Hugging Face directory |
//! | `best/` | the best evaluated model, if the recipe says by which metric |
//! | `lock` | held by the process that trains in this directory |
//!
//! It knows checkpoints, the CPU engine, the generated world and caption edits. It must never know
//! a command line, a terminal or a progress bar: the caller gets [`Event`]s. It does not know how a
//! model is evaluated either: the caller gives an [`Evaluator`].

mod checkpoint;
mod chunks;
mod collective;
mod compute;
pub mod data;
mod ema;
mod evaluate;
mod event;
mod export;
mod features;
mod gradients;
mod learning;
mod log;
mod lora;
mod names;
mod objective;
mod optimizer;
mod provenance;
pub mod recipe;
mod run;
mod sample;
mod schedule;
mod start;
mod tensorboard;
mod trainer;
mod values;
mod vocabulary;
mod weights;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

pub use collective::{Collective, Joined, alone, idle_tasks, join, on_this_machine};
pub use compute::DeviceWish;
pub use evaluate::{Evaluation, Evaluator, Number, Scores};
pub use event::Event;
pub use log::StepEntry;
pub use recipe::Recipe;
pub use run::Outcome;
pub use sample::{Chain, Sample, Source};

use run::Run;

/// How a run is carried out. None of these options changes its result.
#[derive(Debug, Clone)]
pub struct Options {
    /// Continue from the newest checkpoint of the directory, which must hold a run.
    pub resume: bool,
    /// Stop after this step; `None` stops at the recipe's last step. The learning rate follows the recipe's
    /// schedule either way.
    pub last_step: Option<u64>,
    /// Threads that compute, at least 1.
    pub threads: usize,
    /// Where the encoders are computed.
    pub device: DeviceWish,
    /// Where the checkpoint that the recipe names as `start` lies, if not at that path.
    pub start: Option<PathBuf>,
    /// Set to `true` from another thread to end the run after the current step, or during an
    /// evaluation. The state is saved first.
    pub stop: Arc<AtomicBool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            resume: false,
            last_step: None,
            threads: 1,
            device: DeviceWish::Cpu,
            start: None,
            stop: Arc::default(),
        }
    }
}

/// Trains as `recipe` says in the directory `out`, together with the other `processes`.
///
/// The recipe, its data, its checkpoint and its evaluation are checked before anything is written.
///
/// # Errors
/// A recipe that asks for files that are not there; a directory that holds a run (without
/// `resume`), none (with it) or one that another process trains in; a loss that is not finite;
/// too many bad samples; a full disk.
pub fn train(
    recipe: &Recipe,
    out: &Path,
    options: &Options,
    processes: Box<dyn Collective>,
    evaluator: &mut dyn Evaluator,
    events: &mut dyn FnMut(Event<'_>),
) -> Result<Outcome> {
    recipe.check()?;
    let compute = compute::Compute::find(options.device, events)?;
    let mut run = Run::open(recipe, out, options, processes, &compute, evaluator)?;
    run.train(options, evaluator, events)
}

/// A recipe whose run takes seconds.
#[cfg(test)]
const TINY_RECIPE: &str = include_str!("../../tests/train/tiny.toml");
