//! Writing results so that a file appears under its name only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `path` through a temporary file beside it. A failure leaves what was there before.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    // Without it a power cut may leave the name and lose the contents.
    write_through(path, write, |file| file.sync_all())
}

/// As [`write_whole`], but does not wait for the disk: for one of many files that can be made again. Only a
/// power cut can leave such a file empty under its name.
pub fn write_one_of_many(path: &Path, contents: &[u8]) -> Result<()> {
    write_through(path, |file| Ok(file.write_all(contents)?), |_| Ok(()))
}

fn write_through(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
    sync: impl FnOnce(&File) -> io::Result<()>,
) -> Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let in_folder = || format!("{} cannot be written", path.display());
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(in_folder)?;
    let mut buffered = BufWriter::new(file.as_file_mut());
    write(&mut buffered).with_context(in_folder)?;
    buffered.flush().with_context(in_folder)?;
    drop(buffered);
    // A temporary file is private; a result is as readable as any other new file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file
            .as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    sync(file.as_file()).with_context(in_folder)?;
    file.persist(path).with_context(in_folder)?;
    Ok(())
}
