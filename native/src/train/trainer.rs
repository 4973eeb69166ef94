//! One step of training: forward, backward, clipped update.

use anyhow::{Context, Result, ensure};
use cliprobe::clip::config::ClipConfig;
use cliprobe::engine::cpu::Model;

use super::data::Batch;
use super::objective::info_nce;
use super::optimizer::{AdamW, clip_scale, global_norm};
use super::recipe::Recipe;
use super::schedule::Schedule;
use super::weights::Weights;

/// A model with what changes it. Nothing here knows of files.
pub(crate) struct Trainer {
    pub(crate) weights: Weights,
    pub(crate) optimizer: AdamW,
    model: Model,
    schedule: Schedule,
    clip_norm: f64,
}

/// What a step found and did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepReport {
    /// Before the update.
    pub(crate) loss: f32,
    pub(crate) learning_rate: f64,
    /// Norm of all gradients together, before clipping.
    pub(crate) gradient_norm: f64,
    /// What cosines are multiplied by, after the update.
    pub(crate) logit_scale: f32,
}

impl Trainer {
    /// A fresh model, decided by the recipe's seed.
    pub(crate) fn new(recipe: &Recipe, config: &ClipConfig) -> Result<Self> {
        let weights = Weights::initialise(config, recipe.seed)?;
        let optimizer = AdamW::new(&weights, (&recipe.optimizer).into());
        let model = weights.trainable_model(config)?;
        Ok(Self {
            weights,
            optimizer,
            model,
            schedule: Schedule::of(recipe),
            clip_norm: recipe.optimizer.clip_norm,
        })
    }

    /// Updates made so far.
    pub(crate) fn step(&self) -> u64 {
        self.optimizer.updates
    }

    /// One update on `batch`. A loss or gradient that is no number is an error and leaves the
    /// weights as they were.
    pub(crate) fn update(&mut self, batch: &Batch) -> Result<StepReport> {
        let step = self.step();
        let images = self.model.image_features(&batch.pixels)?;
        let texts = self.model.text_features(&batch.tokens)?;
        let loss = info_nce(&images, &texts, self.weights.log_scale()?)?;
        let value = loss.to_scalar::<f32>()?;
        ensure!(value.is_finite(), "the loss of step {} is {value}", step + 1);

        let gradients = self.weights.gradients(&mut loss.backward()?)?;
        let gradient_norm = global_norm(&gradients)?;
        ensure!(
            gradient_norm.is_finite(),
            "the gradients of step {} have the norm {gradient_norm}",
            step + 1
        );

        let learning_rate = self.schedule.rate(step);
        let scale = clip_scale(gradient_norm, self.clip_norm);
        self.optimizer
            .update(&gradients, learning_rate, scale)
            .with_context(|| format!("step {}", step + 1))?;
        Ok(StepReport {
            loss: value,
            learning_rate,
            gradient_norm,
            logit_scale: self.weights.clamp_log_scale()?,
        })
    }
}
