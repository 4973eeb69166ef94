//! The argument M that most commands share: a checkpoint of any form, and what the person says about it.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use cliprobe::choice::EngineRequest;
use cliprobe::clip::bytes::FileSet;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::config::Activation;
use cliprobe::clip::image::Exif;
use cliprobe::clip::{Checkpoint, ClipError, architectures};
use cliprobe::engine::gpu::{Arithmetic, TileChoice, Tuning};
use cliprobe::facade::Clip;

use crate::{hub, progress, tile_memory};

/// Which checkpoint, and how to read it.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// Checkpoint: a Hugging Face or OpenCLIP directory, a GGUF file, a state dict, or the name of a model on the
    /// Hugging Face hub, such as openai/clip-vit-base-patch32, which is downloaded once
    #[arg(value_name = "MODEL")]
    path: PathBuf,
    #[command(flatten)]
    overrides: OverrideArgs,
}

/// Facts about a checkpoint that its files do not state.
#[derive(Debug, Args)]
pub(crate) struct OverrideArgs {
    /// Architecture of a bare state dict: a JSON file in Hugging Face's or OpenCLIP's form, or a name such as ViT-B-32
    #[arg(long, value_name = "FILE|NAME")]
    config: Option<String>,
    /// Activation function of the model, if the checkpoint does not say
    #[arg(long, value_enum)]
    activation: Option<ActivationArg>,
    /// Directory with tokenizer.json, or vocab.json and merges.txt, if the checkpoint has no tokenizer
    #[arg(long, value_name = "DIR")]
    tokenizer: Option<PathBuf>,
}

/// How image files are read.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ImageArgs {
    /// Ignore the orientation that EXIF gives, as OpenAI's code and open_clip do; by default images are turned upright
    #[arg(long)]
    no_exif: bool,
}

impl ImageArgs {
    pub(crate) fn exif(self) -> Exif {
        if self.no_exif {
            Exif::Ignore
        } else {
            Exif::Apply
        }
    }
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DeviceArg {
    /// The GPU if a trial shows that it is correct and faster, else the CPU
    Auto,
    /// The CPU, on all cores; RAYON_NUM_THREADS limits them
    Cpu,
    /// The GPU through Vulkan, Metal or DirectX 12; WGPU_BACKEND chooses one
    Gpu,
}

/// How to come to the tiles of the GPU's matrix products.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TilesArg {
    /// The sizes stored for this GPU; if there are none, those that a short benchmark finds
    Known,
    /// Those that a new benchmark finds
    Anew,
    /// Fixed sizes, the same on every GPU
    Standard,
}

/// The numbers that the GPU computes matrix products in; sums of more than eight are f32 always.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ArithmeticArg {
    /// f32, as on the CPU except for the order of summation
    F32,
    /// Half precision, if the GPU supports it; less exact
    F16,
    /// 8-bit products, for Q8_0 weights only; less exact than half precision
    Int8,
}

/// Where and how to compute.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DeviceArgs {
    /// Where to compute
    #[arg(long, value_enum, default_value_t = DeviceArg::Auto)]
    device: DeviceArg,
    /// Tile sizes of the GPU's matrix products
    #[arg(long, value_enum, default_value_t = TilesArg::Known)]
    gpu_tiles: TilesArg,
    /// Arithmetic of the GPU's matrix products
    #[arg(long, value_enum, default_value_t = ArithmeticArg::F32)]
    gpu_arithmetic: ArithmeticArg,
}

impl DeviceArgs {
    /// Nothing but the CPU.
    pub(crate) const CPU: Self = Self {
        device: DeviceArg::Cpu,
        gpu_tiles: TilesArg::Known,
        gpu_arithmetic: ArithmeticArg::F32,
    };
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ActivationArg {
    /// OpenAI's weights and what was fine-tuned from them
    QuickGelu,
    /// Most of OpenCLIP's weights
    Gelu,
}

impl ModelArgs {
    /// Opens the checkpoint, without its tensors.
    pub(crate) fn open(&self) -> Result<Checkpoint> {
        self.overrides.open(&self.path)
    }

    /// Whether writing to `out` would change the checkpoint.
    pub(crate) fn is_at(&self, out: &Path) -> bool {
        match (out.canonicalize(), self.path.canonicalize()) {
            (Ok(out), Ok(model)) => out == model || model.parent() == Some(&out),
            _ => false,
        }
    }

    /// Opens the checkpoint and loads it where it shall compute.
    pub(crate) fn load(&self, device: DeviceArgs) -> Result<(Rc<Checkpoint>, Clip)> {
        let checkpoint = Rc::new(self.open()?);
        let clip = load(&checkpoint, device)?;
        Ok((checkpoint, clip))
    }
}

/// Loads a checkpoint where it shall compute.
pub(crate) fn load(checkpoint: &Rc<Checkpoint>, device: DeviceArgs) -> Result<Clip> {
    let wish = match device.device {
        DeviceArg::Auto => EngineRequest::Auto,
        DeviceArg::Cpu => EngineRequest::Cpu,
        DeviceArg::Gpu => EngineRequest::Gpu,
    };
    let known = tile_memory::read();
    let mut tuning = Tuning {
        arithmetic: match device.gpu_arithmetic {
            ArithmeticArg::F32 => Arithmetic::F32,
            ArithmeticArg::F16 => Arithmetic::F16,
            ArithmeticArg::Int8 => Arithmetic::Int8,
        },
        tiles: match device.gpu_tiles {
            TilesArg::Known => TileChoice::Known,
            TilesArg::Anew => TileChoice::Anew,
            TilesArg::Standard => TileChoice::Standard,
        },
        known: known.clone(),
    };
    let start = Instant::now();
    let clock = || start.elapsed().as_secs_f64() * 1e3;
    let bar = progress::bar("Loading", "tensors");
    let mut report = |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let (clip, choice) = pollster::block_on(Clip::choose(
        checkpoint,
        wish,
        &mut tuning,
        &clock,
        &mut report,
    ))?;
    bar.finish_and_clear();
    if tuning.known != known {
        tile_memory::write(&tuning.known);
    }
    if let Some(why) = &choice.why_f32 {
        bail!("{why}; use --gpu-arithmetic f32");
    }
    if let (DeviceArg::Gpu, Some(why)) = (device.device, &choice.why_cpu) {
        eprintln!("on the CPU: {why}");
    }
    Ok(clip)
}

impl OverrideArgs {
    /// Opens a checkpoint, without its tensors.
    pub(crate) fn open(&self, path: &Path) -> Result<Checkpoint> {
        let config = self.config.as_deref().map(read_config).transpose()?;
        let tokenizer = self
            .tokenizer
            .as_deref()
            .map(FileSet::from_directory)
            .transpose()?;
        let activation = self.activation.map(|activation| match activation {
            ActivationArg::QuickGelu => Activation::QuickGelu,
            ActivationArg::Gelu => Activation::Gelu,
        });
        let overrides = Overrides {
            activation,
            config,
            tokenizer,
            sha256: None,
        };
        Checkpoint::open(&hub::locate(path)?, &overrides).map_err(with_advice)
    }
}

/// The library's sentence and the flag that answers it.
fn with_advice(error: ClipError) -> anyhow::Error {
    let advice = match error {
        ClipError::AmbiguousActivation { .. } => {
            "say which with --activation quick_gelu or --activation gelu"
        }
        ClipError::MissingConfigFile { .. } => {
            "name it with --config: a JSON file, or an architecture such as ViT-B-32"
        }
        ClipError::MissingTokenizer { .. } => "name a directory that has one with --tokenizer",
        _ => return error.into(),
    };
    anyhow!("{error}; {advice}")
}

fn read_config(given: &str) -> Result<serde_json::Value> {
    if let Some(json) = architectures::open_clip_json(given) {
        return Ok(json);
    }
    if !Path::new(given).is_file() {
        bail!(
            "--config {given} is neither a file nor one of {:?} (or one of these with -quickgelu)",
            architectures::NAMES
        );
    }
    let text = std::fs::read(given).with_context(|| given.to_owned())?;
    serde_json::from_slice(&text).with_context(|| format!("{given} is not valid JSON"))
}
