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
        })
    }
}

/// Winoground's three scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SquareScore {
    /// Captions chosen for images; chance 1/4.
    pub text: Accuracy,
    /// Images chosen for captions; chance 1/4.
    pub image: Accuracy,
    /// Both; chance 1/6, for 4 of the 24 orders of four similarities are right.
    pub group: Accuracy,
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
        })
    }
}
