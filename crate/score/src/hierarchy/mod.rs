//! Radial geometry: the embedding of the empty caption as a root, general captions near it and
//! specific ones farther out.
//!
//! [`radius`] and [`exterior_angle`] measure; [`Levels`] finds what is most like an image within
//! growing balls around the root, which is a [traversal](Levels::traverse) between root and
//! image; [`interpolated_traversal`] walks there in a straight line; [`chain_geometry`] measures one
//! chain; [`radial_map`] places embeddings around the root to be drawn; [`hierarcaps`] is the
//! benchmark. Plain slices in, plain data out; the products of embeddings are [`crate::similarities`]'s.

mod chain;
mod error;
mod geometry;
mod hierarcaps;
mod interpolation;
mod levels;
mod map;
#[cfg(test)]
mod tests;

pub use chain::{ChainGeometry, TierLoss, chain_geometry};
pub use error::HierarchyError;
pub use geometry::{ANGLE_EPSILON, RadiusKind, exterior_angle, radii, radius};
pub use hierarcaps::{
    ChainEmbeddings, HierarCaps, ImageChain, Mean, STEPS, TIERS, hierarcaps, score_traversal,
};
pub use interpolation::{Stop, interpolated_traversal};
pub use levels::{Levels, Step};
pub use map::{MapPoint, RadialMap, radial_map};
