//! Where the rows of a batch lie and who attends to whom: plain numbers, made on the processor.

use std::collections::HashMap;

use super::shader::QUERIES;

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
    /// Captions that begin alike share the rows of what they have in common. That is exact: the
    /// encoder is causal, so a row depends only on what stands before it.
    pub(super) fn captions<'a>(captions: impl IntoIterator<Item = &'a [u32]>) -> Self {
        const START: u32 = u32::MAX; // no row has this number
        let mut plan = Self::default();
        let mut after: HashMap<(u32, u32), u32> = HashMap::new();
        for (caption, ids) in captions.into_iter().enumerate() {
            let path = plan.path.len() as u32;
            let first_own = plan.rows;
            let mut row = START;
            for (position, &id) in (0u32..).zip(ids) {
                row = *after.entry((row, id)).or_insert_with(|| {
                    plan.tokens.push([id, position]);
                    plan.rows += 1;
                    plan.rows - 1
                });
                plan.path.push(row);
            }
            // What a caption has of its own comes last and lies in consecutive rows.
            let shared = ids.len() as u32 - (plan.rows - first_own);
            plan.add_blocks(first_own..plan.rows, shared + 1, 1, path);
            plan.pool(row, caption as u32, ids.len() as u32, path);
        }
        plan
    }

    /// Images of `tokens` rows each, the first of which is pooled; all see all.
    pub(super) fn pictures(pictures: u32, tokens: u32) -> Self {
        let mut plan = Self {
            rows: pictures * tokens,
            path: (0..pictures * tokens).collect(),
            ..Self::default()
        };
        for picture in 0..pictures {
            let first = picture * tokens;
            plan.add_blocks(first..first + tokens, tokens, 0, first);
            plan.pool(first, picture, tokens, first);
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
        assert_eq!(plan.tokens[4..6], [[7, 2], [2, 3]]);
        assert_eq!(
            plan.path,
            [0, 1, 2, 3, 0, 1, 4, 5, 0, 1, 2, 3, 0, 6, 7],
            "every caption's own order"
        );
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
        let pictures = Plan::pictures(2, QUERIES + 1);
        assert_eq!(pictures.blocks.len(), 4);
        assert!(pictures.blocks.iter().all(|b| b.visible == QUERIES + 1));
        assert_eq!(pictures.pooled, [0, QUERIES + 1]);
    }
}
