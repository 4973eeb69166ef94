//! `x · Wᵀ` for constant weights, f32 or in blocks of a GGUF type.
//!
//! Both matrices lie row by row along the dimension that is summed over, so a tile of results is
//! a tile of dot products and nothing is packed: f32 weights are read where they lie, blocks are
//! expanded a strip of rows at a time into a buffer that stays in the cache. Packing every weight
//! anew, as a general matrix product does, costs more than the product itself for the fifty rows
//! of a picture or the ten of a caption.
//!
//! The order in which a result is summed depends on the inner dimension alone: an embedding
//! depends neither on its batch nor on the number of threads.

use candle_core::{Error, Result};
use rayon::prelude::*;

use super::expand::Blocks;
use super::lanes::{LANES, Lanes};

/// A weight matrix, row by row.
pub(super) enum Rows<'a> {
    /// Values, and how many a row has.
    Float(&'a [f32], usize),
    /// Blocks, expanded on the way.
    Blocks(Blocks<'a>),
}

impl Rows<'_> {
    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Float(values, inner) => values.len() / inner,
            Self::Blocks(blocks) => blocks.rows(),
        }
    }

    /// Length of a row.
    pub(super) fn inner(&self) -> usize {
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

/// `x · Wᵀ`: x `[n, inner]`, W `[out, inner]` → `[n, out]`, row by row. `finish` sees every row
/// of the result, perhaps on several threads.
///
/// # Errors
/// An x that is not whole rows, or candle's for blocks that cannot be expanded.
pub(super) fn product(
    x: &[f32],
    weight: &Rows,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Vec<f32>> {
    let (inner, out) = (weight.inner(), weight.rows());
    let n = x.len() / inner;
    if x.len() != n * inner {
        return Err(Error::Msg(format!(
            "{} values are no rows of {inner}, which the weights take",
            x.len()
        )));
    }
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
                        blocks.expand(rows, expanded)?;
                        expanded.as_slice()
                    }
                };
                y.fill(0.0);
                multiply(x, weights, y, inner);
                Ok::<_, Error>(())
            })?;
        super::ops::for_rows(y, out, |row, y| {
            for (strip, y) in y.chunks_mut(STRIP).enumerate() {
                let from = strip * n * STRIP + row * y.len();
                y.copy_from_slice(&strips[from..from + y.len()]);
            }
            finish(y);
        });
    }
    Ok(y)
}

/// `y += x · Wᵀ` for a strip of weights, on this thread, with the best instructions there are.
fn multiply(x: &[f32], w: &[f32], y: &mut [f32], inner: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2(x: &[f32], w: &[f32], y: &mut [f32], inner: usize) {
            multiply_with::<true>(x, w, y, inner);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features that the function is compiled for.
            #[expect(
                unsafe_code,
                reason = "a function for certain processors is unsafe to call"
            )]
            return unsafe { with_avx2(x, w, y, inner) };
        }
    }
    multiply_with::<{ cfg!(target_arch = "aarch64") }>(x, w, y, inner);
}

#[inline(always)]
fn multiply_with<const FUSED: bool>(x: &[f32], w: &[f32], y: &mut [f32], inner: usize) {
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
                4 if LANES == 4 => tiles::<4, 2, FUSED>(x, weights, y),
                4 => tiles::<4, 3, FUSED>(x, weights, y),
                3 if LANES == 4 => tiles::<3, 2, FUSED>(x, weights, y),
                3 => tiles::<3, 3, FUSED>(x, weights, y),
                2 => tiles::<2, 4, FUSED>(x, weights, y),
                _ => tiles::<1, 6, FUSED>(x, weights, y),
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
fn tiles<const M: usize, const N: usize, const FUSED: bool>(x: Band, w: Band, y: &mut [f32]) {
    let out = w.rows();
    let x: [&[f32]; M] = std::array::from_fn(|i| x.row(i));
    let whole = out - out % N;
    for first in (0..whole).step_by(N) {
        let w = std::array::from_fn(|j| w.row(first + j));
        add(tile::<M, N, FUSED>(x, w), y, out, first);
    }
    for last in whole..out {
        add(tile::<M, 1, FUSED>(x, [w.row(last)]), y, out, last);
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
fn tile<const M: usize, const N: usize, const FUSED: bool>(
    x: [&[f32]; M],
    w: [&[f32]; N],
) -> [[f32; N]; M] {
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
                sums[i][j] = sums[i][j].multiply_add::<FUSED>(x, w[j]);
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

    use super::*;

    fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0)
            .collect()
    }

    /// Every shape of tile; strips, bands and batches that are whole and that are not.
    const SHAPES: [(usize, usize, usize); 7] = [
        (1, 5, 7),
        (2, 32, 48),
        (3, 33, 49),
        (4, 768, 100),
        (11, 1024 + 65, 97),
        (50, 588, 3),
        (2 * BATCH + 7, 16, 50),
    ];

    #[test]
    fn equals_sums_in_double_precision() {
        for (n, inner, out) in SHAPES {
            let (x, w) = (values(n * inner, 1), values(out * inner, 2));
            let y = product(&x, &Rows::Float(&w, inner), |_| ()).unwrap();
            for i in 0..n {
                for o in 0..out {
                    let exact: f64 = (0..inner)
                        .map(|k| f64::from(x[i * inner + k]) * f64::from(w[o * inner + k]))
                        .sum();
                    let error = (f64::from(y[i * out + o]) - exact).abs();
                    assert!(
                        error < 1e-6 * inner as f64,
                        "{n} × {inner} × {out}: {error}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        for (n, inner, out) in SHAPES {
            let (x, w) = (values(n * inner, 1), values(out * inner, 2));
            let weight = Rows::Float(&w, inner);
            let all = product(&x, &weight, |_| ()).unwrap();
            for (x, y) in x.chunks(inner).zip(all.chunks(out)) {
                assert_eq!(product(x, &weight, |_| ()).unwrap(), y);
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
            let of_values = product(&x, &Rows::Float(&expanded, inner), |_| ()).unwrap();
            let weight = Rows::Blocks(Blocks::new(&blocks, inner).unwrap());
            assert_eq!(product(&x, &weight, |_| ()).unwrap(), of_values);
        }
    }

    #[test]
    fn every_row_is_finished_once() {
        let (n, inner, out) = (9, 64, 50);
        let weights = vec![0.0; out * inner];
        let y = product(
            &values(n * inner, 1),
            &Rows::Float(&weights, inner),
            |row| {
                row.iter_mut().for_each(|y| *y += 1.0);
            },
        );
        assert_eq!(y.unwrap(), vec![1.0; n * out]);
    }

    #[test]
    fn rows_of_another_length_are_an_error() {
        assert!(product(&[1.0; 10], &Rows::Float(&[1.0; 12], 4), |_| ()).is_err());
    }
}
