use anyhow::{Result, ensure};
use candle_core::DType;
use serde::{Deserialize, Serialize};

use super::limits::within;

/// `[batch]`: what one update learns from, and how it is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRecipe {
    /// Pairs of an image and a caption, over all processes; each is a negative for all others.
    #[serde(default)]
    pub pairs: usize,
    /// Chains of captions, over all processes.
    #[serde(default)]
    pub chains: usize,
    /// Number of images that one thread encodes together, or of texts with as many tokens; 16 by
    /// default. It decides the order of a step's sums, which the machine does not.
    #[serde(default = "BatchRecipe::default_chunk")]
    pub chunk: usize,
    /// Whether chunks are encoded a second time for their gradients. That costs a third more work;
    /// memory holds one chunk for each thread instead of the whole batch.
    #[serde(default)]
    pub recompute: bool,
    /// The type in which the encoders' matrices are multiplied.
    #[serde(default)]
    pub precision: Precision,
}

/// A type of numbers in which products with matrices are taken, forward and backward. Variables,
/// the sums of their gradients and everything else are f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// Eight significant bits: several times as fast on GPUs, slower on CPUs.
    Bf16,
}

impl Precision {
    pub(crate) const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

impl BatchRecipe {
    fn default_chunk() -> usize {
        16
    }

    pub(super) fn check(&self) -> Result<()> {
        let Self { pairs, chains, .. } = *self;
        within("batch.chunk", self.chunk, 1, 1 << 20)?;
        within("batch.pairs", pairs, 0, 1 << 20)?;
        within("batch.chains", chains, 0, 1 << 20)?;
        ensure!(
            pairs != 1,
            "batch.pairs is 1; a contrastive loss needs at least 2 pairs"
        );
        ensure!(
            pairs > 0 || chains > 0,
            "batch has neither pairs nor chains; say how many of them a step learns from"
        );
        Ok(())
    }
}
