//! Data sets that are folders: class folders with pictures, and CLIP_benchmark's webdatasets.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cliprobe::probe::{LabelledPicture, ProbeSet, classification, read_retrieval_json};

use super::pictures::{files_in, relative, slashed};
use super::questions::{Templates, read_classes, read_list};
use crate::archive::{Member, key_of, members};
use crate::pictures::is_picture;

/// Reads a folder: a webdataset if it has tar archives, else class folders.
pub(super) fn read(
    folder: &Path,
    classes: Option<&Path>,
    templates: Option<&Templates>,
) -> Result<Vec<ProbeSet>> {
    let files = files_in(folder)?;
    let archives: Vec<PathBuf> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "tar"))
        .cloned()
        .collect();
    if archives.is_empty() {
        class_folders(folder, &files, classes, templates).map(|set| vec![set])
    } else {
        webdataset(folder, &archives, classes, templates)
    }
}

fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map_or_else(
        || "folder".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// `FOLDER/CLASS/**/PICTURE`, the classes in the order of their folders' names.
fn class_folders(
    folder: &Path,
    files: &[PathBuf],
    classes: Option<&Path>,
    templates: Option<&Templates>,
) -> Result<ProbeSet> {
    let mut by_class: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| is_picture(file)) {
        let below = relative(file, folder);
        let Some((class, _)) = below.split_once('/') else {
            continue; // a picture beside the class folders has no class
        };
        let pictures = by_class.entry(class.to_owned()).or_default();
        pictures.push(slashed(file));
    }
    if by_class.is_empty() {
        bail!(
            "{} has neither class folders with pictures nor tar archives",
            folder.display()
        );
    }
    let names = match classes {
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
    let pictures: Vec<LabelledPicture> = by_class
        .into_values()
        .enumerate()
        .flat_map(|(class, paths)| {
            paths
                .into_iter()
                .map(move |path| LabelledPicture { path, class })
        })
        .collect();
    let templates = templates.unwrap_or(&Templates::Clip80).read()?;
    Ok(classification(
        &name_of(folder),
        &names,
        &templates,
        &pictures,
    )?)
}

/// CLIP_benchmark's layout: `classnames.txt`, `zeroshot_classification_templates.txt` and shards with
/// `KEY.cls` (the class's number) or `KEY.txt` (captions, one a line) beside each picture.
fn webdataset(
    folder: &Path,
    archives: &[PathBuf],
    classes: Option<&Path>,
    templates: Option<&Templates>,
) -> Result<Vec<ProbeSet>> {
    let mut labelled = Vec::new();
    let mut captioned = Vec::new();
    for archive in archives {
        let shard = slashed(archive);
        let mut samples: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in members(archive)? {
            let key = key_of(&member.name).to_owned();
            samples.entry(key).or_default().push(member);
        }
        let mut file = File::open(archive).with_context(|| archive.display().to_string())?;
        for (key, parts) in samples {
            let part = |wanted: &dyn Fn(&str) -> bool| parts.iter().find(|part| wanted(&part.name));
            let Some(picture) = part(&|name| is_picture(Path::new(name))) else {
                continue;
            };
            let path = format!("{shard}/{}", picture.name);
            if let Some(label) = part(&|name| name.ends_with(".cls")) {
                let text = read_member(&mut file, label)?;
                let class = text.trim().parse().with_context(|| {
                    format!("{}: {} is no class number", archive.display(), label.name)
                })?;
                labelled.push(LabelledPicture { path, class });
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
        let classes = read_classes(classes.unwrap_or(&folder.join("classnames.txt")))?;
        let templates = match templates {
            Some(templates) => templates.read()?,
            None => read_list(&folder.join("zeroshot_classification_templates.txt"))?
                .into_iter()
                .map(|template| template.replace("{c}", "{}"))
                .collect(),
        };
        sets.push(classification(&name, &classes, &templates, &labelled)?);
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
        bail!("{} has no pictures in its tar archives", folder.display());
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

    use cliprobe::probe::Picture;

    use super::super::pictures::PictureFiles;
    use super::*;

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
        let files = PictureFiles::search(&folders).unwrap();
        for (name, folder) in names.iter().zip(&folders) {
            for set in read(folder, None, None).unwrap() {
                let mut found: Vec<String> = set
                    .pictures
                    .iter()
                    .map(|picture| match picture {
                        Picture::File { name, .. } => {
                            String::from_utf8(files.read(files.find(name).unwrap()).unwrap())
                        }
                        Picture::Scene(_) => panic!("no scene was asked for"),
                    })
                    .collect::<Result<_, _>>()
                    .unwrap();
                found.sort();
                assert_eq!(found, [format!("{name} cat"), format!("{name} dog")]);
            }
        }
    }
}
