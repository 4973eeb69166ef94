use std::io::{self, Write};

use super::{DEFAULT_ALIGNMENT, MAGIC, Value, kind, type_code};
use crate::error::ClipError;
use crate::tensors::ElementType;

/// A tensor in the encoding it shall have in the file.
pub struct TensorToWrite {
    /// Name in the file.
    pub name: String,
    /// Row-major shape.
    pub shape: Vec<usize>,
    /// Element type.
    pub element: ElementType,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a file's header says of a tensor.
pub(crate) struct TensorHead<'a> {
    /// Name in the file.
    pub(crate) name: &'a str,
    /// Row-major shape.
    pub(crate) shape: &'a [usize],
    /// Element type.
    pub(crate) element: ElementType,
}

/// Everything before the tensors' bytes, and where each tensor begins, counted from its end.
///
/// # Errors
/// A tensor whose type GGUF does not have, or whose rows are not whole blocks of it.
pub(crate) fn header(
    metadata: &[(String, Value)],
    tensors: &[TensorHead<'_>],
) -> Result<(Vec<u8>, Vec<u64>), ClipError> {
    let mut header = Vec::new();
    header.extend(MAGIC.to_le_bytes());
    header.extend(3u32.to_le_bytes());
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        put_text(&mut header, key);
        put_value(&mut header, value);
    }
    let mut offset = 0u64;
    let mut offsets = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let cannot = |why: &str| ClipError::CannotStore {
            name: tensor.name.to_owned(),
            shape: tensor.shape.to_vec(),
            wanted: tensor.element,
            why: why.into(),
        };
        let code = type_code(tensor.element).ok_or_else(|| cannot("GGUF has no such type"))?;
        let bytes = tensor.element.tensor_bytes(tensor.shape);
        let bytes = bytes.ok_or_else(|| cannot("its rows are not whole blocks"))?;
        put_text(&mut header, tensor.name);
        let dimensions = u32::try_from(tensor.shape.len());
        let dimensions = dimensions.map_err(|_| cannot("it has too many dimensions"))?;
        header.extend(dimensions.to_le_bytes());
        for &d in tensor.shape.iter().rev() {
            header.extend((d as u64).to_le_bytes());
        }
        header.extend(code.to_le_bytes());
        header.extend(offset.to_le_bytes());
        offsets.push(offset);
        offset = offset.saturating_add(bytes);
        offset = offset.next_multiple_of(DEFAULT_ALIGNMENT);
    }
    pad(&mut header);
    Ok((header, offsets))
}

/// [`DEFAULT_ALIGNMENT`] in memory.
#[expect(clippy::cast_possible_truncation, reason = "a constant, 32")]
const ALIGNMENT: usize = DEFAULT_ALIGNMENT as usize;

/// Writes a file of version 3.
///
/// # Errors
/// A tensor whose type GGUF does not have or whose bytes do not fit its shape; the sink's.
pub fn write(
    sink: &mut dyn Write,
    metadata: &[(String, Value)],
    tensors: &[TensorToWrite],
) -> Result<(), ClipError> {
    let heads: Vec<TensorHead<'_>> = tensors
        .iter()
        .map(|tensor| TensorHead {
            name: &tensor.name,
            shape: &tensor.shape,
            element: tensor.element,
        })
        .collect();
    let (header, _) = header(metadata, &heads)?;
    for tensor in tensors {
        if tensor.element.tensor_bytes(&tensor.shape) != Some(tensor.bytes.len() as u64) {
            return Err(ClipError::CannotStore {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                wanted: tensor.element,
                why: format!("it has {} bytes", tensor.bytes.len()),
            });
        }
    }
    write_all(sink, &header, tensors).map_err(|e| ClipError::io("the GGUF file being written", e))
}

fn write_all(sink: &mut dyn Write, header: &[u8], tensors: &[TensorToWrite]) -> io::Result<()> {
    sink.write_all(header)?;
    for tensor in tensors {
        sink.write_all(&tensor.bytes)?;
        let length = tensor.bytes.len();
        let padding = length.next_multiple_of(ALIGNMENT) - length;
        sink.write_all(&[0; ALIGNMENT][..padding])?;
    }
    sink.flush()
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the keys of CLIP files are single precision"
)]
fn put_value(out: &mut Vec<u8>, value: &Value) {
    let mut typed = |code: u32, bytes: &[u8]| {
        out.extend(code.to_le_bytes());
        out.extend(bytes);
    };
    match value {
        // 32 bits where they suffice: what other readers of CLIP files expect.
        Value::Unsigned(n) => match u32::try_from(*n) {
            Ok(n) => typed(kind::U32, &n.to_le_bytes()),
            Err(_) => typed(kind::U64, &n.to_le_bytes()),
        },
        Value::Signed(n) => typed(kind::I64, &n.to_le_bytes()),
        Value::Float(x) => typed(kind::F32, &(*x as f32).to_le_bytes()),
        Value::Bool(b) => typed(kind::BOOL, &[u8::from(*b)]),
        Value::Text(text) => {
            typed(kind::STRING, &[]);
            put_text(out, text);
        }
        Value::Texts(texts) => {
            typed(kind::ARRAY, &kind::STRING.to_le_bytes());
            out.extend((texts.len() as u64).to_le_bytes());
            for text in texts {
                put_text(out, text);
            }
        }
        Value::Floats(values) => {
            typed(kind::ARRAY, &kind::F32.to_le_bytes());
            out.extend((values.len() as u64).to_le_bytes());
            for x in values {
                out.extend((*x as f32).to_le_bytes());
            }
        }
    }
}
