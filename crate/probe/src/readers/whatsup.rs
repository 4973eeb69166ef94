//! What's Up (Kamath et al. 2023): `amitakamath/whatsup_vlms`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, CaptionChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Controlled {
    image_path: String,
    caption_options: Vec<String>,
}

/// Reads the photographs' list A or B (`controlled_images_dataset.json`,
/// `controlled_clevr_dataset.json`): four options, the first of which is right. Besides the accuracy
/// there are `pair` (both of left and right, or of the other two relations, are right) and `set` (all
/// four are).
///
/// As in the authors' script the first largest wins, so that a tie is right.
///
/// # Errors
/// JSON of another shape, an item without four options, a file's name without objects and relation,
/// or no items.
pub fn read_whatsup(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("whatsup/{subset}");
    let hint = "What's Up's lists A and B hold objects with image_path and four caption_options";
    let rows: Vec<Controlled> = parse(&name, json, hint)?;
    let mut tables = Tables::default();
    let mut items = Vec::new();
    let mut pairs: BTreeMap<String, usize> = BTreeMap::new();
    for (number, row) in rows.into_iter().enumerate() {
        let id = number.to_string();
        let wrong = |message: String| ProbeError::Item {
            set: name.clone(),
            item: id.clone(),
            message,
        };
        if row.caption_options.len() != 4 {
            return Err(wrong(format!(
                "has {} caption_options, but four are expected",
                row.caption_options.len()
            )));
        }
        let group = group(&row.image_path).ok_or_else(|| {
            wrong(format!(
                "is called {:?}, where a name such as cup_on_table.jpeg or cup_left_of_table.jpeg is expected",
                row.image_path
            ))
        })?;
        *pairs.entry(group.clone()).or_default() += 1;
        let options: Vec<&str> = row.caption_options.iter().map(String::as_str).collect();
        tables.watch(&id, &options[..1], &options[1..]);
        items.push(CaptionChoice {
            group,
            image: tables.image(&row.image_path, None),
            captions: options.iter().map(|text| tables.text(text)).collect(),
            correct: 0,
            id,
        });
    }
    for (pair, count) in pairs.into_iter().filter(|&(_, count)| count != 2) {
        let what = format!("has {count} images where two relations are expected");
        tables.warn(&pair, &what);
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::MicroAndAllRight {
            levels: ["pair", "set"].map(str::to_owned).to_vec(),
        },
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

/// Objects and axis of an image, by its file's name: `cup_table/left-right`.
fn group(path: &str) -> Option<String> {
    let file = path.rsplit(['/', '\\']).next()?;
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let parts: Vec<&str> = stem.split('_').collect();
    let [first, relation, .., last] = parts[..] else {
        return None;
    };
    let axis = match relation {
        "left" | "right" => "left-right",
        "on" | "under" => "on-under",
        "in-front" | "behind" => "in-front-behind",
        _ => return None,
    };
    Some(format!("{first}_{last}/{axis}"))
}

/// Reads a list of two captions, the first of which is right (`coco_qa_one_obj.json` and the others):
/// `[image, right, wrong]`. `is_coco` says how images are named: COCO's `val2017` by twelve digits,
/// or Visual Genome's in `vg_images`.
///
/// As in the authors' script the first largest wins, so that a tie is right.
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_whatsup_pairs(subset: &str, json: &str, is_coco: bool) -> Result<ProbeSet, ProbeError> {
    let name = format!("whatsup/{subset}");
    let hint = "What's Up's lists of COCO and GQA hold [image id, right caption, wrong caption]";
    let rows: Vec<(Value, String, String)> = parse(&name, json, hint)?;
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, (image, right, wrong)) in rows.into_iter().enumerate() {
        let id = number.to_string();
        let key = match &image {
            Value::String(key) => key.trim().parse::<u64>().ok(),
            Value::Number(key) => key.as_u64(),
            _ => None,
        };
        let key = key.ok_or_else(|| ProbeError::Item {
            set: name.clone(),
            item: id.clone(),
            message: format!("has the image id {image}, which is no whole number"),
        })?;
        let file = if is_coco {
            format!("val2017/{key:012}.jpg")
        } else {
            format!("vg_images/{key}.jpg")
        };
        tables.watch(&id, &[&right], &[&wrong]);
        items.push(CaptionChoice {
            id,
            group: String::new(),
            image: tables.image(&file, None),
            captions: vec![tables.text(&right), tables.text(&wrong)],
            correct: 0,
        });
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::Micro,
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::evaluate;

    fn list(names: &[&str]) -> String {
        let items: Vec<Value> = names
            .iter()
            .map(|name| {
                serde_json::json!({
                    "image_path": format!("data/controlled_images/{name}.jpeg"),
                    "caption_options": ["right", "b", "c", "d"],
                })
            })
            .collect();
        Value::from(items).to_string()
    }

    #[test]
    fn pairs_and_sets_are_right_if_all_of_them_are() {
        let json = list(&[
            "cup_on_table",
            "cup_left_of_table",
            "cup_right_of_table",
            "cup_under_table",
            "dog_on_chair",
            "dog_under_chair",
            "dog_left_of_chair",
            "dog_right_of_chair",
        ]);
        let set = read_whatsup("a", &json).unwrap();
        assert!(set.warnings.is_empty(), "{:?}", set.warnings);
        let right = [1.0_f32, 0.0, 0.0];
        let wrong = [0.0_f32, 1.0, 0.0];
        let none = [0.0_f32, 0.0, 1.0];
        let texts = [
            Ok(&right[..]),
            Ok(&wrong[..]),
            Ok(&wrong[..]),
            Ok(&wrong[..]),
        ];
        // cup/under is wrong; dog/on ties, which counts as right, for the first wins.
        let mut images = vec![Ok(&right[..]); 8];
        images[3] = Ok(&wrong[..]);
        images[4] = Ok(&none[..]);
        let values = |images: &[Result<&[f32], &str>]| -> Vec<(String, f64, usize)> {
            let evaluation = evaluate(&set, images, &texts, None, None).unwrap();
            let metrics = evaluation.metrics.into_iter();
            metrics.map(|m| (m.name, m.value, m.n)).collect()
        };
        let named = |all: [(&str, f64, usize); 3]| all.map(|(s, v, n)| (s.to_owned(), v, n));
        assert_eq!(
            values(&images),
            named([("accuracy", 0.875, 8), ("pair", 0.75, 4), ("set", 0.5, 2)])
        );
        let chances = evaluate(&set, &images, &texts, None, None).unwrap().metrics;
        let chances: Vec<f64> = chances.iter().filter_map(|m| m.chance).collect();
        assert_eq!(chances, [0.25, 0.0625, 0.003_906_25]);
        // A missing image takes its pair and its set out of the count.
        images[7] = Err("not there");
        assert_eq!(
            values(&images),
            named([
                ("accuracy", 6.0 / 7.0, 7),
                ("pair", 2.0 / 3.0, 3),
                ("set", 0.0, 1)
            ])
        );
    }

    #[test]
    fn names_and_options_are_checked() {
        let odd = read_whatsup("b", &list(&["a_behind_b", "a_in-front_b", "c_left_d"])).unwrap();
        assert_eq!(odd.warnings.len(), 1);
        assert_eq!(odd.warnings[0].item, "c_d/left-right");
        let error = read_whatsup("a", &list(&["cup_above_table"])).unwrap_err();
        assert!(error.to_string().contains("cup_above_table"), "{error}");
        let few = r#"[{"image_path": "a_on_b.jpg", "caption_options": ["x", "y"]}]"#;
        let error = read_whatsup("a", few).unwrap_err().to_string();
        assert!(error.contains("item 0 has 2 caption_options"), "{error}");
    }

    #[test]
    fn coco_and_visual_genome_name_their_images() {
        let json = r#"[[397133, "a dog on the left", "a dog on the right"], ["12", "x", "y"]]"#;
        let set = read_whatsup_pairs("coco-one", json, true).unwrap();
        assert_eq!(set.images[0].label(), "val2017/000000397133.jpg");
        assert_eq!(set.images[1].label(), "val2017/000000000012.jpg");
        let set = read_whatsup_pairs("gqa-one", json, false).unwrap();
        assert_eq!(set.images[0].label(), "vg_images/397133.jpg");
        let error = read_whatsup_pairs("gqa-one", r#"[[1.5, "x", "y"]]"#, false).unwrap_err();
        assert!(error.to_string().contains("no whole number"), "{error}");
    }
}
