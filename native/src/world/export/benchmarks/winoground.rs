//! Winoground (Thrush et al. 2022): `examples.jsonl` and `images/` of `facebook/winoground`.

use anyhow::Result;
use cliprobe::world::{ProbeKind, WorldProbe};
use serde_json::json;

use super::Export;
use crate::output::write_whole;

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    let list = export.folder("winoground")?.join("examples.jsonl");
    if list.is_file() {
        return Ok(());
    }
    let images = export.folder("winoground/images")?;
    let mut lines = Vec::new();
    let mut drawn = Vec::new();
    for (number, probe) in export.probes(ProbeKind::Square).enumerate() {
        let WorldProbe::Square { scenes, captions } = probe else {
            continue;
        };
        let names = [0, 1].map(|image| format!("ex_{number}_img_{image}"));
        // By the authors' tags: what changes places is who, or of what colour.
        let related = captions[0].relations.iter().flatten().next().is_some();
        let (tag, collapsed_tag) = match related {
            true => ("Noun", "Object"),
            false => ("Adjective-Color", "Relation"),
        };
        lines.push(json!({
            "id": number,
            "image_0": names[0],
            "image_1": names[1],
            "caption_0": captions[0].to_string(),
            "caption_1": captions[1].to_string(),
            "tag": tag,
            "secondary_tag": "",
            "num_main_preds": 1,
            "collapsed_tag": collapsed_tag,
        }));
        for (name, scene) in names.into_iter().zip(scenes) {
            drawn.push((images.join(format!("{name}.png")), scene));
        }
    }
    export.draw(&drawn)?;
    write_whole(&list, |file| {
        lines
            .iter()
            .try_for_each(|line| Ok(writeln!(file, "{line}")?))
    })
}
