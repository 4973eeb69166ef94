//! `cliprobe train`: trains a CLIP from nothing or from a checkpoint, as a recipe says, into a run
//! directory. The work is cliprobe-train's; here are its options, its signals, its evaluation and
//! what a person sees of it.

mod evaluator;
#[cfg(test)]
mod exported;
mod progress;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use cliprobe_train::recipe::{MissingKeys, TEMPLATES, template};
use cliprobe_train::{Collective, DeviceWish, Options, Outcome, Recipe};
#[cfg(unix)]
use nix::sys::signal::{SigHandler, Signal, signal};

use crate::hub;
use evaluator::BenchEvaluator;
use progress::Progress;

/// The exit code of a program that an interrupt ended: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Train a CLIP model as a recipe says, from random weights or from a checkpoint
///
/// `cliprobe train --init table > recipe.toml` writes a commented recipe to begin with.
#[derive(Debug, clap::Args)]
pub(crate) struct TrainArgs {
    /// The recipe, a TOML file such as models/experiment/contrastive-1.toml
    #[arg(required_unless_present = "init")]
    recipe: Option<PathBuf>,
    /// Print a commented recipe for this kind of data
    #[arg(long, value_name = "DATA", value_parser = TEMPLATES, conflicts_with = "recipe")]
    init: Option<String>,
    /// Directory of the run [default: runs/NAME, with the name of the recipe]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue from the newest checkpoint of the run directory
    #[arg(long)]
    resume: bool,
    /// Stop after this step. The learning rate still follows the recipe's schedule, so that the run can be resumed
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Number of threads that compute [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Where the encoders are computed: cpu, cuda, cuda:N (counted from 0), or auto: a CUDA device if this program
    /// supports CUDA and the machine has one, else the CPU
    #[arg(long, default_value = "auto")]
    device: DeviceWish,
}

/// Runs the command. Ctrl-C saves a checkpoint before it ends; a second one ends at once.
pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode> {
    if let Some(recipe) = args.init.as_deref().and_then(template) {
        println!("{}", recipe.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let Some(recipe) = &args.recipe else {
        bail!("name a recipe, or print one to begin with by `cliprobe train --init table`");
    };
    // First of all, for it wants to be the only thread, and joining may start others.
    let threads = set_threads(args.threads)?;
    let (joined, processes) = cliprobe_train::join(args.device.cuda())?;
    let outcome = train(args, recipe, processes, threads);
    if let Err(error) = &outcome {
        joined.fail(error, |sentence| eprintln!("cliprobe: {sentence}"));
    }
    outcome
}

fn train(
    args: &TrainArgs,
    path: &Path,
    processes: Box<dyn Collective>,
    threads: usize,
) -> Result<ExitCode> {
    let recipe = read(path)?;
    let leads = processes.rank() == 0;
    let directory = match &args.out {
        Some(directory) => directory.clone(),
        None => Path::new("runs").join(path.file_stem().unwrap_or_default()),
    };
    let start = recipe.start.as_deref().map(|start| {
        hub::locate(start).with_context(|| format!("cannot start from {}", start.display()))
    });
    let options = Options {
        resume: args.resume,
        last_step: args.steps,
        threads,
        device: args.device,
        start: start.transpose()?,
        stop: stop_on_signals()?,
    };
    let mut progress = Progress::new();
    if leads {
        for sentence in notes(args, &recipe) {
            progress.note(&sentence);
        }
    }
    let outcome = cliprobe_train::train(
        &recipe,
        &directory,
        &options,
        processes,
        &mut BenchEvaluator::default(),
        &mut |event| progress.tell(event),
    )
    .map_err(with_flags)?;
    if leads {
        progress.note(&ending(&outcome, &recipe));
    }
    Ok(match outcome {
        Outcome::Finished { .. } => ExitCode::SUCCESS,
        Outcome::Interrupted { .. } => ExitCode::from(INTERRUPTED),
    })
}

/// Reads the recipe; the command knows how to write one.
fn read(path: &Path) -> Result<Recipe> {
    Recipe::read(path).map_err(|error| {
        if error.chain().any(|cause| cause.is::<MissingKeys>()) {
            let kinds = TEMPLATES.join("|");
            anyhow::anyhow!("{error:#}\n`cliprobe train --init {kinds}` prints a complete one")
        } else {
            error
        }
    })
}

/// Adds the options that help: the library knows none.
fn with_flags(error: anyhow::Error) -> anyhow::Error {
    let sentence = error.to_string();
    let advice = if sentence.contains("holds a run already") {
        "--resume continues it, --out names another directory"
    } else if sentence.contains("the recipe differs from") {
        "--out names another directory"
    } else if sentence.contains("resume it") {
        "--resume does"
    } else {
        return error;
    };
    anyhow::anyhow!("{error:#} ({advice})")
}

/// Notes to print before the run.
fn notes(args: &TrainArgs, recipe: &Recipe) -> Vec<String> {
    let beyond = args.steps.filter(|steps| *steps > recipe.steps);
    let beyond = beyond.map(|steps| {
        format!(
            "--steps {steps} is more than the {} steps of the recipe; the run ends with the recipe's last step.",
            recipe.steps
        )
    });
    beyond
        .into_iter()
        .chain(cliprobe_train::idle_tasks())
        .collect()
}

/// How the run ended, in a sentence.
fn ending(outcome: &Outcome, recipe: &Recipe) -> String {
    match outcome {
        Outcome::Finished { step, model } if *step < recipe.steps => format!(
            "The model after step {step} of {} is in {}. Continue with --resume.",
            recipe.steps,
            model.display()
        ),
        Outcome::Finished { model, .. } => format!("The model is in {}.", model.display()),
        Outcome::Interrupted { step: 0 } => {
            "Stopped before the first step; nothing is saved yet. Continue with --resume."
                .to_owned()
        }
        Outcome::Interrupted { step } => {
            format!("Stopped after step {step}; its state is saved. Continue with --resume.")
        }
    }
}

/// Decides how many threads compute: as many as are asked for, or one a core.
fn set_threads(asked: Option<u16>) -> Result<usize> {
    let threads = match asked {
        Some(threads) => threads.into(),
        None => {
            let cores = std::thread::available_parallelism()?.get();
            (cores / cliprobe_train::on_this_machine()).max(1)
        }
    };
    // Chunks of the batch have a thread each. candle would spread every product and every large
    // sum of theirs over all cores again, in pools of its own that wait by spinning; both sizes
    // come from the environment alone.
    for variable in ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"] {
        #[expect(
            unsafe_code,
            reason = "no other thread may read the environment meanwhile"
        )]
        // SAFETY: the command has started no thread yet that could read the environment.
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

/// Sets the answer on Ctrl-C, on SIGTERM, as schedulers send it, and on SIGHUP, as a terminal that
/// closes does; a second signal ends the process.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    #[cfg(unix)]
    let ignored = hang_up_is_ignored();
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .context("cannot listen for signals")?;
    #[cfg(unix)]
    if ignored {
        ignore_hang_up();
    }
    Ok(stop)
}

/// Whether the process was started by `nohup`, which means it to outlive its terminal.
#[cfg(unix)]
fn hang_up_is_ignored() -> bool {
    matches!(ignore_hang_up(), Some(SigHandler::SigIgn))
}

/// Ignores SIGHUP; answers what was done on it before.
#[cfg(unix)]
fn ignore_hang_up() -> Option<SigHandler> {
    // SAFETY: no handler of ours runs, the signal is ignored.
    #[expect(unsafe_code, reason = "the only way to ask how a signal is handled")]
    unsafe {
        signal(Signal::SIGHUP, SigHandler::SigIgn).ok()
    }
}
