//! Evaluation: embeds what a set of questions needs, and scores it.

mod scene;

pub use scene::draw_scene;
