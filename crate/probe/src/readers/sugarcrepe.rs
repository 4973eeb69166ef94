//! SugarCrepe (Hsieh et al. 2023): `RAIVNLab/sugar-crepe`, `data/*.json`.

use serde::Deserialize;

use crate::json::keyed_items;
use crate::set::Tables;
use crate::{Average, CaptionChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Item {
    filename: String,
    caption: String,
    negative_caption: String,
}

/// Reads one subset: an object whose keys are running numbers, with gaps.
///
/// Scored as `main_eval.py` does: right if the true caption's similarity is strictly larger.
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_sugarcrepe(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("sugarcrepe/{subset}");
    let hint = "SugarCrepe's files are objects like {\"0\": {\"filename\", \"caption\", \"negative_caption\"}}";
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (id, item) in keyed_items::<Item>(&name, json, hint, &mut tables)? {
        tables.watch(&id, &[&item.caption], &[&item.negative_caption]);
        items.push(CaptionChoice {
            group: String::new(),
            image: tables.image(&item.filename, None),
            captions: vec![
                tables.text(&item.caption),
                tables.text(&item.negative_caption),
            ],
            correct: 0,
            id,
        });
    }
    tables.set(
        name,
        Probes::CaptionChoice(items),
        Protocol {
            ties: TieRule::Strict,
            average: Average::Micro,
        },
    )
}
