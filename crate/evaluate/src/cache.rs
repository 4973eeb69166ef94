//! Where embeddings are kept, so that nothing is computed twice.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// A hash of everything that an embedding depends on beside the model.
pub type Key = [u8; 32];

/// Embeddings of one kind (images or texts) by one model. An implementation that cannot keep an
/// embedding for later runs still has to know it in this one.
pub trait Cache {
    /// The embedding of this key, if it is known.
    fn get(&self, key: &Key) -> Option<&[f32]>;
    /// Keeps an embedding.
    fn insert(&mut self, key: Key, embedding: Vec<f32>);
}

/// A cache that forgets everything at the end.
#[derive(Debug, Default)]
pub struct Memory(HashMap<Key, Vec<f32>>);

impl Cache for Memory {
    fn get(&self, key: &Key) -> Option<&[f32]> {
        self.0.get(key).map(Vec::as_slice)
    }

    fn insert(&mut self, key: Key, embedding: Vec<f32>) {
        self.0.insert(key, embedding);
    }
}

/// What a cache belongs to: everything of a model's description that its embeddings depend on, as 32
/// hexadecimal digits.
pub fn model_key(description: &serde_json::Value) -> String {
    let mut hash = Sha256::new();
    for field in ["sha256", "activation", "preprocessing", "engine", "dtype"] {
        hash.update(description[field].to_string());
        hash.update([0]);
    }
    let hash = hash.finalize();
    hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
