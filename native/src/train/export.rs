//! The model of a run as a directory that Hugging Face's transformers loads unchanged.

use std::path::Path;

use anyhow::Result;

use super::checkpoint::model_file;
use super::ema::Average;
use super::start::Form;
use super::weights::Weights;
use crate::hugging_face::write_form;
use crate::output::write_whole;

/// Writes `model.safetensors`, after everything else that the directory needs, over what an
/// earlier export left there; with the averages of the variables that have one.
pub(crate) fn write_directory(
    directory: &Path,
    form: &Form,
    weights: &Weights,
    average: Option<&Average>,
) -> Result<()> {
    let Form {
        config,
        preprocessing,
        tokenizer_json,
    } = form;
    write_form(directory, config, preprocessing, tokenizer_json)?;
    let contents = model_file(weights, average)?;
    write_whole(&directory.join("model.safetensors"), |file| {
        Ok(file.write_all(&contents)?)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::clip::Checkpoint;
    use cliprobe::clip::checkpoint::Overrides;

    use super::*;
    use crate::train::recipe::Recipe;
    use crate::train::start::Start;

    #[test]
    fn the_directory_opens_as_the_model_that_was_trained() {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let Start { form, weights, .. } = Start::of(&recipe).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write_directory(directory.path(), &form, &weights, None).unwrap();

        let checkpoint = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
        assert_eq!(checkpoint.config, form.config);
        assert_eq!(checkpoint.preprocessing, form.preprocessing);
        assert_eq!(checkpoint.tokenizer_json, form.tokenizer_json);
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
}
