//! Where the bytes of a checkpoint come from.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::error::ClipError;

/// Bytes that can be read at any offset: a file, or a buffer that a page was given.
pub trait ByteSource: Send + Sync {
    /// The name to use in messages.
    fn name(&self) -> &str;

    /// Number of bytes.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// The system's, or an unexpected end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// The file's path, where there is one.
    #[cfg(not(target_arch = "wasm32"))]
    fn path(&self) -> Option<&std::path::Path> {
        None
    }
}

/// A buffer with a name.
pub struct MemorySource {
    name: String,
    bytes: Vec<u8>,
}

impl MemorySource {
    /// Names a buffer.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            bytes,
        }
    }
}

impl ByteSource for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.bytes.get(start..)?.get(..buffer.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// A file, read piece by piece: memory maps would count the whole file as resident beside the
/// tensors made from it.
#[cfg(not(target_arch = "wasm32"))]
pub struct FileSource {
    path: std::path::PathBuf,
    name: String,
    len: u64,
    file: std::sync::Mutex<std::fs::File>,
}

#[cfg(not(target_arch = "wasm32"))]
impl FileSource {
    /// Opens a file.
    ///
    /// # Errors
    /// The system's, with the file's name.
    pub fn open(path: &std::path::Path) -> Result<Self, ClipError> {
        let name = path.display().to_string();
        let open = || {
            let file = std::fs::File::open(path)?;
            Ok((file.metadata()?.len(), file))
        };
        let (len, file) = open().map_err(|e| ClipError::io(&name, e))?;
        Ok(Self {
            path: path.into(),
            name,
            len,
            file: file.into(),
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ByteSource for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek};
        let mut file = self
            .file
            .lock()
            .map_err(|_| io::Error::other("a reader of this file panicked"))?;
        file.seek(io::SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn path(&self) -> Option<&std::path::Path> {
        Some(&self.path)
    }
}

/// The files of a checkpoint by name: a directory, or what was dropped on a page.
pub struct FileSet {
    label: String,
    files: BTreeMap<String, Arc<dyn ByteSource>>,
}

/// Configurations and tokenizers are text of at most a few MiB; a larger one is not read.
const LARGEST_TEXT: u64 = 256 << 20;

impl FileSet {
    /// Files in memory, by name.
    pub fn from_memory(label: impl Into<String>, files: BTreeMap<String, Vec<u8>>) -> Self {
        let sources = files.into_iter().map(|(name, bytes)| {
            let source: Arc<dyn ByteSource> = Arc::new(MemorySource::new(name, bytes));
            source
        });
        Self::from_sources(label, sources)
    }

    /// Files that are read where they lie, by the names that they have.
    pub fn from_sources(
        label: impl Into<String>,
        sources: impl IntoIterator<Item = Arc<dyn ByteSource>>,
    ) -> Self {
        Self {
            label: label.into(),
            files: sources
                .into_iter()
                .map(|source| (source.name().to_owned(), source))
                .collect(),
        }
    }

    /// The files of a directory that can belong to a checkpoint.
    ///
    /// # Errors
    /// The system's, with the name.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn from_directory(directory: &std::path::Path) -> Result<Self, ClipError> {
        let label = directory.display().to_string();
        let mut files: BTreeMap<String, Arc<dyn ByteSource>> = BTreeMap::new();
        for entry in std::fs::read_dir(directory).map_err(|e| ClipError::io(&label, e))? {
            let path = entry.map_err(|e| ClipError::io(&label, e))?.path();
            let known = path.extension().and_then(|e| e.to_str()).is_some_and(|e| {
                ["json", "safetensors", "bin", "pt", "pth", "txt", "gguf"].contains(&e)
            });
            if let Some(name) = path.file_name().and_then(|n| n.to_str())
                && known
                && path.is_file()
            {
                files.insert(name.into(), Arc::new(FileSource::open(&path)?));
            }
        }
        Ok(Self { label, files })
    }

    /// What to call the set in messages.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The file names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn ByteSource>> {
        self.files.get(name)
    }

    /// A whole file, if it is there.
    ///
    /// # Errors
    /// The system's, or a file too large for a text.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ClipError> {
        self.get(name)
            .map(|source| read_all(source.as_ref()))
            .transpose()
    }

    /// A JSON file, if it is there.
    ///
    /// # Errors
    /// As [`FileSet::read`], or JSON that does not parse.
    pub fn json(&self, name: &str) -> Result<Option<serde_json::Value>, ClipError> {
        let Some(bytes) = self.read(name)? else {
            return Ok(None);
        };
        let file = self.files[name].name().to_owned();
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|cause| ClipError::Json { file, cause })
    }
}

/// Reads a small file whole.
///
/// # Errors
/// The system's, or a size that no text has.
pub fn read_all(source: &dyn ByteSource) -> Result<Vec<u8>, ClipError> {
    if source.len() > LARGEST_TEXT {
        return Err(ClipError::malformed(
            source.name(),
            0,
            format!(
                "its {} bytes are too many for a configuration; it begins",
                source.len()
            ),
        ));
    }
    let mut bytes = vec![0; source.len() as usize];
    source
        .read_at(0, &mut bytes)
        .map_err(|e| ClipError::io(source.name(), e))?;
    Ok(bytes)
}
