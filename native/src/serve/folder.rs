//! The files that may be served: regular ones below the root, by names that do not begin with a dot.

use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use tower_http::services::fs::{Backend, TokioBackend, TokioFile};

/// A folder as tower-http reads it. Everything else is "not found": hidden files, links that lead out of
/// the folder, and what is no file, such as a named pipe, on which an open would wait for ever.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: Arc<Path>,
}

impl Folder {
    /// # Errors
    /// When the folder is not there.
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?.into();
        Ok(Self { root })
    }

    /// The folder's own path, without links in it.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The file or folder that `path`, a path below the root, leads to.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let is_hidden = |part: Component| match part {
            Component::Normal(name) => name.as_encoded_bytes().starts_with(b"."),
            _ => true, // `..` and other roots
        };
        let below = path.strip_prefix(&self.root).ok();
        let allowed = below.filter(|below| !below.components().any(is_hidden));
        // What cannot be resolved is not there, be it too long for the system or a circle of links.
        let real = allowed.and_then(|_| path.canonicalize().ok());
        real.filter(|real| real.starts_with(&self.root))
            .filter(|real| real.is_file() || real.is_dir())
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// As [`Self::resolve`], without holding up other requests.
    async fn resolved(self, path: PathBuf) -> io::Result<PathBuf> {
        tokio::task::spawn_blocking(move || self.resolve(&path)).await?
    }
}

impl Backend for Folder {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pin<Box<dyn Future<Output = io::Result<TokioFile>> + Send>>;
    type MetadataFuture = Pin<Box<dyn Future<Output = io::Result<std::fs::Metadata>> + Send>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let path = self.clone().resolved(path);
        Box::pin(async move { TokioBackend.open(path.await?).await })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let path = self.clone().resolved(path);
        Box::pin(async move { TokioBackend.metadata(path.await?).await })
    }
}
