//! One benchmark of a report: chart, table, groups, failures and notes.

use std::collections::BTreeMap;

use cliprobe::probe::results::SetResult;
use cliprobe::probe::{Answer, ProbeSet, Unit};
use cliprobe::score::wilson;
use maud::{Markup, html};

use super::grouping::Section;
use super::references::References;
use crate::eval::gallery::{gallery, worst};
use crate::eval::thumbnails::Thumbnails;
use crate::html::{DotRow, Reference, anchor, dots, table, text};
use crate::quantity;

/// Reasons, warnings and texts that are listed one by one; the JSON has all.
const LISTED: usize = 20;
/// Groups that a breakdown shows: the lowest of more.
const GROUPS: usize = 40;

pub(super) fn section<'s>(
    run: &str,
    section: &Section<'_>,
    thumbnails: &Thumbnails<'_>,
    failures: usize,
    set_of: &dyn Fn(&str) -> Option<&'s ProbeSet>,
) -> Markup {
    let references = References::of(section);
    html! {
        h3 id=(anchor(&[run, &section.key])) { (section.title) }
        (chart(section, &references))
        (metrics(section))
        (references.table(section))
        @for set in &section.sets {
            (groups(set))
            (failures_of(set, set_of(&set.evaluation.set), thumbnails, failures))
            (notes(set))
        }
    }
}

fn chart(section: &Section<'_>, references: &References) -> Markup {
    let mut rows = Vec::new();
    let is_average = |name: &str| section.sets.iter().all(|set| set.evaluation.set != name);
    let averages = section
        .rows
        .iter()
        .filter(|(name, _)| is_average(name))
        .count();
    let is_only_average = |name: &str| averages == 1 && is_average(name);
    for (set, metrics) in &section.rows {
        for metric in metrics.iter().filter(|metric| metric.unit == Unit::Share) {
            let name = set
                .strip_prefix(&format!("{}/", section.key))
                .unwrap_or(set);
            let marks = references
                .of_metric(set, &metric.name)
                .filter(|(_, p)| p.table.in_charts);
            rows.push(DotRow {
                label: if metrics.len() == 1 {
                    name.to_owned()
                } else if is_only_average(set) {
                    metric.name.clone()
                } else {
                    format!("{name}, {}", metric.name)
                },
                value: metric.value,
                shown: quantity::value(Unit::Share, metric.value),
                interval: metric.interval,
                chance: metric.chance,
                references: marks
                    .map(|(letter, p)| Reference {
                        letter: letter.to_owned(),
                        model: p.model.to_owned(),
                        value: p.value,
                    })
                    .collect(),
            });
        }
    }
    let has_references = rows.iter().any(|row| !row.references.is_empty());
    html! {
        (dots(&section.title, &rows))
        p.quiet { "Dot: this model, in per cent; bar: its 95 % interval; dashed: chance"
            @if has_references { "; small marks with letters: published models, listed below" } "." }
    }
}

fn metrics(section: &Section<'_>) -> Markup {
    let mut rows = Vec::new();
    for (set, metrics) in &section.rows {
        let result = section.sets.iter().find(|s| s.evaluation.set == *set);
        let items = result.map_or_else(String::new, |s| s.evaluation.items.to_string());
        for metric in *metrics {
            let unit = metric.unit;
            rows.push(vec![
                text(set),
                text(&metric.name),
                text(quantity::value(unit, metric.value)),
                text(
                    metric
                        .interval
                        .map_or_else(String::new, |i| quantity::interval(unit, i)),
                ),
                text(
                    metric
                        .chance
                        .map_or_else(String::new, |c| quantity::value(unit, c)),
                ),
                text(metric.n.to_string()),
                text(items.clone()),
                text(metric.ties.to_string()),
            ]);
        }
    }
    let head = [
        "set",
        "metric",
        "value",
        "95 % interval",
        "chance",
        "n",
        "of items",
        "ties",
    ];
    table(&section.title, &head, &[2, 3, 4, 5, 6, 7], &rows)
}

/// How the main mark splits over the set's own groups.
fn groups(set: &SetResult) -> Markup {
    let mut by_group: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut mark = "";
    for Answer { group, detail, .. } in &set.evaluation.answers {
        if let (false, Some(&(name, right))) = (group.is_empty(), detail.form().marks().first()) {
            mark = name;
            let counts = by_group.entry(group).or_default();
            *counts = (counts.0 + usize::from(right), counts.1 + 1);
        }
    }
    if by_group.len() < 2 {
        return html! {};
    }
    let all = by_group.len();
    let share = |(right, n): (usize, usize)| right as f64 / n as f64;
    let mut groups: Vec<(&str, (usize, usize))> = by_group.into_iter().collect();
    groups.sort_by(|a, b| share(a.1).total_cmp(&share(b.1)));
    groups.truncate(GROUPS);
    let rows: Vec<Vec<Markup>> = groups
        .into_iter()
        .map(|(group, counts)| {
            vec![
                text(group),
                text(quantity::value(Unit::Share, share(counts))),
                text(quantity::interval(Unit::Share, wilson(counts.0, counts.1))),
                text(counts.1.to_string()),
            ]
        })
        .collect();
    let caption = format!("{}: {mark} by group, the lowest first", set.evaluation.set);
    html! { details {
        summary { (set.evaluation.set) " by group (" @if all > GROUPS { "the lowest " (GROUPS) " of " } (all) ")" }
        (table(&caption, &["group", mark, "95 % interval", "n"], &[1, 2, 3], &rows))
    } }
}

fn failures_of(
    result: &SetResult,
    set: Option<&ProbeSet>,
    thumbnails: &Thumbnails<'_>,
    most: usize,
) -> Markup {
    let Some(set) = set else {
        return html! {};
    };
    let worst = worst(&result.evaluation, set, most);
    html! {
        @if !worst.shown.is_empty() {
            details open {
                summary {
                    (result.evaluation.set) ": the worst " (worst.shown.len()) " of " (worst.wrong) " failures"
                    @if worst.as_bad > 0 { "; " (worst.as_bad) " others are as bad as the last" }
                }
                (gallery(set, &worst.shown, thumbnails))
            }
        }
    }
}

/// Skipped items, warnings and texts that were cut off.
fn notes(set: &SetResult) -> Markup {
    let e = &set.evaluation;
    let skipped: Vec<Vec<Markup>> = e
        .skipped
        .iter()
        .take(LISTED)
        .map(|s| vec![text(&s.item), text(&s.why)])
        .collect();
    let odd: Vec<Vec<Markup>> = e
        .warnings
        .iter()
        .take(LISTED)
        .map(|o| vec![text(&o.item), text(&o.what)])
        .collect();
    let cut: Vec<Vec<Markup>> = set
        .truncated
        .iter()
        .take(LISTED)
        .map(|&place| vec![text(place.to_string()), text(&set.texts[place])])
        .collect();
    let lists = [
        ("items skipped", e.skipped.len(), ["item", "why"], skipped),
        (
            "warnings about the file",
            e.warnings.len(),
            ["item", "what"],
            odd,
        ),
        (
            "texts cut off at the context's end",
            set.truncated.len(),
            ["number", "text"],
            cut,
        ),
    ];
    html! {
        @for (what, all, head, rows) in &lists {
            @if *all > 0 {
                details {
                    summary { (e.set) ": " (all) " " (what) }
                    (table(&if *all > LISTED { format!("The first {LISTED}; the JSON has all") } else { format!("All {all}") },
                        head, &[], rows))
                }
            }
        }
    }
}
