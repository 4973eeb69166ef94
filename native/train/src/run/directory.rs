//! The directory of a run: who may write there, and what a kill left.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cliprobe_files::folder;

use super::best::{self, Best};
use crate::recipe::Recipe;

pub(super) fn recipe_file(directory: &Path) -> PathBuf {
    directory.join("recipe.toml")
}

/// Refuses a directory in which a run began.
pub(super) fn check_no_run(directory: &Path) -> Result<()> {
    ensure!(
        !recipe_file(directory).exists(),
        "{} holds a run already; resume it, or choose another directory",
        directory.display()
    );
    Ok(())
}

/// Refuses a directory without a run, or with the run of another recipe.
pub(super) fn check_same_recipe(directory: &Path, recipe: &Recipe) -> Result<()> {
    let file = recipe_file(directory);
    ensure!(
        file.exists(),
        "{} holds no run to resume",
        directory.display()
    );
    ensure!(
        Recipe::read(&file)? == *recipe,
        "the recipe differs from {}, which the run was started with; resume with that one, or \
         start a new run in another directory",
        file.display()
    );
    Ok(())
}

/// Two processes in one directory would mix their logs and checkpoints. The lock is on a file of its
/// own that is never replaced or removed, and ends with the process, however that ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(directory: &Path) -> Result<Self> {
        let path = directory.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!("another process is training in {}", directory.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

/// Removes what a killed process of this run left half written.
pub(super) fn clear_leftovers(directory: &Path) -> Result<()> {
    for name in ["model", best::FOLDER] {
        folder::restore(&directory.join(name))?;
    }
    for name in ["", "checkpoints", "model", best::FOLDER] {
        let place = directory.join(name);
        let Ok(entries) = fs::read_dir(&place) else {
            continue; // it is not there yet
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", place.display()))?;
            let path = entry.path();
            if is_temporary(&path) && path.is_file() {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    Best::mend(directory)
}

/// Whether a file has the name of one that was to be renamed when it was complete: tempfile's
/// `.tmp` and six letters or digits.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_prefix(".tmp"))
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_process_holds_the_lock_and_the_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let lock = Lock::take(directory.path()).unwrap();
        let error = Lock::take(directory.path()).err().unwrap();
        assert!(error.to_string().contains("another process"), "{error}");
        drop(lock);
        assert!(directory.path().join("lock").is_file());
        Lock::take(directory.path()).unwrap();
    }

    #[test]
    fn what_a_kill_left_is_cleared_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for folder in ["checkpoints", "model", ".best.new", "best"] {
            fs::create_dir(path(folder)).unwrap();
        }
        let gone = [".tmpAb3xYz", "checkpoints/.tmp000000", ".best.new/a"];
        let stays = [
            ".tmpfile",
            "checkpoints/step_00000001.safetensors",
            "model/.tmp1",
        ];
        for name in gone.iter().chain(&stays) {
            fs::write(path(name), "x").unwrap();
        }
        // Killed after the folder had changed, before its copy.
        fs::write(path("best/best.json"), r#"{"step":6,"value":0.5}"#).unwrap();
        fs::write(path("best.json"), r#"{"step":3,"value":0.25}"#).unwrap();
        clear_leftovers(directory.path()).unwrap();
        assert!(gone.iter().all(|name| !path(name).exists()));
        assert!(stays.iter().all(|name| path(name).exists()));
        let copy = fs::read_to_string(path("best.json")).unwrap();
        assert_eq!(copy, r#"{"step":6,"value":0.5}"#);
    }
}
