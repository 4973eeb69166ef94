//! The differentiable operations of a CLIP encoder, each a fused kernel with its backward.
//!
//! candle's own LayerNorm and last-dimension softmax have no backward and lose every gradient
//! before them without a word; its differentiable forms are chains of a dozen unfused
//! operations. These serve inference and training with the same code.

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Device, Error, Layout, Result, Shape,
    Storage, Tensor,
};
use rayon::prelude::*;

use super::elementary::{dot, normal_cdf, normal_pdf, sigmoid, sum};
use super::product::{Matrix, product};
use super::rows::{PARALLEL_ELEMENTS, for_rows};
use cliprobe_clip::config::Activation;

/// The f32 elements of a contiguous argument.
pub(super) fn contiguous<'a>(
    op: &'static str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => Err(Error::RequiresContiguous { op }),
    }
}

/// The f32 elements of a contiguous tensor in memory.
pub(super) fn contiguous_values<'a>(
    op: &'static str,
    storage: &'a Storage,
    layout: &Layout,
) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => contiguous(op, storage, layout),
        _ => Err(Error::Msg(format!("{op}: a tensor is not in memory"))),
    }
}

/// `act(x · Wᵀ + b)`: x `[n, in]`, W `[out, in]`, b `[out]` → `[n, out]`; differentiable.
///
/// The activation is an operation of its own, since its backward needs its argument.
pub fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    activation: Option<Activation>,
) -> Result<Tensor> {
    let y = x.contiguous()?.apply_op3(weight, bias, Linear)?;
    match activation {
        Some(activation) => y.apply_op1(Activate(activation)),
        None => Ok(y),
    }
}

/// As [`linear`] with weights of which no gradient is wanted, in one pass; without `bias` it is 0.
pub(super) fn constant_linear(
    x: &Tensor,
    weight: &Matrix,
    bias: Option<&Tensor>,
    activation: Option<Activation>,
) -> Result<Tensor> {
    let out = weight.rows();
    let bias = bias.map(Tensor::to_vec1::<f32>).transpose()?;
    let bias = bias.unwrap_or_else(|| vec![0.0; out]);
    let x = x.contiguous()?;
    let (n, inner) = x.dims2()?;
    if inner != weight.inner() || bias.len() != out {
        return Err(Error::ShapeMismatchBinaryOp {
            lhs: x.shape().clone(),
            rhs: Shape::from((out, weight.inner())),
            op: "linear",
        });
    }
    let (storage, layout) = x.storage_and_layout();
    let y = product(
        contiguous_values("linear", &storage, layout)?,
        weight,
        |row| {
            row.iter_mut().zip(&bias).for_each(|(y, b)| *y += b);
            if let Some(activation) = activation {
                activate(activation, row);
            }
        },
    )?;
    Tensor::from_vec(y, (n, out), &Device::Cpu)
}

struct Linear;

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, inner) = x_layout.shape().dims2()?;
        let (out, weight_inner) = weight_layout.shape().dims2()?;
        let bias = contiguous(self.name(), bias, bias_layout)?;
        if inner != weight_inner || bias.len() != out {
            return Err(Error::ShapeMismatchBinaryOp {
                lhs: x_layout.shape().clone(),
                rhs: weight_layout.shape().clone(),
                op: "linear",
            });
        }
        let mut y = x.matmul(
            weight,
            (1, n, out, inner),
            x_layout,
            &weight_layout.transpose(0, 1)?,
        )?;
        let CpuStorage::F32(values) = &mut y else {
            return Err(Error::UnexpectedDType {
                msg: "linear",
                expected: DType::F32,
                got: y.dtype(),
            });
        };
        for_rows(values, out, |_, row| {
            row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
        });
        Ok((y, Shape::from((n, out))))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        // What is frozen costs nothing: candle's own matmul computes both gradients always.
        let grad = grad.contiguous()?;
        let dx = x.track_op().then(|| grad.matmul(weight)).transpose()?;
        let dw = weight.track_op().then(|| grad.t()?.matmul(x)).transpose()?;
        let db = bias
            .track_op()
            .then(|| grad.apply_op1_no_bwd(&ColumnSums))
            .transpose()?;
        Ok((dx, dw, db))
    }
}

/// Sums of the columns: `[n, w]` → `[w]`.
struct ColumnSums;

impl CustomOp1 for ColumnSums {
    fn name(&self) -> &'static str {
        "column-sums"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let x = contiguous(self.name(), x, layout)?;
        Ok((CpuStorage::F32(column_sums(x, width)), Shape::from(width)))
    }
}

fn column_sums(x: &[f32], width: usize) -> Vec<f32> {
    // Sums of fixed blocks of rows, then of the blocks in order: the result does not depend on
    // the number of threads, so that a resumed training run repeats to the last bit.
    let block = (PARALLEL_ELEMENTS / width).max(1) * width;
    let partial: Vec<Vec<f32>> = x
        .par_chunks(block)
        .map(|rows| {
            let mut total = vec![0f32; width];
            for row in rows.chunks_exact(width) {
                total.iter_mut().zip(row).for_each(|(t, v)| *t += v);
            }
            total
        })
        .collect();
    let mut total = vec![0f32; width];
    for part in partial {
        total.iter_mut().zip(part).for_each(|(t, v)| *t += v);
    }
    total
}

#[inline]
fn activate(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::QuickGelu => values.iter_mut().for_each(|v| *v *= sigmoid(1.702 * *v)),
        Activation::Gelu => values.iter_mut().for_each(|v| *v *= normal_cdf(*v)),
    }
}

/// An activation by itself, keeping its argument for the backward.
struct Activate(Activation);

impl CustomOp1 for Activate {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut y = contiguous(self.name(), x, layout)?.to_vec();
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        for_rows(&mut y, width, |_, row| activate(self.0, row));
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(
            &grad.contiguous()?,
            &ActivateBackward(self.0),
        )?))
    }
}

struct ActivateBackward(Activation);

impl CustomOp2 for ActivateBackward {
    fn name(&self) -> &'static str {
        "activation-backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_l: &Layout,
        grad: &CpuStorage,
        grad_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = contiguous(self.name(), x, x_l)?;
        let mut dx = contiguous(self.name(), grad, grad_l)?.to_vec();
        let width = x_l.dims().last().copied().unwrap_or(1).max(1);
        for_rows(&mut dx, width, |i, row| {
            let x = &x[i * width..][..row.len()];
            match self.0 {
                Activation::QuickGelu => row.iter_mut().zip(x).for_each(|(d, &x)| {
                    let s = sigmoid(1.702 * x);
                    *d *= s + 1.702 * x * s * (1.0 - s);
                }),
                Activation::Gelu => row
                    .iter_mut()
                    .zip(x)
                    .for_each(|(d, &x)| *d *= normal_cdf(x) + x * normal_pdf(x)),
            }
        });
        Ok((CpuStorage::F32(dx), x_l.shape().clone()))
    }
}

/// LayerNorm over the last dimension: x `[n, w]`, weight and bias `[w]`; statistics in f32.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f32) -> Result<Tensor> {
    x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps })
}

struct LayerNorm {
    eps: f32,
}

/// Mean and reciprocal standard deviation of a row.
#[inline]
fn moments(row: &[f32], eps: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum(row) / n;
    let mut variance = [0f32; 8];
    let chunks = row.chunks_exact(8);
    let rest: f32 = chunks
        .remainder()
        .iter()
        .map(|x| (x - mean) * (x - mean))
        .sum();
    for chunk in chunks {
        for (v, x) in variance.iter_mut().zip(chunk) {
            *v += (x - mean) * (x - mean);
        }
    }
    let variance = (variance.iter().sum::<f32>() + rest) / n;
    (mean, 1.0 / (variance + eps).sqrt())
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_l: &Layout,
        weight: &CpuStorage,
        weight_l: &Layout,
        bias: &CpuStorage,
        bias_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, width) = x_l.shape().dims2()?;
        let weight = contiguous(self.name(), weight, weight_l)?;
        let bias = contiguous(self.name(), bias, bias_l)?;
        if weight.len() != width || bias.len() != width {
            return Err(Error::ShapeMismatchBinaryOp {
                lhs: x_l.shape().clone(),
                rhs: weight_l.shape().clone(),
                op: "layer-norm",
            });
        }
        let mut y = contiguous(self.name(), x, x_l)?.to_vec();
        for_rows(&mut y, width, |_, row| {
            let (mean, rstd) = moments(row, self.eps);
            for ((y, w), b) in row.iter_mut().zip(weight).zip(bias) {
                *y = (*y - mean) * rstd * w + b;
            }
        });
        Ok((CpuStorage::F32(y), x_l.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (n, width) = x.dims2()?;
        let all = x.apply_op3_no_bwd(
            weight,
            &grad.contiguous()?,
            &LayerNormBackward { eps: self.eps },
        )?;
        Ok((
            Some(all.narrow(0, 0, n)?),
            Some(all.narrow(0, n, 1)?.reshape(width)?),
            Some(all.narrow(0, n + 1, 1)?.reshape(width)?),
        ))
    }
}

/// All three gradients in one tensor, since an operation has one result: rows 0..n are dx,
/// row n is dweight, row n+1 is dbias.
struct LayerNormBackward {
    eps: f32,
}

impl CustomOp3 for LayerNormBackward {
    fn name(&self) -> &'static str {
        "layer-norm-backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_l: &Layout,
        weight: &CpuStorage,
        weight_l: &Layout,
        grad: &CpuStorage,
        grad_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n, width) = x_l.shape().dims2()?;
        let x = contiguous(self.name(), x, x_l)?;
        let weight = contiguous(self.name(), weight, weight_l)?;
        let grad = contiguous(self.name(), grad, grad_l)?;
        let mut out = vec![0f32; (n + 2) * width];
        let (dx, sums) = out.split_at_mut(n * width);
        // Fixed blocks of rows, for the reason given at `column_sums`.
        let block = (PARALLEL_ELEMENTS / width).max(1) * width;
        let partial: Vec<(Vec<f32>, Vec<f32>)> = dx
            .par_chunks_mut(block)
            .zip(x.par_chunks(block).zip(grad.par_chunks(block)))
            .map(|(dx, (x, grad))| {
                let (mut dw, mut db) = (vec![0f32; width], vec![0f32; width]);
                let (mut normed, mut scaled) = (vec![0f32; width], vec![0f32; width]);
                for ((dx, x), g) in dx
                    .chunks_exact_mut(width)
                    .zip(x.chunks_exact(width))
                    .zip(grad.chunks_exact(width))
                {
                    let (mean, rstd) = moments(x, self.eps);
                    for i in 0..width {
                        normed[i] = (x[i] - mean) * rstd;
                        scaled[i] = g[i] * weight[i];
                        dw[i] += g[i] * normed[i];
                        db[i] += g[i];
                    }
                    let mean_scaled = sum(&scaled) / width as f32;
                    let mean_product = dot(&scaled, &normed) / width as f32;
                    for i in 0..width {
                        dx[i] = rstd * (scaled[i] - mean_scaled - normed[i] * mean_product);
                    }
                }
                (dw, db)
            })
            .collect();
        let (dw, db) = sums.split_at_mut(width);
        for (part_w, part_b) in partial {
            dw.iter_mut().zip(part_w).for_each(|(t, v)| *t += v);
            db.iter_mut().zip(part_b).for_each(|(t, v)| *t += v);
        }
        Ok((CpuStorage::F32(out), Shape::from((n + 2, width))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cpu::gradient_check::assert_gradients;
    use crate::cpu::seeded::normal_variable;

    #[test]
    fn linear_gradients_match_finite_differences() {
        for activation in [None, Some(Activation::QuickGelu), Some(Activation::Gelu)] {
            let (x, w, b) = (
                normal_variable(1, &[5, 7]),
                normal_variable(2, &[3, 7]),
                normal_variable(3, &[3]),
            );
            assert_gradients(&[&x, &w, &b], |v| {
                linear(&v[0], &v[1], &v[2], activation).unwrap()
            });
        }
    }

    #[test]
    fn layer_norm_gradients_match_finite_differences() {
        let (x, w, b) = (
            normal_variable(4, &[4, 19]),
            normal_variable(5, &[19]),
            normal_variable(6, &[19]),
        );
        assert_gradients(&[&x, &w, &b], |v| {
            layer_norm(&v[0], &v[1], &v[2], 1e-5).unwrap()
        });
    }

    #[test]
    fn constant_and_differentiable_forms_agree() {
        let (x, w, b) = (
            normal_variable(7, &[40, 64]),
            normal_variable(8, &[512, 64]),
            normal_variable(9, &[512]),
        );
        let values: Vec<f32> = w.flatten_all().unwrap().to_vec1().unwrap();
        for activation in [Activation::QuickGelu, Activation::Gelu] {
            let differentiable = linear(&x, &w, &b, Some(activation)).unwrap();
            let constant =
                constant_linear(&x, &Matrix::Rows(&values, 64), Some(&b), Some(activation))
                    .unwrap();
            let difference = (differentiable - constant)
                .unwrap()
                .abs()
                .unwrap()
                .max_all()
                .unwrap()
                .to_scalar::<f32>()
                .unwrap();
            assert!(difference < 2e-5, "{difference}");
        }
    }

    #[test]
    fn mismatched_shapes_are_errors() {
        let (x, w, b) = (
            normal_variable(10, &[5, 7]),
            normal_variable(11, &[3, 8]),
            normal_variable(12, &[3]),
        );
        assert!(linear(&x, &w, &b, None).is_err());
        assert!(layer_norm(&x, &b, &b, 1e-5).is_err());
    }
}
