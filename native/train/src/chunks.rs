//! A batch in chunks: rows of one tower that are encoded together, each chunk on its own.

use std::ops::Range;

use anyhow::Result;
use candle_core::Tensor;
use cliprobe_engine::PackedTokens;
use cliprobe_engine::cpu::Model;

use super::sample::Batch;

/// Rows that one call of a tower encodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Chunk {
    Images(Range<usize>),
    Texts(Range<usize>),
}

/// All rows of `batch`: at most `size` images in a chunk, or texts of at most as many tokens as
/// those images have, `tokens` each. Images come first, which take longest. How a batch is cut
/// does not depend on the number of threads, nor does what is computed from it.
pub(crate) fn chunks(batch: &Batch, size: usize, tokens: usize) -> Vec<Chunk> {
    let images = batch.images();
    let mut chunks: Vec<Chunk> = (0..images)
        .step_by(size)
        .map(|start| Chunk::Images(start..(start + size).min(images)))
        .collect();
    let (mut start, mut held) = (0, 0);
    for (text, ids) in batch.texts.each().enumerate() {
        if text > start && held + ids.len() > size * tokens {
            chunks.push(Chunk::Texts(start..text));
            (start, held) = (text, 0);
        }
        held += ids.len();
    }
    let texts = batch.texts.captions();
    if start < texts {
        chunks.push(Chunk::Texts(start..texts));
    }
    chunks
}

impl Chunk {
    /// `[rows, projection_dim]`, not normalised.
    pub(crate) fn encode(&self, model: &Model, batch: &Batch) -> Result<Tensor> {
        Ok(match (self, &batch.pixels) {
            (Self::Images(rows), Some(pixels)) => {
                model.image_features(&pixels.narrow(0, rows.start, rows.len())?)?
            }
            (Self::Images(_), None) => anyhow::bail!("the batch has no images"),
            (Self::Texts(rows), _) => {
                let ids = batch.texts.each().skip(rows.start).take(rows.len());
                model.text_features(&PackedTokens::new(ids))?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{DType, Device};

    use super::*;
    use crate::sample::Layout;

    #[test]
    fn chunks_hold_images_or_texts_of_as_many_tokens() {
        let lengths = [3, 4, 2, 9, 1, 20, 1];
        let texts: Vec<Vec<u32>> = lengths.iter().map(|&length| vec![0; length]).collect();
        let batch = Batch {
            pixels: Some(Tensor::zeros((5, 3, 1, 1), DType::F32, &Device::Cpu).unwrap()),
            texts: PackedTokens::new(texts.iter().map(Vec::as_slice)),
            layout: Layout::default(),
        };
        let expected = [
            Chunk::Images(0..2),
            Chunk::Images(2..4),
            Chunk::Images(4..5),
            Chunk::Texts(0..3),
            Chunk::Texts(3..5),
            Chunk::Texts(5..6), // longer than a chunk by itself
            Chunk::Texts(6..7),
        ];
        assert_eq!(chunks(&batch, 2, 5), expected);
        let without = Batch {
            pixels: None,
            texts: PackedTokens::default(),
            ..batch
        };
        assert_eq!(chunks(&without, 2, 5), []);
    }
}
