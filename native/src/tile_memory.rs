//! What loads have found about a GPU's tiles, kept in the person's folder of caches. Losing it costs the
//! next load a short timed run, so whatever goes wrong here is passed over.

use std::collections::BTreeMap;
use std::path::PathBuf;

fn file() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("cliprobe/gpu-tiles.json"))
}

/// Tiles by adapter, type of the weights and width.
pub(crate) fn read() -> BTreeMap<String, String> {
    file()
        .and_then(|file| std::fs::read(file).ok())
        .and_then(|json| serde_json::from_slice(&json).ok())
        .unwrap_or_default()
}

/// Replaces what is kept.
pub(crate) fn write(known: &BTreeMap<String, String>) {
    let Some(file) = file() else { return };
    let replace = || -> anyhow::Result<()> {
        let folder = file.parent().unwrap_or(&file);
        std::fs::create_dir_all(folder)?;
        // Whole or not at all, whoever else writes.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut new, known)?;
        new.persist(&file)?;
        Ok(())
    };
    drop(replace());
}
