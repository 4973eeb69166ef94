//! Evaluation: embeds what sets of questions need, each image and text once, and scores them.
//!
//! The one pipeline of the command, the page, the trainer's evaluation and the sweep. It goes in steps,
//! so that whoever drives it can pause between them:
//!
//! 1. [`Plan::new`] finds the distinct images of all sets among the files at hand;
//! 2. [`Job::embed_images`] embeds the images that the caller hands over, in any number at a time;
//! 3. [`Job::plan_texts`] and [`Job::embed_texts`] do the same for the texts that are still needed;
//! 4. [`Job::rows`] and [`score`] give one set's answers; [`finish`] adds averages over sets.
//!
//! [`run`] takes all steps for a caller who can wait, and tells a callback how far it is. A [`Cache`]
//! keeps embeddings between runs. This crate knows no screen, no file dialog and no command line: who
//! drives it finds and reads files.

mod cache;
mod job;
mod parallel;
mod plan;
mod run;
mod scene;
mod score;

pub use cache::{Cache, Key, Memory, model_key};
pub use job::{Error, Job, Model, decode};
pub use plan::{Plan, PlannedImage, Shown};
pub use run::{ImageFiles, Progress, Question, Stage, run};
pub use scene::draw_scene;
pub use score::{Row, SetRows, finish, score};
