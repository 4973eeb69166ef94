//! In which numbers matrix products are computed.
//!
//! All else (norms, softmax, attention, the residual stream, what follows a product) is f32 always. What
//! the narrow ones cost in exactness is derived in `docs/gpu.md`.

use crate::trial::TOLERANCE;
use cliprobe_clip::tensors::ElementType;

/// Numbers that the operands of matrix products are brought to. Sums are f32 in each, but for short
/// ones within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arithmetic {
    /// Every product and sum in f32.
    #[default]
    F32,
    /// Operands, products and sums of 8 in f16; everything longer in f32.
    F16,
    /// With Q8_0 weights products of 8-bit numbers, exact in blocks of 32; with others as `F32`.
    Int8,
}

impl Arithmetic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// `f32`, `f16` or `int8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// The arithmetic of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Largest difference of an element of a normalised embedding of `dim` elements from the CPU
    /// engine's that still tells of this arithmetic and not of a defect.
    pub fn tolerance(self, dim: usize) -> f32 {
        let length = match self {
            Self::F32 => return TOLERANCE,
            Self::F16 => 1e-2,
            Self::Int8 => 1e-1,
        };
        // An error of this length, with elements up to four times as large as their mean square's root.
        4.0 * length / (dim.max(1) as f32).sqrt()
    }

    /// What a device has to offer, by its name in WebGPU or WGSL.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Self::F32 => None,
            Self::F16 => Some("shader-f16"),
            Self::Int8 => Some("packed_4x8_integer_dot_product"),
        }
    }

    /// What products with weights of a type are computed in.
    pub(super) fn with(self, element: ElementType) -> Self {
        match self {
            Self::Int8 if element != ElementType::Q8_0 => Self::F32,
            _ => self,
        }
    }

    /// Bytes of a row of an operand with so many numbers, where it is not the f32 ones themselves.
    pub(super) fn operand_bytes(self, inner: u32) -> u64 {
        match self {
            Self::F32 => 0,
            Self::F16 => (u64::from(inner) / 4 + 1) * 8,
            Self::Int8 => u64::from(inner).div_ceil(32) * 36,
        }
    }
}

impl std::fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Largest magnitude of a weight that [`Arithmetic::F16`] takes: times 8, a row's largest number below
/// 8 and sums of 8 that stays within f16's 65,504 (see `matmul_f16.wgsl`).
pub(super) const MOST_F16_WEIGHT: f32 = 120.0;
