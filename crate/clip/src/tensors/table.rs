//! Tensors of files at hand, read by their offsets.

use std::collections::BTreeMap;
use std::sync::Arc;

use half::f16;

use super::{ElementType, StoredTensor, TensorEntry, TensorReader, check_finite, expand};
use crate::bytes::ByteSource;
use crate::error::{ClipError, shown};

/// Tensors that lie uncompressed in byte sources: safetensors, GGUF and PyTorch's archives.
///
/// Every entry of a supported type lies inside its source, whole: [`TensorTable::new`] sees to it.
pub struct TensorTable {
    sources: Vec<Arc<dyn ByteSource>>,
    entries: BTreeMap<String, TensorEntry>,
    metadata: BTreeMap<String, String>,
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
        Ok(Self {
            sources,
            entries,
            metadata: BTreeMap::new(),
        })
    }

    /// The same, with what the file says of itself.
    pub fn saying(self, metadata: BTreeMap<String, String>) -> Self {
        Self { metadata, ..self }
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

    fn metadata(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.metadata)
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

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::quantized;
    use super::*;

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
