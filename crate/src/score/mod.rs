//! From embeddings to rankings: pure functions, no engine.

mod ranking;

pub use ranking::{Ranked, cosine, rank, softmax};
