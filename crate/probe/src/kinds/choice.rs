//! What a choice of captions and a choice of images have in common: one option is right.

use std::collections::BTreeMap;

use super::{AnswerForm, GroupAverage, Score, ScoreForm};
use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::kinds::Detail;
use crate::metric::Metric;
use crate::set::Average;
use cliprobe_score::{Accuracy, Choice, Grouped, Outcome, ScoreError, choose};

/// Groups whose accuracies a table lists; more are left to the result file.
const LISTED_GROUPS: usize = 10;

/// A question with one right option. Either `images` or `texts` has several entries.
pub(super) struct Question<'a> {
    pub(super) id: &'a str,
    pub(super) group: &'a str,
    pub(super) images: &'a [usize],
    pub(super) texts: &'a [usize],
    pub(super) correct: usize,
}

/// Right is the item whose right option has the largest similarity; chance is one in the options.
pub(super) fn score<'q>(
    mut scoring: Scoring<'_>,
    questions: impl Iterator<Item = Question<'q>>,
) -> Result<Evaluation, EvaluateError> {
    let mut outcomes = Vec::new();
    // How many items every group has, the unscored ones too.
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for (number, question) in questions.enumerate() {
        if !question.group.is_empty() {
            *sizes.entry(question.group.to_owned()).or_default() += 1;
        }
        let Some(similarities) = scoring.cosines(question.id, question.images, question.texts)
        else {
            continue;
        };
        let choice = choose(number, &similarities, question.correct, scoring.ties)
            .map_err(scoring.wrong(question.id))?;
        outcomes.push((question.group.to_owned(), choice.outcome()));
        scoring.answers.push(Answer {
            id: question.id.to_owned(),
            group: question.group.to_owned(),
            images: question.images.to_vec(),
            texts: question.texts.to_vec(),
            similarities,
            right: Some(question.correct),
            detail: Detail::Choice(choice),
        });
    }
    scoring.check_scored(outcomes.len())?;
    let scored = outcomes.len();
    let name = scoring.set.name.clone();
    match &scoring.set.protocol.average {
        average @ (Average::Micro | Average::MicroAndGroups | Average::MicroAndAllRight { .. }) => {
            let all = outcomes.iter().map(|(_, outcome)| *outcome);
            let accuracy =
                Accuracy::count(&name, all, scoring.ties).map_err(scoring.wrong("all"))?;
            let mut metrics = vec![Metric::accuracy("accuracy", &accuracy)];
            match average {
                Average::MicroAndGroups => {
                    let grouped = Grouped::new(&name, outcomes, scoring.ties, |_| true)
                        .map_err(scoring.wrong("all"))?;
                    let groups = grouped.groups.iter();
                    metrics.extend(groups.map(|g| Metric::accuracy(&g.name, &g.accuracy)));
                }
                Average::MicroAndAllRight { levels } => {
                    for (up, level) in levels.iter().enumerate() {
                        let sets = all_right(&outcomes, &sizes, up);
                        // Without one whole set there is no such number.
                        if !sets.is_empty() {
                            let accuracy = Accuracy::count(level, sets, scoring.ties)
                                .map_err(scoring.wrong("all"))?;
                            metrics.push(Metric::accuracy(level, &accuracy));
                        }
                    }
                }
                Average::Micro | Average::MacroOverGroups { .. } => {}
            }
            Ok(scoring.finish(scored, metrics, Score::Accuracy(accuracy)))
        }
        Average::MacroOverGroups { at_least, except } => {
            let counts = |group: &cliprobe_score::Group| {
                group.accuracy.n >= *at_least && !except.contains(&group.name)
            };
            let grouped =
                Grouped::new(&name, outcomes, scoring.ties, counts).map_err(
                    |error| match error {
                        ScoreError::NoItems { .. } => EvaluateError::NoGroup {
                            set: name.clone(),
                            at_least: *at_least,
                        },
                        other => scoring.wrong("all")(other),
                    },
                )?;
            let mut metrics = vec![
                Metric::estimate(
                    MACRO_ACCURACY,
                    grouped.macro_average,
                    grouped.micro_average.n,
                ),
                Metric::accuracy("micro accuracy", &grouped.micro_average),
            ];
            if grouped.groups.len() <= LISTED_GROUPS {
                let groups = grouped.groups.iter();
                metrics.extend(groups.map(|g| Metric::accuracy(&g.name, &g.accuracy)));
            }
            Ok(scoring.finish(scored, metrics, Score::Grouped(grouped)))
        }
    }
}

/// An outcome for every set of items whose groups agree when `up` parts of their paths are left out:
/// right if all are. Sets with an item that could not be scored are left out.
fn all_right(
    outcomes: &[(String, Outcome)],
    sizes: &BTreeMap<String, usize>,
    up: usize,
) -> Vec<Outcome> {
    let set_of = |group: &str| -> String {
        let parts: Vec<&str> = group.split('/').collect();
        parts[..parts.len().saturating_sub(up).max(1)].join("/")
    };
    let mut whole: BTreeMap<String, usize> = BTreeMap::new();
    for (group, size) in sizes {
        *whole.entry(set_of(group)).or_default() += size;
    }
    let mut sets: BTreeMap<String, (usize, Outcome)> = BTreeMap::new();
    for (group, outcome) in outcomes {
        let (count, all) = sets.entry(set_of(group)).or_insert((
            0,
            Outcome {
                correct: true,
                tied: false,
                chance: 1.0,
            },
        ));
        *count += 1;
        all.correct &= outcome.correct;
        all.tied |= outcome.tied;
        all.chance *= outcome.chance;
    }
    let sets = sets.into_iter();
    sets.filter(|(set, (count, _))| whole.get(set) == Some(count))
        .map(|(_, (_, outcome))| outcome)
        .collect()
}

const MACRO_ACCURACY: &str = "macro accuracy";

impl AnswerForm for Choice {
    fn marks(&self) -> Vec<(&'static str, bool)> {
        vec![("accuracy", self.correct)]
    }

    fn is_tied(&self) -> bool {
        self.tied
    }

    fn margin(&self, _mark: Option<&str>) -> Option<f32> {
        self.margin
    }

    fn is_true(&self, place: usize, images: usize, right: Option<usize>) -> Option<bool> {
        // Among several images the text is true of one of them only.
        if images > 1 {
            return None;
        }
        right.map(|right| right == place)
    }
}

impl ScoreForm for Accuracy {
    fn clip_benchmark(&self) -> Option<(&'static str, Vec<(String, f64)>)> {
        let metrics = ["text_acc", "acc"].map(|name| (name.to_owned(), self.value));
        Some(("image_caption_selection", metrics.to_vec()))
    }
}

impl ScoreForm for Grouped {
    fn group_average(&self) -> Option<GroupAverage> {
        Some(GroupAverage {
            metric: MACRO_ACCURACY,
            is_main: true,
        })
    }

    fn counts_group(&self, group: &str) -> bool {
        self.groups.iter().any(|counted| counted.name == group)
    }
}
