//! What can be wrong with embeddings that are to be read as a hierarchy.

use crate::ScoreError;

/// Why a hierarchy could not be read. Every message is one sentence that names the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HierarchyError {
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
    /// NaN or infinity.
    #[error("{what}, row {row}: the value is {value}; look for NaN in the embeddings of this row")]
    NotFinite {
        /// Radii, similarities or embeddings.
        what: &'static str,
        /// Which text or image.
        row: usize,
        /// The value found.
        value: f64,
    },
    /// Nothing to look among.
    #[error("{what} is empty; give it at least one row")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// A number of levels that is no number of levels.
    #[error("{steps} levels are asked for; 1 to {most} are possible, HierarCaps uses 50")]
    Steps {
        /// The number asked for.
        steps: usize,
        /// The most there may be.
        most: usize,
    },
    /// An image that is said to belong to a chain that is not there.
    #[error("image {image} belongs to chain {chain}, but there are only {chains}")]
    NoSuchChain {
        /// Which image.
        image: usize,
        /// The chain asked for, from 0.
        chain: usize,
        /// How many there are.
        chains: usize,
    },
    /// The similarities could not be computed.
    #[error(transparent)]
    Similarities(#[from] ScoreError),
}
