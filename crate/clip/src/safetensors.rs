//! Reading safetensors (<https://huggingface.co/docs/safetensors>): an 8-byte length, a JSON
//! header, then the tensors' bytes.
//!
//! The header is read without the data, so that a model needs little more memory than its
//! tensors; the `safetensors` crate wants the whole file in one slice.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::bytes::ByteSource;
use super::error::ClipError;
use super::tensors::{ElementType, TensorEntry};

/// The format's own limit.
pub(super) const LARGEST_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Reads the header of a file: its tensors, which lie in source number `source_index`.
///
/// # Errors
/// Anything that breaks the format, with the tensor's name or the offset.
pub fn read_header(
    source: &Arc<dyn ByteSource>,
    source_index: usize,
) -> Result<BTreeMap<String, TensorEntry>, ClipError> {
    read_header_of(source.as_ref(), source_index)
}

/// As [`read_header`], of a source that is only lent.
pub(super) fn read_header_of(
    source: &dyn ByteSource,
    source_index: usize,
) -> Result<BTreeMap<String, TensorEntry>, ClipError> {
    let file = source.name();
    let io = |e| ClipError::io(file, e);
    if source.len() < 8 {
        return Err(ClipError::malformed(
            file,
            0,
            format!("{} bytes are too few for a safetensors file", source.len()),
        ));
    }
    let mut length = [0; 8];
    source.read_at(0, &mut length).map_err(io)?;
    let length = u64::from_le_bytes(length);
    if length > LARGEST_HEADER || length > source.len() - 8 {
        return Err(ClipError::malformed(
            file,
            0,
            format!(
                "the header's length {length} exceeds the file ({} bytes): no safetensors file, or a truncated one",
                source.len()
            ),
        ));
    }
    let mut header = vec![0; length as usize];
    source.read_at(8, &mut header).map_err(io)?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|source| ClipError::Json {
            file: format!("the header of {file}"),
            source,
        })?;

    let data = 8 + length;
    let mut entries = BTreeMap::new();
    for (name, value) in header {
        if name == "__metadata__" {
            continue;
        }
        let wrong = |what: String| ClipError::malformed(file, 8, format!("tensor {name} {what}"));
        let entry: Entry =
            serde_json::from_value(value).map_err(|e| wrong(format!("is not described ({e})")))?;
        let (begin, end) = entry.data_offsets;
        let element = ElementType::from_name(&entry.dtype)
            .filter(|t| !t.is_quantized())
            .ok_or(entry.dtype);
        if begin > end || end > source.len() - data {
            return Err(wrong(format!(
                "lies at {begin}..{end} of {} data bytes; the file is truncated or damaged",
                source.len() - data
            )));
        }
        if let Ok(element) = &element
            && element.tensor_bytes(&entry.shape) != Some(end - begin)
        {
            return Err(wrong(format!(
                "of shape {:?} and type {element} does not take the {} bytes it has",
                entry.shape,
                end - begin
            )));
        }
        entries.insert(
            name,
            TensorEntry {
                shape: entry.shape,
                element,
                source: source_index,
                offset: data + begin,
            },
        );
    }
    Ok(entries)
}
