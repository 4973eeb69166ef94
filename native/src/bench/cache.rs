//! Embeddings on disk, so that no image or caption is computed twice, also after a kill.
//!
//! One file for images and one for captions in a folder of the model's own. A file is a header and
//! records that are only ever appended: the key of what was embedded, the embedding, and a check sum.
//! A record that a kill cut off, or a disk damaged, ends the file there; what is before it counts.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use cliprobe::evaluate::{Cache, Key};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"CLIPEMB1";
const CHECK_BYTES: usize = 8;

/// Embeddings of one kind by one model.
pub(super) struct FileCache {
    known: HashMap<Key, Vec<f32>>,
    /// `None` after a write failed.
    file: Option<File>,
    path: PathBuf,
}

impl FileCache {
    /// Opens or creates a file of embeddings of `dim` values. If that fails, it prints a sentence on standard error
    /// and answers `None`: an evaluation without a cache is better than none.
    pub(super) fn open(path: &Path, dim: usize) -> Option<Self> {
        let opened = Self::try_open(path, dim);
        opened
            .inspect_err(|why| {
                eprintln!(
                    "embeddings are not stored: {} {why}; choose another folder with --cache, or use --no-cache",
                    path.display()
                );
            })
            .ok()
    }

    fn try_open(path: &Path, dim: usize) -> Result<Self, String> {
        let unusable = |error: std::io::Error| format!("cannot be used ({error})");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(unusable)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err("is being written by another process".to_owned());
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let known = read_records(&mut file, dim).map_err(unusable)?;
        Ok(Self {
            known,
            file: Some(file),
            path: path.to_owned(),
        })
    }
}

impl Cache for FileCache {
    fn get(&self, key: &Key) -> Option<&[f32]> {
        self.known.get(key).map(Vec::as_slice)
    }

    fn insert(&mut self, key: Key, embedding: Vec<f32>) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(&record(&key, &embedding))
        {
            eprintln!(
                "embeddings are no longer stored: {} cannot be written ({error})",
                self.path.display()
            );
            self.file = None;
        }
        self.known.insert(key, embedding);
    }
}

/// The default folder of caches.
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
        let path = folder.path().join("deep").join("images.bin");
        let mut cache = FileCache::open(&path, 2).unwrap();
        cache.insert([1; 32], vec![0.5, -1.0]);
        cache.insert([2; 32], vec![2.0, 3.0]);
        drop(cache);
        // A kill in the middle of the second record.
        let length = std::fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(length - 3).unwrap();
        drop(file);
        let mut cache = FileCache::open(&path, 2).unwrap();
        assert_eq!(cache.get(&[1; 32]), Some([0.5, -1.0].as_slice()));
        assert_eq!(cache.get(&[2; 32]), None);
        cache.insert([3; 32], vec![4.0, 5.0]);
        drop(cache);
        let cache = FileCache::open(&path, 2).unwrap();
        assert_eq!(cache.get(&[3; 32]), Some([4.0, 5.0].as_slice()));
        assert_eq!(cache.known.len(), 2);
    }

    #[test]
    fn a_damaged_or_foreign_file_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.bin");
        let mut cache = FileCache::open(&path, 1).unwrap();
        cache.insert([1; 32], vec![0.5]);
        cache.insert([2; 32], vec![0.25]);
        drop(cache);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1; // in the first record
        std::fs::write(&path, &bytes).unwrap();
        assert!(FileCache::open(&path, 1).unwrap().known.is_empty());
        // Another dimension, or no cache at all.
        assert!(FileCache::open(&path, 3).unwrap().known.is_empty());
        std::fs::write(&path, b"something else").unwrap();
        assert!(FileCache::open(&path, 1).unwrap().known.is_empty());
    }

    #[test]
    fn two_processes_do_not_write_into_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("texts.bin");
        let mut first = FileCache::open(&path, 1).unwrap();
        assert!(FileCache::open(&path, 1).is_none());
        first.insert([1; 32], vec![0.5]);
        drop(first);
        let cache = FileCache::open(&path, 1).unwrap();
        assert_eq!(cache.get(&[1; 32]), Some([0.5].as_slice()));
    }

    #[test]
    fn what_cannot_be_written_is_known_for_this_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"in the way").unwrap();
        assert!(FileCache::open(&path.join("texts.bin"), 1).is_none());
        // A file that can be opened but not written, as on a full disk.
        let texts = folder.path().join("texts.bin");
        let mut cache = FileCache::open(&texts, 1).unwrap();
        cache.file = Some(File::open(&texts).unwrap());
        cache.insert([1; 32], vec![0.5]);
        assert!(cache.file.is_none());
        assert_eq!(cache.get(&[1; 32]), Some([0.5].as_slice()));
    }
}
