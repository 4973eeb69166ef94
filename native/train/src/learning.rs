//! Which variables training changes, and how fast: the recipe's `[train]`.

use anyhow::{Result, bail, ensure};
use cliprobe_clip::config::ClipConfig;

use super::lora::{adapter_names, is_adapter};
use super::names::{PARTS, matches};
use super::recipe::TrainRecipe;
use super::recipe::nearest::nearest;

/// How one variable learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ParamOptions {
    /// Times the learning rate of all.
    pub(crate) rate: f64,
    /// Instead of the optimizer's.
    pub(crate) weight_decay: Option<f64>,
}

impl TrainRecipe {
    /// How each of the model's tensors learns; `None` for those that do not.
    ///
    /// # Errors
    /// A name that is none of the model's, with the nearest that is; nothing left to train.
    pub(crate) fn param_options(
        &self,
        names: &[&str],
        config: &ClipConfig,
    ) -> Result<Vec<Option<ParamOptions>>> {
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
        let param_options: Vec<Option<ParamOptions>> = names
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
                Some(ParamOptions {
                    rate: depth * group.map_or(1.0, |group| group.rate),
                    weight_decay: group.and_then(|group| group.weight_decay),
                })
            })
            .collect();
        ensure!(
            param_options.iter().any(Option::is_some),
            "train.only and train.freeze leave nothing to train; freeze less"
        );
        Ok(param_options)
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

    use cliprobe_clip::names::{LOGIT_SCALE, tensor_specs};

    use super::*;
    use crate::recipe::Recipe;

    fn param_options(train: &str) -> Result<Vec<(String, ParamOptions)>> {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let config = recipe.model.as_ref().unwrap().clip_config(600).unwrap();
        let specs = tensor_specs(&config);
        let mut names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        names.push(LOGIT_SCALE);
        let train: TrainRecipe = toml::from_str(train).unwrap();
        train.check()?;
        let param_options = train.param_options(&names, &config)?;
        let learning = names.iter().zip(param_options);
        Ok(learning
            .filter_map(|(name, options)| Some(((*name).to_owned(), options?)))
            .collect())
    }

    fn rate(param_options: &[(String, ParamOptions)], name: &str) -> f64 {
        let (_, options) = param_options
            .iter()
            .find(|(known, _)| known == name)
            .unwrap();
        options.rate
    }

    #[test]
    fn everything_learns_alike_where_nothing_is_said() {
        let param_options = param_options("").unwrap();
        assert!(param_options.iter().any(|(name, _)| name == LOGIT_SCALE));
        assert!(
            param_options
                .iter()
                .all(|(_, options)| options.rate == 1.0 && options.weight_decay.is_none())
        );
    }

    #[test]
    fn parts_and_patterns_choose() {
        // What radial embeddings train.
        let text = param_options(r#"only = ["text", "text_projection.weight"]"#).unwrap();
        let is_text =
            |name: &str| name.starts_with("text_model.") || name == "text_projection.weight";
        assert!(text.iter().all(|(name, _)| is_text(name)));
        assert!(
            text.iter()
                .any(|(name, _)| name == "text_projection.weight")
        );

        let some =
            param_options(r#"freeze = ["vision", "embeddings", "*.bias", "scale"]"#).unwrap();
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
        let param_options = param_options("layer_decay = 0.5").unwrap();
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
            assert_eq!(rate(&param_options, name), expected, "{name}");
        }
    }

    #[test]
    fn the_last_group_that_names_a_tensor_counts() {
        let param_options = param_options(
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
        let options = |name: &str| {
            param_options
                .iter()
                .find(|(known, _)| known == name)
                .unwrap()
                .1
        };
        assert_eq!(options(LOGIT_SCALE).rate, 10.0);
        assert_eq!(options(LOGIT_SCALE).weight_decay, None);
        assert_eq!(
            options("text_model.encoder.layers.1.mlp.fc1.bias").rate,
            5.0
        );
        assert_eq!(
            options("text_model.encoder.layers.0.mlp.fc1.bias").weight_decay,
            Some(0.3)
        );
    }

    #[test]
    fn names_that_are_none_are_refused_with_the_nearest() {
        let sentence = |train: &str| param_options(train).unwrap_err().to_string();
        assert!(sentence(r#"only = ["texts"]"#).contains("did you mean text?"));
        let near = sentence(r#"freeze = ["logit_scales"]"#);
        assert!(near.contains("did you mean logit_scale?"), "{near}");
        assert!(sentence(r#"freeze = ["*"]"#).contains("nothing to train"));
        assert!(sentence("layer_decay = 0.0").contains("train.layer_decay"));
    }
}
