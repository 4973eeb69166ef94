//! What a CLIP checkpoint is: configuration, tensors, tokenizer, image preprocessing, file formats.

pub mod image;
pub mod preprocessing;
