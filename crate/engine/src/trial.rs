//! Trusting a GPU: a fixed input through both engines, what differs, and which is faster.
//!
//! The CPU's side reads the weights of one block at a time, so that the check fits where the model
//! itself does not: a page that has just put it into the GPU's memory.

use candle_core::{Device, Tensor};

use super::cpu::{Model, inference_weight};
use super::{Embeddings, Engine, EngineError, PackedTokens};
use cliprobe_clip::Checkpoint;

/// Largest difference of an embedding's element that is still the same embedding where both engines
/// compute in f32: a hundredth of the margins that decide compositional questions.
pub const TOLERANCE: f32 = 1e-4;

/// Ids of the fixed captions are below this, so that the check reads few rows of the table.
const VOCABULARY: usize = 64;

/// What a trial found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Largest difference between elements of the two engines' embeddings of the captions.
    pub text_difference: f32,
    /// The same of the image.
    pub image_difference: f32,
    /// What either may be at most.
    pub tolerance: f32,
    /// Milliseconds that the CPU computed.
    pub cpu_ms: f64,
    /// Milliseconds of the GPU's first time.
    pub gpu_cold_ms: f64,
    /// Milliseconds of its second time, the copies to and from it included.
    pub gpu_ms: f64,
}

impl Trial {
    /// Runs eight captions of eight tokens and one image through `gpu` twice and through the CPU
    /// once. Embeddings agree up to `tolerance`; `clock` gives milliseconds from any beginning.
    ///
    /// # Errors
    /// Either engine's.
    pub async fn run(
        checkpoint: &Checkpoint,
        gpu: &dyn Engine,
        tolerance: f32,
        clock: &dyn Fn() -> f64,
    ) -> Result<Self, EngineError> {
        let (tokens, pixels) = fixed_input(checkpoint);
        let start = clock();
        gpu.encode_text(&tokens).await?;
        gpu.encode_images(&pixels).await?;
        let warm = clock();
        let text = gpu.encode_text(&tokens).await?;
        let image = gpu.encode_images(&pixels).await?;
        let end = clock();
        let (cpu_text, cpu_image, cpu_ms) = on_cpu(checkpoint, &tokens, &pixels, clock)?;
        Ok(Self {
            text_difference: difference(&text, &cpu_text),
            image_difference: difference(&image, &cpu_image),
            tolerance,
            cpu_ms,
            gpu_cold_ms: warm - start,
            gpu_ms: end - warm,
        })
    }

    /// Whether the GPU computes what the CPU computes.
    pub fn agrees(&self) -> bool {
        // A NaN is no agreement.
        self.text_difference <= self.tolerance && self.image_difference <= self.tolerance
    }

    /// Whether the GPU is the better choice.
    pub fn prefers_gpu(&self) -> bool {
        self.agrees() && self.gpu_ms < self.cpu_ms
    }
}

fn fixed_input(checkpoint: &Checkpoint) -> (PackedTokens, Vec<f32>) {
    let config = &checkpoint.config;
    let vocabulary = VOCABULARY.min(config.text.vocab_size);
    let length = 8.min(config.text.context_length);
    let captions: Vec<Vec<u32>> = (0..8)
        .map(|caption| {
            (0..length)
                .map(|i| ((caption * 11 + i * 7) % vocabulary) as u32)
                .collect()
        })
        .collect();
    let side = config.vision.image_size;
    // Waves of several lengths, within the range of normalised pixels.
    let pixels = (0..3 * side * side)
        .map(|i| {
            let (y, x) = ((i / side % side) as f32, (i % side) as f32);
            (0.05 * x + 0.11 * y).sin() + 0.5 * (0.9 * x - 0.7 * y).sin()
        })
        .collect();
    (
        PackedTokens::new(captions.iter().map(Vec::as_slice)),
        pixels,
    )
}

/// The CPU's embeddings, and how long it computed.
fn on_cpu(
    checkpoint: &Checkpoint,
    tokens: &PackedTokens,
    pixels: &[f32],
    clock: &dyn Fn() -> f64,
) -> Result<(Embeddings, Embeddings, f64), EngineError> {
    let mut config = checkpoint.config;
    let whole = config.text.vocab_size;
    config.text.vocab_size = VOCABULARY.min(whole);
    let side = config.vision.image_size;
    let pixels = Tensor::from_slice(pixels, (1, 3, side, side), &Device::Cpu)?;
    let mut reading = 0.0;
    let mut provider = |name: &str, shape: &[usize]| {
        let start = clock();
        let mut stored_shape = shape.to_vec();
        if name == "text_model.embeddings.token_embedding.weight" {
            stored_shape[0] = whole;
        }
        let stored = checkpoint
            .read_rows(name, &stored_shape, 0..shape[0])
            .map_err(|error| candle_core::Error::Msg(error.to_string()))?;
        let weight = inference_weight(stored, name, shape)
            .map_err(|error| candle_core::Error::Msg(error.to_string()))?;
        reading += clock() - start;
        Ok(weight)
    };
    let start = clock();
    let (text, image) = Model::streamed_features(&config, &mut provider, tokens, &pixels)?;
    let all = clock() - start;
    let normalized = |features: Tensor, kind| {
        Embeddings::normalized(features.dim(1)?, features.flatten_all()?.to_vec1()?, kind)
    };
    Ok((
        normalized(text, "caption")?,
        normalized(image, "image")?,
        all - reading,
    ))
}

fn difference(a: &Embeddings, b: &Embeddings) -> f32 {
    a.values
        .iter()
        .zip(&b.values)
        // Not `max`, which passes over a NaN.
        .fold(0f32, |worst, (a, b)| {
            let d = (a - b).abs();
            if d > worst || d.is_nan() { d } else { worst }
        })
}
