//! What an editor of scenes needs: a scene as JSON, and the words that scenes are made of.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{error, scene_probe, to_js};
use cliprobe_world as world;

/// The scene of a seed as JSON. See `sceneJson` in `types.ts`.
///
/// # Errors
/// A text that is neither a seed nor a scene.
#[wasm_bindgen(js_name = sceneJson, skip_typescript)]
pub fn scene_json(seed: &str) -> Result<String, JsError> {
    let (_, probe) = scene_probe(seed.trim())?;
    serde_json::to_string(&probe.scene).map_err(error)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vocabulary {
    nouns: &'static [world::Noun],
    colours: &'static [world::Colour],
    patterns: &'static [world::Pattern],
    grounds: &'static [world::Ground],
    relations: Vec<world::Relation>,
    sizes: Vec<SizeRange>,
    most_things: usize,
}

#[derive(Serialize)]
struct SizeRange {
    size: world::Size,
    least: i32,
    most: i32,
}

/// The words that scenes are made of. See `sceneVocabulary` in `types.ts`.
///
/// # Errors
/// A value that JavaScript cannot hold; there is none.
#[wasm_bindgen(js_name = sceneVocabulary, skip_typescript)]
pub fn scene_vocabulary() -> Result<JsValue, JsError> {
    to_js(&Vocabulary {
        nouns: world::Noun::ALL,
        colours: world::Colour::ALL,
        patterns: world::Pattern::ALL,
        grounds: world::Ground::ALL,
        relations: world::Relation::ALL
            .iter()
            .copied()
            .filter(|relation| relation.converse().is_some())
            .collect(),
        sizes: world::Size::ALL
            .iter()
            .map(|&size| {
                let (least, most) = size.radii();
                SizeRange { size, least, most }
            })
            .collect(),
        most_things: world::MAX_THINGS,
    })
}

#[derive(Serialize)]
struct Related {
    scene: String,
    subject: usize,
    object: usize,
}

/// Places a thing so that a relation holds. See `relate` in `types.ts`.
///
/// # Errors
/// A text that is no scene, a word that is no relation, or two things that cannot be so related.
#[wasm_bindgen(skip_typescript)]
pub fn relate(
    scene: &str,
    subject: usize,
    relation: &str,
    object: usize,
) -> Result<JsValue, JsError> {
    let (_, probe) = scene_probe(scene.trim())?;
    let found = world::Relation::ALL
        .iter()
        .find(|known| known.word() == relation)
        .ok_or_else(|| error(format!("there is no relation {relation:?}")))?;
    let related = world::related(&probe.scene, subject, *found, object).map_err(error)?;
    to_js(&Related {
        scene: serde_json::to_string(&related.scene).map_err(error)?,
        subject: related.subject,
        object: related.object,
    })
}
