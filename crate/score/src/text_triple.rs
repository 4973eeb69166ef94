//! Two texts of one meaning and a third of another, compared without an image (SugarCrepe++).

use serde::{Deserialize, Serialize};

use super::ScoreError;

/// The cosines among three texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextTripleSimilarities {
    /// Of the two texts of one meaning.
    pub same: f32,
    /// Of the first with the third.
    pub first: f32,
    /// Of the second with the third.
    pub second: f32,
}

/// What three texts say. The comparisons are strict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextTriple {
    /// Both texts of one meaning are nearer to each other than to the third.
    pub right: bool,
    /// It fails by ties alone.
    pub tied: bool,
    /// `same` minus the larger of the other two.
    pub margin: f32,
    /// What was compared.
    pub similarities: TextTripleSimilarities,
}

impl TextTriple {
    /// Chance of three random similarities: one of them is the largest.
    pub const CHANCE: f64 = 1.0 / 3.0;

    /// Compares as `test_Variants_CLIP.py` of Sri-Harsha/scpp does.
    ///
    /// # Errors
    /// [`ScoreError::NotFinite`] names the item, and as its option the place of the similarity.
    pub fn new(item: usize, similarities: TextTripleSimilarities) -> Result<Self, ScoreError> {
        let TextTripleSimilarities {
            same,
            first,
            second,
        } = similarities;
        for (option, value) in [same, first, second].into_iter().enumerate() {
            if !value.is_finite() {
                return Err(ScoreError::NotFinite {
                    item,
                    option,
                    value,
                });
            }
        }
        let margin = same - first.max(second);
        Ok(Self {
            right: margin > 0.0,
            tied: margin == 0.0,
            margin,
            similarities,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_two_of_one_meaning_must_be_nearest() {
        let of = |same, first, second| {
            let triple = TextTriple::new(
                0,
                TextTripleSimilarities {
                    same,
                    first,
                    second,
                },
            )
            .unwrap();
            (triple.right, triple.tied)
        };
        assert_eq!(of(0.9, 0.8, 0.7), (true, false));
        assert_eq!(of(0.8, 0.7, 0.9), (false, false));
        assert_eq!(of(0.8, 0.8, 0.1), (false, true));
        assert_eq!(of(0.8, 0.8, 0.9), (false, false));
        let nan = TextTripleSimilarities {
            same: 0.1,
            first: f32::NAN,
            second: 0.0,
        };
        assert!(
            TextTriple::new(4, nan)
                .unwrap_err()
                .to_string()
                .contains('4')
        );
    }
}
