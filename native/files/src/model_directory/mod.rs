//! A model as a directory that transformers loads unchanged, and OpenCLIP too: the files of each beside
//! those of the other, as LAION publishes its models.

mod hugging_face;
mod open_clip;
mod weights_file;

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Provenance;
use cliprobe_clip::config::ClipConfig;
use cliprobe_clip::preprocessing::Preprocessing;
use serde_json::Value;

use crate::write::write_whole;
use weights_file::write_weights;

/// The model to write.
pub struct Model<'a> {
    /// The architecture.
    pub config: &'a ClipConfig,
    /// The preprocessing of images.
    pub preprocessing: &'a Preprocessing,
    /// The text of `tokenizer.json`.
    pub tokenizer_json: &'a str,
    /// The logarithm of the logit scale.
    pub log_logit_scale: Option<f32>,
    /// What the model was made from; kept in the weights' files.
    pub provenance: &'a Provenance,
    /// The source of the weights.
    pub read: &'a ReadTensor<'a>,
}

/// Every file that [`write()`] may write.
pub const FILES: [&str; 7] = [
    "config.json",
    "model.safetensors",
    "open_clip_config.json",
    "open_clip_model.safetensors",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
];

/// Gives the values of the tensor of a canonical name and shape.
type ReadTensor<'a> = dyn Fn(&str, &[usize]) -> Result<Vec<f32>> + 'a;

/// The libraries that a directory is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// transformers alone.
    Transformers,
    /// Both; the weights are written twice.
    TransformersAndOpenClip,
}

/// Writes `directory`, over what an earlier export left there: configuration, preprocessing and
/// tokenizer first, then the weights in f32, in either naming. Where OpenCLIP cannot prepare images
/// as the model wants, only the files for transformers are written, and the answer says so.
///
/// Tensors are read one at a time. `progress` is told the number of tensors written and of all.
pub fn write(
    directory: &Path,
    model: &Model,
    readers: Readers,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Readers> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let mut files = hugging_face::files(model)?;
    let mut forms = vec![("model.safetensors", hugging_face::tensors(model))];
    let mut written = readers;
    if readers == Readers::TransformersAndOpenClip {
        match open_clip::configuration(model.config, model.preprocessing) {
            Some(configuration) => {
                files.push(("open_clip_config.json", pretty(&configuration)));
                forms.push(("open_clip_model.safetensors", open_clip::tensors(model)));
            }
            None => written = Readers::Transformers,
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
    Ok(written)
}

/// As [`write()`], of an opened checkpoint and for both.
pub fn write_checkpoint(
    directory: &Path,
    checkpoint: &Checkpoint,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Readers> {
    let model = Model {
        config: &checkpoint.config,
        preprocessing: &checkpoint.preprocessing,
        tokenizer_json: &checkpoint.tokenizer_json,
        log_logit_scale: checkpoint.logit_scale,
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

    use cliprobe_clip::checkpoint::{Format, Overrides};
    use cliprobe_clip::config::TextPooling;
    use cliprobe_clip::names::tensor_specs;

    use super::*;

    #[test]
    fn either_form_has_the_same_tensors() {
        for name in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
            let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
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
