//! From embeddings to rankings.
