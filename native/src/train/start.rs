//! What a run begins with: a model from nothing, as the recipe describes it, or a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Var};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::names::{LOGIT_SCALE, TensorSpec, tensor_specs};
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tensors::{ElementType, StoredTensor};

use super::recipe::Recipe;
use super::weights::Weights;
use crate::hub;

/// Everything of a model but its weights: training does not change it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Form {
    pub(crate) config: ClipConfig,
    pub(crate) preprocessing: Preprocessing,
    /// The text of `tokenizer.json`.
    pub(crate) tokenizer_json: String,
}

/// A model before its first step.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) form: Form,
    pub(crate) weights: Weights,
    /// Of the checkpoint that the run begins with.
    pub(crate) sha256: Option<String>,
}

impl Start {
    /// The beginning that a recipe asks for; all variables learn.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, or whose weights are not numbers to go on from.
    pub(crate) fn of(recipe: &Recipe) -> Result<Self> {
        match (&recipe.start, &recipe.model) {
            (Some(path), _) => Self::from_checkpoint(path)
                .with_context(|| format!("cannot start from {}", path.display())),
            (None, Some(model)) => {
                let vocabulary = super::data::vocabulary(model.text.vocabulary)?;
                let config = model.clip_config(vocabulary.size)?;
                Ok(Self {
                    form: Form {
                        preprocessing: Preprocessing::clip_default(config.vision.image_size as u32),
                        tokenizer_json: vocabulary.json,
                        config,
                    },
                    weights: Weights::initialise(&config, recipe.seed)?,
                    sha256: None,
                })
            }
            (None, None) => bail!("the recipe has neither start nor model"),
        }
    }

    fn from_checkpoint(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::open(&hub::locate(path)?, &Overrides::default())?;
        let read = |TensorSpec { name, shape }: TensorSpec| -> Result<(String, Var)> {
            let stored = checkpoint.read(&name, &shape)?;
            if let StoredTensor::Blocks { element, .. } = &stored {
                ensure!(
                    *element == ElementType::F16,
                    "{name} is quantised ({}); training goes on from f32, f16 or bf16 weights",
                    element.name()
                );
            }
            let values = stored.into_f32(&shape)?;
            Ok((name, Var::from_vec(values, shape, &Device::Cpu)?))
        };
        let scale = checkpoint
            .logit_scale
            .context("it has no logit scale, which the objectives need")?;
        let scale = Var::from_vec(vec![scale], (), &Device::Cpu)?;
        let weights = tensor_specs(&checkpoint.config)
            .into_iter()
            .map(read)
            .chain([Ok((LOGIT_SCALE.to_owned(), scale))])
            .collect::<Result<Weights>>()?;
        let sha256 = checkpoint.sha256()?;
        Ok(Self {
            form: Form {
                config: checkpoint.config,
                preprocessing: checkpoint.preprocessing,
                tokenizer_json: checkpoint.tokenizer_json,
            },
            weights,
            sha256: Some(sha256),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::model_directory::Readers;
    use crate::train::export;

    fn recipe_from(path: &Path) -> Recipe {
        Recipe {
            start: Some(path.to_owned()),
            model: None,
            ..Recipe::parse(crate::train::TINY_RECIPE).unwrap()
        }
    }

    #[test]
    fn a_written_model_is_a_start_with_the_same_bits() {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let first = Start::of(&recipe).unwrap();
        assert_eq!(first.sha256, None);
        let directory = tempfile::tempdir().unwrap();
        export::write_directory(
            directory.path(),
            &first.form,
            &first.weights,
            None,
            Readers::Transformers,
        )
        .unwrap();

        let again = Start::of(&recipe_from(directory.path())).unwrap();
        assert_eq!(again.form, first.form);
        assert!(again.sha256.is_some());
        for ((name, a), (other, b)) in first.weights.iter().zip(again.weights.iter()) {
            let values = |v: &Var| v.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!((name, values(a)), (other, values(b)));
        }
    }

    #[test]
    fn checkpoints_of_every_form_are_starts() {
        for name in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/");
            let start = Start::of(&recipe_from(&Path::new(path).join(name))).unwrap();
            assert!(start.weights.iter().count() > 50, "{name}");
        }
    }

    #[test]
    fn what_is_no_start_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let error = Start::of(&recipe_from(&missing)).unwrap_err();
        assert!(
            format!("{error:#}").contains("cannot start from"),
            "{error:#}"
        );
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let start = Start::of(&recipe).unwrap();
        let (_, weight) = start.weights.iter().next().unwrap();
        weight.set(&weight.affine(f64::NAN, 0.0).unwrap()).unwrap();
        export::write_directory(
            directory.path(),
            &start.form,
            &start.weights,
            None,
            Readers::Transformers,
        )
        .unwrap();
        let error = Start::of(&recipe_from(directory.path())).unwrap_err();
        assert!(format!("{error:#}").contains("NaN"), "{error:#}");
    }
}
