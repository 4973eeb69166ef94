//! `x · Wᵀ` for constant weights, f32 or in blocks of a GGUF type.
//!
//! Natively the products are rten-gemm's. In wasm they are our own ([`rowwise`]): on Zen 4 in Node,
//! one thread, ours reached 24 to 35 GFLOP/s on the shapes of ViT-B/32, rten-gemm 0.27 20 to 25.
//!
//! Each element of a result is summed in an order that depends on the inner dimension alone: an
//! embedding depends neither on its batch nor on the number of threads.

#[cfg(any(test, target_arch = "wasm32"))]
mod lanes;
#[cfg(not(target_arch = "wasm32"))]
mod packed;
#[cfg(any(test, target_arch = "wasm32"))]
#[cfg_attr(
    not(target_arch = "wasm32"),
    allow(unreachable_pub, reason = "public where it is the kernel")
)]
mod rowwise;

use candle_core::{Error, Result};

use super::expand::Blocks;
#[cfg(not(target_arch = "wasm32"))]
use packed as kernel;
#[cfg(target_arch = "wasm32")]
use rowwise as kernel;

pub use kernel::Packed;

impl Packed {
    /// Number of values.
    pub(super) fn count(&self) -> usize {
        self.rows() * self.inner()
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Packed({} × {})", self.rows(), self.inner())
    }
}

/// A weight matrix.
pub(super) enum Matrix<'a> {
    /// Packed when it was loaded.
    Packed(&'a Packed),
    /// Values row by row, and how many a row has.
    Rows(&'a [f32], usize),
    /// Blocks, row by row.
    Blocks(Blocks<'a>),
}

impl Matrix<'_> {
    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.rows(),
            Self::Rows(values, inner) => values.len() / inner,
            Self::Blocks(blocks) => blocks.rows(),
        }
    }

    /// Length of a row.
    pub(super) fn inner(&self) -> usize {
        match self {
            Self::Packed(packed) => packed.inner(),
            Self::Rows(_, inner) => *inner,
            Self::Blocks(blocks) => blocks.inner(),
        }
    }
}

/// `x · Wᵀ`: x `[n, inner]`, W `[out, inner]` → `[n, out]`, row by row. `finish` sees every row
/// of the result, perhaps on several threads.
///
/// # Errors
/// An x that is not whole rows, or candle's for blocks that cannot be expanded.
pub(super) fn product(
    x: &[f32],
    weight: &Matrix,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<Vec<f32>> {
    kernel::product(x, weight, finish)
}

/// How many rows of `inner` values there are.
fn whole_rows(values: &[f32], inner: usize) -> Result<usize> {
    match values.len().checked_div(inner) {
        Some(rows) if rows * inner == values.len() => Ok(rows),
        _ => Err(Error::Msg(format!(
            "{} values are no rows of {inner}, which the weights take",
            values.len()
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;

    pub(super) fn values(n: usize, seed: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0)
            .collect()
    }

    /// Strips, pieces and batches that are whole and that are not.
    pub(super) const SHAPES: [(usize, usize, usize); 8] = [
        (1, 5, 7),
        (2, 32, 48),
        (3, 33, 129),
        (4, 768, 260),
        (11, 1024 + 65, 97),
        (50, 588, 3),
        (70, 300, 1030),
        (257, 16, 50),
    ];

    fn packed(w: &[f32], inner: usize) -> Packed {
        Packed::new(w, inner).unwrap()
    }

    #[test]
    fn equals_sums_in_double_precision() {
        for (n, inner, out) in SHAPES {
            let (x, w) = (values(n * inner, 1), values(out * inner, 2));
            let packed = packed(&w, inner);
            let y = product(&x, &Matrix::Packed(&packed), |_| ()).unwrap();
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
    fn a_row_depends_neither_on_the_others_nor_on_threads_nor_on_the_form_of_weights() {
        for (n, inner, out) in SHAPES {
            let (x, w) = (values(n * inner, 1), values(out * inner, 2));
            let packed = packed(&w, inner);
            let forms = [Matrix::Packed(&packed), Matrix::Rows(&w, inner)];
            let all = product(&x, &forms[0], |_| ()).unwrap();
            for weight in &forms {
                for threads in 1..=4 {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let y = pool
                        .build()
                        .unwrap()
                        .install(|| product(&x, weight, |_| ()).unwrap());
                    assert_eq!(y, all, "{n} × {inner} × {out}, {threads} threads");
                }
                for (x, y) in x.chunks(inner).zip(all.chunks(out)) {
                    assert_eq!(product(x, weight, |_| ()).unwrap(), y);
                }
            }
        }
    }

    #[test]
    fn blocks_multiply_as_their_values() {
        for (n, inner, out) in [(1, 512, 100), (5, 768, 300)] {
            let x = values(n * inner, 1);
            let w = Tensor::from_vec(values(out * inner, 2), (out, inner), &Device::Cpu).unwrap();
            for dtype in [GgmlDType::F16, GgmlDType::Q8_0, GgmlDType::Q4K] {
                let blocks = QTensor::quantize(&w, dtype).unwrap();
                let expanded = blocks.dequantize(&Device::Cpu).unwrap();
                let expanded: Vec<f32> = expanded.flatten_all().unwrap().to_vec1().unwrap();
                let of_values = packed(&expanded, inner);
                let of_values = product(&x, &Matrix::Packed(&of_values), |_| ()).unwrap();
                let weight = Matrix::Blocks(Blocks::new(&blocks, inner).unwrap());
                assert_eq!(product(&x, &weight, |_| ()).unwrap(), of_values);
            }
        }
    }

    #[test]
    fn no_rows_have_no_products() {
        let w = values(12, 1);
        let packed = packed(&w, 4);
        for weight in [Matrix::Packed(&packed), Matrix::Rows(&w, 4)] {
            assert!(product(&[], &weight, |_| ()).unwrap().is_empty());
        }
    }

    #[test]
    fn every_row_is_finished_once() {
        let (n, inner, out) = (9, 64, 50);
        let weights = vec![0.0; out * inner];
        let packed = packed(&weights, inner);
        for weight in [Matrix::Packed(&packed), Matrix::Rows(&weights, inner)] {
            let y = product(&values(n * inner, 1), &weight, |row| {
                row.iter_mut().for_each(|y| *y += 1.0);
            });
            assert_eq!(y.unwrap(), vec![1.0; n * out]);
        }
    }

    #[test]
    fn rows_of_another_length_are_an_error() {
        assert!(product(&[1.0; 10], &Matrix::Rows(&[1.0; 12], 4), |_| ()).is_err());
        assert!(Packed::new(&[1.0; 10], 4).is_err());
        assert!(Packed::new(&[], 0).is_err());
    }
}
