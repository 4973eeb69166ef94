//! The other traversal: walk straight from an image to the root and name what is nearest.

use serde::{Deserialize, Serialize};

use super::HierarchyError;
use crate::ScoreError;

/// One stop between image and root.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The nearest candidate, none for the root itself.
    pub candidate: Option<usize>,
    /// How much of the image is in the point: 1 at the image, 0 at the root.
    pub weight: f64,
    /// The candidate's cosine with the point.
    pub similarity: f32,
}

/// MERU's traversal for CLIP (Desai et al. 2023; facebookresearch/meru `image_traversals.py`):
/// `steps` points evenly spaced on the line from the image to the root, each normalised; the
/// nearest of the candidates and the root for each; every text once, where it first appears. From
/// the image to the root.
///
/// `image` and `root` are normalised embeddings of one width, `candidates` is [n, width], `texts`
/// are the candidates' own. Of equal cosines the first candidate wins, and the root last. Where
/// image and root are opposite, the point between them has no direction and is passed over.
///
/// # Errors
/// [`HierarchyError::Length`] for widths and numbers that disagree, [`HierarchyError::Steps`],
/// [`HierarchyError::NotFinite`] for similarities that are NaN.
pub fn interpolated_traversal(
    image: &[f32],
    root: &[f32],
    candidates: &[f32],
    texts: &[impl AsRef<str>],
    steps: usize,
) -> Result<Vec<Stop>, HierarchyError> {
    const MOST_STEPS: usize = 10_000;
    if !(2..=MOST_STEPS).contains(&steps) {
        return Err(HierarchyError::Steps {
            steps,
            most: MOST_STEPS,
        });
    }
    let width = root.len();
    for (what, found, expected) in [
        ("the image's embedding", image.len(), width),
        (
            "the matrix of candidates",
            candidates.len(),
            texts.len() * width,
        ),
    ] {
        if found != expected {
            return Err(HierarchyError::Length {
                what,
                expected,
                found,
            });
        }
    }
    let mut stops: Vec<Stop> = Vec::new();
    for step in (0..steps).rev() {
        let weight = step as f64 / (steps - 1) as f64;
        let point: Vec<f32> = root
            .iter()
            .zip(image)
            .map(|(&r, &p)| (f64::from(r) + weight * (f64::from(p) - f64::from(r))) as f32)
            .collect();
        let point = match crate::mean_direction(&point, width) {
            Ok(direction) => direction,
            Err(ScoreError::NoDirection { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let similarities = crate::similarities(&point, candidates, width)?;
        let mut nearest = Stop {
            candidate: None,
            weight,
            similarity: crate::cosine(&point, root),
        };
        for (candidate, &similarity) in similarities.iter().enumerate() {
            if !similarity.is_finite() {
                return Err(HierarchyError::NotFinite {
                    what: "the list of similarities",
                    row: candidate,
                    value: similarity.into(),
                });
            }
            // A candidate goes before the root at equality, but not before another candidate.
            let wins = match nearest.candidate {
                None => similarity >= nearest.similarity,
                Some(_) => similarity > nearest.similarity,
            };
            if wins {
                nearest.candidate = Some(candidate);
                nearest.similarity = similarity;
            }
        }
        let text = |stop: &Stop| stop.candidate.map(|candidate| texts[candidate].as_ref());
        if stops.iter().all(|stop| text(stop) != text(&nearest)) {
            stops.push(nearest);
        }
    }
    Ok(stops)
}
