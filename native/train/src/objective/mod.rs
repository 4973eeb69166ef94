//! What training minimises: a weighted sum of objectives, each a file of its own with its paper.

use std::fmt::Debug;

use anyhow::{Result, ensure};
use candle_core::Tensor;

mod angle;
mod contrastive;
#[cfg(test)]
mod definition;
mod distillation;
mod entailment_cone;
mod hard_positives;
mod per_image;
mod radial;

use super::features::Features;
use super::recipe::Objectives;

/// Largest logit scale, in the log domain: CLIP keeps exp(scale) at or below 100.
pub(crate) const MAX_LOG_SCALE: f32 = 4.605_170_2;

/// One thing to learn.
pub(crate) trait Objective: Debug {
    /// Its key in a recipe.
    fn name(&self) -> &'static str;

    /// Its factor in the sum.
    fn weight(&self) -> f64;

    /// The scalar to minimise, or `None` where the step has nothing that it learns from.
    /// `log_scale`: scalar, the log of what cosines are multiplied by.
    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>>;
}

/// The sum of a step, and what it is made of.
#[derive(Debug)]
pub(crate) struct Loss {
    /// Scalar; differentiable.
    pub(crate) total: Tensor,
    /// Names and values of the objectives before their weights.
    pub(crate) terms: Vec<(&'static str, f32)>,
    /// Whether every objective had something to learn from.
    pub(crate) complete: bool,
}

impl Objectives {
    /// Those that the recipe has.
    pub(crate) fn each(&self) -> impl Iterator<Item = &dyn Objective> {
        fn part<O: Objective>(objective: &Option<O>) -> Option<&dyn Objective> {
            objective.as_ref().map(|objective| objective as _)
        }
        [
            part(&self.contrastive),
            part(&self.per_image),
            part(&self.per_image_positive),
            part(&self.hard_positives),
            part(&self.radial),
            part(&self.entailment_cone),
            part(&self.distillation),
        ]
        .into_iter()
        .flatten()
    }

    /// The weighted sum of all objectives that have something to learn from.
    ///
    /// # Errors
    /// Where none has.
    pub(crate) fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Loss> {
        let mut total: Option<Tensor> = None;
        let mut terms = Vec::new();
        let mut complete = true;
        for objective in self.each() {
            let Some(loss) = objective.loss(features, log_scale)? else {
                complete = false;
                continue;
            };
            terms.push((objective.name(), loss.to_scalar::<f32>()?));
            let weighted = (loss * objective.weight())?;
            total = Some(match total {
                Some(total) => (total + weighted)?,
                None => weighted,
            });
        }
        ensure!(
            total.is_some(),
            "the batch has nothing that any of the objectives learns from"
        );
        Ok(Loss {
            total: total.expect("just ensured"),
            terms,
            complete,
        })
    }
}
