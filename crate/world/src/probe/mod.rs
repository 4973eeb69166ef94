//! What is asked of a model: scenes with captions whose truth is known.

mod captions;
mod images;
mod page;

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::caption::{Level, dense_caption};
use super::chain::{Chain, chain};
use super::claim::Claim;
use super::edit::{HardNegative, HardPositive};
use super::grammar::Statement;
use super::held_out::Combination;
use super::sample::SceneParams;
use super::scene::{Scene, Split, Stream};

pub use images::SentencePart;
pub use page::{PageProbe, captions_to_ask, sample_probe_for_page};

/// A question about images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// One thing: which of all nouns is it?
    Noun,
    /// One thing: which of all colours and nouns is it?
    ColourNoun,
    /// One thing: which of all categories is it of?
    Category,
    /// One thing: which of all domains is it of?
    Domain,
    /// “a red cat and a blue car” or “a blue cat and a red car”?
    SwapAttribute,
    /// “a red cat to the left of a blue car” or “a blue car to the left of a red cat”?
    SwapObject,
    /// “a red cat and a blue car” or “a red dog and a blue car”?
    ReplaceObject,
    /// “a red cat and a blue car” or “a red cat and a green car”?
    ReplaceAttribute,
    /// “a red cat to the left of a blue car” or “a red cat above a blue car”?
    ReplaceRelation,
    /// “two red apples” or “three red apples”?
    ReplaceCount,
    /// “a red cat and a blue car” or “a red cat, a blue car and a green tree”?
    AddObject,
    /// “a cat and a car” or “a cat and a green car”?
    AddAttribute,
    /// “a red cat and a blue car” and its swapped conjuncts, or the swapped colours?
    SwapConjuncts,
    /// “a red cat to the left of a blue car” and its converse, or the swapped things?
    Converse,
    /// “a red dog chasing a blue cat” and “a blue cat chased by a red dog”, or “a red dog chased
    /// by a blue cat”?
    Passive,
    /// “a red rabbit and a blue car” and “a red bunny and a blue car”, or “a red fish and a blue
    /// car”?
    Synonyms,
    /// “a dog chasing a cat”: which of two images? In the other one is another subject, verb or
    /// object.
    Svo,
    /// “a dog chasing a cat” and “a cat chasing a dog”, or “a red cat and a blue dog” and “a blue
    /// cat and a red dog”: which sentence for which of two images?
    Square,
    /// From “an animal” to everything about it: in what order, and found by what image?
    Chain,
    /// Which of all full captions for which of all images?
    Retrieval,
}

impl ProbeKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Noun,
        Self::ColourNoun,
        Self::Category,
        Self::Domain,
        Self::SwapAttribute,
        Self::SwapObject,
        Self::ReplaceObject,
        Self::ReplaceAttribute,
        Self::ReplaceRelation,
        Self::ReplaceCount,
        Self::AddObject,
        Self::AddAttribute,
        Self::SwapConjuncts,
        Self::Converse,
        Self::Passive,
        Self::Synonyms,
        Self::Svo,
        Self::Square,
        Self::Chain,
        Self::Retrieval,
    ];

    /// As JSON and the names of sets write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Noun => "noun",
            Self::ColourNoun => "colour_noun",
            Self::Category => "category",
            Self::Domain => "domain",
            Self::SwapAttribute => "swap_attribute",
            Self::SwapObject => "swap_object",
            Self::ReplaceObject => "replace_object",
            Self::ReplaceAttribute => "replace_attribute",
            Self::ReplaceRelation => "replace_relation",
            Self::ReplaceCount => "replace_count",
            Self::AddObject => "add_object",
            Self::AddAttribute => "add_attribute",
            Self::SwapConjuncts => "swap_conjuncts",
            Self::Converse => "converse",
            Self::Passive => "passive",
            Self::Synonyms => "synonyms",
            Self::Svo => "svo",
            Self::Square => "square",
            Self::Chain => "chain",
            Self::Retrieval => "retrieval",
        }
    }
}

/// Where a caption comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)] // in JSON just the inner word: no two kinds share one
pub enum CaptionKind {
    /// Made from the scene.
    Level(Level),
    /// Edited to be false.
    HardNegative(HardNegative),
    /// Edited to stay true.
    HardPositive(HardPositive),
}

/// A caption of a scene, with its truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// Its English.
    pub text: String,
    /// Its meaning.
    pub claim: Claim,
    /// Where it comes from.
    pub kind: CaptionKind,
    /// Whether it is true of the scene. Where it is not, it is plainly false, never unclear.
    pub holds: bool,
}

impl Caption {
    fn new(claim: Claim, kind: CaptionKind, scene: &Scene) -> Self {
        Self {
            text: claim.to_string(),
            holds: claim.holds(scene),
            claim,
            kind,
        }
    }

    fn reworded(statement: Statement, kind: HardPositive, scene: &Scene) -> Self {
        Self {
            text: statement.to_string(),
            holds: statement.claim.holds(scene),
            claim: statement.claim,
            kind: CaptionKind::HardPositive(kind),
        }
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldProbe {
    /// Which of the captions are true of the scene?
    Captions {
        /// What is shown.
        scene: Scene,
        /// What is true of it: `c`, and `c_p` for the kinds that have a hard positive.
        positives: Vec<Caption>,
        /// What is false of it: one caption `c_n`, or all the other words in vocabulary order.
        negatives: Vec<Caption>,
    },
    /// Which of two scenes is the caption true of?
    Images {
        /// What is said: true of the right scene, false of the wrong one.
        caption: Claim,
        /// The scene that it is true of.
        right: Scene,
        /// The other.
        wrong: Scene,
        /// What is different there.
        part: SentencePart,
    },
    /// Which caption is true of which scene?
    Square {
        /// What is shown.
        scenes: [Scene; 2],
        /// The same words in another order, each true of the scene in its place and false of the
        /// other.
        captions: [Claim; 2],
    },
    /// Four captions, from the most general to the most specific.
    Chain {
        /// What is shown.
        scene: Scene,
        /// What is said of it, and what contradicts that.
        chain: Box<Chain>,
    },
    /// One image and its caption among many.
    Pair {
        /// What is shown.
        scene: Scene,
        /// Everything that is to be said of it.
        caption: Claim,
    },
}

/// The probes of a set, made as they are asked for.
#[derive(Clone, Debug)]
pub struct Probes {
    kind: ProbeKind,
    combination: Combination,
    seeds: ChaCha8Rng,
    left: usize,
}

/// `n` probes of a kind. The same kind, combination and seed give the same probes, and a longer set
/// begins with the shorter one. Scenes are of [`Split::Evaluation`]: of one thing for recognition,
/// of two, different in colour, for most others.
pub fn probes(kind: ProbeKind, combination: Combination, seed: u64, n: usize) -> Probes {
    Probes {
        kind,
        combination,
        seeds: Stream::Probes.of(seed),
        left: n,
    }
}

impl Iterator for Probes {
    type Item = WorldProbe;

    fn next(&mut self) -> Option<WorldProbe> {
        self.left = self.left.checked_sub(1)?;
        // Most seeds will do where training's combinations are asked about, one in a few else.
        loop {
            let seed = Split::Evaluation.seed(self.seeds.next_u64());
            if let Some(probe) = try_probe(self.kind, self.combination, seed) {
                return Some(probe);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Probes {}

/// The probe of a seed, if its scene allows one.
fn try_probe(kind: ProbeKind, combination: Combination, seed: u64) -> Option<WorldProbe> {
    match kind {
        ProbeKind::Noun | ProbeKind::ColourNoun | ProbeKind::Category | ProbeKind::Domain => {
            captions::recognition(kind, combination, seed)
        }
        ProbeKind::Svo => images::sentence_pair(combination, seed),
        ProbeKind::Square => images::square(combination, seed),
        ProbeKind::Chain => {
            let params = SceneParams {
                thing_weights: [1, 2, 1, 0],
                ..SceneParams::default()
            };
            let scene = Scene::sample(seed, &params.of(combination));
            let chain = Box::new(chain(&scene, &mut scene.caption_rng())?);
            is_about(combination, &chain.tiers[3], &scene)
                .then_some(WorldProbe::Chain { scene, chain })
        }
        ProbeKind::Retrieval => {
            let params = SceneParams {
                thing_weights: [0, 2, 1, 1],
                ..SceneParams::default()
            };
            let scene = Scene::sample(seed, &params.of(combination));
            let caption = dense_caption(&scene, &mut scene.caption_rng());
            is_about(combination, &caption, &scene).then_some(WorldProbe::Pair { scene, caption })
        }
        _ => captions::choice(kind, combination, seed),
    }
}

/// Whether a probe with this true caption belongs to the set. Where the caption says nothing that
/// could be held out, what the scene shows decides.
fn is_about(combination: Combination, caption: &Claim, scene: &Scene) -> bool {
    let combines =
        !caption.facts().is_empty() || caption.things.iter().any(|thing| thing.colour.is_some());
    match combination {
        Combination::Seen => !scene.shows_held_out(),
        Combination::HeldOut if combines => caption.says_held_out(),
        Combination::HeldOut => scene.shows_held_out(),
    }
}
