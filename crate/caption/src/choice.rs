//! Random choices that are the same on every platform.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws that depend on a seed, the caption and what they are for, and on nothing else: a
/// caption's edits are the same wherever in a file it stands.
pub(super) struct Choice(ChaCha8Rng);

impl Choice {
    pub(super) fn new(seed: u64, text: &str, purpose: &str) -> Self {
        // FNV-1a: well spread is enough, `std`'s hasher may change.
        let hash = |text: &str| {
            text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ hash(text));
        rng.set_stream(hash(purpose));
        Self(rng)
    }

    /// A number below `n`, which is not 0. Drawn as `u64`, so that wasm draws the same.
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.random_range(0..n as u64) as usize
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Up to `count` of the items, in random order.
    pub(super) fn sample<T>(&mut self, mut items: Vec<T>, count: usize) -> Vec<T> {
        self.shuffle(&mut items);
        items.truncate(count);
        items
    }

    /// Up to `count` of the items, one after the other, each with a chance in proportion to its
    /// weight among those left.
    pub(super) fn weighted_sample<T>(&mut self, mut items: Vec<(T, u64)>, count: usize) -> Vec<T> {
        let mut chosen = Vec::new();
        while chosen.len() < count {
            let total: u64 = items.iter().map(|(_, weight)| weight).sum();
            if total == 0 {
                break;
            }
            let mut at = self.0.random_range(0..total);
            let index = items.iter().position(|(_, weight)| {
                let here = at < *weight;
                at = at.saturating_sub(*weight);
                here
            });
            chosen.push(items.remove(index.expect("the draw is below the total")).0);
        }
        chosen
    }
}
