//! Radii and angles around the root.

use serde::{Deserialize, Serialize};

use super::HierarchyError;

/// How far from the root a text counts as being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RadiusKind {
    /// ‖e − r‖₂, from 0 to 2: HierarCaps' evaluation. Rounded to f32, as PyTorch holds it.
    Euclidean,
    /// 1 − e·r, from 0 to 2, which is the square of the Euclidean one over 2: HierarCaps' qualitative
    /// chains. The order is the same, but even levels lie elsewhere, so other texts are found. The
    /// cosine is rounded to f32, the difference is not, as there.
    Cosine,
}

/// The radius of one normalised embedding around a normalised root.
///
/// The root is the embedding of the empty caption, *normalised like the others*: it lies on the
/// sphere, not at its centre.
///
/// ```
/// use cliprobe_score::hierarchy::{RadiusKind, radius};
/// let (text, root) = ([0.6, 0.8], [1.0, 0.0]);
/// let euclidean = radius(&text, &root, RadiusKind::Euclidean)?;
/// assert!((euclidean - 0.8f64.sqrt()).abs() < 1e-6);
/// assert!((radius(&text, &root, RadiusKind::Cosine)? - 0.4).abs() < 1e-6);
/// # Ok::<(), cliprobe_score::hierarchy::HierarchyError>(())
/// ```
///
/// # Errors
/// [`HierarchyError::Length`] if the widths differ.
pub fn radius(embedding: &[f32], root: &[f32], kind: RadiusKind) -> Result<f64, HierarchyError> {
    same_width("the embedding", embedding, root)?;
    let pairs = embedding.iter().zip(root);
    Ok(match kind {
        RadiusKind::Euclidean => {
            let squares: f64 = pairs
                .map(|(&e, &r)| (f64::from(e) - f64::from(r)).powi(2))
                .sum();
            f64::from(squares.sqrt() as f32)
        }
        RadiusKind::Cosine => {
            let cosine: f64 = pairs.map(|(&e, &r)| f64::from(e) * f64::from(r)).sum();
            1.0 - f64::from(cosine as f32)
        }
    })
}

/// The radii of embeddings [n, width], width that of the root.
///
/// # Errors
/// [`HierarchyError::Length`] if the matrix is no whole number of rows,
/// [`HierarchyError::NotFinite`] for NaN or an infinity in a row.
pub fn radii(
    embeddings: &[f32],
    root: &[f32],
    kind: RadiusKind,
) -> Result<Vec<f64>, HierarchyError> {
    let width = root.len();
    let rows = embeddings.len() / width.max(1);
    if rows * width != embeddings.len() {
        return Err(HierarchyError::Length {
            what: "the matrix of embeddings",
            expected: (rows + 1) * width,
            found: embeddings.len(),
        });
    }
    embeddings
        .chunks_exact(width.max(1))
        .enumerate()
        .map(|(row, embedding)| {
            let value = radius(embedding, root, kind)?;
            if value.is_finite() {
                Ok(value)
            } else {
                Err(HierarchyError::NotFinite {
                    what: "the radii",
                    row,
                    value,
                })
            }
        })
        .collect()
}

/// Added to the length of both sides of an [`exterior_angle`].
pub const ANGLE_EPSILON: f64 = 1e-8;

/// The exterior angle Ξ at `general` of the triangle root–general–specific, in radians from 0
/// (`specific` lies straight beyond `general`) to π (straight back towards the root): π minus the
/// interior angle. The smaller, the better `specific` fits into `general`.
///
/// With a = general − root and d = specific − general,
/// Ξ = acos( a·d / ((‖a‖ + ε)(‖d‖ + ε)) ), ε = [`ANGLE_EPSILON`], the cosine clamped to [−1, 1]
/// (Alper and Averbuch-Elor 2024; TAU-VAILab/hierarcaps `train.py`, which has no ε and is NaN
/// where two of the three points coincide). A side of length zero gives π/2: no evidence.
///
/// ```
/// use cliprobe_score::hierarchy::exterior_angle;
/// let (root, animal) = ([0.0, 0.0], [1.0, 0.0]);
/// // Straight beyond the general text, and at a right angle to it.
/// assert!(exterior_angle(&root, &animal, &[2.0, 0.0])? < 1e-3);
/// let aside = exterior_angle(&root, &animal, &[1.0, 1.0])?;
/// assert!((aside - std::f64::consts::FRAC_PI_2).abs() < 1e-6);
/// # Ok::<(), cliprobe_score::hierarchy::HierarchyError>(())
/// ```
///
/// # Errors
/// [`HierarchyError::Length`] if the widths differ.
pub fn exterior_angle(
    root: &[f32],
    general: &[f32],
    specific: &[f32],
) -> Result<f64, HierarchyError> {
    same_width("the general embedding", general, root)?;
    same_width("the specific embedding", specific, root)?;
    let (mut dot, mut inner, mut outer) = (0f64, 0f64, 0f64);
    for ((&r, &g), &s) in root.iter().zip(general).zip(specific) {
        let (a, d) = (f64::from(g) - f64::from(r), f64::from(s) - f64::from(g));
        dot += a * d;
        inner += a * a;
        outer += d * d;
    }
    let cosine = dot / ((inner.sqrt() + ANGLE_EPSILON) * (outer.sqrt() + ANGLE_EPSILON));
    Ok(cosine.clamp(-1.0, 1.0).acos())
}

fn same_width(what: &'static str, embedding: &[f32], root: &[f32]) -> Result<(), HierarchyError> {
    if embedding.len() == root.len() {
        Ok(())
    } else {
        Err(HierarchyError::Length {
            what,
            expected: root.len(),
            found: embedding.len(),
        })
    }
}
