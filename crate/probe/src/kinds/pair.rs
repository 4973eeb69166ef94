//! Winoground-style pairs: two images and two captions, each of which belongs to one image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AnswerForm, Detail, Index, Kind, Needs, Questions, Score, ScoreForm};
use crate::ProbeError;
use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::metric::Metric;
use crate::set::{ProbeSet, Tables};
use cliprobe_score::{self as score, ScoreError, SquareScore, TieRule};

/// A Winoground-style pair: two images and two captions; the first caption belongs to the first
/// image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Square {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Indices of the images.
    pub images: [usize; 2],
    /// Indices of the captions.
    pub captions: [usize; 2],
}

impl Questions for Vec<Square> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            item.images.iter_mut().for_each(|i| visit(Index::Image(i)));
            item.captions.iter_mut().for_each(|i| visit(Index::Text(i)));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&item.images, &item.captions));
    }

    /// Text: each image prefers its own caption; image: each caption prefers its own image; group:
    /// both; GroupMatch: the true matching has the larger total. Comparisons are strict, whatever rule for ties was asked for.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let mut squares = Vec::new();
        for (number, item) in self.iter().enumerate() {
            let Some(similarities) = scoring.cosines(&item.id, &item.images, &item.captions) else {
                continue;
            };
            let [s00, s10, s01, s11] = similarities[..] else {
                continue; // two images × two captions are four
            };
            let square = score::Square::new(number, [[s00, s01], [s10, s11]])
                .map_err(scoring.wrong(&item.id))?;
            squares.push(square);
            scoring.answers.push(Answer {
                id: item.id.clone(),
                group: item.group.clone(),
                images: item.images.to_vec(),
                texts: item.captions.to_vec(),
                similarities,
                right: None,
                detail: Detail::Square(square),
            });
        }
        scoring.check_scored(squares.len())?;
        scoring.ties = TieRule::Strict;
        let score = SquareScore::new(&squares).map_err(scoring.wrong("all"))?;
        let mut metrics = scores("", &score);
        metrics.extend(by_group(&squares, &scoring.answers).map_err(scoring.wrong("all"))?);
        Ok(scoring.finish(squares.len(), metrics, Score::Square(score)))
    }
}

/// Easier than the group score: one comparison of sums, where the group score asks for four.
const GROUP_MATCH: &str = "GroupMatch (easier)";

/// Groups whose scores a table lists; more are left to the result file.
const LISTED_GROUPS: usize = 10;

/// The scores as metrics, each name after `prefix`.
fn scores(prefix: &str, score: &SquareScore) -> Vec<Metric> {
    let named = [
        ("text", Some(&score.text)),
        ("image", Some(&score.image)),
        ("group", Some(&score.group)),
        (GROUP_MATCH, score.group_match.as_ref()),
    ];
    let metric = |(name, accuracy): (&str, Option<&_>)| {
        accuracy.map(|accuracy| Metric::accuracy(format!("{prefix}{name}"), accuracy))
    };
    named.into_iter().filter_map(metric).collect()
}

/// The scores of each group, by name, where there are several and few.
fn by_group(squares: &[score::Square], answers: &[Answer]) -> Result<Vec<Metric>, ScoreError> {
    let mut groups: BTreeMap<&str, Vec<score::Square>> = BTreeMap::new();
    for (square, answer) in squares.iter().zip(answers) {
        groups.entry(&answer.group).or_default().push(*square);
    }
    // What has no group is of none.
    groups.remove("");
    if !(2..=LISTED_GROUPS).contains(&groups.len()) {
        return Ok(Vec::new());
    }
    let mut metrics = Vec::new();
    for (name, squares) in groups {
        metrics.extend(scores(&format!("{name}: "), &SquareScore::new(&squares)?));
    }
    Ok(metrics)
}

impl AnswerForm for score::Square {
    fn marks(&self) -> Vec<(&'static str, bool)> {
        let mut marks = vec![
            ("text", self.text),
            ("image", self.image),
            ("group", self.group),
        ];
        marks.extend(self.group_match.map(|m| (GROUP_MATCH, m.right)));
        marks
    }

    fn main_mark(&self) -> Option<&'static str> {
        Some("group")
    }

    fn is_tied(&self) -> bool {
        self.text_tied || self.image_tied
    }

    fn margin(&self, mark: Option<&str>) -> Option<f32> {
        Some(match mark {
            Some("text") => self.text_margin,
            Some("image") => self.image_margin,
            _ => self.text_margin.min(self.image_margin),
        })
    }

    fn is_true(&self, _place: usize, _images: usize, _right: Option<usize>) -> Option<bool> {
        None // each is true of one of the two images
    }
}

impl ScoreForm for SquareScore {
    fn clip_benchmark(&self) -> Option<(&'static str, Vec<(String, f64)>)> {
        let metrics = [
            ("image_acc", self.image.value),
            ("text_acc", self.text.value),
            ("acc", self.group.value),
        ];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value));
        Some(("image_caption_selection", metrics.to_vec()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: an item")]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(alias = "pictures")]
    images: [JsonImage; 2],
    captions: [String; 2],
}

impl Kind for Vec<Square> {
    const NAME: &'static str = "square";
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
                tables.watch(&id, &[&item.captions[0]], &[&item.captions[1]]);
                Ok(Square {
                    group: item.group,
                    images: item.images.map(|image| tables.json_image(image)),
                    captions: item.captions.map(|text| tables.text(&text)),
                    id,
                })
            },
        )
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let items = self.iter().map(|item| Item {
            id: Some(item.id.clone()),
            group: item.group.clone(),
            images: item.images.map(|i| json::image(set, i)),
            captions: item.captions.map(|i| set.texts[i].clone()),
        });
        (Vec::new(), items.collect())
    }
}
