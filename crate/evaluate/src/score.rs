//! From the rows of a set to its answers, and from sets to a result.

use std::borrow::Cow;

use cliprobe_probe::results::{Encoding, Run, SetResult, SourceFile};
use cliprobe_probe::{EvaluateError, Evaluation, Image, ProbeSet, evaluate, summarise};
use cliprobe_score::TieRule;

use crate::job::Error;

/// An embedding, or the reason why it is missing.
pub type Row<'a> = Result<&'a [f32], Cow<'a, str>>;

/// One model's embeddings for one set.
pub struct SetRows<'a> {
    /// A row for each of the set's images.
    pub images: Vec<Row<'a>>,
    /// A row for each of its texts.
    pub texts: Vec<Row<'a>>,
    /// The embedding of the empty text, where it is known.
    pub root: Option<&'a [f32]>,
    /// Which texts are longer than the context.
    pub truncated: Vec<usize>,
}

/// Scores a set. `ties` overrides the authors' rule where the kind has one; `clock` gives seconds.
///
/// # Errors
/// A set of which nothing can be scored, or embeddings that are not finite.
pub fn score(
    set: &ProbeSet,
    files: &[SourceFile],
    rows: &SetRows<'_>,
    ties: Option<TieRule>,
    clock: &dyn Fn() -> f64,
) -> Result<SetResult, EvaluateError> {
    let started = clock();
    let images = borrowed(&rows.images);
    let texts = borrowed(&rows.texts);
    let evaluation = evaluate(set, &images, &texts, rows.root, ties)?;
    Ok(SetResult {
        images: set.images.iter().map(Image::label).collect(),
        texts: set.texts.clone(),
        truncated: rows.truncated.clone(),
        files: files.to_vec(),
        seconds: clock() - started,
        evaluation,
    })
}

fn borrowed<'r>(rows: &'r [Row<'_>]) -> Vec<Result<&'r [f32], &'r str>> {
    rows.iter()
        .map(|row| match row {
            Ok(row) => Ok(*row),
            Err(why) => Err(why.as_ref()),
        })
        .collect()
}

/// Puts the sets of one model together, with the averages that papers report. `unscored` are the
/// sentences about sets that could not be scored.
///
/// # Errors
/// No set at all.
pub fn finish(
    model: serde_json::Value,
    encoding: Option<Encoding>,
    sets: Vec<SetResult>,
    unscored: Vec<String>,
) -> Result<Run, Error> {
    if sets.is_empty() {
        let why = unscored.into_iter().next();
        return Err(Error::NothingScored {
            why: why.unwrap_or_else(|| "there are none".to_owned()),
        });
    }
    let evaluations: Vec<Evaluation> = sets.iter().map(|set| set.evaluation.clone()).collect();
    Ok(Run {
        model,
        encoding,
        summaries: summarise(&evaluations)?,
        sets,
        unscored,
    })
}
