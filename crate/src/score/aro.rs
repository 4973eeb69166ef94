//! ARO's two Visual Genome sets, averaged as its authors do. The Order sets are plain accuracies.

use super::{Grouped, Outcome, ScoreError, TieRule};

/// A class of VG-Attribution counts from this many items on (ARO's notebook; CLoVe alike).
pub const VG_ATTRIBUTION_LEAST: usize = 25;

/// VG-Relation: the mean over relations of their accuracies, without the [symmetric
/// relations](SYMMETRIC_RELATIONS), for which both captions are true. No least number of items.
/// `outcomes` are (`relation_name`, outcome).
///
/// With the symmetric relations, or per item, it is another number (some papers give those).
///
/// # Errors
/// [`ScoreError::NoItems`] if no relation remains.
pub fn vg_relation<N: AsRef<str>>(
    outcomes: impl IntoIterator<Item = (N, Outcome)>,
    tie_rule: TieRule,
) -> Result<Grouped, ScoreError> {
    Grouped::new("ARO VG-Relation", outcomes, tie_rule, |group| {
        !is_symmetric(&group.name)
    })
}

/// VG-Attribution: the mean over ordered pairs of attributes (`{attribute 0}_{attribute 1}`) that
/// have at least [`VG_ATTRIBUTION_LEAST`] items. `outcomes` are (pair, outcome).
///
/// Where items were dropped (`--limit`, missing pictures) fewer pairs reach that number: say so.
///
/// # Errors
/// [`ScoreError::NoItems`] if no pair has that many.
pub fn vg_attribution<N: AsRef<str>>(
    outcomes: impl IntoIterator<Item = (N, Outcome)>,
    tie_rule: TieRule,
) -> Result<Grouped, ScoreError> {
    Grouped::new("ARO VG-Attribution", outcomes, tie_rule, |group| {
        group.accuracy.n >= VG_ATTRIBUTION_LEAST
    })
}

/// Whether a relation holds both ways in the eyes of ARO's authors.
pub fn is_symmetric(relation: &str) -> bool {
    SYMMETRIC_RELATIONS.binary_search(&relation).is_ok()
}

/// The 157 relations that VG-Relation leaves out, sorted: the list in the ARO notebook
/// (mertyg/vision-language-models-are-bows), the same as `AroVgRelation.SYMMETRIC_RELATIONSHIPS`
/// of Netflix/clove.
#[rustfmt::skip]
pub const SYMMETRIC_RELATIONS: [&str; 157] = [
    "adjusting",
    "around",
    "attached to",
    "beside",
    "between",
    "bigger than",
    "biting",
    "boarding",
    "brushing",
    "by",
    "chewing",
    "cleaning",
    "climbing",
    "close to",
    "coming from",
    "coming out of",
    "contain",
    "crossing",
    "dragging",
    "draped over",
    "drinking",
    "drinking from",
    "driving",
    "driving down",
    "driving on",
    "eating from",
    "eating in",
    "enclosing",
    "exiting",
    "facing",
    "filled with",
    "floating in",
    "floating on",
    "flying",
    "flying above",
    "flying in",
    "flying over",
    "flying through",
    "full of",
    "going down",
    "going into",
    "going through",
    "grazing in",
    "growing in",
    "growing on",
    "guiding",
    "hanging from",
    "hanging in",
    "hanging off",
    "hanging over",
    "higher than",
    "holding onto",
    "hugging",
    "in between",
    "jumping off",
    "jumping on",
    "jumping over",
    "kept in",
    "larger than",
    "leading",
    "leaning over",
    "leaving",
    "licking",
    "longer than",
    "looking in",
    "looking into",
    "looking out",
    "looking over",
    "looking through",
    "lying next to",
    "lying on top of",
    "making",
    "mixed with",
    "mounted on",
    "moving",
    "near",
    "next to",
    "of",
    "on the back of",
    "on the edge of",
    "on the front of",
    "on the other side of",
    "on the side of",
    "opening",
    "painted on",
    "parked at",
    "parked beside",
    "parked by",
    "parked in",
    "parked in front of",
    "parked near",
    "parked next to",
    "perched on",
    "petting",
    "piled on",
    "playing",
    "playing in",
    "playing on",
    "playing with",
    "pouring",
    "reaching for",
    "reading",
    "reflected on",
    "riding on",
    "running in",
    "running on",
    "running through",
    "seen through",
    "sitting behind",
    "sitting beside",
    "sitting by",
    "sitting in front of",
    "sitting near",
    "sitting next to",
    "sitting under",
    "skiing down",
    "skiing on",
    "sleeping in",
    "sleeping on",
    "smiling at",
    "sniffing",
    "splashing",
    "sprinkled on",
    "stacked on",
    "standing against",
    "standing around",
    "standing behind",
    "standing beside",
    "standing in front of",
    "standing near",
    "standing next to",
    "staring at",
    "stuck in",
    "surrounding",
    "swimming in",
    "swinging",
    "talking to",
    "topped with",
    "touching",
    "traveling down",
    "traveling on",
    "tying",
    "typing on",
    "underneath",
    "wading in",
    "waiting for",
    "walking across",
    "walking by",
    "walking down",
    "walking next to",
    "walking through",
    "with",
    "working in",
    "working on",
    "worn on",
    "wrapped around",
    "wrapped in",
];
