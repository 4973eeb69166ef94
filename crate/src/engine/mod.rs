//! Computing embeddings.
