//! `cliprobe patch`: two checkpoints in, one between them out; and the way from one to the other,
//! evaluated.

mod figure;
mod number;
mod sweep;
mod trade_off;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgGroup, Args};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::blend::blend;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::model_file::write_gguf;
use cliprobe::clip::tensors::ElementType;

use crate::model::OverrideArgs;
use crate::model_directory::{self, Readers};
use crate::output::write_whole;
use crate::progress;
use number::number;
use sweep::SweepArgs;

/// Interpolate between the weights of two checkpoints
///
/// Every tensor, the logit scale included (as its logarithm), becomes (1 − α) · BASE + α · FINETUNED:
/// this is WiSE-FT, and CLoVe's patching, whose α is 0.6. With --task-vector it becomes BASE plus the sum of
/// COEFFICIENT · (MODEL − BASE). With --sweep, models between the two are evaluated as `cliprobe eval` does. Their
/// embeddings are stored, so that a sweep that was stopped continues when it is started again.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("tuned").required(true).args(["fine_tuned", "task_vectors"])))]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["out", "sweep"])))]
pub(crate) struct PatchArgs {
    /// Checkpoint that fine-tuning started from
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// Checkpoint that fine-tuning ended with
    #[arg(value_name = "FINETUNED")]
    fine_tuned: Option<PathBuf>,
    /// Weight of FINETUNED: 0 gives BASE, 1 gives FINETUNED; a sweep marks this model
    #[arg(long, value_name = "A", default_value_t = 0.6, value_parser = number, conflicts_with = "task_vectors", allow_negative_numbers = true)]
    alpha: f64,
    /// Add COEFFICIENT · (MODEL − BASE); may be given several times
    #[arg(long = "task-vector", value_name = "MODEL=COEFFICIENT")]
    task_vectors: Vec<TaskVector>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// Write the model in f32: a Hugging Face directory, or one GGUF file if the name ends in .gguf
    #[arg(long, short, value_name = "DIR|F.gguf")]
    out: Option<PathBuf>,
    /// Name to give the model [default: the name of --out]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    sweep: SweepArgs,
}

/// A fine-tuned checkpoint and how much of its change is wanted.
#[derive(Clone, Debug)]
struct TaskVector {
    path: PathBuf,
    coefficient: f64,
}

impl FromStr for TaskVector {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let (path, coefficient) = given
            .rsplit_once('=')
            .ok_or("it lacks the coefficient, as in finetuned=0.5")?;
        Ok(Self {
            path: path.into(),
            coefficient: number(coefficient)?,
        })
    }
}

pub(crate) fn run(args: &PatchArgs) -> Result<ExitCode> {
    // What can be wrong is found before minutes of computing.
    if let Some(out) = &args.out {
        let given = args.fine_tuned.iter().chain([&args.base]);
        for given in given.chain(args.task_vectors.iter().map(|vector| &vector.path)) {
            ensure!(
                !same_place(out, given),
                "{} is one of the models to patch; name another place with --out",
                out.display()
            );
        }
    }
    let open =
        |path: &Path| -> Result<Arc<Checkpoint>> { Ok(Arc::new(args.overrides.open(path)?)) };
    let base = open(&args.base)?;
    let others: Vec<(Arc<Checkpoint>, f64)> = match &args.fine_tuned {
        Some(path) => vec![(open(path)?, args.alpha)],
        None => {
            let vectors = args.task_vectors.iter();
            let opened = vectors.map(|vector| Ok((open(&vector.path)?, vector.coefficient)));
            opened.collect::<Result<_>>()?
        }
    };
    for (other, _) in &others {
        if other.preprocessing != base.preprocessing {
            eprintln!(
                "{} prepares images differently from {}; the result prepares them as the latter does: {}",
                other.name,
                base.name,
                base.preprocessing.summary()
            );
        }
    }
    if let Some(out) = &args.out {
        write(out, args.name.as_deref(), &base, &others)?;
    }
    match others.as_slice() {
        [(fine_tuned, alpha)] if args.sweep.is_wanted() => {
            sweep::run(&args.sweep, &base, fine_tuned, *alpha)
        }
        _ if args.sweep.is_wanted() => bail!("a sweep goes from BASE to one FINETUNED model"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Whether writing to one would change the other.
fn same_place(out: &Path, given: &Path) -> bool {
    match (out.canonicalize(), given.canonicalize()) {
        (Ok(out), Ok(given)) => out == given || given.parent() == Some(&out),
        _ => false,
    }
}

fn write(
    out: &Path,
    name: Option<&str>,
    base: &Arc<Checkpoint>,
    others: &[(Arc<Checkpoint>, f64)],
) -> Result<()> {
    let own_name = out.file_stem().unwrap_or_default().to_string_lossy();
    let patched = blend(name.unwrap_or(&own_name), base, others)?;
    let bar = progress::bar("Patching", "tensors");
    let mut progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    if out
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("gguf"))
    {
        write_whole(out, |file| {
            let provenance = &patched.provenance;
            Ok(write_gguf(
                &patched,
                ElementType::F32,
                provenance,
                file,
                &mut progress,
            )?)
        })?;
    } else {
        let readers = model_directory::write_checkpoint(out, &patched, &mut progress)?;
        if readers == Readers::Transformers {
            eprintln!(
                "OpenCLIP cannot prepare images as this model needs it; {} is for transformers alone",
                out.display()
            );
        }
    }
    bar.finish_and_clear();
    let written = Checkpoint::open(out, &Overrides::default())
        .with_context(|| format!("{}, just written", out.display()))?;
    let recipe = patched.provenance.recipe.unwrap_or_default();
    println!("{}: {recipe}", out.display());
    println!("sha256 {}", written.sha256()?);
    Ok(())
}
