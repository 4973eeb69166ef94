//! One model against the baseline, as plain data, which is also the JSON that is written.

use std::collections::BTreeMap;

use anyhow::Result;
use cliprobe::probe::{Aim, Answer, Better, Unit};
use cliprobe::score::{Difference, PairedMean, ScoreError, paired_difference};
use serde::Serialize;

use super::runs::NamedRun;
use cliprobe::probe::pairing::{Missing, PairedMark, Pairing, pair};
use cliprobe::probe::results::{Run, SetResult};

/// Whose results they are.
#[derive(Serialize)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) model: serde_json::Value,
}

/// A model against the baseline.
#[derive(Serialize)]
pub(super) struct Comparison {
    pub(super) model: Model,
    /// Differences besides the weights.
    pub(super) warnings: Vec<String>,
    pub(super) sets: Vec<SetComparison>,
    /// Sets that cannot be compared, each with the reason.
    pub(super) refused: Vec<String>,
    /// Sets that only the baseline has.
    pub(super) only_before: Vec<String>,
    /// Sets that only this model has.
    pub(super) only_after: Vec<String>,
    /// The averages of the result files.
    pub(super) averages: Vec<AverageChange>,
}

/// A set, before and after.
#[derive(Serialize)]
pub(super) struct SetComparison {
    pub(super) set: String,
    /// Items compared: those that both have answered.
    pub(super) compared: usize,
    pub(super) warnings: Vec<String>,
    pub(super) marks: Vec<MarkChange>,
    pub(super) means: Vec<MeanChange>,
    pub(super) macro_average: Option<MacroChange>,
    pub(super) flips: Vec<Flip>,
    /// Items that only the baseline has answered.
    pub(super) missing_after: Vec<Missing>,
    /// Items that only this model has answered.
    pub(super) missing_before: Vec<Missing>,
    /// The aim that the set counts for.
    pub(super) aim: Aim,
    /// The marks that the benchmark is known by.
    #[serde(skip)]
    main_marks: Vec<&'static str>,
}

/// The share of items with a mark, before and after.
#[derive(Serialize)]
pub(super) struct MarkChange {
    /// The name of the metric that counts it.
    pub(super) mark: String,
    pub(super) n: usize,
    pub(super) before: f64,
    pub(super) after: f64,
    /// By Newcombe's method 10.
    pub(super) difference: Difference,
    pub(super) gained: usize,
    pub(super) lost: usize,
    /// The exact McNemar test.
    pub(super) p_value: f64,
    /// Adjusted for all tests of the file.
    pub(super) p_holm: f64,
}

/// The mean of a number over items, before and after.
#[derive(Serialize)]
pub(super) struct MeanChange {
    pub(super) metric: &'static str,
    pub(super) unit: Unit,
    pub(super) better: Better,
    /// By the paired t method.
    #[serde(flatten)]
    pub(super) paired: PairedMean,
    pub(super) p_holm: f64,
}

/// The mean over groups of their accuracies, over the items compared.
#[derive(Serialize)]
pub(super) struct MacroChange {
    pub(super) metric: &'static str,
    /// Whether it is the number that the benchmark is known by.
    #[serde(skip)]
    is_main: bool,
    /// Groups averaged.
    pub(super) groups: usize,
    pub(super) before: f64,
    pub(super) after: f64,
    /// The mean of the groups' paired differences.
    pub(super) difference: Difference,
}

/// An average over sets, as each file has it.
#[derive(Serialize)]
pub(super) struct AverageChange {
    pub(super) average: String,
    pub(super) metric: String,
    pub(super) unit: Unit,
    pub(super) better: Better,
    pub(super) before: f64,
    pub(super) after: f64,
    pub(super) difference: f64,
    /// Whether both average over the same items.
    pub(super) same_items: bool,
}

/// An item that is right in one result and wrong in the other.
#[derive(Serialize)]
pub(super) struct Flip {
    pub(super) mark: String,
    /// Right after, wrong before.
    pub(super) gained: bool,
    pub(super) item: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) group: String,
    pub(super) images: Vec<String>,
    pub(super) texts: Vec<String>,
    /// Which option is right, where there is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) right: Option<usize>,
    pub(super) before: Side,
    pub(super) after: Side,
}

/// A model's answer to an item that flipped.
#[derive(Serialize)]
pub(super) struct Side {
    /// Cosines of images × texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) similarities: Vec<f32>,
    /// The lead of the right answer, in cosine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) margin: Option<f32>,
    /// How many stand before the right one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rank: Option<usize>,
}

impl Model {
    pub(super) fn of(run: &NamedRun) -> Self {
        Self {
            name: run.name.clone(),
            file: run.file.clone(),
            model: run.run.model.clone(),
        }
    }
}

impl Comparison {
    pub(super) fn new(before: &NamedRun, after: &NamedRun) -> Result<Self> {
        let (b, a) = (&before.run, &after.run);
        let mut sets = Vec::new();
        let mut refused = Vec::new();
        let mut only_before = Vec::new();
        for set in &b.sets {
            match set_named(a, &set.evaluation.set) {
                None => only_before.push(set.evaluation.set.clone()),
                Some(other) => match pair(set, other) {
                    Ok(pairing) => sets.push(SetComparison::new(set, other, pairing)?),
                    Err(why) => refused.push(why),
                },
            }
        }
        let only_after = a
            .sets
            .iter()
            .map(|set| &set.evaluation.set)
            .filter(|name| set_named(b, name).is_none())
            .cloned()
            .collect();
        Ok(Self {
            model: Model::of(after),
            warnings: warnings(b, a),
            averages: averages(b, a, &sets),
            sets,
            refused,
            only_before,
            only_after,
        })
    }
}

fn set_named<'a>(run: &'a Run, name: &str) -> Option<&'a SetResult> {
    run.sets.iter().find(|set| set.evaluation.set == name)
}

/// Differences between the runs, besides the weights, that can change a number by themselves.
fn warnings(before: &Run, after: &Run) -> Vec<String> {
    let mut warnings = Vec::new();
    if !before.model["sha256"].is_null() && before.model["sha256"] == after.model["sha256"] {
        warnings.push("both are the same checkpoint (their SHA-256 agree)".to_owned());
    }
    for (field, what) in [
        ("activation", "have different activations"),
        ("preprocessing", "preprocess images differently"),
        ("engine", "were computed by different engines"),
        ("dtype", "were computed in different precisions"),
        ("version", "were computed by different versions of cliprobe"),
    ] {
        let (b, a) = (&before.model[field], &after.model[field]);
        if !b.is_null() && !a.is_null() && b != a {
            warnings.push(format!("the two {what}: {b} and {a}"));
        }
    }
    warnings
}

fn averages(before: &Run, after: &Run, sets: &[SetComparison]) -> Vec<AverageChange> {
    let covered = |name: &str| {
        let set = sets.iter().find(|set| set.set == name);
        set.is_some_and(|set| set.missing_after.is_empty() && set.missing_before.is_empty())
    };
    let averaged = |set: &str, over: &[String]| {
        over.iter()
            .any(|name| set == *name || set.starts_with(&format!("{name}/")))
    };
    let same = |over: &[String]| {
        let mut names = before.sets.iter().map(|set| set.evaluation.set.as_str());
        names.all(|name| !averaged(name, over) || covered(name))
    };
    let mut averages = Vec::new();
    for b in &before.summaries {
        let Some(a) = after
            .summaries
            .iter()
            .find(|a| a.name == b.name && a.sets == b.sets)
        else {
            continue;
        };
        for metric in &b.metrics {
            let Some(other) = a.metrics.iter().find(|m| m.name == metric.name) else {
                continue;
            };
            averages.push(AverageChange {
                average: b.name.clone(),
                metric: metric.name.clone(),
                unit: metric.unit,
                better: metric.better,
                before: metric.value,
                after: other.value,
                difference: other.value - metric.value,
                same_items: same(&b.sets),
            });
        }
    }
    averages
}

impl SetComparison {
    fn new(
        before: &SetResult,
        after: &SetResult,
        pairing: Pairing<'_>,
    ) -> Result<Self, ScoreError> {
        let pairs = &pairing.pairs;
        let mut marks = Vec::new();
        let mut flips = Vec::new();
        for PairedMark {
            mark,
            pairs: marked,
            paired,
        } in pairing.marks()?
        {
            let share = |hits: usize| hits as f64 / paired.n as f64;
            let mut of_mark: Vec<Flip> = paired
                .gained
                .iter()
                .map(|&item| (item, true))
                .chain(paired.lost.iter().map(|&item| (item, false)))
                .map(|(item, gained)| {
                    Flip::new(mark, gained, marked[item].0, marked[item].1, before)
                })
                .collect();
            of_mark.sort_by(|x, y| y.swing().total_cmp(&x.swing()));
            flips.append(&mut of_mark);
            marks.push(MarkChange {
                mark: mark.to_owned(),
                n: paired.n,
                before: share(paired.both + paired.lost.len()),
                after: share(paired.both + paired.gained.len()),
                difference: paired.difference,
                gained: paired.gained.len(),
                lost: paired.lost.len(),
                p_value: paired.p_value,
                p_holm: paired.p_value,
            });
        }
        Ok(Self {
            set: before.evaluation.set.clone(),
            compared: pairs.len(),
            marks,
            means: means(pairs, before)?,
            macro_average: macro_average(pairs, before, after)?,
            flips,
            aim: before.evaluation.score.form().aim(),
            main_marks: main_marks(pairs),
            warnings: pairing.warnings,
            missing_after: pairing.missing_after,
            missing_before: pairing.missing_before,
        })
    }

    /// The changes of what the benchmark is known by: the macro average where its authors take one,
    /// else the main mark of its answers (of both directions of retrieval).
    pub(super) fn main_changes(&self) -> Vec<Difference> {
        if let Some(average) = self.macro_average.as_ref().filter(|m| m.is_main) {
            return vec![average.difference];
        }
        let marks = self.marks.iter();
        marks
            .filter(|change| self.main_marks.contains(&change.mark.as_str()))
            .map(|change| change.difference)
            .collect()
    }
}

/// The marks that the answers' benchmark is known by.
fn main_marks(pairs: &[(&Answer, &Answer)]) -> Vec<&'static str> {
    let mut marks = Vec::new();
    for mark in pairs
        .iter()
        .filter_map(|(b, _)| b.detail.form().main_mark())
    {
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    marks
}

/// Means of what is neither right nor wrong about answers.
fn means(pairs: &[(&Answer, &Answer)], before: &SetResult) -> Result<Vec<MeanChange>, ScoreError> {
    let numbers = |answer: &Answer| answer.detail.form().numbers();
    let of_first = pairs.first().map(|(b, _)| numbers(b));
    let names = of_first
        .unwrap_or_default()
        .into_iter()
        .map(|number| number.0);
    let named = |answer: &Answer, name: &str| {
        let mut numbers = numbers(answer).into_iter();
        numbers
            .find(|number| number.0 == name)
            .map(|number| number.1)
    };
    names
        .map(|metric| {
            let (was, is): (Vec<f64>, Vec<f64>) = pairs
                .iter()
                .filter_map(|(b, a)| Some((named(b, metric)?, named(a, metric)?)))
                .unzip();
            let paired = PairedMean::new(&was, &is)?;
            let known = before.evaluation.metrics.iter().find(|m| m.name == metric);
            Ok(MeanChange {
                metric,
                unit: known.map_or_else(Unit::default, |m| m.unit),
                better: known.map_or_else(Better::default, |m| m.better),
                p_holm: paired.p_value,
                paired,
            })
        })
        .collect()
}

/// The average over groups, where the benchmark has one. Groups count that both results count.
fn macro_average(
    pairs: &[(&Answer, &Answer)],
    before: &SetResult,
    after: &SetResult,
) -> Result<Option<MacroChange>, ScoreError> {
    let (was, is) = (
        before.evaluation.score.form(),
        after.evaluation.score.form(),
    );
    let Some(average) = was.group_average() else {
        return Ok(None);
    };
    // Both right, gained, lost, neither.
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for (b, a) in pairs {
        let first = |answer: &Answer| {
            let marks = answer.detail.form().marks();
            marks.first().map(|mark| mark.1)
        };
        if let (Some(was), Some(is)) = (first(b), first(a)) {
            let cell = match (was, is) {
                (true, true) => 0,
                (false, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
            };
            counts.entry(&b.group).or_default()[cell] += 1;
        }
    }
    counts.retain(|group, _| was.counts_group(group) && is.counts_group(group));
    if counts.is_empty() {
        return Ok(None);
    }
    let groups = counts.len();
    let mean = |hits: &dyn Fn(&[usize; 4]) -> usize| {
        let shares = counts
            .values()
            .map(|c| hits(c) as f64 / c.iter().sum::<usize>() as f64);
        shares.sum::<f64>() / groups as f64
    };
    let differences = counts
        .values()
        .map(|&[both, gained, lost, neither]| paired_difference(both, gained, lost, neither));
    Ok(Some(MacroChange {
        metric: average.metric,
        is_main: average.is_main,
        groups,
        before: mean(&|c| c[0] + c[2]),
        after: mean(&|c| c[0] + c[1]),
        difference: Difference::mean(differences)?,
    }))
}

impl Flip {
    fn new(mark: &str, gained: bool, before: &Answer, after: &Answer, set: &SetResult) -> Self {
        let names = |places: &[usize], table: &[String]| {
            places
                .iter()
                .filter_map(|&place| table.get(place).cloned())
                .collect()
        };
        Self {
            mark: mark.to_owned(),
            gained,
            item: before.id.clone(),
            group: before.group.clone(),
            images: names(&before.images, &set.images),
            texts: names(&before.texts, &set.texts),
            right: before.right,
            before: Side::of(mark, before),
            after: Side::of(mark, after),
        }
    }

    /// How far the answer moved.
    fn swing(&self) -> f64 {
        match (
            self.before.margin,
            self.after.margin,
            self.before.rank,
            self.after.rank,
        ) {
            (Some(before), Some(after), ..) => f64::from((after - before).abs()),
            (.., Some(before), Some(after)) => before.abs_diff(after) as f64,
            _ => 0.0,
        }
    }
}

impl Side {
    fn of(mark: &str, answer: &Answer) -> Self {
        let form = answer.detail.form();
        let (margin, rank) = (form.margin(Some(mark)), form.rank());
        Self {
            similarities: answer.similarities.clone(),
            margin,
            rank,
        }
    }
}
