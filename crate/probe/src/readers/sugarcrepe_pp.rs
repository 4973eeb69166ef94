//! SugarCrepe++ (Dumpala et al. 2024): `Sri-Harsha/scpp`, `data/*.json`.

use serde::Deserialize;
use serde_json::Value;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, HardPositiveTriple, ProbeError, ProbeSet, Probes, Protocol, TextTriple};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Item {
    id: Option<Value>,
    filename: String,
    caption: String,
    caption2: String,
    negative_caption: String,
}

/// Reads one subset as its image-to-text test: both captions must be nearer to the image than the
/// negative one. The authors' ITT is the metric `augmented` of hard positives.
///
/// Comparisons are strict, as in `test_Variants_CLIP.py`.
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_sugarcrepe_pp(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("sugarcrepe++/{subset}");
    let (items, mut tables) = read(&name, json)?;
    let items = items.into_iter().map(|(id, item)| HardPositiveTriple {
        id,
        group: String::new(),
        image: tables.image(&item.filename, None),
        caption: tables.text(&item.caption),
        positive: tables.text(&item.caption2),
        negative: tables.text(&item.negative_caption),
    });
    let probes = Probes::HardPositive(items.collect());
    tables.set(name, probes, protocol())
}

/// Reads one subset as its text-only test: the two captions must be nearer to each other than to the
/// negative one. No image is needed.
///
/// # Errors
/// As [`read_sugarcrepe_pp`].
pub fn read_sugarcrepe_pp_text(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("sugarcrepe++/{subset}/text-only");
    let (items, mut tables) = read(&name, json)?;
    let items = items.into_iter().map(|(id, item)| TextTriple {
        id,
        group: String::new(),
        same: [tables.text(&item.caption), tables.text(&item.caption2)],
        other: tables.text(&item.negative_caption),
    });
    let probes = Probes::TextTriple(items.collect());
    tables.set(name, probes, protocol())
}

fn protocol() -> Protocol {
    Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    }
}

/// The items with their keys, and what is odd about them.
fn read(name: &str, json: &str) -> Result<(Vec<(String, Item)>, Tables), ProbeError> {
    let hint = "SugarCrepe++'s files are lists of objects with filename, caption, caption2 and negative_caption";
    let items: Vec<Item> = parse(name, json, hint)?;
    let mut tables = Tables::default();
    let mut keyed = Vec::with_capacity(items.len());
    for (number, item) in items.into_iter().enumerate() {
        let id = match &item.id {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => number.to_string(),
        };
        let right = [item.caption.as_str(), &item.caption2];
        tables.watch(&id, &right, &[&item.negative_caption]);
        if item.caption == item.caption2 {
            tables.warn(&id, "has two equal captions: there is no rewording in it");
        }
        keyed.push((id, item));
    }
    Ok((keyed, tables))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::evaluate;

    const LIST: &str = r#"[
        {"id": 7, "filename": "000000012345.jpg", "caption": "a", "caption2": "b", "negative_caption": "n"},
        {"id": 8, "filename": "000000012345.jpg", "caption": "n", "caption2": "b", "negative_caption": "n"},
        {"id": 9, "filename": "000000000001.jpg", "caption": "a", "caption2": "a", "negative_caption": "n"}]"#;

    #[test]
    fn both_tests_are_read_from_one_list() {
        let set = read_sugarcrepe_pp("swap_obj", LIST).unwrap();
        assert_eq!((set.images.len(), set.probes.len()), (2, 3));
        let odd: Vec<&str> = set.warnings.iter().map(|w| w.item.as_str()).collect();
        assert_eq!(odd, ["8", "9"]);
        // a and b near each other and near the image, n apart.
        let (a, b, n) = ([1.0, 0.0], [0.8, 0.6], [0.0, 1.0]);
        let texts = [Ok(&a[..]), Ok(&b[..]), Ok(&n[..])];
        let images = [Ok(&a[..]), Err("000000000001.jpg is not there")];
        let evaluation = evaluate(&set, &images, &texts, None, None).unwrap();
        assert_eq!((evaluation.scored, evaluation.metrics[0].value), (2, 0.5));
        assert_eq!(evaluation.metrics[0].name, "augmented");

        let set = read_sugarcrepe_pp_text("swap_obj", LIST).unwrap();
        assert_eq!(set.name, "sugarcrepe++/swap_obj/text-only");
        assert_eq!((set.images.len(), set.texts.len()), (0, 3));
        assert_eq!(set.texts_needed(&[]), [true; 3]);
        let evaluation = evaluate(&set, &[], &texts, None, None).unwrap();
        // 7: 0.8 above 0 and 0.6; 8: n with itself is 1; 9: a with itself is 1.
        let right: Vec<bool> = evaluation
            .answers
            .iter()
            .map(|answer| answer.detail.form().is_right())
            .collect();
        assert_eq!(right, [true, false, true]);
        assert!((evaluation.metrics[0].value - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(evaluation.metrics[0].chance, Some(1.0 / 3.0));
        // A text that has no embedding costs its items only.
        let texts = [Ok(&a[..]), Err("too odd"), Ok(&n[..])];
        let evaluation = evaluate(&set, &[], &texts, None, None).unwrap();
        assert_eq!((evaluation.scored, evaluation.skipped.len()), (1, 2));
        assert_eq!(evaluation.skipped[0].why, "too odd");
    }

    #[test]
    fn sugarcrepe_itself_is_refused() {
        let json = r#"{"0": {"filename": "1.jpg", "caption": "a", "negative_caption": "b"}}"#;
        let error = read_sugarcrepe_pp("swap_obj", json)
            .unwrap_err()
            .to_string();
        assert!(error.contains("caption2"), "{error}");
    }
}
