//! Which variables training changes, and how fast: the recipe's `[train]`.

use anyhow::{Result, bail, ensure};
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::names::LOGIT_SCALE;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use super::lora::{LoraRecipe, adapter_names, is_adapter};
use super::recipe::nearest;

/// `[train]`. Where a list of names is asked for, a name is a tensor's, with `*` for any letters,
/// or one of the parts: `vision`, `text`, `projections`, `embeddings` (of tokens, positions,
/// classes and patches), `scale`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainRecipe {
    /// What is trained; everything where it is not said, but nothing beside the adapters where there
    /// are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) only: Vec<String>,
    /// What of that is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) freeze: Vec<String>,
    /// Each block of a tower learns this many times as fast as the one after it, the first one's
    /// factor once more for the embeddings (BEiT, Bao et al., arXiv 2106.08254). 1 is as fast.
    #[serde(default = "no_decay")]
    pub(crate) layer_decay: f64,
    /// Exceptions from the rate and the weight decay of all; the last one that names a tensor
    /// counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<GroupRecipe>,
    /// Adapters that learn in the place of their matrices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lora: Option<LoraRecipe>,
}

/// `[[train.groups]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRecipe {
    pub(crate) names: Vec<String>,
    /// Times the learning rate of all.
    #[serde(default = "no_decay")]
    pub(crate) rate: f64,
    /// Instead of the optimizer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weight_decay: Option<f64>,
}

fn no_decay() -> f64 {
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

/// How one variable learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Times the learning rate of all.
    pub(crate) rate: f64,
    /// Instead of the optimizer's.
    pub(crate) weight_decay: Option<f64>,
}

const PARTS: [&str; 5] = ["vision", "text", "projections", "embeddings", "scale"];

/// Whether a pattern, or a part, of the recipe means this tensor.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern {
        "vision" => name.starts_with("vision_model."),
        "text" => name.starts_with("text_model."),
        "projections" => matches!(name, "visual_projection.weight" | "text_projection.weight"),
        "embeddings" => name.contains(".embeddings."),
        "scale" => name == LOGIT_SCALE,
        glob => WildMatch::new(glob).matches(name),
    }
}

impl TrainRecipe {
    /// Refuses numbers that cannot be.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.layer_decay > 0.0 && self.layer_decay <= 1.0,
            "train.layer_decay is {}; it lies above 0 and up to 1",
            self.layer_decay
        );
        for group in &self.groups {
            ensure!(
                group.rate.is_finite() && group.rate > 0.0,
                "train.groups has a rate of {}; it must be positive, and what is not to learn \
                 stands in train.freeze",
                group.rate
            );
            let decay = group.weight_decay.unwrap_or(0.0);
            ensure!(
                decay.is_finite() && decay >= 0.0,
                "train.groups has a weight_decay of {decay}; it must not be negative"
            );
        }
        self.lora.as_ref().map_or(Ok(()), LoraRecipe::check)
    }

    /// How each of the model's tensors learns; `None` for those that do not.
    ///
    /// # Errors
    /// A name that is none of the model's, with the nearest that is; nothing left to train.
    pub(crate) fn paces(&self, names: &[&str], config: &ClipConfig) -> Result<Vec<Option<Pace>>> {
        let groups = self.groups.iter().map(|group| ("groups", &group.names));
        let lists = [("only", &self.only), ("freeze", &self.freeze)];
        for (key, patterns) in lists.into_iter().chain(groups) {
            for pattern in patterns {
                if names.iter().any(|name| matches(pattern, name)) {
                    continue;
                }
                let known = PARTS.iter().chain(names).copied();
                match nearest(pattern, known) {
                    Some(known) => bail!(
                        "train.{key} names {pattern}, which is no tensor of the model; did you \
                         mean {known}?"
                    ),
                    None => bail!("train.{key} names {pattern}, which is no tensor of the model"),
                }
            }
        }
        let named = |patterns: &[String], name: &str| patterns.iter().any(|p| matches(p, name));
        let paces: Vec<Option<Pace>> = names
            .iter()
            .map(|name| {
                let adapted = names.contains(&adapter_names(name)[0].as_str());
                let learns = match &self.lora {
                    Some(_) => is_adapter(name) || named(&self.only, name) && !adapted,
                    None => self.only.is_empty() || named(&self.only, name),
                };
                if !learns || named(&self.freeze, name) {
                    return None;
                }
                let group = self.groups.iter().rfind(|group| named(&group.names, name));
                let depth = self.layer_decay.powi(below_the_head(name, config));
                Some(Pace {
                    rate: depth * group.map_or(1.0, |group| group.rate),
                    weight_decay: group.and_then(|group| group.weight_decay),
                })
            })
            .collect();
        ensure!(
            paces.iter().any(Option::is_some),
            "train leaves nothing to train; name less in train.freeze"
        );
        Ok(paces)
    }
}

/// How many layers a tensor lies below its tower's end: 0 for final norms, projections and scale, 1
/// for the last block, one more than there are blocks for the embeddings and what follows them.
fn below_the_head(name: &str, config: &ClipConfig) -> i32 {
    let layers = match name.split('.').next() {
        Some("vision_model") => config.vision.transformer.layers,
        Some("text_model") => config.text.transformer.layers,
        _ => return 0,
    };
    if name.contains(".embeddings.") || name.contains(".pre_layrnorm.") {
        return layers as i32 + 1;
    }
    let block = name.split_once(".layers.").and_then(|(_, rest)| {
        let number = rest.split('.').next()?;
        number.parse::<usize>().ok()
    });
    block.map_or(0, |block| (layers - block.min(layers)) as i32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::clip::names::tensor_specs;

    use super::*;
    use crate::train::recipe::Recipe;

    fn paces(train: &str) -> Result<Vec<(String, Pace)>> {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let config = recipe.model.as_ref().unwrap().clip_config(600).unwrap();
        let specs = tensor_specs(&config);
        let mut names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        names.push(LOGIT_SCALE);
        let train: TrainRecipe = toml::from_str(train).unwrap();
        train.check()?;
        let paces = train.paces(&names, &config)?;
        let learning = names.iter().zip(paces);
        Ok(learning
            .filter_map(|(name, pace)| Some(((*name).to_owned(), pace?)))
            .collect())
    }

    fn rate(paces: &[(String, Pace)], name: &str) -> f64 {
        let (_, pace) = paces.iter().find(|(known, _)| known == name).unwrap();
        pace.rate
    }

    #[test]
    fn everything_learns_alike_where_nothing_is_said() {
        let paces = paces("").unwrap();
        assert!(paces.iter().any(|(name, _)| name == LOGIT_SCALE));
        assert!(
            paces
                .iter()
                .all(|(_, pace)| pace.rate == 1.0 && pace.weight_decay.is_none())
        );
    }

    #[test]
    fn parts_and_patterns_choose() {
        // What radial embeddings train.
        let text = paces(r#"only = ["text", "text_projection.weight"]"#).unwrap();
        let is_text =
            |name: &str| name.starts_with("text_model.") || name == "text_projection.weight";
        assert!(text.iter().all(|(name, _)| is_text(name)));
        assert!(
            text.iter()
                .any(|(name, _)| name == "text_projection.weight")
        );

        let some = paces(r#"freeze = ["vision", "embeddings", "*.bias", "scale"]"#).unwrap();
        for (name, _) in &some {
            assert!(
                !name.starts_with("vision_model.") && !name.ends_with(".bias"),
                "{name}"
            );
            assert!(
                !name.contains(".embeddings.") && name != LOGIT_SCALE,
                "{name}"
            );
        }
        assert!(
            some.iter()
                .any(|(name, _)| name == "visual_projection.weight")
        );
    }

    #[test]
    fn deeper_layers_learn_more_slowly() {
        let paces = paces("layer_decay = 0.5").unwrap();
        for (name, expected) in [
            (LOGIT_SCALE, 1.0),
            ("text_projection.weight", 1.0),
            ("vision_model.post_layernorm.weight", 1.0),
            ("text_model.final_layer_norm.bias", 1.0),
            ("text_model.encoder.layers.1.mlp.fc1.weight", 0.5),
            ("text_model.encoder.layers.0.mlp.fc1.weight", 0.25),
            ("vision_model.pre_layrnorm.weight", 0.125),
            ("text_model.embeddings.token_embedding.weight", 0.125),
        ] {
            assert_eq!(rate(&paces, name), expected, "{name}");
        }
    }

    #[test]
    fn the_last_group_that_names_a_tensor_counts() {
        let paces = paces(
            r#"
            layer_decay = 0.5
            [[groups]]
            names = ["*.bias", "scale"]
            weight_decay = 0.3
            [[groups]]
            names = ["scale", "text_model.encoder.layers.1.*"]
            rate = 10.0
            "#,
        )
        .unwrap();
        let pace = |name: &str| paces.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(pace(LOGIT_SCALE).rate, 10.0);
        assert_eq!(pace(LOGIT_SCALE).weight_decay, None);
        assert_eq!(pace("text_model.encoder.layers.1.mlp.fc1.bias").rate, 5.0);
        assert_eq!(
            pace("text_model.encoder.layers.0.mlp.fc1.bias").weight_decay,
            Some(0.3)
        );
    }

    #[test]
    fn names_that_are_none_are_refused_with_the_nearest() {
        let sentence = |train: &str| paces(train).unwrap_err().to_string();
        assert!(sentence(r#"only = ["texts"]"#).contains("did you mean text?"));
        let near = sentence(r#"freeze = ["logit_scales"]"#);
        assert!(near.contains("did you mean logit_scale?"), "{near}");
        assert!(sentence(r#"freeze = ["*"]"#).contains("nothing to train"));
        assert!(sentence("layer_decay = 0.0").contains("train.layer_decay"));
    }
}
