//! The model of a run as a directory that other software loads.

use std::path::Path;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor, Var};
use cliprobe_clip::checkpoint::Provenance;

use super::ema::Average;
use super::start::ModelSpec;
use super::values::Values;
use super::weights::Weights;
use cliprobe_files::model_directory::{self, Model, Readers};

/// Writes the directory, with the averages of the variables that have one. Answers who can read it.
pub(crate) fn write_directory(
    directory: &Path,
    spec: &ModelSpec,
    weights: &Weights,
    average: Option<&Average>,
    provenance: &Provenance,
    readers: Readers,
) -> Result<Readers> {
    let value = |name: &str, variable: &Var| -> candle_core::Result<Tensor> {
        match average.and_then(|average| average.of(name)) {
            Some(Values::InMemory(values)) => {
                Tensor::from_slice(values, variable.shape(), &Device::Cpu)
            }
            Some(Values::OnDevice(values)) => Ok(values.clone()),
            None => Ok(variable.as_detached_tensor()),
        }
    };
    let read = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
        let tensor = weights.sum_of(name, &value)?;
        ensure!(tensor.dims() == shape, "{name} has another shape");
        Ok(tensor.flatten_all()?.to_vec1()?)
    };
    let scale = read(cliprobe_clip::names::LOGIT_SCALE, &[])?;
    let model = Model {
        config: &spec.config,
        preprocessing: &spec.preprocessing,
        tokenizer_json: &spec.tokenizer_json,
        log_logit_scale: scale.first().copied(),
        provenance,
        read: &read,
    };
    model_directory::write(directory, &model, readers, &mut |_, _| {})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe_clip::Checkpoint;
    use cliprobe_clip::checkpoint::Overrides;

    use super::*;
    use crate::recipe::{EmaRecipe, Recipe};
    use crate::start::Start;

    #[test]
    fn the_directory_opens_as_the_model_that_was_trained() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let Start { spec, weights, .. } = Start::of(&recipe, None).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let readers = Readers::TransformersAndOpenClip;
        write_directory(
            directory.path(),
            &spec,
            &weights,
            None,
            &Provenance::default(),
            readers,
        )
        .unwrap();

        let checkpoint = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
        assert_eq!(checkpoint.config, spec.config);
        assert_eq!(checkpoint.preprocessing, spec.preprocessing);
        assert_eq!(checkpoint.tokenizer_json, spec.tokenizer_json);
        checkpoint.tokenizer().unwrap();
        let scale = weights.log_scale().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(checkpoint.logit_scale, Some(scale));
        for (name, variable) in weights.iter().filter(|(_, v)| v.rank() > 0) {
            let shape = variable.dims();
            let stored = checkpoint.read(name, shape).unwrap();
            let values: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
            assert!(stored.into_f32(shape).unwrap() == values, "{name}");
        }
    }

    #[test]
    fn averages_are_written_where_there_are_some() {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let Start { spec, weights, .. } = Start::of(&recipe, None).unwrap();
        let ema = EmaRecipe {
            decay: 0.9,
            write: true,
        };
        let average = Average::new(&weights, &ema).unwrap();
        let (name, variable) = weights.iter().next().unwrap();
        variable
            .set(&(variable.as_tensor() + 1.0).unwrap())
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let readers = Readers::Transformers;
        write_directory(
            directory.path(),
            &spec,
            &weights,
            Some(&average),
            &Provenance::default(),
            readers,
        )
        .unwrap();

        let checkpoint = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
        let shape = variable.dims();
        let written = checkpoint
            .read(name, shape)
            .unwrap()
            .into_f32(shape)
            .unwrap();
        assert!(written == average.of(name).unwrap().to_vec().unwrap());
        assert!(written != variable.flatten_all().unwrap().to_vec1::<f32>().unwrap());
    }
}
