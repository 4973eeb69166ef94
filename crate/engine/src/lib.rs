//! Computing embeddings: what every engine takes and gives, and the engines.

#[cfg(feature = "gpu")]
pub mod choice;
pub mod clip;
pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "gpu")]
pub mod trial;

use std::future::Future;
use std::pin::Pin;

use cliprobe_clip::config::TextConfig;

/// What an engine's methods return: the GPU answers when it is done, and in a page nothing may wait.
/// Not `Send`, since a page's GPU handles belong to one thread.
pub type EngineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + 'a>>;

/// Computes the embeddings of one model.
pub trait Engine {
    /// A short name, e.g. `cpu`.
    fn name(&self) -> &'static str;

    /// The arithmetic of matrix products, e.g. `f32`. Embeddings depend on it.
    fn dtype(&self) -> &'static str {
        "f32"
    }

    /// The GPU that the engine computes on, if any.
    #[cfg(feature = "gpu")]
    fn gpu(&self) -> Option<gpu::GpuInfo> {
        None
    }

    /// Why the engine no longer uses the GPU that it was loaded onto: one sentence without a full stop.
    fn why_not_gpu(&self) -> Option<&str> {
        None
    }

    /// Tokens that a caller should pass in one batch: enough to use the whole device, few enough that
    /// activations stay small.
    fn batch_tokens(&self) -> usize {
        2048
    }

    /// Embeds captions: one row of length 1 each.
    ///
    /// # Errors
    /// No captions, a caption that is empty or longer than the context, an id outside the
    /// vocabulary, an embedding that is zero or not finite, or a device that fails.
    fn encode_text<'a>(&'a self, tokens: &'a PackedTokens) -> EngineFuture<'a, Embeddings>;

    /// Embeds `pixels.len() / (3 · side²)` images: one row of length 1 each. An image is
    /// `3 × side × side` values, as the checkpoint's preprocessing gives them.
    ///
    /// # Errors
    /// Values that are not a whole number of images, no image, an embedding that is zero or not
    /// finite (such as of NaN pixels), or a device that fails.
    fn encode_images<'a>(&'a self, pixels: &'a [f32]) -> EngineFuture<'a, Embeddings>;
}

/// Why embeddings could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The input is not what the model takes, or the tensor library failed.
    #[error("{why}")]
    Tensor {
        /// The sentence that says what is wrong.
        why: String,
    },
    /// The GPU failed.
    #[cfg(feature = "gpu")]
    #[error(transparent)]
    Gpu(#[from] gpu::GpuError),
    /// An embedding has no direction.
    #[error(
        "the embedding of {kind} {row} of the batch is not finite or is zero; the weights are damaged or their values too large"
    )]
    NoDirection {
        /// `caption` or `image`.
        kind: &'static str,
        /// Which one, from 0.
        row: usize,
    },
}

impl From<candle_core::Error> for EngineError {
    fn from(error: candle_core::Error) -> Self {
        let why = error.to_string();
        Self::Tensor { why }
    }
}

/// Embeddings of length 1, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// Length of a row.
    pub dim: usize,
    /// All rows, one after another.
    pub values: Vec<f32>,
}

impl Embeddings {
    /// Divides every row of `values` by its Euclidean norm.
    ///
    /// # Errors
    /// A row that is zero or not finite, as number of a `kind` (`caption`, `image`).
    pub fn normalized(
        dim: usize,
        mut values: Vec<f32>,
        kind: &'static str,
    ) -> Result<Self, EngineError> {
        for (row, values) in values.chunks_exact_mut(dim).enumerate() {
            let norm = values
                .iter()
                .map(|&x| f64::from(x) * f64::from(x))
                .sum::<f64>()
                .sqrt() as f32;
            if !norm.is_normal() {
                return Err(EngineError::NoDirection { kind, row });
            }
            values.iter_mut().for_each(|x| *x /= norm);
        }
        Ok(Self { dim, values })
    }

    /// The rows.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.dim.max(1))
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..(index + 1) * self.dim]
    }
}

/// A batch of captions without padding: the tokens of caption `i` are
/// `ids[offsets[i]..offsets[i + 1]]`, from the start token to the one whose position is pooled.
/// What follows that token is never computed: the text encoder is causal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedTokens {
    /// Token ids of all captions, one after another.
    pub ids: Vec<u32>,
    /// Where each caption begins, and the end: one more entry than captions, beginning with 0.
    pub offsets: Vec<usize>,
}

impl PackedTokens {
    /// Packs captions, each a slice of ids up to and including the pooled token.
    pub fn new<'a>(captions: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut packed = Self {
            ids: Vec::new(),
            offsets: vec![0],
        };
        for caption in captions {
            packed.ids.extend_from_slice(caption);
            packed.offsets.push(packed.ids.len());
        }
        packed
    }

    /// Number of captions.
    pub fn captions(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The tokens of each caption; none where the offsets do not lie within them.
    pub fn each(&self) -> impl Iterator<Item = &[u32]> {
        self.offsets
            .windows(2)
            .map(|pair| self.ids.get(pair[0]..pair[1]).unwrap_or_default())
    }

    /// Checks the batch against an encoder.
    fn check(&self, config: &TextConfig) -> candle_core::Result<()> {
        let wrong = |what: String| Err(candle_core::Error::Msg(what));
        if self.captions() == 0
            || self.offsets[0] != 0
            || self.offsets[self.captions()] != self.ids.len()
        {
            return wrong(
                "a batch of captions needs at least one, and offsets that cover its tokens".into(),
            );
        }
        for (caption, pair) in self.offsets.windows(2).enumerate() {
            match pair[1].checked_sub(pair[0]) {
                Some(n) if n > 0 && n <= config.context_length => {}
                _ => {
                    return wrong(format!(
                        "caption {caption} of the batch does not have 1 to {} tokens",
                        config.context_length
                    ));
                }
            }
        }
        if let Some(id) = self
            .ids
            .iter()
            .find(|&&id| id as usize >= config.vocab_size)
        {
            return wrong(format!(
                "token id {id} is outside the vocabulary of {}",
                config.vocab_size
            ));
        }
        Ok(())
    }
}
