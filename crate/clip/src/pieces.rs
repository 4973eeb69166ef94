//! A checkpoint as the pieces of a GGUF file: the header, then one tensor after the other.
//!
//! One tensor is held at a time, and the caller may do something else between two of them.

use std::borrow::Borrow;

use super::checkpoint::{Checkpoint, Provenance};
use super::error::ClipError;
use super::gguf::{DEFAULT_ALIGNMENT, TensorHead, header};
use super::model_file::{encode, metadata_of, stored_type};
use super::names::{LOGIT_SCALE, TensorSpec, gguf_name, tensor_specs};
use super::tensors::ElementType;

/// The pieces of a GGUF file, in their order; joined they are the file.
///
/// Tensors already stored in the type they would get are copied as they are; others go through f32.
/// After an error nothing follows.
pub struct GgufPieces<C> {
    checkpoint: C,
    specs: Vec<TensorSpec>,
    element: ElementType,
    /// `None` once it was handed out.
    header: Option<Vec<u8>>,
    /// Number of tensors that were handed out; the logit scale counts as the last.
    done: usize,
    all: usize,
}

impl<C: Borrow<Checkpoint>> GgufPieces<C> {
    /// Plans the file of type `element`.
    ///
    /// # Errors
    /// A tokenizer that cannot be read, or a tensor that the type does not fit.
    pub fn new(
        checkpoint: C,
        element: ElementType,
        provenance: &Provenance,
    ) -> Result<Self, ClipError> {
        let own = checkpoint.borrow();
        let specs = tensor_specs(&own.config);
        let mut names: Vec<String> = specs.iter().map(|spec| gguf_name(&spec.name)).collect();
        let has_scale = own.logit_scale.is_some();
        if has_scale {
            names.push(gguf_name(LOGIT_SCALE));
        }
        let heads: Vec<TensorHead<'_>> = names
            .iter()
            .enumerate()
            .map(|(index, name)| match specs.get(index) {
                Some(spec) => TensorHead {
                    name,
                    shape: &spec.shape,
                    element: stored_type(&spec.name, &spec.shape, element),
                },
                None => TensorHead {
                    name,
                    shape: &[1],
                    element: ElementType::F32,
                },
            })
            .collect();
        let (header, _) = header(&metadata_of(own, element, provenance)?, &heads)?;
        let all = heads.len();
        Ok(Self {
            checkpoint,
            specs,
            element,
            header: Some(header),
            done: 0,
            all,
        })
    }

    /// Number of tensors that were handed out, and of all.
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.all)
    }

    fn tensor(&self, index: usize) -> Result<Vec<u8>, ClipError> {
        let checkpoint = self.checkpoint.borrow();
        let mut bytes = match self.specs.get(index) {
            Some(spec) => encode(
                checkpoint.read(&spec.name, &spec.shape)?,
                &spec.shape,
                stored_type(&spec.name, &spec.shape, self.element),
            )?,
            None => checkpoint
                .logit_scale
                .unwrap_or_default()
                .to_le_bytes()
                .to_vec(),
        };
        bytes.resize(bytes.len().next_multiple_of(DEFAULT_ALIGNMENT as usize), 0);
        Ok(bytes)
    }
}

impl<C: Borrow<Checkpoint>> Iterator for GgufPieces<C> {
    type Item = Result<Vec<u8>, ClipError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        if self.done == self.all {
            return None;
        }
        let piece = self.tensor(self.done);
        self.done = match piece {
            Ok(_) => self.done + 1,
            Err(_) => self.all,
        };
        Some(piece)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::blend::{blend, blended_type};
    use crate::bytes::{FileSet, MemorySource};
    use crate::checkpoint::Overrides;

    fn golden(model: &str) -> Checkpoint {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        Checkpoint::open(&path.join(model), &Overrides::default()).unwrap()
    }

    fn file(checkpoint: &Checkpoint, element: ElementType, provenance: &Provenance) -> Vec<u8> {
        let pieces = GgufPieces::new(checkpoint, element, provenance).unwrap();
        pieces.flat_map(Result::unwrap).collect()
    }

    fn opened(file: Vec<u8>) -> Checkpoint {
        let source = Arc::new(MemorySource::new("m.gguf", file));
        let files = FileSet::from_sources("m", [source as Arc<dyn crate::bytes::ByteSource>]);
        Checkpoint::from_files(&files, &Overrides::default()).unwrap()
    }

    #[test]
    fn the_pieces_are_a_file_that_says_what_the_model_has_seen() {
        let seen = |words: &str| Provenance {
            trained_on: Some(words.into()),
            ..Provenance::default()
        };
        let tiny = golden("tiny_a_quickgelu");
        let a = opened(file(&tiny, ElementType::Q8_0, &seen("drawings")));
        let b = opened(file(&tiny, ElementType::F16, &seen("drawings")));
        let c = opened(file(&tiny, ElementType::F32, &seen("photographs")));
        assert_eq!(a.provenance.trained_on.as_deref(), Some("drawings"));
        let types = [&a, &b, &c].map(Checkpoint::matrix_type);
        assert_eq!(
            types,
            [ElementType::Q8_0, ElementType::F16, ElementType::F32]
        );
        assert_eq!(blended_type(&a, &b), ElementType::F16);
        assert_eq!(blended_type(&a, &a), ElementType::Q8_0);
        let [a, b, c] = [a, b, c].map(Arc::new);
        let between = blend("between", &a, &[(b, 0.5)]).unwrap();
        assert_eq!(between.provenance.trained_on.as_deref(), Some("drawings"));
        let between = blend("between", &a, &[(c, 0.5)]).unwrap();
        assert_eq!(between.provenance.trained_on, None);
    }

    #[test]
    fn a_blend_that_is_quantised_again_is_the_model_itself_at_its_ends() {
        let tiny = golden("tiny_a_quickgelu");
        let none = Provenance::default();
        let a = Arc::new(opened(file(&tiny, ElementType::Q8_0, &none)));
        let other = blend("other", &a, &[(a.clone(), 0.5)]).unwrap();
        let alone = blend("alone", &a, &[(Arc::new(other), 0.0)]).unwrap();
        let again = opened(file(&alone, ElementType::Q8_0, &none));
        for spec in tensor_specs(&a.config) {
            let values = |of: &Checkpoint| {
                let stored = of.read(&spec.name, &spec.shape).unwrap();
                stored.into_f32(&spec.shape).unwrap()
            };
            assert_eq!(values(&again), values(&a), "{}", spec.name);
        }
    }

    #[test]
    fn progress_ends_at_all() {
        let tiny = golden("tiny_a_quickgelu");
        let mut pieces = GgufPieces::new(&tiny, ElementType::F16, &Provenance::default()).unwrap();
        let (_, all) = pieces.progress();
        assert_eq!(pieces.by_ref().count(), all + 1);
        assert_eq!(pieces.progress(), (all, all));
        assert!(pieces.next().is_none());
    }
}
