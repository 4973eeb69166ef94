//! CLIP in Rust, for one question: does this model understand how words combine?
//!
//! This crate is the facade: it re-exports the floors below and holds no code of its own.
//! Data flows in one direction: checkpoint → [`clip`] → [`engine`] → embeddings → [`score`].
//! Questions come from [`probe`], whose sets are read from a benchmark's files, or from the
//! generated world of [`world`], whose truth is known; [`caption`] edits captions, and
//! [`evaluate`] embeds what a set of questions needs and scores it.
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `gpu` | the wgpu engine and the choice between CPU and GPU | yes |
//! | `caption` | caption edits, with their lexicon | yes |
//! | `world` | the generated world | with `evaluate` |
//! | `evaluate` | questions, benchmarks and their evaluation | yes |
//!
//! With `default-features = false` only checkpoints, the CPU engine and metrics are compiled.
//!
//! # Example
//! Rank captions for an image. `examples/` has programs that do so for files, evaluate questions of one's
//! own, and embed a folder.
//! ```
//! use cliprobe::clip::Checkpoint;
//! use cliprobe::clip::checkpoint::Overrides;
//! use cliprobe::facade::Clip;
//! use cliprobe::score::{cosine, rank};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
//! # let (model, image) = (root.join("models/default.gguf"), root.join("tests/golden/images/03_small_100x80.png"));
//! // A GGUF file, or a directory in Hugging Face's or OpenCLIP's form.
//! let checkpoint = Checkpoint::open(&model, &Overrides::default())?;
//! let clip = Clip::on_cpu(&checkpoint, &mut |tensors_read, all| {})?;
//!
//! let captions = ["a red cat on a table", "a table on a red cat"];
//! let image = clip.prepare(&std::fs::read(image)?)?;
//! let image = pollster::block_on(clip.encode_prepared(&[image]))?;
//! let texts = pollster::block_on(clip.encode_texts(&captions, &mut |texts_done| {}))?;
//!
//! // Embeddings have length 1: their cosine is their product.
//! let cosines: Vec<f32> = texts.embeddings.rows().map(|text| cosine(image.row(0), text)).collect();
//! let ranking = rank(&cosines);
//! assert_eq!(ranking.len(), 2);
//! assert!(ranking[0].cosine >= ranking[1].cosine);
//! # Ok(())
//! # }
//! ```

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
///
/// What reaches the model can be looked at, too:
/// ```
/// use cliprobe::clip::Checkpoint;
/// use cliprobe::clip::checkpoint::Overrides;
/// use cliprobe::facade::{Clip, description};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let model = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/default.gguf"));
/// let checkpoint = Checkpoint::open(model, &Overrides::default())?;
/// let clip = Clip::on_cpu(&checkpoint, &mut |_, _| {})?;
/// let tokens = clip.tokenizer().encode("a red cat")?;
/// assert_eq!(clip.tokenizer().pieces(&tokens.ids).len(), tokens.ids.len());
/// assert!(!tokens.truncated());
/// // What stands in every result file: activation, types of the tensors, preprocessing, engine …
/// assert_eq!(description(&checkpoint, Some(&clip))?["engine"], "cpu");
/// # Ok(())
/// # }
/// ```
pub mod facade {
    pub use cliprobe_engine::clip::*;
    #[cfg(feature = "evaluate")]
    pub use cliprobe_evaluate::draw_scene;
}
