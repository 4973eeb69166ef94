//! Embeddings on disk, so that no picture or caption is computed twice, also after a kill.
//!
//! One file for pictures and one for captions in a folder of the model's own. A file is a header and
//! records that are only ever appended: the key of what was embedded, the embedding, and a check sum.
//! A record that a kill cut off, or a disk damaged, ends the file there; what is before it counts.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// What was embedded: a hash of everything that the embedding depends on but the model.
pub(super) type Key = [u8; 32];

const MAGIC: &[u8; 8] = b"CLIPEMB1";
const CHECK_BYTES: usize = 8;

/// Embeddings of one kind by one model.
pub(super) struct Cache {
    known: HashMap<Key, Vec<f32>>,
    /// None where nothing is kept.
    file: Option<File>,
}

impl Cache {
    /// A cache that forgets everything at the end.
    pub(super) fn in_memory() -> Self {
        Self {
            known: HashMap::new(),
            file: None,
        }
    }

    /// Opens or begins a file of embeddings of `dim` values. While another process uses it, this one
    /// works without.
    pub(super) fn open(path: &Path, dim: usize) -> Result<Self> {
        let unusable = || {
            format!(
                "the embedding cache {} cannot be used; give another folder with --cache, or --no-cache",
                path.display()
            )
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(unusable)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                eprintln!(
                    "another process is writing {}; this one computes without it",
                    path.display()
                );
                return Ok(Self::in_memory());
            }
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(error).with_context(unusable);
            }
        }
        let known = read_records(&mut file, dim).with_context(unusable)?;
        Ok(Self {
            known,
            file: Some(file),
        })
    }

    pub(super) fn get(&self, key: &Key) -> Option<&[f32]> {
        self.known.get(key).map(Vec::as_slice)
    }

    /// Keeps an embedding.
    pub(super) fn insert(&mut self, key: Key, embedding: Vec<f32>) -> Result<()> {
        if let Some(file) = &mut self.file {
            let record = record(&key, &embedding);
            file.write_all(&record)
                .context("the embedding cache cannot be written; is the disk full? --no-cache works without it")?;
        }
        self.known.insert(key, embedding);
        Ok(())
    }
}

/// Where caches lie unless a person says otherwise.
pub(super) fn default_folder() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("cliprobe").join("embeddings"))
}

fn header(dim: usize) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend((dim as u64).to_le_bytes());
    header
}

fn record(key: &Key, embedding: &[f32]) -> Vec<u8> {
    let mut record = key.to_vec();
    record.extend(embedding.iter().flat_map(|x| x.to_le_bytes()));
    let check = Sha256::digest(&record);
    record.extend(&check[..CHECK_BYTES]);
    record
}

/// Reads what is whole, and cuts the file off after it.
fn read_records(file: &mut File, dim: usize) -> std::io::Result<HashMap<Key, Vec<f32>>> {
    let header = header(dim);
    let mut known = HashMap::new();
    let mut reader = BufReader::new(&*file);
    let mut found = vec![0; header.len()];
    let is_ours = read_whole(&mut reader, &mut found)? && found == header;
    let mut end = 0;
    if is_ours {
        end = header.len() as u64;
        let mut bytes = vec![0; 32 + 4 * dim + CHECK_BYTES];
        while read_whole(&mut reader, &mut bytes)? {
            let (content, check) = bytes.split_at(32 + 4 * dim);
            if Sha256::digest(content)[..CHECK_BYTES] != *check {
                break;
            }
            let (key, values) = content.split_at(32);
            let values = values.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b));
            known.insert(
                key.try_into().expect("split at the length of a key"),
                values.collect(),
            );
            end += bytes.len() as u64;
        }
    }
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    if end == 0 {
        file.write_all(&header)?;
    }
    Ok(known)
}

/// Fills the buffer, or finds the file's end before.
fn read_whole(reader: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_a_kill_is_there_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("pictures.bin");
        let mut cache = Cache::open(&path, 2).unwrap();
        cache.insert([1; 32], vec![0.5, -1.0]).unwrap();
        cache.insert([2; 32], vec![2.0, 3.0]).unwrap();
        drop(cache);
        // A kill in the middle of the second record.
        let length = std::fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(length - 3).unwrap();
        drop(file);
        let mut cache = Cache::open(&path, 2).unwrap();
        assert_eq!(cache.get(&[1; 32]), Some([0.5, -1.0].as_slice()));
        assert_eq!(cache.get(&[2; 32]), None);
        cache.insert([3; 32], vec![4.0, 5.0]).unwrap();
        drop(cache);
        let cache = Cache::open(&path, 2).unwrap();
        assert_eq!(cache.get(&[3; 32]), Some([4.0, 5.0].as_slice()));
        assert_eq!(cache.known.len(), 2);
    }

    #[test]
    fn a_damaged_or_foreign_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.bin");
        let mut cache = Cache::open(&path, 1).unwrap();
        cache.insert([1; 32], vec![0.5]).unwrap();
        cache.insert([2; 32], vec![0.25]).unwrap();
        drop(cache);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1; // in the first record
        std::fs::write(&path, &bytes).unwrap();
        assert!(Cache::open(&path, 1).unwrap().known.is_empty());
        // Another dimension, or no cache at all.
        assert!(Cache::open(&path, 3).unwrap().known.is_empty());
        std::fs::write(&path, b"something else").unwrap();
        assert!(Cache::open(&path, 1).unwrap().known.is_empty());
    }

    #[test]
    fn two_processes_do_not_write_into_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.bin");
        let mut first = Cache::open(&path, 1).unwrap();
        let mut second = Cache::open(&path, 1).unwrap();
        second.insert([2; 32], vec![0.25]).unwrap();
        first.insert([1; 32], vec![0.5]).unwrap();
        drop((first, second));
        let cache = Cache::open(&path, 1).unwrap();
        assert_eq!(cache.get(&[1; 32]), Some([0.5].as_slice()));
        assert_eq!(cache.get(&[2; 32]), None);
    }
}
