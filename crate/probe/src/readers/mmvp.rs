//! MMVP-VLM (Tong et al. 2024): `MMVP/MMVP_VLM`, `Questions.csv`.

use super::table::Table;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, ProbeError, ProbeSet, Probes, Protocol, Square};
use cliprobe_score::TieRule;

/// Pairs of a visual pattern: the authors' script assigns patterns by position.
const PAIRS_OF_A_PATTERN: usize = 15;

/// Reads `Questions.csv`: two rows are a pair, the odd key first. Every statement gets the prefix of
/// the authors' `evaluate_vlm.py`, `a photo of `. Images are `TYPE/ID.jpg`. An item's group is the
/// pattern that its place in the file gives it, as in the script, called by the type that stands in
/// the pattern's first row.
///
/// The authors' score is the image score. Comparisons are strict; in the script a tie chooses the
/// second image, so that it is half right.
///
/// # Errors
/// A table without the columns, an odd number of rows, keys out of order, or no items.
pub fn read_mmvp(csv: &str) -> Result<ProbeSet, ProbeError> {
    let name = "mmvp-vlm";
    let hint = "MMVP-VLM's Questions.csv has the columns Question ID, Type, Statement; two rows are a pair";
    let table = Table::read(name, csv, Separator::Given(b','), hint)?;
    let columns = table.columns(["Question ID", "Type", "Statement"])?;
    let mut tables = Tables::default();
    table.warn(&mut tables);
    let rows: Vec<[&str; 3]> = table.rows(columns).collect();
    let wrong = |item: &str, message: &str| ProbeError::Item {
        set: name.to_owned(),
        item: item.to_owned(),
        message: message.to_owned(),
    };
    let mut items = Vec::new();
    let mut pattern = "";
    for (number, pair) in rows.chunks(2).enumerate() {
        let [[first, kind, statement], [second, other_kind, other]] = *pair else {
            let alone = pair.first().map_or("", |row| row[0]);
            return Err(wrong(alone, "has no second row; two rows are a pair"));
        };
        let key = |id: &str| {
            let parsed = id.trim().parse::<u32>();
            parsed.map_err(|_| wrong(id, "has a Question ID that is no whole number"))
        };
        let (odd, even) = (key(first)?, key(second)?);
        if odd % 2 == 0 || even != odd.saturating_add(1) {
            return Err(wrong(
                first,
                &format!(
                    "is paired with {second:?}; a pair is an odd Question ID and the next one"
                ),
            ));
        }
        if number % PAIRS_OF_A_PATTERN == 0 {
            pattern = kind;
        }
        let captions = [statement, other].map(|text| format!("a photo of {text}"));
        tables.watch(first, &[&captions[0]], &[&captions[1]]);
        items.push(Square {
            id: first.trim().to_owned(),
            group: pattern.to_owned(),
            images: [
                tables.image(&format!("{kind}/{odd}.jpg"), None),
                tables.image(&format!("{other_kind}/{even}.jpg"), None),
            ],
            captions: captions.map(|caption| tables.text(&caption)),
        });
    }
    let protocol = Protocol {
        ties: TieRule::Strict,
        average: Average::Micro,
    };
    tables.set(name.to_owned(), Probes::Square(items), protocol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_are_a_pair_and_patterns_go_by_position() {
        let mut csv = String::from("Question ID,Type,Statement\n");
        for id in 1..=32 {
            let kind = if id <= 28 { "Texts" } else { "Color" };
            csv.push_str(&format!("{id},{kind},\"a cup, side {id}\"\n"));
        }
        let set = read_mmvp(&csv).unwrap();
        let Probes::Square(items) = &set.probes else {
            panic!("squares expected");
        };
        assert_eq!(items.len(), 16);
        assert_eq!(set.images[0].label(), "Texts/1.jpg");
        assert_eq!(set.texts[1], "a photo of a cup, side 2");
        // The fifteenth pair's own type is another, but its place decides.
        assert_eq!((items[14].id.as_str(), &*items[14].group), ("29", "Texts"));
        assert_eq!((items[15].id.as_str(), &*items[15].group), ("31", "Color"));
    }

    #[test]
    fn rows_out_of_order_are_named() {
        for (rows, words) in [
            ("2,T,a\n1,T,b\n", "item 2 is paired with \"1\""),
            ("1,T,a\n", "item 1 has no second row"),
            ("x,T,a\ny,T,b\n", "no whole number"),
        ] {
            let csv = format!("Question ID,Type,Statement\n{rows}");
            let error = read_mmvp(&csv).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(
            read_mmvp("a,b\n")
                .unwrap_err()
                .to_string()
                .contains("Question ID")
        );
    }
}
