//! VALSE (Parcalabescu et al. 2022): `Heidelberg-NLP/VALSE`, `data/*.json`.

use serde::Deserialize;

use crate::json::keyed_items;
use crate::set::Tables;
use crate::{Average, CaptionChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
struct Item {
    image_file: String,
    caption: String,
    foil: String,
    mturk: Votes,
}

/// Of three people who saw the image.
#[derive(Deserialize)]
struct Votes {
    caption: u32,
}

/// People who must have chosen the caption for an item to be valid.
const VALID: u32 = 2;

/// Reads one piece. Items that fewer than two of three people confirmed are left out, as the authors
/// do; a warning counts them.
///
/// Scored as the authors' pairwise accuracy: the caption must be strictly above the foil.
///
/// # Errors
/// JSON of another shape, or no valid items.
pub fn read_valse(piece: &str, json: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("valse/{piece}");
    let hint = "VALSE's files are objects like {\"x_1\": {\"image_file\", \"caption\", \"foil\", \"mturk\"}}";
    let mut tables = Tables::default();
    let mut items = Vec::new();
    let mut left_out = 0;
    for (id, item) in keyed_items::<Item>(&name, json, hint, &mut tables)? {
        if item.mturk.caption < VALID {
            left_out += 1;
            continue;
        }
        tables.watch(&id, &[&item.caption], &[&item.foil]);
        items.push(CaptionChoice {
            id,
            group: String::new(),
            image: tables.image(&item.image_file, None),
            captions: vec![tables.text(&item.caption), tables.text(&item.foil)],
            correct: 0,
        });
    }
    if left_out > 0 {
        let what = format!(
            "has {left_out} items that fewer than two of three people confirmed; they are left out, as the authors do"
        );
        tables.warn("the list", &what);
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn items_that_people_did_not_confirm_are_left_out_and_counted() {
        let json = r#"{"x_1": {"dataset": "SWiG", "image_file": "jumping_3.jpg", "caption": "a girl jumps over a rope.",
            "foil": "a rope jumps over a girl.", "mturk": {"caption": 2, "foil": 1, "other": 0}},
            "x_2": {"image_file": "j.jpg", "caption": "a", "foil": "a", "mturk": {"caption": 1, "foil": 2, "other": 0}}}"#;
        let set = read_valse("actant-swap", json).unwrap();
        let Probes::CaptionChoice(items) = &set.probes else {
            panic!("choices expected");
        };
        assert_eq!((items.len(), items[0].id.as_str()), (1, "x_1"));
        assert_eq!(set.texts[1], "a rope jumps over a girl.");
        assert_eq!(set.protocol.ties, TieRule::Strict);
        assert_eq!(set.warnings.len(), 1);
        assert!(set.warnings[0].what.starts_with("has 1 items"));
        let error = read_valse(
            "existence",
            r#"{"a": {"image_file": "x", "caption": "c", "foil": "f"}}"#,
        );
        assert!(error.unwrap_err().to_string().contains("mturk"));
    }
}
