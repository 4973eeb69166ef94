//! Four f32 side by side, as a register of wasm's simd128 holds, with the one operation that
//! products are made of.

/// Values side by side.
pub(super) const LANES: usize = 4;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod register {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, v128};

    /// By name, for the compiler makes slow code of arrays here.
    #[derive(Clone, Copy)]
    pub(in crate::cpu) struct Lanes(v128);

    impl Lanes {
        #[inline(always)]
        pub(in crate::cpu) fn new(values: &[f32; 4]) -> Self {
            Self(f32x4(values[0], values[1], values[2], values[3]))
        }

        /// `self + a · b`; simd128 has no fused form.
        #[inline(always)]
        pub(in crate::cpu) fn multiply_add(self, a: Self, b: Self) -> Self {
            Self(f32x4_add(self.0, f32x4_mul(a.0, b.0)))
        }

        #[inline(always)]
        pub(in crate::cpu) fn sum(self) -> f32 {
            (f32x4_extract_lane::<0>(self.0) + f32x4_extract_lane::<2>(self.0))
                + (f32x4_extract_lane::<1>(self.0) + f32x4_extract_lane::<3>(self.0))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod register {
    use super::LANES;

    #[derive(Clone, Copy)]
    pub(in crate::cpu) struct Lanes([f32; LANES]);

    impl Lanes {
        #[inline(always)]
        pub(in crate::cpu) fn new(values: &[f32; LANES]) -> Self {
            Self(*values)
        }

        /// `self + a · b`.
        #[inline(always)]
        pub(in crate::cpu) fn multiply_add(mut self, a: Self, b: Self) -> Self {
            for lane in 0..LANES {
                self.0[lane] += a.0[lane] * b.0[lane];
            }
            self
        }

        #[inline(always)]
        pub(in crate::cpu) fn sum(self) -> f32 {
            let [a, b, c, d] = self.0;
            (a + c) + (b + d)
        }
    }
}

pub(super) use register::Lanes;
