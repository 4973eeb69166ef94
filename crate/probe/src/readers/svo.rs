//! SVO-Probes (Hendricks & Nematzadeh 2021): `google-deepmind/svo_probes`, `svo_probes.csv`.

use super::table::Table;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, ImageChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::{NegatedPart, TieRule};

/// Reads `svo_probes.csv`. Images are named by their ids; `<id>.jpg` and other endings are found.
///
/// Scored as CLoVe does (`Netflix/clove`): right if the caption is nearer to the true image, by
/// what was exchanged: subject, verb or object. DeepMind's own metric is of match decisions, which
/// CLIP does not make.
///
/// # Errors
/// A table without these columns, a value that is neither True nor False, or no items.
pub fn read_svo(csv: &str) -> Result<ProbeSet, ProbeError> {
    let name = "svo".to_owned();
    let hint = "svo_probes.csv has the columns sentence, subj_neg, verb_neg, obj_neg, pos_image_id, neg_image_id";
    let table = Table::read(&name, csv, Separator::Given(b','), hint)?;
    let columns = table.columns([
        "sentence",
        "subj_neg",
        "verb_neg",
        "pos_image_id",
        "neg_image_id",
    ])?;
    let mut tables = Tables::default();
    table.warn(&mut tables);
    let mut items = Vec::new();
    for (row, [sentence, subject, verb, right, wrong]) in table.rows(columns).enumerate() {
        let id = row.to_string();
        let flag = |value: &str| match value {
            "True" | "true" | "TRUE" | "1" => Ok(true),
            "False" | "false" | "FALSE" | "0" => Ok(false),
            other => Err(ProbeError::Item {
                set: name.clone(),
                item: row.to_string(),
                message: format!("says {other:?} where True or False belongs"),
            }),
        };
        let part = NegatedPart::from_flags(flag(subject)?, flag(verb)?);
        if right == wrong {
            tables.warn(
                &id,
                "has the same image as right and wrong: it cannot be answered",
            );
        }
        items.push(ImageChoice {
            id,
            group: part.name().to_owned(),
            caption: tables.text(sentence),
            images: vec![tables.image(right, None), tables.image(wrong, None)],
            correct: 0,
        });
    }
    let protocol = Protocol {
        ties: TieRule::Random { seed: 0 },
        average: Average::MacroOverGroups {
            at_least: 1,
            except: Vec::new(),
        },
    };
    tables.set(name, Probes::ImageChoice(items), protocol)
}
