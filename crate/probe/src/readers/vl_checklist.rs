//! VL-CheckList (Zhao et al. 2022): `om-ai-lab/VL-CheckList`, `data/**/*.json`.

use serde::Deserialize;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, CaptionChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Texts {
    #[serde(rename = "POS")]
    right: Vec<String>,
    #[serde(rename = "NEG")]
    wrong: Vec<String>,
}

/// `MAX_NUM: 2000` of every shipped configuration is this many items, of two texts each.
const FIRST: usize = 1000;

/// Reads one list, e.g. `attribute/vg/color`: its first 1,000 items, and of each the first POS and the
/// first NEG. The authors' code takes the first 1,000 whose image is there, so that its items depend
/// on the images that one has; here an item without its image is skipped, and the coverage shows it.
///
/// Right if the true text is strictly above the false one.
///
/// # Errors
/// JSON of another shape, an item without texts, or no items.
pub fn read_vl_checklist(list: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("vl-checklist/{list}");
    let hint = "VL-CheckList's files are lists of [\"IMAGE\", {\"POS\": [TEXT], \"NEG\": [TEXT]}]";
    let rows: Vec<(String, Texts)> = parse(&name, json, hint)?;
    let mut tables = Tables::default();
    let mut items = Vec::new();
    if rows.len() > FIRST {
        let what = format!(
            "has {} items, of which the first {FIRST} are asked, as the authors' configurations say",
            rows.len()
        );
        tables.warn("the list", &what);
    }
    for (number, (image, texts)) in rows.into_iter().take(FIRST).enumerate() {
        let id = number.to_string();
        let (Some(right), Some(wrong)) = (texts.right.first(), texts.wrong.first()) else {
            return Err(ProbeError::Item {
                set: name,
                item: id,
                message: "has no text in POS or in NEG".to_owned(),
            });
        };
        tables.watch(&id, &[right], &[wrong]);
        items.push(CaptionChoice {
            id,
            group: String::new(),
            image: tables.image(&image, None),
            captions: vec![tables.text(right), tables.text(wrong)],
            correct: 0,
        });
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_texts_of_the_first_thousand_items_are_asked() {
        let row = |n: usize| {
            format!(
                r#"["VG_100K/{n}.jpg", {{"POS": ["red ball", "x"], "NEG": ["green ball", "y"]}}]"#
            )
        };
        let rows: Vec<String> = (0..1001).map(row).collect();
        let set =
            read_vl_checklist("attribute/vg/color", &format!("[{}]", rows.join(","))).unwrap();
        assert_eq!((set.probes.len(), set.images.len()), (1000, 1000));
        assert_eq!(set.texts, ["red ball", "green ball"]);
        assert!(set.warnings[0].what.contains("1001 items"));
        let error =
            read_vl_checklist("x", r#"[["a.jpg", {"POS": [], "NEG": ["b"]}]]"#).unwrap_err();
        assert!(error.to_string().contains("item 0 has no text"), "{error}");
        let error = read_vl_checklist("x", r#"[["a.jpg", {"POS": ["a"]}]]"#).unwrap_err();
        assert!(error.to_string().contains("NEG"), "{error}");
    }
}
