//! Numbers over several sets, as the papers average them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::means::means;
use crate::{Better, Evaluation, Metric, Score};
use cliprobe_score::{
    Accuracy, Estimate, HardPositiveAverage, HardPositiveScore, ScoreError, SugarCrepe,
    SugarCrepeCategory, SugarCrepeSubset,
};

/// Averages of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What was averaged, e.g. `SugarCrepe`.
    pub name: String,
    /// Over which sets.
    pub sets: Vec<String>,
    /// The averages.
    pub metrics: Vec<Metric>,
}

/// The averages that the papers report, as far as all sets of one are there:
///
/// - SugarCrepe: each category micro-averaged over its items (the authors) and macro-averaged over
///   its subsets (CLoVe), CLoVe's mean of categories and mean of subsets, and all items together;
/// - Hard Positives: REPLACE as the plain mean of attributes and relations;
/// - CLoVe's Table 1: the mean of its ten columns;
/// - What's Up, VALSE, SPEC, CREPE, VL-CheckList, EqBen: plain means over sets, as `means.rs` lists them.
///
/// # Errors
/// None in practice: averages over nothing are left out.
pub fn summarise(evaluations: &[Evaluation]) -> Result<Vec<Summary>, ScoreError> {
    let mut summaries = Vec::new();
    let sugarcrepe = sugarcrepe(evaluations)?;
    if let Some(scores) = &sugarcrepe {
        summaries.push(sugarcrepe_summary(scores));
    }
    summaries.extend(replace(evaluations)?);
    summaries.extend(clove_table_1(evaluations, sugarcrepe.as_ref())?);
    summaries.extend(means(evaluations)?);
    Ok(summaries)
}

fn accuracy<'a>(evaluations: &'a [Evaluation], set: &str) -> Option<&'a Accuracy> {
    evaluations
        .iter()
        .find(|evaluation| evaluation.set == set)
        .and_then(|evaluation| match &evaluation.score {
            Score::Accuracy(accuracy) => Some(accuracy),
            _ => None,
        })
}

fn set_of(subset: SugarCrepeSubset) -> String {
    format!("sugarcrepe/{}", subset.name())
}

fn sugarcrepe(evaluations: &[Evaluation]) -> Result<Option<SugarCrepe>, ScoreError> {
    let subsets: BTreeMap<SugarCrepeSubset, Accuracy> = SugarCrepeSubset::ALL
        .into_iter()
        .filter_map(|subset| Some((subset, accuracy(evaluations, &set_of(subset))?.clone())))
        .collect();
    // One subset needs no average.
    (subsets.len() > 1)
        .then(|| SugarCrepe::new(subsets))
        .transpose()
}

fn sugarcrepe_summary(scores: &SugarCrepe) -> Summary {
    let items = |category: SugarCrepeCategory| -> usize {
        let subsets = scores.subsets.iter();
        subsets
            .filter(|(subset, _)| subset.category() == category)
            .map(|(_, accuracy)| accuracy.n)
            .sum()
    };
    let all: usize = scores.subsets.values().map(|accuracy| accuracy.n).sum();
    let mut metrics = Vec::new();
    for coarse in &scores.coarse {
        let name = match coarse.category {
            SugarCrepeCategory::Replace => "replace",
            SugarCrepeCategory::Swap => "swap",
            SugarCrepeCategory::Add => "add",
        };
        metrics.push(Metric::accuracy(
            format!("{name}, micro"),
            &coarse.micro_average,
        ));
        metrics.push(Metric::estimate(
            format!("{name}, macro"),
            coarse.macro_average,
            items(coarse.category),
        ));
    }
    let named = [
        ("mean of categories (CLoVe)", scores.task_average),
        ("mean of subsets (CLoVe)", scores.subset_average),
    ];
    for (name, estimate) in named {
        metrics.extend(estimate.map(|estimate| Metric::estimate(name, estimate, all)));
    }
    metrics.extend(
        scores
            .micro_average
            .as_ref()
            .map(|accuracy| Metric::accuracy("all items", accuracy)),
    );
    Summary {
        name: "SugarCrepe".to_owned(),
        sets: scores
            .subsets
            .keys()
            .map(|&subset| set_of(subset))
            .collect(),
        metrics,
    }
}

fn replace(evaluations: &[Evaluation]) -> Result<Option<Summary>, ScoreError> {
    let sets = [
        "hard-positives/replace-attributes",
        "hard-positives/replace-relations",
    ];
    let scores: Vec<HardPositiveScore> = sets
        .iter()
        .filter_map(|set| evaluations.iter().find(|e| e.set == *set))
        .filter_map(|evaluation| match &evaluation.score {
            Score::HardPositive(score) => Some(score.clone()),
            _ => None,
        })
        .collect();
    if scores.len() != sets.len() {
        return Ok(None);
    }
    let n = scores.iter().map(|score| score.augmented.n).sum();
    let average = HardPositiveAverage::new(&scores)?;
    Ok(Some(Summary {
        name: "Hard Positives, REPLACE".to_owned(),
        sets: sets.map(str::to_owned).to_vec(),
        metrics: vec![
            Metric::estimate("augmented", average.augmented, n),
            Metric::estimate("original", average.original, n),
            Metric::estimate("brittleness", average.brittleness, n).with(Better::Lower),
        ],
    }))
}

/// The mean of ARO's four, SugarCrepe's three macro averages and SVO's three.
fn clove_table_1(
    evaluations: &[Evaluation],
    sugarcrepe: Option<&SugarCrepe>,
) -> Result<Option<Summary>, ScoreError> {
    let grouped = |set: &str| {
        evaluations
            .iter()
            .find(|evaluation| evaluation.set == set)
            .and_then(|evaluation| match &evaluation.score {
                Score::Grouped(grouped) => Some(grouped),
                _ => None,
            })
    };
    let mut columns: Vec<Estimate> = Vec::new();
    for set in ["aro/vg-attribution", "aro/vg-relation"] {
        columns.extend(grouped(set).map(|grouped| grouped.macro_average));
    }
    for set in ["aro/coco-order", "aro/flickr30k-order"] {
        columns.extend(accuracy(evaluations, set).map(Accuracy::estimate));
    }
    columns.extend(
        sugarcrepe
            .iter()
            .flat_map(|s| &s.coarse)
            .map(|c| c.macro_average),
    );
    columns.extend(
        grouped("svo")
            .iter()
            .flat_map(|svo| &svo.groups)
            .map(|group| group.accuracy.estimate()),
    );
    if columns.len() != 10 {
        return Ok(None);
    }
    let n = evaluations
        .iter()
        .filter(|e| {
            ["aro/", "sugarcrepe/", "svo"]
                .iter()
                .any(|p| e.set.starts_with(p))
        })
        .map(|e| e.scored)
        .sum();
    Ok(Some(Summary {
        name: "CLoVe, Table 1".to_owned(),
        sets: ["aro", "sugarcrepe", "svo"].map(str::to_owned).to_vec(),
        metrics: vec![Metric::estimate(
            "mean of the ten columns",
            Estimate::mean("CLoVe's Table 1", columns)?,
            n,
        )],
    }))
}
