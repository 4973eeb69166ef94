#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::config::{TextConfig, TransformerConfig};

fn config() -> TextConfig {
    TextConfig {
        transformer: TransformerConfig {
            width: 64,
            layers: 2,
            heads: 4,
            mlp_width: 256,
            layer_norm_eps: 1e-5,
        },
        vocab_size: 1000,
        context_length: 77,
        pooling: TextPooling::LargestId,
    }
}

fn golden() -> Value {
    let text = include_str!("../../../../tests/golden/tiny_a_quickgelu/tokenizer.json");
    serde_json::from_str(text).unwrap()
}

fn build(json: &Value) -> Result<Tokenizer, String> {
    Tokenizer::from_json(&json.to_string(), &config()).map_err(|error| error.to_string())
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text).unwrap().ids
}

#[test]
fn a_template_means_what_roberta_s_processing_means() {
    let plain = build(&golden()).unwrap();
    let mut json = golden();
    json["post_processor"] = serde_json::json!({
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<|startoftext|>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
        ],
        "pair": [],
        "special_tokens": {
            "<|startoftext|>": {"id": "<|startoftext|>", "ids": [998], "tokens": ["<|startoftext|>"]},
            "<|endoftext|>": {"id": "<|endoftext|>", "ids": [999], "tokens": ["<|endoftext|>"]}
        }
    });
    let template = build(&json).unwrap();
    for text in ["", "a photo of a cat", "<|endoftext|> a dog"] {
        assert_eq!(ids(&plain, text), ids(&template, text), "{text}");
    }
    assert_eq!(ids(&plain, ""), [998, 999]);
}

#[test]
fn captions_are_cleaned_only_where_the_form_s_reference_does() {
    let plain = build(&golden()).unwrap();
    let curly = "the dog’s ball &amp; a cat";
    assert_ne!(ids(&plain, curly), ids(&plain, "the dog's ball & a cat"));
    let cleaned = plain.cleaning(TextCleaning::OpenClip);
    assert_eq!(
        ids(&cleaned, curly),
        ids(&cleaned, "the dog's ball & a cat")
    );
}

#[test]
fn a_caption_without_end_is_refused() {
    let tokenizer = build(&golden()).unwrap();
    assert!(tokenizer.encode(&"a".repeat(LONGEST_CAPTION)).is_ok());
    let error = tokenizer.encode(&"a".repeat(LONGEST_CAPTION + 1));
    assert!(matches!(error, Err(ClipError::CaptionTooLong { .. })));
}

/// Each of these made the `tokenizers` crate panic, hang, take all memory or change its answers.
#[test]
fn what_clip_s_tokenizers_do_not_have_is_refused_by_name() {
    let long = "x".repeat(100_000);
    let seq = |steps: Vec<Value>| serde_json::json!({"type": "Sequence", "normalizers": steps});
    for (pointer, value, needle) in [
        (
            "/normalizer",
            serde_json::json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
            "Precompiled",
        ),
        (
            "/normalizer",
            serde_json::json!({"type": "Prepend", "prepend": "x"}),
            "Prepend",
        ),
        (
            "/normalizer",
            serde_json::json!({"type": "Replace", "pattern": {"String": ""}, "content": "aa"}),
            "replaces",
        ),
        (
            "/normalizer",
            serde_json::json!({"type": "Replace", "pattern": {"Regex": "(a*)*$"}, "content": " "}),
            "replaces",
        ),
        (
            "/normalizer",
            seq(vec![serde_json::json!({"type": "NFC"}); 9]),
            "9 steps",
        ),
        ("/normalizer", seq(vec![seq(vec![])]), "Sequence"),
        ("/normalizer", serde_json::json!({"type": long}), "xxx"),
        (
            "/pre_tokenizer",
            serde_json::json!({"type": "FixedLength", "length": 0}),
            "FixedLength",
        ),
        (
            "/pre_tokenizer",
            serde_json::json!({"type": "Split", "pattern": {"Regex": "(x+x+)+y"}, "behavior": "Removed", "invert": true}),
            "Split",
        ),
        (
            "/pre_tokenizer/pretokenizers/0",
            serde_json::json!({"type": "ByteLevel"}),
            "twice",
        ),
        ("/post_processor", Value::Null, "start and one end"),
        (
            "/post_processor",
            serde_json::json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "x", "type_id": 0}}], "pair": [], "special_tokens": {}}),
            "start and one end",
        ),
        ("/post_processor/cls/1", 7.into(), "does not have the id 7"),
        ("/model/type", "WordPiece".into(), "WordPiece"),
        ("/model/dropout", 0.5.into(), "dropout"),
        ("/model/byte_fallback", true.into(), "byte_fallback"),
        (
            "/model/continuing_subword_prefix",
            "é".into(),
            "continuing_subword_prefix",
        ),
        (
            "/model/end_of_word_suffix",
            long.clone().into(),
            "end_of_word_suffix",
        ),
        ("/model/vocab/!", u32::MAX.into(), "another model"),
        ("/model/vocab/!", (-1).into(), "not as expected"),
        ("/model/merges/0", "a".into(), "not as expected"),
        (
            "/model/merges/0",
            serde_json::json!(["a", "b", "c"]),
            "not as expected",
        ),
        (
            "/model/merges/0",
            serde_json::json!([long, "b"]),
            "merges do not fit",
        ),
        ("/added_tokens/0/content", "".into(), "blank"),
        ("/added_tokens/0/content", long.clone().into(), "too long"),
        ("/added_tokens/0/content", "\u{1b}[31m".into(), "control"),
        ("/added_tokens/0/content", "new".into(), "not its place"),
        ("/added_tokens/0/id", 1000.into(), "another model"),
    ] {
        let mut json = golden();
        *json.pointer_mut(pointer).unwrap() = value;
        let error = build(&json)
            .err()
            .unwrap_or_else(|| panic!("{pointer} is accepted: {needle}"));
        assert!(error.contains(needle), "{needle}: {error}");
        assert!(error.len() < 700 && !error.contains('\u{1b}'), "{error}");
    }
    let mut json = golden();
    json["model"]["surprise"] = 1.into();
    assert!(build(&json).err().unwrap().contains("surprise"));
    // What is decided here, or never used, is not looked at.
    let mut json = golden();
    json["truncation"] = serde_json::json!({"max_length": 3, "strategy": "x"});
    json["padding"] = 7.into();
    json["decoder"] = serde_json::json!({"type": "Nonsense"});
    assert_eq!(
        ids(&build(&json).unwrap(), "a cat"),
        ids(&build(&golden()).unwrap(), "a cat")
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        thread_local! {
            static BOTH: [Tokenizer; 2] = [
                build(&golden()).unwrap(),
                build(&golden()).unwrap().cleaning(TextCleaning::OpenClip),
            ];
        }
        BOTH.with(|both| {
            for tokenizer in both {
                let tokens = tokenizer.encode(&text).unwrap();
                prop_assert!(tokens.ids.len() >= 2 && tokens.ids.len() <= 77);
            }
            Ok(())
        })?;
    }
}
