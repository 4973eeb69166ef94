//! Data sets that are folders: class folders with images, and CLIP_benchmark's webdatasets.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cliprobe::probe::{LabelledImage, ProbeSet, classification, read_retrieval_json};

use super::questions::{Templates, read_classes};
use crate::images::is_image;
use cliprobe_files::archive::{Member, members, samples};
use cliprobe_files::image_files::{files_in, relative, slashed, unread_image};

/// How a folder is read.
pub(super) struct FolderOptions<'a> {
    /// Names of the classes, where they are given.
    pub(super) classes: Option<&'a Path>,
    /// Sentences around them, where they are given.
    pub(super) templates: Option<&'a Templates>,
    /// Which of `train`, `val`, `test` … is asked, where the folder has several.
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
    let mut by_class: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unread: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for file in files {
        let below = relative(file, folder);
        let Some((class, _)) = below.split_once('/') else {
            continue; // an image beside the class folders has no class
        };
        if is_image(file) {
            let images = by_class.entry(class.to_owned()).or_default();
            images.push(slashed(file));
        } else if let Some(ending) = unread_image(file) {
            let of_class = unread.entry(class.to_owned()).or_default();
            *of_class.entry(ending).or_default() += 1;
        }
    }
    if by_class.is_empty() && unread.is_empty() {
        bail!(
            "{} has neither class folders with images nor tar archives",
            folder.display()
        );
    }
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry.with_context(|| folder.display().to_string())?;
        let class = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() || by_class.contains_key(&class) || class.starts_with('.') {
            continue;
        }
        let why = unread.get(&class).map_or_else(
            || "it is empty, or has other files only".to_owned(),
            |endings| {
                let endings: Vec<String> = endings
                    .iter()
                    .map(|(e, count)| format!("{count} .{e}"))
                    .collect();
                format!(
                    "it has {}, which is not read; convert them to PNG or JPEG",
                    endings.join(", ")
                )
            },
        );
        bail!(
            "the class {class} of {} has no image: {why}; or take the folder away",
            folder.display()
        );
    }
    let names = match options.classes {
        None => by_class
            .keys()
            .map(|class| class.replace('_', " "))
            .collect(),
        Some(given) => {
            let names = read_classes(given)?;
            if names.len() != by_class.len() {
                bail!(
                    "{} names {} classes, but {} has {} class folders",
                    given.display(),
                    names.len(),
                    folder.display(),
                    by_class.len()
                );
            }
            names
        }
    };
    let images: Vec<LabelledImage> = by_class
        .into_values()
        .enumerate()
        .flat_map(|(class, paths)| {
            paths
                .into_iter()
                .map(move |path| LabelledImage { path, class })
        })
        .collect();
    let prompts = options.templates.unwrap_or(&Templates::Clip80).read()?;
    Ok(classification(&name_of(top), &names, &prompts, &images)?)
}

/// CLIP_benchmark's layout: `classnames.txt`, `zeroshot_classification_templates.txt` and shards with
/// `KEY.cls` (the class's number) or `KEY.txt` (captions, one a line) beside each image.
fn webdataset(
    folder: &Path,
    archives: &[PathBuf],
    options: &FolderOptions<'_>,
) -> Result<Vec<ProbeSet>> {
    let mut labelled = Vec::new();
    let mut captioned = Vec::new();
    for archive in archives {
        let shard = slashed(archive);
        let samples = samples(members(archive)?).with_context(|| archive.display().to_string())?;
        let mut file = File::open(archive).with_context(|| archive.display().to_string())?;
        for (key, parts) in samples {
            let part = |wanted: &dyn Fn(&str) -> bool| parts.iter().find(|part| wanted(&part.name));
            let Some(image) = part(&|name| is_image(Path::new(name))) else {
                continue;
            };
            let path = format!("{shard}/{}", image.name);
            if let Some(label) = part(&|name| name.ends_with(".cls")) {
                let text = read_member(&mut file, label)?;
                let class = text.trim().parse().with_context(|| {
                    format!("{}: {} is no class number", archive.display(), label.name)
                })?;
                labelled.push(LabelledImage { path, class });
            } else if let Some(captions) = part(&|name| name.ends_with(".txt")) {
                let text = read_member(&mut file, captions)?;
                let lines: Vec<String> = text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect();
                captioned.push(serde_json::json!({"image": path, "caption": lines}));
            } else {
                bail!(
                    "{}: {key} has neither {key}.cls (a class) nor {key}.txt (captions)",
                    archive.display()
                );
            }
        }
    }
    let name = name_of(folder);
    let mut sets = Vec::new();
    if !labelled.is_empty() {
        let classes = read_classes(options.classes.unwrap_or(&folder.join("classnames.txt")))?;
        let own = Templates::File(folder.join("zeroshot_classification_templates.txt"));
        let prompts = options.templates.unwrap_or(&own).read()?;
        sets.push(classification(&name, &classes, &prompts, &labelled)?);
    }
    if !captioned.is_empty() {
        let json = serde_json::Value::Array(captioned).to_string();
        sets.push(read_retrieval_json(
            &format!("{name}/retrieval"),
            &json,
            "test",
        )?);
    }
    if sets.is_empty() {
        bail!("{} has no images in its tar archives", folder.display());
    }
    Ok(sets)
}

fn read_member(file: &mut File, member: &Member) -> Result<String> {
    member
        .read_text(file)
        .with_context(|| format!("{} cannot be read", member.name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::probe::Image;

    use super::*;
    use cliprobe_files::image_files::ImageFiles;

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
        let files = ImageFiles::search(&folders).unwrap();
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
