//! Speed of a model on the GPU: `gpu_bench MODEL [JSON_FILE]`. Prints a table; the file gets the
//! same numbers with the device's description. Images and captions are random, captions have
//! twelve tokens of which none are shared. Beside PyTorch on the same GPU: `gpu_bench.sh`.
//!
//! The device's f32 peak is measured, by a kernel that only multiplies and adds; `PEAK_TFLOPS` in the
//! environment replaces it by the maker's figure. `TILES=anew` times tiles first, `TILES=standard` does
//! not; without it they are timed where there is a GPU. `BATCHES=1,8` measures these alone.
//!
//! All is measured in every arithmetic that the device and the model allow, or in `ARITHMETIC=f32,f16`
//! alone; shares are of the f32 peak in each.
//!
//! FLOP are those of the matrix products and the attention that are computed: after the last
//! attention that is one row of each sequence.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::config::{ClipConfig, TransformerConfig};
use cliprobe_engine::gpu::{Arithmetic, Gpu, GpuEngine, GpuError, TileChoice, Tuning};
use cliprobe_engine::trial::Trial;
use cliprobe_engine::{Engine, PackedTokens};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

const BATCHES: &str = "1,8,64,256";
const CAPTION_TOKENS: usize = 12;
/// Seconds that a measurement takes at least.
const LEAST_SECONDS: f64 = 1.0;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (model, file) = match arguments.as_slice() {
        [model] => (model, None),
        [model, file] => (model, Some(file)),
        _ => return Err("usage: gpu_bench MODEL [JSON_FILE]".into()),
    };
    let checkpoint = Rc::new(Checkpoint::open(Path::new(model), &Overrides::default())?);
    let variable = |name: &str| std::env::var(name).ok();
    let batches = variable("BATCHES").unwrap_or_else(|| BATCHES.into());
    let batches: Vec<usize> = batches
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let arithmetics = match variable("ARITHMETIC") {
        None => Arithmetic::ALL.to_vec(),
        Some(names) => (names.split(','))
            .map(|name| Arithmetic::from_name(name).ok_or("ARITHMETIC is f32, f16, int8 or a list"))
            .collect::<Result<_, _>>()?,
    };
    let tiles = match variable("TILES").as_deref() {
        Some("anew") => TileChoice::Anew,
        Some("standard") => TileChoice::Standard,
        _ => TileChoice::Known,
    };
    let gpu = ready(Gpu::open())?;
    let peak = match variable("PEAK_TFLOPS") {
        Some(given) => given.parse::<f64>()? * 1e12,
        None => ready(gpu.peak_flops())?,
    };
    println!(
        "{} ({}), {}, f32 peak {:.2} TFLOP/s",
        gpu.info().name,
        gpu.info().backend,
        checkpoint.name,
        peak / 1e12
    );
    let mut runs = Vec::new();
    for arithmetic in arithmetics {
        let tuning = Tuning {
            arithmetic,
            tiles,
            ..Tuning::default()
        };
        match measured(&gpu, &checkpoint, tuning, peak, &batches) {
            Err(error) => match error.downcast_ref() {
                Some(GpuError::Arithmetic { .. }) => println!("left out: {error}"),
                _ => return Err(error),
            },
            Ok(run) => runs.push(run),
        }
    }
    if let Some(file) = file {
        let report = json!({
            "model": checkpoint.name,
            "tensor_types": checkpoint.tensor_types(),
            "gpu": gpu.info(),
            "peak_tflops": peak / 1e12,
            "arithmetics": runs,
        });
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

/// Loads the model as `tuning` says and measures it: prints tables, gives the same as JSON.
fn measured(
    gpu: &Gpu,
    checkpoint: &Rc<Checkpoint>,
    tuning: Tuning,
    peak: f64,
    batches: &[usize],
) -> Result<serde_json::Value, Box<dyn Error>> {
    let config = checkpoint.config;
    let start = Instant::now();
    let engine = ready(GpuEngine::load(gpu, checkpoint, tuning, &mut |_, _| {}))?;
    let arithmetic = engine.arithmetic();
    let load_ms = milliseconds(start);
    let clock = || milliseconds(start);
    let trial = ready(Trial::run(
        checkpoint,
        &engine,
        arithmetic.tolerance(config.projection_dim),
        &clock,
    ))?;
    println!(
        "{arithmetic}: load {load_ms:.0} ms, {:.0} MB of weights; against the CPU: differences {:.1e} (text), {:.1e} (image)",
        engine.weight_bytes() as f64 / 1e6,
        trial.text_difference,
        trial.image_difference
    );
    println!("{:?}, tiles {}", engine.load_times(), engine.tiles());
    println!(
        "{:>12} {:>6} {:>5} {:>6} {:>6} {:>6} {:>14} {:>10} {:>8} {:>6}",
        "product", "type", "in", "rows", "cols", "inner", "tile", "ms", "TFLOP/s", "peak"
    );
    let mut products = Vec::new();
    for &batch in batches {
        let (image, text) = (batch * config.vision.tokens(), batch * CAPTION_TOKENS);
        for speed in ready(engine.product_speeds(image as u32, text as u32))? {
            let share = speed.flops() / peak;
            println!(
                "{:>12} {:>6} {:>5} {:>6} {:>6} {:>6} {:>14} {:>10.4} {:>8.3} {:>5.1}%",
                speed.what,
                speed.element,
                speed.arithmetic.name(),
                speed.rows,
                speed.columns,
                speed.inner,
                speed.tile,
                speed.ms,
                speed.flops() / 1e12,
                100.0 * share
            );
            products.push(json!({"batch": batch, "product": speed, "tflops": speed.flops() / 1e12, "share_of_peak": share}));
        }
    }
    println!(
        "{:>8} {:>6} {:>10} {:>10} {:>8} {:>6}",
        "", "batch", "ms", "each/s", "TFLOP/s", "peak"
    );
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut rows = Vec::new();
    for kind in ["images", "captions"] {
        for &batch in batches {
            let (seconds, flop) = if kind == "images" {
                let values = 3 * config.vision.image_size.pow(2);
                let pixels: Vec<f32> = (0..batch * values)
                    .map(|_| rng.random_range(-1.0..1.0))
                    .collect();
                let run = || ready(engine.encode_images(&pixels)).map(drop);
                (seconds_of(run)?, image_flop(&config))
            } else {
                let ids: Vec<Vec<u32>> = (0..batch)
                    .map(|_| {
                        (0..CAPTION_TOKENS)
                            .map(|_| rng.random_range(0..config.text.vocab_size as u32))
                            .collect()
                    })
                    .collect();
                let tokens = PackedTokens::new(ids.iter().map(Vec::as_slice));
                let run = || ready(engine.encode_text(&tokens)).map(drop);
                (seconds_of(run)?, caption_flop(&config))
            };
            let rate = batch as f64 / seconds;
            let tflops = rate * flop / 1e12;
            println!(
                "{kind:>8} {batch:>6} {:>10.2} {rate:>10.1} {tflops:>8.3} {:>5.1}%",
                seconds * 1e3,
                100.0 * tflops * 1e12 / peak
            );
            rows.push(json!({"kind": kind, "batch": batch, "ms": seconds * 1e3, "per_second": rate, "tflops": tflops}));
        }
    }
    Ok(json!({
        "arithmetic": arithmetic,
        "load_ms": load_ms,
        "load_times": engine.load_times(),
        "tiles": engine.tiles(),
        "products": products,
        "weight_bytes": engine.weight_bytes(),
        "activation_bytes": engine.activation_bytes(),
        "trial": trial,
        "rows": rows,
    }))
}

/// Mean seconds of a run, after one to warm up.
fn seconds_of<E>(run: impl Fn() -> Result<(), E>) -> Result<f64, E> {
    run()?;
    let (start, mut runs) = (Instant::now(), 0);
    while start.elapsed().as_secs_f64() < LEAST_SECONDS || runs < 3 {
        run()?;
        runs += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(runs))
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Natively the engines' futures are ready when first polled.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("natively the engines answer at once"),
    }
}

fn transformer_flop(config: &TransformerConfig, tokens: f64, seen: f64) -> f64 {
    let (width, mlp) = (config.width as f64, config.mlp_width as f64);
    let (attend, finish) = (6.0 * width * width, 2.0 * width * width + 4.0 * width * mlp);
    let layers = config.layers as f64;
    let attention = 4.0 * width * seen;
    layers * tokens * attend + (layers - 1.0) * tokens * (attention + finish) + attention + finish
}

fn image_flop(config: &ClipConfig) -> f64 {
    let vision = &config.vision;
    let (tokens, width) = (vision.tokens() as f64, vision.transformer.width as f64);
    let patch = 3.0 * (vision.patch_size * vision.patch_size) as f64;
    transformer_flop(&vision.transformer, tokens, tokens)
        + 2.0 * vision.patches() as f64 * patch * width
        + 2.0 * width * config.projection_dim as f64
}

fn caption_flop(config: &ClipConfig) -> f64 {
    let text = &config.text.transformer;
    let tokens = CAPTION_TOKENS as f64;
    transformer_flop(text, tokens, (tokens + 1.0) / 2.0)
        + 2.0 * (text.width * config.projection_dim) as f64
}
