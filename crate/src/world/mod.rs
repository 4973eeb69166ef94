//! Tableau: a synthetic world whose truth is known.
//!
//! A [`Scene`] is plain numbers: a few things, each with a noun, a colour, a size and a place,
//! on a ground. [`draw`] turns it into a picture; a [`Claim`] is what a caption says of it, its
//! [`Display`](std::fmt::Display) is the caption's English, and [`Claim::verdict`] decides
//! whether it is so without knowing how it was made. Around these, [`Level`] makes true claims at
//! every level of detail, [`HardNegative`] and [`HardPositive`] edit them, [`web_caption`] and
//! [`dense_caption`] write training captions, and [`probes`] asks.
//!
//! The same seed is the same scene, with the same captions, everywhere and for good, as long as
//! the vocabulary stands; [`Split`] keeps what is trained on and what is asked apart.

mod body;
mod caption;
mod claim;
mod draw;
mod edit;
mod grammar;
mod probe;
mod scene;
mod vocabulary;

pub use caption::{Level, WebCaptionParams, dense_caption, web_caption};
pub use claim::{Claim, Concept, Description, Verdict, relation_between, verdict_of_relation};
pub use draw::{DrawError, MAX_PICTURE_SIDE, Picture, draw};
pub use edit::{HardNegative, HardPositive};
pub use probe::{
    Caption, CaptionKind, PageProbe, ProbeKind, Probes, WorldProbe, captions_to_ask, probes,
    sample_probe_for_page,
};
pub use scene::{
    Hold, Host, MAX_SHADE, MAX_THINGS, MAX_TURN, SIDE, Scene, SceneError, SceneParams, Split, Thing,
};
pub use vocabulary::{Category, Colour, Domain, Ground, Noun, Pattern, Relation, Size, Style};
