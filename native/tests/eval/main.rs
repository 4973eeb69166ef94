//! `cliprobe eval` and `cliprobe compare` as a user runs them.
#![allow(clippy::unwrap_used)]

mod cache;
#[path = "../common/mod.rs"]
mod common;
mod comparing;
mod data;
mod embeddings_file;
mod folders;
mod lists;
mod results;
