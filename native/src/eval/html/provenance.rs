//! What the numbers depend on: the model, what computed it, the files, and what was left out.

use cliprobe::probe::results::Run;
use cliprobe::score::TieRule;
use maud::{Markup, html};

use crate::html::{table, text};

/// Everything that the numbers depend on beside the questions.
pub(super) fn model_card(run: &Run) -> Markup {
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

pub(super) fn coverage(run: &Run) -> Markup {
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
