//! Retrieval: is a right candidate among the first k for a query?

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::placement::place;
use super::{Accuracy, Placement, ScoreError, TieRule};

/// Which candidates are right for which query; any number on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relevance {
    candidates: usize,
    /// Per query its candidates, sorted, without duplicates.
    of_query: Vec<Vec<usize>>,
}

impl Relevance {
    /// From pairs (query, candidate), in any order; a pair given twice counts once.
    ///
    /// # Errors
    /// [`ScoreError::NoSuchOption`] for a query or candidate beyond their number; its `item` is
    /// the pair's place.
    pub fn new(
        queries: usize,
        candidates: usize,
        pairs: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self, ScoreError> {
        let mut of_query = vec![Vec::new(); queries];
        for (item, (query, candidate)) in pairs.into_iter().enumerate() {
            for (option, options) in [(query, queries), (candidate, candidates)] {
                if option >= options {
                    return Err(ScoreError::NoSuchOption {
                        item,
                        option,
                        options,
                    });
                }
            }
            of_query[query].push(candidate);
        }
        for candidates in &mut of_query {
            candidates.sort_unstable();
            candidates.dedup();
        }
        Ok(Self {
            candidates,
            of_query,
        })
    }

    /// The same pairs, asked from the other side: images for captions instead of captions for
    /// images.
    pub fn transposed(&self) -> Self {
        let mut of_query = vec![Vec::new(); self.candidates];
        for (query, candidates) in self.of_query.iter().enumerate() {
            for &candidate in candidates {
                of_query[candidate].push(query);
            }
        }
        Self {
            candidates: self.of_query.len(),
            of_query,
        }
    }

    /// How many queries there are.
    pub fn queries(&self) -> usize {
        self.of_query.len()
    }

    /// How many candidates there are.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// Places the best relevant candidate of consecutive queries, the first of which is number
    /// `first`; `None` for a query without any.
    ///
    /// `similarities` is [queries in the block, candidates]: a block at a time, so that the whole
    /// matrix (500 MB for COCO's 5,000 × 25,010) need not be held. For the other direction ask
    /// [`transposed`](Self::transposed) with blocks of captions as rows.
    ///
    /// # Errors
    /// [`ScoreError::Length`] if `similarities` is no whole number of rows or reaches beyond the
    /// last query, [`ScoreError::NotFinite`].
    pub fn place_block(
        &self,
        first: usize,
        similarities: &[f32],
        ties: TieRule,
    ) -> Result<Vec<Option<Placement>>, ScoreError> {
        let rows = similarities.len() / self.candidates.max(1);
        let wrong_length = |expected| ScoreError::Length {
            what: "the block of similarities",
            expected,
            found: similarities.len(),
        };
        if rows * self.candidates != similarities.len() {
            return Err(wrong_length((rows + 1) * self.candidates));
        }
        let queries = first
            .checked_add(rows)
            .and_then(|end| self.of_query.get(first..end))
            .ok_or_else(|| wrong_length(self.queries().saturating_sub(first) * self.candidates))?;
        let place_row = |(at, (row, relevant)): (usize, (&[f32], &Vec<usize>))| {
            if relevant.is_empty() {
                return Ok(None);
            }
            place(first + at, row, relevant, ties).map(Some)
        };
        if rows == 0 {
            return Ok(Vec::new());
        }
        #[cfg(not(target_arch = "wasm32"))]
        let placements = similarities
            .par_chunks_exact(self.candidates)
            .zip(queries)
            .enumerate()
            .map(place_row)
            .collect();
        #[cfg(target_arch = "wasm32")]
        let placements = similarities
            .chunks_exact(self.candidates)
            .zip(queries)
            .enumerate()
            .map(place_row)
            .collect();
        placements
    }
}

/// Recall at k: the share of queries with a right candidate among the first k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecallAt {
    /// How many are looked at.
    pub k: usize,
    /// The share. With several right candidates one is enough (“any of 5 in the top k”).
    pub recall: Accuracy,
}

/// One direction of retrieval in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrievalScore {
    /// R@1, R@5, R@10.
    pub recall: Vec<RecallAt>,
    /// The mean place of the best right candidate; the first place is 1.
    pub mean_rank: f64,
    /// The median place, the lower of two (as `torch.median`, which CLoVe uses).
    pub median_rank: usize,
    /// The mean of 1 / place.
    pub mean_reciprocal_rank: f64,
    /// Queries without any right candidate: not scored.
    pub unanswerable: usize,
}

impl RetrievalScore {
    /// Counts placements, whose ties were resolved by `tie_rule`.
    ///
    /// CLoVe's `compute_retrieval_metrics` gives the same where each query has one right
    /// candidate and nothing ties; its `argsort` resolves ties as it comes.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] if no query has a right candidate.
    pub fn new(placements: &[Option<Placement>], tie_rule: TieRule) -> Result<Self, ScoreError> {
        let placed: Vec<Placement> = placements.iter().flatten().copied().collect();
        let recall = [1, 5, 10]
            .into_iter()
            .map(|k| {
                let outcomes = placed.iter().map(|placement| placement.among_first(k));
                Ok(RecallAt {
                    k,
                    recall: Accuracy::count("the retrieval", outcomes, tie_rule)?,
                })
            })
            .collect::<Result<Vec<_>, ScoreError>>()?;
        let mut places: Vec<usize> = placed.iter().map(|placement| placement.rank + 1).collect();
        places.sort_unstable();
        let n = places.len() as f64;
        Ok(Self {
            recall,
            mean_rank: places.iter().map(|&place| place as f64).sum::<f64>() / n,
            median_rank: places[(places.len() - 1) / 2],
            mean_reciprocal_rank: places.iter().map(|&place| 1.0 / place as f64).sum::<f64>() / n,
            unanswerable: placements.len() - placed.len(),
        })
    }
}
