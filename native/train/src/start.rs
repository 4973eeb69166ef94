//! What a run begins with: a model from nothing, as the recipe describes it, or a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use candle_core::{Device, Var};
use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::config::ClipConfig;
use cliprobe_clip::names::{LOGIT_SCALE, TensorSpec, tensor_specs};
use cliprobe_clip::preprocessing::Preprocessing;
use cliprobe_clip::tensors::{ElementType, StoredTensor};

use super::recipe::Recipe;
use super::weights::Weights;

/// Beyond it the logit scale or its inverse is no finite f32 any more.
const MOST_LOG_SCALE: f32 = 80.0;

/// Everything of a model but its weights: training does not change it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelSpec {
    pub(crate) config: ClipConfig,
    pub(crate) preprocessing: Preprocessing,
    /// The text of `tokenizer.json`.
    pub(crate) tokenizer_json: String,
}

/// A model before its first step.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) spec: ModelSpec,
    pub(crate) weights: Weights,
    /// SHA-256 of the checkpoint that the run begins with.
    pub(crate) sha256: Option<String>,
}

impl Start {
    /// The model that a recipe starts from, with all variables to be trained. `at` is the place of its
    /// checkpoint, if that is not the recipe's path.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, or whose weights are not numbers to go on from.
    pub(crate) fn of(recipe: &Recipe, at: Option<&Path>) -> Result<Self> {
        match (&recipe.start, &recipe.model) {
            (Some(path), _) => Self::from_checkpoint(at.unwrap_or(path))
                .with_context(|| format!("cannot start from {}", path.display())),
            (None, Some(model)) => {
                let vocabulary = super::data::vocabulary(model.text.vocabulary)?;
                let config = model.clip_config(vocabulary.size)?;
                Ok(Self {
                    spec: ModelSpec {
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
        let checkpoint = Checkpoint::open(path, &Overrides::default())?;
        let read = |TensorSpec { name, shape }: TensorSpec| -> Result<(String, Var)> {
            let stored = checkpoint.read(&name, &shape)?;
            if let StoredTensor::Blocks { element, .. } = &stored {
                ensure!(
                    *element == ElementType::F16,
                    "{name} is quantised ({}); start from a checkpoint with f32, f16 or bf16 weights",
                    element.name()
                );
            }
            let values = stored.into_f32(&shape)?;
            Ok((name, Var::from_vec(values, shape, &Device::Cpu)?))
        };
        let scale = checkpoint
            .logit_scale
            .context("it has no logit scale, which the objectives need")?;
        ensure!(
            scale.is_finite() && scale.abs() <= MOST_LOG_SCALE,
            "the logarithm of its logit scale is {scale:e}; it must lie within ±{MOST_LOG_SCALE}"
        );
        let scale = Var::from_vec(vec![scale], (), &Device::Cpu)?;
        let weights = tensor_specs(&checkpoint.config)
            .into_iter()
            .map(read)
            .chain([Ok((LOGIT_SCALE.to_owned(), scale))])
            .collect::<Result<Weights>>()?;
        let sha256 = checkpoint.sha256()?;
        Ok(Self {
            spec: ModelSpec {
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

    use candle_core::Tensor;
    use cliprobe_clip::checkpoint::Provenance;

    use super::*;
    use crate::export;
    use cliprobe_files::model_directory::Readers;

    fn write(directory: &Path, start: &Start) {
        export::write_directory(
            directory,
            &start.spec,
            &start.weights,
            None,
            &Provenance::default(),
            Readers::Transformers,
        )
        .unwrap();
    }

    fn recipe_from(path: &Path) -> Recipe {
        Recipe {
            start: Some(path.to_owned()),
            model: None,
            ..Recipe::parse(crate::TINY_RECIPE).unwrap()
        }
    }

    #[test]
    fn a_written_model_is_a_start_with_the_same_bits() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let first = Start::of(&recipe, None).unwrap();
        assert_eq!(first.sha256, None);
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &first);

        let again = Start::of(&recipe_from(directory.path()), None).unwrap();
        assert_eq!(again.spec, first.spec);
        assert!(again.sha256.is_some());
        for ((name, a), (other, b)) in first.weights.iter().zip(again.weights.iter()) {
            let values = |v: &Var| v.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!((name, values(a)), (other, values(b)));
        }
    }

    #[test]
    fn checkpoints_of_every_form_are_starts() {
        for name in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
            let start = Start::of(&recipe_from(&Path::new(path).join(name)), None).unwrap();
            assert!(start.weights.iter().count() > 50, "{name}");
        }
    }

    #[test]
    fn what_is_no_start_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let error = Start::of(&recipe_from(&missing), None).unwrap_err();
        assert!(
            format!("{error:#}").contains("cannot start from"),
            "{error:#}"
        );
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let start = Start::of(&recipe, None).unwrap();
        let (_, weight) = start.weights.iter().next().unwrap();
        weight.set(&weight.affine(f64::NAN, 0.0).unwrap()).unwrap();
        write(directory.path(), &start);
        let error = Start::of(&recipe_from(directory.path()), None).unwrap_err();
        assert!(format!("{error:#}").contains("NaN"), "{error:#}");
    }

    #[test]
    fn a_logit_scale_that_makes_no_number_is_refused() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let start = Start::of(&recipe, None).unwrap();
        let scale = start.weights.log_scale().unwrap();
        scale
            .set(&Tensor::new(1e30f32, &Device::Cpu).unwrap())
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &start);
        let error = Start::of(&recipe_from(directory.path()), None).unwrap_err();
        assert!(
            format!("{error:#}").contains("logit scale is 1e30"),
            "{error:#}"
        );
    }
}
