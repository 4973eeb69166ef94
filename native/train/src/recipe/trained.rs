use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::limits::{not_negative, positive, within};

/// `[train]`: which variables learn, and how fast. A name in a list is a tensor's, with `*` for any
/// letters, or one of the parts: `vision`, `text`, `projections`, `embeddings` (of tokens,
/// positions, classes and patches), `scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainRecipe {
    /// What is trained. By default everything; with adapters, the adapters alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Exceptions from `only`, which are not trained.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<String>,
    /// Each block of an encoder learns this many times as fast as the next block, the embeddings
    /// once more slowly than the first (BEiT, Bao et al., arXiv 2106.08254). 1 is equally fast.
    #[serde(default = "one")]
    pub layer_decay: f64,
    /// Exceptions from the learning rate and the weight decay. If several name a tensor, the last
    /// one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRecipe>,
    /// Adapters that learn in place of their matrices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraRecipe>,
}

/// `[[train.groups]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRecipe {
    /// The tensors, as in `train.only`.
    pub names: Vec<String>,
    /// Factor of the learning rate; 1 by default.
    #[serde(default = "one")]
    pub rate: f64,
    /// Weight decay, instead of the optimizer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
}

/// `[train.lora]`: low-rank adapters (Hu et al., arXiv 2106.09685).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoraRecipe {
    /// r, the columns of B.
    pub rank: usize,
    /// α; the product B A is multiplied by α / r.
    pub alpha: f64,
    /// Which matrices have an adapter, as in `train.only`; those of all blocks by default.
    #[serde(default = "LoraRecipe::of_all_blocks")]
    pub names: Vec<String>,
}

fn one() -> f64 {
    1.0
}

impl Default for TrainRecipe {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            freeze: Vec::new(),
            layer_decay: 1.0,
            groups: Vec::new(),
            lora: None,
        }
    }
}

impl TrainRecipe {
    /// Refuses impossible numbers.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.layer_decay > 0.0 && self.layer_decay <= 1.0,
            "train.layer_decay is {}; it must be above 0 and at most 1",
            self.layer_decay
        );
        for group in &self.groups {
            positive("train.groups.rate", group.rate)?;
            not_negative(
                "train.groups.weight_decay",
                group.weight_decay.unwrap_or(0.0),
            )?;
        }
        self.lora.as_ref().map_or(Ok(()), LoraRecipe::check)
    }
}

impl LoraRecipe {
    pub(crate) fn of_all_blocks() -> Vec<String> {
        vec!["*.layers.*".to_owned()]
    }

    fn check(&self) -> Result<()> {
        within("train.lora.rank", self.rank, 1, 1 << 14)?;
        positive("train.lora.alpha", self.alpha)
    }

    /// The factor of the product B A.
    pub(crate) fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }
}
