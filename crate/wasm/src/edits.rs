//! Edits of captions, and the lexicon that they need.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use cliprobe_caption::{Edit, NegativeKind, NotEditable};
use cliprobe_caption::{generalisations, negative_pool, negatives, positives};

use super::{error, to_js};

/// What an edit is to the caption that it was made of.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Group {
    HardNegative,
    HardPositive,
    Generalisation,
    Order,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MadeEdit {
    text: String,
    kind: String,
    group: Group,
}

#[derive(Serialize)]
struct Made {
    edits: Vec<MadeEdit>,
    none: Option<String>,
}

/// See `types.ts`.
///
/// # Errors
/// A text that is not this version's lexicon.
#[wasm_bindgen(js_name = installLexicon, skip_typescript)]
pub fn install_lexicon(text: String) -> Result<(), JsError> {
    cliprobe_caption::install_lexicon(text).map_err(error)
}

/// See `types.ts`.
///
/// # Errors
/// A group that is none, or no lexicon.
#[wasm_bindgen(skip_typescript)]
pub fn edits(caption: &str, group: &str, seed: u32) -> Result<JsValue, JsError> {
    let seed = u64::from(seed);
    let (group, made) = match group {
        "hard-negative" => (Group::HardNegative, negatives(caption, seed)),
        "hard-positive" => (Group::HardPositive, positives(caption, seed)),
        "generalisation" => (Group::Generalisation, generalisations(caption)),
        "order" => (
            Group::Order,
            negative_pool(caption, NegativeKind::Order, seed),
        ),
        other => return Err(error(format!("there are no edits of the group {other:?}"))),
    };
    to_js(&match made {
        Ok(edits) => Made {
            edits: edits
                .into_iter()
                .map(|edit| described(edit, group))
                .collect(),
            none: None,
        },
        Err(NotEditable::NoLexicon) => return Err(error(NotEditable::NoLexicon)),
        Err(why) => Made {
            edits: Vec::new(),
            none: Some(why.to_string()),
        },
    })
}

/// See `types.ts`.
#[wasm_bindgen(skip_typescript)]
pub fn shuffles(caption: &str, count: usize, seed: u32) -> Vec<String> {
    cliprobe_caption::shuffles(caption, count, u64::from(seed))
}

fn described(edit: Edit, group: Group) -> MadeEdit {
    let kind = serde_json::to_value(edit.kind).ok();
    MadeEdit {
        text: edit.text,
        kind: kind
            .and_then(|kind| kind.as_str().map(str::to_owned))
            .unwrap_or_default(),
        group,
    }
}
