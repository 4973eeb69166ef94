//! Captions to token ids, by the tokenizer that came with the checkpoint.

use serde_json::{Value, json};

use super::bytes::FileSet;
use super::config::{TextConfig, TextPooling};
use super::error::ClipError;

/// The tokens of one caption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Ids from the start token to the end token, at most the context's length.
    pub ids: Vec<u32>,
    /// Tokens that the whole caption has, start and end included.
    pub untruncated: usize,
}

impl Tokens {
    /// Whether words at the end of the caption are not seen by the model.
    pub fn truncated(&self) -> bool {
        self.untruncated > self.ids.len()
    }
}

/// CLIP's byte-pair encoding: lower-cased, words end in `</w>`, start and end tokens around.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    context_length: usize,
    pooling: TextPooling,
    end: u32,
}

impl Tokenizer {
    /// From the text of a `tokenizer.json`, for a text tower.
    ///
    /// # Errors
    /// JSON that is no tokenizer, or one that does not fit the tower: a vocabulary larger than
    /// the token embedding, or no start and end tokens, or another end token than is pooled at.
    pub fn from_json(json: &str, config: &TextConfig) -> Result<Self, ClipError> {
        let wrong = |what: String| ClipError::Tokenizer(what);
        let mut inner: tokenizers::Tokenizer = json
            .parse()
            .map_err(|e| wrong(format!("tokenizer.json does not parse: {e}")))?;
        // Captions are packed and truncated here; a file may carry settings of its own.
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|e| wrong(e.to_string()))?;
        let largest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= config.vocab_size {
            return Err(wrong(format!(
                "the vocabulary goes up to id {largest}, but the model's token embedding has {} rows; this tokenizer belongs to another model",
                config.vocab_size
            )));
        }
        let empty = inner.encode("", true).map_err(|e| wrong(e.to_string()))?;
        let &[_, end] = empty.get_ids() else {
            return Err(wrong(format!(
                "an empty caption becomes {:?}, not a start and an end token; this is no CLIP tokenizer",
                empty.get_tokens()
            )));
        };
        if let TextPooling::FirstEos { eos_token_id } = config.pooling
            && eos_token_id != end
        {
            return Err(wrong(format!(
                "captions end with token {end}, but the configuration pools at eos_token_id {eos_token_id}"
            )));
        }
        Ok(Self {
            inner,
            context_length: config.context_length,
            pooling: config.pooling,
            end,
        })
    }

    /// Tokenizes a caption. Beyond the context its end is cut off and the end token kept.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn encode(&self, caption: &str) -> Result<Tokens, ClipError> {
        let encoding = self
            .inner
            .encode_fast(caption, true)
            .map_err(|e| ClipError::Tokenizer(e.to_string()))?;
        let mut ids = encoding.get_ids().to_vec();
        let untruncated = ids.len();
        if untruncated > self.context_length {
            ids.truncate(self.context_length - 1);
            ids.push(self.end);
        }
        Ok(Tokens { ids, untruncated })
    }

    /// The ids that the text tower needs: up to and including the one whose position is pooled.
    pub fn seen<'a>(&self, tokens: &'a Tokens) -> &'a [u32] {
        let ids = &tokens.ids;
        let wanted = match self.pooling {
            TextPooling::LargestId => ids.iter().copied().max(),
            TextPooling::FirstEos { eos_token_id } => Some(eos_token_id),
        };
        match ids.iter().position(|&id| Some(id) == wanted) {
            Some(pooled) => &ids[..=pooled],
            None => ids,
        }
    }

    /// The vocabulary's text of each id.
    pub fn pieces(&self, ids: &[u32]) -> Vec<String> {
        ids.iter()
            .map(|&id| self.inner.id_to_token(id).unwrap_or_default())
            .collect()
    }

    /// The vocabulary in the order of the ids, empty where an id is not used.
    pub fn vocabulary(&self) -> Vec<String> {
        let vocabulary = self.inner.get_vocab(true);
        let size = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
        let mut pieces = vec![String::new(); size];
        let mut entries: Vec<_> = vocabulary.into_iter().collect();
        entries.sort_unstable();
        for (piece, id) in entries {
            pieces[id as usize] = piece;
        }
        pieces
    }
}

/// The `tokenizer.json` of a directory, made from `vocab.json` and `merges.txt` where it has
/// only these; `None` without either.
///
/// # Errors
/// Files that cannot be read or do not parse.
pub fn tokenizer_json(files: &FileSet) -> Result<Option<String>, ClipError> {
    if let Some(bytes) = files.read("tokenizer.json")? {
        return String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| ClipError::Tokenizer("tokenizer.json is not UTF-8".into()));
    }
    match (files.json("vocab.json")?, files.read("merges.txt")?) {
        (Some(vocab), Some(merges)) => from_vocab_and_merges(vocab, &merges).map(Some),
        _ => Ok(None),
    }
}

/// What transformers' `CLIPTokenizerFast` builds from the two files of the slow tokenizer.
fn from_vocab_and_merges(vocab: Value, merges: &[u8]) -> Result<String, ClipError> {
    let wrong = |what: String| ClipError::Tokenizer(what);
    let merges =
        std::str::from_utf8(merges).map_err(|_| wrong("merges.txt is not UTF-8".into()))?;
    let mut pairs = Vec::new();
    for (index, line) in merges.lines().enumerate() {
        if line.starts_with("#version") || line.trim().is_empty() {
            continue;
        }
        match line.split_once(' ') {
            Some((left, right)) => pairs.push(json!([left, right.trim_end()])),
            None => {
                return Err(wrong(format!(
                    "line {} of merges.txt is no pair: {line}",
                    index + 1
                )));
            }
        }
    }
    let id = |token: &str| {
        vocab
            .get(token)
            .and_then(Value::as_u64)
            .ok_or_else(|| wrong(format!("vocab.json has no token {token}")))
    };
    const START: &str = "<|startoftext|>";
    const END: &str = "<|endoftext|>";
    let (start, end) = (id(START)?, id(END)?);
    let added = |id: u64, content: &str, normalized: bool| json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": normalized, "special": true});
    let pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    let json = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [added(start, START, true), added(end, END, false)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        ]},
        "post_processor": {"type": "RobertaProcessing", "sep": [END, end], "cls": [START, start], "trim_offsets": false, "add_prefix_space": false},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": END, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
            "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": pairs,
        },
    });
    Ok(json.to_string())
}
