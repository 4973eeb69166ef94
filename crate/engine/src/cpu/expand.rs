//! Blocks of a GGUF type to f32, a piece of a matrix at a time.

use std::borrow::Cow;
use std::ops::Range;

use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Error, Result};
use half::f16;

/// A matrix in blocks, each row a whole number of them.
pub(super) struct Blocks<'a> {
    bytes: Cow<'a, [u8]>,
    dtype: GgmlDType,
    inner: usize,
    row_bytes: usize,
}

impl<'a> Blocks<'a> {
    /// Looks at a tensor as rows of `inner` values.
    ///
    /// # Errors
    /// Rows that are not whole blocks.
    pub(super) fn new(tensor: &'a QTensor, inner: usize) -> Result<Self> {
        let dtype = tensor.dtype();
        let elements = tensor.shape().elem_count();
        if inner == 0
            || !inner.is_multiple_of(dtype.block_size())
            || !elements.is_multiple_of(inner)
        {
            return Err(Error::Msg(format!(
                "a tensor of shape {:?} has no rows of {inner} values in {dtype:?} blocks",
                tensor.shape()
            )));
        }
        Ok(Self {
            bytes: tensor.data()?,
            dtype,
            inner,
            row_bytes: inner / dtype.block_size() * dtype.type_size(),
        })
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.bytes.len() / self.row_bytes
    }

    /// Length of a row.
    pub(super) fn inner(&self) -> usize {
        self.inner
    }

    /// Writes some columns, whole blocks, of some rows to `values`, in place of what is there.
    ///
    /// # Errors
    /// candle's.
    pub(super) fn expand(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        values: &mut Vec<f32>,
    ) -> Result<()> {
        let (block, block_bytes) = (self.dtype.block_size(), self.dtype.type_size());
        let within = columns.start / block * block_bytes..columns.end / block * block_bytes;
        let bytes = |row: usize| &self.bytes[row * self.row_bytes..][within.clone()];
        values.resize(rows.len() * columns.len(), 0.0);
        // The common types in loops that become SIMD code, candle's for the others.
        let expand_row = match self.dtype {
            GgmlDType::Q8_0 => expand_q8_0,
            GgmlDType::F16 => expand_f16,
            dtype => {
                let bytes: Vec<u8> = rows.clone().flat_map(bytes).copied().collect();
                let shape = vec![rows.len(), columns.len()];
                let tensor = qtensor_from_ggml(dtype, &bytes, shape, &Device::Cpu)?;
                *values = tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
                return Ok(());
            }
        };
        for (row, values) in rows.zip(values.chunks_exact_mut(columns.len())) {
            expand_row(bytes(row), values);
        }
        Ok(())
    }
}

fn expand_q8_0(bytes: &[u8], values: &mut [f32]) {
    const VALUES: usize = 32;
    for (block, values) in bytes
        .as_chunks::<34>()
        .0
        .iter()
        .zip(values.as_chunks_mut::<VALUES>().0)
    {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        for (value, &byte) in values.iter_mut().zip(&block[2..]) {
            *value = f32::from(byte.cast_signed()) * scale;
        }
    }
}

/// Of finite values, as all weights are: infinities would become numbers.
fn expand_f16(bytes: &[u8], values: &mut [f32]) {
    for (value, &pair) in values.iter_mut().zip(bytes.as_chunks().0) {
        let bits = u32::from(u16::from_le_bytes(pair));
        // The exponent's bias differs by 112; multiplying also makes subnormals right.
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
        *value = f32::from_bits(magnitude.to_bits() | (bits & 0x8000) << 16);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use candle_core::Tensor;

    use super::*;

    #[test]
    fn every_type_expands_as_candle_does() {
        let values = (0..7 * 512).map(|i| (i as f32 * 1.7).sin()).collect();
        let tensor = Tensor::from_vec(values, (7, 512), &Device::Cpu).unwrap();
        for dtype in [
            GgmlDType::F16,
            GgmlDType::Q8_0,
            GgmlDType::Q4_0,
            GgmlDType::Q4K,
            GgmlDType::Q6K,
        ] {
            let quantized = QTensor::quantize(&tensor, dtype).unwrap();
            let expected: Vec<Vec<f32>> = quantized
                .dequantize(&Device::Cpu)
                .unwrap()
                .narrow(1, 256, 256)
                .unwrap()
                .to_vec2()
                .unwrap();
            let blocks = Blocks::new(&quantized, 512).unwrap();
            assert_eq!(blocks.rows(), 7);
            let mut values = vec![f32::NAN; 3];
            blocks.expand(2..5, 256..512, &mut values).unwrap();
            assert_eq!(values, expected[2..5].concat(), "{dtype:?}");
        }
    }

    #[test]
    fn every_finite_f16_is_exact() {
        let halves: Vec<f16> = (0..=u16::MAX)
            .map(f16::from_bits)
            .filter(|half| half.is_finite())
            .collect();
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        let mut values = vec![0.0; halves.len()];
        expand_f16(&bytes, &mut values);
        for (half, value) in halves.iter().zip(&values) {
            assert_eq!(value.to_bits(), half.to_f32().to_bits(), "{half:?}");
        }
    }

    #[test]
    fn rows_that_are_not_whole_blocks_are_an_error() {
        let tensor = Tensor::zeros((4, 64), candle_core::DType::F32, &Device::Cpu).unwrap();
        let quantized = QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap();
        assert!(Blocks::new(&quantized, 48).is_err());
        assert!(Blocks::new(&quantized, 0).is_err());
    }
}
