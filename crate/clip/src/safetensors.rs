//! Reading safetensors (<https://huggingface.co/docs/safetensors>): an 8-byte length, a JSON
//! header, then the tensors' bytes.
//!
//! The header is read without the data, so that a model needs little more memory than its
//! tensors. The `safetensors` crate judges it: no gaps, no overlaps, sizes that fit the shapes.

#![deny(clippy::cast_possible_truncation)]

use std::collections::BTreeMap;
use std::sync::Arc;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::bytes::ByteSource;
use super::error::{ClipError, shown};
use super::tensors::{ElementType, TensorEntry};

/// The format's own limit.
pub(super) const LARGEST_HEADER: u64 = 100_000_000;

/// No tensor of a CLIP has more than four.
const MOST_DIMENSIONS: usize = 16;

/// What a header says.
#[derive(Debug)]
pub struct Contents {
    /// The tensors.
    pub tensors: BTreeMap<String, TensorEntry>,
    /// What the file says of itself, such as `format`.
    pub metadata: BTreeMap<String, String>,
}

/// Reads the header of a file; its tensors lie in source number `source_index`.
///
/// # Errors
/// Anything that breaks the format, with the tensor's name or the offset: a truncated file, bytes
/// behind the last tensor, tensors that overlap or leave gaps, a name that is there twice.
pub fn read_header(
    source: &Arc<dyn ByteSource>,
    source_index: usize,
) -> Result<Contents, ClipError> {
    read_header_of(source.as_ref(), source_index)
}

/// As [`read_header`], of a source that is only lent.
pub(super) fn read_header_of(
    source: &dyn ByteSource,
    source_index: usize,
) -> Result<Contents, ClipError> {
    let file = source.name();
    let io = |e| ClipError::io(file, e);
    let wrong = |what: String| ClipError::malformed(file, 8, what);
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
    let bytes = usize::try_from(length).ok();
    let (Some(bytes), true) = (
        bytes,
        length <= LARGEST_HEADER && length <= source.len() - 8,
    ) else {
        return Err(ClipError::malformed(
            file,
            0,
            format!(
                "the header's length {length} exceeds the file ({} bytes): it is not a safetensors file, or it is truncated; the length stands",
                source.len()
            ),
        ));
    };
    let mut header = vec![0; bytes];
    source.read_at(8, &mut header).map_err(io)?;
    let Header {
        mut tensors,
        metadata: said,
    } = serde_json::from_slice(&header).map_err(|cause| ClipError::Json {
        file: format!("the header of {file}"),
        cause,
    })?;

    tensors.sort_by_key(|(_, info)| info.data_offsets);
    if let Some((name, info)) = tensors
        .iter()
        .find(|(_, info)| info.shape.len() > MOST_DIMENSIONS)
    {
        return Err(wrong(format!(
            "tensor {} has {} dimensions; at most {MOST_DIMENSIONS} are read; the header begins",
            shown(name),
            info.shape.len()
        )));
    }
    let data = 8 + length;
    let available = source.len() - data;
    if let Some((name, info)) = tensors
        .iter()
        .find(|(_, info)| info.data_offsets.1 as u64 > available)
    {
        let (begin, end) = info.data_offsets;
        return Err(wrong(format!(
            "tensor {} lies at {begin}..{end} of {available} data bytes: the file is truncated or damaged; the header begins",
            shown(name)
        )));
    }
    let metadata = Metadata::new(None, tensors.clone())
        .map_err(|error| wrong(format!("{}; the header begins", sentence(&error, &tensors))))?;
    if metadata.data_len() as u64 != available {
        return Err(ClipError::malformed(
            file,
            data + metadata.data_len() as u64,
            format!(
                "{} bytes follow the last tensor; they begin",
                available - metadata.data_len() as u64
            ),
        ));
    }
    let tensors = tensors
        .into_iter()
        .map(|(name, info)| {
            let entry = TensorEntry {
                shape: info.shape,
                element: element(info.dtype),
                source: source_index,
                offset: data + info.data_offsets.0 as u64,
            };
            (name, entry)
        })
        .collect();
    Ok(Contents {
        tensors,
        metadata: said,
    })
}

fn element(dtype: Dtype) -> Result<ElementType, String> {
    match dtype {
        Dtype::F64 => Ok(ElementType::F64),
        Dtype::F32 => Ok(ElementType::F32),
        Dtype::F16 => Ok(ElementType::F16),
        Dtype::BF16 => Ok(ElementType::BF16),
        other => Err(other.to_string()),
    }
}

/// What the crate found, with the first tensor that it can mean: it names one only for offsets.
fn sentence(error: &SafeTensorError, tensors: &[(String, TensorInfo)]) -> String {
    if let SafeTensorError::InvalidOffset(name) = error {
        return format!(
            "tensor {} does not begin where the one before it ends: they overlap or leave a gap",
            shown(name)
        );
    }
    let fits = |info: &TensorInfo| {
        let bits = info
            .shape
            .iter()
            .try_fold(info.dtype.bitsize(), |bits, &d| bits.checked_mul(d));
        let (begin, end) = info.data_offsets;
        bits.is_some_and(|bits| bits % 8 == 0 && end.checked_sub(begin) == Some(bits / 8))
    };
    match tensors.iter().find(|(_, info)| !fits(info)) {
        Some((name, info)) => {
            let (begin, end) = info.data_offsets;
            format!(
                "tensor {} of shape {:?} and type {} does not take the {} bytes it has",
                shown(name),
                info.shape,
                info.dtype,
                end.saturating_sub(begin)
            )
        }
        None => error.to_string(),
    }
}

/// The header's tensors, in the order of the file. The crate's own type reads them into a map, where
/// of two tensors of one name the first would vanish.
struct Header {
    tensors: Vec<(String, TensorInfo)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;

        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a description of each tensor by its name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let (mut tensors, mut metadata) = (Vec::new(), BTreeMap::new());
                let mut names = std::collections::BTreeSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(A::Error::custom(format!(
                            "tensor {} is there twice",
                            shown(&name)
                        )));
                    }
                    if name == "__metadata__" {
                        let said = map.next_value::<Option<BTreeMap<String, String>>>()?;
                        metadata = said.unwrap_or_default();
                    } else {
                        tensors.push((name, map.next_value()?));
                    }
                }
                Ok(Header { tensors, metadata })
            }
        }

        deserializer.deserialize_map(Tensors)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::bytes::MemorySource;

    fn read(header: &str, data: usize) -> Result<Contents, String> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.extend(vec![0; data]);
        let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new("f", file));
        read_header(&source, 0).map_err(|error| error.to_string())
    }

    fn tensor(name: &str, begin: usize, end: usize) -> String {
        format!(r#""{name}": {{"dtype": "F32", "shape": [4], "data_offsets": [{begin}, {end}]}}"#)
    }

    #[test]
    fn a_file_in_order_is_read() {
        let metadata = r#""__metadata__": {"format": "pt"}"#;
        let (a, b) = (tensor("a", 16, 32), tensor("b", 0, 16));
        let contents = read(&format!("{{{metadata}, {a}, {b}}}"), 32).unwrap();
        assert_eq!(contents.metadata["format"], "pt");
        let tensors = contents.tensors;
        assert_eq!(tensors["a"].offset - tensors["b"].offset, 16);
        assert_eq!(tensors["a"].element, Ok(ElementType::F32));
        let whole = r#"{"ids": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}"#;
        assert_eq!(
            read(whole, 8).unwrap().tensors["ids"].element,
            Err("I64".into())
        );
    }

    #[test]
    fn what_the_format_forbids_is_named() {
        let (a, b) = (tensor("a", 0, 16), tensor("b", 16, 32));
        for (header, data, needle) in [
            (format!("{{{a}, {}}}", tensor("b", 8, 24)), 24, "tensor b does not begin where"),
            (format!("{{{a}, {}}}", tensor("b", 0, 16)), 16, "does not begin where"),
            (format!("{{{a}, {}}}", tensor("b", 20, 36)), 36, "tensor b does not begin where"),
            (format!("{{{}}}", tensor("a", 4, 20)), 20, "tensor a does not begin where"),
            (format!("{{{a}, {b}, {a}}}"), 32, "tensor a is there twice"),
            (format!("{{{a}, {b}}}"), 33, "1 bytes follow the last tensor; they begin at byte"),
            (format!("{{{a}, {b}}}"), 31, "truncated"),
            (format!("{{{}}}", tensor("a", 0, 12)), 12, "does not take the 12 bytes"),
            (format!("{{{}}}", tensor("a", 16, 0)), 16, "tensor a"),
            (r#"{"a": {"dtype": "F31", "shape": [], "data_offsets": [0, 4]}}"#.into(), 4, "F31"),
            (
                r#"{"a": {"dtype": "F64", "shape": [9007199254740992, 9007199254740992], "data_offsets": [0, 8]}}"#.into(),
                8,
                "does not take the 8 bytes",
            ),
        ] {
            let error = read(&header, data).unwrap_err();
            assert!(error.contains(needle), "{header}: {error}");
        }
    }
}
