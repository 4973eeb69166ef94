//! Data sets that are folders: class folders with images, and CLIP_benchmark's webdatasets.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cliprobe::probe::{self, ProbeError, ProbeSet, classification};

use super::lists::{Templates, read_classes, read_text};
use crate::images::is_image;
use cliprobe_files::archive::members;
use cliprobe_files::image_files::{files_in, slashed};

/// How a folder is read.
pub(super) struct FolderOptions<'a> {
    /// Names of the classes, where they are given.
    pub(super) classes: Option<&'a Path>,
    /// Sentences around them, where they are given.
    pub(super) templates: Option<&'a Templates>,
    /// The split to use (`train`, `val`, `test` …), if the folder has several.
    pub(super) split: Option<&'a str>,
}

/// Names that folders of a split have.
const SPLITS: [&str; 6] = ["test", "val", "valid", "validation", "train", "dev"];

/// Reads a folder: a webdataset if it has tar archives, else class folders. Of a folder with splits one
/// is taken: the one that is named, else `test`, else the only one.
pub(super) fn read(folder: &Path, options: &FolderOptions<'_>) -> Result<Vec<ProbeSet>> {
    let top = folder;
    let folder = &split_of(folder, options.split)?;
    let files = files_in(folder)?;
    let archives: Vec<PathBuf> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "tar"))
        .cloned()
        .collect();
    if archives.is_empty() {
        class_folders(top, folder, &files, options).map(|set| vec![set])
    } else {
        webdataset(top, &archives, options)
    }
}

/// The folder of the split that is asked.
fn split_of(folder: &Path, wanted: Option<&str>) -> Result<PathBuf> {
    let mut there = Vec::new();
    let mut others = 0;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry.with_context(|| folder.display().to_string())?;
        if !entry.path().is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        if SPLITS.contains(&name.as_str()) || Some(name.as_str()) == wanted {
            there.push(name);
        } else {
            others += 1;
        }
    }
    there.sort();
    let listed = there.join(", ");
    match wanted {
        Some(wanted) if there.iter().any(|name| name == wanted) => Ok(folder.join(wanted)),
        Some(wanted) => bail!(
            "{} has no split {wanted}{}",
            folder.display(),
            if there.is_empty() {
                String::new()
            } else {
                format!(", only {listed}")
            }
        ),
        // A class may be called test.
        None if there.is_empty() || others > 0 => Ok(folder.to_owned()),
        None => {
            let chosen = match there.as_slice() {
                [only] => only,
                several if several.iter().any(|name| name == "test") => "test",
                _ => bail!(
                    "{} has the splits {listed}; say which with --split",
                    folder.display()
                ),
            };
            if there.len() > 1 {
                eprintln!("{}: the split {chosen} of {listed}", folder.display());
            }
            Ok(folder.join(chosen))
        }
    }
}

fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map_or_else(
        || "folder".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// `FOLDER/CLASS/**/IMAGE`, the classes in the order of their folders' names. A class without an image
/// that is read is an error: without it the task would be easier.
fn class_folders(
    top: &Path,
    folder: &Path,
    files: &[PathBuf],
    options: &FolderOptions<'_>,
) -> Result<ProbeSet> {
    let (images, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|file| is_image(file));
    let slashed_all = |files: Vec<&PathBuf>| files.into_iter().map(|file| slashed(file)).collect();
    let (images, others): (Vec<String>, Vec<String>) = (slashed_all(images), slashed_all(others));
    let root = slashed(folder);
    let read = probe::class_folders(&root, &images, &others);
    if let Err(ProbeError::Empty { .. }) = read {
        bail!(
            "{} has neither class folders with images nor tar archives",
            folder.display()
        );
    }
    let (mut names, images) = read?;
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let class = entry.file_name().to_string_lossy().into_owned();
        let is_class = entry.path().is_dir() && !class.starts_with('.');
        if is_class && !names.contains(&class.replace('_', " ")) {
            bail!(
                "the class {class} of {} has no image: its folder is empty; take it away",
                folder.display()
            );
        }
    }
    if let Some(given) = options.classes {
        let named = read_classes(given)?;
        if named.len() != names.len() {
            bail!(
                "{} names {} classes, but {} has {} class folders",
                given.display(),
                named.len(),
                folder.display(),
                names.len()
            );
        }
        names = named;
    }
    let prompts = options.templates.unwrap_or(&Templates::Clip80).read()?;
    Ok(classification(&name_of(top), &names, &prompts, &images)?)
}

/// CLIP_benchmark's layout: see [`probe::read_webdataset`].
fn webdataset(
    folder: &Path,
    archives: &[PathBuf],
    options: &FolderOptions<'_>,
) -> Result<Vec<ProbeSet>> {
    let mut paths = Vec::new();
    let mut places = Vec::new();
    for archive in archives {
        for member in members(archive)? {
            paths.push(format!("{}/{}", slashed(archive), member.name));
            places.push((archive.clone(), Some(member)));
        }
    }
    for file_name in ["classnames.txt", "zeroshot_classification_templates.txt"] {
        let file = folder.join(file_name);
        if file.is_file() {
            paths.push(slashed(&file));
            places.push((file, None));
        }
    }
    // Members follow each other: one archive at a time is open.
    let mut open: Option<(&Path, File)> = None;
    let mut text = |file: usize| -> Result<String, String> {
        let (path, member) = &places[file];
        let mut read = || -> Result<String> {
            let Some(member) = member else {
                return Ok(read_text(path)?.0);
            };
            let is_open = open.as_ref().is_some_and(|(opened, _)| opened == path);
            if !is_open {
                open = Some((path, File::open(path)?));
            }
            let (_, archive) = open.as_mut().context("an archive was opened")?;
            Ok(member.read_text(archive)?)
        };
        read().map_err(|why| format!("cannot be read: {why:#}"))
    };
    let classes = options.classes.map(read_classes).transpose()?;
    let prompts = options.templates.map(Templates::read).transpose()?;
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    Ok(probe::read_webdataset(
        &name_of(folder),
        &names,
        &mut text,
        classes,
        prompts,
    )?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::probe::Image;

    use super::*;
    use cliprobe_files::image_files::ImagesOnDisk;

    /// The files of two data sets have the same names, in class folders and in archives.
    #[test]
    fn files_of_one_name_in_two_sets_stay_apart() {
        let top = tempfile::tempdir().unwrap();
        for set in ["classes-a", "classes-b"] {
            for class in ["cat", "dog"] {
                let folder = top.path().join(set).join(class);
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join("0.png"), format!("{set} {class}")).unwrap();
            }
        }
        for set in ["shards-a", "shards-b"] {
            let folder = top.path().join(set);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("classnames.txt"), "cat\ndog\n").unwrap();
            let templates = folder.join("zeroshot_classification_templates.txt");
            std::fs::write(templates, "a {c}\n").unwrap();
            let mut tar = tar::Builder::new(File::create(folder.join("0.tar")).unwrap());
            for (number, class) in ["cat", "dog"].into_iter().enumerate() {
                let mut append = |ending: &str, contents: String| {
                    let mut header = tar::Header::new_gnu();
                    header.set_size(contents.len() as u64);
                    header.set_mode(0o644);
                    let name = format!("s{number}.{ending}");
                    tar.append_data(&mut header, name, contents.as_bytes())
                };
                append("png", format!("{set} {class}")).unwrap();
                append("cls", number.to_string()).unwrap();
            }
            tar.finish().unwrap();
        }
        let names = ["classes-a", "classes-b", "shards-a", "shards-b"];
        let folders = names.map(|set| top.path().join(set));
        let files = ImagesOnDisk::search(&folders).unwrap();
        for (name, folder) in names.iter().zip(&folders) {
            let options = FolderOptions {
                classes: None,
                templates: None,
                split: None,
            };
            for set in read(folder, &options).unwrap() {
                let mut found: Vec<String> = set
                    .images
                    .iter()
                    .map(|image| match image {
                        Image::File { name, .. } => {
                            String::from_utf8(files.read(files.find(name).unwrap()).unwrap())
                        }
                        Image::Scene(_) => panic!("no scene was asked for"),
                    })
                    .collect::<Result<_, _>>()
                    .unwrap();
                found.sort();
                assert_eq!(found, [format!("{name} cat"), format!("{name} dog")]);
            }
        }
    }
}
