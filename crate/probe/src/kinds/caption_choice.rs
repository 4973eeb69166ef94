//! Choice of caption: one image, several captions, one of them right (SugarCrepe, ARO).

use serde::{Deserialize, Serialize};

use super::choice::{self, Question};
use super::{Index, Kind, Needs, Questions};
use crate::ProbeError;
use crate::evaluation::{EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::set::{ProbeSet, Tables};

/// One image, several captions, one of them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionChoice {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by (a relation, a pair of attributes), where it does.
    pub group: String,
    /// Index of the image.
    pub image: usize,
    /// Indices of the captions, in the authors' order: it decides ties.
    pub captions: Vec<usize>,
    /// Which of `captions` is right.
    pub correct: usize,
}

impl Questions for Vec<CaptionChoice> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            visit(Index::Image(&mut item.image));
            item.captions.iter_mut().for_each(|i| visit(Index::Text(i)));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&[item.image], &item.captions));
    }

    fn score(&self, scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let questions = self.iter().map(|item| Question {
            id: &item.id,
            group: &item.group,
            images: std::slice::from_ref(&item.image),
            texts: &item.captions,
            correct: item.correct,
        });
        choice::score(scoring, questions)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: an item")]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(alias = "picture")]
    image: JsonImage,
    captions: Vec<String>,
    correct: usize,
}

impl Kind for Vec<CaptionChoice> {
    const NAME: &'static str = "caption_choice";
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
                json::in_range(&id, item.correct, item.captions.len(), 2)?;
                let wrong: Vec<&str> = json::texts_but(&item.captions, item.correct);
                tables.watch(&id, &[&item.captions[item.correct]], &wrong);
                Ok(CaptionChoice {
                    group: item.group,
                    image: tables.json_image(item.image),
                    captions: item.captions.iter().map(|text| tables.text(text)).collect(),
                    correct: item.correct,
                    id,
                })
            },
        )
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let items = self.iter().map(|item| Item {
            id: Some(item.id.clone()),
            group: item.group.clone(),
            image: json::image(set, item.image),
            captions: json::texts(set, &item.captions),
            correct: item.correct,
        });
        (Vec::new(), items.collect())
    }
}
