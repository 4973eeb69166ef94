//! What a CLIP checkpoint is: configuration, tensors, tokenizer, image preprocessing, file formats.

pub mod config;
pub mod error;
pub mod names;
pub mod tensors;

pub use config::ClipConfig;
pub use error::ClipError;
