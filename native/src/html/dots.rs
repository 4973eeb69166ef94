//! A chart of values with their intervals, chance levels and reference marks, one row each.

use cliprobe::score::Interval;
use maud::{Markup, html};

/// Widths in the drawing's own units: the names, the scale, the values.
const LABELS: f64 = 250.0;
const SCALE: f64 = 480.0;
const VALUES: f64 = 90.0;
/// Heights of a row and of the axis.
const ROW: f64 = 30.0;
const AXIS: f64 = 24.0;
/// Width of a letter with the space around it.
const LETTER: f64 = 9.0;

/// A row of the chart.
pub(crate) struct DotRow {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The value as it is written.
    pub(crate) shown: String,
    pub(crate) interval: Option<Interval>,
    pub(crate) chance: Option<f64>,
    /// Published numbers.
    pub(crate) references: Vec<Reference>,
}

/// A published number.
pub(crate) struct Reference {
    /// The letter that stands for the model.
    pub(crate) letter: String,
    pub(crate) model: String,
    pub(crate) value: f64,
}

/// Draws shares from 0 to 1, or from −1 where any row falls below 0.
pub(crate) fn dots(title: &str, rows: &[DotRow]) -> Markup {
    let falls = |row: &DotRow| row.value < 0.0 || row.interval.is_some_and(|i| i.low < 0.0);
    let from = if rows.iter().any(falls) { -1.0 } else { 0.0 };
    let x = |value: f64| LABELS + SCALE * (value.clamp(from, 1.0) - from) / (1.0 - from);
    let height = ROW * rows.len() as f64 + AXIS;
    let bottom = height - AXIS;
    let ticks: Vec<f64> = (0..=10)
        .map(|i| from + (1.0 - from) * f64::from(i) / 10.0)
        .collect();
    html! {
        svg.chart viewBox={ "0 0 " (LABELS + SCALE + VALUES) " " (height) }
            width=(LABELS + SCALE + VALUES) height=(height) role="img" aria-label={
                (title) ". " @for row in rows { (row.label) ": " (row.shown) "; " }
                "the table beside it has the same numbers."
            } {
            @for &tick in &ticks {
                line.grid x1=(x(tick)) x2=(x(tick)) y1="0" y2=(bottom) {}
                text.axis x=(x(tick)) y=(bottom + 15.0) text-anchor="middle" {
                    (format!("{:.0}", 100.0 * tick).replace('-', "−"))
                }
            }
            @for (number, row) in rows.iter().enumerate() {
                @let y = ROW * (number as f64 + 0.5);
                text.label x=(LABELS - 12.0) y=(y + 4.0) text-anchor="end" { (shortened(&row.label)) }
                @if let Some(chance) = row.chance {
                    line.chance x1=(x(chance)) x2=(x(chance)) y1=(y - 12.0) y2=(y + 12.0) {
                        title { "chance: " (format!("{:.2}", 100.0 * chance)) }
                    }
                }
                (references(&row.references, y, &x))
                @if let Some(interval) = row.interval {
                    line.interval x1=(x(interval.low)) x2=(x(interval.high)) y1=(y) y2=(y) {}
                }
                circle.dot cx=(x(row.value)) cy=(y) r="5" {
                    title { (row.label) ": " (row.shown) }
                }
                text.value x=(LABELS + SCALE + VALUES) y=(y + 4.0) text-anchor="end" { (row.shown) }
            }
        }
    }
}

/// Marks below the row's line, with the letters that have room.
fn references(references: &[Reference], y: f64, x: &dyn Fn(f64) -> f64) -> Markup {
    let mut sorted: Vec<&Reference> = references.iter().collect();
    sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
    let mut end = f64::NEG_INFINITY;
    let placed: Vec<(f64, bool, &Reference)> = sorted
        .into_iter()
        .map(|reference| {
            let at = x(reference.value);
            let half = LETTER * reference.letter.chars().count() as f64 / 2.0;
            let has_room = at - half >= end;
            if has_room {
                end = at + half;
            }
            (at, has_room, reference)
        })
        .collect();
    html! {
        @for (at, has_room, reference) in placed {
            line.reference x1=(at) x2=(at) y1=(y + 2.0) y2=(y + 8.0) {
                title {
                    (reference.letter) ", " (reference.model) ": "
                    (format!("{:.2}", 100.0 * reference.value))
                }
            }
            @if has_room {
                text.letter x=(at) y=(y - 5.0) text-anchor="middle" { (reference.letter) }
            }
        }
    }
}

/// Labels longer than their column end in an ellipsis; the title of the dot has them whole.
fn shortened(label: &str) -> String {
    const MOST: usize = 38;
    if label.chars().count() <= MOST {
        return label.to_owned();
    }
    label.chars().take(MOST - 1).chain(['…']).collect()
}
