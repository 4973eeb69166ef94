//! The sentences and short texts that both forms of a comparison have.

use cliprobe::score::Difference;

use super::comparison::{Comparison, Flip, Side};
use super::pareto::Pareto;
use crate::quantity;
use cliprobe::probe::Unit;

/// How the numbers are made.
pub(super) const METHODS: &str = "Differences are after minus before, in percentage points for shares, over the items that both models have answered, with 95 % intervals: of shares by Newcombe's method 10 for paired proportions, of means by the paired t method, of averages over groups by combining the groups' intervals. p is of the exact two-sided McNemar test (of the paired t test for means).";

/// Averages whose difference is not paired.
pub(super) const OTHER_ITEMS: &str = "over different items";

/// The caution about many tests.
pub(super) fn tests(count: usize) -> String {
    format!(
        "There are {count} tests. Without any true difference, one in twenty falls below p = 0.05 by chance. p (Holm) corrects for the number of tests: take a difference as found if p (Holm) is below 0.05."
    )
}

/// Notes that a reader needs before the numbers.
pub(super) fn of(comparison: &Comparison) -> Vec<String> {
    let mut notes = comparison.warnings.clone();
    for set in &comparison.sets {
        notes.extend(set.warnings.iter().cloned());
        for (missing, there, here) in [
            (&set.missing_after, "before", "after"),
            (&set.missing_before, "after", "before"),
        ] {
            let Some(first) = missing.first() else {
                continue;
            };
            notes.push(format!(
                "{}: {} items are left out, because they are answered {there} but not {here}; for example {}: {}",
                set.set,
                missing.len(),
                first.item,
                first.why
            ));
        }
    }
    notes.extend(
        comparison
            .refused
            .iter()
            .map(|why| format!("not compared: {why}")),
    );
    let named = |sets: &[String]| sets.join(", ");
    if !comparison.only_before.is_empty() {
        notes.push(format!("only before: {}", named(&comparison.only_before)));
    }
    if !comparison.only_after.is_empty() {
        notes.push(format!("only after: {}", named(&comparison.only_after)));
    }
    notes
}

/// Which sets the gain and the retention are computed from.
pub(super) fn of_pareto(pareto: &Pareto) -> Vec<String> {
    let made_of = |what: &str, sets: &[String], from: &str| {
        if sets.is_empty() {
            format!("{what}: no set of the kind is in every result. {from}")
        } else {
            format!("{what}: the mean change over {}.", sets.join(", "))
        }
    };
    vec![
        "Each benchmark counts once, with the mean of its sets' main metrics. A model is on the Pareto front if no other model is better in one of the three aims and at least as good in the other two.".to_owned(),
        made_of("Composition", &pareto.composition, "Evaluate SugarCrepe, ARO or the like with every model."),
        made_of("Zero-shot classification", &pareto.zero_shot, "Evaluate a folder of classes with every model to see what a gain costs."),
        made_of("Retrieval", &pareto.retrieval, "Evaluate retrieval with every model to see what a gain costs."),
    ]
}

/// A change in points with its interval.
pub(super) fn change(difference: Option<Difference>) -> String {
    difference.map_or_else(
        || "–".to_owned(),
        |d| {
            format!(
                "{} ({})",
                quantity::difference(Unit::Share, d.value),
                quantity::difference_interval(Unit::Share, d.interval)
            )
        },
    )
}

/// An item's texts, the right one marked where there is a choice among them.
pub(super) fn texts(flip: &Flip) -> Vec<String> {
    let is_choice = flip.texts.len() > 1;
    let text = |(place, text): (usize, &String)| {
        if is_choice && flip.right == Some(place) {
            format!("{text} (right)")
        } else {
            text.clone()
        }
    };
    let mut texts: Vec<String> = flip.texts.iter().enumerate().map(text).collect();
    if texts.is_empty() && !flip.group.is_empty() {
        texts.push(flip.group.clone());
    }
    texts
}

/// The margin of an answer, or its place.
pub(super) fn side(side: &Side) -> String {
    match (side.margin, side.rank) {
        (Some(margin), _) => format!("{margin:+.4}").replace('-', "−"),
        (None, Some(rank)) => format!("place {}", rank + 1),
        (None, None) => String::new(),
    }
}
