//! PyTorch's `pytorch_model.bin`, `open_clip_pytorch_model.bin` and state dicts (`.pt`), natively only.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::pickle::PthTensors;
use candle_core::{DType, Device};

use super::bytes::{ByteSource, FileSource};
use super::error::ClipError;
use super::names::without_module_prefix;
use super::tensors::{
    ElementType, StoredTensor, TensorEntry, TensorReader, check_finite, sha256_of,
};

/// The tensors of one or several (sharded) pickled state dicts.
pub struct PickledTensors {
    archives: Vec<(FileSource, PthTensors)>,
    entries: BTreeMap<String, TensorEntry>,
    /// What data-parallel training put before every name.
    prefix: &'static str,
}

impl PickledTensors {
    /// Opens archives, also where the state dict is under the key `state_dict`.
    ///
    /// # Errors
    /// No zip archive of PyTorch, or none with tensors.
    pub fn open(paths: &[&Path]) -> Result<Self, ClipError> {
        let mut archives = Vec::new();
        let mut entries = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let source = FileSource::open(path)?;
            let archive = open_archive(path, source.name())?;
            #[expect(clippy::iter_over_hash_type, reason = "it goes into a sorted map")]
            for (name, info) in archive.tensor_infos() {
                let element = match info.dtype {
                    DType::F32 => Ok(ElementType::F32),
                    DType::F16 => Ok(ElementType::F16),
                    DType::BF16 => Ok(ElementType::BF16),
                    DType::F64 => Ok(ElementType::F64),
                    other => Err(other.as_str().to_uppercase()),
                };
                let shape = info.layout.dims().to_vec();
                entries.insert(
                    name.clone(),
                    TensorEntry {
                        shape,
                        element,
                        source: index,
                        offset: 0,
                    },
                );
            }
            archives.push((source, archive));
        }
        let (entries, prefix) = without_module_prefix(entries);
        Ok(Self {
            archives,
            entries,
            prefix,
        })
    }
}

fn open_archive(path: &Path, file: &str) -> Result<PthTensors, ClipError> {
    let unreadable = |why: String| ClipError::NotACheckpoint {
        file: file.into(),
        why,
    };
    let mut why = String::new();
    for key in [None, Some("state_dict")] {
        match PthTensors::new(path, key) {
            Ok(archive) if !archive.tensor_infos().is_empty() => return Ok(archive),
            Ok(_) => {}
            Err(error) => {
                why = format!(
                    " ({})",
                    error.to_string().lines().next().unwrap_or_default()
                )
            }
        }
    }
    Err(unreadable(format!(
        "it holds no state dict that can be read without Python{why}; for a TorchScript archive such as OpenAI's downloads, \
         load it in PyTorch once and save model.state_dict()"
    )))
}

impl TensorReader for PickledTensors {
    fn file(&self) -> &str {
        self.archives
            .first()
            .map_or("checkpoint", |(source, _)| source.name())
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn read(
        &self,
        name: &str,
        rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError> {
        let missing = || ClipError::MissingTensor {
            file: self.file().into(),
            name: name.into(),
        };
        let entry = self.entries.get(name).ok_or_else(missing)?;
        let (source, archive) = &self.archives[entry.source];
        if let Err(found) = &entry.element {
            return Err(ClipError::UnsupportedType {
                file: source.name().into(),
                name: name.into(),
                found: found.clone(),
            });
        }
        let stored = format!("{}{name}", self.prefix);
        let mut tensor = archive.get(&stored)?.ok_or_else(missing)?;
        if let Some(rows) = rows {
            tensor = tensor.narrow(0, rows.start, rows.len())?;
        }
        let values = tensor
            .to_device(&Device::Cpu)?
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1()?;
        check_finite(source.name(), name, &values)?;
        Ok(StoredTensor::Float(values))
    }

    fn sha256(&self) -> Result<String, ClipError> {
        sha256_of(
            self.archives
                .iter()
                .map(|(source, _)| source as &dyn ByteSource),
        )
    }
}
