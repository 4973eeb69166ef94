//! The radial geometry of embeddings, and texts in chains from general to specific.
//!
//! The caller has the embeddings already; nothing here needs a model.

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

use super::{error, scene_probe, to_js};
use cliprobe_probe::{Probes, read_hierarcaps};
use cliprobe_score::cosine;
use cliprobe_score::hierarchy::{
    Levels, RadiusKind, chain_geometry, exterior_angle, interpolated_traversal, radial_map, radii,
    score_traversal,
};
use cliprobe_world as world;

/// Chains of Tableau are the same here and in `cliprobe eval`.
const TABLEAU_SEED: u64 = 0;
/// Most chains that are made at once.
const MOST_CHAINS: usize = 1000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RadialMap {
    radii: Vec<f64>,
    directions: Vec<f64>,
    cosines: Vec<f32>,
    shown_variance: f64,
}

/// Places embeddings around the root. See `radialMap` in `types.ts`.
///
/// # Errors
/// A matrix that is no whole number of rows, or values that are not finite.
#[wasm_bindgen(js_name = radialMap, skip_typescript)]
pub fn map(embeddings: Vec<f32>, root: Vec<f32>, fitted: usize) -> Result<JsValue, JsError> {
    let map = radial_map(&embeddings, &root, fitted).map_err(error)?;
    to_js(&RadialMap {
        radii: map.points.iter().map(|point| point.radius).collect(),
        directions: map.points.iter().map(|point| point.direction).collect(),
        cosines: embeddings
            .chunks_exact(root.len().max(1))
            .map(|embedding| cosine(embedding, &root))
            .collect(),
        shown_variance: map.shown_variance,
    })
}

/// The exterior angle of each edge. See `exteriorAngles` in `types.ts`.
///
/// # Errors
/// An edge that names a row which is not there.
#[wasm_bindgen(js_name = exteriorAngles, skip_typescript)]
pub fn exterior_angles(
    embeddings: Vec<f32>,
    root: Vec<f32>,
    edges: Vec<u32>,
) -> Result<Vec<f64>, JsError> {
    let rows: Vec<&[f32]> = embeddings.chunks_exact(root.len().max(1)).collect();
    let row = |at: u32| {
        rows.get(at as usize)
            .copied()
            .ok_or_else(|| error(format!("an edge names row {at} of {}", rows.len())))
    };
    let (pairs, _) = edges.as_chunks::<2>();
    pairs
        .iter()
        .map(|&[general, specific]| {
            exterior_angle(&root, row(general)?, row(specific)?).map_err(error)
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TraversalOptions {
    levels: usize,
    radius: RadiusKind,
    #[serde(default)]
    truth: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TraversalStep {
    candidate: usize,
    level: usize,
    threshold: f64,
    radius: f64,
    cosine: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TraversalScore {
    precision: f64,
    recall: f64,
    order_aware_recall: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineStop {
    candidate: Option<usize>,
    weight: f64,
    cosine: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Traversal {
    steps: Vec<TraversalStep>,
    score: Option<TraversalScore>,
    line: Vec<LineStop>,
}

/// Walks between the root and an image. See `traverse` in `types.ts`.
///
/// # Errors
/// Numbers of texts and embeddings that disagree, no candidates, or a number of levels that is none.
#[wasm_bindgen(skip_typescript)]
pub fn traverse(
    image: Vec<f32>,
    root: Vec<f32>,
    candidates: Vec<f32>,
    texts: Vec<String>,
    options: JsValue,
) -> Result<JsValue, JsError> {
    let options: TraversalOptions = serde_wasm_bindgen::from_value(options).map_err(error)?;
    let TraversalOptions {
        levels,
        radius,
        truth,
    } = options;
    let radii = radii(&candidates, &root, radius).map_err(error)?;
    let similarities =
        cliprobe_score::similarities(&image, &candidates, root.len()).map_err(error)?;
    let steps = Levels::new(&radii, radius, levels)
        .and_then(|made| made.traverse(&similarities, &texts))
        .map_err(error)?;
    let line = interpolated_traversal(&image, &root, &candidates, &texts, levels.max(2))
        .map_err(error)?
        .into_iter()
        .map(|stop| LineStop {
            candidate: stop.candidate,
            weight: stop.weight,
            cosine: stop.similarity,
        })
        .collect();
    let score = (!truth.is_empty()).then(|| {
        let scored = score_traversal(steps.clone(), &texts, &truth);
        TraversalScore {
            precision: scored.precision,
            recall: scored.recall,
            order_aware_recall: scored.order_aware_recall,
        }
    });
    let steps = steps
        .into_iter()
        .map(|step| TraversalStep {
            candidate: step.candidate,
            level: step.level,
            threshold: step.threshold,
            radius: radii[step.candidate],
            cosine: step.similarity,
        })
        .collect();
    to_js(&Traversal { steps, score, line })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChainGeometry {
    radii: Vec<f64>,
    exterior_angles: Vec<f64>,
    order_correlation: f64,
    losses: Vec<TierLoss>,
}

#[derive(Serialize)]
struct TierLoss {
    entailed: f64,
    contradicted: f64,
    loss: f64,
}

/// Measures one chain. See `chainGeometry` in `types.ts`.
///
/// # Errors
/// Fewer than two tiers, or another number of contradictions than of steps.
#[wasm_bindgen(js_name = chainGeometry, skip_typescript)]
pub fn geometry(
    tiers: Vec<f32>,
    contradictions: Vec<f32>,
    root: Vec<f32>,
) -> Result<JsValue, JsError> {
    let found = chain_geometry(&tiers, &contradictions, &root).map_err(error)?;
    to_js(&ChainGeometry {
        radii: found.radii,
        exterior_angles: found.exterior_angles,
        order_correlation: found.order_correlation,
        losses: found
            .losses
            .into_iter()
            .map(|tier| TierLoss {
                entailed: tier.entailed,
                contradicted: tier.contradicted,
                loss: tier.loss(),
            })
            .collect(),
    })
}

#[derive(Serialize)]
struct TextChain {
    tiers: Vec<String>,
    contradictions: Vec<String>,
    /// The image's file name, where the chain belongs to a file.
    image: Option<String>,
}

impl From<world::Chain> for TextChain {
    fn from(chain: world::Chain) -> Self {
        let texts =
            |claims: [world::Claim; 4]| claims.iter().map(ToString::to_string).collect::<Vec<_>>();
        Self {
            tiers: texts(chain.tiers),
            contradictions: texts(chain.contradictions),
            image: None,
        }
    }
}

/// Chains of Tableau's scenes. See `tableauChains` in `types.ts`.
///
/// # Errors
/// More chains than are made at once.
#[wasm_bindgen(js_name = tableauChains, skip_typescript)]
pub fn tableau_chains(count: usize) -> Result<JsValue, JsError> {
    if count > MOST_CHAINS {
        return Err(error(format!(
            "{count} chains are asked for; {MOST_CHAINS} is the most"
        )));
    }
    let chains: Vec<TextChain> = world::probes(
        world::ProbeKind::Chain,
        world::Combination::Seen,
        TABLEAU_SEED,
        count,
    )
    .filter_map(|probe| match probe {
        world::WorldProbe::Chain { chain, .. } => Some(TextChain::from(*chain)),
        _ => None,
    })
    .collect();
    to_js(&chains)
}

/// The chain of a scene. See `sceneChain` in `types.ts`.
///
/// # Errors
/// A text that is neither a seed nor a scene.
#[wasm_bindgen(js_name = sceneChain, skip_typescript)]
pub fn scene_chain(seed: &str) -> Result<JsValue, JsError> {
    let (_, probe) = scene_probe(seed.trim())?;
    let chain = world::chain(&probe.scene, &mut probe.scene.caption_rng());
    to_js(&chain.map(TextChain::from))
}

/// Reads HierarCaps' table. See `hierarcapsChains` in `types.ts`.
///
/// # Errors
/// A table without HierarCaps' columns, or a row without four tiers.
#[wasm_bindgen(js_name = hierarcapsChains, skip_typescript)]
pub fn hierarcaps_chains(csv: &str) -> Result<JsValue, JsError> {
    let set = read_hierarcaps(csv).map_err(error)?;
    let Probes::Chain(items) = &set.probes else {
        return Err(error("the table holds no chains"));
    };
    let chains: Vec<TextChain> = items
        .iter()
        .map(|item| TextChain {
            tiers: item
                .tiers
                .iter()
                .map(|&tier| set.texts[tier].clone())
                .collect(),
            contradictions: Vec::new(),
            image: Some(set.images[item.image].label()),
        })
        .collect();
    to_js(&chains)
}
