//! Choice of image: one caption, several images, one of them right (SVO-Probes).

use serde::{Deserialize, Serialize};

use super::choice::{self, Question};
use super::{Index, Kind, Needs, Questions};
use crate::ProbeError;
use crate::evaluation::{EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::set::{ProbeSet, Tables};

/// One caption, several images, one of them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageChoice {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Index of the caption.
    pub caption: usize,
    /// Indices of the images, in the authors' order.
    pub images: Vec<usize>,
    /// Which of `images` is right.
    pub correct: usize,
}

impl Questions for Vec<ImageChoice> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            visit(Index::Text(&mut item.caption));
            item.images.iter_mut().for_each(|i| visit(Index::Image(i)));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.iter()
            .for_each(|item| needs.question(&item.images, &[item.caption]));
    }

    fn score(&self, scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let questions = self.iter().map(|item| Question {
            id: &item.id,
            group: &item.group,
            images: &item.images,
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
    #[serde(alias = "pictures")]
    images: Vec<JsonImage>,
    correct: usize,
}

impl Kind for Vec<ImageChoice> {
    const NAME: &'static str = "image_choice";
    const FORMER_NAMES: &'static [&'static str] = &["picture_choice"];
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
                json::in_range(&id, item.correct, item.images.len(), 2)?;
                tables.watch(&id, &[&item.caption], &[]);
                Ok(ImageChoice {
                    group: item.group,
                    caption: tables.text(&item.caption),
                    images: item
                        .images
                        .into_iter()
                        .map(|image| tables.json_image(image))
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
            images: item.images.iter().map(|&i| json::image(set, i)).collect(),
            correct: item.correct,
        });
        (Vec::new(), items.collect())
    }
}
