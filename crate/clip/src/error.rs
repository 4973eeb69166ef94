//! What can be wrong with a checkpoint.
//!
//! Errors know neither the command's flags nor the page's buttons: both add their own advice to the
//! variants that a person can answer ([`ClipError::AmbiguousActivation`],
//! [`ClipError::MissingConfigFile`], [`ClipError::MissingTokenizer`]).

use std::fmt::Write as _;

use super::tensors::ElementType;

/// Why a checkpoint could not be used. Every message is one sentence that names the file,
/// tensor, key or offset.
///
/// Names and values that come from a file are shown by [`shown`]: short, on one line and
/// without control characters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClipError {
    /// The file system or the byte source failed.
    #[error("{}: {cause}", shown(.file))]
    Io {
        /// The file.
        file: String,
        /// What the system says. It is part of the message, therefore not the error's source.
        cause: std::io::Error,
    },
    /// No known form of checkpoint.
    #[error("{} is not a CLIP checkpoint: {why}", shown(.file))]
    NotACheckpoint {
        /// The file or directory.
        file: String,
        /// What was looked for.
        why: String,
    },
    /// A configuration lacks a key that has no default.
    #[error("the configuration lacks the key {}", shown(.key))]
    MissingConfig {
        /// The key, with its path.
        key: String,
    },
    /// A configuration asks for what this library does not do.
    #[error("the configuration has {} = {}; supported: {supported}", shown(.key), shown(.value))]
    UnsupportedConfig {
        /// The key, with its path.
        key: String,
        /// Its value.
        value: String,
        /// What would be understood.
        supported: String,
    },
    /// A JSON file does not parse.
    #[error("{} is not the JSON that is expected: {}", shown(.file), shown(&.cause.to_string()))]
    Json {
        /// The file.
        file: String,
        /// What the parser says, with line and column. It is part of the message, therefore not the
        /// error's source.
        cause: serde_json::Error,
    },
    /// A binary file breaks its format.
    #[error("{}: {} at byte {offset}", shown(.file), shown_within(.what, 1000))]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong, with the field's name.
        what: String,
        /// Where.
        offset: u64,
    },
    /// A tensor that the configuration asks for is not in the file.
    #[error("{} has no tensor {}, which its configuration asks for", shown(.file), shown(.name))]
    MissingTensor {
        /// The file.
        file: String,
        /// The name looked for.
        name: String,
    },
    /// Configuration and tensor contradict each other.
    #[error(
        "{}: tensor {} has shape {found:?}, but the configuration asks for {expected:?}", shown(.file), shown(.name)
    )]
    ShapeMismatch {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
        /// The configuration's shape.
        expected: Vec<usize>,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// A tensor's elements are of a type that this library does not compute with.
    #[error(
        "{}: tensor {} has elements of type {}; supported: F32, F16, BF16, F64, Q8_0, Q4_0, Q4_K, Q6_K",
        shown(.file), shown(.name), shown(.found)
    )]
    UnsupportedType {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
        /// Its type, as the file calls it.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error(
        "{}: tensor {} has the value {value} at element {index}; the checkpoint is damaged or its training diverged",
        shown(.file), shown(.name)
    )]
    NonFinite {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
        /// NaN or infinity.
        value: f32,
        /// Position in row-major order.
        index: usize,
    },
    /// The checkpoint does not say which activation it was trained with.
    #[error(
        "{} does not say whether it was trained with QuickGELU or GELU, and the wrong one costs accuracy without any error: \
         OpenAI's weights and what was fine-tuned from them use quick_gelu, most of OpenCLIP's use gelu",
        shown(.file)
    )]
    AmbiguousActivation {
        /// The file.
        file: String,
    },
    /// No configuration beside weights that need one.
    #[error("there is no {wanted} beside {}, so its architecture is not known", shown(.file))]
    MissingConfigFile {
        /// The file of weights.
        file: String,
        /// The name of the configuration that was looked for.
        wanted: &'static str,
    },
    /// No tokenizer beside the weights.
    #[error("{} has no tokenizer: neither tokenizer.json, nor vocab.json with merges.txt", shown(.file))]
    MissingTokenizer {
        /// The checkpoint.
        file: String,
    },
    /// The tokenizer does not parse or does not fit.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A caption is longer than any caption.
    #[error("a caption has {bytes} bytes; at most {most} are read")]
    CaptionTooLong {
        /// Its length in UTF-8.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// The machine has no memory for a tensor.
    #[error("{}: tensor {} needs {bytes} bytes of memory, which are not there", shown(.file), shown(.name))]
    OutOfMemory {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
        /// What it needs.
        bytes: u64,
    },
    /// A tensor cannot be stored in the wanted type.
    #[error("tensor {} of shape {shape:?} cannot be stored as {wanted}: {why}", shown(.name))]
    CannotStore {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The type asked for.
        wanted: ElementType,
        /// The reason.
        why: String,
    },
    /// Weights of checkpoints that do not mean the same cannot be added.
    #[error("the weights of {} cannot be blended with those of {}: {what}", shown(.other), shown(.base))]
    CannotBlend {
        /// The checkpoint that the others are added to.
        base: String,
        /// The one that does not fit.
        other: String,
        /// In what they differ.
        what: String,
    },
    /// The preprocessing's configuration cannot be followed.
    #[error(transparent)]
    Preprocessing(#[from] super::preprocessing::PreprocessingError),
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl ClipError {
    pub(crate) fn io(file: &str, cause: std::io::Error) -> Self {
        Self::Io {
            file: file.into(),
            cause,
        }
    }

    pub(crate) fn malformed(file: &str, offset: u64, what: impl Into<String>) -> Self {
        Self::Malformed {
            file: file.into(),
            what: what.into(),
            offset,
        }
    }
}

/// The longest text that a message takes from a file, in bytes.
const MOST_SHOWN: usize = 240;

/// A name or value of a file as a message may show it: control characters (a terminal obeys
/// some) become `\u{…}`, and what is longer than 240 bytes is cut and ends in `…`.
pub fn shown(text: &str) -> String {
    shown_within(text, MOST_SHOWN)
}

/// A longer text, such as a recipe, without control characters but for line ends.
pub(crate) fn printable(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| shown_within(line, 4000)).collect();
    lines.join("\n")
}

fn shown_within(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if out.len() >= most {
            out.push('…');
            break;
        }
        if is_unprintable(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and those that change the direction of the text after them.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_is_shown_short_and_without_control_characters() {
        assert_eq!(shown("a name"), "a name");
        assert_eq!(shown("\u{1b}[31mred\n"), "\\u{1b}[31mred\\u{a}");
        assert_eq!(shown("a\u{202e}b"), "a\\u{202e}b");
        let long = shown(&"é".repeat(1_000_000));
        assert!(long.len() < 250 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = ClipError::io("f", std::io::ErrorKind::NotFound.into());
        assert!(std::error::Error::source(&error).is_none());
        assert_eq!(error.to_string(), "f: entity not found");
    }
}
