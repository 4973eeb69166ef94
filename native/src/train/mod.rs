//! `cliprobe train`: trains a CLIP from nothing or from a checkpoint, as a recipe says, into a run directory.
//!
//! | file of the run directory | what |
//! |---|---|
//! | `recipe.toml` | the recipe, every default spelled out |
//! | `log.jsonl` | a line a step (loss, rates, norms, speed), a line an evaluation |
//! | `tensorboard/` | the same numbers as event files |
//! | `checkpoints/` | the newest states; a resumed run goes on as if it had never stopped |
//! | `model/` | the model as last evaluated, at the end the result, as a Hugging Face directory |
//! | `best/` | the best of those that were evaluated, where the recipe says by what |

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

mod checkpoint;
mod chunks;
mod collective;
mod compute;
mod data;
mod ema;
mod evaluate;
mod export;
mod features;
mod gradients;
mod learning;
mod log;
mod lora;
mod objective;
mod optimizer;
mod progress;
pub(crate) mod recipe;
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

use collective::Collective;
use compute::{Compute, DeviceWish};
use progress::Progress;
use recipe::Recipe;
use run::{Outcome, Run};

/// What a program returns that an interrupt ended: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Train a CLIP from nothing or from a checkpoint, as a recipe says.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// The recipe, a TOML file such as models/experiment/contrastive-1.toml
    recipe: PathBuf,
    /// Directory of the run [default: runs/ and the recipe's name]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on from the newest checkpoint of the run directory
    #[arg(long)]
    resume: bool,
    /// Stop after this step; the schedule stays the recipe's, so the run can be resumed
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Threads to compute with [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// What the towers compute on: auto (a CUDA device if this program and the machine have one,
    /// else the CPU), cpu, cuda, or cuda:N, counted from 0
    #[arg(long, default_value = "auto")]
    device: DeviceWish,
}

/// Runs the command. Ctrl-C saves a checkpoint before it ends; a second one ends at once.
pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    // First of all, for it wants to be the only thread, and joining may start others.
    let threads = set_threads(args.threads)?;
    let (joined, processes) = collective::join(args.device.cuda())?;
    let outcome = train(args, processes, threads);
    if let Err(error) = &outcome {
        joined.fail(error);
    }
    outcome
}

fn train(args: &TrainArgs, processes: Box<dyn Collective>, threads: usize) -> Result<ExitCode> {
    let recipe = Recipe::read(&args.recipe)?;
    let leads = processes.rank() == 0;
    let directory = match &args.out {
        Some(directory) => directory.clone(),
        None => Path::new("runs").join(args.recipe.file_stem().unwrap_or_default()),
    };
    let last = args.steps.unwrap_or(recipe.steps).min(recipe.steps);
    let stop = stop_on_interrupt()?;

    let compute = Compute::find(args.device)?;
    let mut run = if args.resume {
        Run::resume(recipe, &directory, processes, &compute, threads)?
    } else {
        Run::start(recipe, &directory, processes, &compute, threads)?
    };
    let mut progress = Progress::new(run.step(), last);
    if leads && !compute.device.is_cpu() {
        progress.note(&format!("Training on {compute}."));
    }
    match run.train(last, &stop, &mut progress)? {
        Outcome::Finished { model } => {
            if leads {
                progress.note(&format!("The model is in {}.", model.display()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Interrupted { step } => {
            if leads {
                progress.note(&format!(
                    "Stopped after step {step}; its state is saved. Go on with --resume."
                ));
            }
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// Decides how many threads compute: as many as are asked for, or one a core.
fn set_threads(asked: Option<u16>) -> Result<usize> {
    let threads = match asked {
        Some(threads) => threads.into(),
        None => {
            let cores = std::thread::available_parallelism()?.get();
            (cores / collective::on_this_machine()).max(1)
        }
    };
    // Chunks of the batch have a thread each. candle would spread every product and every large
    // sum of theirs over all cores again, in pools of its own that wait by spinning; both sizes
    // come from the environment alone.
    for variable in ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"] {
        // SAFETY: the command has started no thread yet that could read the environment.
        #[expect(
            unsafe_code,
            reason = "no other thread may read the environment meanwhile"
        )]
        unsafe {
            std::env::set_var(variable, "1");
        }
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot set the number of threads")?;
    Ok(threads)
}

fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// A recipe whose run takes seconds.
#[cfg(test)]
const TINY_RECIPE: &str = include_str!("../../tests/train/tiny.toml");
