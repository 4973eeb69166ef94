//! What a training run is made of: one complete TOML file, in which nothing is guessed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use candle_core::DType;
use cliprobe::clip::config::{
    Activation, ClipConfig, TextConfig, TextPooling, TransformerConfig, VisionConfig,
};
use serde::{Deserialize, Serialize};

use super::data::recipe::DataRecipe;
use super::ema::EmaRecipe;
use super::evaluate::EvaluationRecipe;
use super::learning::TrainRecipe;
use super::objective::Objectives;
use super::schedule::Course;

/// A whole run. Two runs of the same recipe on the same machine give the same model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    /// Decides the initial weights, every scene and every caption.
    pub(crate) seed: u64,
    /// Updates of the weights; the schedule ends there.
    pub(crate) steps: u64,
    /// A checkpoint to go on from, with its own tokenizer and shape: any that `cliprobe inspect`
    /// opens. The path begins where the command is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<PathBuf>,
    pub(crate) batch: BatchRecipe,
    /// A model from nothing, instead of `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<ModelRecipe>,
    pub(crate) data: DataRecipe,
    pub(crate) objective: Objectives,
    #[serde(default)]
    pub(crate) train: TrainRecipe,
    pub(crate) optimizer: OptimizerRecipe,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ema: Option<EmaRecipe>,
    pub(crate) evaluation: EvaluationRecipe,
    pub(crate) checkpoint: CheckpointRecipe,
}

/// What one update learns from, and how it is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRecipe {
    /// Pairs of picture and caption, over all processes; each is a negative for all others.
    #[serde(default)]
    pub(crate) pairs: usize,
    /// Chains of captions, over all processes.
    #[serde(default)]
    pub(crate) chains: usize,
    /// Pictures that are encoded together, on one thread; or texts of as many tokens. The sums of a
    /// step are taken in an order that depends on it, and on nothing of the machine.
    #[serde(default = "BatchRecipe::default_chunk")]
    pub(crate) chunk: usize,
    /// Whether chunks are encoded a second time for their gradients instead of being kept: a third
    /// more work, and the memory of one chunk a thread instead of the whole batch.
    #[serde(default)]
    pub(crate) recompute: bool,
    /// In what the towers' matrices are multiplied.
    #[serde(default)]
    pub(crate) precision: Precision,
}

/// A type of numbers in which products with matrices are taken, forward and backward; variables, the
/// sums of their gradients and everything else are f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    #[default]
    F32,
    /// Eight bits of digits: what GPUs multiply several times as fast, and CPUs more slowly.
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
}

/// The shape of the model. MLPs are four times as wide as their tower, as in every CLIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelRecipe {
    pub(crate) activation: Activation,
    /// Length of the embeddings.
    pub(crate) embedding: usize,
    pub(crate) vision: VisionRecipe,
    pub(crate) text: TextRecipe,
}

/// The image tower; sizes in pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisionRecipe {
    pub(crate) image: usize,
    pub(crate) patch: usize,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
}

/// The text tower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextRecipe {
    /// The most tokens the vocabulary may have; fewer when the captions' words need fewer.
    pub(crate) vocabulary: usize,
    /// The most tokens of a caption, start and end included.
    pub(crate) context: usize,
    pub(crate) width: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
}

/// AdamW, its schedule and its clipping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptimizerRecipe {
    /// The peak, reached after the warm-up.
    pub(crate) learning_rate: f64,
    /// Steps of linear warm-up.
    pub(crate) warm_up: u64,
    /// What follows it.
    #[serde(default)]
    pub(crate) schedule: Course,
    pub(crate) betas: [f64; 2],
    pub(crate) epsilon: f64,
    /// Of what has two dimensions or more.
    pub(crate) weight_decay: f64,
    /// The largest norm of all gradients together; any where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) clip_norm: Option<f64>,
}

/// What a run leaves to resume from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckpointRecipe {
    /// Steps between checkpoints; one more comes at the end.
    pub(crate) every: u64,
    /// Newest checkpoints that are kept.
    pub(crate) keep: usize,
}

impl Recipe {
    /// Reads and checks a recipe.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the recipe {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the recipe {} is not usable", path.display()))
    }

    /// Parses and checks a recipe. A key that is none is refused by name, with the nearest one.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let recipe: Self = toml::from_str(text).map_err(|error| {
            // The error's own text shows the line and underlines the place.
            let place = error.to_string();
            match nearest_key(error.message()) {
                Some(key) => anyhow!("{}\ndid you mean `{key}`?", place.trim_end()),
                None => anyhow!("{}", place.trim_end().to_owned()),
            }
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    fn check(&self) -> Result<()> {
        let positive = |name: &str, value: u64| {
            ensure!(value > 0, "{name} is 0; it must be at least 1");
            Ok(())
        };
        positive("steps", self.steps)?;
        positive("checkpoint.every", self.checkpoint.every)?;
        positive("checkpoint.keep", self.checkpoint.keep as u64)?;
        positive("batch.chunk", self.batch.chunk as u64)?;
        self.evaluation.check()?;
        match (&self.start, &self.model) {
            (Some(_), Some(_)) => bail!(
                "the recipe has both start and model; a run goes on from a checkpoint or begins \
                 with a model from nothing"
            ),
            (None, None) => bail!(
                "the recipe has neither start, a checkpoint to go on from, nor model, the shape of \
                 one from nothing"
            ),
            (None, Some(model)) => ensure!(
                model.text.context >= 3,
                "model.text.context is {}; start, one token and end need 3",
                model.text.context
            ),
            (Some(_), None) => {}
        }
        self.check_batch()?;
        self.objective.check(self.start.is_some(), &self.batch)?;
        self.train.check()?;
        self.ema.as_ref().map_or(Ok(()), EmaRecipe::check)?;
        self.data.check(self.batch.pairs)?;
        let optimizer = &self.optimizer;
        for (name, value) in [
            ("learning_rate", optimizer.learning_rate),
            ("epsilon", optimizer.epsilon),
            ("clip_norm", optimizer.clip_norm.unwrap_or(f64::MAX)),
        ] {
            ensure!(
                value.is_finite() && value > 0.0,
                "optimizer.{name} is {value}; it must be positive"
            );
        }
        ensure!(
            optimizer.weight_decay.is_finite() && optimizer.weight_decay >= 0.0,
            "optimizer.weight_decay is {}; it must not be negative",
            optimizer.weight_decay
        );
        for beta in optimizer.betas {
            ensure!(
                (0.0..1.0).contains(&beta),
                "optimizer.betas has {beta}; both lie in [0, 1)"
            );
        }
        if optimizer.warm_up >= self.steps {
            bail!(
                "optimizer.warm_up is {}, but the run has only {} steps",
                optimizer.warm_up,
                self.steps
            );
        }
        Ok(())
    }

    /// Batches and sources must agree on what there is.
    fn check_batch(&self) -> Result<()> {
        let BatchRecipe { pairs, chains, .. } = self.batch;
        ensure!(
            pairs != 1,
            "batch.pairs is 1; a contrastive loss needs at least 2 pairs"
        );
        ensure!(
            pairs > 0 || chains > 0,
            "batch has neither pairs nor chains; say how many of them a step learns from"
        );
        let data = &self.data;
        let of_pairs = data.tableau.is_some() || data.table.is_some() || data.webdataset.is_some();
        let of_chains = data.hierarcaps.is_some() || data.tableau_chains.is_some();
        for (name, count, source) in [("pairs", pairs, of_pairs), ("chains", chains, of_chains)] {
            ensure!(
                count == 0 || source,
                "batch.{name} is {count}, but data has no source of {name}"
            );
            ensure!(
                count > 0 || !source,
                "data has a source of {name}, but batch.{name} does not say how many a step takes"
            );
        }
        Ok(())
    }
}

impl ModelRecipe {
    /// The architecture, for a vocabulary of `vocabulary` tokens that ends with end-of-text.
    pub(crate) fn clip_config(&self, vocabulary: usize) -> Result<ClipConfig> {
        let Self { vision, text, .. } = self;
        let transformer = |width: usize, layers: usize, heads: usize| TransformerConfig {
            width,
            layers,
            heads,
            mlp_width: 4 * width,
            layer_norm_eps: 1e-5,
        };
        let config = ClipConfig {
            text: TextConfig {
                transformer: transformer(text.width, text.layers, text.heads),
                vocab_size: vocabulary,
                context_length: text.context,
                pooling: TextPooling::FirstEos {
                    eos_token_id: u32::try_from(vocabulary - 1)
                        .context("the vocabulary has too many tokens")?,
                },
            },
            vision: VisionConfig {
                transformer: transformer(vision.width, vision.layers, vision.heads),
                image_size: vision.image,
                patch_size: vision.patch,
            },
            projection_dim: self.embedding,
            activation: self.activation,
        };
        Ok(config.validated()?)
    }
}

/// The expected key nearest to the unknown one, if any comes near, from serde's
/// "unknown field `x`, expected one of `a`, `b`": the names stand between backticks.
fn nearest_key(message: &str) -> Option<&str> {
    let mut names = message
        .starts_with("unknown ")
        .then(|| message.split('`').skip(1).step_by(2))?;
    let unknown = names.next()?;
    nearest(unknown, names)
}

/// The known word that an unknown one probably means, if any comes near.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .min()
        .filter(|(distance, known)| distance * 2 <= known.len().max(unknown.len()))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TINY: &str = crate::train::TINY_RECIPE;

    /// The sentence with which a recipe is refused.
    fn refusal(recipe: &str) -> String {
        format!("{:#}", Recipe::parse(recipe).unwrap_err())
    }

    #[test]
    fn survives_being_written_and_read() {
        let recipe = Recipe::parse(TINY).unwrap();
        let written = toml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse(&written).unwrap(), recipe);
    }

    #[test]
    fn recipes_of_the_repository_are_usable() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut recipes = 0;
        for folder in ["models/experiment", "models/papers", "native/benches"] {
            for file in std::fs::read_dir(top.join(folder)).unwrap() {
                let path = file.unwrap().path();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "toml")
                {
                    let recipe = Recipe::read(&path).unwrap();
                    if let Some(model) = recipe.model {
                        model.clip_config(600).unwrap();
                    }
                    recipes += 1;
                }
            }
        }
        assert!(recipes >= 10, "{recipes}");
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_right_one() {
        for (right, wrong, key) in [
            ("pairs = 8", "pears = 8", "`pairs`"),
            (
                "learning_rate = 1e-3",
                "learning-rate = 1e-3",
                "`learning_rate`",
            ),
            ("[data.tableau.scene]", "[data.tablaeu.scene]", "`tableau`"),
            (
                "colour_percent = 80",
                "color_percent = 80",
                "`colour_percent`",
            ),
            ("\"quick_gelu\"", "\"quickgelu\"", "`quick_gelu`"),
        ] {
            assert!(TINY.contains(right), "{right}");
            let sentence = refusal(&TINY.replace(right, wrong));
            let name = wrong
                .split(['=', '"', ' ', '[', ']', '.'])
                .find(|w| w.len() > 4);
            assert!(sentence.contains(name.unwrap()), "{sentence}");
            assert!(
                sentence.contains(&format!("did you mean {key}?")),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_key_like_no_other_gets_no_suggestion() {
        let sentence = refusal(&TINY.replace("seed = 7", "seed = 7\nxylophone = 1"));
        assert!(sentence.contains("unknown field `xylophone`"), "{sentence}");
        assert!(!sentence.contains("did you mean"), "{sentence}");
    }

    #[test]
    fn missing_keys_are_named() {
        let sentence = refusal(&TINY.replace("warm_up = 3\n", ""));
        assert!(sentence.contains("missing field `warm_up`"), "{sentence}");
    }

    #[test]
    fn impossible_numbers_are_refused_by_name() {
        for (right, wrong, key) in [
            ("steps = 12", "steps = 0", "steps"),
            ("pairs = 8", "pairs = 1", "batch.pairs"),
            ("every = 4", "every = 0", "checkpoint.every"),
            ("context = 48", "context = 2", "model.text.context"),
            ("1e-3", "-1e-3", "optimizer.learning_rate"),
            ("1e-3", "nan", "optimizer.learning_rate"),
            ("0.98", "1.0", "optimizer.betas"),
            ("warm_up = 3", "warm_up = 12", "optimizer.warm_up"),
        ] {
            assert!(TINY.contains(right), "{right}");
            let sentence = refusal(&TINY.replace(right, wrong));
            assert!(sentence.starts_with(key), "{key}: {sentence}");
        }
    }

    #[test]
    fn contradictions_are_refused_in_a_sentence() {
        for (right, wrong, sentence) in [
            ("[batch]", "start = \"x\"\n[batch]", "both start and model"),
            ("pairs = 8", "pairs = 8\nchains = 4", "no source of chains"),
            ("pairs = 8", "", "neither pairs nor chains"),
            (
                "[objective.contrastive]",
                "[objective]",
                "nothing to minimise",
            ),
            (
                "[objective.contrastive]",
                "[objective.radial]",
                "objective.radial learns from chains",
            ),
            (
                "[objective.contrastive]",
                "[objective.distillation]\npictures = 1.0",
                "objective.distillation compares with the start",
            ),
            (
                "[objective.contrastive]",
                "[objective.contrastive]\nweight = -1.0",
                "weight",
            ),
            ("every = 6", "every = 0", "evaluation.every"),
        ] {
            assert!(TINY.contains(right), "{right}");
            let refusal = refusal(&TINY.replace(right, wrong));
            assert!(refusal.contains(sentence), "{refusal}");
        }
        let start = TINY.find("[model]").unwrap()..TINY.find("[data").unwrap();
        let refusal = refusal(&TINY.replace(&TINY[start], ""));
        assert!(refusal.contains("neither start"), "{refusal}");
    }

    #[test]
    fn architecture_is_the_recipes() {
        let recipe = Recipe::parse(TINY).unwrap();
        let config = recipe.model.unwrap().clip_config(600).unwrap();
        assert_eq!(config.vision.tokens(), 5);
        assert_eq!(config.text.transformer.mlp_width, 128);
        assert_eq!(
            config.text.pooling,
            TextPooling::FirstEos { eos_token_id: 599 }
        );
        let odd = Recipe::parse(&TINY.replace("heads = 2", "heads = 3")).unwrap();
        assert!(odd.model.unwrap().clip_config(600).is_err());
    }
}
