//! Hard Positives (Kamath et al. 2024): `amitakamath/hard_positives`, `data/` and `swapped_data/`.

use serde::Deserialize;

use crate::json::parse;
use crate::set::Tables;
use crate::{Average, CropBox, HardPositiveTriple, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Pair {
    image_path: String,
    true_caption: String,
    false_caption: String,
    bbox_x: Option<i32>,
    bbox_y: Option<i32>,
    bbox_w: Option<u32>,
    bbox_h: Option<u32>,
}

/// Reads a pair of lists that are aligned by index: `data/F.json` with (c, c_n) and
/// `swapped_data/F.json` with (c_p, c_n). REPLACE lists show the whole image, the SWAP list
/// (`visual_genome_attribution.json`) a part of it.
///
/// Every comparison is strict, as in `run_eval.py`.
///
/// # Errors
/// JSON of another shape, lists that do not belong together (named by the first item that
/// disagrees), or no items.
pub fn read_hard_positives(
    subset: &str,
    data: &str,
    swapped_data: &str,
) -> Result<ProbeSet, ProbeError> {
    let name = format!("hard-positives/{subset}");
    let hint = "Hard Positives' lists hold objects with image_path, true_caption and false_caption";
    let originals: Vec<Pair> = parse(&format!("{name} (data)"), data, hint)?;
    let reworded: Vec<Pair> = parse(&format!("{name} (swapped_data)"), swapped_data, hint)?;
    let disagree = |item: usize, message: String| ProbeError::Item {
        set: name.clone(),
        item: item.to_string(),
        message,
    };
    if originals.len() != reworded.len() {
        return Err(disagree(
            originals.len().min(reworded.len()),
            format!(
                "is in one list only: data has {} items, swapped_data {}; they must be of one release",
                originals.len(),
                reworded.len()
            ),
        ));
    }
    let mut tables = Tables::default();
    let mut items = Vec::new();
    for (number, (original, reworded)) in originals.into_iter().zip(reworded).enumerate() {
        if original.image_path != reworded.image_path
            || original.false_caption != reworded.false_caption
        {
            return Err(disagree(
                number,
                "has another image or false caption in data than in swapped_data; the lists must be of one release".into(),
            ));
        }
        let crop = match (
            original.bbox_x,
            original.bbox_y,
            original.bbox_w,
            original.bbox_h,
        ) {
            (Some(x), Some(y), Some(width), Some(height)) => Some(CropBox {
                x,
                y,
                width,
                height,
            }),
            _ => None,
        };
        let id = number.to_string();
        tables.watch(
            &id,
            &[&original.true_caption, &reworded.true_caption],
            &[&original.false_caption],
        );
        items.push(HardPositiveTriple {
            id,
            group: String::new(),
            image: tables.image(&original.image_path, crop),
            caption: tables.text(&original.true_caption),
            positive: tables.text(&reworded.true_caption),
            negative: tables.text(&original.false_caption),
        });
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name, Probes::HardPositive(items), protocol)
}
