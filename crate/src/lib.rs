//! CLIP in Rust, for one question: does this model understand how words combine?
//!
//! The way of the data is one direction through few rooms:
//! checkpoint → [`clip`] → [`engine`] → embeddings → [`score`]; what is asked comes from
//! photos and captions, from [`caption`], which edits them, or from [`world`], a synthetic world
//! whose truth is known.
//! The same code runs natively and, compiled for `wasm32`, in a page.

pub mod caption;
pub mod clip;
pub mod engine;
pub mod facade;
pub mod score;
#[cfg(target_arch = "wasm32")]
pub mod web;
pub mod world;
