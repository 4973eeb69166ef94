//! A batch in chunks: rows of one tower that are encoded together, each chunk on its own.

use std::ops::Range;

use anyhow::Result;
use candle_core::Tensor;
use cliprobe::engine::PackedTokens;
use cliprobe::engine::cpu::Model;

use super::sample::Batch;

/// Rows that one call of a tower encodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chunk {
    Pictures(Range<usize>),
    Texts(Range<usize>),
}

/// All rows of `batch`, at most `size` in a chunk: pictures first, which take longest. How a batch
/// is cut does not depend on the number of threads, nor does what is computed from it.
pub(crate) fn chunks(batch: &Batch, size: usize) -> Vec<Chunk> {
    let cut = |rows: Range<usize>| {
        let end = rows.end;
        rows.step_by(size)
            .map(move |start| start..(start + size).min(end))
    };
    let pictures = cut(0..batch.pictures()).map(Chunk::Pictures);
    let texts = cut(0..batch.texts.captions()).map(Chunk::Texts);
    pictures.chain(texts).collect()
}

impl Chunk {
    /// `[rows, projection_dim]`, not normalised.
    pub(crate) fn encode(&self, model: &Model, batch: &Batch) -> Result<Tensor> {
        Ok(match (self, &batch.pixels) {
            (Self::Pictures(rows), Some(pixels)) => {
                model.image_features(&pixels.narrow(0, rows.start, rows.len())?)?
            }
            (Self::Pictures(_), None) => anyhow::bail!("the batch has no pictures"),
            (Self::Texts(rows), _) => {
                let ids = batch.texts.each().skip(rows.start).take(rows.len());
                model.text_features(&PackedTokens::new(ids))?
            }
        })
    }
}
