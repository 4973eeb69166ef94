//! SugarCrepe (Hsieh et al. 2023): `data/*.json` of `RAIVNLab/sugar-crepe`, and the images' folder that its
//! `main_eval.py` is given.

use anyhow::Result;
use cliprobe::world::ProbeKind;
use serde_json::{Map, Value, json};

use super::{Export, write_json};

const SUBSETS: [(&str, ProbeKind); 7] = [
    ("replace_obj", ProbeKind::ReplaceObject),
    ("replace_att", ProbeKind::ReplaceAttribute),
    ("replace_rel", ProbeKind::ReplaceRelation),
    ("swap_obj", ProbeKind::SwapObject),
    ("swap_att", ProbeKind::SwapAttribute),
    ("add_obj", ProbeKind::AddObject),
    ("add_att", ProbeKind::AddAttribute),
];

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    let folder = export.folder("sugar_crepe")?;
    let images = export.folder("sugar_crepe/images")?;
    for (&(subset, kind), millions) in SUBSETS.iter().zip(1..) {
        let list = folder.join(format!("{subset}.json"));
        if list.is_file() {
            continue;
        }
        let mut items = Map::new();
        let mut drawn = Vec::new();
        for (number, choice) in export.choices(kind).enumerate() {
            // Twelve digits, as COCO's.
            let filename = format!("{:012}.png", millions * 1_000_000 + number);
            let item = json!({
                "filename": filename,
                "caption": choice.positives[0].text,
                "negative_caption": choice.negative.text,
            });
            items.insert(number.to_string(), item);
            drawn.push((images.join(filename), choice.scene));
        }
        export.draw(&drawn)?;
        write_json(&list, &Value::Object(items))?;
    }
    Ok(())
}
