//! What can be wrong with a checkpoint.

use super::tensors::ElementType;

/// Why a checkpoint could not be used. Every message is one sentence that names the file,
/// tensor, key or offset, and what would mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClipError {
    /// The file system or the byte source failed.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// No known form of checkpoint.
    #[error("{file} is no CLIP checkpoint: {why}")]
    NotACheckpoint {
        /// The file or directory.
        file: String,
        /// What was looked for.
        why: String,
    },
    /// A configuration lacks a key that has no default.
    #[error("the configuration lacks the key {key}")]
    MissingConfig {
        /// The key, with its path.
        key: String,
    },
    /// A configuration asks for what this library does not do.
    #[error("the configuration has {key} = {value}; supported: {supported}")]
    UnsupportedConfig {
        /// The key, with its path.
        key: String,
        /// Its value.
        value: String,
        /// What would be understood.
        supported: String,
    },
    /// A JSON file does not parse.
    #[error("{file} is not valid JSON: {source}")]
    Json {
        /// The file.
        file: String,
        /// What the parser says, with line and column.
        source: serde_json::Error,
    },
    /// A binary file breaks its format.
    #[error("{file}: {what} at byte {offset}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong, with the field's name.
        what: String,
        /// Where.
        offset: u64,
    },
    /// A tensor that the configuration asks for is not in the file.
    #[error("{file} has no tensor {name}, which its configuration asks for")]
    MissingTensor {
        /// The file.
        file: String,
        /// The name looked for.
        name: String,
    },
    /// Configuration and tensor contradict each other.
    #[error(
        "{file}: tensor {name} has shape {found:?}, but the configuration asks for {expected:?}"
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
        "{file}: tensor {name} has elements of type {found}; supported: F32, F16, BF16, F64, Q8_0, Q4_0, Q4_K, Q6_K"
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
        "{file}: tensor {name} has a {value} at element {index}; the checkpoint is damaged or its training diverged"
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
        "{file} does not say whether it was trained with QuickGELU or GELU, and the wrong one silently costs accuracy; \
         say --activation quick_gelu (OpenAI's weights and what was fine-tuned from them) or --activation gelu (most of OpenCLIP's)"
    )]
    AmbiguousActivation {
        /// The file.
        file: String,
    },
    /// No tokenizer beside the weights.
    #[error(
        "{file} has no tokenizer (tokenizer.json, or vocab.json and merges.txt); name one with --tokenizer DIR"
    )]
    MissingTokenizer {
        /// The checkpoint.
        file: String,
    },
    /// The tokenizer does not parse or does not fit.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A tensor cannot be stored in the wanted type.
    #[error("tensor {name} of shape {shape:?} cannot be stored as {wanted}: {why}")]
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
    #[error("the weights of {other} cannot be blended with those of {base}: {what}")]
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
    pub(crate) fn io(file: &str, source: std::io::Error) -> Self {
        Self::Io {
            file: file.into(),
            source,
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
