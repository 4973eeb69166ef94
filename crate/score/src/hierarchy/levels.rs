//! Balls around the root, and what is most like an image within each.

use serde::{Deserialize, Serialize};

use super::{HierarchyError, RadiusKind};

/// The most levels there may be: far more than distinct radii in any benchmark.
const MOST_STEPS: usize = 100_000;

/// Candidate texts by radius, and the radii of the balls in which they are sought.
///
/// The radii of the balls are evenly spaced from the least to the largest radius of *all*
/// candidates: what is found depends on the whole candidate set and on the number of steps, and
/// the first ball holds only the most general text of all.
#[derive(Clone, Debug)]
pub struct Levels {
    thresholds: Vec<f64>,
    /// Candidates by radius.
    order: Vec<usize>,
    /// How many of `order` lie within each threshold; never zero.
    within: Vec<usize>,
}

/// One step of a traversal: what is most like the image within a ball.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which candidate.
    pub candidate: usize,
    /// The first level at which it is found, from 0 at the root.
    pub level: usize,
    /// The radius of that level's ball.
    pub threshold: f64,
    /// Its similarity with the image.
    pub similarity: f32,
}

impl Levels {
    /// From the candidates' radii; HierarCaps has 50 `steps`.
    ///
    /// The thresholds are NumPy's `linspace` in f64. Euclidean ones are then rounded to f32, for
    /// PyTorch compares a tensor with a number in the tensor's precision (the radii too, should they
    /// be finer); so the first ball holds the least radius and the last the largest.
    ///
    /// # Errors
    /// [`HierarchyError::Empty`] without radii, [`HierarchyError::NotFinite`],
    /// [`HierarchyError::Steps`].
    pub fn new(radii: &[f64], kind: RadiusKind, steps: usize) -> Result<Self, HierarchyError> {
        if !(1..=MOST_STEPS).contains(&steps) {
            return Err(HierarchyError::Steps {
                steps,
                most: MOST_STEPS,
            });
        }
        if let Some((row, &value)) = radii.iter().enumerate().find(|(_, r)| !r.is_finite()) {
            return Err(HierarchyError::NotFinite {
                what: "the radii",
                row,
                value,
            });
        }
        let rounded = |value: f64| match kind {
            RadiusKind::Euclidean => f64::from(value as f32),
            RadiusKind::Cosine => value,
        };
        let radii: Vec<f64> = radii.iter().copied().map(rounded).collect();
        let mut order: Vec<usize> = (0..radii.len()).collect();
        order.sort_by(|&a, &b| radii[a].total_cmp(&radii[b]));
        let (Some(&nearest), Some(&farthest)) = (order.first(), order.last()) else {
            return Err(HierarchyError::Empty {
                what: "the list of candidates",
            });
        };
        let thresholds: Vec<f64> = linspace(radii[nearest], radii[farthest], steps)
            .into_iter()
            .map(rounded)
            .collect();
        let within = thresholds
            .iter()
            .map(|&threshold| order.partition_point(|&candidate| radii[candidate] <= threshold))
            .collect();
        Ok(Self {
            thresholds,
            order,
            within,
        })
    }

    /// The radii of the balls, ascending.
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }

    /// The candidate most like the image within each ball; of equals the first in the order
    /// given. One sweep over the candidates, whatever the number of levels.
    ///
    /// `similarities` are the image's with all candidates.
    ///
    /// # Errors
    /// [`HierarchyError::Length`], [`HierarchyError::NotFinite`].
    pub fn nearest(&self, similarities: &[f32]) -> Result<Vec<usize>, HierarchyError> {
        if similarities.len() != self.order.len() {
            return Err(HierarchyError::Length {
                what: "the list of similarities",
                expected: self.order.len(),
                found: similarities.len(),
            });
        }
        let not_finite = similarities
            .iter()
            .enumerate()
            .find(|(_, s)| !s.is_finite());
        if let Some((row, &value)) = not_finite {
            return Err(HierarchyError::NotFinite {
                what: "the list of similarities",
                row,
                value: value.into(),
            });
        }
        let mut best = self.order[0];
        let mut seen = 0;
        let nearest = self.within.iter().map(|&within| {
            for &candidate in &self.order[seen..within] {
                let (value, largest) = (similarities[candidate], similarities[best]);
                if value > largest || (value == largest && candidate < best) {
                    best = candidate;
                }
            }
            seen = within;
            best
        });
        Ok(nearest.collect())
    }

    /// The traversal between the root and an image: what is most like the image within each
    /// ball, without immediate repetitions of a text. From the root (general) to the image
    /// (specific); reverse it to walk from the image to the root.
    ///
    /// `similarities` are the image's with all candidates, `texts` are the candidates' own:
    /// different candidates with the same text are one step.
    ///
    /// # Errors
    /// [`HierarchyError::Length`], [`HierarchyError::NotFinite`].
    pub fn traverse(
        &self,
        similarities: &[f32],
        texts: &[impl AsRef<str>],
    ) -> Result<Vec<Step>, HierarchyError> {
        if texts.len() != self.order.len() {
            return Err(HierarchyError::Length {
                what: "the list of texts",
                expected: self.order.len(),
                found: texts.len(),
            });
        }
        let mut steps: Vec<Step> = Vec::new();
        for (level, candidate) in self.nearest(similarities)?.into_iter().enumerate() {
            let repeats = steps
                .last()
                .is_some_and(|last| texts[last.candidate].as_ref() == texts[candidate].as_ref());
            if !repeats {
                steps.push(Step {
                    candidate,
                    level,
                    threshold: self.thresholds[level],
                    similarity: similarities[candidate],
                });
            }
        }
        Ok(steps)
    }
}

/// `numpy.linspace(start, stop, n)`, to the bit.
fn linspace(start: f64, stop: f64, n: usize) -> Vec<f64> {
    let intervals = n.saturating_sub(1).max(1) as f64;
    let step = (stop - start) / intervals;
    (0..n)
        .map(|i| {
            if i > 0 && i + 1 == n {
                stop
            } else {
                i as f64 * step + start
            }
        })
        .collect()
}
