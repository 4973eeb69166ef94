//! Exterior angles as seen from the root of a hierarchy, differentiable also where they are not.
//!
//! ```text
//! a = e − r,  d = e' − e,  Ξ_r(e, e') = acos(a·d / (|a| |d|)) = π − ∠(r, e, e')
//! ```
//!
//! The reference (HierarCaps, Alper and Averbuch-Elor, arXiv 2407.08521, `train.py`) has no
//! epsilon, and so no numbers where two texts of a chain are equal. Here:
//!
//! - cosines are kept within ±(1 − 10⁻⁷), where acos has a derivative; as of a clipped number,
//!   there is no gradient beyond;
//! - where |a| or |d| is below 10⁻⁶ the vector has no direction: Ξ is π/2, without a gradient.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor};

/// Largest cosine that has an angle with a derivative.
const MOST: f32 = 1.0 - 1e-7;
/// Squared length below which a difference of unit vectors is rounding.
const NO_LENGTH: f64 = 1e-12;

/// `Ξ_r(e, e')` in radians from 0 to π. `root`: broadcast against `from`; `from`, `to`:
/// `[…, dim]` → `[…]`.
pub(super) fn exterior_angle(root: &Tensor, from: &Tensor, to: &Tensor) -> Result<Tensor> {
    let a = from.broadcast_sub(root)?;
    let d = (to - from)?;
    let (a_square, d_square) = (a.sqr()?.sum(D::Minus1)?, d.sqr()?.sum(D::Minus1)?);
    // 1 where both have a direction, else 0; constants of the graph.
    let directed = (a_square.detach().gt(NO_LENGTH)?.to_dtype(a.dtype())?
        * d_square.detach().gt(NO_LENGTH)?.to_dtype(a.dtype())?)?;
    let undirected = (1.0 - &directed)?;
    let product = ((a * d)?.sum(D::Minus1)? * directed)?;
    let lengths = ((a_square + &undirected)?.sqrt()? * (d_square + &undirected)?.sqrt()?)?;
    arc_cosine(&(product / lengths)?)
}

/// acos of cosines, in radians.
pub(super) fn arc_cosine(cosines: &Tensor) -> Result<Tensor> {
    cosines.contiguous()?.apply_op1(ArcCosine)
}

/// asin = π/2 − acos.
pub(super) fn arc_sine(sines: &Tensor) -> Result<Tensor> {
    arc_cosine(sines)?.affine(-1.0, std::f64::consts::FRAC_PI_2)
}

/// candle has no inverse trigonometric functions.
struct ArcCosine;

impl CustomOp1 for ArcCosine {
    fn name(&self) -> &'static str {
        "arc-cosine"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let angle = |x: &f32| f64::from(x.clamp(-MOST, MOST)).acos() as f32;
        let angles = values(self.name(), x, layout)?.iter().map(angle);
        Ok((CpuStorage::F32(angles.collect()), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _angle: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        Ok(Some(x.apply_op2_no_bwd(&grad, &ArcCosineBackward)?))
    }
}

struct ArcCosineBackward;

impl CustomOp2 for ArcCosineBackward {
    fn name(&self) -> &'static str {
        "arc-cosine-backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = values(self.name(), x, x_layout)?;
        let grad = values(self.name(), grad, grad_layout)?;
        let slopes = x.iter().zip(grad).map(|(&x, &g)| {
            if x.abs() > MOST {
                return 0.0;
            }
            let x = f64::from(x);
            (-f64::from(g) / (1.0 - x * x).sqrt()) as f32
        });
        Ok((CpuStorage::F32(slopes.collect()), x_layout.shape().clone()))
    }
}

fn values<'a>(op: &'static str, storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => Err(candle_core::Error::RequiresContiguous { op }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use candle_core::{Device, Var};

    use super::*;

    fn vector(values: [f32; 2]) -> Var {
        Var::from_slice(&values, (1, 2), &Device::Cpu).unwrap()
    }

    fn angle(root: &Var, from: &Var, to: &Var) -> f32 {
        let angle = exterior_angle(root, from, to).unwrap();
        angle.to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn straight_on_is_zero_and_back_is_pi() {
        let (root, from) = (vector([0.0, 0.0]), vector([1.0, 0.0]));
        // The clipped cosine's angle is 5e-4.
        assert!(angle(&root, &from, &vector([2.0, 0.0])) < 6e-4);
        let right = angle(&root, &from, &vector([1.0, 3.0]));
        assert!((right - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
        let back = angle(&root, &from, &vector([0.5, 0.0]));
        assert!((back - std::f32::consts::PI).abs() < 6e-4);
        let half = angle(&root, &from, &vector([2.0, 1.0]));
        assert!((half - std::f32::consts::FRAC_PI_4).abs() < 1e-6);
    }

    #[test]
    fn where_there_is_no_direction_there_is_no_gradient() {
        let root = vector([0.0, 0.0]);
        for (from, to) in [([1.0, 0.0], [1.0, 0.0]), ([0.0, 0.0], [1.0, 1.0])] {
            let (from, to) = (vector(from), vector(to));
            assert!((angle(&root, &from, &to) - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
            let loss = exterior_angle(&root, &from, &to)
                .unwrap()
                .sum_all()
                .unwrap();
            let gradients = loss.backward().unwrap();
            for variable in [&root, &from, &to] {
                let gradient = gradients.get(variable).unwrap().flatten_all().unwrap();
                assert_eq!(gradient.to_vec1::<f32>().unwrap(), [0.0, 0.0]);
            }
        }
    }

    #[test]
    fn gradients_stay_finite_next_to_the_ends() {
        for x in [-1.0f32, -MOST, MOST, 1.0, 1.5] {
            let x = Var::from_slice(&[x], 1, &Device::Cpu).unwrap();
            let loss = arc_cosine(&x).unwrap().sum_all().unwrap();
            let gradient = loss.backward().unwrap().get(&x).unwrap().to_vec1::<f32>();
            let gradient = gradient.unwrap()[0];
            assert!(gradient.abs() < 3e3, "{gradient}");
        }
    }
}
