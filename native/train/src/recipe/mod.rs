//! A training run as one TOML file, and as a value: [`Recipe`].
//!
//! Plain values with their defaults and limits. Nothing here trains, reads data or opens a
//! checkpoint. Paths begin in the working directory of the process.

mod batch;
mod data;
mod evaluation;
mod limits;
mod missing;
mod model;
pub(crate) mod nearest;
mod objective;
mod optimizer;
mod template;
mod trained;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

pub use batch::{BatchRecipe, Precision};
pub use data::{
    Crop, DataRecipe, EditsRecipe, HierarcapsRecipe, TableRecipe, TableauChainsRecipe,
    TableauRecipe, WebdatasetRecipe,
};
pub use evaluation::{BestRecipe, CheckpointRecipe, EvaluationRecipe};
pub use missing::MissingKeys;
pub use model::{ModelRecipe, TextRecipe, VisionRecipe};
pub use objective::{
    Contrastive, Distillation, EntailmentCone, HardPositives, Objectives, PerImage,
    PerImagePositive, Radial,
};
pub use optimizer::{EmaRecipe, LrSchedule, OptimizerRecipe};
pub use template::{TEMPLATES, template};
pub use trained::{GroupRecipe, LoraRecipe, TrainRecipe};

use nearest::nearest_key;

/// A whole run. Two runs of the same recipe on the same machine give the same model.
///
/// ```
/// let recipe = cliprobe_train::Recipe::parse(
///     r#"
///     steps = 1000
///     start = "openai/clip-vit-base-patch32"
///     batch = { pairs = 128 }
///     data.table = { path = "captions.tsv" }
///     objective.contrastive = {}
///     "#,
/// )?;
/// assert_eq!(recipe.optimizer.betas, [0.9, 0.98]);
/// assert_eq!(recipe.optimizer.warmup_steps, Some(100));
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Decides the initial weights and every random draw of data; 0 by default.
    #[serde(default)]
    pub seed: u64,
    /// Updates of the weights; the schedule ends there.
    pub steps: u64,
    /// A checkpoint to continue from, with its own tokenizer and shape: a Hugging Face or OpenCLIP
    /// directory, a state dict, or a GGUF file in f32 or f16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<PathBuf>,
    /// What one update learns from.
    pub batch: BatchRecipe,
    /// The shape of a new model, instead of `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelRecipe>,
    /// Where images, captions and chains come from.
    pub data: DataRecipe,
    /// What is minimised.
    pub objective: Objectives,
    /// Which variables learn; all by default.
    #[serde(default)]
    pub train: TrainRecipe,
    /// AdamW; OpenCLIP's settings by default.
    #[serde(default = "OptimizerRecipe::open_clip")]
    pub optimizer: OptimizerRecipe,
    /// A running average of the weights; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ema: Option<EmaRecipe>,
    /// When and on what the model is evaluated.
    #[serde(default)]
    pub evaluation: EvaluationRecipe,
    /// When the state is saved.
    #[serde(default)]
    pub checkpoint: CheckpointRecipe,
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// A file that cannot be read, and those of [`parse`](Self::parse).
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the recipe {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the recipe {} is not usable", path.display()))
    }

    /// Parses and checks a recipe, and spells out its defaults.
    ///
    /// # Errors
    /// [`MissingKeys`], all of them at once; an unknown key, with the nearest known one; numbers out
    /// of range and contradictions, by the key's name.
    pub fn parse(text: &str) -> Result<Self> {
        let located = |error: toml::de::Error| {
            // The error's own text shows the line and underlines the place.
            let place = error.to_string();
            match nearest_key(error.message()) {
                Some(key) => anyhow!("{}\ndid you mean `{key}`?", place.trim_end()),
                None => anyhow!("{}", place.trim_end().to_owned()),
            }
        };
        let missing = missing::of(&toml::from_str(text).map_err(located)?);
        let mut recipe: Self = match (toml::from_str(text), missing) {
            // A slip in a key's name explains why another one is missing.
            (Err(error), _) if error.message().starts_with("unknown ") => {
                return Err(located(error));
            }
            (_, Some(missing)) => return Err(missing.into()),
            (parsed, None) => parsed.map_err(located)?,
        };
        recipe.complete();
        recipe.check()?;
        Ok(recipe)
    }

    /// Spells out the defaults that depend on other parts of the recipe.
    pub fn complete(&mut self) {
        self.optimizer.complete(self.start.is_some(), self.steps);
        self.evaluation.complete(self.steps);
        self.checkpoint.complete(self.steps);
    }

    /// Refuses numbers out of range and contradictions. No file is opened.
    ///
    /// # Errors
    /// The key that is wrong, and what it must be.
    pub fn check(&self) -> Result<()> {
        ensure!(self.steps > 0, "steps is 0; it must be at least 1");
        // Data is drawn by the number steps · pairs, the log counts in JSON's exact integers.
        ensure!(
            self.steps <= 1 << 32,
            "steps is {}; it must be at most {}",
            self.steps,
            1u64 << 32
        );
        self.checkpoint.check()?;
        self.evaluation.check()?;
        match (&self.start, &self.model) {
            (Some(_), Some(_)) => bail!(
                "the recipe has both start and model; name a checkpoint to continue from, or the \
                 shape of a new model"
            ),
            (None, None) => bail!(
                "the recipe has neither start, a checkpoint to continue from, nor model, the shape \
                 of a new one"
            ),
            (None, Some(model)) => model.check()?,
            (Some(_), None) => {}
        }
        self.batch.check()?;
        self.check_sources()?;
        self.objective.check(self.start.is_some(), &self.batch)?;
        self.train.check()?;
        self.ema.as_ref().map_or(Ok(()), EmaRecipe::check)?;
        self.data.check(self.batch.pairs)?;
        self.optimizer.check(self.steps)
    }

    /// Batches and sources must agree on what there is.
    fn check_sources(&self) -> Result<()> {
        let BatchRecipe { pairs, chains, .. } = self.batch;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe_clip::config::TextPooling;

    use super::*;

    const TINY: &str = crate::TINY_RECIPE;

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
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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
    fn missing_keys_are_all_named_at_once() {
        let error = Recipe::parse("[model]\nactivation = \"gelu\"\n[ema]\n").unwrap_err();
        let MissingKeys(missing) = error.downcast::<MissingKeys>().unwrap();
        let begins = [
            "steps: ",
            "batch: ",
            "data: a source",
            "objective: ",
            "model.embedding",
            "model.vision",
            "model.text",
            "ema.decay",
        ];
        assert_eq!(missing.len(), begins.len(), "{missing:?}");
        for (missing, begin) in missing.iter().zip(begins) {
            assert!(missing.starts_with(begin), "{missing} is not {begin}");
        }
    }

    /// serde must not find a missing key that the list does not know.
    #[test]
    fn whatever_serde_misses_is_in_the_list() {
        for template in TEMPLATES.into_iter().filter_map(template).chain([TINY]) {
            for line in template.lines().filter(|line| line.contains(" = ")) {
                let rest: Vec<&str> = template.lines().filter(|other| *other != line).collect();
                if let Err(error) = Recipe::parse(&rest.join("\n")) {
                    let sentence = format!("{error:#}");
                    assert!(!sentence.contains("missing field"), "{line}: {sentence}");
                }
            }
        }
    }

    #[test]
    fn a_short_recipe_has_open_clips_defaults() {
        let short = r#"
            steps = 500
            start = "a"
            batch = { pairs = 4 }
            data.table = { path = "a.tsv" }
            objective.contrastive = {}
        "#;
        let recipe = Recipe::parse(short).unwrap();
        let optimizer = &recipe.optimizer;
        assert_eq!((optimizer.betas, optimizer.epsilon), ([0.9, 0.98], 1e-6));
        assert_eq!((optimizer.weight_decay, optimizer.clip_norm), (0.2, None));
        assert_eq!(optimizer.schedule, LrSchedule::Cosine);
        assert_eq!(
            (optimizer.learning_rate, optimizer.warmup_steps),
            (Some(1e-6), Some(50))
        );
        assert_eq!(
            (recipe.evaluation.every, recipe.checkpoint.every),
            (Some(100), Some(50))
        );
        assert_eq!(recipe.seed, 0);
        // What is written is spelled out, and the same recipe.
        let written = toml::to_string(&recipe).unwrap();
        assert!(written.contains("warmup_steps = 50"), "{written}");
        assert_eq!(Recipe::parse(&written).unwrap(), recipe);
    }

    #[test]
    fn keys_of_earlier_versions_are_read() {
        let [old, new] = [
            ["warm_up", "picture", "without_pictures_of", "pictures"],
            ["warmup_steps", "image", "without_images_of", "images"],
        ]
        .map(|[warmup, image, without, images]| {
            Recipe::parse(&format!(
                r#"
                steps = 500
                start = "a"
                batch = {{ pairs = 4, chains = 2 }}
                data.table = {{ path = "a.tsv", {image} = "file" }}
                data.hierarcaps = {{ path = "b.csv", {without} = "c.csv" }}
                objective.distillation = {{ {images} = 1.0 }}
                optimizer = {{ {warmup} = 7 }}
                "#
            ))
            .unwrap()
        });
        assert_eq!(old, new);
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
            (
                "warmup_steps = 3",
                "warmup_steps = 12",
                "optimizer.warmup_steps",
            ),
            ("width = 32", "width = 1000000000", "model.vision.width"),
            ("layers = 2", "layers = 1000000000", "model.vision.layers"),
            (
                "vocabulary = 2000",
                "vocabulary = 1000000000",
                "model.text.vocabulary",
            ),
            ("image = 32", "image = 1000000000", "model.vision.image"),
            ("pairs = 8", "pairs = 1000000000", "batch.pairs"),
            ("probes = 10", "probes = 1000000000", "evaluation.probes"),
            ("steps = 12", "steps = 1000000000000", "steps"),
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
            ("pairs = 8", "", "how many pairs"),
            (
                "[objective.contrastive]",
                "[objective]",
                "what is minimised",
            ),
            (
                "[objective.contrastive]",
                "[objective.radial]",
                "objective.radial learns from chains",
            ),
            (
                "[objective.contrastive]",
                "[objective.distillation]\nimages = 1.0",
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
        assert!(refusal.contains("start = a checkpoint"), "{refusal}");
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
