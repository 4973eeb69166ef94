//! Converting a checkpoint to GGUF while its weights arrive.
//!
//! [`write_gguf`](super::model_file::write_gguf) reads each tensor from a file at hand. Here the
//! safetensors files come as a stream, from a network say, in the order in which they store their
//! tensors. A [`Conversion`] knows from their headers where each tensor goes, so it writes pieces
//! of the GGUF file as soon as it can, at their offsets. It holds a mebibyte of rows at a time; only
//! OpenCLIP's two transposed projections are held whole. The file is the one that `write_gguf`
//! writes, byte for byte.

mod announced;
mod plan;

use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::bytes::FileSet;
use super::checkpoint::Overrides;
use super::error::ClipError;
use super::gguf::{Value, header};
use super::model_file::encode;
use super::tensors::{ElementType, StoredTensor, check_finite, expand, hex};
use plan::{Part, Source, Target, Use, heads, lay_out};

pub use announced::{Announced, header_length};
pub use plan::Plan;

/// Bytes of the source that are converted at a time; a row that is longer is converted alone.
const CHUNK: u64 = 1 << 20;

/// Bytes of a hash as hexadecimal.
const HASH_DIGITS: usize = 64;

/// A place in the stream from which a conversion can go on, in this process or another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Which of the files, counted from 0.
    pub file: usize,
    /// The next byte of that file.
    pub position: u64,
    logit_scale: Option<f32>,
    /// Hashes of the files before.
    hashes: Vec<String>,
    /// The state of the present file's hash.
    hash: Vec<u8>,
}

/// A conversion under way. The GGUF file has [`Plan::gguf_bytes`] bytes; those that are never
/// written are zero.
pub struct Conversion {
    plan: Plan,
    metadata: Vec<(String, Value)>,
    tensors: Vec<Target>,
    files: Vec<Source>,
    header_bytes: u64,
    /// Which file arrives, and which byte of it is next.
    file: usize,
    position: u64,
    /// Number of the present file's parts that lie before `position`.
    part: usize,
    /// The beginning of what is converted next.
    pending: Vec<u8>,
    hash: Sha256,
    hashes: Vec<String>,
    logit_scale: Option<f32>,
    mark: Mark,
}

/// Takes pieces of the GGUF file: the offset, and the bytes.
pub type Sink<'a> = &'a mut dyn FnMut(u64, &[u8]);

impl Conversion {
    /// Plans the conversion of a checkpoint to the type `element`.
    ///
    /// `files` are its configuration, preprocessing and tokenizer, named as in its directory; the
    /// set's label names the model. `weights` are its safetensors files, in the order in which their
    /// bytes will be pushed; several are the shards of one model, sorted by name.
    ///
    /// # Errors
    /// What keeps the checkpoint from being used, as [`Checkpoint::from_files`](super::Checkpoint::from_files) says it.
    pub fn new(
        files: &FileSet,
        weights: Vec<Announced>,
        element: ElementType,
        overrides: &Overrides,
    ) -> Result<Self, ClipError> {
        let layout = lay_out(files, weights, element, overrides)?;
        let mut made = Self {
            plan: layout.plan,
            metadata: layout.metadata,
            tensors: layout.tensors,
            files: layout.files,
            header_bytes: layout.header_bytes,
            file: 0,
            position: 0,
            part: 0,
            pending: Vec::new(),
            hash: Sha256::new(),
            hashes: Vec::new(),
            logit_scale: None,
            mark: Mark {
                file: 0,
                position: 0,
                logit_scale: None,
                hashes: Vec::new(),
                hash: Vec::new(),
            },
        };
        made.begin_file();
        made.set_mark();
        Ok(made)
    }

    /// What it will do.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Which file's bytes are to be pushed next, and from which on; `None` when all are here.
    pub fn next(&self) -> Option<(usize, u64)> {
        (self.file < self.files.len()).then_some((self.file, self.position))
    }

    /// The last place from which the conversion can go on elsewhere, if all pieces that were given
    /// to the sink are kept.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Goes on from a mark that a conversion of the same files to the same type gave.
    ///
    /// # Errors
    /// A mark that cannot be of this conversion; it then stands where it stood.
    pub fn resume(&mut self, mark: &Mark) -> Result<(), ClipError> {
        let foreign = || ClipError::NotACheckpoint {
            file: "the unfinished conversion".into(),
            why: "it is of other files of weights; begin anew".into(),
        };
        let source = self.files.get(mark.file).ok_or_else(foreign)?;
        let part = source
            .parts
            .iter()
            .filter(|part| part.end <= mark.position)
            .count();
        let begun = source.header.len() as u64;
        let clean = mark.position == begun
            || part > 0 && source.parts[part - 1].end == mark.position && mark.position >= begun;
        if !clean || mark.hashes.len() != mark.file {
            return Err(foreign());
        }
        let state = SerializedState::<Sha256>::try_from(mark.hash.as_slice())
            .ok()
            .and_then(|state| Sha256::deserialize(&state).ok());
        self.hash = state.ok_or_else(foreign)?;
        self.file = mark.file;
        self.position = mark.position;
        self.part = part;
        self.pending.clear();
        self.hashes.clone_from(&mark.hashes);
        self.logit_scale = mark.logit_scale;
        self.mark = mark.clone();
        Ok(())
    }

    /// Takes the next bytes of the stream (the headers are not part of it) and gives `sink` the
    /// pieces of the GGUF file that they complete.
    ///
    /// # Errors
    /// A value that is not finite, or more bytes than the headers announced.
    pub fn push(&mut self, mut bytes: &[u8], sink: Sink<'_>) -> Result<(), ClipError> {
        while !bytes.is_empty() {
            let Some(source) = self.files.get(self.file) else {
                return Err(ClipError::malformed(
                    self.files.last().map_or("the weights", |last| &last.name),
                    self.position,
                    "more bytes come than the header announces,",
                ));
            };
            let until = match source.parts.get(self.part) {
                Some(part) if self.position >= part.begin => {
                    let left = self.unit(part) - self.pending.len() as u64;
                    left.min(part.end - self.position)
                }
                Some(part) => part.begin - self.position,
                None => source.length - self.position,
            };
            let inside = source
                .parts
                .get(self.part)
                .is_some_and(|part| self.position >= part.begin);
            let taken = until.min(bytes.len() as u64) as usize;
            let (now, later) = bytes.split_at(taken);
            self.hash.update(now);
            self.position += taken as u64;
            if inside {
                self.pending.extend_from_slice(now);
                if taken as u64 == until {
                    self.convert_pending(sink)?;
                }
            }
            if self.position == self.files[self.file].length {
                self.end_file();
            }
            bytes = later;
        }
        Ok(())
    }

    /// Writes the header, and returns the SHA-256 of the weights, as [`Checkpoint::sha256`](super::Checkpoint::sha256) has it.
    ///
    /// # Errors
    /// Weights that have not all arrived.
    pub fn finish(&mut self, sink: Sink<'_>) -> Result<String, ClipError> {
        if let Some(source) = self.files.get(self.file) {
            return Err(ClipError::malformed(
                &source.name,
                self.position,
                format!("of {} bytes the rest is missing: it ends", source.length),
            ));
        }
        let sha256 = match self.hashes.as_slice() {
            [one] => one.clone(),
            several => hex(&Sha256::digest(several.concat())),
        };
        for (key, value) in &mut self.metadata {
            match key.as_str() {
                "clip.parent.sha256" => *value = Value::Text(sha256.clone()),
                "clip.logit_scale" => {
                    *value = Value::Float(f64::from(self.logit_scale.unwrap_or_default()));
                }
                _ => {}
            }
        }
        let (header, _) = header(&self.metadata, &heads(&self.tensors))?;
        debug_assert_eq!(header.len() as u64, self.header_bytes);
        sink(0, &header);
        Ok(sha256)
    }

    /// Bytes of a part that are converted at a time.
    fn unit(&self, part: &Part) -> u64 {
        let whole = part.end - part.begin;
        let Use::Rows(targets) = &part.use_of else {
            return whole;
        };
        let shape = &self.tensors[targets[0]].shape;
        let row = row_bytes(part.element, shape);
        // No chunk crosses from one of the tensors into the next.
        let left = self.left_of_target(part, row * shape[0] as u64);
        (CHUNK / row.max(1)).max(1).saturating_mul(row).min(left)
    }

    /// Bytes from where `pending` begins to the end of the tensor that they belong to.
    fn left_of_target(&self, part: &Part, target: u64) -> u64 {
        let done = self.position - self.pending.len() as u64 - part.begin;
        target - done % target
    }

    fn convert_pending(&mut self, sink: Sink<'_>) -> Result<(), ClipError> {
        let source = &self.files[self.file];
        let part = &source.parts[self.part];
        let begun = self.position - self.pending.len() as u64;
        let element = part.element;
        let done = begun - part.begin;
        let mut values = Vec::with_capacity(self.pending.len() / element.block_bytes());
        expand(element, &self.pending, &mut values);
        check_finite(&source.name, &part.name, &values)
            .map_err(|error| further_on(error, (done / element.block_bytes() as u64) as usize))?;
        match &part.use_of {
            Use::Rows(targets) => {
                let shape = &self.tensors[targets[0]].shape;
                let rows_bytes = row_bytes(element, shape) * shape[0] as u64;
                let target = &self.tensors[targets[(done / rows_bytes) as usize]];
                let elements = (done % rows_bytes) / element.block_bytes() as u64;
                let bytes = match element == target.element && element == ElementType::F16 {
                    // As it stands: not even the sign of a NaN could change.
                    true => std::mem::take(&mut self.pending),
                    false => encoded(values, &target.shape, target.element)?,
                };
                let at = elements / target.element.block_elements() as u64
                    * target.element.block_bytes() as u64;
                sink(self.header_bytes + target.offset + at, &bytes);
            }
            Use::Transposed(target) => {
                let target = &self.tensors[*target];
                let out = target.shape[0];
                let rows = (0..out).flat_map(|o| values.iter().skip(o).step_by(out).copied());
                let bytes = encoded(rows.collect(), &target.shape, target.element)?;
                sink(self.header_bytes + target.offset, &bytes);
            }
            Use::LogitScale => {
                let scale = values.first().copied().unwrap_or_default();
                self.logit_scale = Some(scale);
                if let Some(target) = self.tensors.last() {
                    sink(self.header_bytes + target.offset, &scale.to_le_bytes());
                }
            }
        }
        self.pending.clear();
        if self.position == self.files[self.file].parts[self.part].end {
            self.part += 1;
            self.set_mark();
        }
        Ok(())
    }

    fn begin_file(&mut self) {
        self.pending.clear();
        self.part = 0;
        self.hash = Sha256::new();
        if let Some(source) = self.files.get(self.file) {
            self.hash.update(&source.header);
            self.position = source.header.len() as u64;
            if self.position == source.length {
                self.end_file();
            }
        }
    }

    fn end_file(&mut self) {
        let hash = std::mem::replace(&mut self.hash, Sha256::new());
        self.hashes.push(hex(&hash.finalize()));
        self.file += 1;
        self.begin_file();
        if self.file < self.files.len() {
            self.set_mark();
        }
    }

    fn set_mark(&mut self) {
        self.mark = Mark {
            file: self.file,
            position: self.position,
            logit_scale: self.logit_scale,
            hashes: self.hashes.clone(),
            hash: self.hash.serialize().to_vec(),
        };
    }
}

/// Bytes of one step of the first dimension.
fn row_bytes(element: ElementType, shape: &[usize]) -> u64 {
    let elements = shape.iter().skip(1).product::<usize>() as u64;
    elements * element.block_bytes() as u64
}

/// Values of whole rows of a tensor of this shape, in a type.
fn encoded(values: Vec<f32>, shape: &[usize], element: ElementType) -> Result<Vec<u8>, ClipError> {
    let last = shape.last().copied().unwrap_or(1).max(1);
    let shape = match shape.len() {
        0 | 1 => vec![values.len()],
        _ => vec![values.len() / last, last],
    };
    encode(StoredTensor::Float(values), &shape, element)
}

/// An error about a chunk, with the element counted from the tensor's beginning.
fn further_on(error: ClipError, by: usize) -> ClipError {
    match error {
        ClipError::NonFinite {
            file,
            name,
            value,
            index,
        } => ClipError::NonFinite {
            file,
            name,
            value,
            index: index + by,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests;
