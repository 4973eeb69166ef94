//! NegBench (Alhamoud et al. 2025): `m1k2zoo/negbench`.

use super::captioned::Captioned;
use super::list_literal::read_list_literal;
use super::table::Table;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, CaptionChoice, ProbeError, ProbeSet, Probes, Protocol};
use cliprobe_score::TieRule;

/// Reads a table of questions with four options (`COCO_val_mcq_llama3.1_rephrased.csv`). Their paths
/// are the authors' own, so that images are named by the file alone. Besides the accuracy over items
/// there is that of each template: positive, negative, hybrid.
///
/// As in the authors' script the first largest wins.
///
/// # Errors
/// A table without the columns, a right option that is not 0 to 3, or no items.
pub fn read_negbench_choice(subset: &str, csv: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("negbench/{subset}");
    let hint = "NegBench's questions have the columns image_path, caption_0 to caption_3, correct_answer, correct_answer_template";
    let table = Table::read(&name, csv, Separator::Given(b','), hint)?;
    let columns = table.columns([
        "image_path",
        "correct_answer",
        "correct_answer_template",
        "caption_0",
        "caption_1",
        "caption_2",
        "caption_3",
    ])?;
    let mut tables = Tables::default();
    table.warn(&mut tables);
    let mut items = Vec::new();
    for (number, [path, answer, template, captions @ ..]) in table.rows(columns).enumerate() {
        let id = number.to_string();
        let options: [&str; 4] = captions;
        let correct = match answer.trim() {
            "0" | "0.0" => 0,
            "1" | "1.0" => 1,
            "2" | "2.0" => 2,
            "3" | "3.0" => 3,
            other => {
                return Err(ProbeError::Item {
                    set: name,
                    item: id,
                    message: format!("has the correct_answer {other:?}, which is not 0 to 3"),
                });
            }
        };
        let others = options.iter().enumerate();
        let wrong: Vec<&str> = others
            .filter(|&(place, _)| place != correct)
            .map(|(_, text)| *text)
            .collect();
        tables.watch(&id, &[options[correct]], &wrong);
        items.push(CaptionChoice {
            id,
            group: template.to_owned(),
            image: tables.image(file_name(path), None),
            captions: options.iter().map(|text| tables.text(text)).collect(),
            correct,
        });
    }
    let protocol = Protocol {
        ties: TieRule::First,
        average: Average::MicroAndGroups,
    };
    tables.set(name, Probes::CaptionChoice(items), protocol)
}

/// Reads a table of images and captions (`COCO_val_retrieval.csv` and its negated form), whose captions
/// are a list as Python prints it. The authors report text to image R@5, plain and negated.
///
/// # Errors
/// A table without the columns, a cell that is no list, or no items.
pub fn read_negbench_retrieval(subset: &str, csv: &str) -> Result<ProbeSet, ProbeError> {
    let name = format!("negbench/{subset}");
    let hint = "NegBench's retrieval tables have the columns filepath and captions, a list such as ['a dog', 'a cat']";
    let table = Table::read(&name, csv, Separator::Given(b','), hint)?;
    let columns = table.columns(["filepath", "captions"])?;
    let mut captioned = Captioned::default();
    for (row, [path, cell]) in table.rows(columns).enumerate() {
        let captions = read_list_literal(cell).map_err(|why| ProbeError::Item {
            set: name.clone(),
            item: row.to_string(),
            message: format!("has a cell \"captions\" that {why}"),
        })?;
        captioned.add(file_name(path), captions.iter().map(String::as_str));
    }
    captioned.set(&name)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::evaluate;

    const HEADER: &str = "image_path,caption_0,caption_1,caption_2,caption_3,correct_answer,correct_answer_template\n";

    #[test]
    fn templates_are_counted_apart() {
        let csv = format!(
            "{HEADER}/home/x/val2017/000000000001.jpg,a,b,b,b,0,positive\n\
             /home/x/val2017/000000000001.jpg,b,a,b,b,1,hybrid\n\
             /home/x/val2017/000000000001.jpg,b,a,b,b,0,hybrid\n"
        );
        let set = read_negbench_choice("mcq/coco", &csv).unwrap();
        assert_eq!(set.images.len(), 1);
        assert_eq!(set.images[0].label(), "000000000001.jpg");
        assert_eq!(set.protocol.ties, TieRule::First);
        let (a, b) = ([1.0, 0.0], [0.0, 1.0]);
        let evaluation = evaluate(&set, &[Ok(&a)], &[Ok(&a), Ok(&b)], None, None).unwrap();
        let metrics: Vec<_> = evaluation
            .metrics
            .iter()
            .map(|m| (m.name.as_str(), m.value, m.n))
            .collect();
        assert_eq!(
            metrics,
            [
                ("accuracy", 2.0 / 3.0, 3),
                ("hybrid", 0.5, 2),
                ("positive", 1.0, 1)
            ]
        );
        let wrong = format!("{HEADER}x.jpg,a,b,c,d,4,hybrid\n");
        let error = read_negbench_choice("mcq/coco", &wrong)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("item 0 has the correct_answer \"4\""),
            "{error}"
        );
    }

    #[test]
    fn captions_are_a_list_in_a_cell() {
        let csv =
            "filepath,captions\ndata/1.jpg,\"['a dog', \"\"a cat's\"\"]\"\ndata/2.jpg,['x']\n";
        let set = read_negbench_retrieval("retrieval/coco", csv).unwrap();
        let Probes::Retrieval(retrieval) = &set.probes else {
            panic!("retrieval expected");
        };
        assert_eq!(
            (retrieval.images.len(), &retrieval.image_of[..]),
            (2, &[0, 0, 1][..])
        );
        assert_eq!(set.texts, ["a dog", "a cat's", "x"]);
        let error = read_negbench_retrieval("r", "filepath,captions\n1.jpg,a dog\n").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("item 0 has a cell \"captions\" that is no list"),
            "{error}"
        );
    }
}
