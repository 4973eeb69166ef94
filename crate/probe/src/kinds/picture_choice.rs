//! Choice of image: one caption, several images, one of them right (SVO-Probes).

use serde::{Deserialize, Serialize};

use super::choice::{self, Question};
use super::{Index, Kind, Needs, Questions};
use crate::ProbeError;
use crate::evaluation::{EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonPicture};
use crate::set::{ProbeSet, Tables};

/// One caption, several images, one of them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureChoice {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Index of the caption.
    pub caption: usize,
    /// Indices of the images, in the authors' order.
    pub pictures: Vec<usize>,
    /// Which of `pictures` is right.
    pub correct: usize,
}

impl Questions for Vec<PictureChoice> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            visit(Index::Text(&mut item.caption));
            item.pictures
                .iter_mut()
                .for_each(|i| visit(Index::Picture(i)));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&item.pictures, &[item.caption]));
    }

    fn score(&self, scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let questions = self.iter().map(|item| Question {
            id: &item.id,
            group: &item.group,
            pictures: &item.pictures,
            texts: std::slice::from_ref(&item.caption),
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
    caption: String,
    #[serde(alias = "images")]
    pictures: Vec<JsonPicture>,
    correct: usize,
}

impl Kind for Vec<PictureChoice> {
    const NAME: &'static str = "picture_choice";
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
                json::in_range(&id, item.correct, item.pictures.len(), 2)?;
                tables.watch(&id, &[&item.caption], &[]);
                Ok(PictureChoice {
                    group: item.group,
                    caption: tables.text(&item.caption),
                    pictures: item
                        .pictures
                        .into_iter()
                        .map(|picture| tables.json_picture(picture))
                        .collect(),
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
            caption: set.texts[item.caption].clone(),
            pictures: item
                .pictures
                .iter()
                .map(|&i| json::picture(set, i))
                .collect(),
            correct: item.correct,
        });
        (Vec::new(), items.collect())
    }
}
