//! Zero-shot classification: an image's class is the nearest class embedding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::placement::place;
use super::{Accuracy, Estimate, Placement, ScoreError, TieRule};

/// One image, classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classified {
    /// Its true class.
    pub class: usize,
    /// Where that class stands among all.
    pub placement: Placement,
}

/// Places the true class of image number `item` among the similarities with all classes
/// (cosines or logits: the order is the same unless scaling makes ties).
///
/// The references take `topk`, which leaves ties to the sorting routine; here a rule decides.
///
/// # Errors
/// [`ScoreError::NoSuchOption`] for a class beyond the row, [`ScoreError::NotFinite`].
pub fn classify(
    item: usize,
    similarities: &[f32],
    class: usize,
    ties: TieRule,
) -> Result<Classified, ScoreError> {
    Ok(Classified {
        class,
        placement: place(item, similarities, &[class], ties)?,
    })
}

/// The recall of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassRecall {
    /// Which class.
    pub class: usize,
    /// The share of its images that are given it.
    pub recall: Accuracy,
}

/// Zero-shot classification in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationScore {
    /// The true class is first.
    pub top1: Accuracy,
    /// The true class is among the first five.
    pub top5: Accuracy,
    /// The mean over classes of their recall: scikit-learn's balanced accuracy, which CLoVe
    /// reports for Flowers102. Classes without images do not count.
    pub mean_per_class_recall: Estimate,
    /// Per class that has images, by number.
    pub classes: Vec<ClassRecall>,
}

impl ClassificationScore {
    /// Counts images, whose ties were resolved by `tie_rule`.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any.
    pub fn new(images: &[Classified], tie_rule: TieRule) -> Result<Self, ScoreError> {
        let what = "the classification";
        let top = |k: usize| {
            let outcomes = images.iter().map(|p| p.placement.among_first(k));
            Accuracy::count(what, outcomes, tie_rule)
        };
        let mut by_class: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for image in images {
            by_class
                .entry(image.class)
                .or_default()
                .push(image.placement.among_first(1));
        }
        let classes = by_class
            .into_iter()
            .map(|(class, outcomes)| {
                Ok(ClassRecall {
                    class,
                    recall: Accuracy::count(what, outcomes, tie_rule)?,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            top1: top(1)?,
            top5: top(5)?,
            mean_per_class_recall: Estimate::mean(
                what,
                classes.iter().map(|class| class.recall.estimate()),
            )?,
            classes,
        })
    }
}
