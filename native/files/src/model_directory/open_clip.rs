//! OpenCLIP's side: `open_clip_config.json` and its names of the tensors. It loads the directory as
//! `local-dir:PATH`.

use cliprobe_clip::config::ClipConfig;
use cliprobe_clip::names::{Location, Naming, tensor_specs};
use cliprobe_clip::preprocessing::Preprocessing;
use serde_json::{Value, json};

use super::Model;
use super::weights_file::{FileTensor, Parts};

/// `None` where it has no words for the preprocessing.
pub(super) fn configuration(config: &ClipConfig, preprocessing: &Preprocessing) -> Option<Value> {
    let side = u32::try_from(config.vision.image_size).ok()?;
    let preprocessing = preprocessing.to_open_clip_json(side)?;
    let mut model = config.to_open_clip_json();
    // OpenCLIP takes the tokenizer of the directory, whatever is named, if anything is.
    model["text_cfg"]["hf_tokenizer_name"] = ".".into();
    Some(json!({"model_cfg": model, "preprocess_cfg": preprocessing}))
}

/// Every tensor under OpenCLIP's name: queries, keys and values in one, projections `[in, out]`.
pub(super) fn tensors(model: &Model) -> Vec<FileTensor> {
    let naming = Naming::OpenClip { text_prefix: "" };
    let mut tensors: Vec<FileTensor> = Vec::new();
    for spec in tensor_specs(model.config) {
        let Location {
            name,
            third,
            transposed,
        } = naming.locate(&spec.name);
        let begun = tensors.iter_mut().find(|tensor| tensor.name == name);
        match begun.map(|tensor| &mut tensor.parts) {
            // The canonical order is that of the thirds.
            Some(Parts::Stacked(parts)) if third.is_some() => parts.push(spec),
            _ => tensors.push(FileTensor {
                name,
                parts: match transposed {
                    true => Parts::Transposed(spec),
                    false => Parts::Stacked(vec![spec]),
                },
            }),
        }
    }
    tensors.extend(model.log_logit_scale.map(|scale| FileTensor {
        name: cliprobe_clip::names::LOGIT_SCALE.to_owned(),
        parts: Parts::LogitScale(scale),
    }));
    tensors
}
