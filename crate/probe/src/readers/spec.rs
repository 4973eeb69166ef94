//! SPEC (Peng et al. 2024): `wjpoom/SPEC`, `image2text.json` and `text2image.json` of six folders.

use serde::Deserialize;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, CaptionChoice, ImageChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Item {
    query: String,
    keys: Vec<String>,
    label: usize,
}

/// Reads a folder's `image2text.json`: an image and its captions. Images are named relative to the
/// folder.
///
/// As in the authors' `dataset.py` the first largest wins: which place is right varies, so a tie may
/// go either way.
///
/// # Errors
/// JSON of another shape, a label beyond the options, fewer than two options, or no items.
pub fn read_spec_captions(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("spec/{subset}/image-to-text");
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, item) in read(&name, json)?.into_iter().enumerate() {
        let id = number.to_string();
        let others = item.keys.iter().enumerate();
        let wrong: Vec<&str> = others
            .filter(|&(place, _)| place != item.label)
            .map(|(_, text)| text.as_str())
            .collect();
        tables.watch(&id, &[&item.keys[item.label]], &wrong);
        items.push(CaptionChoice {
            id,
            group: String::new(),
            image: tables.image(&format!("{subset}/{}", item.query), None),
            captions: item.keys.iter().map(|text| tables.text(text)).collect(),
            correct: item.label,
        });
    }
    tables.set(name, Probes::CaptionChoice(items), protocol())
}

/// Reads a folder's `text2image.json`: a caption and its images.
///
/// # Errors
/// As [`read_spec_captions`].
pub fn read_spec_images(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("spec/{subset}/text-to-image");
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, item) in read(&name, json)?.into_iter().enumerate() {
        let images = item.keys.iter();
        items.push(ImageChoice {
            id: number.to_string(),
            group: String::new(),
            caption: tables.text(&item.query),
            images: images
                .map(|image| tables.image(&format!("{subset}/{image}"), None))
                .collect(),
            correct: item.label,
        });
    }
    tables.set(name, Probes::ImageChoice(items), protocol())
}

fn protocol() -> Protocol {
    Protocol {
        ties: TieRule::First,
        average: Average::Micro,
    }
}

fn read(name: &str, json: &str) -> Result<Vec<Item>, ProbeError> {
    let hint = "SPEC's files are lists of objects with query, keys and label";
    let items: Vec<Item> = parse(name, json, hint)?;
    for (number, item) in items.iter().enumerate() {
        if item.keys.len() < 2 || item.label >= item.keys.len() {
            return Err(ProbeError::Item {
                set: name.to_owned(),
                item: number.to_string(),
                message: format!(
                    "has {} keys and the label {}, counted from 0; two keys or more, and a label among them, are needed",
                    item.keys.len(),
                    item.label
                ),
            });
        }
    }
    Ok(items)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_read() {
        let json = r#"[{"query": "img/3.jpg", "keys": ["one cup", "two cups"], "label": 1}]"#;
        let set = read_spec_captions("count", json).unwrap();
        assert_eq!(set.name, "spec/count/image-to-text");
        assert_eq!(set.images[0].label(), "count/img/3.jpg");
        assert_eq!(set.protocol.ties, TieRule::First);
        let Probes::CaptionChoice(items) = &set.probes else {
            panic!("caption choices expected");
        };
        assert_eq!(items[0].correct, 1);
        let json = r#"[{"query": "two cups", "keys": ["img/3.jpg", "img/4.jpg"], "label": 0}]"#;
        let set = read_spec_images("count", json).unwrap();
        assert_eq!((set.images.len(), set.texts[0].as_str()), (2, "two cups"));
        let error = read_spec_images(
            "count",
            r#"[{"query": "q", "keys": ["a", "b"], "label": 2}]"#,
        );
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("item 0 has 2 keys and the label 2"),
            "{error}"
        );
    }
}
