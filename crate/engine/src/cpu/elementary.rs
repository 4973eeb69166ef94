//! Elementary functions written so that the compiler turns loops over them into SIMD code, on
//! x86-64, AArch64 and wasm alike; libm's are calls, and several times slower.

/// `eˣ` to 2 units in the last place; saturates near the ends of f32's range, NaN stays NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Cephes' expf: x = n ln 2 + r, a polynomial for eʳ, n into the exponent bits.
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it leaves the integer in the low bits
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let e = p * r * r + r + 1.0;
    e * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The normal distribution function `Φ(x)`, to 1.5e-7 absolute.
#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    // Abramowitz and Stegun 7.1.26 for erf(|x|/√2).
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152;
    p = p * t + 1.421_413_8;
    p = p * t - 0.284_496_72;
    p = p * t + 0.254_829_6;
    let tail = 0.5 * p * t * exp(-z * z);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// The normal density `φ(x)`.
#[inline(always)]
pub(super) fn normal_pdf(x: f32) -> f32 {
    const INV_SQRT_TAU: f32 = 0.398_942_3;
    INV_SQRT_TAU * exp(-0.5 * x * x)
}

const LANES: usize = 8;

/// Sum of a slice, in eight running sums: as many as a vector register holds, and more exact than one.
#[inline]
pub(super) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Dot product of two slices of the same length.
#[inline]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks
        .remainder()
        .iter()
        .zip(b_chunks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exact_to_a_few_ulps() {
        let mut worst = 0f64;
        for i in -8600..=8700 {
            let x = i as f32 * 0.01;
            let expected = f64::from(x).exp();
            let error = ((f64::from(exp(x)) - expected) / expected).abs();
            assert!(!error.is_nan(), "exp({x}) is no number");
            worst = worst.max(error);
        }
        assert!(worst < 2.5e-7, "relative error {worst}");
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1e30) < 1e-37 && exp(1e30).is_finite());
    }

    #[test]
    fn normal_cdf_against_a_series() {
        // Φ(x) = ½ + φ(x) · (x + x³/3 + x⁵/(3·5) + …), exact in f64 for |x| ≤ 6.
        for i in -600..=600 {
            let x = f64::from(i) * 0.01;
            let (mut term, mut total, mut k) = (x, x, 1.0);
            while term.abs() > 1e-18 {
                k += 2.0;
                term *= x * x / k;
                total += term;
            }
            let expected = 0.5 + total * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
            assert!(
                (f64::from(normal_cdf(x as f32)) - expected).abs() < 3e-7,
                "at {x}"
            );
        }
    }

    #[test]
    fn sums_and_dots() {
        let a: Vec<f32> = (0..37).map(|i| i as f32).collect();
        assert_eq!(sum(&a), 666.0);
        assert_eq!(dot(&a, &a), 16206.0);
    }
}
