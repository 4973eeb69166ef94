//! Pictures named on the command line.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub(crate) use cliprobe_files::picture_files::{EXTENSIONS, is_picture};

/// The files meant by `paths`: directories stand for the pictures in them, by name.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
            let file = entry?.path();
            if is_picture(&file) {
                files.push(file);
            }
        }
        if files.len() == before {
            bail!(
                "{} has no pictures ({})",
                path.display(),
                EXTENSIONS.join(", ")
            );
        }
        files[before..].sort();
    }
    Ok(files)
}

/// What to call files in results: by their names, which is how benchmarks know them, or by their
/// paths where two have the same name.
pub(crate) fn names(files: &[PathBuf]) -> Vec<String> {
    let name = |path: &Path| {
        path.file_name().map_or_else(
            || path.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        )
    };
    let names: Vec<String> = files.iter().map(|f| name(f)).collect();
    if names.iter().collect::<HashSet<_>>().len() == names.len() {
        names
    } else {
        files.iter().map(|f| f.display().to_string()).collect()
    }
}
