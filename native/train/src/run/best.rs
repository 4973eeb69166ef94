//! The best model so far. Its folder holds a note of when it was and how good, so that both change
//! together; `best.json` beside the folder is a copy.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use cliprobe_files::write::write_whole;
use serde::{Deserialize, Serialize};

pub(super) const FOLDER: &str = "best";
/// The note in the folder.
pub(super) const NOTE: &str = "best.json";
/// Its copy in the run's directory.
pub(super) const COPY: &str = "best.json";

/// When the best model was, and how good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) step: u64,
    pub(super) value: f64,
}

impl Best {
    /// That of a run's directory. A run that was killed and resumed comes to the same numbers
    /// again, so that one from beyond the last checkpoint stays true.
    pub(super) fn of(directory: &Path) -> Result<Option<Self>> {
        match Self::read(&directory.join(FOLDER).join(NOTE))? {
            Some(best) => Ok(Some(best)),
            // Runs of earlier versions have the copy alone.
            None => Self::read(&directory.join(COPY)),
        }
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let best = serde_json::from_str(&text);
        let best = best.with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Some(best))
    }

    pub(super) fn write(self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(&self)?;
        write_whole(path, |file| Ok(file.write_all(text.as_bytes())?))
    }

    /// Makes the copy equal to the note again, if a kill came between the two.
    pub(super) fn mend(directory: &Path) -> Result<()> {
        match Self::read(&directory.join(FOLDER).join(NOTE))? {
            Some(best) if Self::read(&directory.join(COPY))? != Some(best) => {
                best.write(&directory.join(COPY))
            }
            _ => Ok(()),
        }
    }
}
