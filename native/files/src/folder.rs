//! Folders that change as a whole.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Fills a new folder and puts it in the place of `folder`: it holds the old files or the new
/// ones, never some of both. What `folder` holds beside the files named in `ours` stays.
///
/// A kill between two steps can leave a name missing; [`restore`] brings it back.
///
/// # Errors
/// Those of `fill`, and of the file system. `folder` is then as it was.
pub fn replace<T>(
    folder: &Path,
    ours: &[&str],
    fill: impl FnOnce(&Path) -> Result<T>,
) -> Result<T> {
    let cannot = || format!("{} cannot be written", folder.display());
    restore(folder)?;
    let [new, old] = beside(folder);
    fs::create_dir_all(&new).with_context(cannot)?;
    let filled = fill(&new).inspect_err(|_| {
        // The error that is on its way says more than one of clearing up.
        let _ = fs::remove_dir_all(&new);
    })?;
    if folder.exists() {
        for entry in fs::read_dir(folder).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| ours.contains(&name));
            if !is_ours && !new.join(&name).exists() {
                fs::rename(entry.path(), new.join(&name)).with_context(cannot)?;
            }
        }
        fs::rename(folder, &old).with_context(cannot)?;
    }
    fs::rename(&new, folder).with_context(cannot)?;
    remove(&old)?;
    Ok(filled)
}

/// Ends what a kill during [`replace`] left.
///
/// # Errors
/// The file system's.
pub fn restore(folder: &Path) -> Result<()> {
    let [new, old] = beside(folder);
    if !folder.exists() && old.exists() {
        fs::rename(&old, folder)
            .with_context(|| format!("{} cannot be restored", folder.display()))?;
    }
    remove(&new)?;
    remove(&old)
}

/// The names under which the new and the old folder wait.
fn beside(folder: &Path) -> [PathBuf; 2] {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    ["new", "old"].map(|part| folder.with_file_name(format!(".{name}.{part}")))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use anyhow::bail;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn old_files_go_and_what_is_not_ours_stays() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("model");
        let fill = |names: &'static [&'static str]| {
            move |new: &Path| -> Result<()> {
                for name in names {
                    fs::write(new.join(name), names.join(" "))?;
                }
                Ok(())
            }
        };
        replace(&folder, &["a", "b"], fill(&["a", "b"])).unwrap();
        fs::write(folder.join("README.md"), "mine").unwrap();
        replace(&folder, &["a", "b"], fill(&["a"])).unwrap();
        assert_eq!(names(&folder), ["README.md", "a"]);
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "a");
        assert_eq!(names(top.path()), ["model"]);

        let failed = replace(&folder, &["a", "b"], |new| -> Result<()> {
            fs::write(new.join("a"), "half")?;
            bail!("the disk is full")
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "a");
        assert_eq!(names(top.path()), ["model"]);
    }

    #[test]
    fn a_kill_between_the_two_renames_is_mended() {
        let top = tempfile::tempdir().unwrap();
        let folder = top.path().join("model");
        for part in [".model.old", ".model.new"] {
            fs::create_dir(top.path().join(part)).unwrap();
            fs::write(top.path().join(part).join("a"), part).unwrap();
        }
        restore(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), ".model.old");
        assert_eq!(names(top.path()), ["model"]);
    }
}
