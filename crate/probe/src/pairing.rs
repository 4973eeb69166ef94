//! The same questions in two results, and what stands in the way of comparing them.

use std::collections::HashMap;

use cliprobe_score::{PairedComparison, ScoreError};
use serde::Serialize;

use crate::results::SetResult;
use crate::{Answer, Candidates};

/// Two models' answers to the questions that both have answered.
pub struct Pairing<'a> {
    /// The answers before and after.
    pub pairs: Vec<(&'a Answer, &'a Answer)>,
    /// Answered before only.
    pub missing_after: Vec<Missing>,
    /// Answered after only.
    pub missing_before: Vec<Missing>,
    /// Notes for the reader of the comparison.
    pub warnings: Vec<String>,
}

/// An item without a counterpart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Which one, by its key.
    pub item: String,
    /// Why the other result has no answer to it.
    pub why: String,
}

/// Pairs the answers of two results of a set.
///
/// # Errors
/// One sentence if the two cannot be compared: different questions under one name, or answers that
/// were sought among different candidates.
pub fn pair<'a>(before: &'a SetResult, after: &'a SetResult) -> Result<Pairing<'a>, String> {
    let set = &before.evaluation.set;
    let (before_by_key, after_by_key) = (by_key(before), by_key(after));
    let mut pairs = Vec::new();
    let mut missing_after = Vec::new();
    for (key, b) in keyed(before) {
        match after_by_key.get(&key) {
            Some(a) => pairs.push((b, *a)),
            None => missing_after.push(missing(b, after)),
        }
    }
    let missing_before = keyed(after)
        .filter(|(key, _)| !before_by_key.contains_key(key))
        .map(|(_, a)| missing(a, before))
        .collect();
    for &(b, a) in &pairs {
        if shown(before, b) != shown(after, a) {
            return Err(format!(
                "{set}: item {} is a different question in each file, since the files hold different versions of the set; run both models on the same version",
                b.id
            ));
        }
        if candidates(before, b) != candidates(after, a) {
            return Err(format!(
                "{set}: the models chose among different candidates (another --limit, or images missing for one of them); run both on the same candidates",
            ));
        }
    }
    if pairs.is_empty() {
        return Err(format!("{set}: the two have no item in common"));
    }
    Ok(Pairing {
        pairs,
        missing_after,
        missing_before,
        warnings: warnings(before, after),
    })
}

/// What two models make of one mark: their answers that have it, and how often they differ.
pub struct PairedMark<'a> {
    /// The name of the metric that counts it.
    pub mark: &'static str,
    /// The answers before and after.
    pub pairs: Vec<(&'a Answer, &'a Answer)>,
    /// Numbers of `gained` and `lost` count `pairs`.
    pub paired: PairedComparison,
}

impl<'a> Pairing<'a> {
    /// Compares mark by mark, in the order in which answers name them.
    ///
    /// # Errors
    /// None in practice: a mark that is named has an answer.
    pub fn marks(&self) -> Result<Vec<PairedMark<'a>>, ScoreError> {
        let mut names: Vec<&'static str> = Vec::new();
        for (mark, _) in self.pairs.iter().flat_map(|(b, _)| b.detail.form().marks()) {
            if !names.contains(&mark) {
                names.push(mark);
            }
        }
        let compared = names.into_iter().map(|mark| {
            let marked: Vec<(&Answer, &Answer, bool, bool)> = self
                .pairs
                .iter()
                .filter_map(|&(b, a)| Some((b, a, has(b, mark)?, has(a, mark)?)))
                .collect();
            let was: Vec<bool> = marked.iter().map(|item| item.2).collect();
            let is: Vec<bool> = marked.iter().map(|item| item.3).collect();
            Ok(PairedMark {
                mark,
                pairs: marked.iter().map(|item| (item.0, item.1)).collect(),
                paired: PairedComparison::new(&was, &is)?,
            })
        });
        compared.collect()
    }
}

/// Whether an answer has a mark; `None` where the mark is not one of its own.
pub fn has(answer: &Answer, mark: &str) -> Option<bool> {
    let marks = answer.detail.form().marks();
    marks.iter().find(|m| m.0 == mark).map(|m| m.1)
}

/// An item's key, with the how-manieth of that key it is.
type ItemKey<'a> = (&'a str, usize);

fn keyed(result: &SetResult) -> impl Iterator<Item = (ItemKey<'_>, &Answer)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    result.evaluation.answers.iter().map(move |answer| {
        let count = seen.entry(&answer.id).or_default();
        *count += 1;
        ((answer.id.as_str(), *count), answer)
    })
}

fn by_key(result: &SetResult) -> HashMap<ItemKey<'_>, &Answer> {
    keyed(result).collect()
}

fn missing(answer: &Answer, other: &SetResult) -> Missing {
    let skipped = other
        .evaluation
        .skipped
        .iter()
        .find(|skipped| skipped.item == answer.id);
    Missing {
        item: answer.id.clone(),
        why: skipped.map_or_else(|| "is not among its items".to_owned(), |s| s.why.clone()),
    }
}

/// The images, texts and right option of a question.
fn shown<'a>(
    result: &'a SetResult,
    answer: &Answer,
) -> (Vec<&'a str>, Vec<&'a str>, Option<usize>) {
    let names = |places: &[usize], table: &'a [String]| {
        places
            .iter()
            .map(|&place| table.get(place).map_or("", String::as_str))
            .collect()
    };
    (
        names(&answer.images, &result.images),
        names(&answer.texts, &result.texts),
        answer.right,
    )
}

/// Among what an answer was sought, where that is more than the question's own options.
fn candidates<'a>(result: &'a SetResult, answer: &Answer) -> (Candidates, Option<&'a [String]>) {
    let candidates = answer.detail.form().candidates();
    (
        candidates,
        candidates.all_texts.then_some(&result.texts[..]),
    )
}

fn warnings(before: &SetResult, after: &SetResult) -> Vec<String> {
    let (b, a) = (&before.evaluation, &after.evaluation);
    let mut warnings = Vec::new();
    if b.ties != a.ties {
        warnings.push(format!(
            "{}: the results use different tie rules, so an item may flip for that reason alone",
            b.set
        ));
    }
    if b.items != a.items {
        warnings.push(format!(
            "{}: one result has {} items, the other {}; only items in both are compared",
            b.set, b.items, a.items
        ));
    }
    let hashes = |result: &SetResult| -> Vec<String> {
        result
            .files
            .iter()
            .map(|file| file.sha256.clone())
            .collect()
    };
    if hashes(before) != hashes(after) {
        warnings.push(format!(
            "{}: the questions come from list files with different contents; only equal questions are compared",
            b.set
        ));
    }
    warnings
}
