//! Numbers that papers and repositories give, to be shown beside a model's own.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

/// How well a number is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Known {
    /// From the paper's own text or table.
    #[serde(rename = "paper")]
    Paper,
    /// From files of the authors' or another laboratory's repository.
    #[serde(rename = "code")]
    Repository,
    /// Read off a figure.
    #[serde(rename = "fig")]
    Figure,
    /// From somebody else's notes or copy of a table.
    #[serde(rename = "2nd")]
    SecondHand,
}

impl Known {
    /// In words, for a table's foot.
    pub fn words(self) -> &'static str {
        match self {
            Self::Paper => "the paper's table",
            Self::Repository => "a repository's results",
            Self::Figure => "read off a figure",
            Self::SecondHand => "second hand",
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    Percent,
    Fraction,
}

/// A table of one source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Paper and table; no two tables have the same.
    pub source: String,
    /// Where the source is.
    #[serde(default)]
    pub url: Option<String>,
    /// How well its numbers are known.
    pub known: Known,
    /// What a reader has to know of it.
    #[serde(default)]
    pub note: Option<String>,
    /// Whether its rows are marked in charts too, which ablations would crowd.
    #[serde(default = "yes")]
    pub in_charts: bool,
    unit: Scale,
    /// Set (or average) and metric, as results name them.
    columns: Vec<(String, String)>,
    rows: Vec<Row>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    model: String,
    values: Vec<Option<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tables: Vec<Table>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("published.json"))
        .expect("the embedded file is checked by a test");
    file.tables
});

/// A published number.
#[derive(Clone, Copy)]
pub struct Published {
    /// The model, as the source calls it.
    pub model: &'static str,
    /// Shares from 0 to 1.
    pub value: f64,
    /// Where it stands.
    pub table: &'static Table,
}

/// What is published of a metric of a set (or of an average over sets), in the file's order.
pub fn published(set: &str, metric: &str) -> impl Iterator<Item = Published> + use<> {
    let set = canonical(set);
    let metric = metric.to_owned();
    TABLES.iter().flat_map(move |table| {
        let named = |(s, m): &&(String, String)| *s == set && *m == metric;
        let column = table.columns.iter().position(|c| named(&c));
        let scale = match table.unit {
            Scale::Percent => 0.01,
            Scale::Fraction => 1.0,
        };
        table.rows.iter().filter_map(move |row| {
            Some(Published {
                model: &row.model,
                value: scale * row.values.get(column?).copied()??,
                table,
            })
        })
    })
}

/// The model that a person means by a part of its name: itself if a model is called so, else the
/// first that is called alike.
pub fn model_named(part: &str) -> Option<&'static str> {
    let part = part.to_lowercase();
    let models = || {
        TABLES
            .iter()
            .flat_map(|table| &table.rows)
            .map(|row| row.model.as_str())
    };
    models()
        .find(|model| model.to_lowercase() == part)
        .or_else(|| models().find(|model| model.to_lowercase().contains(&part)))
}

/// Every model of which numbers are published, in alphabetical order.
pub fn models() -> BTreeSet<&'static str> {
    TABLES
        .iter()
        .flat_map(|table| &table.rows)
        .map(|row| row.model.as_str())
        .collect()
}

/// The name under which numbers of a data set are published: folders are called in many ways, such
/// as CLIP_benchmark's `wds_vtab-cifar100` and `wds_mscoco_captions/retrieval`.
fn canonical(set: &str) -> String {
    let lower = set.to_lowercase();
    let (name, is_retrieval) = match lower.strip_suffix("/retrieval") {
        Some(name) => (name, true),
        None => (lower.as_str(), false),
    };
    let name = name.strip_prefix("wds_").unwrap_or(name);
    let name = name.strip_prefix("vtab-").unwrap_or(name);
    let known = match name {
        "imagenet" | "imagenet-1k" | "imagenet_val" | "imagenet-val" => "imagenet1k",
        "stanford_cars" | "stanford-cars" => "cars",
        "flowers102" | "oxford_flowers102" => "flowers",
        "mscoco_captions" => "coco",
        "flickr30k" => "flickr30k",
        "cifar10" | "cifar100" | "mnist" | "eurosat" | "dtd" | "ucf101" | "hmdb51"
        | "imagenet1k" | "cars" | "flowers" => name,
        _ => return set.to_owned(),
    };
    if is_retrieval {
        format!("retrieval/{known}")
    } else {
        known.to_owned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn one(set: &str, metric: &str, model: &str, source: &str) -> f64 {
        published(set, metric)
            .find(|p| p.model == model && p.table.source.contains(source))
            .unwrap()
            .value
    }

    fn table(of_clove: &str) -> &'static Table {
        TABLES
            .iter()
            .find(|t| t.source == format!("CLoVe (Castro et al. 2024), {of_clove}"))
            .unwrap()
    }

    #[test]
    fn every_row_is_as_wide_as_its_table_and_every_number_a_share() {
        let mut sources = HashSet::new();
        for table in TABLES.iter() {
            assert!(
                sources.insert(&table.source),
                "{} stands twice",
                table.source
            );
            let mut models = HashSet::new();
            for row in &table.rows {
                assert_eq!(
                    row.values.len(),
                    table.columns.len(),
                    "{}: {}",
                    table.source,
                    row.model
                );
                assert!(
                    models.insert(&row.model),
                    "{}: {} stands twice",
                    table.source,
                    row.model
                );
            }
            for (set, metric) in &table.columns {
                for p in published(set, metric) {
                    assert!((0.0..=1.0).contains(&p.value), "{set} {metric} {}", p.value);
                }
            }
        }
    }

    /// The averages that CLoVe's tables print follow from their other columns.
    #[test]
    fn clove_s_averages_follow() {
        let models = [
            "CLIP ViT-B/32",
            "NegCLIP",
            "REPLACE",
            "CLoVe without patching",
            "CLoVe",
        ];
        for model in models {
            let coarse = table("Table 1");
            let row = coarse.rows.iter().find(|r| r.model == model).unwrap();
            let values: Vec<f64> = row.values.iter().flatten().copied().collect();
            let mean = values[..10].iter().sum::<f64>() / 10.0;
            assert!((mean - values[10]).abs() < 0.06, "{model}: {mean}");
            let fine = table("Table 6");
            let row = fine.rows.iter().find(|r| r.model == model).unwrap();
            let values: Vec<f64> = row.values.iter().flatten().copied().collect();
            let mean = values[..7].iter().sum::<f64>() / 7.0;
            assert!((mean - values[8]).abs() < 0.06, "{model}: {mean}");
        }
    }

    #[test]
    fn folders_are_known_by_the_names_people_give_them() {
        assert!((one("wds_imagenet1k", "top-1", "NegCLIP", "Table 2") - 0.558).abs() < 1e-9);
        let recall = one(
            "wds_mscoco_captions/retrieval",
            "image to text R@1",
            "NegCLIP",
            "vl_compo",
        );
        assert!((recall - 0.5934).abs() < 1e-9);
        assert!((one("hierarcaps", "recall", "CLIP ViT-B/32", "HierarCaps") - 0.36).abs() < 1e-9);
        assert_eq!(published("coco", "accuracy").count(), 0);
    }
}
