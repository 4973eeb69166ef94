//! How elements are stored: floats, and ggml's blocks.

use candle_core::quantized::GgmlDType;
use serde::{Deserialize, Serialize};

/// How the elements of a stored tensor are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(non_camel_case_types)] // ggml's own names
pub enum ElementType {
    /// IEEE double precision.
    F64,
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of single precision.
    BF16,
    /// Blocks of 32: an f16 scale and 8-bit values.
    Q8_0,
    /// Blocks of 32: an f16 scale and 4-bit values.
    Q4_0,
    /// Blocks of 256: two f16 scales, eight 6-bit scales and offsets, 4-bit values.
    Q4_K,
    /// Blocks of 256: an f16 scale, sixteen 8-bit scales, 6-bit values.
    Q6_K,
}

impl ElementType {
    /// Every type that GGUF files are written in, with the name that files and flags use.
    pub const GGUF: [Self; 6] = [
        Self::F32,
        Self::F16,
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_K,
        Self::Q6_K,
    ];

    /// The usual name, e.g. `Q8_0`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_K => "Q4_K",
            Self::Q6_K => "Q6_K",
        }
    }

    /// The type of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::F64, Self::BF16]
            .into_iter()
            .chain(Self::GGUF)
            .find(|t| t.name().eq_ignore_ascii_case(name))
    }

    /// Elements of a block; 1 for plain floats. The last dimension is a multiple of it.
    pub fn block_elements(self) -> usize {
        match self {
            Self::Q8_0 | Self::Q4_0 => 32,
            Self::Q4_K | Self::Q6_K => 256,
            _ => 1,
        }
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4_K => 144,
            Self::Q6_K => 210,
        }
    }

    /// Bytes of a tensor of this shape, or `None` where rows are not whole blocks or the number overflows.
    pub fn tensor_bytes(self, shape: &[usize]) -> Option<u64> {
        let elements = shape
            .iter()
            .try_fold(1u64, |n, &d| n.checked_mul(d as u64))?;
        let row = shape.last().copied().unwrap_or(1);
        if row % self.block_elements() != 0 {
            return None;
        }
        (elements / self.block_elements() as u64).checked_mul(self.block_bytes() as u64)
    }

    /// Whether the elements come in blocks.
    pub fn is_quantized(self) -> bool {
        self.block_elements() > 1
    }

    /// candle's name, for the types that GGUF knows.
    pub fn ggml(self) -> Option<GgmlDType> {
        Some(match self {
            Self::F32 => GgmlDType::F32,
            Self::F16 => GgmlDType::F16,
            Self::BF16 => GgmlDType::BF16,
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q4_0 => GgmlDType::Q4_0,
            Self::Q4_K => GgmlDType::Q4K,
            Self::Q6_K => GgmlDType::Q6K,
            Self::F64 => return None,
        })
    }

    /// Where the f16 scales of a block lie.
    pub(super) fn scale_offsets(self) -> &'static [usize] {
        match self {
            Self::Q8_0 | Self::Q4_0 | Self::F16 => &[0],
            Self::Q4_K => &[0, 2],
            Self::Q6_K => &[208],
            Self::F64 | Self::F32 | Self::BF16 => &[],
        }
    }
}

impl std::fmt::Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_agree_with_ggml() {
        for element in ElementType::GGUF {
            let ggml = element.ggml().expect("a GGUF type");
            assert_eq!(element.block_bytes(), ggml.type_size(), "{element}");
            assert_eq!(element.block_elements(), ggml.block_size(), "{element}");
        }
        assert_eq!(ElementType::Q4_K.tensor_bytes(&[3, 128]), None);
        assert_eq!(ElementType::F32.tensor_bytes(&[]), Some(4));
        assert_eq!(
            ElementType::F32.tensor_bytes(&[usize::MAX, usize::MAX]),
            None
        );
    }
}
