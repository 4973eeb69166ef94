use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::batch::BatchRecipe;

/// `[objective]`: what is minimised, the weighted sum of the objectives that are given. Each is
/// defined in docs/training.md.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// Each image with its caption, against the rest of the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrastive: Option<Contrastive>,
    /// Each caption against its own image's hard negatives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_image: Option<PerImage>,
    /// Each hard positive against its own image's hard negatives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_image_positive: Option<PerImagePositive>,
    /// Hard positives near to the image and to the caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_positives: Option<HardPositives>,
    /// Radial embeddings of chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radial: Option<Radial>,
    /// Entailment cones of chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entailment_cone: Option<EntailmentCone>,
    /// Embeddings near to those of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distillation: Option<Distillation>,
}

/// `[objective.contrastive]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contrastive {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether every hard negative of the batch is a negative text for every image.
    #[serde(default)]
    pub hard_negative_columns: bool,
}

/// `[objective.per_image]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerImage {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
}

/// `[objective.per_image_positive]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerImagePositive {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
}

/// `[objective.hard_positives]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardPositives {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
    /// Whether the loss also goes from hard positives to images and captions, not only back.
    #[serde(default)]
    pub symmetric: bool,
}

/// `[objective.radial]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radial {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
    /// Factor of the hardest pairs of the batch; 1 by default.
    #[serde(default = "one")]
    pub hardest: f64,
}

/// `[objective.entailment_cone]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntailmentCone {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
    /// K: at twice this distance from the root a cone is a half-space; 0.1 by default, as MERU's.
    #[serde(default = "tenth")]
    pub min_radius: f64,
    /// γ in radians: how far outside of the cone a contradiction must lie; 0.1 by default.
    #[serde(default = "tenth")]
    pub margin: f64,
}

/// `[objective.distillation]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// Factor in the sum; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
    /// Factor of the images; 0 by default.
    #[serde(default, alias = "pictures")]
    pub images: f64,
    /// Factor of the captions; 0 by default.
    #[serde(default)]
    pub captions: f64,
    /// Factor of the chains; 0 by default.
    #[serde(default)]
    pub chains: f64,
}

fn one() -> f64 {
    1.0
}

fn tenth() -> f64 {
    0.1
}

/// What an objective learns from.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Pairs,
    Chains,
    Either,
}

impl Objectives {
    /// Name, factor and need of those that the recipe has.
    fn given(&self) -> Vec<(&'static str, f64, Needs)> {
        let weight = |name, weight: Option<f64>, needs| weight.map(|weight| (name, weight, needs));
        [
            weight(
                "contrastive",
                self.contrastive.as_ref().map(|o| o.weight),
                Needs::Pairs,
            ),
            weight(
                "per_image",
                self.per_image.as_ref().map(|o| o.weight),
                Needs::Pairs,
            ),
            weight(
                "per_image_positive",
                self.per_image_positive.as_ref().map(|o| o.weight),
                Needs::Pairs,
            ),
            weight(
                "hard_positives",
                self.hard_positives.as_ref().map(|o| o.weight),
                Needs::Pairs,
            ),
            weight(
                "radial",
                self.radial.as_ref().map(|o| o.weight),
                Needs::Chains,
            ),
            weight(
                "entailment_cone",
                self.entailment_cone.as_ref().map(|o| o.weight),
                Needs::Chains,
            ),
            weight(
                "distillation",
                self.distillation.as_ref().map(|o| o.weight),
                Needs::Either,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The names of those that the recipe has.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.given().into_iter().map(|(name, ..)| name).collect()
    }

    /// Refuses a recipe without an objective, an objective whose data the `batch` lacks, and an
    /// objective that compares with a start if there is none.
    pub(super) fn check(&self, has_start: bool, batch: &BatchRecipe) -> Result<()> {
        let given = self.given();
        ensure!(
            !given.is_empty(),
            "the recipe has no objective; add one, such as [objective.contrastive]"
        );
        for (name, weight, needs) in given {
            ensure!(
                weight.is_finite() && weight > 0.0,
                "objective.{name}.weight is {weight}; it must be positive"
            );
            for (what, kind, count) in [
                ("pairs", Needs::Pairs, batch.pairs),
                ("chains", Needs::Chains, batch.chains),
            ] {
                ensure!(
                    needs != kind || count > 0,
                    "objective.{name} learns from {what}, but batch.{what} is 0"
                );
            }
        }
        if let Some(distillation) = &self.distillation {
            distillation.check(has_start, batch)?;
        }
        Ok(())
    }
}

impl Distillation {
    fn check(&self, has_start: bool, batch: &BatchRecipe) -> Result<()> {
        ensure!(
            has_start,
            "objective.distillation compares with the start, which is a checkpoint: name one with \
             start"
        );
        let factors = [self.images, self.captions, self.chains];
        ensure!(
            factors
                .iter()
                .all(|factor| factor.is_finite() && *factor >= 0.0)
                && factors.iter().any(|factor| *factor > 0.0),
            "objective.distillation has the factors {factors:?} of images, captions and chains; \
             they must not be negative, and not all 0"
        );
        for (what, factor, count) in [
            ("pairs", self.images.max(self.captions), batch.pairs),
            ("chains", self.chains, batch.chains),
        ] {
            ensure!(
                factor == 0.0 || count > 0,
                "objective.distillation learns from {what}, but batch.{what} is 0"
            );
        }
        Ok(())
    }
}
