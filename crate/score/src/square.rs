//! Two captions, two images: Winoground's text, image and group scores.

use serde::{Deserialize, Serialize};

use super::{Accuracy, Outcome, ScoreError, TieRule};

/// What the four similarities of one Winoground-style pair say. Every comparison is strict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Square {
    /// Each image has its own caption above the other.
    pub text: bool,
    /// Each caption has its own image above the other.
    pub image: bool,
    /// Both.
    pub group: bool,
    /// The text score fails by ties alone.
    pub text_tied: bool,
    /// The image score fails by ties alone.
    pub image_tied: bool,
    /// The group score fails by ties alone.
    pub group_tied: bool,
    /// The smaller of the text score's two margins.
    pub text_margin: f32,
    /// The smaller of the image score's two margins.
    pub image_margin: f32,
    /// The true matching of captions and images has a larger total similarity than the exchanged
    /// one: a single comparison, and an easier question than the group score's four. `None` in
    /// results of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_match: Option<GroupMatch>,
}

/// The GroupMatch question of arXiv 2510.07632 (yinglunz/test-time-matching, `evaluate.py`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupMatch {
    /// The true matching has the larger total.
    pub right: bool,
    /// Both totals are equal, which is wrong.
    pub tied: bool,
}

impl Square {
    /// From `similarities[caption][image]`, where caption 0 belongs to image 0 and caption 1
    /// to image 1 (Thrush et al. 2022; Netflix/clove `zero_shot.py`).
    ///
    /// # Errors
    /// [`ScoreError::NotFinite`] names the item, and as its option 2 × caption + image.
    pub fn new(item: usize, similarities: [[f32; 2]; 2]) -> Result<Self, ScoreError> {
        for (option, &value) in similarities.as_flattened().iter().enumerate() {
            if !value.is_finite() {
                return Err(ScoreError::NotFinite {
                    item,
                    option,
                    value,
                });
            }
        }
        let [[s00, s01], [s10, s11]] = similarities;
        let text = s00 > s10 && s11 > s01;
        let image = s00 > s01 && s11 > s10;
        let text_allowing_ties = s00 >= s10 && s11 >= s01;
        let image_allowing_ties = s00 >= s01 && s11 >= s10;
        Ok(Self {
            text,
            image,
            group: text && image,
            text_tied: text_allowing_ties && !text,
            image_tied: image_allowing_ties && !image,
            group_tied: text_allowing_ties && image_allowing_ties && !(text && image),
            text_margin: (s00 - s10).min(s11 - s01),
            image_margin: (s00 - s01).min(s11 - s10),
            group_match: Some(group_match(similarities)),
        })
    }
}

/// In f64, where sums of two f32 values near each other are exact: the group score implies it.
fn group_match(similarities: [[f32; 2]; 2]) -> GroupMatch {
    let [[s00, s01], [s10, s11]] = similarities.map(|row| row.map(f64::from));
    let (own, exchanged) = (s00 + s11, s01 + s10);
    GroupMatch {
        right: own > exchanged,
        tied: own == exchanged,
    }
}

/// Winoground's three scores, and GroupMatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SquareScore {
    /// Captions chosen for images; chance 1/4.
    pub text: Accuracy,
    /// Images chosen for captions; chance 1/4.
    pub image: Accuracy,
    /// Both; chance 1/6, for 4 of the 24 orders of four similarities are right.
    pub group: Accuracy,
    /// The true matching has the larger total; chance 1/2, so that it is far above `group` for every
    /// model. `None` in results of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_match: Option<Accuracy>,
}

impl SquareScore {
    /// Counts pairs.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any.
    pub fn new(squares: &[Square]) -> Result<Self, ScoreError> {
        let count = |chance: f64, outcome: &dyn Fn(&Square) -> (bool, bool)| {
            let outcomes = squares.iter().map(|square| {
                let (correct, tied) = outcome(square);
                Outcome {
                    correct,
                    tied,
                    chance,
                }
            });
            Accuracy::count("Winoground-style pairs", outcomes, TieRule::Strict)
        };
        Ok(Self {
            text: count(1.0 / 4.0, &|s| (s.text, s.text_tied))?,
            image: count(1.0 / 4.0, &|s| (s.image, s.image_tied))?,
            group: count(1.0 / 6.0, &|s| (s.group, s.group_tied))?,
            group_match: squares
                .iter()
                .all(|square| square.group_match.is_some())
                .then(|| {
                    count(1.0 / 2.0, &|s| {
                        s.group_match.map_or((false, false), |m| (m.right, m.tied))
                    })
                })
                .transpose()?,
        })
    }
}
