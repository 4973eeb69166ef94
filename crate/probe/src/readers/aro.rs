//! ARO (Yuksekgonul et al. 2023): `mertyg/vision-language-models-are-bows`, `dataset_zoo/aro_datasets.py`.

use serde::Deserialize;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, CaptionChoice, CropBox, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::{SYMMETRIC_RELATIONS, TieRule, VG_ATTRIBUTION_LEAST};

#[derive(Deserialize)]
struct Case {
    image_path: String,
    bbox_x: i32,
    bbox_y: i32,
    bbox_w: u32,
    bbox_h: u32,
    true_caption: String,
    false_caption: String,
    relation_name: Option<String>,
    attributes: Option<[String; 2]>,
}

/// Reads `visual_genome_relation.json`.
///
/// Scored as the authors' notebook does: accuracy by relation, without the symmetric relations,
/// averaged over the rest. The false caption comes first and the first largest wins, so a tie is wrong.
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_vg_relation(json: &str) -> Result<ProbeSet, ProbeError> {
    let average = Average::MacroOverGroups {
        at_least: 1,
        except: SYMMETRIC_RELATIONS.map(str::to_owned).to_vec(),
    };
    read_vg("aro/vg-relation", json, average, |case| {
        case.relation_name.clone()
    })
}

/// Reads `visual_genome_attribution.json`.
///
/// Scored as the authors' notebook does: accuracy by ordered pair of attributes, pairs with fewer
/// than 25 items left out, averaged over the rest. A tie is wrong, as in [`read_vg_relation`].
///
/// # Errors
/// JSON of another shape, or no items.
pub fn read_vg_attribution(json: &str) -> Result<ProbeSet, ProbeError> {
    let average = Average::MacroOverGroups {
        at_least: VG_ATTRIBUTION_LEAST,
        except: Vec::new(),
    };
    read_vg("aro/vg-attribution", json, average, |case| {
        let [first, second] = case.attributes.as_ref()?;
        Some(format!("{first}_{second}"))
    })
}

fn read_vg(
    name: &str,
    json: &str,
    average: Average,
    group: impl Fn(&Case) -> Option<String>,
) -> Result<ProbeSet, ProbeError> {
    let hint = "ARO's lists hold objects with image_path, bbox_x, bbox_y, bbox_w, bbox_h, true_caption, false_caption and relation_name or attributes";
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, case) in parse::<Vec<Case>>(name, json, hint)?
        .into_iter()
        .enumerate()
    {
        let id = number.to_string();
        let Some(group) = group(&case) else {
            return Err(ProbeError::Item {
                set: name.to_owned(),
                item: id,
                message: "has no relation_name or attributes: is it ARO's other list?".into(),
            });
        };
        tables.watch(&id, &[&case.true_caption], &[&case.false_caption]);
        let crop = CropBox {
            x: case.bbox_x,
            y: case.bbox_y,
            width: case.bbox_w,
            height: case.bbox_h,
        };
        items.push(CaptionChoice {
            id,
            group,
            image: tables.image(&case.image_path, Some(crop)),
            captions: vec![
                tables.text(&case.false_caption),
                tables.text(&case.true_caption),
            ],
            correct: 1,
        });
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average,
    };
    tables.set(name.to_owned(), Probes::CaptionChoice(items), protocol)
}

#[derive(Deserialize)]
struct Ordered {
    image: String,
    /// The caption itself, then its four perturbations.
    captions: Vec<String>,
}

/// Reads frozen perturbations of COCO- or Flickr30k-Order: a list of `{"image", "captions"}` with the
/// true caption first. The authors make theirs anew at every run; what comes out depends on the
/// versions of spaCy, NLTK and NumPy, so only a frozen file gives the same number everywhere; `cliprobe caption order` writes one.
///
/// Scored as the authors do: plain accuracy, and the first largest wins, so that a perturbation
/// equal to the caption counts as right.
///
/// # Errors
/// JSON of another shape, an item with fewer than two captions, or no items.
pub fn read_order(subset: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("aro/{subset}");
    let hint = "a frozen Order file is a list of {\"image\", \"captions\"}, the true caption first; `cliprobe caption order` makes one from a Karpathy file";
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, item) in parse::<Vec<Ordered>>(&name, json, hint)?
        .into_iter()
        .enumerate()
    {
        let id = number.to_string();
        let [right, wrong @ ..] = item.captions.as_slice() else {
            return Err(fewer_than_two(name, id));
        };
        if wrong.is_empty() {
            return Err(fewer_than_two(name, id));
        }
        if wrong.contains(right) {
            tables.warn(
                &id,
                "has a perturbation equal to its caption, which the authors count as right",
            );
        }
        items.push(CaptionChoice {
            id,
            group: String::new(),
            image: tables.image(&item.image, None),
            captions: item.captions.iter().map(|text| tables.text(text)).collect(),
            correct: 0,
        });
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::Micro,
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

fn fewer_than_two(set: String, item: String) -> ProbeError {
    ProbeError::Item {
        set,
        item,
        message: "has fewer than two captions, so there is no choice".into(),
    }
}
