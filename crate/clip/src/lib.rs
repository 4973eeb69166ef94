//! What a CLIP checkpoint is: configuration, tensors, tokenizer, image preprocessing, file formats.

pub mod architectures;
pub mod blend;
pub mod bytes;
pub mod checkpoint;
pub mod config;
pub mod convert;
pub mod error;
pub mod gguf;
pub mod image;
pub mod model_file;
pub mod names;
mod opener;
#[cfg(not(target_arch = "wasm32"))]
pub mod pickle;
pub mod pieces;
pub mod preprocessing;
pub mod safetensors;
pub mod tensors;
pub mod tokenizer;

pub use checkpoint::Checkpoint;
pub use config::ClipConfig;
pub use error::ClipError;
pub use tokenizer::Tokenizer;
