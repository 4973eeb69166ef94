//! Data sets that are folders: class folders with images, and CLIP_benchmark's webdatasets. They are
//! read from the paths of their files, so that disk, archive and browser are alike.

use std::collections::{BTreeMap, BTreeSet};

use super::{LabelledImage, Prompts, classification, read_retrieval_json, read_text_list};
use crate::archive::samples;
use crate::image_names::is_image_name;
use crate::{ProbeError, ProbeSet, read_prompts};

/// The folders that have at least two class folders with images directly in them, in order.
pub fn find_class_folders(images: &[String]) -> Vec<String> {
    let mut classes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for image in images.iter().filter(|image| !image.contains(".tar/")) {
        if let Some((class, _)) = image.rsplit_once('/')
            && let Some((folder, class)) = class.rsplit_once('/')
        {
            classes.entry(folder).or_default().insert(class);
        }
    }
    classes.retain(|_, classes| classes.len() > 1);
    classes.into_keys().map(str::to_owned).collect()
}

/// Classes, in the order of their folders' names, and images: `FOLDER/CLASS/**/IMAGE`. An image beside
/// the class folders has no class. `others` are the paths of files that are no images: a class with
/// nothing else is an error, since without it the task would be easier.
///
/// # Errors
/// A class without images, or no classes.
pub fn class_folders(
    folder: &str,
    images: &[String],
    others: &[String],
) -> Result<(Vec<String>, Vec<LabelledImage>), ProbeError> {
    let below = |path: &str| -> Option<String> {
        let (class, _) = path
            .strip_prefix(folder)?
            .strip_prefix('/')?
            .split_once('/')?;
        (!class.starts_with('.')).then(|| class.to_owned())
    };
    let mut by_class: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for image in images {
        if let Some(class) = below(image) {
            by_class.entry(class).or_default().push(image);
        }
    }
    let mut unread: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for other in others {
        if let Some(class) = below(other).filter(|class| !by_class.contains_key(class)) {
            let ending = other.rsplit_once('.').map_or("", |(_, ending)| ending);
            let of_class = unread.entry(class).or_default();
            *of_class.entry(ending.to_ascii_lowercase()).or_default() += 1;
        }
    }
    if let Some((class, endings)) = unread.into_iter().next() {
        let endings: Vec<String> = endings
            .iter()
            .map(|(ending, count)| format!("{count} .{ending}"))
            .collect();
        return Err(ProbeError::Folder {
            set: folder.to_owned(),
            message: format!(
                "the class {class} has no image: it has {}, which is not read; convert them to PNG or JPEG, or take the folder away",
                endings.join(", ")
            ),
        });
    }
    if by_class.is_empty() {
        return Err(ProbeError::Empty {
            set: folder.to_owned(),
        });
    }
    let classes = by_class.keys().map(|class| class.replace('_', " "));
    let classes = classes.collect();
    let labelled = by_class.into_values().enumerate().flat_map(|(class, of)| {
        of.into_iter().map(move |path| LabelledImage {
            path: path.clone(),
            class,
        })
    });
    Ok((classes, labelled.collect()))
}

/// The folders that have tar archives with images, in order. Paths go through an archive as through a
/// folder: `wds/0.tar/s0.jpg`.
pub fn find_webdatasets(images: &[String]) -> Vec<String> {
    let folders = images.iter().filter_map(|image| {
        let (archive, _) = image.split_once(".tar/")?;
        Some(
            archive
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder)
                .to_owned(),
        )
    });
    folders.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Reads CLIP_benchmark's layout: shards with `KEY.cls` (the class's number) or `KEY.txt` (captions,
/// one a line) beside each image. `files` are all paths below the folder; `text` gives the contents of
/// one that is a text, by its place among them. Classes are named in `classnames.txt`, sentences around
/// them in `zeroshot_classification_templates.txt`, unless they are given.
///
/// # Errors
/// A sample without class and captions, a class that is no number, names or sentences that are not
/// there, or no images.
pub fn read_webdataset(
    name: &str,
    files: &[&str],
    text: &mut dyn FnMut(usize) -> Result<String, String>,
    classes: Option<Vec<String>>,
    prompts: Option<Prompts>,
) -> Result<Vec<ProbeSet>, ProbeError> {
    let wrong = |item: &str, message: String| ProbeError::Item {
        set: name.to_owned(),
        item: item.to_owned(),
        message,
    };
    let shards: Vec<usize> = (0..files.len())
        .filter(|&file| files[file].contains(".tar/"))
        .collect();
    let names: Vec<&str> = shards.iter().map(|&file| files[file]).collect();
    let keys = samples(&names).map_err(|why| ProbeError::Folder {
        set: name.to_owned(),
        message: why.to_string(),
    })?;
    let mut labelled = Vec::new();
    let mut captioned = Vec::new();
    for (key, parts) in &keys {
        let part = |wanted: &dyn Fn(&str) -> bool| {
            let mut places = parts.iter().map(|&place| shards[place]);
            places.find(|&file| wanted(files[file]))
        };
        let Some(image) = part(&is_image_name) else {
            continue;
        };
        let path = files[image].to_owned();
        let mut read = |file: usize| text(file).map_err(|why| wrong(files[file], why));
        if let Some(label) = part(&|name| name.ends_with(".cls")) {
            let class = read(label)?;
            let class = class.trim().parse();
            let class = class.map_err(|_| wrong(files[label], "is no class number".to_owned()))?;
            labelled.push(LabelledImage { path, class });
        } else if let Some(captions) = part(&|name| name.ends_with(".txt")) {
            let captions = read(captions)?;
            let lines = captions.lines().map(str::trim);
            let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
            captioned.push(serde_json::json!({"image": path, "caption": lines}));
        } else {
            let message = format!("has neither {key}.cls (a class) nor {key}.txt (captions)");
            return Err(wrong(key, message));
        }
    }
    let mut beside = |file_name: &str| -> Result<String, ProbeError> {
        let file = (0..files.len()).find(|&file| {
            let path = files[file];
            !path.contains(".tar/") && path.rsplit('/').next() == Some(file_name)
        });
        let Some(file) = file else {
            return Err(wrong(
                file_name,
                "is not there beside the archives".to_owned(),
            ));
        };
        text(file).map_err(|why| wrong(file_name, why))
    };
    let mut sets = Vec::new();
    if !labelled.is_empty() {
        let classes = match classes {
            Some(classes) => classes,
            None => read_text_list("classnames.txt", &beside("classnames.txt")?)?,
        };
        let prompts = match prompts {
            Some(prompts) => prompts,
            None => {
                let file = "zeroshot_classification_templates.txt";
                read_prompts(file, &beside(file)?)?
            }
        };
        sets.push(classification(name, &classes, &prompts, &labelled)?);
    }
    if !captioned.is_empty() {
        let json = serde_json::Value::Array(captioned).to_string();
        let name = format!("{name}/retrieval");
        sets.push(read_retrieval_json(&name, &json, "test")?);
    }
    if sets.is_empty() {
        return Err(ProbeError::Empty {
            set: name.to_owned(),
        });
    }
    Ok(sets)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Probes;

    fn paths(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn class_folders_are_found_by_what_lies_in_them() {
        let images = paths(&[
            "ds/test/cat/0.png",
            "ds/test/dog/0.png",
            "ds/train/cat/1.png",
            "a/b.png",
        ]);
        assert_eq!(find_class_folders(&images), ["ds/test"]);
        let (classes, labelled) =
            class_folders("ds/test", &images, &paths(&["ds/test/notes.txt"])).unwrap();
        assert_eq!(classes, ["cat", "dog"]);
        let found: Vec<(&str, usize)> = labelled.iter().map(|l| (&*l.path, l.class)).collect();
        assert_eq!(found, [("ds/test/cat/0.png", 0), ("ds/test/dog/0.png", 1)]);
    }

    #[test]
    fn a_class_without_images_is_named() {
        let images = paths(&["ds/cat/0.png", "ds/red_fox/0.png"]);
        let others = paths(&["ds/dog/0.bmp", "ds/dog/1.BMP"]);
        let error = class_folders("ds", &images, &others)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ds: the class dog has no image: it has 2 .bmp"),
            "{error}"
        );
        assert_eq!(
            class_folders("ds", &images, &[]).unwrap().0,
            ["cat", "red fox"]
        );
    }

    #[test]
    fn a_webdataset_is_a_classification_or_a_retrieval() {
        let read = |files: &[(&str, &str)]| {
            let names: Vec<&str> = files.iter().map(|file| file.0).collect();
            read_webdataset(
                "w",
                &names,
                &mut |at| Ok(files[at].1.to_owned()),
                None,
                None,
            )
        };
        let classes = [
            ("w/classnames.txt", "cat\ndog\n"),
            ("w/zeroshot_classification_templates.txt", "a {c}\n"),
            ("w/0.tar/s0.cls", "1"),
            ("w/0.tar/s0.png", ""),
            ("w/1.tar/s0.cls", "0\n"),
            ("w/1.tar/s0.png", ""),
        ];
        let sets = read(&classes).unwrap();
        let Probes::Classification(found) = &sets[0].probes else {
            panic!("classification expected");
        };
        assert_eq!(found.classes, ["cat", "dog"]);
        assert_eq!(found.labelled, [(0, 1), (1, 0)]);
        assert_eq!(sets[0].texts, ["a cat", "a dog"]);

        let captions = [("w/0.tar/a.jpg", ""), ("w/0.tar/a.txt", "one\n\ntwo\n")];
        let sets = read(&captions).unwrap();
        assert_eq!(sets[0].name, "w/retrieval");
        assert_eq!(sets[0].texts, ["one", "two"]);
        assert_eq!(find_webdatasets(&paths(&["w/0.tar/a.jpg"])), ["w"]);

        let error = |files: &[(&str, &str)]| read(files).unwrap_err().to_string();
        let bare = error(&[("w/0.tar/a.jpg", "")]);
        assert!(bare.contains("w/0.tar/a has neither"), "{bare}");
        assert!(error(&classes[1..]).contains("classnames.txt is not there"));
        assert!(
            error(&[("w/0.tar/a.jpg", ""), ("w/0.tar/a.cls", "x")]).contains("no class number")
        );
    }
}
