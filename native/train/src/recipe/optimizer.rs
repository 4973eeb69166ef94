use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::limits::{not_negative, positive};

/// `[optimizer]`: AdamW, its schedule and its clipping. Defaults are OpenCLIP's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerRecipe {
    /// The peak, reached after the warm-up. If not given: 5e-4 for a new model, as OpenCLIP; 1e-6
    /// for a checkpoint, as NegCLIP and CLoVe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Steps of linear warm-up. If not given: OpenCLIP's 10,000, but at most a tenth of the steps.
    #[serde(default, alias = "warm_up", skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<u64>,
    /// The schedule after the warm-up.
    #[serde(default)]
    pub schedule: LrSchedule,
    /// β₁ and β₂; [0.9, 0.98] by default.
    #[serde(default = "OptimizerRecipe::default_betas")]
    pub betas: [f64; 2],
    /// 1e-6 by default.
    #[serde(default = "OptimizerRecipe::default_epsilon")]
    pub epsilon: f64,
    /// Weight decay, of tensors of two or more dimensions; 0.2 by default.
    #[serde(default = "OptimizerRecipe::default_weight_decay")]
    pub weight_decay: f64,
    /// The largest norm of all gradients together; no limit if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
}

/// The learning rate after the warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LrSchedule {
    /// Half a cosine down to zero.
    #[default]
    Cosine,
    /// A straight line down to zero.
    Linear,
    /// The peak until the end.
    Constant,
}

impl OptimizerRecipe {
    fn default_betas() -> [f64; 2] {
        [0.9, 0.98]
    }

    fn default_epsilon() -> f64 {
        1e-6
    }

    fn default_weight_decay() -> f64 {
        0.2
    }

    /// AdamW as OpenCLIP sets it.
    pub(super) fn open_clip() -> Self {
        Self {
            betas: Self::default_betas(),
            epsilon: Self::default_epsilon(),
            weight_decay: Self::default_weight_decay(),
            ..Self::default()
        }
    }

    /// Spells out what depends on other parts of the recipe.
    pub(super) fn complete(&mut self, has_start: bool, steps: u64) {
        let rate = if has_start { 1e-6 } else { 5e-4 };
        self.learning_rate.get_or_insert(rate);
        self.warmup_steps.get_or_insert((steps / 10).min(10_000));
    }

    pub(super) fn check(&self, steps: u64) -> Result<()> {
        positive("optimizer.epsilon", self.epsilon)?;
        if let Some(rate) = self.learning_rate {
            positive("optimizer.learning_rate", rate)?;
        }
        if let Some(norm) = self.clip_norm {
            positive("optimizer.clip_norm", norm)?;
        }
        not_negative("optimizer.weight_decay", self.weight_decay)?;
        for beta in self.betas {
            ensure!(
                (0.0..1.0).contains(&beta),
                "optimizer.betas has {beta}; both must be at least 0 and below 1"
            );
        }
        if let Some(warmup) = self.warmup_steps {
            ensure!(
                warmup < steps,
                "optimizer.warmup_steps is {warmup}, but the run has only {steps} steps"
            );
        }
        Ok(())
    }
}

/// `[ema]`: a running average of the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaRecipe {
    /// The share of the average that each step keeps. The first steps keep less, (1 + t) / (10 + t),
    /// so that the average soon forgets the initial weights.
    pub decay: f64,
    /// Whether the average is what is evaluated and written as the model; yes by default.
    #[serde(default = "yes")]
    pub write: bool,
}

fn yes() -> bool {
    true
}

impl EmaRecipe {
    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            (0.0..1.0).contains(&self.decay),
            "ema.decay is {}; it lies in [0, 1)",
            self.decay
        );
        Ok(())
    }
}
