//! One step of training: forward, backward, clipped update.

use anyhow::{Context, Result, ensure};
use cliprobe::clip::config::ClipConfig;
use cliprobe::engine::cpu::Model;

use super::objective::info_nce;
use super::optimizer::{AdamW, clip_scale, global_norm};
use super::recipe::Recipe;
use super::sample::Batch;
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
        let images = self
            .model
            .image_features(batch.pixels.as_ref().context("no pictures")?)?;
        let texts = self.model.text_features(&batch.texts)?;
        let loss = info_nce(&images, &texts, self.weights.log_scale()?)?;
        let value = loss.to_scalar::<f32>()?;
        ensure!(
            value.is_finite(),
            "the loss of step {} is {value}",
            step + 1
        );

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{Device, Tensor};
    use cliprobe::clip::preprocessing::Preprocessing;
    use cliprobe::clip::tokenizer::Tokenizer;

    use super::*;
    use crate::train::data::{self, Tableau};
    use crate::train::sample::Source;

    fn tiny() -> (Trainer, Stream) {
        let mut recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        recipe.steps = 40;
        let vocabulary = data::vocabulary(recipe.model.text.vocabulary).unwrap();
        let config = recipe.clip_config(vocabulary.size).unwrap();
        let trainer = Trainer::new(&recipe, &config).unwrap();
        let tokenizer = Tokenizer::from_json(&vocabulary.json, &config.text).unwrap();
        let preprocessing = Preprocessing::clip_default(32);
        let tableau = Tableau::new(&recipe.data.tableau, 7, &preprocessing, 32);
        (trainer, Stream { tableau, tokenizer })
    }

    struct Stream {
        tableau: Tableau,
        tokenizer: Tokenizer,
    }

    impl Stream {
        fn batch(&self, step: u64) -> Result<Batch> {
            let samples = self.tableau.draw(step, 0..16)?;
            Batch::pack(&samples, &[], &self.tokenizer, 32)
        }
    }

    fn norms(tensors: &[Tensor]) -> Vec<f64> {
        tensors
            .iter()
            .map(|tensor| global_norm(std::slice::from_ref(tensor)).unwrap())
            .collect()
    }

    /// The trap of candle 0.11: an op without a backward cuts the graph, and everything before
    /// it keeps its initial value while the loss still falls.
    #[test]
    fn every_variable_gets_a_gradient() {
        let (trainer, data) = tiny();
        let batch = data.batch(0).unwrap();
        let images = trainer
            .model
            .image_features(batch.pixels.as_ref().unwrap())
            .unwrap();
        let texts = trainer.model.text_features(&batch.texts).unwrap();
        let loss = info_nce(&images, &texts, trainer.weights.log_scale().unwrap()).unwrap();
        let gradients = trainer
            .weights
            .gradients(&mut loss.backward().unwrap())
            .unwrap();
        let names = trainer.weights.iter().map(|(name, _)| name);
        for (name, norm) in names.zip(norms(&gradients)) {
            assert!(norm.is_finite(), "{name}: {norm}");
            // A bias of all keys adds the same to every logit of a query, which softmax does
            // not see: its gradient is zero but for rounding.
            if !name.ends_with("k_proj.bias") {
                assert!(norm > 1e-6, "{name}: {norm}");
            }
        }
    }

    #[test]
    fn an_update_moves_every_variable() {
        let (mut trainer, data) = tiny();
        let copy = |trainer: &Trainer| -> Vec<Tensor> {
            let variables = trainer.weights.iter();
            variables
                .map(|(_, variable)| variable.copy().unwrap())
                .collect()
        };
        let before = copy(&trainer);
        trainer.update(&data.batch(0).unwrap()).unwrap();
        let moved: Vec<Tensor> = copy(&trainer)
            .iter()
            .zip(&before)
            .map(|(after, before)| (after - before).unwrap())
            .collect();
        for ((name, _), norm) in trainer.weights.iter().zip(norms(&moved)) {
            assert!(norm > 0.0 || name.ends_with("k_proj.bias"), "{name}");
        }
    }

    #[test]
    fn the_loss_falls() {
        let (mut trainer, data) = tiny();
        let losses: Vec<f32> = (0..30)
            .map(|step| trainer.update(&data.batch(step).unwrap()).unwrap().loss)
            .collect();
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (first, last) = (mean(&losses[..5]), mean(&losses[25..]));
        assert!(last < first - 0.2, "{losses:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_losses_bit_by_bit() {
        let run = || -> Vec<StepReport> {
            let (mut trainer, data) = tiny();
            (0..3)
                .map(|step| trainer.update(&data.batch(step).unwrap()).unwrap())
                .collect()
        };
        assert_eq!(run(), run());
    }

    #[test]
    fn a_loss_that_is_no_number_stops_before_the_update() {
        let (mut trainer, data) = tiny();
        trainer.update(&data.batch(0).unwrap()).unwrap();
        let nan = Tensor::new(f32::NAN, &Device::Cpu).unwrap();
        let scale = trainer.weights.log_scale().unwrap();
        scale.set(&nan).unwrap();
        let error = trainer.update(&data.batch(1).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the loss of step 2 is NaN");
        assert_eq!(trainer.step(), 1);
    }
}
