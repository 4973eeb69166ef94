//! The vocabulary of a model that is trained from scratch: byte-pair encoding in CLIP's form.
//!
//! As in OpenAI's `simple_tokenizer.py`, the ids are: 256 bytes, the same 256 at the end of a
//! word, one token a merge, `<|startoftext|>`, `<|endoftext|>`.

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer, Tokenizer, Trainer,
};

/// Marks the last symbol of a word.
const END_OF_WORD: &str = "</w>";
const START_OF_TEXT: &str = "<|startoftext|>";
const END_OF_TEXT: &str = "<|endoftext|>";

/// Bytes, bytes at the end of a word, and the two marks: there is no smaller vocabulary.
const SMALLEST: usize = 514;

/// A trained vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vocabulary {
    /// Tokens, the two marks included; end-of-text is the last.
    pub(crate) size: usize,
    /// `tokenizer.json` of Hugging Face's fast CLIP tokenizer.
    pub(crate) json: String,
}

impl Vocabulary {
    /// Learns the merges of `captions`, until there are `limit` tokens or every word is one.
    ///
    /// The same captions in any order give the same vocabulary.
    pub(crate) fn learn<'a>(
        captions: impl Iterator<Item = &'a str> + Send,
        limit: usize,
    ) -> Result<Self> {
        ensure!(
            limit >= SMALLEST,
            "a vocabulary of {limit} tokens is asked for; CLIP's bytes and marks alone are {SMALLEST}"
        );
        let symbols = base_symbols();
        let splitter = tokenizer_json(&symbols, &[]);
        let splitter = Tokenizer::from_bytes(splitter.to_string()).map_err(|e| anyhow!(e))?;

        // The base symbols go in as special tokens because those alone keep their given order:
        // symbols found in words get ids in a hash map's order, and ids break ties of merges.
        let mut trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(limit - 2)
            .special_tokens(
                symbols
                    .iter()
                    .map(|symbol| AddedToken::from(symbol.as_str(), false))
                    .collect(),
            )
            .end_of_word_suffix(END_OF_WORD.to_owned())
            .build();
        trainer
            .feed(captions, |caption| words(&splitter, caption))
            .map_err(|e| anyhow!(e))?;
        let mut model = BPE::default();
        trainer.train(&mut model).map_err(|e| anyhow!(e))?;

        let merges = merges(&model)?;
        let json = tokenizer_json(&symbols, &merges);
        Ok(Self {
            size: symbols.len() + merges.len() + 2,
            json: json.to_string(),
        })
    }
}

/// What the tokenizer's first stages make of a caption: its words, as byte symbols.
fn words(splitter: &Tokenizer, caption: &str) -> tokenizers::Result<Vec<String>> {
    let mut normalised = NormalizedString::from(caption);
    if let Some(normalizer) = splitter.get_normalizer() {
        normalizer.normalize(&mut normalised)?;
    }
    let mut split = PreTokenizedString::from(normalised);
    if let Some(pre_tokenizer) = splitter.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut split)?;
    }
    Ok(split
        .get_splits(OffsetReferential::Normalized, OffsetType::Byte)
        .into_iter()
        .map(|(word, ..)| word.to_owned())
        .collect())
}

/// The merges of a trained model, in order. They are readable only in its serialised form.
fn merges(model: &BPE) -> Result<Vec<[String; 2]>> {
    let mut value = serde_json::to_value(model)?;
    serde_json::from_value(value["merges"].take()).context("the trained merges are not pairs")
}

/// The characters that stand for the 256 bytes, in CLIP's order: printable Latin-1 first, then
/// the others as U+0100 and following (`bytes_to_unicode` of GPT-2); and each at a word's end.
fn base_symbols() -> Vec<String> {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let plain = (0..=u8::MAX).filter(printable).map(char::from);
    let others = (0..=u8::MAX).filter(|byte| !printable(byte)).count() as u32;
    let moved = (0..others).filter_map(|index| char::from_u32(0x100 + index));
    let symbols: Vec<String> = plain.chain(moved).map(String::from).collect();
    let ends = symbols
        .iter()
        .map(|symbol| format!("{symbol}{END_OF_WORD}"));
    symbols.iter().cloned().chain(ends).collect()
}

/// `tokenizer.json` exactly as transformers writes it for a `CLIPTokenizerFast`.
fn tokenizer_json(symbols: &[String], merges: &[[String; 2]]) -> Value {
    let start = symbols.len() + merges.len();
    let end = start + 1;
    let tokens = symbols
        .iter()
        .cloned()
        .chain(merges.iter().map(|pair| pair.concat()))
        .chain([START_OF_TEXT.to_owned(), END_OF_TEXT.to_owned()]);
    let vocabulary: serde_json::Map<String, Value> = tokens
        .enumerate()
        .map(|(id, token)| (token, Value::from(id)))
        .collect();
    let merges: Vec<String> = merges.iter().map(|pair| pair.join(" ")).collect();
    let mark = |id: usize, content: &str, normalized: bool| {
        json!({
            "id": id,
            "content": content,
            "single_word": false,
            "lstrip": false,
            "rstrip": false,
            "normalized": normalized,
            "special": true,
        })
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [mark(start, START_OF_TEXT, true), mark(end, END_OF_TEXT, false)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
                {"type": "Lowercase"},
            ],
        },
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"},
                    "behavior": "Removed",
                    "invert": true,
                },
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            ],
        },
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": [END_OF_TEXT, end],
            "cls": [START_OF_TEXT, start],
            "trim_offsets": false,
            "add_prefix_space": false,
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE",
            "dropout": null,
            "unk_token": END_OF_TEXT,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": END_OF_WORD,
            "fuse_unk": false,
            "byte_fallback": false,
            "vocab": vocabulary,
            "merges": merges,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    const CAPTIONS: [&str; 4] = [
        "A red cat and a blue car",
        "a cat to the left of a red car",
        "two blue cats, one car",
        "a red car",
    ];

    fn learn(limit: usize) -> (Vocabulary, Tokenizer) {
        let vocabulary = Vocabulary::learn(CAPTIONS.into_iter(), limit).unwrap();
        let tokenizer = Tokenizer::from_bytes(&vocabulary.json).unwrap();
        (vocabulary, tokenizer)
    }

    fn tokens(tokenizer: &Tokenizer, caption: &str) -> Vec<String> {
        tokenizer
            .encode(caption, true)
            .unwrap()
            .get_tokens()
            .to_vec()
    }

    #[test]
    fn words_of_the_captions_become_tokens() {
        let (vocabulary, tokenizer) = learn(1000);
        assert!(vocabulary.size < 600, "{}", vocabulary.size);
        assert_eq!(
            tokens(&tokenizer, "A  RED car"),
            [
                "<|startoftext|>",
                "a</w>",
                "red</w>",
                "car</w>",
                "<|endoftext|>"
            ]
        );
        let end = tokenizer.token_to_id(END_OF_TEXT).unwrap();
        assert_eq!(end as usize, vocabulary.size - 1);
        assert_eq!(tokenizer.token_to_id(START_OF_TEXT).unwrap(), end - 1);
        assert_eq!(tokenizer.get_vocab_size(true), vocabulary.size);
    }

    #[test]
    fn unseen_words_fall_back_to_bytes() {
        let (_, tokenizer) = learn(1000);
        let split = tokens(&tokenizer, "zé");
        assert_eq!(split[1..split.len() - 1].concat(), "zÃ©</w>");
    }

    #[test]
    fn limit_ends_the_merges() {
        let (vocabulary, _) = learn(520);
        assert_eq!(vocabulary.size, 520);
        assert!(Vocabulary::learn(CAPTIONS.into_iter(), 513).is_err());
    }

    #[test]
    fn same_captions_give_the_same_vocabulary_in_any_order() {
        let (forward, _) = learn(1000);
        for _ in 0..4 {
            let backward = Vocabulary::learn(CAPTIONS.into_iter().rev(), 1000).unwrap();
            assert_eq!(forward, backward);
        }
    }

    #[test]
    fn form_is_that_of_a_tokenizer_written_by_transformers() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/tiny_b_gelu_openclip/tokenizer.json"
        );
        let mut golden: Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let (vocabulary, _) = learn(1000);
        let mut ours: Value = serde_json::from_str(&vocabulary.json).unwrap();

        let by_id = |tokenizer: &Value| -> BTreeMap<u64, String> {
            let tokens = tokenizer["model"]["vocab"].as_object().unwrap();
            tokens
                .iter()
                .map(|(token, id)| (id.as_u64().unwrap(), token.clone()))
                .collect()
        };
        let (golden_tokens, our_tokens) = (by_id(&golden), by_id(&ours));
        assert!((0..512).all(|id| golden_tokens[&id] == our_tokens[&id]));

        // The rest is equal once what depends on the vocabulary is blanked.
        for tokenizer in [&mut golden, &mut ours] {
            tokenizer["model"]["vocab"].take();
            tokenizer["model"]["merges"].take();
            for index in 0..2 {
                tokenizer["added_tokens"][index]["id"].take();
            }
            for mark in ["sep", "cls"] {
                tokenizer["post_processor"][mark][1].take();
            }
        }
        assert_eq!(ours, golden);
    }
}
