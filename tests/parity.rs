//! Tokens and embeddings against the golden values, for every form of the two tiny models.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;

use candle_core::Tensor;
use cliprobe_clip::checkpoint::{Format, Overrides, Provenance};
use cliprobe_clip::config::Activation;
use cliprobe_clip::model_file::write_gguf;
use cliprobe_clip::tensors::ElementType;
use cliprobe_clip::{Checkpoint, ClipError};
use cliprobe_engine::Embeddings;
use cliprobe_engine::clip::Clip;

#[path = "golden_values.rs"]
mod golden_values;

use golden_values::{Golden, as_gguf, golden, largest_difference, least};

/// Largest difference of a normalised embedding's element from the reference.
const TOLERANCE: f32 = 1e-5;

/// Holds a model's embeddings against the reference's.
fn assert_equal(reference: &Golden, checkpoint: &Checkpoint, what: &str) {
    let clip = Clip::on_cpu(checkpoint, &mut |_, _| {}).unwrap();
    let (text, images) = reference.embed(&clip);
    assert_eq!(
        text.truncated.iter().filter(|&&t| t).count(),
        1,
        "the long caption is reported"
    );
    close(
        &text.embeddings,
        &reference.text,
        &format!("{what}, captions"),
    );
    close(&images, &reference.image, &format!("{what}, images"));
}

fn close(ours: &Embeddings, golden: &Tensor, what: &str) {
    let golden = golden.to_vec2::<f32>().unwrap();
    let largest = largest_difference(ours.rows(), golden.iter().map(Vec::as_slice));
    println!("{what}: largest difference {largest:e}");
    assert!(largest <= TOLERANCE, "{what}: {largest}");
}

/// Copies some files of a golden model into a directory of their own.
fn copy(model: &str, files: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in files {
        std::fs::copy(golden(model).join(file), directory.path().join(file)).unwrap();
    }
    directory
}

#[test]
fn hugging_face_directories() {
    for model in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
        let checkpoint = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
        assert_eq!(checkpoint.format, Format::HuggingFace);
        assert_equal(&Golden::load(model), &checkpoint, model);
    }
}

#[test]
fn open_clip_directory_and_state_dict() {
    let model = "tiny_b_gelu_openclip";
    let directory = copy(
        model,
        &[
            "open_clip_config.json",
            "open_clip_model.safetensors",
            "vocab.json",
            "merges.txt",
        ],
    );
    let checkpoint = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
    assert_eq!(
        (checkpoint.format, checkpoint.config.activation),
        (Format::OpenClip, Activation::Gelu)
    );
    assert_equal(&Golden::load(model), &checkpoint, "OpenCLIP directory");

    // The state dict by itself does not say which activation it wants.
    let config: serde_json::Value = serde_json::from_slice(
        &std::fs::read(golden(model).join("open_clip_config.json")).unwrap(),
    )
    .unwrap();
    let weights = directory.path().join("open_clip_model.safetensors");
    let mut overrides = Overrides {
        config: Some(config["model_cfg"].clone()),
        ..Overrides::default()
    };
    let refused = Checkpoint::open(&weights, &overrides).err().unwrap();
    assert!(
        matches!(refused, ClipError::AmbiguousActivation { .. }),
        "{refused}"
    );
    overrides.activation = Some(Activation::Gelu);
    assert_equal(
        &Golden::load(model),
        &Checkpoint::open(&weights, &overrides).unwrap(),
        "state dict",
    );
}

#[test]
fn gguf_of_full_precision() {
    for model in ["tiny_a_quickgelu", "tiny_b_gelu_openclip"] {
        let parent = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.gguf");
        let provenance = Provenance {
            parent_sha256: Some(parent.sha256().unwrap()),
            recipe: Some("test".into()),
            trained_on: Some("drawings".into()),
        };
        let mut file = std::fs::File::create(&path).unwrap();
        write_gguf(
            &parent,
            ElementType::F32,
            &provenance,
            &mut file,
            &mut |_, _| {},
        )
        .unwrap();
        let checkpoint = Checkpoint::open(&path, &Overrides::default()).unwrap();
        assert_eq!(checkpoint.config, parent.config);
        assert_eq!(checkpoint.preprocessing, parent.preprocessing);
        assert_eq!(checkpoint.logit_scale, parent.logit_scale);
        assert_eq!(checkpoint.provenance, provenance);
        assert_equal(&Golden::load(model), &checkpoint, "GGUF");
    }
}

/// Least cosine of a quantised model's embeddings to the f32 ones, on the tiny random models
/// whose rows of 64 and 96 are harder than real ones.
#[test]
fn quantised_types_keep_their_budget() {
    let model = "tiny_b_gelu_openclip";
    let parent = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
    let reference = Golden::load(model);
    for (element, captions, pictures) in [
        (ElementType::F16, 0.999_999, 0.999_999),
        (ElementType::Q8_0, 0.999, 0.999),
        (ElementType::Q6_K, 0.999, 0.999),
        (ElementType::Q4_K, 0.99, 0.99),
        (ElementType::Q4_0, 0.97, 0.97),
    ] {
        let clip = Clip::on_cpu(&as_gguf(&parent, element), &mut |_, _| {}).unwrap();
        let (text, images) = reference.embed(&clip);
        for (what, ours, golden, budget) in [
            ("captions", &text.embeddings, &reference.text, captions),
            ("images", &images, &reference.image, pictures),
        ] {
            let golden = golden.to_vec2::<f32>().unwrap();
            assert_eq!(ours.rows().len(), golden.len());
            let cosines = ours.rows().zip(&golden);
            let least = least(cosines.map(|(a, b)| cliprobe_score::cosine(a, b)));
            println!("{element}, {what}: least cosine {least}");
            assert!(least >= budget, "{element}, {what}: {least} < {budget}");
        }
    }
}

#[derive(serde::Deserialize)]
struct TokenCase {
    text: String,
    ids: Vec<u32>,
}

fn assert_tokens(checkpoint: &Checkpoint, cases: &Path, count: usize) {
    let tokenizer = checkpoint.tokenizer().unwrap();
    let cases: Vec<TokenCase> = serde_json::from_slice(&std::fs::read(cases).unwrap()).unwrap();
    assert_eq!(cases.len(), count);
    for case in cases {
        let tokens = tokenizer.encode(&case.text).unwrap();
        let context = checkpoint.config.text.context_length;
        let mut expected = case.ids.clone();
        if expected.len() > context {
            let end = expected[expected.len() - 1];
            expected.truncate(context - 1);
            expected.push(end);
        }
        assert_eq!(tokens.ids, expected, "{:?}", case.text);
        assert_eq!(tokens.untruncated, case.ids.len(), "{:?}", case.text);
    }
}

#[test]
fn tokens_from_both_forms_of_the_tokenizer() {
    let model = "tiny_a_quickgelu";
    let whole = Checkpoint::open(&golden(model), &Overrides::default()).unwrap();
    assert_tokens(&whole, &golden("tokens_tiny.json"), 27);
    let directory = copy(
        model,
        &[
            "config.json",
            "model.safetensors",
            "preprocessor_config.json",
            "vocab.json",
            "merges.txt",
        ],
    );
    let pair = Checkpoint::open(directory.path(), &Overrides::default()).unwrap();
    assert_tokens(&pair, &golden("tokens_tiny.json"), 27);
}

/// The `vocab.json` that belongs to merges: bytes, bytes that end a word, what is merged, and the
/// two special tokens. GPT-2 writes a byte that is no visible character as one above U+00FF.
fn vocabulary(merges: &str) -> String {
    let visible = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let kept = (0..=u8::MAX).filter(visible).map(char::from);
    let moved = (0..=u8::MAX).filter(|byte| !visible(byte)).count();
    let moved = (0x100..)
        .take(moved)
        .map(|code| char::from_u32(code).unwrap());
    let bytes: Vec<String> = kept.chain(moved).map(String::from).collect();
    let ends = bytes.iter().map(|byte| format!("{byte}</w>"));
    let merged = merges.lines().skip(1).map(|line| line.replace(' ', ""));
    let special = ["<|startoftext|>", "<|endoftext|>"].map(String::from);
    let all = bytes
        .iter()
        .cloned()
        .chain(ends)
        .chain(merged)
        .chain(special);
    let ids: serde_json::Map<_, _> = all
        .zip(0u32..)
        .map(|(word, id)| (word, id.into()))
        .collect();
    assert_eq!(ids.len(), 49408);
    serde_json::Value::Object(ids).to_string()
}

/// CLIP's own vocabulary of 49,408 entries, on texts most of which are odd.
#[test]
fn tokens_of_clips_own_vocabulary() {
    let merges = std::fs::read_to_string(golden("clip_vocabulary/merges.txt")).unwrap();
    let files = cliprobe_clip::bytes::FileSet::from_memory(
        "CLIP's tokenizer",
        [
            ("vocab.json".to_owned(), vocabulary(&merges).into_bytes()),
            ("merges.txt".to_owned(), merges.into_bytes()),
        ]
        .into(),
    );
    let mut checkpoint =
        Checkpoint::open(&golden("tiny_a_quickgelu"), &Overrides::default()).unwrap();
    checkpoint.config.text.vocab_size = 49408;
    checkpoint.tokenizer_json = cliprobe_clip::tokenizer::tokenizer_json(&files)
        .unwrap()
        .unwrap();
    assert_tokens(&checkpoint, &golden("clip_vocabulary/tokens.json"), 233);
}
