//! What a conversion will do, from the headers alone: where each tensor lies and where it goes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bytes::FileSet;
use crate::checkpoint::{Checkpoint, Overrides, Provenance, base_name};
use crate::error::ClipError;
use crate::gguf::{TensorHead, Value, header};
use crate::model_file::{metadata_of, stored_type};
use crate::names::{LOGIT_SCALE, Naming, gguf_name, tensor_specs};
use crate::safetensors;
use crate::tensors::{ElementType, TensorEntry};

use super::HASH_DIGITS;
use super::announced::{Announced, Expected, HeaderOnly, announced_length};

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

/// A plan, and where everything lies.
pub(super) struct Layout {
    pub(super) plan: Plan,
    pub(super) metadata: Vec<(String, Value)>,
    pub(super) tensors: Vec<Target>,
    pub(super) files: Vec<Source>,
    pub(super) header_bytes: u64,
}

/// A tensor of the GGUF file.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) element: ElementType,
    /// From the end of the header.
    pub(super) offset: u64,
}

/// A file of weights.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) header: Vec<u8>,
    pub(super) length: u64,
    /// What is read of it, by offset.
    pub(super) parts: Vec<Part>,
}

/// Bytes of a file of weights that are converted.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) element: ElementType,
    pub(super) use_of: Use,
}

pub(super) enum Use {
    /// The rows of one tensor, or of a query, key and value matrix one after the other.
    Rows(Vec<usize>),
    /// One tensor, stored `[in, out]`.
    Transposed(usize),
    LogitScale,
}

/// Lays out what [`Conversion::new`](super::Conversion::new) is asked for.
pub(super) fn lay_out(
    files: &FileSet,
    weights: Vec<Announced>,
    element: ElementType,
    overrides: &Overrides,
) -> Result<Layout, ClipError> {
    let mut entries = BTreeMap::new();
    let mut metadata = BTreeMap::new();
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
        metadata.extend(found.metadata);
        for (name, entry) in found.tensors {
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
        metadata,
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
        recipe: checkpoint.provenance.passed_on(),
        trained_on: checkpoint.provenance.trained_on.clone(),
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
    Ok(Layout {
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
    })
}

/// Query 0, key 1, value 2, of clip.cpp's names.
fn third(name: &str) -> usize {
    [".attn_q.", ".attn_k.", ".attn_v."]
        .iter()
        .position(|part| name.contains(part))
        .unwrap_or(0)
}

pub(super) fn heads(tensors: &[Target]) -> Vec<TensorHead<'_>> {
    tensors
        .iter()
        .map(|tensor| TensorHead {
            name: &tensor.name,
            shape: &tensor.shape,
            element: tensor.element,
        })
        .collect()
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
