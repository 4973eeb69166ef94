//! Retrieval: images and captions to be found by each other. An image may have several captions.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    Aim, AnswerForm, Candidates, Detail, Index, Kind, Needs, Questions, Score, ScoreForm, recall,
};
use crate::ProbeError;
use crate::evaluation::{Answer, BLOCK, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::metric::Metric;
use crate::set::{ProbeSet, Tables};
use cliprobe_score::{Placement, Relevance, RetrievalScore, similarities};

/// Images and captions to be found by each other. An image may have several captions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieval {
    /// Indices of the images that can be found.
    pub images: Vec<usize>,
    /// Indices of the captions that can be found; a text may stand here more than once.
    pub captions: Vec<usize>,
    /// For each of `captions`, which of `images` it belongs to.
    pub image_of: Vec<usize>,
}

impl Retrieval {
    /// Each caption with its image.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.captions.iter().zip(&self.image_of);
        pairs.map(|(&caption, &place)| (caption, self.images[place]))
    }
}

/// Where an image's first own caption stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaptionFound(pub Placement);

/// Where a caption's image stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageFound(pub Placement);

/// Retrieval in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalScores {
    /// Captions found for images.
    pub image_to_text: RetrievalScore,
    /// Images found for captions.
    pub text_to_image: RetrievalScore,
}

impl Questions for Retrieval {
    fn count(&self) -> usize {
        self.captions.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for image in &mut self.images {
            visit(Index::Image(image));
        }
        for text in &mut self.captions {
            visit(Index::Text(text));
        }
    }

    /// Keeps the first `limit` images with their captions.
    fn truncate(&mut self, limit: usize) {
        self.images.truncate(limit);
        let kept = self.images.len();
        let pairs = self.captions.iter().zip(&self.image_of);
        (self.captions, self.image_of) = pairs
            .filter(|&(_, &image)| image < kept)
            .map(|(&caption, &image)| (caption, image))
            .unzip();
    }

    fn need(&self, needs: &mut Needs<'_>) {
        self.pairs()
            .for_each(|(caption, image)| needs.question(&[image], &[caption]));
    }

    /// An image that stands in the list twice is one candidate, with the captions of both.
    fn images_united(&mut self) {
        let mut place_of = HashMap::new();
        let mut images = Vec::new();
        let places: Vec<usize> = self
            .images
            .iter()
            .map(|&image| {
                *place_of.entry(image).or_insert_with(|| {
                    images.push(image);
                    images.len() - 1
                })
            })
            .collect();
        self.images = images;
        self.image_of.iter_mut().for_each(|p| *p = places[*p]);
    }

    /// Recall at 1, 5 and 10, both ways. What has no embedding can be neither query nor candidate.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let mut place_of_image = vec![None; self.images.len()];
        let (mut images, mut image_rows) = (Vec::new(), Vec::new());
        for (place, &image) in self.images.iter().enumerate() {
            match scoring.images[image] {
                Ok(row) => {
                    place_of_image[place] = Some(images.len());
                    images.push(image);
                    image_rows.extend_from_slice(row);
                }
                Err(why) => scoring.skip(&scoring.set.images[image].label(), why),
            }
        }
        let (mut captions, mut caption_rows, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (&caption, &place) in self.captions.iter().zip(&self.image_of) {
            let Some(image) = place_of_image[place] else {
                continue; // its image's note stands for it
            };
            match scoring.texts[caption] {
                Ok(row) => {
                    pairs.push((image, captions.len()));
                    captions.push(caption);
                    caption_rows.extend_from_slice(row);
                }
                Err(why) => scoring.skip(&scoring.set.texts[caption], why),
            }
        }
        scoring.check_scored(captions.len())?;
        let dim = caption_rows.len() / captions.len().max(1);
        let to_captions =
            Relevance::new(images.len(), captions.len(), pairs).map_err(scoring.wrong("all"))?;
        let to_images = to_captions.transposed();
        let ties = scoring.ties;
        let place = |relevance: &Relevance, queries: &[f32], candidates: &[f32]| {
            let mut placements = Vec::new();
            for (block, rows) in queries.chunks(BLOCK * dim.max(1)).enumerate() {
                let matrix = similarities(rows, candidates, dim)?;
                placements.extend(relevance.place_block(block * BLOCK, &matrix, ties)?);
            }
            Ok(placements)
        };
        let found_captions =
            place(&to_captions, &image_rows, &caption_rows).map_err(scoring.wrong("all"))?;
        let found_images =
            place(&to_images, &caption_rows, &image_rows).map_err(scoring.wrong("all"))?;
        for (&image, placement) in images.iter().zip(&found_captions) {
            if let Some(placement) = *placement {
                let id = format!("image {image}");
                let detail = Detail::CaptionFound(CaptionFound(placement));
                scoring
                    .answers
                    .push(answer(id, vec![image], Vec::new(), detail));
            }
        }
        for (number, (&caption, placement)) in captions.iter().zip(&found_images).enumerate() {
            if let Some(placement) = *placement {
                let id = format!("caption {number}");
                let detail = Detail::ImageFound(ImageFound(placement));
                scoring
                    .answers
                    .push(answer(id, Vec::new(), vec![caption], detail));
            }
        }
        let score = |placements: &[Option<Placement>]| {
            RetrievalScore::new(placements, ties).map_err(scoring.wrong("all"))
        };
        let scores = RetrievalScores {
            image_to_text: score(&found_captions)?,
            text_to_image: score(&found_images)?,
        };
        let mut metrics = Vec::new();
        for (direction, score) in [
            ("image to text", &scores.image_to_text),
            ("text to image", &scores.text_to_image),
        ] {
            for at in &score.recall {
                metrics.push(Metric::accuracy(
                    format!("{direction} R@{}", at.k),
                    &at.recall,
                ));
            }
        }
        Ok(scoring.finish(captions.len(), metrics, Score::Retrieval(scores)))
    }

    fn shown(&self, answer: &Answer) -> (Vec<usize>, Vec<usize>) {
        let (mut images, mut texts) = (answer.images.clone(), answer.texts.clone());
        match &answer.detail {
            Detail::CaptionFound(_) => {
                let own = self.pairs().filter(|(_, image)| images.contains(image));
                texts.extend(own.map(|(caption, _)| caption));
            }
            Detail::ImageFound(_) => {
                let mut pairs = self.pairs();
                let own = pairs.find(|(caption, _)| texts.contains(caption));
                images.extend(own.map(|(_, image)| image));
            }
            _ => {}
        }
        (images, texts)
    }

    fn note(&self, _set: &ProbeSet, answer: &Answer) -> Option<String> {
        let (what, placement) = match &answer.detail {
            Detail::CaptionFound(CaptionFound(placement)) => ("its first own caption", placement),
            Detail::ImageFound(ImageFound(placement)) => ("its image", placement),
            _ => return None,
        };
        Some(format!(
            "{what} stands at place {} of {}",
            placement.rank + 1,
            placement.candidates
        ))
    }
}

fn answer(id: String, images: Vec<usize>, texts: Vec<usize>, detail: Detail) -> Answer {
    Answer {
        id,
        group: String::new(),
        images,
        texts,
        similarities: Vec::new(),
        right: None,
        detail,
    }
}

macro_rules! found {
    ($($form:ident: $at_1:literal, $at_5:literal, $at_10:literal;)+) => {$(
        impl AnswerForm for $form {
            fn aim(&self) -> Aim {
                Aim::Retrieval
            }

            fn marks(&self) -> Vec<(&'static str, bool)> {
                recall([$at_1, $at_5, $at_10], &self.0)
            }

            fn is_right(&self) -> bool {
                self.0.among_first(1).correct
            }

            fn is_tied(&self) -> bool {
                self.0.among_first(1).tied
            }

            fn rank(&self) -> Option<usize> {
                Some(self.0.rank)
            }

            fn candidates(&self) -> Candidates {
                Candidates {
                    count: Some(self.0.candidates),
                    ..Candidates::default()
                }
            }
        }
    )+};
}

found! {
    CaptionFound: "image to text R@1", "image to text R@5", "image to text R@10";
    ImageFound: "text to image R@1", "text to image R@5", "text to image R@10";
}

impl ScoreForm for RetrievalScores {
    fn aim(&self) -> Aim {
        Aim::Retrieval
    }

    fn clip_benchmark(&self) -> Option<(&'static str, Vec<(String, f64)>)> {
        let mut metrics = Vec::new();
        for (name, score) in [
            ("image_retrieval", &self.text_to_image),
            ("text_retrieval", &self.image_to_text),
        ] {
            for at in &score.recall {
                metrics.push((format!("{name}_recall@{}", at.k), at.recall.value));
            }
        }
        Some(("zeroshot_retrieval", metrics))
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
}

impl Kind for Retrieval {
    const NAME: &'static str = "retrieval";
    type Item = Item;

    fn from_items(
        items: Vec<Item>,
        _classes: Vec<JsonClass>,
        tables: &mut Tables,
    ) -> Result<Self, ProbeError> {
        let mut read = Self::default();
        for (place, item) in items.into_iter().enumerate() {
            read.images.push(tables.json_image(item.image));
            for caption in &item.captions {
                read.captions.push(tables.text(caption));
                read.image_of.push(place);
            }
        }
        read.images_united();
        Ok(read)
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let mut items: Vec<Item> = self
            .images
            .iter()
            .map(|&index| Item {
                id: None,
                group: String::new(),
                image: json::image(set, index),
                captions: Vec::new(),
            })
            .collect();
        for (&caption, &place) in self.captions.iter().zip(&self.image_of) {
            items[place].captions.push(set.texts[caption].clone());
        }
        (Vec::new(), items)
    }
}
