//! A comparison as one HTML file.

use maud::{Markup, html};

use super::comparison::{Comparison, Flip, SetComparison};
use super::comparisons::Comparisons;
use super::notes;
use super::pareto::{Pareto, Trade};
use crate::html::{Point, anchor, page, plane, table, text};
use crate::quantity::{self, p_value};
use cliprobe::probe::{Better, Unit};

/// Writes the report; of flipped items the first `flips` of each set, mark and direction.
pub(super) fn report(comparisons: &Comparisons, flips: usize) -> String {
    let id = |number: usize| anchor(&["model", &number.to_string()]);
    let body = html! {
        p { "Before: " strong { (comparisons.baseline.name) } " (" code { (comparisons.baseline.file) } ")." }
        p.quiet { (notes::METHODS) }
        p.note { (notes::tests(comparisons.tests)) }
        nav aria-label="Contents" { ul {
            @for (number, comparison) in comparisons.comparisons.iter().enumerate() {
                li { a href={ "#" (id(number)) } { (comparison.model.name) } }
            }
            li { a href="#gain" { "Gain against retention" } }
        } }
        @for (number, comparison) in comparisons.comparisons.iter().enumerate() {
            h2 id=(id(number)) { "After: " (comparison.model.name) }
            p.quiet { code { (comparison.model.file) } }
            (self::comparison(comparison, flips))
        }
        h2 id="gain" { "Gain against retention" }
        (pareto(&comparisons.pareto))
    };
    page(
        &format!("Compared with {}", comparisons.baseline.name),
        &body,
    )
}

fn comparison(comparison: &Comparison, flips: usize) -> Markup {
    let marks = [
        "set",
        "mark",
        "n",
        "before",
        "after",
        "difference",
        "95 % interval",
        "gained",
        "lost",
        "p",
        "p (Holm)",
    ];
    let averages: Vec<Vec<Markup>> = comparison
        .averages
        .iter()
        .map(|a| {
            vec![
                text(&a.average),
                text(&a.metric),
                text(quantity::value(a.unit, a.before)),
                text(quantity::value(a.unit, a.after)),
                text(quantity::difference(a.unit, a.difference)),
                text(if a.same_items { "" } else { notes::OTHER_ITEMS }),
            ]
        })
        .collect();
    html! {
        @for note in notes::of(comparison) { p.note { (note) } }
        @if !comparison.sets.is_empty() {
            (table("Every set and mark, before and after", &marks, &(2..marks.len()).collect::<Vec<_>>(),
                &comparison.sets.iter().flat_map(rows).collect::<Vec<_>>()))
        }
        @if !averages.is_empty() {
            (table("Averages over sets, as each result file has them",
                &["average", "metric", "before", "after", "difference", ""], &[2, 3, 4], &averages))
        }
        @for set in &comparison.sets { (self::flips(set, flips)) }
    }
}

fn rows(set: &SetComparison) -> Vec<Vec<Markup>> {
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for m in &set.marks {
        let unit = Unit::Share;
        rows.push(vec![
            text(&set.set),
            text(&m.mark),
            text(m.n.to_string()),
            text(quantity::value(unit, m.before)),
            text(quantity::value(unit, m.after)),
            difference(unit, Better::Higher, m.difference.value, m.p_holm),
            text(quantity::difference_interval(unit, m.difference.interval)),
            text(m.gained.to_string()),
            text(m.lost.to_string()),
            text(p_value(m.p_value)),
            text(p_value(m.p_holm)),
        ]);
    }
    for m in &set.means {
        let unit = m.unit;
        rows.push(vec![
            text(&set.set),
            text(m.metric),
            text(m.paired.n.to_string()),
            text(quantity::value(unit, m.paired.before)),
            text(quantity::value(unit, m.paired.after)),
            difference(unit, m.better, m.paired.difference.value, m.p_holm),
            text(quantity::difference_interval(
                unit,
                m.paired.difference.interval,
            )),
            text(""),
            text(""),
            text(p_value(m.paired.p_value)),
            text(p_value(m.p_holm)),
        ]);
    }
    if let Some(m) = &set.macro_average {
        let unit = Unit::Share;
        rows.push(vec![
            text(&set.set),
            text(format!("{} over {} groups", m.metric, m.groups)),
            text(set.compared.to_string()),
            text(quantity::value(unit, m.before)),
            text(quantity::value(unit, m.after)),
            text(quantity::difference(unit, m.difference.value)),
            text(quantity::difference_interval(unit, m.difference.interval)),
            text(""),
            text(""),
            text(""),
            text(""),
        ]);
    }
    rows
}

/// A difference, in bold and colour where it stands after the adjustment for all tests.
fn difference(unit: Unit, better: Better, value: f64, p_holm: f64) -> Markup {
    let shown = quantity::difference(unit, value);
    html! {
        @if p_holm < 0.05 {
            strong class=(if quantity::is_gain(better, value) { "right" } else { "wrong" }) { (shown) }
        } @else { (shown) }
    }
}

fn flips(set: &SetComparison, most: usize) -> Markup {
    html! {
        @for mark in &set.marks {
            @for (gained, all, word) in [(true, mark.gained, "gained"), (false, mark.lost, "lost")] {
                @let shown: Vec<&Flip> = set.flips.iter()
                    .filter(|flip| flip.mark == mark.mark && flip.gained == gained)
                    .take(most)
                    .collect();
                @if !shown.is_empty() {
                    @let title = format!("{}, {}: {word}, {} of {all}", set.set, mark.mark, shown.len());
                    details {
                        summary { (title) }
                        (table("The largest changes first; the JSON has all", &["item", "image", "texts", "before", "after"], &[3, 4],
                            &shown.into_iter().map(flip).collect::<Vec<_>>()))
                    }
                }
            }
        }
    }
}

fn flip(flip: &Flip) -> Vec<Markup> {
    vec![
        text(&flip.item),
        html! { @for image in &flip.images { div { (image) } } },
        html! { @for text in notes::texts(flip) { div { (text) } } },
        text(notes::side(&flip.before)),
        text(notes::side(&flip.after)),
    ]
}

fn pareto(pareto: &Pareto) -> Markup {
    let points = |of: &dyn Fn(&Trade) -> Option<cliprobe::score::Difference>| -> Vec<Point> {
        pareto
            .models
            .iter()
            .filter_map(|trade| {
                Some(Point {
                    label: trade.model.clone(),
                    x: of(trade)?,
                    y: trade.composition?,
                    on_front: trade.on_front,
                })
            })
            .collect()
    };
    let charts = [
        ("zero-shot top-1", points(&|trade| trade.zero_shot)),
        ("retrieval R@1", points(&|trade| trade.retrieval)),
    ];
    let rows: Vec<Vec<Markup>> = pareto
        .models
        .iter()
        .map(|trade| {
            vec![
                text(&trade.model),
                text(notes::change(trade.composition)),
                text(notes::change(trade.zero_shot)),
                text(notes::change(trade.retrieval)),
                text(if trade.on_front { "yes" } else { "no" }),
            ]
        })
        .collect();
    let head = [
        "model",
        "composition",
        "zero-shot top-1",
        "retrieval R@1",
        "on the Pareto front",
    ];
    html! {
        @for note in notes::of_pareto(pareto) { p { (note) } }
        @for (axis, points) in &charts {
            @if !points.is_empty() {
                (plane(&format!("Change of composition against change of {axis}"), axis, "composition", points))
            }
        }
        p.quiet { "Filled dots are on the front; bars are 95 % intervals." }
        (table("Changes against the baseline, in points", &head, &[1, 2, 3], &rows))
    }
}
