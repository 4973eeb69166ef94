//! CLIP in Rust, for one question: does this model understand how words combine?
//!
//! This crate is the facade: it re-exports the floors below and holds no code of its own.
//! Data flows in one direction: checkpoint → [`clip`] → [`engine`] → embeddings → [`score`].
//! Questions come from [`probe`], whose sets are read from a benchmark's files, or from the
//! synthetic world of [`world`], whose truth is known; [`caption`] edits captions, and
//! [`evaluate`] embeds what a set of questions needs and scores it.
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `gpu` | the wgpu engine and the choice between CPU and GPU | yes |
//! | `caption` | caption edits, with their lexicon | yes |
//! | `world` | the synthetic world | with `evaluate` |
//! | `evaluate` | questions, benchmarks and their evaluation | yes |
//!
//! With `default-features = false` only checkpoints, the CPU engine and metrics are compiled.

pub use cliprobe_clip as clip;
pub use cliprobe_engine as engine;
pub use cliprobe_score as score;
pub use cliprobe_score::hierarchy;

#[cfg(feature = "caption")]
pub use cliprobe_caption as caption;
#[cfg(feature = "gpu")]
pub use cliprobe_engine::choice;
#[cfg(feature = "evaluate")]
pub use cliprobe_evaluate as evaluate;
#[cfg(feature = "evaluate")]
pub use cliprobe_probe as probe;
#[cfg(feature = "world")]
pub use cliprobe_world as world;

/// Embeddings of images and captions from a checkpoint: most callers need nothing else.
pub mod facade {
    pub use cliprobe_engine::clip::*;
    #[cfg(feature = "evaluate")]
    pub use cliprobe_evaluate::draw_scene;
}
