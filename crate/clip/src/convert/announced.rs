//! Files of weights of which only the headers are here.

use std::collections::BTreeMap;

use crate::bytes::ByteSource;
use crate::error::ClipError;
use crate::safetensors;
use crate::tensors::{StoredTensor, TensorEntry, TensorReader};

use super::HASH_DIGITS;

/// A safetensors file of which the header has arrived.
pub struct Announced {
    /// Its name.
    pub name: String,
    /// All bytes before the first tensor's: see [`header_length`].
    pub header: Vec<u8>,
}

/// How many bytes of a safetensors file come before its tensors', from its first eight.
///
/// # Errors
/// Bytes that no safetensors file begins with, in words that say what they look like.
pub fn header_length(file: &str, first: [u8; 8]) -> Result<u64, ClipError> {
    let not = |why: &str| ClipError::NotACheckpoint {
        file: file.into(),
        why: why.into(),
    };
    if first.starts_with(b"PK\x03\x04") || first.starts_with(&[0x80, 2]) {
        return Err(not(
            "it is a pickled state dict, which only the cliprobe command reads",
        ));
    }
    if first.trim_ascii_start().starts_with(b"<") {
        return Err(not("it is a web page, not a file of weights"));
    }
    if first.starts_with(b"version ") {
        return Err(not("it is a pointer of Git LFS, not the file of weights"));
    }
    let length = u64::from_le_bytes(first);
    if length > safetensors::LARGEST_HEADER {
        return Err(ClipError::malformed(
            file,
            0,
            format!("a header of {length} bytes is no safetensors header; the number stands"),
        ));
    }
    Ok(8 + length)
}

/// A file's header in place of the file.
pub(super) struct HeaderOnly<'a> {
    pub(super) announced: &'a Announced,
    pub(super) length: u64,
}

impl ByteSource for HeaderOnly<'_> {
    fn name(&self) -> &str {
        &self.announced.name
    }

    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.announced.header.get(start..)?.get(..buffer.len()))
            .ok_or(std::io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// Tensors whose shapes are known and whose values have not arrived.
pub(super) struct Expected {
    pub(super) file: String,
    pub(super) entries: BTreeMap<String, TensorEntry>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl TensorReader for Expected {
    fn file(&self) -> &str {
        &self.file
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn metadata(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.metadata)
    }

    /// Only the temperature is asked for before the weights are here; it is put right when it arrives.
    fn read(
        &self,
        _name: &str,
        _rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError> {
        Ok(StoredTensor::Float(vec![0.0]))
    }

    fn sha256(&self) -> Result<String, ClipError> {
        Ok("0".repeat(HASH_DIGITS))
    }
}

/// The length of a file, as its header says it: its tensors' bytes end the file.
pub(super) fn announced_length(announced: &Announced) -> Result<u64, ClipError> {
    let Announced { name, header } = announced;
    let first = header.first_chunk().ok_or_else(|| {
        ClipError::malformed(name, 0, "the header's length is missing: the file ends")
    })?;
    let expected = header_length(name, *first)?;
    if expected != header.len() as u64 {
        return Err(ClipError::malformed(
            name,
            header.len() as u64,
            format!("the header takes {expected} bytes, but ends"),
        ));
    }
    let json: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&header[8..]).map_err(|cause| ClipError::Json {
            file: format!("the header of {name}"),
            cause,
        })?;
    let ends = json
        .values()
        .filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    Ok(expected.saturating_add(ends.max().unwrap_or(0)))
}
