//! Results in the shape of CLIP_benchmark, so that `clip_benchmark build *.json` takes them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::output::write_whole;
use cliprobe::probe::results::{Results, SetResult};

/// Writes one file for each model and set.
pub(super) fn write(folder: &Path, results: &Results) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut written = std::collections::HashSet::new();
    for run in &results.runs {
        for set in &run.sets {
            let dataset = set.evaluation.set.replace('/', "_");
            let (task, metrics) = task(set);
            let file = json!({
                "dataset": dataset,
                "model": run.name(),
                "pretrained": run.model["sha256"],
                "task": task,
                "metrics": metrics,
                "language": "en",
            });
            let name = format!("{dataset}_{}_{task}.json", file_name(run.name()));
            if !written.insert(name.clone()) {
                bail!("{name} would be written twice: two models or sets have that name");
            }
            let text = serde_json::to_string_pretty(&file)?;
            write_whole(
                &folder.join(name),
                |out| Ok(out.write_all(text.as_bytes())?),
            )?;
        }
    }
    Ok(())
}

fn file_name(model: &str) -> String {
    let keep = |c: char| {
        if c.is_alphanumeric() || "-._".contains(c) {
            c
        } else {
            '-'
        }
    };
    model.chars().map(keep).collect()
}

/// CLIP_benchmark's names for what was done and measured. What it does not know keeps our names. `n`
/// and `items` are ours: a share of 17 items looks like any other without them.
fn task(set: &SetResult) -> (&'static str, Value) {
    let evaluation = &set.evaluation;
    let (task, metrics) = evaluation.score.form().clip_benchmark().unwrap_or_else(|| {
        let metrics = evaluation.metrics.iter();
        let metrics = metrics.map(|metric| (metric.name.clone(), metric.value));
        ("probe", metrics.collect())
    });
    let mut object: serde_json::Map<String, Value> = metrics
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    object.insert("n".to_owned(), json!(evaluation.scored));
    object.insert("items".to_owned(), json!(evaluation.items));
    (task, Value::Object(object))
}
