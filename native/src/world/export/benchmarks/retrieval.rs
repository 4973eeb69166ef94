//! Retrieval: `coco_karpathy_test.json`, as BLIP and ARO pass Karpathy's test split around, and its images.

use anyhow::Result;
use cliprobe::world::{ProbeKind, WorldProbe};
use serde_json::json;

use super::{Export, write_json};

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    let folder = export.folder("retrieval")?;
    let list = folder.join("coco_karpathy_test.json");
    if list.is_file() {
        return Ok(());
    }
    export.folder("retrieval/images")?;
    let mut items = Vec::new();
    let mut drawn = Vec::new();
    for (number, probe) in export.probes(ProbeKind::Retrieval).enumerate() {
        let WorldProbe::Pair { scene, caption } = probe else {
            continue;
        };
        let image = format!("images/retrieval_{number:06}.png");
        items.push(json!({"image": image, "caption": [caption.to_string()]}));
        drawn.push((folder.join(image), scene));
    }
    export.draw(&drawn)?;
    write_json(&list, &items)
}
