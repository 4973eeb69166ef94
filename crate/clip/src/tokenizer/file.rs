//! `tokenizer.json` as far as CLIP's tokenizers use it.
//!
//! The format can ask the `tokenizers` crate for far more than CLIP needs, some of which panics or
//! never ends when a file is made to harm. So the file is read here: what is not on this list is
//! refused by its name, and the crate only sees the parts that are built below.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{
    Lowercase, NFC, NFD, NFKC, NFKD, NormalizerWrapper, Replace, Sequence as Normalizers,
};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior};

use crate::error::{ClipError, shown};

/// CLIP's own division into words, and how some files write it: with the special tokens as words of
/// their own, without the brackets that change nothing.
const WORDS: [&str; 3] = [
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+",
];

const MOST_STEPS: usize = 8;
const MOST_ADDED_TOKENS: usize = 256;
const LONGEST_ADDED_TOKEN: usize = 256;
const LONGEST_PIECE: usize = 1024;

/// The crate's tokenizer, and what it puts around a caption.
pub(super) struct Parts {
    pub(super) inner: tokenizers::Tokenizer,
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Deserialize)]
struct File {
    /// What becomes of captions that are too long or too short is decided here, not by the file;
    /// nor is anything decoded.
    #[serde(default, rename = "truncation")]
    _truncation: IgnoredAny,
    #[serde(default, rename = "padding")]
    _padding: IgnoredAny,
    #[serde(default, rename = "decoder")]
    _decoder: IgnoredAny,
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<Value>,
    pre_tokenizer: Option<Value>,
    post_processor: Option<Value>,
    model: Model,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    dropout: Option<f32>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    #[serde(default)]
    fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    vocab: std::collections::BTreeMap<String, u32>,
    merges: Vec<Merge>,
}

/// `"a b"` in older files, `["a", "b"]` in newer ones.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;

        impl<'de> serde::de::Visitor<'de> for Pair {
            type Value = Merge;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("two pieces, as a list or with a space between them")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Merge, E> {
                match text.split_once(' ') {
                    Some((left, right)) => Ok(Merge(left.into(), right.into())),
                    None => Err(E::invalid_value(
                        serde::de::Unexpected::Other("one piece"),
                        &self,
                    )),
                }
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Merge, A::Error> {
                let pair = (list.next_element()?, list.next_element()?);
                let (Some(left), Some(right)) = pair else {
                    return Err(serde::de::Error::invalid_length(1, &self));
                };
                match list.next_element::<IgnoredAny>()? {
                    None => Ok(Merge(left, right)),
                    Some(_) => Err(serde::de::Error::invalid_length(3, &self)),
                }
            }
        }

        deserializer.deserialize_any(Pair)
    }
}

fn wrong(what: impl std::fmt::Display) -> ClipError {
    ClipError::Tokenizer(what.to_string())
}

/// Builds the tokenizer that a file describes, for a token embedding of `vocab_size` rows.
///
/// # Errors
/// JSON that is no tokenizer, a part that CLIP's tokenizers do not have, a vocabulary that does not
/// fit the model.
pub(super) fn read(json: &str, vocab_size: usize) -> Result<Parts, ClipError> {
    let file: File = serde_json::from_str(json).map_err(|e| {
        wrong(format!(
            "tokenizer.json is not as expected: {}",
            shown(&e.to_string())
        ))
    })?;
    let model = bpe(file.model, vocab_size)?;
    let mut inner = tokenizers::Tokenizer::new(model);
    if let Some(normalizer) = &file.normalizer {
        inner
            .with_normalizer(Some(normalizers(normalizer)?))
            .map_err(|e| wrong(shown(&e.to_string())))?;
    }
    if let Some(pre_tokenizer) = &file.pre_tokenizer {
        inner.with_pre_tokenizer(Some(pre_tokenizers(pre_tokenizer)?));
    }
    add_tokens(&mut inner, file.added_tokens, vocab_size)?;
    let (start, end) = ends(file.post_processor.as_ref().unwrap_or(&Value::Null))?;
    for (piece, id) in [&start, &end] {
        if inner.token_to_id(piece) != Some(*id) {
            return Err(wrong(format!(
                "the token {} that is put around captions does not have the id {id} in the vocabulary",
                shown(piece)
            )));
        }
    }
    Ok(Parts {
        inner,
        start: start.1,
        end: end.1,
    })
}

fn check_id(id: u32, vocab_size: usize) -> Result<(), ClipError> {
    if usize::try_from(id).is_ok_and(|id| id < vocab_size) {
        return Ok(());
    }
    Err(wrong(format!(
        "the vocabulary goes up to id {id} or beyond, but the model's token embedding has {vocab_size} rows; this tokenizer belongs to another model"
    )))
}

fn bpe(model: Model, vocab_size: usize) -> Result<BPE, ClipError> {
    if let Some(kind) = model.kind.filter(|kind| kind != "BPE") {
        return Err(wrong(format!(
            "its model is {}; CLIP's is BPE",
            shown(&kind)
        )));
    }
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err(wrong(
            "its model has a dropout, which gives a caption other tokens each time; set it to null",
        ));
    }
    if model.byte_fallback {
        return Err(wrong("its model has byte_fallback, which CLIP's do not"));
    }
    if let Some(prefix) = model.continuing_subword_prefix.filter(|p| !p.is_empty()) {
        return Err(wrong(format!(
            "its model has the continuing_subword_prefix {}; CLIP's have none",
            shown(&prefix)
        )));
    }
    for (piece, &id) in &model.vocab {
        check_id(id, vocab_size)?;
        if piece.is_empty() || piece.len() > LONGEST_PIECE || piece.chars().any(char::is_control) {
            return Err(wrong(format!(
                "the piece {} of its vocabulary is empty, too long or has control characters",
                shown(piece)
            )));
        }
    }
    if let Some(max) = model.vocab.values().max() {
        check_id(*max, vocab_size)?;
    }
    if let Some(suffix) = model.end_of_word_suffix.as_ref().filter(|s| s.len() > 16) {
        return Err(wrong(format!(
            "its end_of_word_suffix is {}; CLIP's is </w>",
            shown(suffix)
        )));
    }
    let merges = model.merges.into_iter().map(|Merge(a, b)| (a, b)).collect();
    let vocab: std::collections::HashMap<_, _> = model.vocab.into_iter().collect();
    let mut builder = BPE::builder()
        .vocab_and_merges(
            vocab
                .into_iter()
                .collect::<tokenizers::models::bpe::Vocab>(),
            merges,
        )
        .fuse_unk(model.fuse_unk)
        .ignore_merges(model.ignore_merges);
    if let Some(unknown) = model.unk_token {
        builder = builder.unk_token(unknown);
    }
    if let Some(suffix) = model.end_of_word_suffix {
        builder = builder.end_of_word_suffix(suffix);
    }
    builder.build().map_err(|e| {
        wrong(format!(
            "its merges do not fit its vocabulary: {}",
            shown(&e.to_string())
        ))
    })
}

fn add_tokens(
    inner: &mut tokenizers::Tokenizer,
    tokens: Vec<Added>,
    vocab_size: usize,
) -> Result<(), ClipError> {
    if tokens.len() > MOST_ADDED_TOKENS {
        return Err(wrong(format!(
            "it adds {} tokens; at most {MOST_ADDED_TOKENS} are read",
            tokens.len()
        )));
    }
    let mut wanted = Vec::new();
    let mut added = Vec::new();
    for token in tokens {
        check_id(token.id, vocab_size)?;
        if token.content.trim().is_empty()
            || token.content.len() > LONGEST_ADDED_TOKEN
            || token.content.chars().any(char::is_control)
        {
            return Err(wrong(format!(
                "the added token {} is blank, too long or has control characters",
                shown(&token.content)
            )));
        }
        wanted.push((token.content.clone(), token.id));
        added.push(
            AddedToken::from(token.content, token.special)
                .single_word(token.single_word)
                .lstrip(token.lstrip)
                .rstrip(token.rstrip)
                .normalized(token.normalized),
        );
    }
    inner
        .add_tokens(added)
        .map_err(|e| wrong(shown(&e.to_string())))?;
    // The crate numbers tokens that the vocabulary lacks by itself.
    for (content, id) in wanted {
        if inner.token_to_id(&content) != Some(id) {
            return Err(wrong(format!(
                "the added token {} has the id {id}, which is not its place in the vocabulary",
                shown(&content)
            )));
        }
    }
    Ok(())
}

/// The steps of a part that is one step or a sequence of them, each with its type.
fn steps<'a>(part: &'a Value, list: &str) -> Result<Vec<(&'a str, &'a Value)>, ClipError> {
    let kind = |step: &'a Value| step.get("type").and_then(Value::as_str).unwrap_or("");
    let steps = match (kind(part), part.get(list).and_then(Value::as_array)) {
        ("Sequence", Some(steps)) => steps.iter().collect(),
        _ if part.is_null() => Vec::new(),
        _ => vec![part],
    };
    if steps.len() > MOST_STEPS {
        return Err(wrong(format!(
            "its {list} are {} steps; at most {MOST_STEPS} are followed",
            steps.len()
        )));
    }
    Ok(steps.into_iter().map(|step| (kind(step), step)).collect())
}

fn normalizers(part: &Value) -> Result<NormalizerWrapper, ClipError> {
    let steps = steps(part, "normalizers")?.into_iter().map(|(kind, step)| {
        Ok(match kind {
            "NFC" => NormalizerWrapper::NFC(NFC),
            "NFD" => NormalizerWrapper::NFD(NFD),
            "NFKC" => NormalizerWrapper::NFKC(NFKC),
            "NFKD" => NormalizerWrapper::NFKD(NFKD),
            "Lowercase" => NormalizerWrapper::Lowercase(Lowercase),
            "Replace" if is_space_run(step) => NormalizerWrapper::Replace(
                Replace::new(ReplacePattern::Regex(r"\s+".into()), " ")
                    .map_err(|e| wrong(shown(&e.to_string())))?,
            ),
            "Replace" => {
                return Err(wrong(
                    r"its normalizer replaces something else than runs of white space (\s+) by a space",
                ));
            }
            other => {
                return Err(wrong(format!(
                    "its normalizer {} is not one that CLIP's tokenizers have: NFC, NFD, NFKC, NFKD, Lowercase, Replace",
                    shown(other)
                )));
            }
        })
    });
    let steps = steps.collect::<Result<_, _>>()?;
    Ok(NormalizerWrapper::Sequence(Normalizers::new(steps)))
}

fn is_space_run(step: &Value) -> bool {
    step.get("pattern").and_then(|p| p.get("Regex")) == Some(&Value::from(r"\s+"))
        && step.get("content") == Some(&Value::from(" "))
}

fn pre_tokenizers(
    part: &Value,
) -> Result<tokenizers::pre_tokenizers::PreTokenizerWrapper, ClipError> {
    let flag = |step: &Value, key: &str| step.get(key).and_then(Value::as_bool);
    let mut byte_levels = 0;
    let mut splits = 0;
    let mut built = Vec::new();
    for (kind, step) in steps(part, "pretokenizers")? {
        match kind {
            "Split" => {
                splits += 1;
                let pattern = step
                    .get("pattern")
                    .and_then(|p| p.get("Regex"))
                    .and_then(Value::as_str)
                    .filter(|pattern| WORDS.contains(pattern))
                    .ok_or_else(|| {
                        wrong("its pre-tokenizer Split has another pattern than CLIP's words")
                    })?;
                let behavior = match step.get("behavior").and_then(Value::as_str) {
                    Some("Removed") => SplitDelimiterBehavior::Removed,
                    Some("Isolated") => SplitDelimiterBehavior::Isolated,
                    _ => {
                        return Err(wrong(
                            "its pre-tokenizer Split has another behavior than Removed and Isolated",
                        ));
                    }
                };
                let invert = flag(step, "invert").unwrap_or(false);
                let split = Split::new(SplitPattern::Regex(pattern.into()), behavior, invert)
                    .map_err(|e| wrong(shown(&e.to_string())))?;
                built.push(split.into());
            }
            "ByteLevel" => {
                byte_levels += 1;
                let prefix = flag(step, "add_prefix_space").unwrap_or(true);
                let trim = flag(step, "trim_offsets").unwrap_or(true);
                let regex = flag(step, "use_regex").unwrap_or(true);
                built.push(ByteLevel::new(prefix, trim, regex).into());
            }
            other => {
                return Err(wrong(format!(
                    "its pre-tokenizer {} is not one that CLIP's tokenizers have: Split, ByteLevel",
                    shown(other)
                )));
            }
        }
    }
    if byte_levels > 1 || splits > 1 {
        return Err(wrong("its pre-tokenizer has a step twice"));
    }
    Ok(PreTokenizers::new(built).into())
}

/// A piece of the vocabulary and its id.
type Piece = (String, u32);

/// The tokens that are put before and behind every caption.
fn ends(part: &Value) -> Result<(Piece, Piece), ClipError> {
    let malformed = || {
        wrong(
            "its post-processor does not put one start and one end token around a caption, so it is not a CLIP tokenizer",
        )
    };
    let pair = |value: &Value| -> Option<(String, u32)> {
        let id = value.get(1)?.as_u64()?;
        Some((value.get(0)?.as_str()?.to_owned(), u32::try_from(id).ok()?))
    };
    match part.get("type").and_then(Value::as_str) {
        Some("RobertaProcessing" | "BertProcessing") => {
            let start = part.get("cls").and_then(pair);
            let end = part.get("sep").and_then(pair);
            start.zip(end).ok_or_else(malformed)
        }
        Some("TemplateProcessing") => {
            // [{"SpecialToken": {"id": START}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": END}}]
            let special = |item: &Value| -> Option<(String, u32)> {
                let name = item.get("SpecialToken")?.get("id")?.as_str()?;
                let token = part.get("special_tokens")?.get(name)?;
                let [id] = token.get("ids")?.as_array()?.as_slice() else {
                    return None;
                };
                let [piece] = token.get("tokens")?.as_array()?.as_slice() else {
                    return None;
                };
                let id = u32::try_from(id.as_u64()?).ok()?;
                Some((piece.as_str()?.to_owned(), id))
            };
            let single = part.get("single").and_then(Value::as_array);
            let Some([start, caption, end]) = single.map(Vec::as_slice) else {
                return Err(malformed());
            };
            if caption.get("Sequence").is_none() {
                return Err(malformed());
            }
            special(start).zip(special(end)).ok_or_else(malformed)
        }
        None => Err(malformed()),
        Some(other) => Err(wrong(format!(
            "its post-processor {} is not one that CLIP's tokenizers have: RobertaProcessing, TemplateProcessing",
            shown(other)
        ))),
    }
}
