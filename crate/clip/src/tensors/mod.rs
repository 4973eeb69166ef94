//! Tensors as they lie in files, and reading them one at a time.

mod element;
mod table;

use std::collections::BTreeMap;

use half::{bf16, f16};

use super::error::ClipError;

pub use element::ElementType;
pub(crate) use table::hex;
pub use table::{TensorTable, sha256_of};

/// One tensor of a file's table.
#[derive(Clone, Debug)]
pub struct TensorEntry {
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// The element type, or the file's name of one that is not supported (integer buffers, say).
    pub element: Result<ElementType, String>,
    /// Which of the table's sources holds it.
    pub source: usize,
    /// Byte offset in that source.
    pub offset: u64,
}

/// Values of one tensor, read.
#[derive(Clone, Debug)]
pub enum StoredTensor {
    /// Expanded to f32.
    Float(Vec<f32>),
    /// Blocks as they lie in the file.
    Blocks {
        /// Their type: a quantised one, or F16.
        element: ElementType,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// Reads tensors by the names of a file.
pub trait TensorReader: Send + Sync {
    /// The file's name, for messages.
    fn file(&self) -> &str;

    /// Names, shapes and types.
    fn entries(&self) -> &BTreeMap<String, TensorEntry>;

    /// What the file says of itself, where its format has words for that.
    fn metadata(&self) -> Option<&BTreeMap<String, String>> {
        None
    }

    /// Reads rows `rows.start..rows.end` of the first dimension (all of a scalar).
    ///
    /// # Errors
    /// A missing tensor, an unsupported type, a value that is not finite, or the source's error.
    fn read(
        &self,
        name: &str,
        rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError>;

    /// SHA-256 of the bytes that hold the weights, as hexadecimal; of several files, that of
    /// their hashes in the order of their names.
    ///
    /// # Errors
    /// The source's.
    fn sha256(&self) -> Result<String, ClipError>;
}

impl StoredTensor {
    /// The values as f32.
    ///
    /// # Errors
    /// candle's, for blocks that do not fit the shape.
    pub fn into_f32(self, shape: &[usize]) -> Result<Vec<f32>, ClipError> {
        match self {
            Self::Float(values) => Ok(values),
            Self::Blocks {
                element: ElementType::F16,
                bytes,
            } => {
                let mut values = Vec::with_capacity(bytes.len() / 2);
                expand(ElementType::F16, &bytes, &mut values);
                Ok(values)
            }
            Self::Blocks { element, bytes } => {
                let blocks = quantized(element, &bytes, shape)?;
                Ok(blocks
                    .dequantize(&candle_core::Device::Cpu)?
                    .flatten_all()?
                    .to_vec1()?)
            }
        }
    }
}

/// Blocks as candle's quantised tensor.
///
/// # Errors
/// A number of bytes that is not the shape's, a type that GGUF does not have.
pub fn quantized(
    element: ElementType,
    bytes: &[u8],
    shape: &[usize],
) -> candle_core::Result<candle_core::quantized::QTensor> {
    // candle reads as many blocks as the shape says, whatever the length of the slice.
    if element.tensor_bytes(shape) != Some(bytes.len() as u64) {
        return Err(candle_core::Error::Msg(format!(
            "{} bytes are not a tensor of shape {shape:?} and type {element}",
            bytes.len()
        )));
    }
    let dtype = element
        .ggml()
        .ok_or_else(|| candle_core::Error::Msg(format!("{element} is no GGUF type")))?;
    // candle takes the bytes for blocks where they lie; its blocks want even addresses, and no
    // type of ggml's wants more than this.
    let aligned: Vec<u64>;
    let bytes = if bytes.as_ptr().cast::<u64>().is_aligned() {
        bytes
    } else {
        aligned = bytes
            .chunks(8)
            .map(|part| {
                let mut word = [0; 8];
                word[..part.len()].copy_from_slice(part);
                u64::from_ne_bytes(word)
            })
            .collect();
        &bytemuck::cast_slice(&aligned)[..bytes.len()]
    };
    candle_core::quantized::ggml_file::qtensor_from_ggml(
        dtype,
        bytes,
        shape.to_vec(),
        &candle_core::Device::Cpu,
    )
}

pub(super) fn expand(element: ElementType, bytes: &[u8], values: &mut Vec<f32>) {
    // `as_chunks` leaves no remainder: lengths are whole elements.
    match element {
        ElementType::F32 => {
            values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)))
        }
        ElementType::F64 => values.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&b| f64::from_le_bytes(b) as f32),
        ),
        ElementType::F16 => values.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&b| f16::from_le_bytes(b).to_f32()),
        ),
        ElementType::BF16 => values.extend(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|&b| bf16::from_le_bytes(b).to_f32()),
        ),
        _ => {}
    }
}

pub(super) fn check_finite(file: &str, name: &str, values: &[f32]) -> Result<(), ClipError> {
    // Branch-free first: x · 0 is NaN for exactly the values that are not finite.
    if values.iter().map(|x| x * 0.0).sum::<f32>() == 0.0 {
        return Ok(());
    }
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(ClipError::NonFinite {
            file: file.into(),
            name: name.into(),
            value: values[index],
            index,
        }),
    }
}
