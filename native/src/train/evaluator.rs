//! The evaluation of a training run: the sets that the recipe names, asked and scored as
//! `cliprobe eval` does.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::probe::Metric;
use cliprobe_train::recipe::EvaluationRecipe;
use cliprobe_train::{Evaluation, Evaluator, Number, Scores};

use crate::bench::{Bench, BenchArgs};

/// Between two looks whether the run is asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The encoders recurse little, but as deep as on the main thread.
const STACK: usize = 8 << 20;

/// Asks the recipe's sets.
#[derive(Debug, Default)]
pub(super) struct BenchEvaluator {
    asked: Option<Arc<Asked>>,
}

#[derive(Debug)]
struct Asked {
    sets: Vec<String>,
    args: BenchArgs,
}

impl Evaluator for BenchEvaluator {
    fn check(&mut self, recipe: &EvaluationRecipe) -> Result<()> {
        let args = BenchArgs::in_memory(
            recipe.data.clone(),
            recipe.images.clone(),
            recipe.probes,
            recipe.limit,
        );
        let sets = recipe.sets.clone();
        let asked = Asked { sets, args };
        if let Some(absent) = asked.bench()?.questions.absent.first() {
            bail!("evaluation cannot ask {absent}");
        }
        self.asked = Some(Arc::new(asked));
        Ok(())
    }

    /// Runs on a thread of its own, which is left behind when the run is asked to stop: the process
    /// ends soon after.
    fn evaluate(&mut self, model: &Path, stop: &AtomicBool) -> Result<Option<Evaluation>> {
        let asked = self
            .asked
            .clone()
            .context("the evaluation was not prepared")?;
        let model = model.to_owned();
        let (answer, answers) = channel();
        std::thread::Builder::new()
            .name("evaluation".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                // Nobody listens any more once the run was asked to stop.
                let _ = answer.send(asked.ask(&model));
            })
            .context("cannot start the thread that evaluates")?;
        loop {
            match answers.recv_timeout(LOOK_EVERY) {
                Ok(evaluation) => return evaluation.map(Some),
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(anyhow!("the evaluation ended early"));
                }
            }
        }
    }
}

impl Asked {
    fn bench(&self) -> Result<Bench<'_>> {
        Bench::read(&self.sets, &self.args).context("evaluation.sets")
    }

    /// Scores the model of a directory.
    fn ask(&self, model: &Path) -> Result<Evaluation> {
        let checkpoint = Rc::new(Checkpoint::open(model, &Overrides::default())?);
        let run = self.bench()?.ask(&checkpoint)?;
        let scores = run.sets.iter().map(|set| Scores {
            set: set.evaluation.set.clone(),
            n: set.evaluation.scored,
            metrics: set.evaluation.metrics.iter().map(number).collect(),
        });
        Ok(Evaluation(scores.collect()))
    }
}

fn number(metric: &Metric) -> Number {
    Number {
        name: metric.name.clone(),
        value: metric.value,
        chance: metric.chance,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sets_that_are_not_there_are_refused_before_the_run() {
        let check = |set: &str| {
            BenchEvaluator::default().check(&EvaluationRecipe {
                sets: vec![set.to_owned()],
                probes: 5,
                ..EvaluationRecipe::default()
            })
        };
        check("tableau").unwrap();
        let error = check("tableu").unwrap_err();
        assert!(format!("{error:#}").contains("tableau"), "{error:#}");
        let error = check("sugarcrepe").unwrap_err();
        assert!(format!("{error:#}").contains("cannot ask"), "{error:#}");
    }
}
