//! GGUF (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>): reading and writing the
//! container. What a CLIP model puts into it is in [`super::model_file`].

#![deny(clippy::cast_possible_truncation)]

mod read;
mod write;

pub use read::{Gguf, read};
pub(crate) use write::{TensorHead, header};
pub use write::{TensorToWrite, write};

/// A metadata value. Arrays are of one type and not nested, as in every file in use.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any unsigned integer type.
    Unsigned(u64),
    /// Any signed integer type.
    Signed(i64),
    /// Single or double precision.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8 text.
    Text(String),
    /// Texts, e.g. a vocabulary.
    Texts(Vec<String>),
    /// Numbers, e.g. a mean colour.
    Floats(Vec<f64>),
}

/// As a message shows it: texts in quotes and short, lists by their length.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsigned(n) => write!(f, "{n}"),
            Self::Signed(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Text(text) => write!(f, "\"{}\"", crate::error::shown(text)),
            Self::Texts(texts) => write!(f, "a list of {} texts", texts.len()),
            Self::Floats(numbers) => write!(f, "a list of {} numbers", numbers.len()),
        }
    }
}

const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
pub(crate) const DEFAULT_ALIGNMENT: u64 = 32;

/// Codes of metadata types.
mod kind {
    pub(super) const U8: u32 = 0;
    pub(super) const I8: u32 = 1;
    pub(super) const U16: u32 = 2;
    pub(super) const I16: u32 = 3;
    pub(super) const U32: u32 = 4;
    pub(super) const I32: u32 = 5;
    pub(super) const F32: u32 = 6;
    pub(super) const BOOL: u32 = 7;
    pub(super) const STRING: u32 = 8;
    pub(super) const ARRAY: u32 = 9;
    pub(super) const U64: u32 = 10;
    pub(super) const I64: u32 = 11;
    pub(super) const F64: u32 = 12;
}

/// ggml's code of an element type.
fn type_code(element: super::tensors::ElementType) -> Option<u32> {
    use super::tensors::ElementType as E;
    Some(match element {
        E::F32 => 0,
        E::F16 => 1,
        E::Q4_0 => 2,
        E::Q8_0 => 8,
        E::Q4_K => 12,
        E::Q6_K => 14,
        E::BF16 => 30,
        E::F64 => 28,
    })
}

fn type_of_code(code: u32) -> Result<super::tensors::ElementType, String> {
    use super::tensors::ElementType as E;
    [
        E::F32,
        E::F16,
        E::Q4_0,
        E::Q8_0,
        E::Q4_K,
        E::Q6_K,
        E::BF16,
        E::F64,
    ]
    .into_iter()
    .find(|&t| type_code(t) == Some(code))
    .ok_or_else(|| {
        let name = match code {
            3 => "Q4_1",
            6 => "Q5_0",
            7 => "Q5_1",
            10 => "Q2_K",
            11 => "Q3_K",
            13 => "Q5_K",
            24..=27 => "an integer type",
            _ => return format!("ggml type {code}"),
        };
        name.to_owned()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::bytes::{ByteSource, MemorySource};
    use crate::tensors::{ElementType, StoredTensor, TensorReader};

    fn sample() -> Vec<u8> {
        let metadata = [
            (
                "general.architecture".to_owned(),
                Value::Text("clip".into()),
            ),
            ("a.bool".to_owned(), Value::Bool(true)),
            ("a.float".to_owned(), Value::Float(0.5)),
            ("a.number".to_owned(), Value::Unsigned(77)),
            (
                "a.list".to_owned(),
                Value::Texts(vec!["x".into(), "".into()]),
            ),
            ("a.mean".to_owned(), Value::Floats(vec![0.25, 0.5, 0.75])),
        ];
        let floats: Vec<u8> = (0..6).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let blocks = vec![0u8; 34 * 2];
        let tensors = [
            TensorToWrite {
                name: "w".into(),
                shape: vec![2, 3],
                element: ElementType::F32,
                bytes: floats,
            },
            TensorToWrite {
                name: "q".into(),
                shape: vec![2, 32],
                element: ElementType::Q8_0,
                bytes: blocks,
            },
        ];
        let mut file = Vec::new();
        write(&mut file, &metadata, &tensors).unwrap();
        file
    }

    fn open(bytes: Vec<u8>) -> Result<Gguf, crate::ClipError> {
        let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new("test.gguf", bytes));
        read(&source)
    }

    #[test]
    fn round_trip() {
        let gguf = open(sample()).unwrap();
        assert_eq!(gguf.metadata["a.number"], Value::Unsigned(77));
        assert_eq!(
            gguf.metadata["a.list"],
            Value::Texts(vec!["x".into(), "".into()])
        );
        assert_eq!(
            gguf.metadata["a.mean"],
            Value::Floats(vec![0.25, 0.5, 0.75])
        );
        assert_eq!(gguf.tensors.entries()["w"].shape, [2, 3]);
        let StoredTensor::Float(w) = gguf.tensors.read("w", Some(1..2)).unwrap() else {
            panic!("floats")
        };
        assert_eq!(w, [3.0, 4.0, 5.0]);
        let StoredTensor::Blocks { element, bytes } = gguf.tensors.read("q", None).unwrap() else {
            panic!("blocks")
        };
        assert_eq!((element, bytes.len()), (ElementType::Q8_0, 68));
    }

    #[test]
    fn tensors_that_share_bytes_are_refused() {
        let tensor = |name: &str| TensorToWrite {
            name: name.into(),
            shape: vec![16],
            element: ElementType::F32,
            bytes: vec![0; 64],
        };
        let mut file = Vec::new();
        write(&mut file, &[], &[tensor("one"), tensor("two")]).unwrap();
        assert!(open(file.clone()).is_ok());
        // The offset of the second is the last field of the header: 64, made 0 and 32.
        let field = file.len() - 2 * 64 - 32;
        let field = (field..field + 32)
            .find(|&at| file[at..at + 8] == 64u64.to_le_bytes())
            .expect("its offset");
        for offset in [0u64, 32] {
            file[field..field + 8].copy_from_slice(&offset.to_le_bytes());
            let error = open(file.clone()).err().unwrap().to_string();
            assert!(error.contains("tensors one and two overlap"), "{error}");
        }
    }

    #[test]
    fn every_truncation_is_an_error_with_an_offset() {
        let file = sample();
        // Of the 96 bytes at the end 68 are the last tensor; what pads it may be missing.
        for length in 0..file.len() - 28 {
            let error = open(file[..length].to_vec())
                .err()
                .expect("truncated")
                .to_string();
            assert!(
                error.contains("test.gguf") && error.contains("byte"),
                "{length}: {error}"
            );
        }
    }

    #[test]
    fn a_count_that_the_file_cannot_hold_is_refused_without_allocating() {
        let mut file = sample();
        file[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(
            open(file)
                .err()
                .unwrap()
                .to_string()
                .contains("tensor count")
        );
        let mut file = sample();
        file[16..24].copy_from_slice(&(1u64 << 60).to_le_bytes());
        assert!(
            open(file)
                .err()
                .unwrap()
                .to_string()
                .contains("metadata count")
        );
    }

    proptest! {
        #[test]
        fn arbitrary_damage_never_panics(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut file = sample();
            for (at, byte) in flips {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if let Ok(gguf) = open(file) {
                for name in gguf.tensors.entries().keys() {
                    let _ = gguf.tensors.read(name, None);
                }
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), version in 2u32..4) {
            if bytes.len() >= 8 {
                bytes[..4].copy_from_slice(b"GGUF");
                bytes[4..8].copy_from_slice(&version.to_le_bytes());
            }
            let _ = open(bytes);
        }
    }
}
