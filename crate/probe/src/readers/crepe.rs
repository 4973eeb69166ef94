//! CREPE (Ma et al. 2023): `RAIVNLab/CREPE`, productivity and systematicity.

use super::list_literal::read_list_literal;
use super::table::Table;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, CaptionChoice, CropBox, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

/// Reads the productivity tables of one kind of negative (`prod_vg_hard_negs_TYPE_complexity_N.csv`,
/// N from 4 to 12, in this order) as one set, of which each complexity is a group.
///
/// The authors rank the true caption by an unstable sort, so that a tie may go either way with them;
/// here it is wrong. The accuracy is their R@1.
///
/// # Errors
/// A table without the columns, a cell that is no list or no number, or no items.
pub fn read_crepe_productivity(negatives: &str, tables: &[String]) -> Result<ProbeSet, ProbeError> {
    let mut reader = Reader::new(format!("crepe/productivity/{negatives}"));
    for (complexity, csv) in (4..).zip(tables) {
        reader.add(csv, "hard_negs", &format!("complexity {complexity}"))?;
    }
    reader.set(Average::MicroAndGroups)
}

/// Reads one kind of negative (`atom`, `comp`, `combined`) of a systematicity table. It is defined only
/// for models that were trained on the data set that the table is named after.
///
/// # Errors
/// As [`read_crepe_productivity`].
pub fn read_crepe_systematicity(
    subset: &str,
    negatives: &str,
    csv: &str,
) -> Result<ProbeSet, ProbeError> {
    let mut reader = Reader::new(format!("crepe/systematicity/{subset}/{negatives}"));
    reader.add(csv, &format!("valid_hard_negs_{negatives}"), "")?;
    reader.set(Average::Micro)
}

struct Reader {
    name: String,
    tables: Tables,
    items: Vec<CaptionChoice>,
    without_negatives: usize,
}

impl Reader {
    fn new(name: String) -> Self {
        Self {
            name,
            tables: Tables::default(),
            items: Vec::new(),
            without_negatives: 0,
        }
    }

    fn add(&mut self, csv: &str, negatives: &str, group: &str) -> Result<(), ProbeError> {
        let hint = "CREPE's tables have the columns image_id, caption, x, y, width, height and lists of negatives such as ['a dog', 'a cat']";
        let table = Table::read(&self.name, csv, Separator::Given(b','), hint)?;
        let columns = table.columns([
            "image_id", "caption", negatives, "x", "y", "width", "height",
        ])?;
        table.warn(&mut self.tables);
        for (row, [image, caption, cell, x, y, width, height]) in table.rows(columns).enumerate() {
            let id = if group.is_empty() {
                row.to_string()
            } else {
                format!("{group}, {row}")
            };
            let wrong = |message: String| ProbeError::Item {
                set: self.name.clone(),
                item: id.clone(),
                message,
            };
            let number = |column: &str, cell: &str, least: i64| {
                let cell = cell.trim();
                let whole = cell.strip_suffix(".0").unwrap_or(cell);
                let number = whole.parse::<i32>().ok();
                number.filter(|&n| i64::from(n) >= least).ok_or_else(|| {
                    wrong(format!(
                        "has {cell:?} in {column}, where a whole number of pixels belongs"
                    ))
                })
            };
            let least = i64::from(i32::MIN);
            let crop = CropBox {
                x: number("x", x, least)?,
                y: number("y", y, least)?,
                width: number("width", width, 1)?.unsigned_abs(),
                height: number("height", height, 1)?.unsigned_abs(),
            };
            let texts = read_list_literal(cell)
                .map_err(|why| wrong(format!("has a cell {negatives:?} that {why}")))?;
            if texts.is_empty() {
                self.without_negatives += 1;
                continue;
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            self.tables.watch(&id, &[caption], &texts);
            let image = image.trim().strip_suffix(".0").unwrap_or(image.trim());
            let captions = std::iter::once(&caption).chain(&texts);
            self.items.push(CaptionChoice {
                group: group.to_owned(),
                image: self.tables.image(&format!("{image}.jpg"), Some(crop)),
                captions: captions.map(|text| self.tables.text(text)).collect(),
                correct: 0,
                id,
            });
        }
        Ok(())
    }

    fn set(mut self, average: Average) -> Result<ProbeSet, ProbeError> {
        if self.without_negatives > 0 {
            let what = format!(
                "has {} rows without a negative, which ask nothing; they are left out",
                self.without_negatives
            );
            self.tables.warn("the list", &what);
        }
        let protocol = Protocol {
            ties: TieRule::Strict,
            average,
        };
        self.tables
            .set(self.name, Probes::CaptionChoice(self.items), protocol)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn choices(set: &ProbeSet) -> &[CaptionChoice] {
        let Probes::CaptionChoice(items) = &set.probes else {
            panic!("choices expected");
        };
        items
    }

    #[test]
    fn complexities_are_groups_and_images_are_cropped() {
        let four = "image_id,caption,hard_negs,x,y,width,height\n7,a cup,\"['a mug', 'a hat']\",1,2,30,40\n";
        let five = "image_id,caption,hard_negs,x,y,width,height\n7,a cup on a table,['no cup'],1,2,30,40\n";
        let set = read_crepe_productivity("atom", &[four.into(), five.into()]).unwrap();
        assert_eq!(set.images.len(), 1);
        assert_eq!(set.images[0].label(), "7.jpg#xywh=1,2,30,40");
        let items = choices(&set);
        assert_eq!(items[1].group, "complexity 5");
        assert_eq!((items[0].captions.len(), items[0].correct), (3, 0));
        for (cells, words) in [
            ("a cup,1,2,30,40", "\"hard_negs\" that is no list"),
            ("['a'],1,2,0,40", "has \"0\" in width"),
            ("['a'],x,2,3,40", "has \"x\" in x"),
        ] {
            let csv = format!("image_id,caption,hard_negs,x,y,width,height\n7,c,{cells}\n");
            let error = read_crepe_productivity("atom", &[csv])
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("item complexity 4, 0") && error.contains(words),
                "{error}"
            );
        }
    }

    #[test]
    fn rows_without_negatives_are_counted() {
        let csv = "image_id,caption,x,y,width,height,valid_hard_negs_atom\n7,c,1,2,3,4,['n']\n8,d,1,2,3,4,[]\n";
        let set = read_crepe_systematicity("laion/seen", "atom", csv).unwrap();
        assert_eq!(set.name, "crepe/systematicity/laion/seen/atom");
        assert_eq!(choices(&set).len(), 1);
        assert!(
            set.warnings[0]
                .what
                .starts_with("has 1 rows without a negative")
        );
        let error = read_crepe_systematicity("laion/seen", "comp", csv).unwrap_err();
        assert!(
            error.to_string().contains("valid_hard_negs_comp"),
            "{error}"
        );
    }
}
