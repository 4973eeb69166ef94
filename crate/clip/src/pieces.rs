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
