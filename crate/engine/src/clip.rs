//! CLIP as most callers want it: images and captions in, embeddings out. It joins a checkpoint's
//! tokenizer and preprocessing with an engine.

use std::collections::HashMap;
use std::hash::Hash;

use crate::cpu::{CpuEngine, Model};
#[cfg(feature = "gpu")]
use crate::gpu::{GpuEngine, GpuError, GpuInfo};
use crate::{Embeddings, Engine, EngineError, PackedTokens};
use cliprobe_clip::image::{Exif, ImageError, RgbImage};
use cliprobe_clip::preprocessing::Preprocessing;
use cliprobe_clip::{Checkpoint, ClipConfig, ClipError, Tokenizer};

/// Why an image or caption could not be embedded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The checkpoint, its tokenizer included.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

#[cfg(feature = "gpu")]
impl From<GpuError> for Error {
    fn from(error: GpuError) -> Self {
        Self::Engine(error.into())
    }
}

/// Embedded captions.
#[derive(Clone, Debug)]
pub struct TextEmbeddings {
    /// One row a caption, in the order given.
    pub embeddings: Embeddings,
    /// Whether the end of a caption lies beyond the context and was not seen.
    pub truncated: Vec<bool>,
    /// Tokens of each caption that were seen, start and end included.
    pub token_counts: Vec<usize>,
}

/// An image, ready for the image encoder.
#[derive(Clone, Debug)]
pub struct PreparedImage {
    /// `3 × side × side` values.
    pub pixels: Vec<f32>,
    /// Width of the source image in pixels, after its EXIF orientation; not of `pixels`.
    pub width: u32,
    /// Height of the source image in pixels, after its EXIF orientation; not of `pixels`.
    pub height: u32,
}

/// A loaded model.
pub struct Clip {
    tokenizer: Tokenizer,
    preprocessing: Preprocessing,
    engine: Box<dyn Engine>,
    config: ClipConfig,
    logit_scale: Option<f32>,
}

impl Clip {
    /// Loads a checkpoint on the CPU. `progress` is told the number of tensors read and of all.
    ///
    /// # Errors
    /// The checkpoint's.
    pub fn on_cpu(
        checkpoint: &Checkpoint,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, ClipError> {
        // The tokenizer first: it is small, and may already be wrong.
        let tokenizer = checkpoint.tokenizer()?;
        let engine = Box::new(CpuEngine::new(Model::load(checkpoint, progress)?));
        Ok(Self::with_engine(checkpoint, tokenizer, engine))
    }

    /// Joins a checkpoint's tokenizer and preprocessing with its model on a GPU.
    ///
    /// # Errors
    /// The tokenizer's.
    #[cfg(feature = "gpu")]
    pub fn with_gpu(checkpoint: &Checkpoint, engine: GpuEngine) -> Result<Self, ClipError> {
        let tokenizer = checkpoint.tokenizer()?;
        Ok(Self::with_engine(checkpoint, tokenizer, Box::new(engine)))
    }

    fn with_engine(checkpoint: &Checkpoint, tokenizer: Tokenizer, engine: Box<dyn Engine>) -> Self {
        Self {
            tokenizer,
            preprocessing: checkpoint.preprocessing.clone(),
            engine,
            config: checkpoint.config,
            logit_scale: checkpoint.logit_scale,
        }
    }

    /// The architecture.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The same, but for what is done with the EXIF orientation of images' files.
    pub fn with_exif(mut self, exif: Exif) -> Self {
        self.preprocessing.exif = exif;
        self
    }

    /// What is done to an image before it is embedded.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// The natural logarithm of the factor that cosines are multiplied with, as CLIP stores it; none
    /// if the checkpoint has none.
    pub fn logit_scale(&self) -> Option<f32> {
        self.logit_scale
    }

    /// Name of the engine in use.
    pub fn engine(&self) -> &'static str {
        self.engine.name()
    }

    /// Why it no longer computes on the GPU that it was loaded onto.
    pub fn why_not_gpu(&self) -> Option<&str> {
        self.engine.why_not_gpu()
    }

    /// The GPU in use, where the engine has one.
    #[cfg(feature = "gpu")]
    pub fn gpu(&self) -> Option<GpuInfo> {
        self.engine.gpu()
    }

    /// Embeds captions, each distinct one once. `progress` is told the number of captions done.
    ///
    /// # Errors
    /// The tokenizer's or the engine's.
    pub async fn encode_texts<S: AsRef<str>>(
        &self,
        captions: &[S],
        progress: &mut dyn FnMut(usize),
    ) -> Result<TextEmbeddings, Error> {
        let distinct = Distinct::of(captions.iter().map(AsRef::as_ref));
        let mut encoded = Vec::with_capacity(distinct.firsts.len());
        for &first in &distinct.firsts {
            encoded.push(self.tokenizer.encode(captions[first].as_ref())?);
        }
        let seen: Vec<&[u32]> = encoded
            .iter()
            .map(|tokens| self.tokenizer.seen(tokens))
            .collect();
        let mut rows = Vec::with_capacity(seen.len() * self.config.projection_dim);
        let at_once = self.engine.batch_tokens();
        let mut start = 0;
        while start < seen.len() {
            let mut tokens = 0;
            let fitting = seen[start..].iter().take_while(|ids| {
                tokens += ids.len();
                tokens <= at_once
            });
            let end = start + fitting.count().max(1);
            let packed = PackedTokens::new(seen[start..end].iter().copied());
            rows.extend(self.engine.encode_text(&packed).await?.values);
            start = end;
            progress(distinct.done_after(end));
        }
        Ok(TextEmbeddings {
            embeddings: distinct.spread(self.config.projection_dim, &rows),
            truncated: distinct
                .places
                .iter()
                .map(|&i| encoded[i].truncated())
                .collect(),
            token_counts: distinct.places.iter().map(|&i| seen[i].len()).collect(),
        })
    }

    /// Decodes an image (PNG, JPEG, WebP, GIF) and does to it what the checkpoint asks for.
    ///
    /// # Errors
    /// An image that cannot be decoded.
    pub fn prepare(&self, file: &[u8]) -> Result<PreparedImage, ImageError> {
        prepare(file, &self.preprocessing)
    }

    /// Embeds prepared images in one batch.
    ///
    /// # Errors
    /// The engine's.
    pub async fn encode_prepared(&self, images: &[PreparedImage]) -> Result<Embeddings, Error> {
        if images.is_empty() {
            return Ok(Embeddings {
                dim: self.config.projection_dim,
                values: Vec::new(),
            });
        }
        let pixels: Vec<f32> = images
            .iter()
            .flat_map(|p| p.pixels.iter().copied())
            .collect();
        self.encode_pixels(&pixels).await
    }

    /// Embeds `pixels.len() / (3 · side²)` images that were prepared elsewhere, in one batch.
    ///
    /// # Errors
    /// The engine's, such as values that are no whole number of images.
    pub async fn encode_pixels(&self, pixels: &[f32]) -> Result<Embeddings, Error> {
        Ok(self.engine.encode_images(pixels).await?)
    }
}

/// What every result says about the model that gave it. `clip` is none where nothing is computed.
///
/// # Errors
/// A file of weights that cannot be read.
pub fn description(
    checkpoint: &Checkpoint,
    clip: Option<&Clip>,
) -> Result<serde_json::Value, ClipError> {
    let description = serde_json::json!({
        "name": checkpoint.name,
        "sha256": checkpoint.sha256()?,
        "format": checkpoint.format,
        "activation": checkpoint.config.activation,
        "tensor_types": checkpoint.tensor_types(),
        "preprocessing": clip.map_or(&checkpoint.preprocessing, Clip::preprocessing).summary(),
        "engine": clip.map_or("none", Clip::engine),
        "dtype": clip.map_or("f32", |clip| clip.engine.dtype()),
        "version": env!("CARGO_PKG_VERSION"),
    });
    #[cfg(feature = "gpu")]
    let description = {
        let mut description = description;
        description["gpu"] = serde_json::json!(clip.and_then(Clip::gpu));
        description
    };
    Ok(description)
}

/// Decodes an image (PNG, JPEG, WebP, GIF) and preprocesses it. Threads that do so at once share a
/// budget of memory (see [`cliprobe_clip::image::decode_then`]).
///
/// # Errors
/// An image that cannot be decoded.
pub fn prepare(file: &[u8], preprocessing: &Preprocessing) -> Result<PreparedImage, ImageError> {
    preprocessing.decode_then(file, |image| prepare_decoded(&image, preprocessing))?
}

/// Preprocesses an image that is decoded already.
///
/// # Errors
/// An image that cannot be resized.
pub fn prepare_decoded(
    image: &RgbImage,
    preprocessing: &Preprocessing,
) -> Result<PreparedImage, ImageError> {
    let cropped = preprocessing.apply(image)?;
    Ok(PreparedImage {
        pixels: cropped.pixel_values(preprocessing),
        width: image.width(),
        height: image.height(),
    })
}

/// Items with their repetitions: what to compute once and where it goes.
pub struct Distinct {
    /// The first occurrence of each distinct item.
    pub firsts: Vec<usize>,
    /// For every item, which distinct one it is.
    pub places: Vec<usize>,
}

impl Distinct {
    /// Finds the repetitions.
    pub fn of<K: Hash + Eq>(items: impl IntoIterator<Item = K>) -> Self {
        let mut seen = HashMap::new();
        let mut firsts = Vec::new();
        let places = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| {
                *seen.entry(item).or_insert_with(|| {
                    firsts.push(index);
                    firsts.len() - 1
                })
            })
            .collect();
        Self { firsts, places }
    }

    /// Rows of the distinct items, repeated for every item.
    pub fn spread(&self, dim: usize, rows: &[f32]) -> Embeddings {
        let values = self
            .places
            .iter()
            .flat_map(|&p| &rows[p * dim..(p + 1) * dim])
            .copied()
            .collect();
        Embeddings { dim, values }
    }

    /// How many items from the front are done once the first `distinct` distinct ones are.
    fn done_after(&self, distinct: usize) -> usize {
        self.firsts
            .get(distinct)
            .copied()
            .unwrap_or(self.places.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_found_and_filled() {
        let distinct = Distinct::of(["a", "b", "a", "c", "b"]);
        assert_eq!(distinct.firsts, [0, 1, 3]);
        let spread = distinct.spread(1, &[10.0, 20.0, 30.0]);
        assert_eq!(spread.values, [10.0, 20.0, 10.0, 30.0, 20.0]);
        assert_eq!(distinct.done_after(2), 3);
        assert_eq!(distinct.done_after(3), 5);
    }
}
