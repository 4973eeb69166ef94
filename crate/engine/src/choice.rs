//! Which engine a model runs on: what is asked for, what the device can do, what a trial shows.

use std::rc::Rc;

use serde::Serialize;

use crate::clip::{Clip, Error};
use crate::gpu::{Arithmetic, Gpu, GpuEngine, GpuError, GpuInfo, LoadTimes, Tuning};
use crate::trial::Trial;
use cliprobe_clip::Checkpoint;

/// Where a model should run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineRequest {
    /// On the engine that is faster in a trial.
    #[default]
    Auto,
    /// On the CPU.
    Cpu,
    /// On the GPU, if it computes what the CPU computes.
    Gpu,
}

/// Which engine a model was loaded onto, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineChoice {
    /// The GPU that was opened, also where the model does not run on it.
    pub gpu: Option<GpuInfo>,
    /// What the trial found, where there was one.
    pub trial: Option<Trial>,
    /// Why the model runs on the CPU though that was not asked for: one sentence.
    pub why_cpu: Option<String>,
    /// Bytes of the weights in the GPU's memory; 0 on the CPU.
    pub gpu_weight_bytes: u64,
    /// Time to find and open the GPU, in ms.
    pub gpu_open_ms: f64,
    /// Times of loading onto the GPU, if it was loaded there.
    pub gpu_load: Option<LoadTimes>,
    /// The tiles of the GPU's matrix products: `m×n×k` of a workgroup and `m×n` of a thread, for
    /// results of few, some and many rows.
    pub gpu_tiles: Option<String>,
    /// Arithmetic of the GPU's matrix products, if the model was loaded onto it.
    pub gpu_arithmetic: Option<Arithmetic>,
    /// Why that is f32 though another arithmetic was asked for: one sentence.
    pub why_f32: Option<String>,
}

/// A model below this answers on a CPU at once, and compiling kernels takes longer than that.
const WORTH_A_TRIAL: u64 = 20_000_000;

impl Clip {
    /// Loads a checkpoint where it runs best. What is found about tiles is added to `tuning`; `clock`
    /// gives milliseconds from any beginning; `progress` is told the number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's; with [`EngineRequest::Gpu`] also a GPU that is not there or has no room. A GPU that
    /// computes something else is never used, nor an arithmetic that the device or the model does not
    /// allow: the choice then says so.
    pub async fn choose(
        checkpoint: &Rc<Checkpoint>,
        request: EngineRequest,
        tuning: &mut Tuning,
        clock: &dyn Fn() -> f64,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Self, EngineChoice), Error> {
        let mut choice = EngineChoice::default();
        let engine = match request {
            EngineRequest::Cpu => None,
            EngineRequest::Auto if checkpoint.parameters() < WORTH_A_TRIAL => {
                choice.why_cpu = Some("a model of this size answers at once on the CPU".into());
                None
            }
            EngineRequest::Auto | EngineRequest::Gpu => {
                match on_gpu(checkpoint, request, tuning, clock, progress, &mut choice).await {
                    Ok(engine) => engine,
                    Err(error) if request == EngineRequest::Auto => {
                        choice.why_cpu = Some(error.to_string());
                        None
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let clip = match engine {
            Some(engine) => {
                choice.gpu_weight_bytes = engine.weight_bytes();
                Self::with_gpu(checkpoint, engine)?
            }
            None => Self::on_cpu(checkpoint, progress)?,
        };
        Ok((clip, choice))
    }
}

/// The engine, or nothing where the trial speaks against it.
async fn on_gpu(
    checkpoint: &Rc<Checkpoint>,
    request: EngineRequest,
    tuning: &mut Tuning,
    clock: &dyn Fn() -> f64,
    progress: &mut dyn FnMut(usize, usize),
    choice: &mut EngineChoice,
) -> Result<Option<GpuEngine>, Error> {
    let start = clock();
    let gpu = Gpu::shared().await?;
    choice.gpu_open_ms = clock() - start;
    choice.gpu = Some(gpu.info().clone());
    if request == EngineRequest::Auto && gpu.info().software {
        choice.why_cpu = Some(format!("{} is made of processor cores", gpu.info().name));
        return Ok(None);
    }
    let mut arithmetic = tuning.arithmetic;
    let (engine, trial) = loop {
        let asked = Tuning {
            arithmetic,
            ..tuning.clone()
        };
        match GpuEngine::load(&gpu, checkpoint, asked, progress).await {
            Err(error @ GpuError::Arithmetic { .. }) => choice.why_f32 = Some(error.to_string()),
            Err(error) => return Err(error.into()),
            Ok(engine) => {
                tuning.known.clone_from(&engine.tuning().known);
                let tolerance = arithmetic.tolerance(checkpoint.config.projection_dim);
                let trial = Trial::run(checkpoint, &engine, tolerance, clock).await?;
                if trial.agrees() || arithmetic == Arithmetic::F32 {
                    break (engine, trial);
                }
                choice.why_f32 = Some(format!("in {arithmetic}, {}", disagreement(&gpu, &trial)));
            }
        }
        arithmetic = Arithmetic::F32;
    };
    choice.gpu_load = Some(engine.load_times());
    choice.gpu_tiles = Some(engine.tiles());
    choice.gpu_arithmetic = Some(engine.arithmetic());
    choice.trial = Some(trial);
    if !trial.agrees() {
        choice.why_cpu = Some(disagreement(&gpu, &trial));
    } else if request == EngineRequest::Auto && !trial.prefers_gpu() {
        choice.why_cpu = Some(format!(
            "the CPU took {:.0} ms for a trial and {} {:.0} ms",
            trial.cpu_ms,
            gpu.info().name,
            trial.gpu_ms
        ));
    }
    Ok(choice.why_cpu.is_none().then_some(engine))
}

fn disagreement(gpu: &Gpu, trial: &Trial) -> String {
    format!(
        "{} computes other embeddings than the CPU (differences of {:.1e} and {:.1e})",
        gpu.info().name,
        trial.text_difference,
        trial.image_difference
    )
}
