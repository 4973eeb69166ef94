//! Tableau: a generated world whose truth is known.
//!
//! A [`Scene`] is plain numbers: a few things, each with a noun, a colour, a pattern, a size and a
//! place, on a ground. [`draw`] turns it into an image; a [`Claim`] is what a caption says of it,
//! a [`Wording`] how, and [`Claim::verdict`] decides whether it is so without knowing how it was
//! made. Around these, [`Level`] makes true claims at every level of detail, [`HardNegative`] and
//! [`HardPositive`] edit them, [`chain`] orders them from the general to the specific,
//! [`web_caption`] and [`dense_caption`] write training captions, and [`probes`] asks.
//! docs/tableau.md says what there is, how often, and by what rules it is true.
//!
//! The same seed is the same scene, with the same captions, everywhere and for good, as long as
//! the vocabulary stands; [`Split`] keeps what is trained on and what is asked apart, and
//! [`Combination`] keeps colours of nouns and relations between nouns apart that training never
//! shows together.

mod body;
mod caption;
mod chain;
mod claim;
mod draw;
mod edit;
mod geometry;
mod grammar;
mod held_out;
mod layout;
mod mention;
mod probe;
mod relate;
mod relation;
mod sample;
mod scene;
mod synonyms;
mod truth;
mod vocabulary;
mod words;

pub use caption::{Level, WebCaptionParams, dense_caption, web_caption};
pub use chain::{Chain, chain};
pub use claim::{Claim, Concept, Description, Fact};
pub use draw::{DrawError, Image, MAX_IMAGE_SIDE, draw};
pub use edit::{HardNegative, HardPositive, any_hard_positive};
pub use grammar::{Statement, Template, Wording, WordingParams};
pub use held_out::{Combination, is_pair_held_out, is_triple_held_out};
pub use probe::{
    Caption, CaptionKind, PageProbe, ProbeKind, Probes, SentencePart, WorldProbe, captions_to_ask,
    probes, sample_probe_for_page,
};
pub use relate::{RelateError, Related, related};
pub use relation::Relation;
pub use sample::{ArrangementWeights, SceneParams};
pub use scene::{
    Hold, Host, MAX_SHADE, MAX_THINGS, MAX_TURN, SIDE, Scene, SceneError, Split, Thing,
};
pub use truth::{Verdict, verdict_of_between, verdict_of_relation};
pub use vocabulary::{Category, Colour, Domain, Ground, Noun, Pattern, Size, Style};
pub use words::captions_of_every_word;
