use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DEFAULT_ALIGNMENT, MAGIC, Value, kind, type_of_code};
use crate::bytes::ByteSource;
use crate::error::{ClipError, shown};
use crate::tensors::{TensorEntry, TensorTable};

/// A GGUF file: its metadata and where its tensors lie.
pub struct Gguf {
    /// Metadata by key.
    pub metadata: BTreeMap<String, Value>,
    /// The tensors.
    pub tensors: TensorTable,
}

/// ggml's limit on dimensions.
const MOST_DIMENSIONS: u32 = 4;
/// The longest string: a tokenizer's JSON has a few MiB.
const LONGEST_STRING: u64 = 128 << 20;
/// Fewest bytes that a metadata entry or tensor description takes: bounds their counts.
const LEAST_ENTRY_BYTES: u64 = 13;

/// Reads the header of a file.
///
/// # Errors
/// Anything that breaks the format, with the field and its offset. What the file says of its
/// own lengths is checked against its size before anything is allocated.
pub fn read(source: &Arc<dyn ByteSource>) -> Result<Gguf, ClipError> {
    let mut cursor = Cursor {
        source: source.as_ref(),
        at: 0,
        window: Vec::new(),
        window_at: 0,
    };
    let magic = cursor.u32("magic")?;
    if magic != MAGIC {
        return Err(cursor.error(0, "the file does not begin with GGUF: no GGUF file"));
    }
    let version = cursor.u32("version")?;
    if !(2..=3).contains(&version) {
        return Err(cursor.error(
            4,
            format!("version {version}; supported: 2 and 3, little-endian"),
        ));
    }
    let tensor_count = cursor.count("tensor count")?;
    let metadata_count = cursor.count("metadata count")?;

    let mut metadata = BTreeMap::new();
    for index in 0..metadata_count {
        let at = cursor.at;
        let key = cursor.string(&format!("key {index} of the metadata"))?;
        let code = cursor.u32(&format!("type of {}", shown(&key)))?;
        let value = cursor.value(&key, code)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(cursor.error(at, format!("the key {} is there twice", shown(&key))));
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(Value::Unsigned(n)) if n.is_power_of_two() && (8..=1 << 20).contains(n) => *n,
        Some(other) => {
            return Err(cursor.error(
                0,
                format!("general.alignment is {other}, not a power of two from 8 to 2^20"),
            ));
        }
    };

    let mut described = Vec::new();
    for index in 0..tensor_count {
        let at = cursor.at;
        let name = cursor.string(&format!("name of tensor {index}"))?;
        let rank = cursor.u32(&format!("rank of {}", shown(&name)))?;
        if rank > MOST_DIMENSIONS {
            return Err(cursor.error(
                at,
                format!(
                    "tensor {} has {rank} dimensions; at most {MOST_DIMENSIONS} are possible",
                    shown(&name)
                ),
            ));
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            let d = cursor.u64(&format!("shape of {}", shown(&name)))?;
            shape.push(usize::try_from(d).map_err(|_| {
                cursor.error(
                    at,
                    format!("tensor {} has a dimension of {d}", shown(&name)),
                )
            })?);
        }
        shape.reverse(); // GGUF writes the innermost dimension first
        let element = type_of_code(cursor.u32(&format!("type of {}", shown(&name)))?);
        let offset = cursor.u64(&format!("offset of {}", shown(&name)))?;
        described.push((at, name, shape, element, offset));
    }

    let data = cursor.at.next_multiple_of(alignment);
    let mut entries = BTreeMap::new();
    // Where each tensor begins and ends, to find two that share bytes.
    let mut places = Vec::new();
    for (at, name, shape, element, offset) in described {
        if offset % alignment != 0 {
            return Err(cursor.error(
                at,
                format!(
                    "tensor {} lies at {offset}, which is not a multiple of {alignment}",
                    shown(&name)
                ),
            ));
        }
        if let Ok(element) = element {
            let begin = data.checked_add(offset);
            let end = begin
                .zip(element.tensor_bytes(&shape))
                .and_then(|(begin, bytes)| begin.checked_add(bytes));
            match begin.zip(end) {
                None => {
                    return Err(cursor.error(
                        at,
                        format!(
                            "tensor {} of shape {shape:?} cannot be made of whole {element} blocks",
                            shown(&name)
                        ),
                    ));
                }
                Some((_, end)) if end > source.len() => {
                    return Err(cursor.error(
                        source.len(),
                        format!(
                            "tensor {} would end at byte {end}, but the file has {} bytes: it is truncated; the file ends",
                            shown(&name),
                            source.len()
                        ),
                    ));
                }
                Some((begin, end)) => places.push((begin, end, name.clone())),
            }
        }
        // An unsupported type has no size here; it is refused when it is read.
        let entry = TensorEntry {
            shape,
            element,
            source: 0,
            offset: data.saturating_add(offset),
        };
        if entries.insert(name.clone(), entry).is_some() {
            return Err(cursor.error(at, format!("tensor {} is there twice", shown(&name))));
        }
    }
    places.sort_unstable();
    for pair in places.windows(2) {
        let [(_, end, one), (begin, _, other)] = pair else {
            continue;
        };
        if begin < end {
            return Err(cursor.error(
                *begin,
                format!("tensors {} and {} overlap", shown(one), shown(other)),
            ));
        }
    }
    Ok(Gguf {
        metadata,
        tensors: TensorTable::new(vec![source.clone()], entries)?,
    })
}

/// Reads forward through a source, a window at a time.
struct Cursor<'a> {
    source: &'a dyn ByteSource,
    at: u64,
    window: Vec<u8>,
    window_at: u64,
}

const WINDOW: u64 = 64 << 10;

impl Cursor<'_> {
    fn error(&self, offset: u64, what: impl Into<String>) -> ClipError {
        ClipError::malformed(self.source.name(), offset, what)
    }

    fn left(&self) -> u64 {
        self.source.len() - self.at
    }

    /// The next `n` bytes; the caller has bounded `n`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "callers ask for less than the address space; the window is no longer"
    )]
    fn take(&mut self, n: u64, field: &str) -> Result<&[u8], ClipError> {
        if n > self.left() {
            return Err(self.error(self.at, format!("the file ends inside the {field}")));
        }
        let inside = self
            .at
            .checked_sub(self.window_at)
            .is_some_and(|skip| skip + n <= self.window.len() as u64);
        if !inside {
            let size = n.max(WINDOW).min(self.left());
            self.window.resize(size as usize, 0);
            self.window_at = self.at;
            let name = self.source.name();
            self.source
                .read_at(self.at, &mut self.window)
                .map_err(|e| ClipError::io(name, e))?;
        }
        let start = (self.at - self.window_at) as usize;
        self.at += n;
        Ok(&self.window[start..start + n as usize])
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], ClipError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N as u64, field)?);
        Ok(out)
    }

    fn u32(&mut self, field: &str) -> Result<u32, ClipError> {
        self.array(field).map(u32::from_le_bytes)
    }

    fn u64(&mut self, field: &str) -> Result<u64, ClipError> {
        self.array(field).map(u64::from_le_bytes)
    }

    fn count(&mut self, field: &str) -> Result<u64, ClipError> {
        let at = self.at;
        let n = self.u64(field)?;
        if n > self.left() / LEAST_ENTRY_BYTES {
            return Err(self.error(
                at,
                format!("the {field} is {n}, more than the file can hold"),
            ));
        }
        Ok(n)
    }

    fn string(&mut self, field: &str) -> Result<String, ClipError> {
        let at = self.at;
        let n = self.u64(field)?;
        if n > LONGEST_STRING || n > self.left() {
            return Err(self.error(
                at,
                format!("the {field} has a length of {n} bytes, more than the file can hold"),
            ));
        }
        let bytes = self.take(n, field)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.error(at, format!("the {field} is not UTF-8")))
    }

    fn value(&mut self, key: &str, code: u32) -> Result<Value, ClipError> {
        let at = self.at;
        Ok(match code {
            kind::U8 => Value::Unsigned(u64::from(self.array::<1>(key)?[0])),
            kind::I8 => Value::Signed(i64::from(i8::from_le_bytes(self.array(key)?))),
            kind::U16 => Value::Unsigned(u64::from(u16::from_le_bytes(self.array(key)?))),
            kind::I16 => Value::Signed(i64::from(i16::from_le_bytes(self.array(key)?))),
            kind::U32 => Value::Unsigned(u64::from(self.u32(key)?)),
            kind::I32 => Value::Signed(i64::from(i32::from_le_bytes(self.array(key)?))),
            kind::F32 => Value::Float(f64::from(f32::from_le_bytes(self.array(key)?))),
            kind::BOOL => match self.array::<1>(key)?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(self.error(at, format!("the truth value of {key} is {other}"))),
            },
            kind::STRING => Value::Text(self.string(key)?),
            kind::ARRAY => self.list(key)?,
            kind::U64 => Value::Unsigned(self.u64(key)?),
            kind::I64 => Value::Signed(i64::from_le_bytes(self.array(key)?)),
            kind::F64 => Value::Float(f64::from_le_bytes(self.array(key)?)),
            other => return Err(self.error(at, format!("{key} has the unknown type {other}"))),
        })
    }

    fn list(&mut self, key: &str) -> Result<Value, ClipError> {
        let at = self.at;
        let code = self.u32(key)?;
        let n = self.u64(key)?;
        let least = match code {
            kind::U8 | kind::I8 | kind::BOOL => 1,
            kind::U16 | kind::I16 => 2,
            kind::U32 | kind::I32 | kind::F32 => 4,
            kind::STRING | kind::U64 | kind::I64 | kind::F64 => 8,
            other => {
                return Err(self.error(
                    at,
                    format!(
                        "{key} is a list of the type {other}; lists of lists are not supported"
                    ),
                ));
            }
        };
        if n > self.left() / least {
            return Err(self.error(
                at,
                format!("{key} is a list of {n} entries, more than the file can hold"),
            ));
        }
        if code == kind::STRING {
            return (0..n)
                .map(|_| self.string(key))
                .collect::<Result<_, _>>()
                .map(Value::Texts);
        }
        (0..n)
            .map(|_| {
                Ok(match self.value(key, code)? {
                    Value::Unsigned(x) => x as f64,
                    Value::Signed(x) => x as f64,
                    Value::Float(x) => x,
                    Value::Bool(x) => f64::from(u8::from(x)),
                    Value::Text(_) | Value::Texts(_) | Value::Floats(_) => 0.0, // codes above are scalars
                })
            })
            .collect::<Result<_, _>>()
            .map(Value::Floats)
    }
}
