//! Results in the shape of CLIP_benchmark, so that `clip_benchmark build *.json` takes them.

use std::path::Path;

use anyhow::{Context, Result};
use cliprobe::probe::Score;
use serde_json::{Value, json};

use crate::output::write_whole;
use cliprobe::probe::results::{Results, SetResult};

/// Writes one file for each model and set.
pub(super) fn write(folder: &Path, results: &Results) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))?;
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

/// CLIP_benchmark's names for what was done and measured. What it does not know keeps our names.
fn task(set: &SetResult) -> (&'static str, Value) {
    match &set.evaluation.score {
        Score::Accuracy(accuracy) => (
            "image_caption_selection",
            json!({"text_acc": accuracy.value, "acc": accuracy.value}),
        ),
        Score::Square(score) => (
            "image_caption_selection",
            json!({
                "image_acc": score.image.value,
                "text_acc": score.text.value,
                "acc": score.group.value,
            }),
        ),
        Score::Classification(score) => (
            "zeroshot_classification",
            json!({
                "acc1": score.top1.value,
                "acc5": score.top5.value,
                "mean_per_class_recall": score.mean_per_class_recall.value,
            }),
        ),
        Score::Retrieval {
            image_to_text,
            text_to_image,
        } => {
            let mut metrics = serde_json::Map::new();
            for (name, score) in [
                ("image_retrieval", text_to_image),
                ("text_retrieval", image_to_text),
            ] {
                for at in &score.recall {
                    metrics.insert(format!("{name}_recall@{}", at.k), json!(at.recall.value));
                }
            }
            ("zeroshot_retrieval", Value::Object(metrics))
        }
        _ => {
            let metrics = set.evaluation.metrics.iter();
            let metrics = metrics.map(|metric| (metric.name.clone(), json!(metric.value)));
            ("probe", Value::Object(metrics.collect()))
        }
    }
}
