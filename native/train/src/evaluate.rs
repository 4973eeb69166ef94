//! What an evaluation answers, and who gives it.

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use serde::Serialize;

use super::recipe::{BestRecipe, EvaluationRecipe};

/// The scores of one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Its name, such as `tableau/noun`.
    pub set: String,
    /// Number of items that have an answer.
    pub n: usize,
    /// The set's main metric first.
    pub metrics: Vec<Number>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Number {
    /// Its name, such as `accuracy`.
    pub name: String,
    /// From 0 to 1 if it is a share.
    pub value: f64,
    /// What random similarities would get, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
}

/// Scores of all sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Evaluation(pub Vec<Scores>);

impl Evaluation {
    /// Every number with its name, as a log of scalars has them.
    pub(crate) fn scalars(&self) -> Vec<(String, f64)> {
        let each = self.0.iter().flat_map(|scores| {
            let metrics = scores.metrics.iter();
            metrics.map(|number| (format!("val/{}/{}", scores.set, number.name), number.value))
        });
        each.collect()
    }

    /// The value by which the best model is chosen.
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
                "evaluation.best names {} of {}, which the evaluation does not measure; it measures {}",
                best.metric.as_deref().unwrap_or("the main metric"),
                best.set,
                known.join(", ")
            );
        }
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }
}

impl fmt::Display for Evaluation {
    /// A table with the main metric of every set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let head = ["set", "metric", "value", "chance", "n"].map(str::to_owned);
        let rows = self.0.iter().filter_map(|scores| {
            let number = scores.metrics.first()?;
            Some([
                scores.set.clone(),
                number.name.clone(),
                percent(number.value),
                number.chance.map_or_else(String::new, percent),
                scores.n.to_string(),
            ])
        });
        let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let [set, metric, value, chance, n] = [0, 1, 2, 3, 4].map(width);
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let [a, b, c, d, e] = row;
            write!(
                f,
                "  {a:set$}  {b:metric$}  {c:>value$}  {d:>chance$}  {e:>n$}"
            )?;
        }
        Ok(())
    }
}

/// Scores a model as the recipe's `[evaluation]` says. The caller of [`train`](crate::train())
/// provides it, because the trainer does not know benchmarks.
pub trait Evaluator {
    /// Prepares to ask what the recipe wants asked. Called once, before anything is written.
    ///
    /// # Errors
    /// Sets that do not exist, and files that are not there.
    fn check(&mut self, recipe: &EvaluationRecipe) -> Result<()>;

    /// Scores the model of a directory. `None` if `stop` was set before it was done.
    ///
    /// # Errors
    /// A model that cannot be read, or sets that cannot be scored.
    fn evaluate(&mut self, model: &Path, stop: &AtomicBool) -> Result<Option<Evaluation>>;
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
    fn long_names_do_not_run_into_the_next_column() {
        let long = "tableau/swap_attribute_of_all_held_out";
        let table = Evaluation(vec![Scores {
            set: long.to_owned(),
            n: 1000,
            metrics: vec![Number {
                name: "a metric of a long name".to_owned(),
                value: 1.0,
                chance: None,
            }],
        }]);
        let table = table.to_string();
        assert!(
            table.contains(&format!("{long}  a metric of a long name  100.0 %")),
            "{table}"
        );
    }

    #[test]
    fn names_are_those_of_the_log() {
        let table = evaluation().to_string();
        assert!(
            table.contains("tableau/swap_attribute  accuracy"),
            "{table}"
        );
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
        let (name, value) = &evaluation().scalars()[1];
        assert_eq!((name.as_str(), *value), ("val/tableau/noun/top-5", 0.9));
        let json = serde_json::to_value(evaluation()).unwrap();
        assert_eq!(json[1]["metrics"][0]["name"], "accuracy");
    }
}
