//! Results as a page that one would put into an appendix.

use std::collections::BTreeMap;

use cliprobe::probe::{Answer, BENCHMARKS, Metric, ProbeSet};
use cliprobe::score::{TieRule, wilson};
use maud::{Markup, html};

use super::gallery::{gallery, worst};
use super::thumbnails::Thumbnails;
use crate::bench::questions::Asked;
use crate::html::{DotRow, Reference, anchor, dots, page, table, text};
use crate::quantity;
use cliprobe::probe::Unit;
use cliprobe::probe::published::{Published, published};
use cliprobe::probe::results::{Results, Run, SetResult};

/// Reasons, warnings and texts that are listed one by one; the JSON has all.
const LISTED: usize = 20;
/// Groups that a breakdown shows: the lowest of more.
const GROUPS: usize = 40;

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
                (self::section(id, section, thumbnails, failures, &set_of))
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

/// The sets of a benchmark and the averages over them.
struct Section<'a> {
    key: String,
    title: String,
    sets: Vec<&'a SetResult>,
    /// Each set's and average's name and metrics.
    rows: Vec<(&'a str, &'a [Metric])>,
}

fn benchmark_of(set: &str) -> &str {
    set.split('/').next().unwrap_or(set)
}

/// By benchmark, in the order of the run; averages over several benchmarks last.
fn sections(run: &Run) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for set in &run.sets {
        let name = set.evaluation.set.as_str();
        let key = benchmark_of(name);
        let place = sections
            .iter()
            .position(|s| s.key == key)
            .unwrap_or_else(|| {
                let known = BENCHMARKS.iter().find(|b| b.name == key);
                sections.push(Section {
                    key: key.to_owned(),
                    title: match (known, key) {
                        (Some(benchmark), _) => benchmark.title.to_owned(),
                        (None, "tableau") => "Tableau".to_owned(),
                        (None, _) => key.to_owned(),
                    },
                    sets: Vec::new(),
                    rows: Vec::new(),
                });
                sections.len() - 1
            });
        sections[place].sets.push(set);
        sections[place].rows.push((name, &set.evaluation.metrics));
    }
    let mut averages = Vec::new();
    for summary in &run.summaries {
        let mut keys: Vec<&str> = summary.sets.iter().map(|set| benchmark_of(set)).collect();
        keys.dedup();
        let row = (summary.name.as_str(), summary.metrics.as_slice());
        match (
            keys.as_slice(),
            sections
                .iter_mut()
                .find(|s| keys.first() == Some(&s.key.as_str())),
        ) {
            ([_], Some(section)) => section.rows.push(row),
            _ => averages.push(row),
        }
    }
    if !averages.is_empty() {
        sections.push(Section {
            key: "averages".to_owned(),
            title: "Averages over benchmarks".to_owned(),
            sets: Vec::new(),
            rows: averages,
        });
    }
    sections
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

/// Everything that the numbers depend on beside the questions.
fn model_card(run: &Run) -> Markup {
    let said = |field: &str| match &run.model[field] {
        serde_json::Value::Null => None,
        serde_json::Value::String(value) => Some(value.clone()),
        serde_json::Value::Object(counts) => Some(
            counts
                .iter()
                .map(|(kind, count)| format!("{count} × {kind}"))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        other => Some(other.to_string()),
    };
    let fields = [
        ("sha256", "SHA-256"),
        ("format", "Format"),
        ("activation", "Activation"),
        ("tensor_types", "Tensors"),
        ("preprocessing", "Preprocessing"),
        ("engine", "Engine"),
        ("dtype", "Computed in"),
        ("version", "cliprobe"),
    ];
    let mut rows: Vec<Vec<Markup>> = fields
        .into_iter()
        .filter_map(|(field, title)| Some(vec![text(title), html! { code { (said(field)?) } }]))
        .collect();
    if let Some(encoding) = &run.encoding {
        let counts = [("Images", encoding.images), ("Texts", encoding.texts)];
        rows.extend(counts.map(|(title, c)| {
            vec![text(title), text(format!(
                "{} used by items, {} distinct, {} from the cache or duplicates, {} computed, {} missing",
                c.named, c.distinct, c.known, c.computed, c.failed
            ))]
        }));
    }
    table(
        "The model and what computed it",
        &["property", "value"],
        &[],
        &rows,
    )
}

/// How ties were decided, in words.
fn ties(rule: TieRule) -> String {
    match rule {
        TieRule::Strict => "wrong".to_owned(),
        TieRule::First => "first option".to_owned(),
        TieRule::Random { seed } => format!("by lot, seed {seed}"),
    }
}

fn coverage(run: &Run) -> Markup {
    let rows: Vec<Vec<Markup>> = run
        .sets
        .iter()
        .map(|set| {
            let e = &set.evaluation;
            let share = 100.0 * e.scored as f64 / e.items.max(1) as f64;
            vec![
                text(&e.set),
                text(e.items.to_string()),
                html! { (e.scored) @if e.scored < e.items { " (" (format!("{share:.1}")) " %)" } },
                text(ties(e.ties)),
                text(e.warnings.len().to_string()),
                text(set.truncated.len().to_string()),
                html! { @for file in &set.files {
                    div title=(file.path) { (file_name(&file.path)) " " code { (&file.sha256.get(..12).unwrap_or(&file.sha256)) } }
                } },
            ]
        })
        .collect();
    let head = [
        "set",
        "items",
        "scored",
        "a tie is",
        "warnings",
        "texts cut off",
        "files and their SHA-256",
    ];
    html! {
        (table("What was asked and what has an answer", &head, &[1, 2, 4, 5], &rows))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn section<'s>(
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

/// Published numbers of a section, each model of each source with a letter.
struct References {
    /// Set, metric, place of the model, number.
    cells: Vec<(String, String, usize, Published)>,
    /// Letter of each model.
    letters: Vec<String>,
}

impl References {
    fn of(section: &Section<'_>) -> Self {
        let mut models: Vec<(&str, *const cliprobe::probe::published::Table)> = Vec::new();
        let mut cells = Vec::new();
        for (set, metrics) in &section.rows {
            for metric in *metrics {
                for p in published(set, &metric.name) {
                    let model = (p.model, std::ptr::from_ref(p.table));
                    let place = models.iter().position(|m| *m == model).unwrap_or_else(|| {
                        models.push(model);
                        models.len() - 1
                    });
                    cells.push(((*set).to_owned(), metric.name.clone(), place, p));
                }
            }
        }
        Self {
            cells,
            letters: (0..models.len()).map(letter).collect(),
        }
    }

    fn of_metric<'r>(
        &'r self,
        set: &str,
        metric: &str,
    ) -> impl Iterator<Item = (&'r str, Published)> {
        let (set, metric) = (set.to_owned(), metric.to_owned());
        self.cells
            .iter()
            .filter(move |(s, m, ..)| *s == set && *m == metric)
            .map(|(_, _, model, p)| (self.letters[*model].as_str(), *p))
    }

    fn table(&self, section: &Section<'_>) -> Markup {
        let Some((_, _, _, _)) = self.cells.first() else {
            return html! {};
        };
        let mut columns: Vec<(&str, &str)> = Vec::new();
        for (set, metric, ..) in &self.cells {
            if !columns.contains(&(set, metric)) {
                columns.push((set, metric));
            }
        }
        let names: Vec<String> = columns
            .iter()
            .map(|(set, metric)| column_name(section, set, metric))
            .collect();
        let mut head = vec!["model"];
        head.extend(names.iter().map(String::as_str));
        head.push("from");
        let percent = |unit: Unit, value: f64| match unit {
            Unit::Share => format!("{:.2}", 100.0 * value),
            Unit::Correlation | Unit::Cosine => quantity::value(unit, value),
        };
        let unit_of = |set: &str, metric: &str| {
            let row = section.rows.iter().find(|(name, _)| *name == set);
            let found = row.and_then(|(_, metrics)| metrics.iter().find(|m| m.name == metric));
            found.map_or_else(Unit::default, |m| m.unit)
        };
        let own = columns.iter().map(|(set, metric)| {
            let row = section.rows.iter().find(|(name, _)| name == set);
            let found = row.and_then(|(_, metrics)| metrics.iter().find(|m| m.name == *metric));
            html! { @if let Some(m) = found { strong { (percent(m.unit, m.value)) } } }
        });
        let mut rows = vec![
            [html! { strong { "this model" } }]
                .into_iter()
                .chain(own)
                .chain([text("")])
                .collect::<Vec<_>>(),
        ];
        let mut sources: Vec<&cliprobe::probe::published::Table> = Vec::new();
        for (place, letter) in self.letters.iter().enumerate() {
            let of_model = || self.cells.iter().filter(|cell| cell.2 == place);
            let Some((.., first)) = of_model().next() else {
                continue;
            };
            let mut row = vec![text(format!("{letter}: {}", first.model))];
            row.extend(columns.iter().map(|(set, metric)| {
                let cell = of_model().find(|(s, m, ..)| s == set && m == metric);
                text(cell.map_or_else(String::new, |(.., p)| {
                    percent(unit_of(set, metric), p.value)
                }))
            }));
            let known = sources
                .iter()
                .position(|table| std::ptr::eq(*table, first.table));
            let source = known.unwrap_or_else(|| {
                sources.push(first.table);
                sources.len() - 1
            });
            row.push(text(format!("[{}]", source + 1)));
            rows.push(row);
        }
        let numbers: Vec<usize> = (1..head.len() - 1).collect();
        html! { details open {
            summary { "Published numbers beside it" }
            (table("Published numbers, shares in per cent; protocols, images at hand and precision may differ", &head, &numbers, &rows))
            ul.sources { @for (number, source) in sources.iter().enumerate() {
                li {
                    "[" (number + 1) "] "
                    @match &source.url {
                        Some(url) => a href=(url) { (source.source) },
                        None => (source.source),
                    }
                    ": " (source.known.words())
                    @if let Some(note) = &source.note { "; " (note) }
                }
            } }
        } }
    }
}

/// A set and metric as briefly as the section allows.
fn column_name(section: &Section<'_>, set: &str, metric: &str) -> String {
    let within = set.strip_prefix(&section.key).unwrap_or(set);
    let within = within.trim_start_matches('/');
    let has_one = section
        .rows
        .iter()
        .any(|(name, metrics)| *name == set && metrics.len() == 1);
    let is_average = section.sets.iter().all(|s| s.evaluation.set != set);
    if within.is_empty() || is_average {
        metric.to_owned()
    } else if has_one {
        within.to_owned()
    } else {
        format!("{within}, {metric}")
    }
}

/// A to Z, then AA, AB …
fn letter(place: usize) -> String {
    let one = |i: usize| char::from(b'A' + (i % 26) as u8);
    match place / 26 {
        0 => one(place).to_string(),
        above => format!("{}{}", one(above - 1), one(place)),
    }
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
            "warnings about its file",
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
