//! What a model has understood so far: the sets that the recipe names, asked and scored as
//! `cliprobe eval` does.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::probe::Metric;
use serde::{Deserialize, Serialize};

use crate::eval::bench::{Bench, BenchArgs};

/// `[evaluation]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluationRecipe {
    /// Steps between evaluations; one more comes at the end.
    pub(crate) every: u64,
    /// Benchmarks, sets, probe files and folders, as `cliprobe eval` takes them.
    #[serde(default = "EvaluationRecipe::default_sets")]
    pub(crate) sets: Vec<String>,
    /// Probes of each of Tableau's sets.
    pub(crate) probes: u32,
    /// The most items of every other set; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// Folders with the benchmarks' lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) data: Vec<PathBuf>,
    /// Folders with their pictures; those of `data` where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<PathBuf>,
    /// By what the best model is chosen, which is kept beside the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) best: Option<BestRecipe>,
}

/// `[evaluation.best]`: the larger, the better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BestRecipe {
    /// A set, or what the names of several begin with before a slash: their plain mean.
    pub(crate) set: String,
    /// The metric's name in the log; each set's main one where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<String>,
}

impl EvaluationRecipe {
    fn default_sets() -> Vec<String> {
        vec!["tableau".to_owned()]
    }

    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.every > 0,
            "evaluation.every is 0; it must be at least 1"
        );
        ensure!(
            self.probes > 0 && self.limit != Some(0),
            "evaluation asks for 0 probes; it must be at least 1"
        );
        ensure!(
            !self.sets.is_empty(),
            "evaluation.sets is empty; name tableau, say"
        );
        Ok(())
    }
}

/// The scores of one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Scores {
    pub(crate) set: String,
    /// Number of items that have an answer.
    pub(crate) n: usize,
    /// The set's main metric first.
    pub(crate) metrics: Vec<Number>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Number {
    pub(crate) name: String,
    /// Shares lie from 0 to 1.
    pub(crate) value: f64,
    /// What random similarities would get, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chance: Option<f64>,
}

impl From<&Metric> for Number {
    fn from(metric: &Metric) -> Self {
        Self {
            name: metric.name.clone(),
            value: metric.value,
            chance: metric.chance,
        }
    }
}

/// Scores of all sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Evaluation(pub(crate) Vec<Scores>);

impl Evaluation {
    /// Every number with its name, as a log of scalars has them.
    pub(crate) fn scalars(&self) -> Vec<(String, f64)> {
        let each = self.0.iter().flat_map(|scores| {
            let metrics = scores.metrics.iter();
            metrics.map(|number| (format!("val/{}/{}", scores.set, number.name), number.value))
        });
        each.collect()
    }

    /// What the best model has the largest of.
    ///
    /// # Errors
    /// No such set, or no such metric of it: what there is is named.
    pub(crate) fn value(&self, best: &BestRecipe) -> Result<f64> {
        let below = format!("{}/", best.set);
        let sets = || {
            let sets = self.0.iter();
            sets.filter(|scores| scores.set == best.set || scores.set.starts_with(&below))
        };
        let values: Vec<f64> = sets()
            .filter_map(|scores| match &best.metric {
                Some(name) => scores.metrics.iter().find(|number| number.name == *name),
                None => scores.metrics.first(),
            })
            .map(|number| number.value)
            .collect();
        if values.is_empty() {
            let known: Vec<String> = match sets().next() {
                Some(scores) => scores.metrics.iter().map(|n| n.name.clone()).collect(),
                None => self.0.iter().map(|scores| scores.set.clone()).collect(),
            };
            bail!(
                "evaluation.best asks for {} of {}, which is not measured; there are {}",
                best.metric.as_deref().unwrap_or("the main metric"),
                best.set,
                known.join(", ")
            );
        }
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {:<28}{:<12}{:>9}{:>9}{:>7}",
            "set", "metric", "value", "chance", "n"
        )?;
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        for scores in &self.0 {
            for number in scores.metrics.iter().take(1) {
                let chance = number.chance.map_or_else(String::new, percent);
                write!(
                    f,
                    "\n  {:<28}{:<12}{:>9}{chance:>9}{:>7}",
                    scores.set,
                    number.name,
                    percent(number.value),
                    scores.n
                )?;
            }
        }
        Ok(())
    }
}

/// Asks the recipe's sets.
#[derive(Debug)]
pub(crate) struct Evaluator {
    sets: Vec<String>,
    args: BenchArgs,
}

impl Evaluator {
    /// # Errors
    /// Sets that do not exist, and lists that are not there.
    pub(crate) fn new(recipe: &EvaluationRecipe) -> Result<Self> {
        let args = BenchArgs::in_memory(
            recipe.data.clone(),
            recipe.images.clone(),
            recipe.probes,
            recipe.limit,
        );
        let evaluator = Self {
            sets: recipe.sets.clone(),
            args,
        };
        let bench = evaluator.bench()?;
        if let Some(absent) = bench.questions.absent.first() {
            bail!("evaluation cannot ask {absent}");
        }
        Ok(evaluator)
    }

    fn bench(&self) -> Result<Bench<'_>> {
        Bench::read(&self.sets, &self.args).context("evaluation.sets")
    }

    /// Scores the model of a directory.
    pub(crate) fn ask(&self, model: &Path) -> Result<Evaluation> {
        let checkpoint = Rc::new(Checkpoint::open(model, &Overrides::default())?);
        let run = self.bench()?.ask(&checkpoint)?;
        let scores = run.sets.iter().map(|set| Scores {
            set: set.evaluation.set.clone(),
            n: set.evaluation.scored,
            metrics: set.evaluation.metrics.iter().map(Number::from).collect(),
        });
        Ok(Evaluation(scores.collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn evaluation() -> Evaluation {
        let scores = |set: &str, metrics: &[(&str, f64)]| Scores {
            set: set.to_owned(),
            n: 10,
            metrics: metrics
                .iter()
                .map(|(name, value)| Number {
                    name: (*name).to_owned(),
                    value: *value,
                    chance: Some(0.5),
                })
                .collect(),
        };
        Evaluation(vec![
            scores("tableau/noun", &[("top-1", 0.5), ("top-5", 0.9)]),
            scores("tableau/swap_attribute", &[("accuracy", 0.75)]),
            scores("tableaux", &[("accuracy", 0.1)]),
        ])
    }

    #[test]
    fn the_best_is_chosen_by_a_set_or_several() {
        let value = |set: &str, metric: Option<&str>| {
            evaluation().value(&BestRecipe {
                set: set.to_owned(),
                metric: metric.map(str::to_owned),
            })
        };
        assert_eq!(value("tableau/noun", None).unwrap(), 0.5);
        assert_eq!(value("tableau/noun", Some("top-5")).unwrap(), 0.9);
        assert_eq!(value("tableau", None).unwrap(), 0.625);
        assert_eq!(value("tableau", Some("accuracy")).unwrap(), 0.75);
        let missing = value("tableau/noun", Some("accuracy")).unwrap_err();
        assert!(
            missing.to_string().contains("there are top-1, top-5"),
            "{missing}"
        );
        let missing = value("aro", None).unwrap_err();
        assert!(missing.to_string().contains("tableau/noun"), "{missing}");
    }

    #[test]
    fn names_are_those_of_the_log() {
        let table = evaluation().to_string();
        assert!(
            table.contains("tableau/swap_attribute      accuracy"),
            "{table}"
        );
        let (name, value) = &evaluation().scalars()[1];
        assert_eq!((name.as_str(), *value), ("val/tableau/noun/top-5", 0.9));
        let json = serde_json::to_value(evaluation()).unwrap();
        assert_eq!(json[1]["metrics"][0]["name"], "accuracy");
    }

    #[test]
    fn sets_that_are_not_there_are_refused_before_the_run() {
        let recipe = |set: &str| EvaluationRecipe {
            every: 1,
            sets: vec![set.to_owned()],
            probes: 5,
            limit: None,
            data: Vec::new(),
            images: Vec::new(),
            best: None,
        };
        Evaluator::new(&recipe("tableau")).unwrap();
        let error = Evaluator::new(&recipe("tableu")).unwrap_err();
        assert!(format!("{error:#}").contains("tableau"), "{error:#}");
        let error = Evaluator::new(&recipe("sugarcrepe")).unwrap_err();
        assert!(format!("{error:#}").contains("cannot ask"), "{error:#}");
    }
}
