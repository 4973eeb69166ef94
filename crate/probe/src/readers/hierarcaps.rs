//! HierarCaps (Alper & Averbuch-Elor 2024): `TAU-VAILab/hierarcaps`, `hierarcaps_test.csv`.

use super::table::Table;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, Chain, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

/// Reads `hierarcaps_test.csv`: four tiers joined by `=>` in `captions`, general to specific, and
/// the image's address in `image_url`, whose last part is its file's name.
///
/// # Errors
/// A table without these columns, a row without four tiers, or no items.
pub fn read_hierarcaps(csv: &str) -> Result<ProbeSet, ProbeError> {
    let name = "hierarcaps".to_owned();
    let hint = "hierarcaps_test.csv has the columns id, captions, image_url; the training and expanded files are not the benchmark";
    let table = Table::read(&name, csv, Separator::Given(b','), hint)?;
    let columns = table.columns(["id", "captions", "image_url"])?;
    let mut tables = Tables::default();
    table.warn(&mut tables);
    let mut items = Vec::new();
    for [id, captions, image_url] in table.rows(columns) {
        let tiers: Vec<&str> = captions.split("=>").map(str::trim).collect();
        let Ok(tiers) = <[&str; 4]>::try_from(tiers) else {
            return Err(ProbeError::Item {
                set: name,
                item: id.to_owned(),
                message: "does not have four tiers joined by =>".into(),
            });
        };
        tables.watch(id, &tiers, &[]);
        let file = image_url.rsplit('/').next().unwrap_or(image_url);
        items.push(Chain {
            id: id.to_owned(),
            image: tables.image(file, None),
            tiers: tiers.map(|tier| tables.text(tier)),
        });
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::Micro,
    };
    tables.set(name, Probes::Chain(items), protocol)
}
