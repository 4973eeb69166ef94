//! ARO (Yuksekgonul et al. 2023): `visual_genome_relation.json`, `visual_genome_attribution.json` and `images/`,
//! as `dataset_zoo/aro_datasets.py` of `mertyg/vision-language-models-are-bows` has them below its root.

use anyhow::{Context, Result};
use cliprobe::world::{Claim, ProbeKind, Relation};
use serde_json::{Value, json};

use super::{Choice, Export, write_json};

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    list(export, "relation", ProbeKind::SwapObject, |claim| {
        let relation = claim.relations.iter().flatten().next();
        let relation = relation.context("there is a caption without a relation")?;
        Ok(("relation_name", json!(Relation::word(*relation))))
    })?;
    list(export, "attribution", ProbeKind::SwapAttribute, |claim| {
        Ok(("attributes", attributes(claim)?))
    })
}

/// The colours of a pair, in the caption's order.
pub(super) fn attributes(claim: &Claim) -> Result<Value> {
    let colours = claim.things.iter().map(|thing| Some(thing.colour?.word()));
    let colours: Option<Vec<&str>> = colours.collect();
    Ok(json!(
        colours.context("there is a caption that leaves a colour out")?
    ))
}

/// An item as ARO's lists have it: the part that is shown is the whole.
pub(super) fn item(choice: &Choice, image: &str, caption: &str, size: u32) -> Value {
    json!({
        "image_id": image,
        "image_path": format!("{image}.png"),
        "bbox_x": 0,
        "bbox_y": 0,
        "bbox_w": size,
        "bbox_h": size,
        "true_caption": caption,
        "false_caption": choice.negative.text,
    })
}

fn list(
    export: &Export<'_>,
    name: &str,
    kind: ProbeKind,
    group: impl Fn(&Claim) -> Result<(&'static str, Value)>,
) -> Result<()> {
    let list = export
        .folder("aro")?
        .join(format!("visual_genome_{name}.json"));
    if list.is_file() {
        return Ok(());
    }
    let images = export.folder("aro/images")?;
    let mut items = Vec::new();
    let mut drawn = Vec::new();
    for (number, choice) in export.choices(kind).enumerate() {
        let image = format!("{name}_{number:06}");
        let true_caption = &choice.positives[0];
        let mut item = item(&choice, &image, &true_caption.text, export.size);
        let (key, value) = group(&true_caption.claim)?;
        item[key] = value;
        items.push(item);
        drawn.push((images.join(format!("{image}.png")), choice.scene));
    }
    export.draw(&drawn)?;
    write_json(&list, &items)
}
