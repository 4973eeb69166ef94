//! Published numbers beside the own ones.

use cliprobe::probe::Unit;
use cliprobe::probe::published::{Published, published};
use maud::{Markup, html};

use super::grouping::Section;
use crate::html::{table, text};
use crate::quantity;

/// Published numbers of a section, each model of each source with a letter.
pub(super) struct References {
    /// Set, metric, place of the model, number.
    cells: Vec<(String, String, usize, Published)>,
    /// Letter of each model.
    letters: Vec<String>,
}

impl References {
    pub(super) fn of(section: &Section<'_>) -> Self {
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

    pub(super) fn of_metric<'r>(
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

    pub(super) fn table(&self, section: &Section<'_>) -> Markup {
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
