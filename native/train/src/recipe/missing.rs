//! The keys that a recipe lacks, all of them at once: serde stops at the first.

use std::fmt;

use toml::{Table, Value};

/// Keys that a recipe must have and has not, each with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingKeys(pub Vec<String>);

impl fmt::Display for MissingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recipe lacks")?;
        for key in &self.0 {
            write!(f, "\n  {key}")?;
        }
        Ok(())
    }
}

impl std::error::Error for MissingKeys {}

/// The keys that every recipe needs. Of keys separated by bars, one is enough.
const ALWAYS: [(&str, &str); 5] = [
    ("steps", "how many updates are made"),
    (
        "start|model",
        "start = a checkpoint to continue from, or [model], the shape of a new one",
    ),
    (
        "batch.pairs|batch.chains",
        "how many pairs of an image and a caption, or chains, a step takes",
    ),
    (
        "data.table|data.webdataset|data.tableau|data.hierarcaps|data.tableau_chains",
        "a source: [data.table], [data.webdataset], [data.tableau], [data.hierarcaps] or \
         [data.tableau_chains]",
    ),
    (
        "objective.contrastive|objective.per_image|objective.per_image_positive|\
         objective.hard_positives|objective.radial|objective.entailment_cone|\
         objective.distillation",
        "what is minimised, such as [objective.contrastive]",
    ),
];

/// What a table of the recipe needs, where it is there.
const WITHIN: [(&str, &[&str]); 11] = [
    ("model", &["activation", "embedding", "vision", "text"]),
    (
        "model.vision",
        &["image", "patch", "width", "layers", "heads"],
    ),
    (
        "model.text",
        &["vocabulary", "context", "width", "layers", "heads"],
    ),
    ("data.table", &["path"]),
    ("data.webdataset", &["shards"]),
    ("data.hierarcaps", &["path"]),
    ("data.crop.random", &["scale"]),
    ("train.lora", &["rank", "alpha"]),
    ("train.groups", &["names"]),
    ("ema", &["decay"]),
    ("evaluation.best", &["set"]),
];

/// What a recipe lacks, if anything.
pub(super) fn of(recipe: &Table) -> Option<MissingKeys> {
    let mut missing = Vec::new();
    for (keys, meaning) in ALWAYS {
        if !keys.split('|').any(|key| find(recipe, key).is_some()) {
            let first = keys.split('|').next().unwrap_or(keys);
            missing.push(match keys.contains('|') {
                true if first.contains('.') => {
                    let table = first.split('.').next().unwrap_or(first);
                    format!("{table}: {meaning}")
                }
                true => meaning.to_owned(),
                false => format!("{keys}: {meaning}"),
            });
        }
    }
    for (table, keys) in WITHIN {
        let tables = match find(recipe, table) {
            Some(Value::Table(table)) => vec![table],
            Some(Value::Array(tables)) => tables.iter().filter_map(Value::as_table).collect(),
            _ => Vec::new(),
        };
        for found in tables {
            let lacks = keys.iter().filter(|key| !found.contains_key(**key));
            missing.extend(lacks.map(|key| format!("{table}.{key}")));
        }
    }
    (!missing.is_empty()).then_some(MissingKeys(missing))
}

fn find<'a>(recipe: &'a Table, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = recipe.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.as_table()?.get(part))
}
