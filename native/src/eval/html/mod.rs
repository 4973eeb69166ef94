//! Results as a page that one would put into an appendix.

mod grouping;
mod provenance;
mod references;
mod section;

use cliprobe::probe::results::{Results, Run, SetResult};
use cliprobe::probe::{Metric, Unit};
use maud::{Markup, html};

use crate::bench::questions::Asked;
use crate::eval::thumbnails::Thumbnails;
use crate::html::{DotRow, anchor, dots, page, table, text};
use crate::quantity;
use grouping::{Section, sections};
use provenance::{coverage, model_card};

/// Writes the report. `asked` are the sets that the results answer, `failures` the number of wrong
/// answers of a set that are shown.
pub(super) fn report(
    results: &Results,
    asked: &[Asked],
    thumbnails: &Thumbnails<'_>,
    failures: usize,
) -> String {
    let runs: Vec<(String, &Run, Vec<Section<'_>>)> = results
        .runs
        .iter()
        .enumerate()
        .map(|(number, run)| (anchor(&["run", &number.to_string()]), run, sections(run)))
        .collect();
    let set_of = |name: &str| asked.iter().map(|a| &a.set).find(|set| set.name == name);
    let body = html! {
        p.quiet { "Made by cliprobe " (env!("CARGO_PKG_VERSION")) ". Intervals are of 95 %; "
            "chance is what random similarities would get. The result file has every answer." }
        nav aria-label="Contents" { ul {
            @for (id, run, sections) in &runs {
                li { a href={ "#" (id) } { (run.name()) } ": "
                    @for (number, section) in sections.iter().enumerate() {
                        @if number > 0 { ", " }
                        a href={ "#" (anchor(&[id, &section.key])) } { (section.title) }
                    }
                }
            }
        } }
        @if results.runs.len() > 1 { (side_by_side(results)) }
        @for absent in &results.absent { p.note { "Not there: " (absent) } }
        @for (id, run, sections) in &runs {
            h2 id=(id) { (run.name()) }
            (incomplete(run))
            (overview(run))
            @for section in sections {
                (section::section(id, section, thumbnails, failures, &set_of))
            }
            details {
                summary { "Where these numbers come from: the model, what computed it, files and coverage" }
                (model_card(run))
                (coverage(run))
            }
        }
    };
    page("Compositionality and hierarchy: results", &body)
}

/// The first metric of every set, model by model.
fn side_by_side(results: &Results) -> Markup {
    let mut head = vec!["set", "metric", "chance"];
    head.extend(results.runs.iter().map(Run::name));
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for set in results.runs.iter().flat_map(|run| &run.sets) {
        if let Some(metric) = set.evaluation.metrics.first()
            && !rows.contains(&(&set.evaluation.set, &metric.name))
        {
            rows.push((&set.evaluation.set, &metric.name));
        }
    }
    let of = |run: &'_ Run, set: &str, metric: &str| -> Option<(String, Metric)> {
        let found = run.sets.iter().find(|s| s.evaluation.set == set)?;
        let metric = found.evaluation.metrics.iter().find(|m| m.name == metric)?;
        Some((covered(found), metric.clone()))
    };
    let cell = |run: &Run, set: &str, metric: &str| {
        let Some((covered, m)) = of(run, set, metric) else {
            return text("–");
        };
        html! {
            strong { (quantity::value(m.unit, m.value)) }
            @if let Some(interval) = m.interval {
                div.quiet { (quantity::interval(m.unit, interval)) }
            }
            div.quiet { "n " (covered) }
        }
    };
    let chance = |set: &str, metric: &str| {
        let mut found = results.runs.iter().filter_map(|run| of(run, set, metric));
        let chance = found.find_map(|(_, m)| Some(quantity::value(m.unit, m.chance?)));
        text(chance.unwrap_or_default())
    };
    let rows: Vec<Vec<Markup>> = rows
        .into_iter()
        .map(|(set, metric)| {
            let mut row = vec![text(set), text(metric), chance(set, metric)];
            row.extend(results.runs.iter().map(|run| cell(run, set, metric)));
            row
        })
        .collect();
    let numbers: Vec<usize> = (2..head.len()).collect();
    html! {
        h2 { "Side by side" }
        (table("The main metric of every set with its 95 % interval and items; cliprobe compare tests the differences", &head, &numbers, &rows))
    }
}

/// The main metric of every set, at one look.
fn overview(run: &Run) -> Markup {
    let rows: Vec<DotRow> = run
        .sets
        .iter()
        .filter_map(|set| {
            let metric = set.evaluation.metrics.first()?;
            (metric.unit == Unit::Share).then(|| DotRow {
                label: set.evaluation.set.clone(),
                value: metric.value,
                shown: quantity::value(metric.unit, metric.value),
                interval: metric.interval,
                chance: metric.chance,
                references: Vec::new(),
            })
        })
        .collect();
    html! {
        @if rows.len() > 1 {
            (dots("The main metric of every set", &rows))
            p.quiet { "The main metric of every set. Dot: this model, in per cent; bar: its 95 % interval; dashed: chance." }
        }
    }
}

/// Sets of which items have no answer, or none at all.
fn incomplete(run: &Run) -> Markup {
    html! {
        @for set in &run.sets {
            @let e = &set.evaluation;
            @if e.scored < e.items {
                p.note { (e.set) ": " (covered(set)) " items scored; numbers are of these only." }
            }
        }
        @for unscored in &run.unscored { p.note { "Not scored: " (unscored) } }
    }
}

/// `17 of 245`, or the number where all are scored.
fn covered(set: &SetResult) -> String {
    let e = &set.evaluation;
    if e.scored < e.items {
        format!("{} of {}", e.scored, e.items)
    } else {
        e.items.to_string()
    }
}
