//! HierarCaps (Alper & Averbuch-Elor 2024): `hierarcaps_test.csv` and the images' folder that `eval.py` of
//! `TAU-VAILab/hierarcaps` is given. It takes an image's number from what follows the last `_` of its name.

use anyhow::Result;
use cliprobe::world::{ProbeKind, WorldProbe};

use super::{Export, write_csv};

pub(super) fn write(export: &Export<'_>) -> Result<()> {
    let list = export.folder("hierarcaps")?.join("hierarcaps_test.csv");
    if list.is_file() {
        return Ok(());
    }
    let images = export.folder("hierarcaps/test_imgs")?;
    let mut rows = Vec::new();
    let mut drawn = Vec::new();
    for (number, probe) in export.probes(ProbeKind::Chain).enumerate() {
        let WorldProbe::Chain { scene, chain } = probe else {
            continue;
        };
        let name = format!("chain_{number:06}.png");
        let tiers = chain.tiers.map(|tier| tier.to_string());
        rows.push(vec![
            number.to_string(),
            tiers.join(" => "),
            format!("test_imgs/{name}"),
        ]);
        drawn.push((images.join(name), scene));
    }
    export.draw(&drawn)?;
    write_csv(&list, &["id", "captions", "image_url"], &rows)
}
