//! The GPU engine against the golden values and against the CPU engine.
//!
//! Runs on whatever adapter there is; Mesa's llvmpipe (`apt-get install mesa-vulkan-drivers`)
//! serves where there is no GPU. Without any adapter the tests say so and skip, or fail where
//! `CLIPROBE_REQUIRE_GPU=1` is set.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::rc::Rc;

use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::tensors::ElementType;
use cliprobe_engine::choice::EngineRequest;
use cliprobe_engine::clip::Clip;
use cliprobe_engine::cpu::{CpuEngine, Model};
use cliprobe_engine::gpu::{Arithmetic, Gpu, GpuEngine, GpuError, TileChoice, Tuning};
use cliprobe_engine::trial::{TOLERANCE, Trial};
use cliprobe_engine::{Embeddings, Engine, EngineError, PackedTokens};

#[path = "golden_values.rs"]
mod golden_values;

use golden_values::{Golden, as_gguf, golden, largest_difference, ready};

const MODELS: [&str; 2] = ["tiny_a_quickgelu", "tiny_b_gelu_openclip"];

fn gpu() -> Option<Gpu> {
    match ready(Gpu::open()) {
        Ok(gpu) => {
            println!("on {}", gpu.info().name);
            Some(gpu)
        }
        Err(error) => {
            let required = std::env::var("CLIPROBE_REQUIRE_GPU").is_ok_and(|value| value == "1");
            assert!(!required, "CLIPROBE_REQUIRE_GPU=1, but {error}");
            println!("SKIPPED: {error}");
            None
        }
    }
}

/// A model on the GPU, with products as `tuning` says.
fn load(gpu: &Gpu, checkpoint: &Rc<Checkpoint>, tuning: Tuning) -> Result<GpuEngine, GpuError> {
    ready(GpuEngine::load(gpu, checkpoint, tuning, &mut |_, _| {}))
}

fn open(model: &str) -> Rc<Checkpoint> {
    Rc::new(Checkpoint::open(&golden(model), &Overrides::default()).unwrap())
}

fn on_gpu(gpu: &Gpu, checkpoint: &Rc<Checkpoint>, arithmetic: Arithmetic) -> Clip {
    let engine = load(gpu, checkpoint, compute_in(arithmetic)).unwrap();
    Clip::with_gpu(checkpoint, engine).unwrap()
}

fn difference<'a>(ours: &'a Embeddings, theirs: impl ExactSizeIterator<Item = &'a [f32]>) -> f32 {
    largest_difference(ours.rows(), theirs)
}

#[test]
fn golden_models() {
    let Some(gpu) = gpu() else { return };
    for model in MODELS {
        let checkpoint = open(model);
        let reference = Golden::load(model);
        let clip = on_gpu(&gpu, &checkpoint, Arithmetic::F32);
        assert_eq!(clip.engine(), "gpu");
        let (text, images) = reference.embed(&clip);
        for (what, ours, golden) in [
            ("captions", text.embeddings, &reference.text),
            ("images", images, &reference.image),
        ] {
            let golden = golden.to_vec2::<f32>().unwrap();
            let worst = difference(&ours, golden.iter().map(Vec::as_slice));
            println!("{model}, {what}: largest difference {worst:e}");
            assert!(worst <= TOLERANCE, "{model}, {what}: {worst}");
        }
    }
}

/// Both engines expand the same blocks to the same f32 values, so a quantised type has no budget
/// of its own between them.
#[test]
fn every_type_agrees_with_the_cpu_engine() {
    let Some(gpu) = gpu() else { return };
    for model in MODELS {
        let parent = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
        let reference = Golden::load(model);
        for element in ElementType::GGUF {
            let checkpoint = Rc::new(as_gguf(&parent, element));
            let cpu = reference.embed(&Clip::on_cpu(&checkpoint, &mut |_, _| {}).unwrap());
            let gpu = reference.embed(&on_gpu(&gpu, &checkpoint, Arithmetic::F32));
            let worst = difference(&gpu.0.embeddings, cpu.0.embeddings.rows())
                .max(difference(&gpu.1, cpu.1.rows()));
            println!("{model}, {element}: largest difference {worst:e}");
            assert!(worst <= TOLERANCE, "{model}, {element}: {worst}");
        }
    }
}

fn compute_in(arithmetic: Arithmetic) -> Tuning {
    Tuning {
        arithmetic,
        ..Tuning::default()
    }
}

/// Against the CPU engine with the same file: what is left is the arithmetic's own error.
#[test]
fn narrow_arithmetic_stays_within_its_budget() {
    let Some(gpu) = gpu() else { return };
    for arithmetic in [Arithmetic::F16, Arithmetic::Int8] {
        if let Err(error) = gpu.offers(arithmetic) {
            println!("SKIPPED: {error}");
            continue;
        }
        for model in MODELS {
            let parent = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
            let reference = Golden::load(model);
            for element in ElementType::GGUF {
                if arithmetic == Arithmetic::Int8 && element != ElementType::Q8_0 {
                    continue;
                }
                let checkpoint = Rc::new(as_gguf(&parent, element));
                let cpu = reference.embed(&Clip::on_cpu(&checkpoint, &mut |_, _| {}).unwrap());
                let gpu = reference.embed(&on_gpu(&gpu, &checkpoint, arithmetic));
                let text = difference(&gpu.0.embeddings, cpu.0.embeddings.rows());
                let image = difference(&gpu.1, cpu.1.rows());
                println!("{model}, {element}, {arithmetic}: {text:e} captions, {image:e} images");
                let tolerance = arithmetic.tolerance(checkpoint.config.projection_dim);
                let worst = text.max(image);
                assert!(worst <= tolerance, "{model}, {element}: {worst}");
                assert!(worst > 0.0, "{model}, {element}: nothing was narrow");
            }
        }
    }
}

#[test]
fn arithmetic_that_is_not_to_be_had_is_refused_and_f32_goes_on() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[0]);
    let error = load(&gpu, &checkpoint, compute_in(Arithmetic::Int8)).err();
    let message = error.unwrap().to_string();
    assert!(
        message.contains("int8") && message.contains("the model has no Q8_0 weights"),
        "{message}"
    );
    let mut tuning = compute_in(Arithmetic::Int8);
    let progress = &mut |_, _| {};
    let chosen = Clip::choose(
        &checkpoint,
        EngineRequest::Gpu,
        &mut tuning,
        &|| 0.0,
        progress,
    );
    let (clip, choice) = ready(chosen).unwrap();
    assert_eq!(clip.engine(), "gpu");
    assert_eq!(choice.gpu_arithmetic, Some(Arithmetic::F32));
    assert_eq!(choice.why_f32, Some(message));
    assert_eq!(choice.trial.unwrap().tolerance, TOLERANCE);
    assert_eq!(tuning.arithmetic, Arithmetic::Int8, "the request stays");
}

/// Captions of the given lengths whose ids follow a fixed pattern; many begin alike.
fn captions(lengths: &[usize], vocabulary: usize) -> PackedTokens {
    let ids: Vec<Vec<u32>> = lengths
        .iter()
        .enumerate()
        .map(|(caption, &n)| {
            (0..n)
                .map(|i| ((i * 7 + (i / 5) * caption * 3) % vocabulary) as u32)
                .collect()
        })
        .collect();
    PackedTokens::new(ids.iter().map(Vec::as_slice))
}

#[test]
fn batches_of_every_shape() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[0]);
    let config = checkpoint.config;
    let ours = load(&gpu, &checkpoint, Tuning::default()).unwrap();
    let theirs = CpuEngine::new(Model::load(&checkpoint, &mut |_, _| {}).unwrap());
    let long = config.text.context_length;
    let mut among_short = vec![3; 40];
    among_short[17] = long;
    for (what, lengths) in [
        ("one token", vec![1]),
        ("one long caption", vec![long]),
        ("one long among many short", among_short),
        ("64 captions", (0..64).map(|i| 1 + i * 5 % long).collect()),
        (
            "more rows than are computed at once",
            vec![long; 9000 / long],
        ),
    ] {
        let tokens = captions(&lengths, config.text.vocab_size);
        let worst = difference(
            &ready(ours.encode_text(&tokens)).unwrap(),
            ready(theirs.encode_text(&tokens)).unwrap().rows(),
        );
        println!("{what}: largest difference {worst:e}");
        assert!(worst <= TOLERANCE, "{what}: {worst}");
    }
    let values = 3 * config.vision.image_size * config.vision.image_size;
    for images in [1, 3, 64] {
        let pixels: Vec<f32> = (0..images * values)
            .map(|i| ((i * 37 + i / values * 11) % 97) as f32 / 48.0 - 1.0)
            .collect();
        let worst = difference(
            &ready(ours.encode_images(&pixels)).unwrap(),
            ready(theirs.encode_images(&pixels)).unwrap().rows(),
        );
        println!("{images} images: largest difference {worst:e}");
        assert!(worst <= TOLERANCE, "{images} images: {worst}");
    }
}

#[test]
fn a_lost_device_is_replaced() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[1]);
    let engine = load(&gpu, &checkpoint, Tuning::default()).unwrap();
    let tokens = captions(&[4, 9], checkpoint.config.text.vocab_size);
    let before = ready(engine.encode_text(&tokens)).unwrap();
    gpu.destroy();
    assert_eq!(ready(engine.encode_text(&tokens)).unwrap(), before);
    // The handle itself stays lost, and says so.
    let error = load(&gpu, &checkpoint, Tuning::default()).err();
    assert!(matches!(error, Some(GpuError::Lost { .. })), "{error:?}");
}

#[test]
fn what_is_not_a_batch_is_refused() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[1]);
    let engine = load(&gpu, &checkpoint, Tuning::default()).unwrap();
    let outside = captions(&[3], 1 << 20);
    let outside = PackedTokens {
        ids: vec![u32::MAX; 3],
        ..outside
    };
    let error = ready(engine.encode_text(&outside)).unwrap_err().to_string();
    assert!(error.contains("outside the vocabulary"), "{error}");
    assert!(ready(engine.encode_text(&PackedTokens::default())).is_err());
    assert!(ready(engine.encode_images(&[0.0; 5])).is_err());
    let values = 3 * checkpoint.config.vision.image_size.pow(2);
    let error = ready(engine.encode_images(&vec![f32::NAN; values])).unwrap_err();
    assert!(
        matches!(
            error,
            EngineError::NoDirection {
                kind: "image",
                row: 0
            }
        ),
        "{error}"
    );
}

#[test]
fn a_trial_tells_right_from_wrong() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[0]);
    let engine = load(&gpu, &checkpoint, Tuning::default()).unwrap();
    let ticks = std::cell::Cell::new(0.0);
    let clock = || {
        ticks.set(ticks.get() + 1.0);
        ticks.get()
    };
    let trial = ready(Trial::run(&checkpoint, &engine, TOLERANCE, &clock)).unwrap();
    println!("{trial:?}");
    assert!(trial.agrees());
    let wrong = Trial {
        image_difference: f32::NAN,
        ..trial
    };
    assert!(!wrong.agrees() && !wrong.prefers_gpu());
}

/// A timed run gives some tiles, which the next load takes as they are, and which compute the same.
#[test]
fn tiles_are_timed_once() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[0]);
    let load = |tuning| load(&gpu, &checkpoint, tuning).unwrap();
    let tokens = captions(
        &[3, 9, 30, 30, 30, 30, 30],
        checkpoint.config.text.vocab_size,
    );
    let standard = load(Tuning::default());
    assert_eq!(
        standard.tuning().known.len(),
        0,
        "nothing is timed on a processor"
    );
    let expected = ready(standard.encode_text(&tokens)).unwrap();
    let tuned = load(Tuning {
        tiles: TileChoice::Anew,
        ..Tuning::default()
    });
    println!("{}: {:?}", tuned.tiles(), tuned.load_times());
    assert!(tuned.load_times().tuning_ms > 0.0);
    let known = tuned.tuning().known.clone();
    assert_eq!(known.values().collect::<Vec<_>>(), [&tuned.tiles()]);
    let worst = difference(&ready(tuned.encode_text(&tokens)).unwrap(), expected.rows());
    assert!(worst <= TOLERANCE, "{worst}");

    // Whatever is remembered is used: here tiles that no run on this machine would find by chance.
    let others = "thin=4x64x32/1x4 medium=64x32x32/8x4 wide=128x128x8/8x8".to_owned();
    let known = known.into_keys().map(|key| (key, others.clone())).collect();
    let remembered = load(Tuning {
        known,
        ..Tuning::default()
    });
    assert_eq!(remembered.tiles(), others);
    assert_eq!(remembered.load_times().tuning_ms, 0.0);
    let worst = difference(
        &ready(remembered.encode_text(&tokens)).unwrap(),
        expected.rows(),
    );
    assert!(worst <= TOLERANCE, "{worst}");
}

/// Tiles of one arithmetic say nothing of another's.
#[test]
fn tiles_are_remembered_by_arithmetic() {
    let Some(gpu) = gpu() else { return };
    if let Err(error) = gpu.offers(Arithmetic::F16) {
        println!("SKIPPED: {error}");
        return;
    }
    let checkpoint = open(MODELS[0]);
    let others = "thin=4x64x32/1x4 medium=64x64x32/4x4 wide=128x128x16/8x8";
    let load = |tuning| load(&gpu, &checkpoint, tuning).unwrap();
    let timed = load(Tuning {
        tiles: TileChoice::Anew,
        ..compute_in(Arithmetic::F16)
    });
    let known = timed.tuning().known.clone();
    assert_eq!(known.values().collect::<Vec<_>>(), [&timed.tiles()]);
    let known = known.into_keys().map(|key| (key, others.to_owned()));
    let tuning = Tuning {
        arithmetic: Arithmetic::F16,
        tiles: TileChoice::Known,
        known: known.collect(),
    };
    let tokens = captions(&[3, 9, 30], checkpoint.config.text.vocab_size);
    let remembered = load(tuning.clone());
    assert_eq!(
        (remembered.tiles().as_str(), remembered.arithmetic()),
        (others, Arithmetic::F16)
    );
    let worst = difference(
        &ready(remembered.encode_text(&tokens)).unwrap(),
        ready(timed.encode_text(&tokens)).unwrap().rows(),
    );
    assert!(
        worst <= Arithmetic::F16.tolerance(checkpoint.config.projection_dim),
        "{worst}"
    );
    let in_f32 = load(Tuning {
        arithmetic: Arithmetic::F32,
        ..tuning
    });
    assert_ne!(in_f32.tiles(), others);
}

#[test]
fn the_choice_follows_the_request() {
    let Some(gpu) = gpu() else { return };
    let checkpoint = open(MODELS[0]);
    let clock = || 0.0;
    let choose = |request| {
        ready(Clip::choose(
            &checkpoint,
            request,
            &mut Tuning::default(),
            &clock,
            &mut |_, _| {},
        ))
        .unwrap()
    };
    let (clip, choice) = choose(EngineRequest::Gpu);
    assert_eq!(clip.engine(), "gpu");
    assert_eq!(choice.gpu.as_ref(), Some(gpu.info()));
    assert!(choice.trial.unwrap().agrees() && choice.gpu_weight_bytes > 0);
    let (clip, choice) = choose(EngineRequest::Cpu);
    assert_eq!((clip.engine(), choice.why_cpu), ("cpu", None));
    // So small a model is not worth a trial.
    let (clip, choice) = choose(EngineRequest::Auto);
    assert!(clip.engine() == "cpu" && choice.why_cpu.is_some() && choice.trial.is_none());
}
