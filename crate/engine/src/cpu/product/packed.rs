//! Products natively, by rten-gemm.
//!
//! f32 weights are packed once, when they are loaded, into the panels that its kernel reads. Weights
//! in blocks of a GGUF type stay as they are in memory: a piece at a time is expanded into a buffer
//! that stays in the cache and is multiplied there.
//!
//! Each element of a result is summed along the inner dimension in one fixed order, [`DEPTH`]
//! products at a time: it depends neither on the other rows nor on the number of threads, nor on
//! how the weights are held.

use std::ops::Range;

use candle_core::{Error, Result};
use rayon::prelude::*;
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::NdTensorView;

use super::super::rows::for_rows;
use super::{Matrix, whole_rows};

/// A constant weight matrix in the form that products read.
pub struct Packed(PackedBMatrix<f32>);

impl Packed {
    /// Packs a matrix of rows of `inner` values.
    ///
    /// # Errors
    /// Values that are not whole rows.
    pub fn new(values: &[f32], inner: usize) -> Result<Self> {
        let out = whole_rows(values, inner)?;
        let rows = NdTensorView::from_data([out, inner], values);
        Ok(Self(GemmExecutor::default().prepack_b(rows.transposed())))
    }

    pub(super) fn rows(&self) -> usize {
        self.0.cols()
    }

    pub(super) fn inner(&self) -> usize {
        self.0.rows()
    }
}

/// Rows of weights that are expanded and multiplied together.
const STRIP: usize = 128;
/// Columns that are expanded and multiplied together: as many as rten-gemm sums at a time, so that
/// the order of a sum is the same for every form of weights. Whole blocks of every type.
const DEPTH: usize = 256;
/// Rows of x that go through all weights together: enough to make expanding them cheap, few enough
/// that they and their results stay in the cache.
const BATCH: usize = 256;

/// As [`super::product`].
pub(super) fn product(
    x: &[f32],
    weight: &Matrix,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Vec<f32>> {
    let (inner, out) = (weight.inner(), weight.rows());
    let n = whole_rows(x, inner)?;
    let mut y = vec![0f32; n * out];
    let executor = GemmExecutor::default();
    if let Matrix::Packed(packed) = weight {
        let x = NdTensorView::from_data([n, inner], x);
        executor
            .gemm(
                &mut y,
                GemmInputA::Unpacked(x),
                GemmInputB::Packed(&packed.0),
                GemmOptions::default(),
            )
            .map_err(Error::wrap)?;
        for_rows(&mut y, out, |_, row| finish(row));
        return Ok(y);
    }
    let batch_rows = n.clamp(2, BATCH);
    let mut strips = vec![0f32; batch_rows * out];
    for (x, y) in x
        .chunks(BATCH * inner)
        .zip(y.chunks_mut((BATCH * out).max(1)))
    {
        // One row alone would take another way through rten-gemm, with another order of sums: it
        // is computed twice.
        let doubled = (x.len() == inner).then(|| x.repeat(2));
        let x = doubled.as_deref().unwrap_or(x);
        let n = x.len() / inner;
        let x = NdTensorView::from_data([n, inner], x);
        // Strip by strip, each as rows of its own: tasks write to places of their own.
        let strips = &mut strips[..n * out];
        strips
            .par_chunks_mut((n * STRIP).max(1))
            .enumerate()
            .try_for_each_init(Piece::default, |piece, (strip, y)| {
                let rows = strip * STRIP..((strip + 1) * STRIP).min(out);
                for from in (0..inner).step_by(DEPTH) {
                    let columns = from..(from + DEPTH).min(inner);
                    let w = piece.read(weight, rows.clone(), columns.clone())?;
                    let options = GemmOptions {
                        beta: if from == 0 { 0.0 } else { 1.0 },
                        ..GemmOptions::default()
                    };
                    executor
                        .gemm(
                            y,
                            GemmInputA::Unpacked(x.slice((.., columns.clone()))),
                            GemmInputB::Unpacked(NdTensorView::from_data(
                                [columns.len(), rows.len()],
                                w,
                            )),
                            options,
                        )
                        .map_err(Error::wrap)?;
                }
                Ok::<_, Error>(())
            })?;
        for_rows(y, out, |row, y| {
            for (strip, y) in y.chunks_mut(STRIP).enumerate() {
                let from = strip * n * STRIP + row * y.len();
                y.copy_from_slice(&strips[from..from + y.len()]);
            }
            finish(y);
        });
    }
    Ok(y)
}

/// A piece of weights, column by column; and the memory for it, used again for the next.
#[derive(Default)]
struct Piece {
    expanded: Vec<f32>,
    transposed: Vec<f32>,
}

impl Piece {
    fn read(
        &mut self,
        weight: &Matrix,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<&[f32]> {
        let (values, row_length) = match weight {
            Matrix::Packed(_) => return Err(Error::Msg("packed weights are read whole".into())),
            Matrix::Rows(values, inner) => {
                let from = rows.start * inner + columns.start;
                let to = (rows.end - 1) * inner + columns.end;
                (&values[from..to], *inner)
            }
            Matrix::Blocks(blocks) => {
                blocks.expand(rows.clone(), columns.clone(), &mut self.expanded)?;
                (self.expanded.as_slice(), columns.len())
            }
        };
        self.transposed.resize(rows.len() * columns.len(), 0.0);
        transpose(values, row_length, columns.len(), &mut self.transposed);
        Ok(&self.transposed)
    }
}

/// Side of the squares that are transposed in registers.
const SQUARE: usize = 8;

/// The first `columns` of rows that begin `row_length` apart, column by column.
fn transpose(values: &[f32], row_length: usize, columns: usize, transposed: &mut [f32]) {
    let rows = transposed.len() / columns;
    let whole = (rows - rows % SQUARE, columns - columns % SQUARE);
    for row in (0..whole.0).step_by(SQUARE) {
        for column in (0..whole.1).step_by(SQUARE) {
            let square: [[f32; SQUARE]; SQUARE] = std::array::from_fn(|i| {
                let from = (row + i) * row_length + column;
                std::array::from_fn(|j| values[from..from + SQUARE][j])
            });
            for j in 0..SQUARE {
                let to = &mut transposed[(column + j) * rows + row..][..SQUARE];
                to.copy_from_slice(&square.map(|values| values[j]));
            }
        }
    }
    for row in 0..rows {
        let from = if row < whole.0 { whole.1 } else { 0 };
        for column in from..columns {
            transposed[column * rows + row] = values[row * row_length + column];
        }
    }
}
