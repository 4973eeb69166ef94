//! Products in wasm, of rows as they lie.
//!
//! Both matrices lie row by row along the dimension that is summed over, so a tile of results is
//! a tile of dot products and nothing is packed: f32 weights are read where they lie, blocks are
//! expanded a strip of rows at a time into a buffer that stays in the cache.

use candle_core::{Error, Result};
use rayon::prelude::*;

use super::super::expand::Blocks;
use super::super::rows::for_rows;
#[cfg(target_arch = "wasm32")]
use super::Matrix;
use super::lanes::{LANES, Lanes};
use super::whole_rows;

/// A constant weight matrix, row by row.
pub struct Packed {
    values: Vec<f32>,
    inner: usize,
}

impl Packed {
    /// Takes a matrix of rows of `inner` values.
    ///
    /// # Errors
    /// Values that are not whole rows.
    pub fn new(values: &[f32], inner: usize) -> Result<Self> {
        whole_rows(values, inner)?;
        Ok(Self {
            values: values.to_vec(),
            inner,
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.inner
    }

    pub(super) fn inner(&self) -> usize {
        self.inner
    }
}

/// As [`super::product`].
#[cfg(target_arch = "wasm32")]
pub(super) fn product(
    x: &[f32],
    weight: &Matrix,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Vec<f32>> {
    match weight {
        Matrix::Packed(packed) => {
            multiply_rows(x, &Rows::Float(&packed.values, packed.inner), finish)
        }
        Matrix::Rows(values, inner) => multiply_rows(x, &Rows::Float(values, *inner), finish),
        Matrix::Blocks(blocks) => multiply_rows(x, &Rows::Blocks(blocks), finish),
    }
}

/// Weights row by row.
enum Rows<'a> {
    /// Values, and how many a row has.
    Float(&'a [f32], usize),
    /// Blocks, expanded on the way.
    Blocks(&'a Blocks<'a>),
}

impl Rows<'_> {
    fn rows(&self) -> usize {
        match self {
            Self::Float(values, inner) => values.len() / inner,
            Self::Blocks(blocks) => blocks.rows(),
        }
    }

    fn inner(&self) -> usize {
        match self {
            Self::Float(_, inner) => *inner,
            Self::Blocks(blocks) => blocks.inner(),
        }
    }
}

/// Rows of weights that are expanded and multiplied together: a few of them fit the second-level
/// cache, and all tiles' widths divide the number.
const STRIP: usize = 48;
/// Rows of x that go through all weights together: enough to make expanding them cheap, few enough
/// that they and their results stay in the cache.
const BATCH: usize = 128;
/// Columns multiplied together, so that a tile's rows fit the first-level cache.
const DEPTH: usize = 1024;

fn multiply_rows(x: &[f32], weight: &Rows, finish: impl Fn(&mut [f32]) + Sync) -> Result<Vec<f32>> {
    let (inner, out) = (weight.inner(), weight.rows());
    let n = whole_rows(x, inner)?;
    let mut y = vec![0f32; n * out];
    let mut strips = vec![0f32; n.min(BATCH) * out];
    for (x, y) in x
        .chunks(BATCH * inner)
        .zip(y.chunks_mut((BATCH * out).max(1)))
    {
        let n = x.len() / inner;
        // Strip by strip, each as rows of its own: tasks write to places of their own.
        let strips = &mut strips[..y.len()];
        strips
            .par_chunks_mut((n * STRIP).max(1))
            .enumerate()
            .try_for_each_init(Vec::new, |expanded, (strip, y)| {
                let rows = strip * STRIP..((strip + 1) * STRIP).min(out);
                let weights = match weight {
                    Rows::Float(values, _) => &values[rows.start * inner..rows.end * inner],
                    Rows::Blocks(blocks) => {
                        blocks.expand(rows, 0..inner, expanded)?;
                        expanded.as_slice()
                    }
                };
                y.fill(0.0);
                multiply(x, weights, y, inner);
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

/// `y += x · Wᵀ` for a strip of weights, on this thread.
fn multiply(x: &[f32], w: &[f32], y: &mut [f32], inner: usize) {
    let out = w.len() / inner;
    for from in (0..inner).step_by(DEPTH) {
        let to = (from + DEPTH).min(inner);
        let weights = Band {
            values: w,
            inner,
            from,
            to,
        };
        let mut xs = x.chunks(4 * inner);
        let mut ys = y.chunks_mut(4 * out);
        // As many accumulators as registers allow beside the operands.
        while let (Some(x), Some(y)) = (xs.next(), ys.next()) {
            let x = Band {
                values: x,
                inner,
                from,
                to,
            };
            match x.rows() {
                4 => tiles::<4, 2>(x, weights, y),
                3 => tiles::<3, 2>(x, weights, y),
                2 => tiles::<2, 4>(x, weights, y),
                _ => tiles::<1, 6>(x, weights, y),
            }
        }
    }
}

/// Columns `from..to` of a matrix of rows of length `inner`.
#[derive(Clone, Copy)]
struct Band<'a> {
    values: &'a [f32],
    inner: usize,
    from: usize,
    to: usize,
}

impl<'a> Band<'a> {
    fn rows(&self) -> usize {
        self.values.len() / self.inner
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.inner..][self.from..self.to]
    }
}

/// Adds the products of `M` rows of x with all rows of a strip, `N` at a time.
#[inline(always)]
fn tiles<const M: usize, const N: usize>(x: Band, w: Band, y: &mut [f32]) {
    let out = w.rows();
    let x: [&[f32]; M] = std::array::from_fn(|i| x.row(i));
    let whole = out - out % N;
    for first in (0..whole).step_by(N) {
        let w = std::array::from_fn(|j| w.row(first + j));
        add(tile::<M, N>(x, w), y, out, first);
    }
    for last in whole..out {
        add(tile::<M, 1>(x, [w.row(last)]), y, out, last);
    }
}

#[inline(always)]
fn add<const M: usize, const N: usize>(
    tile: [[f32; N]; M],
    y: &mut [f32],
    out: usize,
    first: usize,
) {
    for (row, values) in tile.iter().enumerate() {
        for (y, value) in y[row * out + first..][..N].iter_mut().zip(values) {
            *y += value;
        }
    }
}

/// Dot products of each of `M` rows with each of `N`, all of one length.
#[inline(always)]
fn tile<const M: usize, const N: usize>(x: [&[f32]; M], w: [&[f32]; N]) -> [[f32; N]; M] {
    let steps = x[0].len() / LANES;
    // Cut to one length, so that the loop has no bounds to check.
    let x_steps = x.map(|row| &row.as_chunks::<LANES>().0[..steps]);
    let w_steps = w.map(|row| &row.as_chunks::<LANES>().0[..steps]);
    let mut sums = [[Lanes::new(&[0.0; LANES]); N]; M];
    for step in 0..steps {
        let w = w_steps.map(|row| Lanes::new(&row[step]));
        for i in 0..M {
            let x = Lanes::new(&x_steps[i][step]);
            for j in 0..N {
                sums[i][j] = sums[i][j].multiply_add(x, w[j]);
            }
        }
    }
    // By value: a reference to the sums would keep them in memory all through the loop.
    let mut products = sums.map(|row| row.map(Lanes::sum));
    for column in steps * LANES..x[0].len() {
        for i in 0..M {
            for j in 0..N {
                products[i][j] += x[i][column] * w[j][column];
            }
        }
    }
    products
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::super::tests::{SHAPES, values};
    use super::*;

    #[test]
    fn equals_sums_in_double_precision_and_rows_are_independent() {
        for (n, inner, out) in SHAPES {
            let (x, w) = (values(n * inner, 1), values(out * inner, 2));
            let weight = Packed::new(&w, inner).unwrap();
            assert_eq!((weight.rows(), weight.inner()), (out, inner));
            let weight = Rows::Float(&weight.values, inner);
            let all = multiply_rows(&x, &weight, |_| ()).unwrap();
            for (x, y) in x.chunks(inner).zip(all.chunks(out)) {
                assert_eq!(multiply_rows(x, &weight, |_| ()).unwrap(), y);
                for (y, w) in y.iter().zip(w.chunks(inner)) {
                    let exact: f64 = (x.iter().zip(w))
                        .map(|(&x, &w)| f64::from(x) * f64::from(w))
                        .sum();
                    assert!((f64::from(*y) - exact).abs() < 1e-6 * inner as f64);
                }
            }
        }
    }

    #[test]
    fn blocks_multiply_as_their_values() {
        let (n, inner, out) = (5, 512, 100);
        let x = values(n * inner, 1);
        let w = Tensor::from_vec(values(out * inner, 2), (out, inner), &Device::Cpu).unwrap();
        for dtype in [GgmlDType::F16, GgmlDType::Q8_0, GgmlDType::Q4K] {
            let blocks = QTensor::quantize(&w, dtype).unwrap();
            let expanded = blocks.dequantize(&Device::Cpu).unwrap();
            let expanded: Vec<f32> = expanded.flatten_all().unwrap().to_vec1().unwrap();
            let of_values = multiply_rows(&x, &Rows::Float(&expanded, inner), |_| ()).unwrap();
            let blocks = Blocks::new(&blocks, inner).unwrap();
            let of_blocks = multiply_rows(&x, &Rows::Blocks(&blocks), |_| ()).unwrap();
            assert_eq!(of_blocks, of_values);
        }
    }
}
