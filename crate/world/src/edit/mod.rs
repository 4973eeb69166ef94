//! Claims that differ in one thing: hard negatives, which must be false, and hard positives,
//! which must stay true.

mod negative;
mod positive;

pub use negative::HardNegative;
pub use positive::{HardPositive, any_hard_positive};
