//! What can be wrong with numbers that are to be scored.

/// Why a metric could not be computed. Every message is one sentence that names the item.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// An average over nothing.
    #[error("{what} has no items to average; give it at least one")]
    NoItems {
        /// The metric or group.
        what: String,
    },
    /// NaN or infinity, which every comparison would silently call wrong.
    #[error(
        "item {item}, option {option}: the similarity is {value}; look for NaN in the embeddings of this item"
    )]
    NotFinite {
        /// Which item, in the order given.
        item: usize,
        /// Which option, candidate or class of it.
        option: usize,
        /// The value found.
        value: f32,
    },
    /// A correct option, class or relevant candidate that is not among those scored.
    #[error(
        "item {item}: option {option} is asked for, but there are only {options}; check that names and rows agree"
    )]
    NoSuchOption {
        /// Which item, in the order given.
        item: usize,
        /// The option asked for, from 0.
        option: usize,
        /// How many there are.
        options: usize,
    },
    /// A matrix or list of the wrong length.
    #[error(
        "{what} has {found} values where {expected} are expected; check that names and rows agree"
    )]
    Length {
        /// Which matrix or list.
        what: &'static str,
        /// Values expected.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// An embedding of length zero, or an average of embeddings that cancel.
    #[error(
        "embedding {row} of {what} has no direction (its length is zero or not finite); encode it anew"
    )]
    NoDirection {
        /// Which matrix.
        what: &'static str,
        /// Which of its rows; the number of rows for their mean.
        row: usize,
    },
}
