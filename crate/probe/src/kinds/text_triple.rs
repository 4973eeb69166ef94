//! Text triples: two texts of one meaning and a third of another, without an image (SugarCrepe++).

use serde::{Deserialize, Serialize};

use super::{AnswerForm, Detail, Index, Kind, Needs, Questions, Score};
use crate::ProbeError;
use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass};
use crate::metric::Metric;
use crate::set::{ProbeSet, Tables};
use cliprobe_score::{
    Accuracy, Outcome, TextTriple as TripleAnswer, TextTripleSimilarities, TieRule, cosine,
};

/// Two texts that say the same and one that does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTriple {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Indices of the two texts of one meaning.
    pub same: [usize; 2],
    /// Index of the third.
    pub other: usize,
}

impl TextTriple {
    fn texts(&self) -> [usize; 3] {
        [self.same[0], self.same[1], self.other]
    }
}

impl Questions for Vec<TextTriple> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            item.same.iter_mut().for_each(|i| visit(Index::Text(i)));
            visit(Index::Text(&mut item.other));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&[], &item.texts()));
    }

    /// Right if the two texts of one meaning are nearer to each other than each is to the third.
    /// Comparisons are strict, whatever rule for ties was asked for.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let mut outcomes = Vec::new();
        for (number, item) in self.iter().enumerate() {
            let [a, b, c] = match item.texts().map(|text| scoring.texts[text]) {
                [Ok(a), Ok(b), Ok(c)] => [a, b, c],
                rows => {
                    let why = rows.into_iter().find_map(Result::err).unwrap_or_default();
                    scoring.skip(&item.id, why);
                    continue;
                }
            };
            let similarities = TextTripleSimilarities {
                same: cosine(a, b),
                first: cosine(a, c),
                second: cosine(b, c),
            };
            let triple =
                TripleAnswer::new(number, similarities).map_err(scoring.wrong(&item.id))?;
            outcomes.push(Outcome {
                correct: triple.right,
                tied: triple.tied,
                chance: TripleAnswer::CHANCE,
            });
            scoring.answers.push(Answer {
                id: item.id.clone(),
                group: item.group.clone(),
                images: Vec::new(),
                texts: item.texts().to_vec(),
                // Those of an answer are of images with texts; these are in its detail.
                similarities: Vec::new(),
                right: None,
                detail: Detail::TextTriple(triple),
            });
        }
        let n = outcomes.len();
        scoring.check_scored(n)?;
        scoring.ties = TieRule::Strict;
        let accuracy = Accuracy::count(&scoring.set.name, outcomes, TieRule::Strict)
            .map_err(scoring.wrong("all"))?;
        let metrics = vec![Metric::accuracy(MARK, &accuracy)];
        Ok(scoring.finish(n, metrics, Score::Accuracy(accuracy)))
    }

    fn note(&self, _set: &ProbeSet, answer: &Answer) -> Option<String> {
        let Detail::TextTriple(triple) = &answer.detail else {
            return None;
        };
        let TextTripleSimilarities {
            same,
            first,
            second,
        } = triple.similarities;
        Some(format!(
            "cosines of texts: first and second {same:.4}, first and third {first:.4}, second and third {second:.4}"
        ))
    }
}

/// SugarCrepe++'s text-only test is a plain accuracy.
const MARK: &str = "accuracy";

impl AnswerForm for TripleAnswer {
    fn marks(&self) -> Vec<(&'static str, bool)> {
        vec![(MARK, self.right)]
    }

    fn is_tied(&self) -> bool {
        self.tied
    }

    fn margin(&self, _mark: Option<&str>) -> Option<f32> {
        Some(self.margin)
    }

    fn is_true(&self, place: usize, _images: usize, _right: Option<usize>) -> Option<bool> {
        Some(place < 2)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: an item")]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    same: [String; 2],
    other: String,
}

impl Kind for Vec<TextTriple> {
    const NAME: &'static str = "text_triple";
    type Item = Item;

    fn from_items(
        items: Vec<Item>,
        _classes: Vec<JsonClass>,
        tables: &mut Tables,
    ) -> Result<Self, ProbeError> {
        json::numbered(
            items,
            |item| item.id.take(),
            |id, item| {
                let [first, second] = &item.same;
                tables.watch(&id, &[first, second], &[&item.other]);
                Ok(TextTriple {
                    group: item.group,
                    same: item.same.map(|text| tables.text(&text)),
                    other: tables.text(&item.other),
                    id,
                })
            },
        )
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let text = |index: usize| set.texts[index].clone();
        let items = self.iter().map(|item| Item {
            id: Some(item.id.clone()),
            group: item.group.clone(),
            same: item.same.map(text),
            other: text(item.other),
        });
        (Vec::new(), items.collect())
    }
}
