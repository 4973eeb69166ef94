//! Captions to token ids, by the tokenizer that came with the checkpoint.

mod clean;
mod file;

use std::borrow::Cow;

use serde_json::{Value, json};

use super::bytes::FileSet;
use super::config::{TextConfig, TextPooling};
use super::error::{ClipError, shown};

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

/// What is done to a caption before it is split into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextCleaning {
    /// White space and lower case, as the tokenizer's file says: transformers' way.
    #[default]
    None,
    /// Also curly quotes, ligatures and HTML's escapes: the way of OpenAI's and OpenCLIP's own
    /// tokenizers, but for the repair of text in the wrong encoding.
    OpenClip,
}

impl TextCleaning {
    /// One line for people.
    pub fn summary(self) -> &'static str {
        match self {
            Self::None => "white space, lower case",
            Self::OpenClip => {
                "as OpenCLIP: quotes, ligatures, HTML escapes, white space, lower case (without repair of wrong encodings)"
            }
        }
    }
}

/// The longest caption that is tokenized, in bytes. CLIP reads 77 tokens of it.
const LONGEST_CAPTION: usize = 1 << 20;

/// CLIP's byte-pair encoding: lower-cased, words end in `</w>`, start and end tokens around.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    cleaning: TextCleaning,
    context_length: usize,
    pooling: TextPooling,
    start: u32,
    end: u32,
}

impl Tokenizer {
    /// From the text of a `tokenizer.json`, for a text encoder. Captions are not cleaned; see
    /// [`Tokenizer::cleaning`].
    ///
    /// # Errors
    /// JSON that is no tokenizer of CLIP's kind, or one that does not fit the text encoder: a
    /// vocabulary larger than the token embedding, or no start and end tokens, or another end token
    /// than is pooled at.
    pub fn from_json(json: &str, config: &TextConfig) -> Result<Self, ClipError> {
        let file::Parts { inner, start, end } = file::read(json, config.vocab_size)?;
        if let TextPooling::FirstEos { eos_token_id } = config.pooling
            && eos_token_id != end
        {
            return Err(ClipError::Tokenizer(format!(
                "captions end with token {end}, but the configuration pools at eos_token_id {eos_token_id}"
            )));
        }
        Ok(Self {
            inner,
            cleaning: TextCleaning::None,
            context_length: config.context_length,
            pooling: config.pooling,
            start,
            end,
        })
    }

    /// The same tokenizer with another cleaning of captions.
    #[must_use]
    pub fn cleaning(self, cleaning: TextCleaning) -> Self {
        Self { cleaning, ..self }
    }

    /// Tokenizes a caption. Beyond the context its end is cut off and the end token kept.
    ///
    /// # Errors
    /// A caption of more than a mebibyte; the tokenizer's.
    pub fn encode(&self, caption: &str) -> Result<Tokens, ClipError> {
        if caption.len() > LONGEST_CAPTION {
            return Err(ClipError::CaptionTooLong {
                bytes: caption.len(),
                most: LONGEST_CAPTION,
            });
        }
        let caption = match self.cleaning {
            TextCleaning::None => Cow::Borrowed(caption),
            TextCleaning::OpenClip => Cow::Owned(clean::clean(caption)),
        };
        let encoding = self
            .inner
            .encode_fast(caption, false)
            .map_err(|e| ClipError::Tokenizer(shown(&e.to_string())))?;
        let words = encoding.get_ids();
        let untruncated = words.len() + 2;
        let kept = words.len().min(self.context_length.saturating_sub(2));
        let mut ids = Vec::with_capacity(kept + 2);
        ids.push(self.start);
        ids.extend(&words[..kept]);
        ids.push(self.end);
        Ok(Tokens { ids, untruncated })
    }

    /// The ids that the text encoder needs: up to and including the one whose position is pooled.
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
        (Some(vocab), Some(merges)) => {
            check_vocabulary(&vocab)?;
            from_vocab_and_merges(vocab, &merges).map(Some)
        }
        _ => Ok(None),
    }
}

/// Says what is wrong with `vocab.json` before it becomes a part of another file.
fn check_vocabulary(vocab: &Value) -> Result<(), ClipError> {
    let pieces = vocab.as_object().ok_or_else(|| {
        ClipError::Tokenizer("vocab.json is not an object of pieces and their ids".into())
    })?;
    let wrong = pieces
        .iter()
        .find(|(_, id)| id.as_u64().is_none_or(|id| u32::try_from(id).is_err()));
    wrong.map_or(Ok(()), |(piece, id)| {
        Err(ClipError::Tokenizer(format!(
            "vocab.json gives the piece {} the id {}, which is not a whole number of 32 bits",
            shown(piece),
            shown(&id.to_string())
        )))
    })
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
                    "line {} of merges.txt is not a pair: {}",
                    index + 1,
                    shown(line)
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

#[cfg(test)]
mod tests;
