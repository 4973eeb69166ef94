//! Converting a checkpoint to GGUF while its weights arrive.
//!
//! [`write_gguf`](super::model_file::write_gguf) reads each tensor from a file at hand. Here the
//! safetensors files come as a stream, from a network say, in the order in which they store their
//! tensors. A [`Conversion`] knows from their headers where each tensor goes, so it writes pieces
//! of the GGUF file as soon as it can, at their offsets. It holds a mebibyte of rows at a time; only
//! OpenCLIP's two transposed projections are held whole. The file is the one that `write_gguf`
//! writes, byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::bytes::{ByteSource, FileSet};
use super::checkpoint::{Checkpoint, Overrides, Provenance, base_name};
use super::error::ClipError;
use super::gguf::{TensorHead, Value, header};
use super::model_file::{encode, metadata_of, stored_type};
use super::names::{LOGIT_SCALE, Naming, gguf_name, tensor_specs};
use super::safetensors;
use super::tensors::{
    ElementType, StoredTensor, TensorEntry, TensorReader, check_finite, expand, hex,
};

/// Bytes of the source that are converted at a time; a row that is longer is converted alone.
const CHUNK: u64 = 1 << 20;

/// Bytes of a hash as hexadecimal.
const HASH_DIGITS: usize = 64;

/// A safetensors file of which the header has arrived.
pub struct Announced {
    /// Its name.
    pub name: String,
    /// All bytes before the first tensor's: see [`header_length`].
    pub header: Vec<u8>,
}

/// What a conversion will do, known before the weights arrive.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Length of each file of weights, from its header.
    pub weights_bytes: Vec<u64>,
    /// Length of the GGUF file.
    pub gguf_bytes: u64,
    /// Weights of both towers.
    pub parameters: u64,
    /// `quick_gelu` or `gelu`.
    pub activation: &'static str,
    /// Where that is said.
    pub activation_source: String,
}

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

/// A tensor of the GGUF file.
struct Target {
    name: String,
    shape: Vec<usize>,
    element: ElementType,
    /// From the end of the header.
    offset: u64,
}

/// A file of weights.
struct Source {
    name: String,
    header: Vec<u8>,
    length: u64,
    /// What is read of it, by offset.
    parts: Vec<Part>,
}

/// Bytes of a file of weights that are converted.
struct Part {
    name: String,
    begin: u64,
    end: u64,
    element: ElementType,
    use_of: Use,
}

enum Use {
    /// The rows of one tensor, or of a query, key and value matrix one after the other.
    Rows(Vec<usize>),
    /// One tensor, stored `[in, out]`.
    Transposed(usize),
    LogitScale,
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
struct HeaderOnly<'a> {
    announced: &'a Announced,
    length: u64,
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
struct Expected {
    file: String,
    entries: BTreeMap<String, TensorEntry>,
}

impl TensorReader for Expected {
    fn file(&self) -> &str {
        &self.file
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
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

impl Conversion {
    /// Plans the conversion of a checkpoint to the type `element`.
    ///
    /// `files` are its configuration, preprocessing and tokenizer, named as in its directory; the
    /// set's label names the model. `weights` are its safetensors files, in the order in which their
    /// bytes will be pushed; several are the shards of one model, sorted by name.
    ///
    /// # Errors
    /// What keeps the checkpoint from being used, as [`Checkpoint::from_files`] says it.
    pub fn new(
        files: &FileSet,
        weights: Vec<Announced>,
        element: ElementType,
        overrides: &Overrides,
    ) -> Result<Self, ClipError> {
        let mut entries = BTreeMap::new();
        let mut sources = Vec::with_capacity(weights.len());
        for (number, announced) in weights.into_iter().enumerate() {
            let length = announced_length(&announced)?;
            let found = {
                let source = HeaderOnly {
                    announced: &announced,
                    length,
                };
                safetensors::read_header_of(&source, number)?
            };
            for (name, entry) in found {
                if entries.insert(name.clone(), entry).is_some() {
                    return Err(ClipError::NotACheckpoint {
                        file: announced.name,
                        why: format!("another file has the tensor {name} too"),
                    });
                }
            }
            let Announced { name, header } = announced;
            sources.push(Source {
                name,
                header,
                length,
                parts: Vec::new(),
            });
        }
        let file = sources
            .first()
            .map_or_else(|| files.label().to_owned(), |source| source.name.clone());
        let reader = Expected {
            file,
            entries: entries.clone(),
        };
        let mut checkpoint = Checkpoint::assemble(Box::new(reader), Some(files), overrides)?;
        checkpoint.name = base_name(files.label());
        // `assemble` has refused what has no naming.
        let (naming, prefix) = Naming::detect(entries.keys().map(String::as_str))
            .map_or((Naming::HuggingFace, String::new()), |(naming, prefix)| {
                (naming, prefix.to_owned())
            });
        let prefix = prefix.as_str();
        let entries: BTreeMap<_, _> = entries
            .into_iter()
            .filter_map(|(name, entry)| Some((name.strip_prefix(prefix)?.to_owned(), entry)))
            .collect();

        let mut tensors = Vec::new();
        let mut parts: BTreeMap<String, (usize, Part)> = BTreeMap::new();
        for spec in tensor_specs(&checkpoint.config) {
            let location = naming.locate(&spec.name);
            let number = tensors.len();
            let element = stored_type(&spec.name, &spec.shape, element);
            tensors.push(Target {
                name: gguf_name(&spec.name),
                shape: spec.shape,
                element,
                offset: 0,
            });
            match parts.get_mut(&location.name) {
                Some((_, part)) => {
                    // Query, key and value come in this order in `tensor_specs` as in the file.
                    if let Use::Rows(targets) = &mut part.use_of {
                        targets.push(number);
                        targets.sort_by_key(|&target| third(&tensors[target].name));
                    }
                }
                None => {
                    let use_of = match location.transposed {
                        true => Use::Transposed(number),
                        false => Use::Rows(vec![number]),
                    };
                    let part = part(&sources, &entries, prefix, &location.name, use_of)?;
                    parts.insert(location.name, part);
                }
            }
        }
        let scale = naming.locate(LOGIT_SCALE).name;
        if checkpoint.logit_scale.is_some() {
            tensors.push(Target {
                name: gguf_name(LOGIT_SCALE),
                shape: vec![1],
                element: ElementType::F32,
                offset: 0,
            });
            let part = part(&sources, &entries, prefix, &scale, Use::LogitScale)?;
            parts.insert(scale, part);
        }
        for (file, part) in parts.into_values() {
            sources[file].parts.push(part);
        }
        for source in &mut sources {
            source.parts.sort_by_key(|part| part.begin);
            check_apart(source)?;
        }

        // Hash and temperature are not known yet; their lengths are.
        let provenance = Provenance {
            parent_sha256: Some("0".repeat(HASH_DIGITS)),
            ..Provenance::default()
        };
        let metadata = metadata_of(&checkpoint, element, &provenance)?;
        let (header, offsets) = header(&metadata, &heads(&tensors))?;
        for (tensor, offset) in tensors.iter_mut().zip(offsets) {
            tensor.offset = offset;
        }
        let header_bytes = header.len() as u64;
        let gguf_bytes = tensors.last().map_or(header_bytes, |last| {
            let end = last.offset + last.element.tensor_bytes(&last.shape).unwrap_or(0);
            // The writer fills up to the next tensor, though none follows.
            header_bytes + end.next_multiple_of(32)
        });
        let activation_source = match overrides.activation {
            Some(_) => "as it was asked for".into(),
            None => activation_source(files, naming, overrides)?,
        };
        let mut made = Self {
            plan: Plan {
                weights_bytes: sources.iter().map(|source| source.length).collect(),
                gguf_bytes,
                parameters: checkpoint.parameters(),
                activation: checkpoint.config.activation.name(),
                activation_source,
            },
            metadata,
            tensors,
            files: sources,
            header_bytes,
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

    /// Writes the header, and returns the SHA-256 of the weights, as [`Checkpoint::sha256`] has it.
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

/// Query 0, key 1, value 2, of clip.cpp's names.
fn third(name: &str) -> usize {
    [".attn_q.", ".attn_k.", ".attn_v."]
        .iter()
        .position(|part| name.contains(part))
        .unwrap_or(0)
}

fn heads(tensors: &[Target]) -> Vec<TensorHead<'_>> {
    tensors
        .iter()
        .map(|tensor| TensorHead {
            name: &tensor.name,
            shape: &tensor.shape,
            element: tensor.element,
        })
        .collect()
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

/// The length of a file, as its header says it: its tensors' bytes end the file.
fn announced_length(announced: &Announced) -> Result<u64, ClipError> {
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

/// What is read of the tensor `name`, and from which file.
fn part(
    sources: &[Source],
    entries: &BTreeMap<String, TensorEntry>,
    prefix: &str,
    name: &str,
    use_of: Use,
) -> Result<(usize, Part), ClipError> {
    let Some(entry) = entries.get(name) else {
        // `Checkpoint::assemble` has looked for every one.
        return Err(ClipError::MissingTensor {
            file: sources.first().map_or("", |source| &source.name).into(),
            name: name.into(),
        });
    };
    let file = &sources[entry.source].name;
    let unsupported = |found: &str| ClipError::UnsupportedType {
        file: file.clone(),
        name: name.into(),
        found: found.into(),
    };
    let element = entry.element.as_ref().map_err(|found| unsupported(found))?;
    let bytes = element.tensor_bytes(&entry.shape);
    let bytes = bytes.ok_or_else(|| unsupported(element.name()))?;
    let scalar = matches!(use_of, Use::LogitScale);
    if bytes == 0 || scalar && bytes != element.block_bytes() as u64 {
        return Err(ClipError::ShapeMismatch {
            file: file.clone(),
            name: name.into(),
            expected: vec![1],
            found: entry.shape.clone(),
        });
    }
    let part = Part {
        name: format!("{prefix}{name}"),
        begin: entry.offset,
        end: entry.offset + bytes,
        element: *element,
        use_of,
    };
    Ok((entry.source, part))
}

/// Refuses tensors that share bytes: a stream shows each of them once.
fn check_apart(source: &Source) -> Result<(), ClipError> {
    for pair in source.parts.windows(2) {
        if pair[0].end > pair[1].begin {
            return Err(ClipError::malformed(
                &source.name,
                pair[1].begin,
                format!("the tensors {} and {} overlap", pair[0].name, pair[1].name),
            ));
        }
    }
    Ok(())
}

/// Where a checkpoint's activation is said.
fn activation_source(
    files: &FileSet,
    naming: Naming,
    overrides: &Overrides,
) -> Result<String, ClipError> {
    let (file, key, default) = match naming {
        Naming::HuggingFace => ("config.json", "hidden_act", "CLIPTextConfig"),
        _ => ("open_clip_config.json", "quick_gelu", "OpenCLIP"),
    };
    let json = match &overrides.config {
        Some(json) => json.clone(),
        None => files.json(file)?.unwrap_or_default(),
    };
    let said = json.get("model_cfg").unwrap_or(&json).get(key).is_some()
        || ["text_config", "text_config_dict"]
            .iter()
            .any(|tower| json.get(tower).and_then(|tower| tower.get(key)).is_some());
    Ok(match said {
        true => format!("{key} in {file}"),
        false => format!("{file} has no {key}, and this is {default}'s default"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::super::model_file::write_gguf;
    use super::*;

    fn golden(model: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/golden")
            .join(model)
    }

    /// The configuration, preprocessing and tokenizer of a golden model, and its weights.
    fn files(model: &str, weights: &str) -> (FileSet, Vec<u8>) {
        let directory = golden(model);
        let mut small = BTreeMap::new();
        for entry in std::fs::read_dir(&directory).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let form = match weights {
                "model.safetensors" => "open_clip_config.json",
                _ => "config.json",
            };
            if name.ends_with(".safetensors") || name == form {
                continue;
            }
            small.insert(name.clone(), std::fs::read(directory.join(name)).unwrap());
        }
        let weights = std::fs::read(directory.join(weights)).unwrap();
        (FileSet::from_memory(model, small), weights)
    }

    fn split(name: &str, weights: &[u8]) -> (Announced, Vec<u8>) {
        let length = header_length(name, *weights.first_chunk().unwrap()).unwrap() as usize;
        let announced = Announced {
            name: name.into(),
            header: weights[..length].to_vec(),
        };
        (announced, weights[length..].to_vec())
    }

    /// As `cliprobe quantize` does.
    fn quantized(model: &str, weights: &str, element: ElementType) -> Vec<u8> {
        let (files, bytes) = files(model, weights);
        let source: std::sync::Arc<dyn ByteSource> =
            std::sync::Arc::new(super::super::bytes::MemorySource::new(weights, bytes));
        let mut checkpoint =
            Checkpoint::from_weight_file(source, Some(&files), &Overrides::default()).unwrap();
        checkpoint.name = model.into();
        let provenance = Provenance {
            parent_sha256: Some(checkpoint.sha256().unwrap()),
            ..Provenance::default()
        };
        let mut file = Vec::new();
        write_gguf(&checkpoint, element, &provenance, &mut file, &mut |_, _| {}).unwrap();
        file
    }

    fn put(file: &mut [u8], at: u64, bytes: &[u8]) {
        file[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    const MODELS: [(&str, &str); 3] = [
        ("tiny_a_quickgelu", "model.safetensors"),
        ("tiny_b_gelu_openclip", "model.safetensors"),
        ("tiny_b_gelu_openclip", "open_clip_model.safetensors"),
    ];

    #[test]
    fn the_file_is_the_one_that_quantize_writes() {
        for (model, weights) in MODELS {
            for element in ElementType::GGUF {
                let (files, bytes) = files(model, weights);
                let (announced, data) = split(weights, &bytes);
                let overrides = Overrides::default();
                let mut conversion =
                    Conversion::new(&files, vec![announced], element, &overrides).unwrap();
                assert_eq!(conversion.plan().weights_bytes, [bytes.len() as u64]);
                let mut made = vec![0; conversion.plan().gguf_bytes as usize];
                for piece in data.chunks(70_001) {
                    conversion
                        .push(piece, &mut |at, bytes| put(&mut made, at, bytes))
                        .unwrap();
                }
                assert_eq!(conversion.next(), None);
                let hash = conversion
                    .finish(&mut |at, bytes| put(&mut made, at, bytes))
                    .unwrap();
                assert_eq!(hash, hex(&Sha256::digest(&bytes)));
                assert!(
                    made == quantized(model, weights, element),
                    "{model}/{weights} as {element}"
                );
            }
        }
    }

    #[test]
    fn a_conversion_goes_on_from_its_last_mark() {
        for (model, weights) in MODELS {
            let element = ElementType::Q8_0;
            let start = || {
                let (files, bytes) = files(model, weights);
                let (announced, data) = split(weights, &bytes);
                let overrides = Overrides::default();
                let conversion = Conversion::new(&files, vec![announced], element, &overrides);
                (conversion.unwrap(), bytes, data)
            };
            let (mut first, bytes, data) = start();
            let mut made = vec![0; first.plan().gguf_bytes as usize];
            first
                .push(&data[..data.len() / 2], &mut |at, bytes| {
                    put(&mut made, at, bytes);
                })
                .unwrap();
            let mark = serde_json::to_string(first.mark()).unwrap();
            drop(first);

            let (mut second, ..) = start();
            second
                .resume(&serde_json::from_str(&mark).unwrap())
                .unwrap();
            let (file, position) = second.next().unwrap();
            assert_eq!(file, 0);
            assert!(position > 100_000 && position <= (bytes.len() - data.len() / 2) as u64);
            second
                .push(&bytes[position as usize..], &mut |at, bytes| {
                    put(&mut made, at, bytes);
                })
                .unwrap();
            second
                .finish(&mut |at, bytes| put(&mut made, at, bytes))
                .unwrap();
            assert!(
                made == quantized(model, weights, element),
                "{model}/{weights}"
            );

            let mut foreign: Mark = serde_json::from_str(&mark).unwrap();
            foreign.position += 1;
            assert!(second.resume(&foreign).is_err());
        }
    }

    #[test]
    fn shards_are_one_model() {
        let (model, weights) = MODELS[0];
        let (files, bytes) = files(model, weights);
        let tensors = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut halves = [Vec::new(), Vec::new()];
        for (index, (name, view)) in tensors.tensors().into_iter().enumerate() {
            halves[index % 2].push((name, view));
        }
        let shards = halves.map(|half| ::safetensors::serialize(half, None).unwrap());
        let (announced, data): (Vec<_>, Vec<_>) = shards
            .iter()
            .enumerate()
            .map(|(number, shard)| split(&format!("model-{number}.safetensors"), shard))
            .unzip();
        let overrides = Overrides::default();
        let mut conversion =
            Conversion::new(&files, announced, ElementType::Q8_0, &overrides).unwrap();
        let mut made = vec![0; conversion.plan().gguf_bytes as usize];
        for piece in &data {
            conversion
                .push(piece, &mut |at, bytes| put(&mut made, at, bytes))
                .unwrap();
        }
        conversion
            .finish(&mut |at, bytes| put(&mut made, at, bytes))
            .unwrap();
        // All but the parent's hash, which is of two files.
        let whole = quantized(model, weights, ElementType::Q8_0);
        assert_eq!(made.len(), whole.len());
        let differing = made.iter().zip(&whole).filter(|(a, b)| a != b).count();
        assert!(differing <= HASH_DIGITS, "{differing}");
    }

    #[test]
    fn what_is_missing_or_too_much_or_not_finite_is_named() {
        let (model, weights) = MODELS[0];
        let start = || {
            let (files, bytes) = files(model, weights);
            let (announced, data) = split(weights, &bytes);
            let overrides = Overrides::default();
            let made = Conversion::new(&files, vec![announced], ElementType::Q8_0, &overrides);
            (made.unwrap(), data)
        };
        let said = |result: Result<(), ClipError>| result.unwrap_err().to_string();
        let (mut half, data) = start();
        half.push(&data[..1000], &mut |_, _| {}).unwrap();
        let message = said(half.finish(&mut |_, _| {}).map(drop));
        assert!(message.contains("the rest is missing"), "{message}");

        let (mut more, data) = start();
        more.push(&data, &mut |_, _| {}).unwrap();
        let message = said(more.push(&[0], &mut |_, _| {}));
        assert!(message.contains("more bytes come"), "{message}");

        let (mut damaged, mut data) = start();
        let at = (2 << 20).min(data.len() / 2) & !3;
        data[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        let message = said(damaged.push(&data, &mut |_, _| {}));
        assert!(message.contains("NaN at element"), "{message}");
    }

    #[test]
    fn what_begins_otherwise_is_recognised() {
        let said = |first: &[u8; 8]| header_length("w", *first).unwrap_err().to_string();
        assert!(said(b"PK\x03\x04abcd").contains("pickled"));
        assert!(said(b"<!DOCTYP").contains("web page"));
        assert!(said(b"\n <html>").contains("web page"));
        assert!(said(b"version ").contains("Git LFS"));
        assert!(said(&[0xff; 8]).contains("no safetensors header"));
        assert_eq!(header_length("w", 16u64.to_le_bytes()).unwrap(), 24);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn damaged_headers_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let (files, bytes) = files("tiny_a_quickgelu", "model.safetensors");
            let (mut announced, data) = split("w", &bytes);
            for (at, byte) in flips {
                let at = at.index(announced.header.len());
                announced.header[at] = byte;
            }
            if let Ok(mut conversion) = Conversion::new(&files, vec![announced], ElementType::Q8_0, &Overrides::default()) {
                let _ = conversion.push(&data, &mut |_, _| {});
                let _ = conversion.finish(&mut |_, _| {});
            }
        }
    }
}
