//! One chain of texts, from general to specific, in numbers.

use super::hierarcaps::order_correlation;
use super::{HierarchyError, RadiusKind, exterior_angle, radii};

/// What a model makes of one chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainGeometry {
    /// Euclidean distance of each tier to the root, from 0 to 2.
    pub radii: Vec<f64>,
    /// The exterior angle from each tier to the next, in radians from 0 (straight on) to π.
    pub exterior_angles: Vec<f64>,
    /// Kendall's τ between radius and tier, from −1 to 1; chance 0. Equal radii count as in order.
    pub order_correlation: f64,
    /// For each tier but the last, if texts that contradict the chain were given.
    pub losses: Vec<TierLoss>,
}

/// The terms of the radial-embedding loss at one tier (Alper and Averbuch-Elor 2024).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TierLoss {
    /// The exterior angle to the next tier, in radians: the smaller, the better.
    pub entailed: f64,
    /// The exterior angle to the contradicting text, in radians: the larger, the better.
    pub contradicted: f64,
}

impl TierLoss {
    /// The loss of the tier: the entailed angle minus the contradicted one, from −π to π.
    pub fn loss(self) -> f64 {
        self.entailed - self.contradicted
    }
}

/// Measures a chain of at least two tiers, `[n, width]` from the general to the specific.
///
/// `contradictions` is empty, or has a row for each tier but the last: a text that contradicts the
/// tier, as the k-th negative of HierarCaps' training chains does.
///
/// # Errors
/// [`HierarchyError::Length`] where widths and numbers disagree, [`HierarchyError::NotFinite`].
pub fn chain_geometry(
    tiers: &[f32],
    contradictions: &[f32],
    root: &[f32],
) -> Result<ChainGeometry, HierarchyError> {
    let width = root.len().max(1);
    let radii = radii(tiers, root, RadiusKind::Euclidean)?;
    if radii.len() < 2 {
        return Err(HierarchyError::Length {
            what: "the matrix of tiers",
            expected: 2 * width,
            found: tiers.len(),
        });
    }
    let expected = (radii.len() - 1) * width;
    if !contradictions.is_empty() && contradictions.len() != expected {
        return Err(HierarchyError::Length {
            what: "the matrix of contradicting texts",
            expected,
            found: contradictions.len(),
        });
    }
    let rows: Vec<&[f32]> = tiers.chunks_exact(width).collect();
    let exterior_angles = rows
        .windows(2)
        .map(|pair| exterior_angle(root, pair[0], pair[1]))
        .collect::<Result<Vec<_>, _>>()?;
    let losses = contradictions
        .chunks_exact(width)
        .zip(&rows)
        .zip(&exterior_angles)
        .map(|((contradiction, tier), &entailed)| {
            Ok(TierLoss {
                entailed,
                contradicted: exterior_angle(root, tier, contradiction)?,
            })
        })
        .collect::<Result<Vec<_>, HierarchyError>>()?;
    Ok(ChainGeometry {
        order_correlation: order_correlation(&radii),
        radii,
        exterior_angles,
        losses,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    #[test]
    fn a_straight_chain_has_angles_of_zero_and_is_in_order() {
        let root = [0.0f32, 0.0];
        let found = chain_geometry(&[1.0, 0.0, 2.0, 0.0, 3.0, 0.0], &[], &root).unwrap();
        assert_eq!(found.radii, [1.0, 2.0, 3.0]);
        assert!(found.exterior_angles.iter().all(|angle| *angle < 1e-3));
        assert_eq!(found.order_correlation, 1.0);
        assert_eq!(found.losses, []);
    }

    #[test]
    fn a_chain_towards_the_root_is_in_the_wrong_order() {
        let root = [0.0f32, 0.0];
        let found = chain_geometry(&[3.0, 0.0, 2.0, 0.0, 1.0, 0.0], &[], &root).unwrap();
        assert_eq!(found.order_correlation, -1.0);
        assert!(found.exterior_angles.iter().all(|angle| *angle > PI - 1e-3));
    }

    #[test]
    fn the_loss_is_low_where_the_contradiction_lies_aside() {
        let root = [0.0f32, 0.0];
        let tiers = [1.0f32, 0.0, 2.0, 0.0];
        let aside = chain_geometry(&tiers, &[1.0, 1.0], &root).unwrap();
        assert!((aside.losses[0].contradicted - FRAC_PI_2).abs() < 1e-6);
        assert!((aside.losses[0].loss() + FRAC_PI_2).abs() < 1e-3);
        let along = chain_geometry(&tiers, &[3.0, 0.0], &root).unwrap();
        assert!(along.losses[0].loss().abs() < 1e-3);
    }

    #[test]
    fn too_few_tiers_and_contradictions_are_refused() {
        let root = [0.0f32, 0.0];
        let length = |tiers: &[f32], contradictions: &[f32]| {
            matches!(
                chain_geometry(tiers, contradictions, &root),
                Err(HierarchyError::Length { .. })
            )
        };
        assert!(length(&[1.0, 0.0], &[]));
        assert!(length(&[1.0, 0.0, 2.0, 0.0, 3.0, 0.0], &[1.0, 1.0]));
        assert!(length(&[1.0, 0.0, 2.0], &[]));
    }
}
