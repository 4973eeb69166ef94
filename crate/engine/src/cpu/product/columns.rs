//! Weights in blocks of a GGUF type, in the order in which a product reads their columns.
//!
//! As many bytes as in the file: within a strip of rows the numbers of a column lie side by side, so
//! that expanding a piece of the strip is a loop over what is already in place.

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use half::f16;

use super::super::expand::{Blocks, expand_f16};

/// Rows of weights that are expanded and multiplied together.
pub(super) const STRIP: usize = 128;

/// Bytes of a block's scale, of its numbers, and of both: ggml's Q8_0.
const SCALE: usize = 2;
const NUMBERS: usize = 32;
const BLOCK: usize = SCALE + NUMBERS;

/// A matrix of Q8_0 or F16, strip by strip.
///
/// Q8_0: block by block the scales of all rows of the strip, then 32 columns of their numbers.
/// F16: column by column the numbers of all rows.
pub(super) struct Columns {
    bytes: Vec<u8>,
    is_f16: bool,
    pub(super) rows: usize,
    pub(super) inner: usize,
    row_bytes: usize,
}

impl Columns {
    /// Reorders a matrix, if it is of a type for which that is made.
    pub(super) fn of(blocks: &Blocks) -> Option<Self> {
        let is_f16 = match blocks.dtype() {
            GgmlDType::F16 => true,
            GgmlDType::Q8_0 => false,
            _ => return None,
        };
        let (rows, row_bytes) = (blocks.rows(), blocks.row_bytes());
        let mut bytes = Vec::with_capacity(rows * row_bytes);
        for start in (0..rows).step_by(STRIP) {
            let strip: Vec<&[u8]> = (start..rows.min(start + STRIP))
                .map(|row| blocks.row(row))
                .collect();
            if is_f16 {
                for at in (0..row_bytes).step_by(2) {
                    for row in &strip {
                        bytes.extend_from_slice(&row[at..at + 2]);
                    }
                }
                continue;
            }
            for block in (0..row_bytes).step_by(BLOCK) {
                for row in &strip {
                    bytes.extend_from_slice(&row[block..block + SCALE]);
                }
                for at in block + SCALE..block + BLOCK {
                    bytes.extend(strip.iter().map(|row| row[at]));
                }
            }
        }
        Some(Self {
            bytes,
            is_f16,
            rows,
            inner: blocks.inner(),
            row_bytes,
        })
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Columns, whole blocks, of the strip that begins with a row: one after another to `values`.
    pub(super) fn expand(&self, rows: Range<usize>, columns: Range<usize>, values: &mut Vec<f32>) {
        let n = rows.len();
        values.resize(n * columns.len(), 0.0);
        let strip = &self.bytes[rows.start * self.row_bytes..rows.end * self.row_bytes];
        if self.is_f16 {
            expand_f16(&strip[columns.start * n * 2..columns.end * n * 2], values);
            return;
        }
        let blocks = columns.start / NUMBERS * BLOCK * n..columns.end / NUMBERS * BLOCK * n;
        let mut scales = [0f32; STRIP];
        for (block, values) in strip[blocks]
            .chunks_exact(BLOCK * n)
            .zip(values.chunks_exact_mut(NUMBERS * n))
        {
            let (stored, numbers) = block.split_at(SCALE * n);
            for (scale, &bytes) in scales.iter_mut().zip(stored.as_chunks().0) {
                *scale = f16::from_le_bytes(bytes).to_f32();
            }
            for (numbers, values) in numbers.chunks_exact(n).zip(values.chunks_exact_mut(n)) {
                for ((value, &number), scale) in values.iter_mut().zip(numbers).zip(&scales) {
                    *value = f32::from(number.cast_signed()) * scale;
                }
            }
        }
    }
}
