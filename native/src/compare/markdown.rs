//! A comparison as Markdown, for a paper's draft or an issue.

use std::fmt::Write;

use super::comparison::{Comparison, Flip, SetComparison};
use super::comparisons::Comparisons;
use super::notes;
use crate::quantity::{self, p_value};
use cliprobe::probe::Unit;

/// Writes the comparison; of flipped items the first `flips` of each set, mark and direction.
pub(super) fn report(comparisons: &Comparisons, flips: usize) -> String {
    let mut out = format!(
        "# Against {}\n\n{}\n",
        comparisons.baseline.name,
        notes::METHODS
    );
    line(&mut out, &notes::tests(comparisons.tests));
    for comparison in &comparisons.comparisons {
        write_comparison(&mut out, comparison, flips);
    }
    write_pareto(&mut out, comparisons);
    out
}

fn line(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

/// Writing to a string cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)*) => {
        writeln!($out, $($format)*).expect("a string takes everything")
    };
}

fn write_comparison(out: &mut String, comparison: &Comparison, flips: usize) {
    line(out, &format!("## {}", cell(&comparison.model.name)));
    for note in notes::of(comparison) {
        line(out, &format!("> {}", cell(&note)));
    }
    if comparison.sets.is_empty() {
        return;
    }
    line(
        out,
        "| set | mark | n | before | after | difference | 95 % interval | gained | lost | p | p (Holm) |",
    );
    put!(
        out,
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for set in &comparison.sets {
        write_set(out, set);
    }
    if !comparison.averages.is_empty() {
        line(out, "| average | metric | before | after | difference | |");
        put!(out, "|---|---|---:|---:|---:|---|");
        for a in &comparison.averages {
            let note = if a.same_items { "" } else { notes::OTHER_ITEMS };
            put!(
                out,
                "| {} | {} | {} | {} | {} | {note} |",
                cell(&a.average),
                cell(&a.metric),
                quantity::value(a.unit, a.before),
                quantity::value(a.unit, a.after),
                quantity::difference(a.unit, a.difference)
            );
        }
    }
    for set in &comparison.sets {
        write_flips(out, set, flips);
    }
}

fn write_set(out: &mut String, set: &SetComparison) {
    for m in &set.marks {
        let unit = Unit::Share;
        put!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            cell(&set.set),
            cell(&m.mark),
            m.n,
            quantity::value(unit, m.before),
            quantity::value(unit, m.after),
            quantity::difference(unit, m.difference.value),
            quantity::difference_interval(unit, m.difference.interval),
            m.gained,
            m.lost,
            p_value(m.p_value),
            p_value(m.p_holm)
        );
    }
    for m in &set.means {
        let unit = m.unit;
        put!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | | | {} | {} |",
            cell(&set.set),
            cell(m.metric),
            m.paired.n,
            quantity::value(unit, m.paired.before),
            quantity::value(unit, m.paired.after),
            quantity::difference(unit, m.paired.difference.value),
            quantity::difference_interval(unit, m.paired.difference.interval),
            p_value(m.paired.p_value),
            p_value(m.p_holm)
        );
    }
    if let Some(m) = &set.macro_average {
        let unit = Unit::Share;
        put!(
            out,
            "| {} | {} over {} groups | {} | {} | {} | {} | {} | | | | |",
            cell(&set.set),
            m.metric,
            m.groups,
            set.compared,
            quantity::value(unit, m.before),
            quantity::value(unit, m.after),
            quantity::difference(unit, m.difference.value),
            quantity::difference_interval(unit, m.difference.interval)
        );
    }
}

fn write_flips(out: &mut String, set: &SetComparison, most: usize) {
    for mark in &set.marks {
        for (gained, all, word) in [(true, mark.gained, "gained"), (false, mark.lost, "lost")] {
            let shown: Vec<&Flip> = set
                .flips
                .iter()
                .filter(|flip| flip.mark == mark.mark && flip.gained == gained)
                .take(most)
                .collect();
            if shown.is_empty() {
                continue;
            }
            line(
                out,
                &format!(
                    "### {}, {}: {word}, {} of {all}",
                    cell(&set.set),
                    cell(&mark.mark),
                    shown.len()
                ),
            );
            line(out, "| item | image | texts | before | after |");
            put!(out, "|---|---|---|---:|---:|");
            for flip in shown {
                put!(
                    out,
                    "| {} | {} | {} | {} | {} |",
                    cell(&flip.item),
                    cell(&flip.images.join(", ")),
                    cell(&notes::texts(flip).join(" / ")),
                    notes::side(&flip.before),
                    notes::side(&flip.after)
                );
            }
        }
    }
}

fn write_pareto(out: &mut String, comparisons: &Comparisons) {
    let pareto = &comparisons.pareto;
    line(out, "## Gain against retention");
    for note in notes::of_pareto(pareto) {
        line(out, &cell(&note));
    }
    line(
        out,
        "| model | composition | zero-shot top-1 | retrieval R@1 | on the Pareto front |",
    );
    put!(out, "|---|---:|---:|---:|---|");
    for trade in &pareto.models {
        put!(
            out,
            "| {} | {} | {} | {} | {} |",
            cell(&trade.model),
            notes::change(trade.composition),
            notes::change(trade.zero_shot),
            notes::change(trade.retrieval),
            if trade.on_front { "yes" } else { "no" }
        );
    }
}

/// Text that stays in its cell, and is not taken for markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '[' | ']' | '\\' | '#' => cell.extend(['\\', c]),
            '\n' | '\r' => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_cannot_break_the_table() {
        assert_eq!(cell("a|b\nc_d"), "a\\|b c\\_d");
    }
}
