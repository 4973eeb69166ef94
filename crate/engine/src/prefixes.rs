//! Captions that begin alike share the rows of what they have in common. That is exact: the text
//! encoder is causal, so a row depends only on what stands before it.

use std::collections::HashMap;
use std::ops::Range;

/// The rows that a batch of captions needs, each computed once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedRows {
    /// Id and position of every row.
    pub(crate) tokens: Vec<[u32; 2]>,
    /// The row of every token of the batch.
    pub(crate) path: Vec<u32>,
    /// Where each caption's tokens are in `path`.
    pub(crate) captions: Vec<Range<usize>>,
    /// The rows that each caption is the first to need: they follow one another, and are its last
    /// tokens.
    #[cfg_attr(
        not(feature = "gpu"),
        allow(dead_code, reason = "the GPU's plan reads it")
    )]
    pub(crate) own: Vec<Range<u32>>,
}

impl SharedRows {
    /// Finds what captions have in common.
    pub(crate) fn of<'a>(captions: impl IntoIterator<Item = &'a [u32]>) -> Self {
        const START: u32 = u32::MAX; // no row has this number
        let mut shared = Self::default();
        let mut after: HashMap<(u32, u32), u32> = HashMap::new();
        for ids in captions {
            let (start, first_own) = (shared.path.len(), shared.tokens.len() as u32);
            let mut row = START;
            for (position, &id) in (0u32..).zip(ids) {
                row = *after.entry((row, id)).or_insert_with(|| {
                    shared.tokens.push([id, position]);
                    shared.tokens.len() as u32 - 1
                });
                shared.path.push(row);
            }
            shared.captions.push(start..shared.path.len());
            shared.own.push(first_own..shared.tokens.len() as u32);
        }
        shared
    }

    /// The row of every caption's last token.
    pub(crate) fn last(&self) -> Vec<u32> {
        let last = |range: &Range<usize>| self.path[range.clone()].last().copied();
        (self.captions.iter())
            .map(|range| last(range).unwrap_or(0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_share_what_they_begin_with() {
        let captions: [&[u32]; 4] = [&[1, 5, 6, 2], &[1, 5, 7, 2], &[1, 5, 6, 2], &[1, 8, 2]];
        let shared = SharedRows::of(captions);
        assert_eq!(shared.tokens.len(), 4 + 2 + 2);
        assert_eq!(shared.tokens[4..6], [[7, 2], [2, 3]]);
        assert_eq!(
            shared.path,
            [0, 1, 2, 3, 0, 1, 4, 5, 0, 1, 2, 3, 0, 6, 7],
            "every caption's own order"
        );
        assert_eq!(shared.captions, [0..4, 4..8, 8..12, 12..15]);
        assert_eq!(shared.own, [0..4, 4..6, 6..6, 6..8]);
        assert_eq!(shared.last(), [3, 5, 3, 7]);
    }
}
