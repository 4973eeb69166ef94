//! Where the rows of a batch lie and who attends to whom: plain numbers, made on the processor.

use super::shader::QUERIES;
use crate::prefixes::SharedRows;

/// Rows of queries that see the same sequence of keys; the `Block` of `attention_blocks.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct QueryBlock {
    /// First row of the queries.
    pub(super) query: u32,
    /// How many follow, at most [`QUERIES`].
    pub(super) queries: u32,
    /// Row of the first one's result.
    pub(super) output: u32,
    /// Keys that the first one sees.
    pub(super) visible: u32,
    /// Where the rows of the keys begin in [`Plan::path`].
    pub(super) path: u32,
}

/// One batch of one encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows computed.
    pub(super) rows: u32,
    /// Id and position of every row; of the text encoder only.
    pub(super) tokens: Vec<[u32; 2]>,
    /// Rows of the keys of all sequences, one after another.
    pub(super) path: Vec<u32>,
    /// Queries of every row.
    pub(super) blocks: Vec<QueryBlock>,
    /// Queries of the pooled rows alone: all that the last layer needs.
    pub(super) pooled_blocks: Vec<QueryBlock>,
    /// The pooled row of every sequence.
    pub(super) pooled: Vec<u32>,
}

impl Plan {
    /// Captions, with the rows of what they begin alike with computed once.
    pub(super) fn captions<'a>(captions: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let shared = SharedRows::of(captions);
        let last = shared.last();
        let mut plan = Self {
            rows: shared.tokens.len() as u32,
            tokens: shared.tokens,
            path: shared.path,
            ..Self::default()
        };
        for (caption, (tokens, own)) in shared.captions.iter().zip(shared.own).enumerate() {
            let (path, length) = (tokens.start as u32, tokens.len() as u32);
            let common = length - own.len() as u32;
            plan.add_blocks(own, common + 1, 1, path);
            plan.pool(last[caption], caption as u32, length, path);
        }
        plan
    }

    /// Images of `tokens` rows each, the first of which is pooled; all see all.
    pub(super) fn images(images: u32, tokens: u32) -> Self {
        let mut plan = Self {
            rows: images * tokens,
            path: (0..images * tokens).collect(),
            ..Self::default()
        };
        for image in 0..images {
            let first = image * tokens;
            plan.add_blocks(first..first + tokens, tokens, 0, first);
            plan.pool(first, image, tokens, first);
        }
        plan
    }

    fn add_blocks(&mut self, rows: std::ops::Range<u32>, visible: u32, step: u32, path: u32) {
        for query in rows.clone().step_by(QUERIES as usize) {
            self.blocks.push(QueryBlock {
                query,
                queries: QUERIES.min(rows.end - query),
                output: query,
                visible: visible + (query - rows.start) * step,
                path,
            });
        }
    }

    fn pool(&mut self, row: u32, sequence: u32, visible: u32, path: u32) {
        self.pooled.push(row);
        self.pooled_blocks.push(QueryBlock {
            query: row,
            queries: 1,
            output: sequence,
            visible,
            path,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_share_what_they_begin_with() {
        let captions: [&[u32]; 4] = [&[1, 5, 6, 2], &[1, 5, 7, 2], &[1, 5, 6, 2], &[1, 8, 2]];
        let plan = Plan::captions(captions);
        assert_eq!(plan.rows, 4 + 2 + 2);
        assert_eq!(plan.pooled, [3, 5, 3, 7]);
        // The repetition has no rows of its own, and so no queries but the pooled one.
        let first_rows: Vec<u32> = plan.blocks.iter().map(|block| block.query).collect();
        assert_eq!(first_rows, [0, 4, 6]);
        assert_eq!(
            plan.blocks[1],
            QueryBlock {
                query: 4,
                queries: 2,
                output: 4,
                visible: 3,
                path: 4
            }
        );
        assert_eq!(plan.pooled_blocks[2].visible, 4);
    }

    #[test]
    fn long_sequences_take_several_blocks() {
        let ids: Vec<u32> = (0..QUERIES + 5).collect();
        let plan = Plan::captions([ids.as_slice()]);
        assert_eq!(plan.blocks.len(), 2);
        assert_eq!(
            (plan.blocks[1].queries, plan.blocks[1].visible),
            (5, QUERIES + 1)
        );
        let images = Plan::images(2, QUERIES + 1);
        assert_eq!(images.blocks.len(), 4);
        assert!(images.blocks.iter().all(|b| b.visible == QUERIES + 1));
        assert_eq!(images.pooled, [0, QUERIES + 1]);
    }
}
