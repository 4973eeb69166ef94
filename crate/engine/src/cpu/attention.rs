//! Multi-head self-attention over a packed batch: sequences of any length, one after another,
//! without padding.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Error, Layout, Result, Shape, Tensor};
use gemm::Parallelism;
use rayon::prelude::*;

use super::elementary::{dot, exp};
use super::ops::contiguous;

/// Where the sequences of a packed batch lie: sequence `i` is rows `offsets[i]..offsets[i + 1]`.
#[derive(Clone, Debug)]
pub struct Packing(Arc<[usize]>);

impl Packing {
    /// From `n + 1` ascending row numbers that begin at 0.
    pub fn new(offsets: &[usize]) -> Self {
        debug_assert!(offsets.first() == Some(&0) && offsets.is_sorted());
        Self(offsets.into())
    }

    /// `n` sequences of `length` rows each.
    pub fn uniform(n: usize, length: usize) -> Self {
        Self((0..=n).map(|i| i * length).collect())
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.0.len() - 1
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.0.last().copied().unwrap_or(0)
    }

    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// Cuts a row-major buffer into one slice a sequence.
    fn split<'a>(
        &self,
        mut rows: &'a mut [f32],
        width: usize,
    ) -> Vec<(Range<usize>, &'a mut [f32])> {
        self.ranges()
            .map(|range| {
                let (head, tail) = std::mem::take(&mut rows).split_at_mut(range.len() * width);
                rows = tail;
                (range, head)
            })
            .collect()
    }
}

/// `softmax(Q Kᵀ / √d) V` for every sequence and head.
///
/// `qkv` is `[rows, 3 · heads · d]`: queries, keys and values of all heads side by side. Returns
/// `[rows, heads · d]`. With `causal` a row attends to itself and the rows before it.
pub fn attention(qkv: &Tensor, packing: &Packing, heads: usize, causal: bool) -> Result<Tensor> {
    let (rows, columns) = qkv.dims2()?;
    if rows != packing.rows() || heads == 0 || columns % (3 * heads) != 0 {
        return Err(Error::Msg(format!(
            "attention: {rows} × {columns} queries, keys and values do not hold {} rows of {heads} heads",
            packing.rows()
        )));
    }
    qkv.contiguous()?.apply_op1(Attention(Heads {
        packing: packing.clone(),
        heads,
        causal,
    }))
}

#[derive(Clone)]
struct Heads {
    packing: Packing,
    heads: usize,
    causal: bool,
}

/// A matrix inside a slice: element (i, j) is at `i · row_stride + j · column_stride`.
#[derive(Clone, Copy)]
struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    fn new(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        Self {
            data,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Last index + 1 that a strided matrix touches.
fn extent(rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> usize {
    if rows == 0 || columns == 0 {
        0
    } else {
        (rows - 1) * row_stride + (columns - 1) * column_stride + 1
    }
}

/// `out = scale · a · b`, `out` with rows `row_stride` apart; on this thread.
fn matmul(out: &mut [f32], row_stride: usize, a: View, b: View, scale: f32) {
    assert_eq!(a.columns, b.rows);
    assert!(extent(a.rows, b.columns, row_stride, 1) <= out.len());
    for view in [a, b] {
        assert!(
            extent(view.rows, view.columns, view.row_stride, view.column_stride) <= view.data.len()
        );
    }
    #[expect(
        unsafe_code,
        reason = "gemm's interface is of raw pointers; candle's own matmul cannot write into a strided result"
    )]
    // SAFETY: gemm reads and writes only the elements of the three strided matrices, which the
    // assertions above place inside their slices; `out` is exclusive, so it overlaps neither.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            false,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            0.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

impl Heads {
    /// Queries, keys and values of one head of one sequence.
    fn views<'a>(
        &self,
        qkv: &'a [f32],
        range: &Range<usize>,
        width: usize,
        head: usize,
    ) -> [View<'a>; 3] {
        let d = width / self.heads;
        [0, 1, 2].map(|part| {
            View::new(
                &qkv[range.start * 3 * width + part * width + head * d..],
                range.len(),
                d,
                3 * width,
            )
        })
    }

    /// Attention weights of one head: `probabilities` is `[len, len]`.
    fn probabilities(&self, probabilities: &mut [f32], q: View, k: View) {
        let length = q.rows;
        matmul(
            probabilities,
            length,
            q,
            k.t(),
            1.0 / (q.columns as f32).sqrt(),
        );
        for (i, row) in probabilities.chunks_exact_mut(length).enumerate() {
            let (seen, hidden) = row.split_at_mut(if self.causal { i + 1 } else { length });
            let largest = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            seen.iter_mut().for_each(|s| *s = exp(*s - largest));
            let scale = 1.0 / super::elementary::sum(seen);
            seen.iter_mut().for_each(|s| *s *= scale);
            hidden.fill(0.0);
        }
    }
}

struct Attention(Heads);

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, columns) = layout.shape().dims2()?;
        let qkv = contiguous(self.name(), qkv, layout)?;
        let width = columns / 3;
        let d = width / self.0.heads;
        let mut out = vec![0f32; rows * width];
        self.0
            .packing
            .split(&mut out, width)
            .into_par_iter()
            .for_each(|(range, out)| {
                let length = range.len();
                if length == 0 {
                    return;
                }
                let mut probabilities = vec![0f32; length * length];
                for head in 0..self.0.heads {
                    let [q, k, v] = self.0.views(qkv, &range, width, head);
                    self.0.probabilities(&mut probabilities, q, k);
                    matmul(
                        &mut out[head * d..],
                        width,
                        View::new(&probabilities, length, length, length),
                        v,
                        1.0,
                    );
                }
            });
        Ok((CpuStorage::F32(out), Shape::from((rows, width))))
    }

    fn bwd(&self, qkv: &Tensor, _out: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(qkv.apply_op2_no_bwd(
            &grad.contiguous()?,
            &AttentionBackward(self.0.clone()),
        )?))
    }
}

struct AttentionBackward(Heads);

impl CustomOp2 for AttentionBackward {
    fn name(&self) -> &'static str {
        "attention-backward"
    }

    fn cpu_fwd(
        &self,
        qkv: &CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, columns) = layout.shape().dims2()?;
        let qkv = contiguous(self.name(), qkv, layout)?;
        let grad = contiguous(self.name(), grad, grad_layout)?;
        let width = columns / 3;
        let d = width / self.0.heads;
        let scale = 1.0 / (d as f32).sqrt();
        let mut out = vec![0f32; qkv.len()];
        self.0
            .packing
            .split(&mut out, columns)
            .into_par_iter()
            .for_each(|(range, out)| {
                let length = range.len();
                if length == 0 {
                    return;
                }
                let mut p = vec![0f32; length * length];
                let mut dp = vec![0f32; length * length];
                for head in 0..self.0.heads {
                    let [q, k, v] = self.0.views(qkv, &range, width, head);
                    // Recomputed instead of kept: cheaper than the memory it would hold until now.
                    self.0.probabilities(&mut p, q, k);
                    let g = View::new(&grad[range.start * width + head * d..], length, d, width);
                    matmul(&mut dp, length, g, v.t(), 1.0);
                    for (p, dp) in p.chunks_exact(length).zip(dp.chunks_exact_mut(length)) {
                        let mean = dot(p, dp);
                        dp.iter_mut()
                            .zip(p)
                            .for_each(|(dp, p)| *dp = p * (*dp - mean));
                    }
                    let (p, ds) = (
                        View::new(&p, length, length, length),
                        View::new(&dp, length, length, length),
                    );
                    matmul(&mut out[head * d..], columns, ds, k, scale);
                    matmul(&mut out[width + head * d..], columns, ds.t(), q, scale);
                    matmul(&mut out[2 * width + head * d..], columns, p.t(), g, 1.0);
                }
            });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cpu::gradient_check::assert_gradients;
    use crate::cpu::seeded::{normal, normal_variable};
    use candle_core::{D, Device};

    /// The definition, one sequence and head at a time, from candle's own operations.
    fn plain(qkv: &Tensor, offsets: &[usize], heads: usize, causal: bool) -> Tensor {
        let width = qkv.dim(1).unwrap() / 3;
        let d = width / heads;
        let sequences: Vec<Tensor> = offsets
            .windows(2)
            .map(|o| {
                let length = o[1] - o[0];
                let rows = qkv.narrow(0, o[0], length).unwrap();
                let outs: Vec<Tensor> = (0..heads)
                    .map(|h| {
                        let part = |p: usize| {
                            rows.narrow(1, p * width + h * d, d)
                                .unwrap()
                                .contiguous()
                                .unwrap()
                        };
                        let mut s = (part(0).matmul(&part(1).t().unwrap()).unwrap()
                            / (d as f64).sqrt())
                        .unwrap();
                        if causal {
                            let mask: Vec<f32> = (0..length * length)
                                .map(|i| if i % length > i / length { -1e9 } else { 0.0 })
                                .collect();
                            s = (s + Tensor::from_vec(mask, (length, length), &Device::Cpu)
                                .unwrap())
                            .unwrap();
                        }
                        let e = s
                            .broadcast_sub(&s.max_keepdim(D::Minus1).unwrap())
                            .unwrap()
                            .exp()
                            .unwrap();
                        let p = e.broadcast_div(&e.sum_keepdim(D::Minus1).unwrap()).unwrap();
                        p.matmul(&part(2)).unwrap()
                    })
                    .collect();
                Tensor::cat(&outs, 1).unwrap()
            })
            .collect();
        Tensor::cat(&sequences, 0).unwrap()
    }

    #[test]
    fn equals_the_definition_on_ragged_batches() {
        for (offsets, heads, d) in [
            (vec![0, 1], 1, 4),
            (vec![0, 3, 4, 20], 2, 8),
            (vec![0, 50, 100], 3, 16),
            (vec![0, 7, 7, 9, 9], 2, 5),
        ] {
            let rows = *offsets.last().unwrap();
            let qkv = normal(1, (rows, 3 * heads * d));
            for causal in [false, true] {
                let ours = attention(&qkv, &Packing::new(&offsets), heads, causal).unwrap();
                let filled: Vec<usize> = {
                    let mut o = offsets.clone();
                    o.dedup();
                    o
                };
                let difference = (ours - plain(&qkv, &filled, heads, causal)).unwrap();
                let worst = difference
                    .abs()
                    .unwrap()
                    .max_all()
                    .unwrap()
                    .to_scalar::<f32>()
                    .unwrap();
                assert!(worst < 2e-6, "{offsets:?} causal {causal}: {worst}");
            }
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        let offsets = [0, 1, 6, 9];
        let qkv = normal_variable(2, (9, 3 * 2 * 4));
        for causal in [false, true] {
            assert_gradients(&[&qkv], |v| {
                attention(&v[0], &Packing::new(&offsets), 2, causal).unwrap()
            });
        }
    }

    #[test]
    fn rows_and_packing_must_agree() {
        let qkv = Tensor::zeros((5, 12), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(attention(&qkv, &Packing::uniform(2, 2), 2, false).is_err());
    }
}
