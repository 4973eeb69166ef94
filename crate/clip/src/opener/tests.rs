#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ::safetensors::tensor::{Dtype, TensorView};
use ::safetensors::{SafeTensors, serialize};
use serde_json::json;

use super::*;
use crate::bytes::MemorySource;
use crate::gguf::Value as Said;
use crate::image::Resample;
use crate::model_file::write_gguf;
use crate::tensors::ElementType;

const TINY: &str = "tiny_b_gelu_openclip";

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(TINY)
        .join(file)
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(golden(file)).unwrap()
}

/// The golden model's files of these names.
fn files(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    (names.iter().map(|&name| (name.to_owned(), read(name)))).collect()
}

fn set(files: BTreeMap<String, Vec<u8>>) -> FileSet {
    FileSet::from_memory("a model", files)
}

fn refusal(files: BTreeMap<String, Vec<u8>>) -> String {
    let opened = Checkpoint::from_files(&set(files), &Overrides::default());
    opened.err().unwrap().to_string()
}

const OPEN_CLIP: [&str; 4] = [
    "open_clip_config.json",
    "open_clip_model.safetensors",
    "vocab.json",
    "merges.txt",
];

/// The golden model's weights with other names, and what the file says of itself.
fn renamed(
    file: &str,
    names: impl Fn(&str) -> Vec<String>,
    metadata: Option<HashMap<String, String>>,
) -> Vec<u8> {
    let bytes = read(file);
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut out: BTreeMap<String, TensorView<'_>> = BTreeMap::new();
    for (name, tensor) in tensors.iter() {
        for name in names(name) {
            out.insert(name, tensor.clone());
        }
    }
    let one = 1f32.to_le_bytes();
    let head = TensorView::new(Dtype::F32, vec![1], &one).unwrap();
    out.insert("head.weight".into(), head);
    serialize(out, metadata).unwrap()
}

#[test]
fn the_preprocess_cfg_beside_bare_weights_is_used() {
    let mut config: serde_json::Value =
        serde_json::from_slice(&read("open_clip_config.json")).unwrap();
    config["model_cfg"]["quick_gelu"] = false.into();
    config["preprocess_cfg"] = json!({
        "resize_mode": "squash", "interpolation": "bilinear",
        "mean": [0.5, 0.25, 0.125], "std": [0.5, 0.5, 0.5],
    });
    let mut beside = files(&OPEN_CLIP);
    let weights = beside.remove("open_clip_model.safetensors").unwrap();
    let open = |beside: BTreeMap<String, Vec<u8>>, given: Option<serde_json::Value>| {
        let overrides = Overrides {
            config: given,
            ..Overrides::default()
        };
        let source = Arc::new(MemorySource::new("epoch_9.safetensors", weights.clone()));
        Checkpoint::from_weight_file(source, Some(&set(beside)), &overrides).unwrap()
    };
    let side = open(beside.clone(), None).config.vision.image_size as u32;
    let wanted = Preprocessing {
        resize: Resize::Exact {
            height: side,
            width: side,
        },
        resample: Resample::Bilinear,
        crop: None,
        mean: [0.5, 0.25, 0.125],
        std: [0.5; 3],
        ..Preprocessing::clip_default(side)
    };
    // Given as a whole; lying beside the weights; lying beside them with only the architecture given.
    assert_eq!(
        open(beside.clone(), Some(config.clone())).preprocessing,
        wanted
    );
    let text = serde_json::to_vec(&config).unwrap();
    beside.insert("open_clip_config.json".into(), text);
    assert_eq!(open(beside.clone(), None).preprocessing, wanted);
    let architecture = config["model_cfg"].clone();
    assert_eq!(open(beside, Some(architecture)).preprocessing, wanted);
}

#[test]
fn one_prefix_before_all_names_is_passed_over_and_known() {
    let plain = Checkpoint::from_files(&set(files(&OPEN_CLIP)), &Overrides::default()).unwrap();
    assert_eq!(plain.prefix, "");
    let name = "vision_model.encoder.layers.1.self_attn.k_proj.bias";
    let width = plain.config.vision.transformer.width;
    let values = |checkpoint: &Checkpoint| {
        let stored = checkpoint.read(name, &[width]).unwrap();
        stored.into_f32(&[width]).unwrap()
    };
    for prefix in [
        "model.",
        "module.",
        "_orig_mod.",
        "image_encoder.model.",
        "_orig_mod.module.",
    ] {
        let mut files = files(&OPEN_CLIP);
        let weights = renamed(
            "open_clip_model.safetensors",
            |name| vec![format!("{prefix}{name}")],
            None,
        );
        files.insert("open_clip_model.safetensors".into(), weights);
        let checkpoint = Checkpoint::from_files(&set(files), &Overrides::default()).unwrap();
        assert_eq!(checkpoint.prefix, prefix);
        assert_eq!(values(&checkpoint), values(&plain), "{prefix}");
        assert_eq!(checkpoint.logit_scale, plain.logit_scale);
    }
}

#[test]
fn several_models_and_none_are_told_by_names() {
    let with = |names: &dyn Fn(&str) -> Vec<String>| {
        let mut files = files(&OPEN_CLIP);
        let weights = renamed("open_clip_model.safetensors", names, None);
        files.insert("open_clip_model.safetensors".into(), weights);
        refusal(files)
    };
    assert_eq!(
        with(&|name| vec![format!("ema.{name}"), format!("model.{name}")]),
        "open_clip_model.safetensors is not a CLIP checkpoint: it holds several models, under ema., model.; \
         save one of them alone"
    );
    let none = with(&|name| vec![name.replace('.', "_").replace("embedding", "table")]);
    assert!(
        none.starts_with(
            "open_clip_model.safetensors is not a CLIP checkpoint: its tensors are named neither as Hugging Face's \
             CLIPModel nor as OpenCLIP's; the first are head.weight, "
        ) && none.matches(", ").count() == 2,
        "{none}"
    );
}

#[test]
fn what_is_no_weights_is_named_with_what_to_do() {
    let with = |weights: &[u8]| {
        let mut files = files(&OPEN_CLIP);
        files.insert("open_clip_model.safetensors".into(), weights.to_vec());
        refusal(files)
    };
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 605157884\n";
    assert_eq!(
        with(pointer),
        "open_clip_model.safetensors is not a CLIP checkpoint: it is a Git LFS pointer, which stands for weights that \
         were not fetched; run `git lfs pull` where it was cloned"
    );
    // torch.save(…, _use_new_zipfile_serialization=False) begins with a pickled magic number.
    let old = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
    assert_eq!(
        with(old),
        "open_clip_model.safetensors is not a CLIP checkpoint: PyTorch before 1.6 wrote it; load it in a newer \
         PyTorch and save its state dict again"
    );
    assert_eq!(
        with(b"<!DOCTYPE html><html>Sign in</html>"),
        "open_clip_model.safetensors is not a CLIP checkpoint: it is a web page; the download was answered with \
         something else than the file"
    );
    // The same pointer under GGUF's ending.
    assert!(refusal([("m.gguf".to_owned(), pointer.to_vec())].into()).contains("Git LFS pointer"));
}

#[test]
fn an_adapter_is_no_model() {
    let mut files = files(&["merges.txt"]);
    files.insert(
        "adapter_config.json".into(),
        b"{\"peft_type\": \"LORA\"}".to_vec(),
    );
    files.insert("adapter_model.safetensors".into(), Vec::new());
    assert_eq!(
        refusal(files),
        "a model is not a CLIP checkpoint: it holds an adapter (adapter_config.json), not a model; merge it into its \
         base model with peft's merge_and_unload() and save that"
    );
}

#[test]
fn an_image_encoder_alone_is_no_clip() {
    let encoders = |text: bool, image: bool| {
        let metadata = [
            ("general.architecture".to_owned(), Said::Text("clip".into())),
            ("clip.has_text_encoder".to_owned(), Said::Bool(text)),
            ("clip.has_vision_encoder".to_owned(), Said::Bool(image)),
        ];
        let mut file = Vec::new();
        gguf::write(&mut file, &metadata, &[]).unwrap();
        refusal([("mmproj-model-f16.gguf".to_owned(), file)].into())
    };
    assert_eq!(
        encoders(false, true),
        "mmproj-model-f16.gguf is not a CLIP checkpoint: it has an image encoder but no text encoder, as the mmproj \
         files of language models; a GGUF with both, such as `cliprobe quantize` or clip.cpp writes is needed"
    );
    assert!(encoders(true, false).contains("a text encoder but no image encoder"));
    assert!(encoders(false, false).contains("neither encoder"));
}

#[test]
fn what_a_file_was_made_from_is_known_and_passed_on() {
    let metadata = [
        ("format", "pt"),
        ("parent_sha256", "ab12"),
        ("recipe", "steps = 10\nbatch = 4"),
        ("trained_on", "photographs"),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut files = files(&[
        "config.json",
        "preprocessor_config.json",
        "vocab.json",
        "merges.txt",
    ]);
    let own = |name: &str| vec![name.to_owned()];
    let weights = renamed("model.safetensors", own, Some(metadata.into()));
    files.insert("model.safetensors".into(), weights);
    let trained = Checkpoint::from_files(&set(files), &Overrides::default()).unwrap();
    assert_eq!(
        trained.provenance,
        Provenance {
            parent_sha256: Some("ab12".into()),
            recipe: Some("steps = 10\nbatch = 4".into()),
            trained_on: Some("photographs".into()),
        }
    );

    let child = trained.provenance_of_child().unwrap();
    let mut gguf = Vec::new();
    write_gguf(
        &trained,
        ElementType::Q8_0,
        &child,
        &mut gguf,
        &mut |_, _| {},
    )
    .unwrap();
    let gguf = [("m.gguf".to_owned(), gguf)].into();
    let quantised = Checkpoint::from_files(&set(gguf), &Overrides::default()).unwrap();
    assert_eq!(
        quantised.provenance.parent_sha256,
        Some(trained.sha256().unwrap())
    );
    assert_eq!(
        quantised.provenance.recipe.as_deref(),
        Some("steps = 10\nbatch = 4 (from sha256 ab12)")
    );
    assert_eq!(
        quantised.provenance.trained_on.as_deref(),
        Some("photographs")
    );
}
