//! Opening a checkpoint of any form, and reading its tensors by their canonical names.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::bytes::{ByteSource, FileSet};
use super::config::{Activation, ClipConfig};
use super::error::{ClipError, shown};
use super::names::{LOGIT_SCALE, Naming, tensor_specs};
use super::preprocessing::Preprocessing;
use super::tensors::{ElementType, StoredTensor, TensorEntry, TensorReader, TensorTable};
use super::tokenizer::{TextCleaning, Tokenizer, tokenizer_json};
use super::{gguf, model_file, safetensors};

/// Which form a checkpoint had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Format {
    /// Hugging Face's `config.json` with safetensors or a pickled state dict.
    #[serde(rename = "Hugging Face")]
    HuggingFace,
    /// OpenCLIP's or OpenAI's state dict.
    #[serde(rename = "OpenCLIP")]
    OpenClip,
    /// One GGUF file.
    #[serde(rename = "GGUF")]
    Gguf,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HuggingFace => "Hugging Face",
            Self::OpenClip => "OpenCLIP",
            Self::Gguf => "GGUF",
        })
    }
}

/// What the person says about a checkpoint, beyond what it says itself.
#[derive(Default)]
pub struct Overrides {
    /// The activation it was trained with.
    pub activation: Option<Activation>,
    /// A configuration in Hugging Face's or OpenCLIP's form.
    pub config: Option<Value>,
    /// Files with a tokenizer.
    pub tokenizer: Option<FileSet>,
    /// SHA-256 of the file of weights, where it was computed before: it is then believed.
    pub sha256: Option<String>,
}

/// Where a derived file came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// SHA-256 of the checkpoint that this one was made from.
    pub parent_sha256: Option<String>,
    /// What was done, in words: a training recipe, a quantisation.
    pub recipe: Option<String>,
    /// What kind of images it has seen: `drawings` of the synthetic world, `photographs`, other words.
    pub trained_on: Option<String>,
}

/// A CLIP checkpoint, opened: everything but the tensors is in memory, the tensors are read
/// one at a time.
pub struct Checkpoint {
    /// What to call it: the directory's or file's name.
    pub name: String,
    /// The form it had.
    pub format: Format,
    /// The architecture.
    pub config: ClipConfig,
    /// What is done to an image.
    pub preprocessing: Preprocessing,
    /// The text of its `tokenizer.json`.
    pub tokenizer_json: String,
    /// What is done to a caption before it is split into words: what the reference of the
    /// checkpoint's form does.
    pub text_cleaning: TextCleaning,
    /// The logarithm of the scale of the logits; absent in GGUF files of other writers.
    pub logit_scale: Option<f32>,
    /// What it was made from.
    pub provenance: Provenance,
    /// What stands before every tensor's name in the file, such as `module.`; mostly nothing.
    pub prefix: String,
    naming: Naming,
    reader: Box<dyn TensorReader>,
    sha256: OnceLock<String>,
}

/// Weight files of a directory, in the order of preference.
const HF_WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];
const OPEN_CLIP_WEIGHTS: [&str; 3] = [
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pt",
];

impl Checkpoint {
    /// Opens a directory (Hugging Face, OpenCLIP) or a file (GGUF, safetensors, state dict).
    ///
    /// # Errors
    /// Whatever keeps it from being used, in one sentence.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open(path: &std::path::Path, overrides: &Overrides) -> Result<Self, ClipError> {
        if path.is_dir() {
            return Self::from_files(&FileSet::from_directory(path)?, overrides);
        }
        let source = super::bytes::FileSource::open(path)?;
        if source.is_empty() {
            return Err(ClipError::NotACheckpoint {
                file: path.display().to_string(),
                why: "it has 0 bytes".into(),
            });
        }
        // A single file's configuration and tokenizer lie beside it.
        let parent = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(std::path::Path::new("."));
        let siblings = match path.extension().and_then(|e| e.to_str()) {
            Some("gguf") => None,
            _ => Some(FileSet::from_directory(parent)?),
        };
        Self::from_weight_file(Arc::new(source), siblings.as_ref(), overrides)
    }

    /// Opens the files of a checkpoint: a directory's, or what was dropped on a page.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn from_files(files: &FileSet, overrides: &Overrides) -> Result<Self, ClipError> {
        let find = |config: &str, weights: &[&'static str]| {
            let configured = files.get(config).is_some() || overrides.config.is_some();
            weights
                .iter()
                .copied()
                .find(|name| configured && files.get(name).is_some())
        };
        let weights = find("config.json", &HF_WEIGHTS)
            .or_else(|| find("open_clip_config.json", &OPEN_CLIP_WEIGHTS));
        let mut checkpoint =
            if let Some(index) = weights.filter(|name| name.ends_with(".index.json")) {
                let reader = open_shards(files, index)?;
                Self::assemble(reader, Some(files), overrides)?
            } else {
                let mut single = files.names().filter(|name| name.ends_with(".gguf"));
                let name = match (weights, single.next(), single.next()) {
                    (Some(name), ..) | (None, Some(name), None) => name,
                    _ => {
                        return Err(ClipError::NotACheckpoint {
                            file: files.label().into(),
                            why: what_is_missing(files),
                        });
                    }
                };
                match files.get(name) {
                    Some(source) => Self::from_weight_file(source.clone(), Some(files), overrides)?,
                    None => return Err(ClipError::MissingConfig { key: name.into() }),
                }
            };
        // A GGUF file says its own name.
        if checkpoint.format != Format::Gguf {
            checkpoint.name = base_name(files.label());
        }
        Ok(checkpoint)
    }

    /// Opens one file of weights.
    ///
    /// # Errors
    /// As [`Checkpoint::open`].
    pub fn from_weight_file(
        source: Arc<dyn ByteSource>,
        siblings: Option<&FileSet>,
        overrides: &Overrides,
    ) -> Result<Self, ClipError> {
        let mut magic = [0; 4];
        let readable = source.read_at(0, &mut magic).is_ok();
        if readable && &magic == b"GGUF" {
            let checkpoint =
                model_file::open(gguf::read(&source)?, base_name(source.name()), overrides)?;
            return Ok(checkpoint.known_as(overrides));
        }
        let reader: Box<dyn TensorReader> = if readable && &magic == b"PK\x03\x04" {
            open_pickles(vec![source])?
        } else {
            if let Some(why) = recognise(source.as_ref()) {
                return Err(ClipError::NotACheckpoint {
                    file: source.name().into(),
                    why: why.into(),
                });
            }
            let entries = safetensors::read_header(&source, 0)?;
            Box::new(TensorTable::new(vec![source], entries)?)
        };
        Ok(Self::assemble(reader, siblings, overrides)?.known_as(overrides))
    }

    fn known_as(self, overrides: &Overrides) -> Self {
        Self {
            sha256: overrides
                .sha256
                .clone()
                .map_or_else(OnceLock::new, OnceLock::from),
            ..self
        }
    }

    pub(super) fn assemble(
        reader: Box<dyn TensorReader>,
        files: Option<&FileSet>,
        overrides: &Overrides,
    ) -> Result<Self, ClipError> {
        let file = reader.file().to_owned();
        let (naming, prefix) = {
            let names = || reader.entries().keys().map(String::as_str);
            Naming::detect(names())
                .map(|(naming, prefix)| (naming, prefix.to_owned()))
                .map_err(|prefixes| ClipError::NotACheckpoint {
                    file: file.clone(),
                    why: no_model(&prefixes, names()),
                })?
        };
        let reader = without_prefix(reader, &prefix);
        let own = |name: &str| files.map_or(Ok(None), |files| files.json(name));
        let own_name = match naming {
            Naming::HuggingFace => "config.json",
            _ => "open_clip_config.json",
        };
        let json = match &overrides.config {
            Some(json) => json.clone(),
            None => own(own_name)?.ok_or_else(|| ClipError::MissingConfigFile {
                file: file.clone(),
                wanted: own_name,
            })?,
        };
        let open_clip_form = json.get("model_cfg").or(json.get("embed_dim")).is_some();
        let mut config = if open_clip_form {
            ClipConfig::from_open_clip_json(&json)?
        } else {
            ClipConfig::from_hf_json(&json)?
        };
        match overrides.activation {
            Some(activation) => config.activation = activation,
            None => {
                // OpenCLIP's own configuration means GELU where it says nothing. A named
                // architecture, or any configuration put to OpenAI's state dict (which brings
                // these three scalars), does not say what the weights were trained with.
                let open_ai = ["input_resolution", "context_length", "vocab_size"]
                    .iter()
                    .all(|n| reader.entries().contains_key(*n));
                let spelled = json
                    .get("model_cfg")
                    .unwrap_or(&json)
                    .get("quick_gelu")
                    .is_some();
                if open_clip_form && !spelled && (open_ai || overrides.config.is_some()) {
                    return Err(ClipError::AmbiguousActivation { file });
                }
            }
        }
        let side = config.vision.image_size as u32;
        let preprocessing = match own("preprocessor_config.json")? {
            Some(json) if naming == Naming::HuggingFace => Preprocessing::from_hf_json(&json)?,
            _ => {
                // Of a configuration that was given, and else of the one beside the weights.
                let given = overrides.config.as_ref();
                let preprocess = match given.and_then(|json| json.get("preprocess_cfg")) {
                    Some(given) => given.clone(),
                    None if naming == Naming::HuggingFace => Value::Null,
                    None => own("open_clip_config.json")?
                        .and_then(|json| json.get("preprocess_cfg").cloned())
                        .unwrap_or_default(),
                };
                Preprocessing::from_open_clip_json(&preprocess, side)?
            }
        };
        check_image_size(&preprocessing, &config)?;
        let tokenizer = match (&overrides.tokenizer, files) {
            (Some(files), _) | (None, Some(files)) => tokenizer_json(files)?,
            (None, None) => None,
        };
        let mut checkpoint = Self {
            name: base_name(&file),
            format: if naming == Naming::HuggingFace {
                Format::HuggingFace
            } else {
                Format::OpenClip
            },
            config,
            preprocessing,
            tokenizer_json: tokenizer.ok_or(ClipError::MissingTokenizer { file })?,
            text_cleaning: match naming {
                Naming::OpenClip { .. } => TextCleaning::OpenClip,
                _ => TextCleaning::None,
            },
            logit_scale: None,
            provenance: Provenance::default(),
            prefix,
            naming,
            reader,
            sha256: OnceLock::new(),
        };
        checkpoint.read_logit_scale()?;
        checkpoint.check_shapes()?;
        Ok(checkpoint)
    }

    /// Joins what a GGUF file's metadata said with its tensors.
    pub(super) fn from_gguf(
        name: String,
        parts: model_file::Metadata,
        tensors: TensorTable,
    ) -> Result<Self, ClipError> {
        check_image_size(&parts.preprocessing, &parts.config)?;
        let checkpoint = Self {
            name,
            format: Format::Gguf,
            config: parts.config,
            preprocessing: parts.preprocessing,
            tokenizer_json: parts.tokenizer_json,
            text_cleaning: parts.text_cleaning,
            logit_scale: parts.logit_scale,
            provenance: parts.provenance,
            prefix: String::new(),
            naming: Naming::Gguf,
            reader: Box::new(tensors),
            sha256: OnceLock::new(),
        };
        checkpoint.check_shapes()?;
        Ok(checkpoint)
    }

    /// A checkpoint that is like another but for its weights, which `reader` has by their
    /// canonical names.
    pub(super) fn with_weights(
        name: &str,
        like: &Self,
        logit_scale: f32,
        provenance: Provenance,
        reader: Box<dyn TensorReader>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            format: Format::HuggingFace,
            config: like.config,
            preprocessing: like.preprocessing.clone(),
            tokenizer_json: like.tokenizer_json.clone(),
            text_cleaning: like.text_cleaning,
            logit_scale: Some(logit_scale),
            provenance,
            prefix: String::new(),
            naming: Naming::HuggingFace,
            reader,
            sha256: OnceLock::new(),
        }
    }

    fn read_logit_scale(&mut self) -> Result<(), ClipError> {
        let location = self.naming.locate(LOGIT_SCALE);
        if self.reader.entries().contains_key(&location.name) {
            let values = self.reader.read(&location.name, None)?.into_f32(&[1])?;
            self.logit_scale = values.first().copied();
        }
        Ok(())
    }

    /// Compares every tensor that the configuration asks for with the file's table, so that a
    /// contradiction is found before anything is loaded.
    fn check_shapes(&self) -> Result<(), ClipError> {
        tensor_specs(&self.config)
            .iter()
            .try_for_each(|spec| self.entry(&spec.name, &spec.shape).map(drop))
    }

    fn entry(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<(super::names::Location, &TensorEntry), ClipError> {
        let location = self.naming.locate(name);
        let file = self.reader.file();
        let Some(entry) = self.reader.entries().get(&location.name) else {
            return Err(ClipError::MissingTensor {
                file: file.into(),
                name: location.name,
            });
        };
        let mut expected = shape.to_vec();
        if location.third.is_some() {
            expected[0] *= 3;
        }
        if location.transposed {
            expected.reverse();
        }
        if entry.shape != expected {
            return Err(ClipError::ShapeMismatch {
                file: file.into(),
                name: location.name,
                expected,
                found: entry.shape.clone(),
            });
        }
        Ok((location, entry))
    }

    /// Reads a tensor by canonical name.
    ///
    /// # Errors
    /// A missing tensor, another shape, an unsupported type, a value that is not finite.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<StoredTensor, ClipError> {
        self.read_rows(name, shape, 0..shape[0])
    }

    /// Reads some rows of a tensor, so that a large one never has to be in memory whole.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn read_rows(
        &self,
        name: &str,
        shape: &[usize],
        rows: std::ops::Range<usize>,
    ) -> Result<StoredTensor, ClipError> {
        let (location, _) = self.entry(name, shape)?;
        if !location.transposed {
            let first = location.third.map_or(0, |third| third * shape[0]);
            let whole = location.third.is_none() && rows == (0..shape[0]);
            let rows = (!whole).then(|| first + rows.start..first + rows.end);
            return self.reader.read(&location.name, rows);
        }
        let (out, inner) = (shape[0], shape[1]);
        let values = self
            .reader
            .read(&location.name, None)?
            .into_f32(&[inner, out])?;
        Ok(StoredTensor::Float(
            rows.flat_map(|o| values.iter().skip(o).step_by(out))
                .copied()
                .collect(),
        ))
    }

    /// The type that [`Checkpoint::read`] gives a matrix in: its own where that is F16 or quantised,
    /// else F32.
    pub fn read_type(&self, name: &str, shape: &[usize]) -> ElementType {
        match self.entry(name, shape) {
            Ok((location, entry)) if !location.transposed => match entry.element {
                Ok(ElementType::F16) => ElementType::F16,
                // A vector in blocks is read as floats.
                Ok(element) if element.is_quantized() && entry.shape.len() > 1 => element,
                _ => ElementType::F32,
            },
            _ => ElementType::F32,
        }
    }

    /// The tokenizer for the text encoder.
    ///
    /// # Errors
    /// One that does not parse or does not fit.
    pub fn tokenizer(&self) -> Result<Tokenizer, ClipError> {
        let tokenizer = Tokenizer::from_json(&self.tokenizer_json, &self.config.text)?;
        Ok(tokenizer.cleaning(self.text_cleaning))
    }

    /// Number of tensors of each stored type, by the type's name.
    pub fn tensor_types(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for spec in tensor_specs(&self.config) {
            if let Ok((location, entry)) = self.entry(&spec.name, &spec.shape)
                && location.third.is_none_or(|third| third == 0)
            {
                let name = match &entry.element {
                    Ok(element) => element.name().to_owned(),
                    Err(other) => other.clone(),
                };
                *counts.entry(name).or_insert(0) += 1;
            }
        }
        counts
    }

    /// The type of its weight matrices that GGUF can hold: the commonest that is not F32.
    pub fn matrix_type(&self) -> ElementType {
        self.tensor_types()
            .into_iter()
            .filter_map(|(name, count)| Some((ElementType::from_name(&name)?, count)))
            .filter(|(element, _)| {
                *element != ElementType::F32 && ElementType::GGUF.contains(element)
            })
            .max_by_key(|(_, count)| *count)
            .map_or(ElementType::F32, |(element, _)| element)
    }

    /// Number of weights of both towers.
    pub fn parameters(&self) -> u64 {
        tensor_specs(&self.config)
            .iter()
            .map(|spec| spec.shape.iter().product::<usize>() as u64)
            .sum()
    }

    /// SHA-256 of the file of weights, as `sha256sum` prints it; computed once.
    ///
    /// # Errors
    /// The file's.
    pub fn sha256(&self) -> Result<String, ClipError> {
        match self.sha256.get() {
            Some(hash) => Ok(hash.clone()),
            None => {
                let hash = self.reader.sha256()?;
                Ok(self.sha256.get_or_init(|| hash).clone())
            }
        }
    }
}

fn check_image_size(preprocessing: &Preprocessing, config: &ClipConfig) -> Result<(), ClipError> {
    let side = config.vision.image_size as u32;
    if preprocessing.crop != Some((side, side))
        && preprocessing.resize
            != (super::preprocessing::Resize::Exact {
                height: side,
                width: side,
            })
    {
        return Err(ClipError::UnsupportedConfig {
            key: "preprocessing".into(),
            value: preprocessing.summary(),
            supported: format!("one that ends at the image tower's {side} × {side} pixels"),
        });
    }
    Ok(())
}

pub(super) fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches(['/', '\\']);
    trimmed
        .rsplit(['/', '\\'])
        .next()
        .filter(|s| !s.is_empty() && *s != ".")
        .unwrap_or(path)
        .to_owned()
}

/// Why the files of a set are no checkpoint.
fn what_is_missing(files: &FileSet) -> String {
    if files.get("adapter_config.json").is_some() {
        return "it holds an adapter (adapter_config.json), not a model; merge it into its base model with \
                peft's merge_and_unload() and save that"
            .into();
    }
    let ggufs = files.names().filter(|name| name.ends_with(".gguf")).count();
    if ggufs > 1 {
        return format!("it holds {ggufs} .gguf files; name one of them");
    }
    let (hf, open_clip) = (HF_WEIGHTS.join(", "), OPEN_CLIP_WEIGHTS.join(", "));
    format!(
        "it has neither config.json with one of {hf}, nor open_clip_config.json with one of {open_clip}, nor a single .gguf file"
    )
}

/// What a file of weights is that is none of the forms that are read.
fn recognise(source: &dyn ByteSource) -> Option<&'static str> {
    let length = usize::try_from(source.len()).map_or(40, |length| length.min(40));
    let mut start = vec![0; length];
    source.read_at(0, &mut start).ok()?;
    if start.starts_with(b"version https://git-lfs") {
        return Some(
            "it is a Git LFS pointer, which stands for weights that were not fetched; run `git lfs pull` where it was cloned",
        );
    }
    // The magic number that torch.save wrote before 1.6, as a pickle; and a bare pickle.
    if start.starts_with(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19") {
        return Some(
            "PyTorch before 1.6 wrote it; load it in a newer PyTorch and save its state dict again",
        );
    }
    if start.len() > 2 && start[0] == 0x80 && (2..=5).contains(&start[1]) {
        return Some("it is a pickle, but not an archive of torch.save");
    }
    let html = start.trim_ascii_start().to_ascii_lowercase();
    (html.starts_with(b"<!doctype") || html.starts_with(b"<html"))
        .then_some("it is a web page; the download was answered with something else than the file")
}

/// Why no model was found: the prefixes under which there are several, or some names.
fn no_model<'a>(prefixes: &[&str], names: impl Iterator<Item = &'a str>) -> String {
    let list =
        |items: &mut dyn Iterator<Item = &str>| items.map(shown).collect::<Vec<_>>().join(", ");
    if prefixes.is_empty() {
        format!(
            "its tensors are named neither as Hugging Face's CLIPModel nor as OpenCLIP's; the first are {}",
            list(&mut names.take(3))
        )
    } else {
        format!(
            "it holds several models, under {}; save one of them alone",
            list(&mut prefixes.iter().copied().take(5))
        )
    }
}

/// A reader whose names all begin with a prefix, by the names behind it. Other tensors are left out.
struct Unprefixed {
    inner: Box<dyn TensorReader>,
    prefix: String,
    entries: BTreeMap<String, TensorEntry>,
}

fn without_prefix(inner: Box<dyn TensorReader>, prefix: &str) -> Box<dyn TensorReader> {
    if prefix.is_empty() {
        return inner;
    }
    let entries = inner.entries().iter();
    let entries = entries
        .filter_map(|(name, entry)| Some((name.strip_prefix(prefix)?.to_owned(), entry.clone())))
        .collect();
    Box::new(Unprefixed {
        inner,
        prefix: prefix.to_owned(),
        entries,
    })
}

impl TensorReader for Unprefixed {
    fn file(&self) -> &str {
        self.inner.file()
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn read(
        &self,
        name: &str,
        rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError> {
        self.inner.read(&format!("{}{name}", self.prefix), rows)
    }

    fn sha256(&self) -> Result<String, ClipError> {
        self.inner.sha256()
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn open_pickles(sources: Vec<Arc<dyn ByteSource>>) -> Result<Box<dyn TensorReader>, ClipError> {
    Ok(Box::new(super::pickle::PickledTensors::open(sources)?))
}

#[cfg(target_arch = "wasm32")]
fn open_pickles(sources: Vec<Arc<dyn ByteSource>>) -> Result<Box<dyn TensorReader>, ClipError> {
    Err(ClipError::NotACheckpoint {
        file: sources.first().map_or_else(String::new, |s| s.name().into()),
        why: "it is a pickled state dict, which only the cliprobe command reads; convert it there to GGUF".into(),
    })
}

/// Opens the shards that an index file lists.
fn open_shards(files: &FileSet, index: &str) -> Result<Box<dyn TensorReader>, ClipError> {
    let json = files.json(index)?.unwrap_or_default();
    let broken = |why: String| ClipError::NotACheckpoint {
        file: index.into(),
        why,
    };
    let map = json
        .get("weight_map")
        .and_then(Value::as_object)
        .ok_or_else(|| broken("it has no weight_map".into()))?;
    let shards: std::collections::BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    let mut sources = Vec::new();
    for shard in shards {
        let source = files.get(shard).ok_or_else(|| {
            broken(format!(
                "it lists the shard {}, which is not there",
                shown(shard)
            ))
        })?;
        sources.push(source.clone());
    }
    if index.starts_with("pytorch_model") {
        return open_pickles(sources);
    }
    let mut entries = BTreeMap::new();
    for (number, source) in sources.iter().enumerate() {
        for (name, entry) in safetensors::read_header(source, number)? {
            if entries.insert(name.clone(), entry).is_some() {
                return Err(broken(format!("tensor {} is in two shards", shown(&name))));
            }
        }
    }
    Ok(Box::new(TensorTable::new(sources, entries)?))
}
