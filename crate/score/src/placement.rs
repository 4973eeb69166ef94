//! At which place the first right one stands when many are ordered by similarity.

use serde::{Deserialize, Serialize};

use super::{Outcome, ScoreError, TieRule};

/// The place of the best relevant candidate of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// How many irrelevant candidates stand before it, ties resolved: 0 is the first place.
    pub rank: usize,
    /// How many irrelevant candidates share its similarity.
    pub tied: usize,
    /// How many irrelevant candidates are strictly above it.
    pub above: usize,
    /// How many candidates there are.
    pub candidates: usize,
    /// How many of them are relevant.
    pub relevant: usize,
}

impl Placement {
    /// Whether a relevant candidate is among the first `k`.
    ///
    /// Chance is 1 − C(m − c, k) / C(m, k) for c relevant among m candidates.
    pub fn among_first(&self, k: usize) -> Outcome {
        let irrelevant = self.candidates - self.relevant;
        let missed: f64 = (0..k.min(self.candidates))
            .map(|i| irrelevant.saturating_sub(i) as f64 / (self.candidates - i) as f64)
            .product();
        Outcome {
            correct: self.rank < k,
            // Among the first k at best and beyond them at worst.
            tied: self.above < k && self.above + self.tied >= k,
            chance: 1.0 - missed,
        }
    }
}

/// Places the best of `relevant` (sorted, without duplicates, at least one) among all candidates.
pub(super) fn place(
    query: usize,
    similarities: &[f32],
    relevant: &[usize],
    ties: TieRule,
) -> Result<Placement, ScoreError> {
    let mut own = f32::NEG_INFINITY;
    for &candidate in relevant {
        let similarity = similarities
            .get(candidate)
            .ok_or(ScoreError::NoSuchOption {
                item: query,
                option: candidate,
                options: similarities.len(),
            })?;
        own = own.max(*similarity);
    }
    let (mut above, mut equal, mut finite) = (0, 0, true);
    for &similarity in similarities {
        above += usize::from(similarity > own);
        equal += usize::from(similarity == own);
        finite &= similarity.is_finite();
    }
    if !finite {
        let (option, &value) = similarities
            .iter()
            .enumerate()
            .find(|(_, value)| !value.is_finite())
            .expect("one is not finite");
        return Err(ScoreError::NotFinite {
            item: query,
            option,
            value,
        });
    }
    // No relevant candidate is above the best relevant one, but some may equal it.
    let mut equal_relevant = relevant.iter().filter(|&&c| similarities[c] == own);
    let tied = equal - equal_relevant.clone().count();
    let ahead = match ties {
        _ if tied == 0 => 0,
        TieRule::Strict => tied,
        TieRule::First => {
            let first = *equal_relevant.next().expect("the best is relevant");
            similarities[..first].iter().filter(|&&s| s == own).count()
        }
        TieRule::Random { seed } => TieRule::draw_ahead(seed, query, tied, equal - tied),
    };
    Ok(Placement {
        rank: above + ahead,
        tied,
        above,
        candidates: similarities.len(),
        relevant: relevant.len(),
    })
}
