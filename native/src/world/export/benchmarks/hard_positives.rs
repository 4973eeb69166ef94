//! Hard Positives (Kamath et al. 2024): `data/` with (c, c_n) and `swapped_data/` with (c_p, c_n), as `run_eval.py` of
//! `amitakamath/hard_positives` opens them where it is called.

use anyhow::Result;
use cliprobe::world::ProbeKind;
use serde_json::json;

use super::aro;
use super::{Export, write_json};

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    replace(export, "attributes", ProbeKind::Synonyms)?;
    replace(export, "relations", ProbeKind::Converse)?;
    swap(export)
}

/// Lists whose images are named from where the script is called.
fn replace(export: &Export<'_>, name: &str, kind: ProbeKind) -> Result<()> {
    let file = format!("vl_checklist_{name}.json");
    let data = export.folder("hard_positives/data")?;
    let swapped_data = export.folder("hard_positives/swapped_data")?;
    let images = export.folder("hard_positives/data/tableau")?;
    if swapped_data.join(&file).is_file() {
        return Ok(());
    }
    let mut lists = [Vec::new(), Vec::new()];
    let mut drawn = Vec::new();
    for (number, choice) in export.choices(kind).enumerate() {
        let image = format!("{name}_{number:06}");
        for (list, positive) in lists.iter_mut().zip(&choice.positives) {
            list.push(json!({
                "image_id": image,
                "true_caption": positive.text,
                "false_caption": choice.negative.text,
                "image_path": format!("data/tableau/{image}.png"),
            }));
        }
        drawn.push((images.join(format!("{image}.png")), choice.scene));
    }
    export.draw(&drawn)?;
    write_json(&data.join(&file), &lists[0])?;
    write_json(&swapped_data.join(&file), &lists[1])
}

/// Lists in ARO's form. The script looks for images in each of the two folders.
fn swap(export: &Export<'_>) -> Result<()> {
    let file = "visual_genome_attribution.json";
    let folders = ["hard_positives/data", "hard_positives/swapped_data"];
    let [data, swapped_data] = folders.map(|folder| export.folder(folder));
    let (data, swapped_data) = (data?, swapped_data?);
    if swapped_data.join(file).is_file() {
        return Ok(());
    }
    for folder in folders {
        export.folder(&format!("{folder}/images"))?;
    }
    let mut lists = [Vec::new(), Vec::new()];
    let mut drawn = Vec::new();
    for (number, choice) in export.choices(ProbeKind::SwapConjuncts).enumerate() {
        let image = format!("swap_{number:06}");
        let folders = [&data, &swapped_data];
        for ((list, positive), folder) in lists.iter_mut().zip(&choice.positives).zip(folders) {
            let mut item = aro::item(&choice, &image, &positive.text, export.size);
            item["attributes"] = aro::attributes(&positive.claim)?;
            list.push(item);
            let path = folder.join(format!("images/{image}.png"));
            drawn.push((path, choice.scene.clone()));
        }
    }
    export.draw(&drawn)?;
    write_json(&data.join(file), &lists[0])?;
    write_json(&swapped_data.join(file), &lists[1])
}
