//! Zero-shot classification: images to be told apart by the names of their classes.

use serde::{Deserialize, Serialize};

use super::{
    Aim, AnswerForm, Candidates, Detail, GroupAverage, Index, Kind, Needs, Questions, Score,
    ScoreForm,
};
use crate::ProbeError;
use crate::evaluation::{Answer, BLOCK, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::metric::Metric;
use crate::set::{ProbeSet, Tables};
use cliprobe_score::{ClassificationScore, Classified, classify, mean_direction, similarities};

/// Images to be told apart by the names of their classes, each said in many ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classification {
    /// The classes' names, for results.
    pub classes: Vec<String>,
    /// For each class the indices of its texts: the class name in every template.
    pub prompts: Vec<Vec<usize>>,
    /// Index of each image and of its class.
    pub labelled: Vec<(usize, usize)>,
}

const MEAN_PER_CLASS_RECALL: &str = "mean per-class recall";

impl Questions for Classification {
    fn count(&self) -> usize {
        self.labelled.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for (image, _) in &mut self.labelled {
            visit(Index::Image(image));
        }
        for text in self.prompts.iter_mut().flatten() {
            visit(Index::Text(text));
        }
    }

    fn truncate(&mut self, limit: usize) {
        self.labelled.truncate(limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        needs.all();
    }

    /// A class is the mean direction of its prompts, an image's class the nearest of them; chance is
    /// one in the classes.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let mut weights = Vec::new();
        let mut dim = 0;
        for (class, prompts) in self.prompts.iter().enumerate() {
            let name = &self.classes[class];
            let mut rows = Vec::new();
            for &prompt in prompts {
                match scoring.texts[prompt] {
                    Ok(row) => {
                        dim = row.len();
                        rows.extend_from_slice(row);
                    }
                    Err(why) => {
                        return Err(EvaluateError::NothingToScore {
                            set: scoring.set.name.clone(),
                            items: self.labelled.len(),
                            why: format!("class {name}: {why}"),
                        });
                    }
                }
            }
            weights.extend(mean_direction(&rows, dim).map_err(scoring.wrong(name))?);
        }
        let classes = self.classes.len();
        let mut classified = Vec::new();
        for (block, labelled) in self.labelled.chunks(BLOCK).enumerate() {
            let mut rows = Vec::new();
            let mut present = Vec::new();
            for (place, &(image, class)) in labelled.iter().enumerate() {
                match scoring.images[image] {
                    Ok(row) => {
                        rows.extend_from_slice(row);
                        present.push((block * BLOCK + place, image, class));
                    }
                    Err(why) => scoring.skip(&scoring.set.images[image].label(), why),
                }
            }
            let matrix = similarities(&rows, &weights, dim).map_err(scoring.wrong("all"))?;
            for (row, (number, image, class)) in matrix.chunks_exact(classes.max(1)).zip(present) {
                let label = scoring.set.images[image].label();
                let answer =
                    classify(number, row, class, scoring.ties).map_err(scoring.wrong(&label))?;
                classified.push(answer);
                scoring.answers.push(Answer {
                    id: number.to_string(),
                    group: self.classes[class].clone(),
                    images: vec![image],
                    texts: Vec::new(),
                    similarities: Vec::new(),
                    right: None,
                    detail: Detail::Classified(answer),
                });
            }
        }
        scoring.check_scored(classified.len())?;
        let score =
            ClassificationScore::new(&classified, scoring.ties).map_err(scoring.wrong("all"))?;
        let n = classified.len();
        let metrics = vec![
            Metric::accuracy("top-1", &score.top1),
            Metric::accuracy("top-5", &score.top5),
            Metric::estimate(MEAN_PER_CLASS_RECALL, score.mean_per_class_recall, n),
        ];
        Ok(scoring.finish(n, metrics, Score::Classification(score)))
    }

    fn shown(&self, answer: &Answer) -> (Vec<usize>, Vec<usize>) {
        let (images, mut texts) = (answer.images.clone(), answer.texts.clone());
        if let Detail::Classified(classified) = &answer.detail {
            let prompts = self.prompts.get(classified.class);
            texts.extend(prompts.and_then(|prompts| prompts.first()));
        }
        (images, texts)
    }

    fn note(&self, _set: &ProbeSet, answer: &Answer) -> Option<String> {
        let Detail::Classified(classified) = &answer.detail else {
            return None;
        };
        Some(format!(
            "its class, {}, stands at place {} of {}",
            self.classes.get(classified.class)?,
            classified.placement.rank + 1,
            classified.placement.candidates
        ))
    }
}

impl AnswerForm for Classified {
    fn aim(&self) -> Aim {
        Aim::ZeroShot
    }

    fn marks(&self) -> Vec<(&'static str, bool)> {
        vec![
            ("top-1", self.placement.among_first(1).correct),
            ("top-5", self.placement.among_first(5).correct),
        ]
    }

    fn is_right(&self) -> bool {
        // Among the first five is no excuse.
        self.placement.among_first(1).correct
    }

    fn is_tied(&self) -> bool {
        self.placement.among_first(1).tied
    }

    fn rank(&self) -> Option<usize> {
        Some(self.placement.rank)
    }

    fn candidates(&self) -> Candidates {
        Candidates {
            all_texts: true,
            count: Some(self.placement.candidates),
            class: Some(self.class),
        }
    }
}

impl ScoreForm for ClassificationScore {
    fn aim(&self) -> Aim {
        Aim::ZeroShot
    }

    fn group_average(&self) -> Option<GroupAverage> {
        Some(GroupAverage {
            metric: MEAN_PER_CLASS_RECALL,
            is_main: false,
        })
    }

    fn clip_benchmark(&self) -> Option<(&'static str, Vec<(String, f64)>)> {
        let metrics = [
            ("acc1", self.top1.value),
            ("acc5", self.top5.value),
            ("mean_per_class_recall", self.mean_per_class_recall.value),
        ];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value));
        Some(("zeroshot_classification", metrics.to_vec()))
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
    class: usize,
}

impl Kind for Classification {
    const NAME: &'static str = "classification";
    type Item = Item;

    fn from_items(
        items: Vec<Item>,
        classes: Vec<JsonClass>,
        tables: &mut Tables,
    ) -> Result<Self, ProbeError> {
        let mut read = Self::default();
        for class in &classes {
            if class.prompts.is_empty() {
                let message = "is a class without prompts".into();
                return Err(json::wrong_item(&class.name, message));
            }
            read.classes.push(class.name.clone());
            let prompts = class.prompts.iter().map(|text| tables.text(text)).collect();
            read.prompts.push(prompts);
        }
        let classes = read.classes.len();
        read.labelled = json::numbered(
            items,
            |item| item.id.take(),
            |id, item| {
                json::in_range(&id, item.class, classes, 1)?;
                Ok((tables.json_image(item.image), item.class))
            },
        )?;
        Ok(read)
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let classes = self.classes.iter().zip(&self.prompts);
        let classes = classes.map(|(name, prompts)| JsonClass {
            name: name.clone(),
            prompts: json::texts(set, prompts),
        });
        let items = self.labelled.iter().map(|&(index, class)| Item {
            id: None,
            group: String::new(),
            image: json::image(set, index),
            class,
        });
        (classes.collect(), items.collect())
    }
}
