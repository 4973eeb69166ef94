//! One image and several captions.

use super::super::caption::Level;
use super::super::claim::{Claim, Concept, Description};
use super::super::edit::{HardNegative, HardPositive};
use super::super::held_out::Combination;
use super::super::relation::Relation;
use super::super::sample::{ArrangementWeights, SceneParams};
use super::super::scene::Scene;
use super::super::vocabulary::{Category, Colour, Domain, Noun};
use super::{Caption, CaptionKind, ProbeKind, WorldProbe, is_about};

/// The level of a true caption, the hard negative that makes the false one, and the hard positive
/// that makes a second true one.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) level: Level,
    pub(super) negative: HardNegative,
    pub(super) positive: Option<HardPositive>,
}

impl ProbeKind {
    /// `None` for the kinds that are no choice between two captions.
    pub(super) const fn recipe(self) -> Option<Recipe> {
        let (level, negative, positive) = match self {
            Self::SwapAttribute => (Level::Pair, HardNegative::SwapAttribute, None),
            Self::SwapObject => (Level::Related, HardNegative::SwapObject, None),
            Self::ReplaceObject => (Level::Pair, HardNegative::ReplaceObject, None),
            Self::ReplaceAttribute => (Level::Pair, HardNegative::ReplaceAttribute, None),
            Self::ReplaceRelation => (Level::Related, HardNegative::ReplaceRelation, None),
            Self::ReplaceCount => (Level::Count, HardNegative::ReplaceCount, None),
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
            Self::Passive => (
                Level::Related,
                HardNegative::SwapVoice,
                Some(HardPositive::Passive),
            ),
            Self::Synonyms => (
                Level::Pair,
                HardNegative::ReplaceObject,
                Some(HardPositive::Synonyms),
            ),
            _ => return None,
        };
        Some(Recipe {
            level,
            negative,
            positive,
        })
    }

    /// Two things of different colour that can be told apart, so arranged that there is what the
    /// kind asks about; things alike where it asks about their number.
    fn scenes(self) -> SceneParams {
        let everyday = ArrangementWeights::default();
        let arrangements = match self {
            Self::Passive => ArrangementWeights {
                riding: 1,
                carrying: 1,
                chasing: 1,
                facing: 1,
                ..ArrangementWeights::none()
            },
            Self::ReplaceCount => ArrangementWeights {
                group: 1,
                ..ArrangementWeights::none()
            },
            _ => ArrangementWeights {
                group: 0,
                ..everyday
            },
        };
        SceneParams {
            thing_weights: match self {
                Self::ReplaceCount => [0, 1, 2, 1],
                _ => [0, 1, 0, 0],
            },
            arrangements,
            distinct_colours: true,
            ..SceneParams::default()
        }
    }
}

/// Which of all words?
pub(super) fn recognition(
    kind: ProbeKind,
    combination: Combination,
    seed: u64,
) -> Option<WorldProbe> {
    let scene = Scene::sample(seed, &SceneParams::exactly(1).of(combination));
    let nouns = || Noun::ALL.iter().copied().map(Concept::Noun);
    let (level, descriptions): (Level, Vec<Description>) = match kind {
        ProbeKind::ColourNoun => {
            let coloured = nouns().flat_map(|concept| {
                Colour::ALL.iter().map(move |&colour| Description {
                    colour: Some(colour),
                    ..Description::of(concept)
                })
            });
            (Level::ColourNoun, coloured.collect())
        }
        ProbeKind::Category => {
            let all = Category::ALL.iter().copied().map(Concept::Category);
            (Level::Category, all.map(Description::of).collect())
        }
        ProbeKind::Domain => {
            let all = Domain::ALL.iter().copied().map(Concept::Domain);
            (Level::Domain, all.map(Description::of).collect())
        }
        _ => (Level::Noun, nouns().map(Description::of).collect()),
    };
    let (positives, negatives): (Vec<Caption>, Vec<Caption>) = descriptions
        .into_iter()
        .map(|description| {
            let claim = Claim::list(vec![description]);
            Caption::new(claim, CaptionKind::Level(level), &scene)
        })
        .partition(|caption| caption.holds);
    is_about(combination, &positives.first()?.claim, &scene).then_some(WorldProbe::Captions {
        scene,
        positives,
        negatives,
    })
}

/// A true caption and a false one, or two true ones and a false one.
pub(super) fn choice(kind: ProbeKind, combination: Combination, seed: u64) -> Option<WorldProbe> {
    let scene = Scene::sample(seed, &kind.scenes().of(combination));
    let mut positives = edits(&scene, kind.recipe()?)?;
    if !is_about(combination, &positives[0].claim, &scene) {
        return None;
    }
    let negatives = positives.split_off(positives.len() - 1);
    Some(WorldProbe::Captions {
        scene,
        positives,
        negatives,
    })
}

/// A true caption of a level, its hard positive where one is asked for, and last its hard negative.
pub(super) fn edits(scene: &Scene, recipe: Recipe) -> Option<Vec<Caption>> {
    let Recipe {
        level,
        negative,
        positive,
    } = recipe;
    let mut rng = scene.caption_rng();
    let base = level.claim(scene, &mut rng)?;
    // Said plainly first: what is asked is whether the other voice says the same.
    let passive = |relation: Relation| relation.is_verb() && !Relation::DIRECT.contains(&relation);
    if positive == Some(HardPositive::Passive)
        && base.relations.iter().flatten().any(|&r| passive(r))
    {
        return None;
    }
    let false_claim = negative.of(&base, scene, &mut rng)?;
    let reworded = match positive {
        Some(positive) => {
            let statement = positive.of(&base, &mut rng)?;
            Some(Caption::reworded(statement, positive, scene))
        }
        None => None,
    };
    let mut captions = vec![Caption::new(base, CaptionKind::Level(level), scene)];
    captions.extend(reworded);
    let kind = CaptionKind::HardNegative(negative);
    captions.push(Caption::new(false_claim, kind, scene));
    Some(captions)
}
