//! Winoground (Thrush et al. 2022): `facebook/winoground`, `examples.jsonl`.

use serde::Deserialize;
use serde_json::Value;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, ProbeError, ProbeSet, Probes, Protocol, Square};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Example {
    id: Option<Value>,
    image_0: String,
    image_1: String,
    caption_0: String,
    caption_1: String,
    #[serde(default)]
    collapsed_tag: String,
}

/// Reads `examples.jsonl` (one example a line), or the same objects as a JSON list. Images are
/// named as the file does (`ex_0_img_0`); endings are found.
///
/// Scored with strict comparisons; ties fail.
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_winoground(text: &str) -> Result<ProbeSet, ProbeError> {
    let name = "winoground";
    let hint =
        "Winoground's examples are objects with image_0, image_1, caption_0, caption_1, one a line";
    let examples: Vec<Example> = if text.trim_start().starts_with('[') {
        parse(name, text, hint)?
    } else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| parse(name, line, hint))
            .collect::<Result<_, _>>()?
    };
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, example) in examples.into_iter().enumerate() {
        let id = match example.id {
            Some(Value::String(id)) => id,
            Some(id) => id.to_string(),
            None => number.to_string(),
        };
        tables.watch(&id, &[&example.caption_0], &[&example.caption_1]);
        items.push(Square {
            id,
            group: example.collapsed_tag,
            images: [
                tables.image(&example.image_0, None),
                tables.image(&example.image_1, None),
            ],
            captions: [
                tables.text(&example.caption_0),
                tables.text(&example.caption_1),
            ],
        });
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name.to_owned(), Probes::Square(items), protocol)
}
