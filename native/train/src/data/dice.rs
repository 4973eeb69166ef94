//! Chance that a resumed run meets again: decided by numbers, not by what was drawn before.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A number that spreads over all of u64, whatever run, step and place it comes from
/// (SplitMix64's finaliser, Steele et al. 2014, over each in turn).
pub(super) fn spread<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(0, |state: u64, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// The random choices of one sample.
pub(super) fn dice<const N: usize>(parts: [u64; N]) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(spread(parts))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_do_not_meet() {
        let mut seen = BTreeSet::new();
        for seed in 0..4 {
            for step in 0..50 {
                for index in 0..50 {
                    assert!(seen.insert(spread([seed, step, index])));
                }
            }
        }
    }
}
