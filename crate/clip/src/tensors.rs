//! Tensors as they lie in files, and reading them one at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::quantized::GgmlDType;
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::bytes::ByteSource;
use super::error::{ClipError, shown};

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
    fn scale_offsets(self) -> &'static [usize] {
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

/// Tensors that lie uncompressed in byte sources: safetensors, GGUF and PyTorch's archives.
///
/// Every entry of a supported type lies inside its source, whole: [`TensorTable::new`] sees to it.
pub struct TensorTable {
    sources: Vec<Arc<dyn ByteSource>>,
    entries: BTreeMap<String, TensorEntry>,
}

impl TensorTable {
    /// Joins sources with what lies in them.
    ///
    /// # Errors
    /// A tensor that does not lie inside its source, or whose shape is not made of whole blocks.
    pub fn new(
        sources: Vec<Arc<dyn ByteSource>>,
        entries: BTreeMap<String, TensorEntry>,
    ) -> Result<Self, ClipError> {
        for (name, entry) in &entries {
            let Ok(element) = entry.element else {
                continue; // refused when it is read
            };
            let Some(source) = sources.get(entry.source) else {
                return Err(ClipError::malformed(
                    "the table of tensors",
                    0,
                    format!("tensor {} lies in a file that is not there", shown(name)),
                ));
            };
            let inside = element
                .tensor_bytes(&entry.shape)
                .and_then(|bytes| entry.offset.checked_add(bytes))
                .is_some_and(|end| end <= source.len());
            if !inside {
                return Err(ClipError::malformed(
                    source.name(),
                    entry.offset,
                    format!(
                        "tensor {} of shape {:?} and type {element} does not lie inside the file",
                        shown(name),
                        entry.shape
                    ),
                ));
            }
        }
        Ok(Self { sources, entries })
    }
}

/// Bytes converted at a time, so that reading needs little beside the result.
const CHUNK: usize = 1 << 20;

impl TensorReader for TensorTable {
    fn file(&self) -> &str {
        self.sources.first().map_or("checkpoint", |s| s.name())
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn read(
        &self,
        name: &str,
        rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError> {
        let Some(entry) = self.entries.get(name) else {
            return Err(ClipError::MissingTensor {
                file: self.file().into(),
                name: name.into(),
            });
        };
        let source = &self.sources[entry.source];
        let file = source.name();
        let element = entry
            .element
            .clone()
            .map_err(|found| ClipError::UnsupportedType {
                file: file.into(),
                name: name.into(),
                found,
            })?;
        let first = entry.shape.first().copied().unwrap_or(1);
        let rows = rows.unwrap_or(0..first);
        if rows.start > rows.end || rows.end > first {
            return Err(ClipError::malformed(
                file,
                entry.offset,
                format!(
                    "rows {} to {} were asked of tensor {}, which has {first},",
                    rows.start,
                    rows.end,
                    shown(name)
                ),
            ));
        }
        // `new` has checked that this is a number and that the whole tensor lies in the source.
        let total = element.tensor_bytes(&entry.shape).unwrap_or(0);
        if element.is_quantized() && entry.shape.len() < 2 {
            // The "rows" of a vector are single elements, which are parts of blocks.
            let bytes = self.bytes(name, source, entry.offset, total)?;
            check_scales(file, name, element, &bytes)?;
            let values = StoredTensor::Blocks { element, bytes }.into_f32(&entry.shape)?;
            return Ok(StoredTensor::Float(values[rows].to_vec()));
        }
        let row_bytes = total.checked_div(first as u64).unwrap_or(0);
        let start = entry.offset + rows.start as u64 * row_bytes;
        let length = rows.len() as u64 * row_bytes;
        let io = |e| ClipError::io(file, e);

        if element.is_quantized() || element == ElementType::F16 {
            let bytes = self.bytes(name, source, start, length)?;
            check_scales(file, name, element, &bytes)?;
            return Ok(StoredTensor::Blocks { element, bytes });
        }
        let length = memory(file, name, length)?;
        let mut values = Vec::with_capacity(length / element.block_bytes());
        let mut chunk = vec![0; CHUNK.min(length)];
        let mut done = 0;
        while done < length {
            let n = CHUNK.min(length - done);
            source
                .read_at(start + done as u64, &mut chunk[..n])
                .map_err(io)?;
            expand(element, &chunk[..n], &mut values);
            done += n;
        }
        check_finite(file, name, &values)?;
        Ok(StoredTensor::Float(values))
    }

    fn sha256(&self) -> Result<String, ClipError> {
        sha256_of(self.sources.iter().map(|s| s.as_ref()))
    }
}

impl TensorTable {
    fn bytes(
        &self,
        name: &str,
        source: &Arc<dyn ByteSource>,
        start: u64,
        length: u64,
    ) -> Result<Vec<u8>, ClipError> {
        let mut bytes = vec![0; memory(source.name(), name, length)?];
        source
            .read_at(start, &mut bytes)
            .map_err(|e| ClipError::io(source.name(), e))?;
        Ok(bytes)
    }
}

/// The length of a tensor as an index; more than the address space of a wasm module is an error.
fn memory(file: &str, name: &str, bytes: u64) -> Result<usize, ClipError> {
    usize::try_from(bytes)
        .ok()
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or_else(|| ClipError::OutOfMemory {
            file: file.into(),
            name: name.into(),
            bytes,
        })
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

fn expand(element: ElementType, bytes: &[u8], values: &mut Vec<f32>) {
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

fn check_scales(
    file: &str,
    name: &str,
    element: ElementType,
    bytes: &[u8],
) -> Result<(), ClipError> {
    for (block, data) in bytes.chunks_exact(element.block_bytes()).enumerate() {
        for &at in element.scale_offsets() {
            let scale = f16::from_le_bytes([data[at], data[at + 1]]);
            if !scale.is_finite() {
                return Err(ClipError::NonFinite {
                    file: file.into(),
                    name: name.into(),
                    value: scale.to_f32(),
                    index: block * element.block_elements(),
                });
            }
        }
    }
    Ok(())
}

/// SHA-256 of one source, or of the hashes of several, as hexadecimal.
pub fn sha256_of<'a>(
    sources: impl Iterator<Item = &'a dyn ByteSource>,
) -> Result<String, ClipError> {
    let mut hashes = sources.map(source_sha256).collect::<Result<Vec<_>, _>>()?;
    Ok(if hashes.len() == 1 {
        hashes.remove(0)
    } else {
        use sha2::Digest;
        hex(&sha2::Sha256::digest(hashes.concat()))
    })
}

fn source_sha256(source: &dyn ByteSource) -> Result<String, ClipError> {
    use sha2::Digest;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    while done < source.len() {
        let n = (CHUNK as u64).min(source.len() - done) as usize;
        source
            .read_at(done, &mut chunk[..n])
            .map_err(|e| ClipError::io(source.name(), e))?;
        hasher.update(&chunk[..n]);
        done += n as u64;
    }
    Ok(hex(&hasher.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
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

    /// A table of one tensor in a file that holds nothing else.
    fn table(
        shape: &[usize],
        element: ElementType,
        bytes: Vec<u8>,
    ) -> Result<TensorTable, ClipError> {
        let entry = TensorEntry {
            shape: shape.to_vec(),
            element: Ok(element),
            source: 0,
            offset: 0,
        };
        let source: Arc<dyn ByteSource> =
            Arc::new(crate::bytes::MemorySource::new("memory", bytes));
        TensorTable::new(vec![source], [("t".to_owned(), entry)].into())
    }

    const QUANTIZED: [ElementType; 4] = [
        ElementType::Q8_0,
        ElementType::Q4_0,
        ElementType::Q4_K,
        ElementType::Q6_K,
    ];

    /// 512 values in blocks, and what they mean.
    fn blocks(element: ElementType) -> (Vec<u8>, Vec<f32>) {
        let values: Vec<f32> = (0..512).map(|i| (i as f32 * 0.37).sin()).collect();
        let tensor = candle_core::Tensor::from_vec(values, 512, &candle_core::Device::Cpu)
            .expect("a tensor");
        let dtype = element.ggml().expect("a GGUF type");
        let blocks = candle_core::quantized::QTensor::quantize(&tensor, dtype).expect("blocks");
        let values = blocks
            .dequantize(&candle_core::Device::Cpu)
            .and_then(|values| values.to_vec1())
            .expect("values");
        (blocks.data().expect("bytes").into_owned(), values)
    }

    #[test]
    fn a_vector_in_blocks_is_read_whole_and_in_part() {
        for element in QUANTIZED {
            let (bytes, expected) = blocks(element);
            let table = table(&[512], element, bytes).expect("it fits");
            let read = |rows| {
                let stored = table.read("t", rows).expect("it is there");
                assert!(matches!(stored, StoredTensor::Float(_)), "{element}");
                stored.into_f32(&[512]).expect("floats")
            };
            assert_eq!(read(None), expected, "{element}");
            assert_eq!(read(Some(0..512)), expected, "{element}");
            assert_eq!(read(Some(3..41)), expected[3..41], "{element}");
            assert!(table.read("t", Some(500..513)).is_err(), "{element}");
        }
    }

    #[test]
    fn bytes_that_are_not_the_shapes_never_reach_the_kernels() {
        for element in QUANTIZED {
            let (bytes, _) = blocks(element);
            for shape in [&[1024][..], &[2, 512], &[256], &[usize::MAX, 512]] {
                assert!(
                    quantized(element, &bytes, shape).is_err(),
                    "{element} {shape:?}"
                );
            }
            // Nor do addresses that a block cannot have.
            let shifted: Vec<u8> = [0].iter().chain(&bytes).copied().collect();
            let values = |bytes: &[u8]| {
                quantized(element, bytes, &[512])
                    .and_then(|blocks| blocks.dequantize(&candle_core::Device::Cpu))
                    .and_then(|values| values.to_vec1::<f32>())
                    .expect("they fit")
            };
            assert_eq!(values(&shifted[1..]), values(&bytes), "{element}");
            let short = bytes[..bytes.len() - 1].to_vec();
            assert!(quantized(element, &short, &[512]).is_err(), "{element}");
            let error = table(&[512], element, short).err().expect("too short");
            assert!(error.to_string().contains("tensor t"), "{error}");
            assert!(table(&[500], element, bytes).is_err(), "no whole blocks");
        }
    }

    #[test]
    fn non_finite_values_are_found() {
        let mut values = vec![1.0; 100];
        assert!(check_finite("f", "t", &values).is_ok());
        values[42] = f32::NAN;
        let error = check_finite("f", "t", &values)
            .expect_err("NaN")
            .to_string();
        assert!(
            error.contains("element 42") && error.contains("tensor t"),
            "{error}"
        );
        values[42] = f32::MAX; // a finite sum may overflow; the values are still fine
        values[43] = f32::MAX;
        assert!(check_finite("f", "t", &values).is_ok());
    }
}
