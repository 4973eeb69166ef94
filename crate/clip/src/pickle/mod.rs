//! PyTorch's `pytorch_model.bin`, `open_clip_pytorch_model.bin`, state dicts and TorchScript archives
//! (`.pt`), natively only: zip archives with a pickle that describes the tensors and an
//! uncompressed entry for each storage.
//!
//! No code of a file is run. See `machine.rs` for why this reader is our own.

#![deny(clippy::cast_possible_truncation)]

mod machine;
mod state_dict;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use zip::{CompressionMethod, ZipArchive};

use self::state_dict::Description;
use super::bytes::ByteSource;
use super::error::{ClipError, shown};
use super::tensors::{
    ElementType, StoredTensor, TensorEntry, TensorReader, TensorTable, sha256_of,
};

/// The largest pickle; that of a training checkpoint of the largest CLIP has 1 MB.
const LARGEST_PICKLE: u64 = 32 << 20;
/// Dimensions of a tensor; no tensor of a CLIP has more than four.
const MOST_DIMENSIONS: usize = 16;

/// The tensors of one or several (sharded) archives.
pub struct PickledTensors {
    sources: Vec<Arc<dyn ByteSource>>,
    entries: BTreeMap<String, TensorEntry>,
    /// Reads what lies in the order of its shape.
    contiguous: TensorTable,
    layouts: BTreeMap<String, Layout>,
    /// Storages whose checksum was compared: source and first byte.
    checked: Mutex<BTreeSet<(usize, u64)>>,
}

/// An entry of an archive with the bytes of a storage.
#[derive(Clone)]
struct Storage {
    start: u64,
    length: u64,
    crc32: u32,
}

/// How a tensor lies in its storage.
struct Layout {
    storage: Storage,
    /// In elements; `None` where the elements lie in the order of the shape.
    strides: Option<Vec<usize>>,
}

impl PickledTensors {
    /// Opens archives.
    ///
    /// # Errors
    /// What keeps an archive from being read: no zip, no pickle in it, no state dict, a tensor
    /// that does not lie inside its storage.
    pub fn open(sources: Vec<Arc<dyn ByteSource>>) -> Result<Self, ClipError> {
        let mut entries = BTreeMap::new();
        let mut layouts = BTreeMap::new();
        for (index, source) in sources.iter().enumerate() {
            let archive = Archive::read(source)?;
            for (name, tensor) in &archive.tensors {
                let (entry, layout) = archive.place(source.as_ref(), index, name, tensor)?;
                if entries.insert(name.clone(), entry).is_some() {
                    return Err(ClipError::NotACheckpoint {
                        file: source.name().into(),
                        why: format!("tensor {} is in two shards", shown(name)),
                    });
                }
                layouts.insert(name.clone(), layout);
            }
        }
        let contiguous = entries
            .iter()
            .filter(|(name, _)| layouts[*name].strides.is_none())
            .map(|(name, entry)| (name.clone(), entry.clone()))
            .collect();
        Ok(Self {
            contiguous: TensorTable::new(sources.clone(), contiguous)?,
            sources,
            entries,
            layouts,
            checked: Mutex::default(),
        })
    }

    /// Compares a storage with its checksum, the first time that it is read.
    fn check(&self, source: usize, storage: &Storage) -> Result<(), ClipError> {
        let mut checked = self
            .checked
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if checked.contains(&(source, storage.start)) {
            return Ok(());
        }
        let bytes = self.sources[source].as_ref();
        let mut hasher = crc32fast::Hasher::new();
        let mut chunk = vec![0; 1 << 20];
        let mut at = storage.start;
        let end = storage.start + storage.length;
        while at < end {
            let part = usize::try_from(end - at).map_or(chunk.len(), |left| left.min(chunk.len()));
            bytes
                .read_at(at, &mut chunk[..part])
                .map_err(|e| ClipError::io(bytes.name(), e))?;
            hasher.update(&chunk[..part]);
            at += part as u64;
        }
        if hasher.finalize() != storage.crc32 {
            return Err(ClipError::malformed(
                bytes.name(),
                storage.start,
                "the weights do not match their checksum, so the file is damaged; they begin",
            ));
        }
        checked.insert((source, storage.start));
        Ok(())
    }
}

impl TensorReader for PickledTensors {
    fn file(&self) -> &str {
        self.sources.first().map_or("checkpoint", |s| s.name())
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn read(&self, name: &str, rows: Option<Range<usize>>) -> Result<StoredTensor, ClipError> {
        let (Some(entry), Some(layout)) = (self.entries.get(name), self.layouts.get(name)) else {
            return Err(ClipError::MissingTensor {
                file: self.file().into(),
                name: name.into(),
            });
        };
        self.check(entry.source, &layout.storage)?;
        let Some(strides) = &layout.strides else {
            return self.contiguous.read(name, rows);
        };
        // Elements as they lie, up to the last that is used, then in the order of the shape.
        let spanned = TensorEntry {
            shape: vec![span(&entry.shape, strides).unwrap_or(0)],
            ..entry.clone()
        };
        let table = TensorTable::new(self.sources.clone(), [(name.to_owned(), spanned)].into())?;
        let stored = table.read(name, None)?.into_f32(&[])?;
        let mut shape = entry.shape.clone();
        let mut first = 0;
        if let (Some(rows), Some(length)) = (rows, shape.first_mut()) {
            if rows.start > rows.end || rows.end > *length {
                return Err(ClipError::malformed(
                    self.file(),
                    entry.offset,
                    format!("tensor {} has {length} rows; it lies", shown(name)),
                ));
            }
            first = rows.start * strides[0];
            *length = rows.len();
        }
        Ok(StoredTensor::Float(gather(&stored, first, &shape, strides)))
    }

    fn sha256(&self) -> Result<String, ClipError> {
        sha256_of(self.sources.iter().map(|source| source.as_ref()))
    }
}

/// Elements from the first to the last that a shape with strides uses; `None` where the number overflows.
fn span(shape: &[usize], strides: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().zip(strides).try_fold(1usize, |last, (d, s)| {
        last.checked_add((d - 1).checked_mul(*s)?)
    })
}

/// Elements in the order of the shape.
fn gather(stored: &[f32], first: usize, shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let mut starts = vec![first];
    for (&length, &stride) in shape.iter().zip(strides) {
        starts = starts
            .iter()
            .flat_map(|&start| (0..length).map(move |i| start + i * stride))
            .collect();
    }
    starts.into_iter().map(|at| stored[at]).collect()
}

/// Whether elements lie in the order of the shape. Dimensions of length 1 may have any stride.
fn is_contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(&length, &stride)| {
        let fits = length == 1 || stride == expected;
        expected *= length; // the caller knows that the product is a number
        fits
    })
}

/// What an archive says.
struct Archive {
    tensors: BTreeMap<String, Description>,
    /// Storages by their key.
    storages: BTreeMap<String, Storage>,
}

impl Archive {
    fn read(source: &Arc<dyn ByteSource>) -> Result<Self, ClipError> {
        let refuse = |why: String| ClipError::NotACheckpoint {
            file: source.name().into(),
            why,
        };
        let unreadable = |error: zip::result::ZipError| {
            refuse(format!(
                "its zip archive cannot be read ({})",
                shown(&error.to_string())
            ))
        };
        let reader = BufReader::new(Bytes {
            source: source.clone(),
            at: 0,
        });
        let mut zip = ZipArchive::new(reader).map_err(unreadable)?;
        let mut pickle = None;
        let mut places = Vec::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(unreadable)?;
            let name = entry.name().map_err(unreadable)?.into_owned();
            if name == "data.pkl" || name.ends_with("/data.pkl") {
                if pickle.replace((index, name, entry.size())).is_some() {
                    return Err(refuse("it holds two pickles named data.pkl".into()));
                }
                continue;
            }
            let storage = Storage {
                start: entry.data_start().unwrap_or(u64::MAX),
                length: entry.size(),
                crc32: entry.crc32(),
            };
            let plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
            places.push((name, storage, plain));
        }
        let Some((index, name, size)) = pickle else {
            return Err(refuse(
                "it is a zip archive without data.pkl, so PyTorch did not write it".into(),
            ));
        };
        if size > LARGEST_PICKLE {
            return Err(refuse(format!(
                "its pickle has {size} bytes; at most {LARGEST_PICKLE} are read"
            )));
        }
        let mut bytes = Vec::new();
        let entry = zip.by_index(index).map_err(unreadable)?;
        // To the end of the entry, where its checksum is compared.
        entry
            .take(LARGEST_PICKLE + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| refuse(format!("its pickle is damaged ({error})")))?;
        let objects = machine::read(&bytes).map_err(|refusal| {
            refuse(format!(
                "its pickle is not a state dict's: {} at byte {} of data.pkl",
                refusal.what, refusal.at
            ))
        })?;
        let tensors = state_dict::tensors(&objects).map_err(refuse)?;

        let folder = format!("{}data/", name.strip_suffix("data.pkl").unwrap_or_default());
        let mut storages = BTreeMap::new();
        for (name, storage, plain) in places {
            let Some(key) = name.strip_prefix(&folder) else {
                continue;
            };
            if !plain {
                return Err(refuse(format!(
                    "its weights are compressed or encrypted ({}); save it again with torch.save",
                    shown(&name)
                )));
            }
            storages.insert(key.to_owned(), storage);
        }
        Ok(Self { tensors, storages })
    }

    /// Where a tensor lies.
    fn place(
        &self,
        source: &dyn ByteSource,
        index: usize,
        name: &str,
        tensor: &Description,
    ) -> Result<(TensorEntry, Layout), ClipError> {
        let wrong = |what: &str| ClipError::NotACheckpoint {
            file: source.name().into(),
            why: format!("tensor {} {what}", shown(name)),
        };
        let storage = self
            .storages
            .get(&tensor.key)
            .ok_or_else(|| wrong("has no storage in the archive"))?;
        if tensor.shape.len() > MOST_DIMENSIONS {
            return Err(wrong("has more than 16 dimensions"));
        }
        let element = match tensor.storage_type.as_str() {
            "FloatStorage" => Ok(ElementType::F32),
            "HalfStorage" => Ok(ElementType::F16),
            "BFloat16Storage" => Ok(ElementType::BF16),
            "DoubleStorage" => Ok(ElementType::F64),
            other => Err(other
                .strip_suffix("Storage")
                .unwrap_or(other)
                .to_uppercase()),
        };
        let Ok(known) = element else {
            let entry = TensorEntry {
                shape: tensor.shape.clone(),
                element,
                source: index,
                offset: storage.start,
            };
            let layout = Layout {
                storage: storage.clone(),
                strides: None,
            };
            return Ok((entry, layout));
        };
        let bytes = known.block_bytes();
        let outside = || wrong("does not lie inside its storage");
        let elements = tensor
            .shape
            .iter()
            .try_fold(1usize, |n, &d| n.checked_mul(d))
            .ok_or_else(outside)?;
        let stored = storage.length / bytes as u64;
        let end = span(&tensor.shape, &tensor.strides)
            .and_then(|span| span.checked_add(tensor.offset))
            .ok_or_else(outside)?;
        // More elements than are stored: a small tensor that is spread over a large shape.
        if end as u64 > stored || elements as u64 > stored {
            return Err(outside());
        }
        let offset = (tensor.offset as u64)
            .checked_mul(bytes as u64)
            .and_then(|offset| offset.checked_add(storage.start))
            .ok_or_else(outside)?;
        if storage
            .start
            .checked_add(storage.length)
            .is_none_or(|end| end > source.len())
        {
            return Err(outside());
        }
        let contiguous = is_contiguous(&tensor.shape, &tensor.strides);
        let entry = TensorEntry {
            shape: tensor.shape.clone(),
            element,
            source: index,
            offset,
        };
        let layout = Layout {
            storage: storage.clone(),
            strides: (!contiguous).then(|| tensor.strides.clone()),
        };
        Ok((entry, layout))
    }
}

/// A byte source as the zip library wants it.
struct Bytes {
    source: Arc<dyn ByteSource>,
    at: u64,
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.source.len().saturating_sub(self.at);
        let count = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        self.source.read_at(self.at, &mut buffer[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests;
