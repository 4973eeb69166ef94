//! A model as a directory that transformers loads unchanged, and OpenCLIP too: the files of each beside
//! those of the other, as LAION publishes its models.

mod hugging_face;
mod open_clip;
mod weights_file;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Provenance;
use cliprobe::clip::config::ClipConfig;
use cliprobe::clip::preprocessing::Preprocessing;
use serde_json::Value;

use crate::output::write_whole;
use weights_file::write_weights;

/// What is written.
pub(crate) struct Model<'a> {
    pub(crate) config: &'a ClipConfig,
    pub(crate) preprocessing: &'a Preprocessing,
    /// The text of `tokenizer.json`.
    pub(crate) tokenizer_json: &'a str,
    /// In the log domain.
    pub(crate) logit_scale: Option<f32>,
    pub(crate) provenance: &'a Provenance,
    pub(crate) read: &'a ReadTensor<'a>,
}

/// Gives the values of the tensor of a canonical name and shape.
type ReadTensor<'a> = dyn Fn(&str, &[usize]) -> Result<Vec<f32>> + 'a;

/// For whom a directory is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    Transformers,
    /// Twice as large.
    TransformersAndOpenClip,
}

/// Writes `directory`, over what an earlier export left there: configuration, preprocessing and
/// tokenizer first, then the weights in f32, in either naming. Where OpenCLIP cannot prepare
/// pictures as the model wants, it says so on standard error and writes for transformers alone.
///
/// Tensors are read one at a time. `progress` is told the number of tensors written and of all.
pub(crate) fn write(
    directory: &Path,
    model: &Model,
    readers: Readers,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let mut files = hugging_face::files(model)?;
    let mut forms = vec![("model.safetensors", hugging_face::tensors(model))];
    if readers == Readers::TransformersAndOpenClip {
        match open_clip::configuration(model.config, model.preprocessing) {
            Some(configuration) => {
                files.push(("open_clip_config.json", pretty(&configuration)));
                forms.push(("open_clip_model.safetensors", open_clip::tensors(model)));
            }
            None => eprintln!(
                "cliprobe: OpenCLIP has no words for how this model's pictures are prepared; {} is \
                 for transformers alone",
                directory.display()
            ),
        }
    }
    for (name, contents) in files {
        write_whole(&directory.join(name), |file| {
            Ok(file.write_all(contents.as_bytes())?)
        })?;
    }
    let all = forms.iter().map(|(_, tensors)| tensors.len()).sum();
    let mut done = 0;
    for (name, tensors) in forms {
        write_whole(&directory.join(name), |file: &mut dyn Write| {
            write_weights(file, &tensors, model, &mut || {
                done += 1;
                progress(done, all);
            })
        })?;
    }
    Ok(())
}

/// As [`write()`], of an opened checkpoint and for both.
pub(crate) fn write_checkpoint(
    directory: &Path,
    checkpoint: &Checkpoint,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<()> {
    let model = Model {
        config: &checkpoint.config,
        preprocessing: &checkpoint.preprocessing,
        tokenizer_json: &checkpoint.tokenizer_json,
        logit_scale: checkpoint.logit_scale,
        provenance: &checkpoint.provenance,
        read: &|name, shape| Ok(checkpoint.read(name, shape)?.into_f32(shape)?),
    };
    let readers = Readers::TransformersAndOpenClip;
    write(directory, &model, readers, progress)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::clip::checkpoint::{Format, Overrides};
    use cliprobe::clip::config::TextPooling;
    use cliprobe::clip::names::tensor_specs;

    use super::*;

    #[test]
    fn either_form_has_the_same_tensors() {
        for name in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
            let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/");
            let path = Path::new(golden).join(name);
            let parent = Checkpoint::open(&path, &Overrides::default()).unwrap();
            let directory = tempfile::tempdir().unwrap();
            let written = directory.path();
            let mut told = (0, 0);
            write_checkpoint(written, &parent, &mut |done, all| told = (done, all)).unwrap();
            assert!(told.0 == told.1 && told.0 > 0, "{told:?}");

            let hugging_face = Checkpoint::open(written, &Overrides::default()).unwrap();
            assert_eq!(hugging_face.format, Format::HuggingFace);
            // Without transformers' files it is one of OpenCLIP.
            for file in [
                "config.json",
                "preprocessor_config.json",
                "model.safetensors",
            ] {
                std::fs::remove_file(written.join(file)).unwrap();
            }
            let open_clip = Checkpoint::open(written, &Overrides::default()).unwrap();
            assert_eq!(open_clip.format, Format::OpenClip);
            assert_eq!(hugging_face.config, parent.config);
            let mut config = parent.config;
            // It has the end as the largest id, which is how OpenCLIP finds it.
            config.text.pooling = TextPooling::LargestId;
            assert_eq!(open_clip.config, config);
            for form in [&hugging_face, &open_clip] {
                assert_eq!(form.preprocessing, parent.preprocessing);
                assert_eq!(form.logit_scale, parent.logit_scale);
                for spec in tensor_specs(&parent.config) {
                    let values = |checkpoint: &Checkpoint| {
                        let stored = checkpoint.read(&spec.name, &spec.shape).unwrap();
                        stored.into_f32(&spec.shape).unwrap()
                    };
                    assert!(values(form) == values(&parent), "{name}: {}", spec.name);
                }
            }
        }
    }
}
