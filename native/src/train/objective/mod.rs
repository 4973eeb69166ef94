//! What training minimises: a weighted sum of objectives, each a file of its own with its paper.

use std::fmt::Debug;

use anyhow::{Result, ensure};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

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
use super::recipe::BatchRecipe;
pub(crate) use contrastive::Contrastive;
pub(crate) use distillation::Distillation;
pub(crate) use entailment_cone::EntailmentCone;
pub(crate) use hard_positives::HardPositives;
pub(crate) use per_image::{PerImage, PerImagePositive};
pub(crate) use radial::Radial;

/// Largest logit scale, in the log domain: CLIP keeps exp(scale) at or below 100.
pub(crate) const MAX_LOG_SCALE: f32 = 4.605_170_2;

/// What of a batch an objective learns from.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) pairs: bool,
    pub(crate) chains: bool,
}

impl Needs {
    const PAIRS: Self = Self {
        pairs: true,
        chains: false,
    };
    const CHAINS: Self = Self {
        pairs: false,
        chains: true,
    };
}

/// One thing to learn.
pub(crate) trait Objective: Debug {
    /// Its key in a recipe.
    fn name(&self) -> &'static str;

    /// Its factor in the sum.
    fn weight(&self) -> f64;

    fn needs(&self) -> Needs;

    /// The scalar to minimise, or `None` where the step has nothing that it learns from.
    /// `log_scale`: scalar, the log of what cosines are multiplied by.
    fn loss(&self, features: &Features, log_scale: &Tensor) -> Result<Option<Tensor>>;
}

/// The objectives of a recipe; those that are there are added up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Objectives {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contrastive: Option<Contrastive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_image: Option<PerImage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_image_positive: Option<PerImagePositive>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hard_positives: Option<HardPositives>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) radial: Option<Radial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entailment_cone: Option<EntailmentCone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) distillation: Option<Distillation>,
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

    /// Refuses what cannot be: no objective, one without what it learns from in a `batch`, or one
    /// that compares with a start where there is none.
    pub(crate) fn check(&self, has_start: bool, batch: &BatchRecipe) -> Result<()> {
        ensure!(
            self.each().next().is_some(),
            "objective has nothing to minimise; give it contrastive, say"
        );
        for objective in self.each() {
            let (name, weight) = (objective.name(), objective.weight());
            ensure!(
                weight.is_finite() && weight > 0.0,
                "objective.{name}.weight is {weight}; it must be positive"
            );
            for (what, needs, count) in [
                ("pairs", objective.needs().pairs, batch.pairs),
                ("chains", objective.needs().chains, batch.chains),
            ] {
                ensure!(
                    !needs || count > 0,
                    "objective.{name} learns from {what}, but batch.{what} is 0"
                );
            }
        }
        if let Some(distillation) = &self.distillation {
            distillation.check(has_start)?;
        }
        Ok(())
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
            "none of the objectives finds in the data what it learns from"
        );
        Ok(Loss {
            total: total.expect("just ensured"),
            terms,
            complete,
        })
    }
}

/// The weight of an objective whose recipe names none.
fn one() -> f64 {
    1.0
}
