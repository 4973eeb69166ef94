//! What the page asks about a scene.

use std::collections::HashSet;

use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::super::caption::Level;
use super::super::edit::{HardNegative, HardPositive};
use super::super::sample::SceneParams;
use super::super::scene::{Scene, Split};
use super::captions::edits;
use super::{Caption, CaptionKind, ProbeKind};

/// What probes ask about a scene, each caption once: those of every kind that edits captions, as far
/// as the scene allows them, and what it shows at some levels. A scene of two things from [`probes`](super::probes)
/// gets its own captions among others.
pub fn captions_to_ask(scene: &Scene) -> Vec<Caption> {
    let mut captions: Vec<Caption> = Vec::new();
    let mut add = |caption: Caption| {
        if captions.iter().all(|other| other.text != caption.text) {
            captions.push(caption);
        }
    };
    for recipe in ProbeKind::ALL.iter().filter_map(|kind| kind.recipe()) {
        let edited = edits(scene, recipe);
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

/// A scene with captions to rank, for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageProbe {
    /// What is shown.
    pub scene: Scene,
    /// Five to nine captions, all different, some true and some false, in an order chosen by
    /// lot.
    pub captions: Vec<Caption>,
}

/// What the page shows for a seed: a scene of [`Split::Exhibition`] with a true caption, its
/// rewordings, its hard negatives, and something more general. Held-out combinations are among
/// them.
pub fn sample_probe_for_page(seed: u64) -> PageProbe {
    let params = SceneParams {
        thing_weights: [1, 4, 2, 1],
        distinct_colours: true,
        held_out: true,
        ..SceneParams::default()
    };
    let scene = Scene::sample(Split::Exhibition.seed(seed), &params);
    let mut rng = scene.caption_rng();
    let mut captions: Vec<Caption> = Vec::new();
    let general = if rng.random() {
        Level::Category
    } else {
        Level::ColourThing
    };
    let base = [Level::Related, Level::Count, Level::ColourNoun]
        .into_iter()
        .find_map(|level| Some((level, level.claim(&scene, &mut rng)?)));
    if let Some((level, base)) = base {
        let mut edited: Vec<Caption> = Vec::new();
        for &kind in HardPositive::ALL {
            let statement = kind.of(&base, &mut rng);
            edited.extend(statement.map(|said| Caption::reworded(said, kind, &scene)));
        }
        edited.shuffle(&mut rng);
        edited.truncate(MOST_REWORDINGS);
        let mut kinds = negatives(level).to_vec();
        kinds.shuffle(&mut rng);
        let false_claims = kinds
            .into_iter()
            .filter_map(|kind| Some((kind, kind.of(&base, &scene, &mut rng)?)))
            .map(|(kind, claim)| Caption::new(claim, CaptionKind::HardNegative(kind), &scene))
            .take(MOST_NEGATIVES);
        captions.extend(false_claims);
        captions.extend(edited);
        captions.push(Caption::new(base, CaptionKind::Level(level), &scene));
    }
    for level in [general, Level::Full] {
        let claim = level.claim(&scene, &mut rng);
        captions.extend(claim.map(|claim| Caption::new(claim, CaptionKind::Level(level), &scene)));
    }
    let mut seen = HashSet::new();
    captions.retain(|caption| seen.insert(caption.text.clone()));
    captions.shuffle(&mut rng);
    PageProbe { scene, captions }
}

const MOST_REWORDINGS: usize = 2;
const MOST_NEGATIVES: usize = 4;

const fn negatives(level: Level) -> &'static [HardNegative] {
    match level {
        Level::Related => &[
            HardNegative::SwapAttribute,
            HardNegative::SwapObject,
            HardNegative::ReplaceRelation,
            HardNegative::ReplaceObject,
            HardNegative::SwapVoice,
        ],
        Level::Count => &[
            HardNegative::ReplaceCount,
            HardNegative::ReplaceObject,
            HardNegative::ReplaceAttribute,
            HardNegative::AddObject,
        ],
        _ => &[
            HardNegative::ReplaceObject,
            HardNegative::ReplaceAttribute,
            HardNegative::AddObject,
            HardNegative::AddAttribute,
        ],
    }
}
