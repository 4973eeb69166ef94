//! CLIP in one GGUF file: clip.cpp's tensor names and `clip.*` keys, and what they leave out:
//! the tokenizer, the preprocessing, the temperature, the activation by name, and the origin.

mod read;
mod write;

pub(crate) use read::{Metadata, read};
pub(crate) use write::{encode, metadata_of};
pub use write::{stored_type, write_gguf};
