//! Results as a table for a person.

use cliprobe::probe::{Image, Metric};

use crate::bench::questions::Questions;
use crate::quantity;
use cliprobe::probe::published::published;
use cliprobe::probe::results::{Encoded, Results, Run};
use cliprobe_files::image_files::ImagesOnDisk;

/// Prints what is there and what is missing.
pub(super) fn print_dry_run(questions: &Questions, files: &ImagesOnDisk, notes: &[String]) {
    for asked in &questions.asked {
        let set = &asked.set;
        let missing: Vec<&str> = set
            .images
            .iter()
            .filter_map(|image| match image {
                Image::File { name, .. } => Some(name.as_str()),
                Image::Scene(_) => None,
            })
            .filter(|name| files.find(name).is_none())
            .collect();
        let there = set.images.len() - missing.len();
        println!(
            "{}: {} items, {} texts, {there} of {} images",
            set.name,
            set.probes.len(),
            set.texts.len(),
            set.images.len()
        );
        for file in &asked.files {
            println!("    {} (sha256 {})", file.path, &file.sha256[..16]);
        }
        for odd in set.warnings.iter().take(3) {
            println!("    item {} {}", odd.item, odd.what);
        }
        if set.warnings.len() > 3 {
            println!("    and {} more warnings", set.warnings.len() - 3);
        }
        if let [first, ..] = missing.as_slice() {
            println!("    missing images: {first} …");
        }
    }
    for note in notes {
        println!("{note}");
    }
    for absent in &questions.absent {
        println!("missing: {absent}");
    }
}

/// Prints the metrics of every model and set, beside the published ones of a model where one is
/// named.
pub(super) fn print(results: &Results, beside: Option<&str>) {
    for (number, run) in results.runs.iter().enumerate() {
        if number > 0 {
            println!();
        }
        print_run(run, beside);
    }
}

fn print_run(run: &Run, beside: Option<&str>) {
    let said = |field: &str| run.model[field].as_str().map(|value| format!(", {value}"));
    println!(
        "{}{}{}",
        run.name(),
        said("activation").unwrap_or_default(),
        said("engine").unwrap_or_default()
    );
    let width = run
        .sets
        .iter()
        .map(|set| set.evaluation.set.chars().count())
        .chain(
            run.summaries
                .iter()
                .map(|summary| summary.name.chars().count()),
        )
        .chain(["set".len()])
        .max()
        .unwrap_or(0);
    println!(
        "{:width$}  {:<28} {:>7}  {:^15}  {:>7}  {:>6} {:>5}{}",
        "set",
        "metric",
        "value",
        "95 % interval",
        "chance",
        "items",
        "ties",
        beside.map_or("", |_| "  published")
    );
    let mut sources: Vec<(&str, &str)> = Vec::new();
    let rows = run
        .sets
        .iter()
        .map(|set| (&set.evaluation.set, &set.evaluation.metrics))
        .chain(run.summaries.iter().map(|s| (&s.name, &s.metrics)));
    for (name, metrics) in rows {
        for (place, metric) in metrics.iter().enumerate() {
            let number = beside.and_then(|model| {
                published(name, &metric.name).find(|number| number.model == model)
            });
            let number = number.map_or_else(String::new, |number| {
                let source = (number.table.source.as_str(), number.table.known.words());
                if !sources.contains(&source) {
                    sources.push(source);
                }
                format!("  {:>9}", quantity::value(metric.unit, number.value))
            });
            let name = if place == 0 { name.as_str() } else { "" };
            println!("{name:width$}  {}{number}", row(metric));
        }
    }
    if let Some(model) = beside {
        for (source, known) in &sources {
            println!("published numbers of {model}: {source} ({known})");
        }
        if sources.is_empty() {
            println!("published numbers of {model}: none of these sets");
        }
    }
    for set in &run.sets {
        let evaluation = &set.evaluation;
        if let Some(first) = evaluation.skipped.first() {
            println!(
                "{}: only {} of {} items are scored; the first one skipped is {}: {}",
                evaluation.set, evaluation.scored, evaluation.items, first.item, first.why
            );
        }
        if !set.truncated.is_empty() {
            println!(
                "{}: {} texts are longer than the context and were cut",
                evaluation.set,
                set.truncated.len()
            );
        }
        if let Some(odd) = evaluation.warnings.first() {
            println!(
                "{}: {} warnings about the file; the first one: item {} {}",
                evaluation.set,
                evaluation.warnings.len(),
                odd.item,
                odd.what
            );
        }
    }
    for unscored in &run.unscored {
        println!("not scored: {unscored}");
    }
    if let Some(encoding) = &run.encoding {
        println!("{}", encoded("images", encoding.images));
        println!("{}", encoded("texts", encoding.texts));
    }
}

fn row(metric: &Metric) -> String {
    let unit = metric.unit;
    format!(
        "{:<28} {:>7}  {:^15}  {:>7}  {:>6} {:>5}",
        metric.name,
        quantity::value(unit, metric.value),
        metric
            .interval
            .map_or_else(String::new, |i| quantity::interval(unit, i)),
        metric
            .chance
            .map_or_else(String::new, |chance| quantity::value(unit, chance)),
        metric.n,
        metric.ties
    )
}

fn encoded(what: &str, counts: Encoded) -> String {
    let rate = if counts.computed > 0 && counts.seconds > 0.0 {
        format!(", {:.1} /s", counts.computed as f64 / counts.seconds)
    } else {
        String::new()
    };
    format!(
        "{what}: {} used by items, {} distinct, {} from the cache or duplicates, {} computed in {:.1} s{rate}, {} missing",
        counts.named, counts.distinct, counts.known, counts.computed, counts.seconds, counts.failed
    )
}
