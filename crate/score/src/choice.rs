//! One right option among several: a caption for an image, or an image for a caption.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Outcome, ScoreError};

/// Who wins when the right option shares its similarity with another.
///
/// Benchmarks differ, and half-precision makes ties common:
///
/// | rule | where the authors use it |
/// |---|---|
/// | `Strict` | SugarCrepe, Winoground, Hard Positives |
/// | `First` | ARO: VG-Relation and VG-Attribution with the options *false, true* (a tie is wrong); the Order sets with the true caption first (a tie, or a duplicate of it, is right) |
/// | `Random` | CLoVe's own evaluator, on every benchmark |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum TieRule {
    /// The right option must be above every other: a tie is wrong.
    Strict,
    /// The first of the largest, in the order the options are given.
    First,
    /// One of the largest, drawn. The draw depends on the seed and the item's number alone, so
    /// neither batches nor a `--limit` change it.
    Random {
        /// The seed.
        seed: u64,
    },
}

impl TieRule {
    /// Draws from `0..n` for one item.
    fn draw(seed: u64, item: usize, n: usize) -> usize {
        below(&mut Self::generator(seed, item), n)
    }

    /// How many of `wrong` options stand before the first of `right` ones (at least one) in a
    /// random order of all, drawn for one item.
    pub(super) fn draw_ahead(seed: u64, item: usize, wrong: usize, right: usize) -> usize {
        let mut random = Self::generator(seed, item);
        (0..wrong)
            .find(|ahead| below(&mut random, wrong - ahead + right) < right)
            .unwrap_or(wrong)
    }

    fn generator(seed: u64, item: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(item as u64);
        random
    }
}

/// A draw from `0..n`, as u64: a draw of usize would differ between 32 and 64 bits.
fn below(random: &mut ChaCha8Rng, n: usize) -> usize {
    random.random_range(0..n as u64) as usize
}

/// What was chosen for one item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Which option, in the order given.
    pub chosen: usize,
    /// Whether that is the right one.
    pub correct: bool,
    /// Whether the right option and another share the largest similarity: the tie rule decided.
    pub tied: bool,
    /// The right option's similarity minus the best other's; none if there is no other.
    pub margin: Option<f32>,
    /// How many options there were.
    pub options: usize,
}

impl Choice {
    /// What it contributes to an accuracy; chance is one in `options`.
    pub fn outcome(&self) -> Outcome {
        Outcome {
            correct: self.correct,
            tied: self.tied,
            chance: 1.0 / self.options as f64,
        }
    }
}

/// Chooses the option of the largest similarity for item number `item`.
///
/// `correct` is the right one. Similarities are compared as they are, in f32: scaling them by a temperature first can create
/// or break ties.
///
/// ```
/// use cliprobe_score::{TieRule, choose};
/// // The right caption comes second and is level with the first.
/// let choice = choose(0, &[0.3, 0.3], 1, TieRule::Strict)?;
/// assert!(choice.tied && !choice.correct);
/// assert_eq!(choice.margin, Some(0.0));
/// # Ok::<(), cliprobe_score::ScoreError>(())
/// ```
///
/// # Errors
/// [`ScoreError::NotFinite`] for NaN or an infinity,
/// [`ScoreError::NoSuchOption`] if `correct` is beyond the options.
pub fn choose(
    item: usize,
    similarities: &[f32],
    correct: usize,
    ties: TieRule,
) -> Result<Choice, ScoreError> {
    if correct >= similarities.len() {
        return Err(ScoreError::NoSuchOption {
            item,
            option: correct,
            options: similarities.len(),
        });
    }
    let own = similarities[correct];
    let mut best_other: Option<f32> = None;
    for (option, &value) in similarities.iter().enumerate() {
        if !value.is_finite() {
            return Err(ScoreError::NotFinite {
                item,
                option,
                value,
            });
        }
        if option != correct {
            best_other = Some(best_other.map_or(value, |best| best.max(value)));
        }
    }
    let largest = best_other.map_or(own, |best| best.max(own));
    let tied = best_other == Some(own);
    let winners: Vec<usize> = (0..similarities.len())
        .filter(|&option| similarities[option] == largest)
        .collect();
    let chosen = match ties {
        TieRule::First => winners[0],
        TieRule::Strict if tied => winners[usize::from(winners[0] == correct)],
        TieRule::Strict => winners[0],
        TieRule::Random { .. } if winners.len() == 1 => winners[0],
        TieRule::Random { seed } => winners[TieRule::draw(seed, item, winners.len())],
    };
    Ok(Choice {
        chosen,
        correct: chosen == correct,
        tied,
        margin: best_other.map(|best| own - best),
        options: similarities.len(),
    })
}
