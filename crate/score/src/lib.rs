//! From embeddings and similarities to metrics: pure functions, no engine, no files.
//!
//! Similarities come in as plain `f32`, results go out as plain data to be serialised. Per item
//! there is a small value ([`Choice`], [`Square`], [`HardPositive`], [`Classified`],
//! [`Placement`]) that says what was answered and by what margin; over items there is a score
//! made of [`Accuracy`]s, each with its 95 % interval, its chance level, its number of ties and
//! the rule that resolved them.
//!
//! | probe | per item | over items |
//! |---|---|---|
//! | caption or image choice | [`choose`] | [`Accuracy::count`]; [`SugarCrepe`], [`Grouped`] |
//! | two captions, two images | [`Square::new`] | [`SquareScore`] |
//! | caption, hard positive, hard negative | [`HardPositive::new`] | [`HardPositiveScore`], [`HardPositiveAverage`] |
//! | classification | [`classify`], with [`mean_direction`] for class weights | [`ClassificationScore`] |
//! | retrieval | [`Relevance::place_block`] | [`RetrievalScore`] |
//!
//! Two models over the same items: [`PairedComparison`], [`PairedMean`]; many tests: [`holm`].
//!
//! A similarity that is NaN or infinite is an error that names the item: every comparison with
//! NaN is false, so it would silently count as wrong.

mod accuracy;
mod aro;
mod choice;
mod classification;
mod comparison;
mod embeddings;
mod error;
mod grouped;
mod hard_positive;
pub mod hierarchy;
mod paired_mean;
mod placement;
mod ranking;
mod retrieval;
mod square;
mod sugar_crepe;
mod svo;
#[cfg(test)]
mod tests;
mod text_triple;

pub(crate) use accuracy::Z95;
pub use accuracy::{Accuracy, Estimate, Interval, Outcome, wilson};
pub use aro::{SYMMETRIC_RELATIONS, VG_ATTRIBUTION_LEAST};
pub use choice::{Choice, TieRule, choose};
pub use classification::{ClassRecall, ClassificationScore, Classified, classify};
pub use comparison::{Difference, PairedComparison, mcnemar, paired_difference};
pub use embeddings::{mean_direction, similarities};
pub use error::ScoreError;
pub use grouped::{Group, Grouped};
pub use hard_positive::{
    HardPositive, HardPositiveAverage, HardPositiveCounts, HardPositiveOutcome, HardPositiveScore,
    HardPositiveSimilarities,
};
pub use paired_mean::{PairedMean, holm};
pub use placement::Placement;
pub use ranking::{Ranked, cosine, rank, softmax};
pub use retrieval::{RecallAt, Relevance, RetrievalScore};
pub use square::{GroupMatch, Square, SquareScore};
pub use sugar_crepe::{SugarCrepe, SugarCrepeCategory, SugarCrepeCoarse, SugarCrepeSubset};
pub use svo::NegatedPart;
pub use text_triple::{TextTriple, TextTripleSimilarities};
