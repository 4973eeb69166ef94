//! What is asked of a model: scenes with captions whose truth is known.

use rand::seq::SliceRandom;
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::caption::Level;
use super::claim::{Claim, Concept, Description};
use super::edit::{HardNegative, HardPositive};
use super::scene::{Scene, SceneParams, Split, Stream};
use super::vocabulary::{Colour, Noun};

/// A question about pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// One thing: which of all nouns is it?
    Noun,
    /// One thing: which of all colours and nouns is it?
    ColourNoun,
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
    /// “a red cat and a blue car” or “a red cat, a blue car and a green tree”?
    AddObject,
    /// “a cat and a car” or “a cat and a green car”?
    AddAttribute,
    /// “a red cat and a blue car” and its swapped conjuncts, or the swapped colours?
    SwapConjuncts,
    /// “a red cat to the left of a blue car” and its converse, or the swapped things?
    Converse,
}

impl ProbeKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Noun,
        Self::ColourNoun,
        Self::SwapAttribute,
        Self::SwapObject,
        Self::ReplaceObject,
        Self::ReplaceAttribute,
        Self::ReplaceRelation,
        Self::AddObject,
        Self::AddAttribute,
        Self::SwapConjuncts,
        Self::Converse,
    ];

    /// The level of the true caption, the hard negative that makes the false one, and the hard
    /// positive that makes a second true one. `None` where all other words are the negatives.
    const fn recipe(self) -> Option<(Level, HardNegative, Option<HardPositive>)> {
        let recipe = match self {
            Self::Noun | Self::ColourNoun => return None,
            Self::SwapAttribute => (Level::Pair, HardNegative::SwapAttribute, None),
            Self::SwapObject => (Level::Related, HardNegative::SwapObject, None),
            Self::ReplaceObject => (Level::Pair, HardNegative::ReplaceObject, None),
            Self::ReplaceAttribute => (Level::Pair, HardNegative::ReplaceAttribute, None),
            Self::ReplaceRelation => (Level::Related, HardNegative::ReplaceRelation, None),
            Self::AddObject => (Level::Pair, HardNegative::AddObject, None),
            Self::AddAttribute => (Level::NounPair, HardNegative::AddAttribute, None),
            Self::SwapConjuncts => (
                Level::Pair,
                HardNegative::SwapAttribute,
                Some(HardPositive::SwapConjuncts),
            ),
            Self::Converse => (
                Level::Related,
                HardNegative::SwapObject,
                Some(HardPositive::Converse),
            ),
        };
        Some(recipe)
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
}

/// One question: which of the captions are true of the scene?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldProbe {
    /// What is shown.
    pub scene: Scene,
    /// What is true of it: `c`, and `c_p` for the kinds that have a hard positive.
    pub positives: Vec<Caption>,
    /// What is false of it: one caption `c_n`, or all the other words in vocabulary order.
    pub negatives: Vec<Caption>,
}

/// The probes of a set, made as they are asked for.
#[derive(Clone, Debug)]
pub struct Probes {
    kind: ProbeKind,
    seeds: ChaCha8Rng,
    left: usize,
}

/// `n` probes of a kind. The same kind and seed give the same probes, and a longer set begins
/// with the shorter one. Scenes are of [`Split::Evaluation`], of one thing for recognition and
/// of two, different in colour, for the rest.
pub fn probes(kind: ProbeKind, seed: u64, n: usize) -> Probes {
    Probes {
        kind,
        seeds: Stream::Probes.of(seed),
        left: n,
    }
}

impl Iterator for Probes {
    type Item = WorldProbe;

    fn next(&mut self) -> Option<WorldProbe> {
        self.left = self.left.checked_sub(1)?;
        let seed = Split::Evaluation.seed(self.seeds.next_u64());
        let probe = match self.kind.recipe() {
            Some((level, negative, positive)) => pair_probe(seed, level, negative, positive)
                .expect("two plainly related things of different colour allow every edit"),
            None => recognition_probe(seed, self.kind == ProbeKind::ColourNoun),
        };
        Some(probe)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Probes {}

/// What probes ask about a scene, each caption once: those of every kind that edits captions, as far
/// as the scene allows them, and what it shows at some levels. A scene of two things from [`probes`]
/// gets its own captions among others.
pub fn captions_to_ask(scene: &Scene) -> Vec<Caption> {
    let mut captions: Vec<Caption> = Vec::new();
    let mut add = |caption: Caption| {
        if captions.iter().all(|other| other.text != caption.text) {
            captions.push(caption);
        }
    };
    for (level, negative, positive) in ProbeKind::ALL.iter().filter_map(|kind| kind.recipe()) {
        let edited = edits(scene, level, negative, positive);
        edited.into_iter().flatten().for_each(&mut add);
    }
    for level in [Level::Noun, Level::ColourNoun, Level::Full] {
        let claim = level.claim(scene, &mut scene.caption_rng());
        if let Some(claim) = claim {
            add(Caption::new(claim, CaptionKind::Level(level), scene));
        }
    }
    captions
}

fn recognition_probe(seed: u64, with_colour: bool) -> WorldProbe {
    let scene = Scene::sample(seed, &SceneParams::exactly(1));
    let (level, colours): (Level, Vec<Option<Colour>>) = if with_colour {
        let said = Colour::ALL.iter().copied().map(Some).collect();
        (Level::ColourNoun, said)
    } else {
        (Level::Noun, vec![None])
    };
    let (positives, negatives) = Noun::ALL
        .iter()
        .flat_map(|&noun| {
            colours.iter().map(move |&colour| Description {
                concept: Concept::Noun(noun),
                colour,
                size: None,
            })
        })
        .map(|description| {
            let claim = Claim::list(vec![description]);
            Caption::new(claim, CaptionKind::Level(level), &scene)
        })
        .partition(|caption| caption.holds);
    WorldProbe {
        scene,
        positives,
        negatives,
    }
}

fn pair_probe(
    seed: u64,
    level: Level,
    negative: HardNegative,
    positive: Option<HardPositive>,
) -> Option<WorldProbe> {
    let params = SceneParams {
        distinct_colours: true,
        ..SceneParams::exactly(2)
    };
    let scene = Scene::sample(seed, &params);
    let mut positives = edits(&scene, level, negative, positive)?;
    let negatives = positives.split_off(positives.len() - 1);
    Some(WorldProbe {
        scene,
        positives,
        negatives,
    })
}

/// A true caption of a level, its hard positive where one is asked for, and last its hard negative.
fn edits(
    scene: &Scene,
    level: Level,
    negative: HardNegative,
    positive: Option<HardPositive>,
) -> Option<Vec<Caption>> {
    let mut rng = scene.caption_rng();
    let base = level.claim(scene, &mut rng)?;
    let false_claim = negative.of(&base, scene, &mut rng)?;
    let reworded = match positive {
        Some(positive) => Some((positive.of(&base)?, CaptionKind::HardPositive(positive))),
        None => None,
    };
    let mut captions = vec![Caption::new(base, CaptionKind::Level(level), scene)];
    captions.extend(reworded.map(|(claim, kind)| Caption::new(claim, kind, scene)));
    let kind = CaptionKind::HardNegative(negative);
    captions.push(Caption::new(false_claim, kind, scene));
    Some(captions)
}

/// A scene with captions to rank, for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageProbe {
    /// What is shown.
    pub scene: Scene,
    /// Six to eight captions, all different, some true and some false, in an order chosen by
    /// lot.
    pub captions: Vec<Caption>,
}

/// What the page shows for a seed: a scene of [`Split::Exhibition`] with a true caption, its
/// rewordings, its hard negatives, and something more general.
pub fn sample_probe_for_page(seed: u64) -> PageProbe {
    let params = SceneParams {
        thing_weights: [1, 4, 2],
        distinct_colours: true,
    };
    let scene = Scene::sample(Split::Exhibition.seed(seed), &params);
    let mut rng = scene.caption_rng();
    let mut captions: Vec<Caption> = Vec::new();
    let mut add = |claim: Option<Claim>, kind: CaptionKind| {
        let Some(claim) = claim else { return };
        let caption = Caption::new(claim, kind, &scene);
        if captions.iter().all(|other| other.text != caption.text) {
            captions.push(caption);
        }
    };

    let several = scene.things.len() > 1;
    let general = if rng.random() {
        Level::Category
    } else {
        Level::ColourThing
    };
    let (level, others, negatives): (Level, &[Level], &[HardNegative]) = if several {
        (
            Level::Related,
            &[general, Level::Full],
            &[
                HardNegative::SwapAttribute,
                HardNegative::SwapObject,
                HardNegative::ReplaceRelation,
                HardNegative::ReplaceObject,
            ],
        )
    } else {
        (
            Level::ColourNoun,
            &[general, Level::Full],
            &[
                HardNegative::ReplaceObject,
                HardNegative::ReplaceAttribute,
                HardNegative::AddObject,
                HardNegative::AddAttribute,
            ],
        )
    };
    if let Some(base) = level.claim(&scene, &mut rng) {
        for &positive in HardPositive::ALL {
            add(positive.of(&base), CaptionKind::HardPositive(positive));
        }
        for &negative in negatives {
            let claim = negative.of(&base, &scene, &mut rng);
            add(claim, CaptionKind::HardNegative(negative));
        }
        add(Some(base), CaptionKind::Level(level));
    }
    for &level in others {
        add(level.claim(&scene, &mut rng), CaptionKind::Level(level));
    }
    captions.shuffle(&mut rng);
    PageProbe { scene, captions }
}
