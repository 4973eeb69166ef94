//! CLIP in Rust, for one question: does this model understand how words combine?
//!
//! The way of the data is one direction through few rooms:
//! checkpoint → [`clip`] → [`engine`] → embeddings → [`score`] and [`hierarchy`]; what is asked, a
//! [`probe`], comes from photos and captions, from a benchmark's files, from [`caption`], which edits
//! captions, or from [`world`], a synthetic world whose truth is known.
//! The same code runs natively and, compiled for `wasm32`, in a page.

pub mod caption;
#[cfg(feature = "gpu")]
pub mod choice;
pub mod clip;
pub mod engine;
pub mod facade;
pub mod hierarchy;
pub mod probe;
pub mod score;
#[cfg(all(target_arch = "wasm32", feature = "gpu"))]
pub mod web;
pub mod world;
