//! Images named on the command line, and what becomes of those that cannot be read.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use cliprobe::probe::IMAGE_ENDINGS;
pub(crate) use cliprobe_files::image_files::is_image;

/// The files meant by `paths`: a directory stands for the images directly in it, sorted by name. What
/// else lies there is counted on standard error, so that no image is lost in silence.
///
/// # Errors
/// A directory that cannot be read or that has no image.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        let mut others = Others::default();
        for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
            let file = entry?.path();
            if is_image(&file) && !file.is_dir() {
                files.push(file);
            } else {
                others.count(&file);
            }
        }
        if files.len() == before {
            bail!(
                "{} has no images ({}); {others}",
                path.display(),
                IMAGE_ENDINGS.join(", ")
            );
        }
        if !others.is_empty() {
            eprintln!("{}: {others}", path.display());
        }
        files[before..].sort();
    }
    Ok(files)
}

/// The files of a directory that are not read as images.
#[derive(Default)]
struct Others {
    folders: usize,
    by_extension: BTreeMap<String, usize>,
}

impl Others {
    fn count(&mut self, path: &Path) {
        let hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
        if path.file_name().is_some_and(hidden) {
            return; // .DS_Store and the like
        }
        if path.is_dir() {
            self.folders += 1;
            return;
        }
        let extension = path.extension().map_or_else(
            || "without an extension".to_owned(),
            |e| format!(".{}", e.to_string_lossy().to_lowercase()),
        );
        *self.by_extension.entry(extension).or_default() += 1;
    }

    fn is_empty(&self) -> bool {
        self.folders == 0 && self.by_extension.is_empty()
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .by_extension
            .iter()
            .map(|(extension, count)| format!("{count} {extension}"))
            .collect();
        if self.folders > 0 {
            let folders = if self.folders == 1 {
                "folder"
            } else {
                "folders"
            };
            parts.push(format!("{} {folders}", self.folders));
        }
        match parts.as_slice() {
            [] => f.write_str("nothing else is in it"),
            parts => write!(f, "not read: {}", parts.join(", ")),
        }
    }
}

/// An image that is missing in a result, and why.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    image: String,
    why: String,
}

/// The exit code of a command whose result lacks some of the images.
const SOME_SKIPPED: u8 = 3;

/// Splits results into those of readable images, with their names, and the others, which are named on
/// standard error: the rule of every command that takes many images.
///
/// # Errors
/// When no image could be read.
pub(crate) fn keep_readable<T>(
    names: Vec<String>,
    results: Vec<Result<T>>,
) -> Result<(Vec<String>, Vec<T>, Vec<Skipped>)> {
    let (mut kept, mut values, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for (name, result) in names.into_iter().zip(results) {
        match result {
            Ok(value) => {
                kept.push(name);
                values.push(value);
            }
            Err(error) => {
                let why = format!("{error:#}");
                eprintln!("skipped {name}: {why}");
                skipped.push(Skipped { image: name, why });
            }
        }
    }
    if kept.is_empty() {
        match skipped.as_slice() {
            [only] => bail!("{} cannot be read: {}", only.image, only.why),
            _ => bail!("none of the {} images could be read", skipped.len()),
        }
    }
    Ok((kept, values, skipped))
}

/// The exit code of a command that wrote `out` without the images `skipped`, after saying so.
pub(crate) fn exit_code(out: &Path, kept: usize, skipped: &[Skipped]) -> ExitCode {
    if skipped.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "{} of {} images are missing in {}",
        skipped.len(),
        kept + skipped.len(),
        out.display()
    );
    ExitCode::from(SOME_SKIPPED)
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
