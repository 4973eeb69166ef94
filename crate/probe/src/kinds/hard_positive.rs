//! Hard positives: an image, a true caption, its rewording, which is true too, and a false one.

use serde::{Deserialize, Serialize};

use super::{AnswerForm, Detail, Index, Kind, Needs, Questions, Score, ScoreForm};
use crate::ProbeError;
use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::metric::{Better, Metric, Unit};
use crate::set::{ProbeSet, Tables};
use cliprobe_score::{
    HardPositive, HardPositiveOutcome, HardPositiveScore, HardPositiveSimilarities, TieRule,
};

/// An image, a true caption, another true one (the hard positive) and a false one (the hard
/// negative).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardPositiveTriple {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Index of the image.
    pub image: usize,
    /// Index of `c`.
    pub caption: usize,
    /// Index of `c_p`.
    pub positive: usize,
    /// Index of `c_n`.
    pub negative: usize,
}

impl HardPositiveTriple {
    fn texts(&self) -> [usize; 3] {
        [self.caption, self.positive, self.negative]
    }
}

impl Questions for Vec<HardPositiveTriple> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            visit(Index::Image(&mut item.image));
            for text in [&mut item.caption, &mut item.positive, &mut item.negative] {
                visit(Index::Text(text));
            }
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&[item.image], &item.texts()));
    }

    /// Original: c above c_n; augmented: c and c_p above c_n; brittleness: exactly one of them is.
    /// Comparisons are strict, whatever rule for ties was asked for.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let mut triples = Vec::new();
        for (number, item) in self.iter().enumerate() {
            let texts = item.texts();
            let Some(similarities) = scoring.cosines(&item.id, &[item.image], &texts) else {
                continue;
            };
            let [caption, positive, negative] = similarities[..] else {
                continue; // one image × three captions are three
            };
            let similarities_of = HardPositiveSimilarities {
                caption,
                positive,
                negative,
            };
            let triple =
                HardPositive::new(number, similarities_of).map_err(scoring.wrong(&item.id))?;
            triples.push(triple);
            scoring.answers.push(Answer {
                id: item.id.clone(),
                group: item.group.clone(),
                images: vec![item.image],
                texts: texts.to_vec(),
                similarities,
                right: None,
                detail: Detail::HardPositive(triple),
            });
        }
        scoring.check_scored(triples.len())?;
        scoring.ties = TieRule::Strict;
        let score = HardPositiveScore::new(&triples).map_err(scoring.wrong("all"))?;
        let n = triples.len();
        let metrics = vec![
            Metric::accuracy("augmented", &score.augmented),
            Metric::accuracy("original", &score.original),
            Metric::estimate("brittleness", score.brittleness, n).with(Better::Lower),
            Metric::accuracy("hard positive alone", &score.modified),
            Metric::plain("mean |c − p|", score.mean_gap, n, Unit::Cosine).with(Better::Lower),
        ];
        Ok(scoring.finish(n, metrics, Score::HardPositive(score)))
    }
}

impl AnswerForm for HardPositive {
    fn marks(&self) -> Vec<(&'static str, bool)> {
        let augmented = self.outcome == HardPositiveOutcome::Augmented;
        vec![("original", self.original), ("augmented", augmented)]
    }

    fn main_mark(&self) -> Option<&'static str> {
        Some("augmented")
    }

    fn is_tied(&self) -> bool {
        self.original_tied || self.caption_margin == 0.0 || self.positive_margin == 0.0
    }

    fn margin(&self, mark: Option<&str>) -> Option<f32> {
        Some(match mark {
            Some("original") => self.caption_margin,
            _ => self.caption_margin.min(self.positive_margin),
        })
    }

    fn is_true(&self, place: usize, _images: usize, _right: Option<usize>) -> Option<bool> {
        // c and its rewording are true, the third is not.
        Some(place < 2)
    }
}

impl ScoreForm for HardPositiveScore {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: an item")]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(alias = "picture")]
    image: JsonImage,
    caption: String,
    positive: String,
    negative: String,
}

impl Kind for Vec<HardPositiveTriple> {
    const NAME: &'static str = "hard_positive";
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
                tables.watch(&id, &[&item.caption, &item.positive], &[&item.negative]);
                Ok(HardPositiveTriple {
                    group: item.group,
                    image: tables.json_image(item.image),
                    caption: tables.text(&item.caption),
                    positive: tables.text(&item.positive),
                    negative: tables.text(&item.negative),
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
            image: json::image(set, item.image),
            caption: text(item.caption),
            positive: text(item.positive),
            negative: text(item.negative),
        });
        (Vec::new(), items.collect())
    }
}
