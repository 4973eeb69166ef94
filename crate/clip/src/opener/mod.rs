//! Opening a checkpoint of any form: the files of a directory, one file of weights, a GGUF file.

mod recognise;
mod unprefixed;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::bytes::{ByteSource, FileSet};
use super::checkpoint::{Checkpoint, Format, Overrides, Provenance, base_name};
use super::config::ClipConfig;
use super::error::{ClipError, shown};
use super::names::Naming;
use super::preprocessing::{Preprocessing, Resize};
use super::tensors::{TensorReader, TensorTable};
use super::tokenizer::{TextCleaning, tokenizer_json};
use super::{gguf, model_file, safetensors};
use recognise::{no_model, recognise, what_is_missing};
use unprefixed::without_prefix;

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
            let gguf = gguf::read(&source)?;
            let metadata = model_file::read(&gguf, base_name(source.name()), overrides)?;
            return Ok(Self::from_gguf(metadata, gguf.tensors)?.known_as(overrides));
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
            let contents = safetensors::read_header(&source, 0)?;
            let table = TensorTable::new(vec![source], contents.tensors)?;
            Box::new(table.saying(contents.metadata))
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
            provenance: reader
                .metadata()
                .map(Provenance::of_metadata)
                .unwrap_or_default(),
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
    fn from_gguf(parts: model_file::Metadata, tensors: TensorTable) -> Result<Self, ClipError> {
        check_image_size(&parts.preprocessing, &parts.config)?;
        let checkpoint = Self {
            name: parts.name,
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
}

fn check_image_size(preprocessing: &Preprocessing, config: &ClipConfig) -> Result<(), ClipError> {
    let side = config.vision.image_size as u32;
    if preprocessing.crop != Some((side, side))
        && preprocessing.resize
            != (Resize::Exact {
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
        for (name, entry) in safetensors::read_header(source, number)?.tensors {
            if entries.insert(name.clone(), entry).is_some() {
                return Err(broken(format!("tensor {} is in two shards", shown(&name))));
            }
        }
    }
    Ok(Box::new(TensorTable::new(sources, entries)?))
}

#[cfg(test)]
mod tests;
