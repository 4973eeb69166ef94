//! Finding a benchmark's images among the files that a person has.

use std::collections::{HashMap, HashSet};

use crate::set::plain_path;

/// The endings of image files that are read.
pub const IMAGE_ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "gif", "jfif"];

/// Whether a path is an image's, by its ending.
pub fn is_image_name(path: &str) -> bool {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let ending = file.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        let ending = ending.to_ascii_lowercase();
        IMAGE_ENDINGS.contains(&ending.as_str())
    })
}

/// Names of the files at hand.
///
/// An image is found by its path's end, else by its name without ending, else by its COCO number:
/// `000000222235.jpg` of val2017 is `COCO_val2014_000000222235.jpg` of val2014. A path with folders
/// means that path: another file of the same name stands in only where the folders at hand do not
/// contradict.
pub struct ImageNames {
    by_name: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
    by_coco_number: HashMap<String, Vec<usize>>,
    /// Ends of the folders that hold files: `val/images` and `images`.
    folders: HashSet<String>,
    /// As they were given.
    paths: Vec<String>,
    /// With plain separators.
    plain: Vec<String>,
}

/// A file that a benchmark's name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place among the files.
    pub index: usize,
    /// Whether only the file's own name agrees, though the benchmark names a folder too.
    pub by_bare_name: bool,
}

impl ImageNames {
    /// Takes paths with `/` or `\\` between their parts, relative to wherever the images lie.
    pub fn new(paths: Vec<String>) -> Self {
        let mut names = Self {
            by_name: HashMap::new(),
            by_stem: HashMap::new(),
            by_coco_number: HashMap::new(),
            folders: HashSet::new(),
            plain: paths.iter().map(|path| plain_path(path)).collect(),
            paths,
        };
        for (index, path) in names.plain.iter().enumerate() {
            let name = last_part(path);
            let add = |map: &mut HashMap<String, Vec<usize>>, key: &str| {
                map.entry(key.to_owned()).or_default().push(index);
            };
            add(&mut names.by_name, name);
            add(&mut names.by_stem, stem(name));
            if let Some(number) = coco_number(name) {
                add(&mut names.by_coco_number, number);
            }
            let mut folder = path
                .strip_suffix(name)
                .unwrap_or(path)
                .trim_end_matches('/');
            // A folder that is known already has added its ends.
            while !folder.is_empty() && names.folders.insert(folder.to_owned()) {
                folder = folder.split_once('/').map_or("", |(_, end)| end);
            }
        }
        names
    }

    /// The path of a file, as it was given.
    pub fn path(&self, index: usize) -> &str {
        &self.paths[index]
    }

    /// The file that the benchmark calls `name`. Where several have the same name, the one that
    /// shares the longest end of the path; the first of equals.
    pub fn find(&self, name: &str) -> Option<Found> {
        let name = plain_path(name);
        let last = last_part(&name);
        let candidates = self
            .by_name
            .get(last)
            .or_else(|| self.by_stem.get(stem(last)))
            .or_else(|| self.by_coco_number.get(coco_number(last)?))?;
        let folders: Vec<&str> = name.rsplit('/').skip(1).filter(|f| !f.is_empty()).collect();
        let (index, shared) = candidates
            .iter()
            .map(|&index| (index, self.shared_folders(index, &folders)))
            .max_by_key(|&(index, shared)| (shared, std::cmp::Reverse(index)))?;
        let agrees = shared == folders.len();
        if !agrees && self.contradicts(index, &folders, shared) {
            return None;
        }
        Some(Found {
            index,
            by_bare_name: !agrees && shared == 0,
        })
    }

    /// How many folders, from the file upwards, a file shares with those of a name.
    fn shared_folders(&self, index: usize, folders: &[&str]) -> usize {
        let own = self.plain[index].rsplit('/').skip(1);
        own.zip(folders).take_while(|(a, b)| a == *b).count()
    }

    /// Whether the folder that a name means is there, so that a file elsewhere is not the one.
    fn contradicts(&self, index: usize, folders: &[&str], shared: usize) -> bool {
        let wanted = folders[shared];
        // A file further down in the folder that is meant: `images/VG_100K/1.jpg` for `images/1.jpg`.
        if self.plain[index]
            .rsplit('/')
            .skip(1 + shared)
            .any(|own| own == wanted)
        {
            return false;
        }
        let mut folder: Vec<&str> = folders[..=shared].to_vec();
        folder.reverse();
        self.folders.contains(&folder.join("/"))
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        // `12.5` is an id, `a.jpg` a file.
        Some((stem, ending)) if !stem.is_empty() && ending.chars().any(char::is_alphabetic) => stem,
        _ => name,
    }
}

/// The twelve digits of a COCO file's name.
fn coco_number(name: &str) -> Option<&str> {
    let stem = stem(name);
    let number = stem.rsplit('_').next()?;
    let is_coco = stem.starts_with("COCO_") || stem.len() == 12;
    (is_coco && number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> ImageNames {
        ImageNames::new(paths.iter().map(|&path| path.to_owned()).collect())
    }

    fn index(names: &ImageNames, name: &str) -> Option<usize> {
        names.find(name).map(|found| found.index)
    }

    #[test]
    fn a_path_with_folders_is_not_answered_by_a_namesake() {
        let names = names(&[
            "img/train/000001.jpg",
            "img/train/000002.jpg",
            "img/val/000001.jpg",
        ]);
        assert_eq!(index(&names, "val/000001.jpg"), Some(2));
        assert_eq!(index(&names, "val/000002.jpg"), None);
        assert_eq!(index(&names, "train/000002.jpg"), Some(1));
        assert_eq!(index(&names, "000002.jpg"), Some(1));
    }

    #[test]
    fn folders_above_a_shared_one_count_too() {
        let names = names(&["train/images/1.jpg", "val/images/2.jpg"]);
        assert_eq!(index(&names, "val/images/1.jpg"), None);
        assert_eq!(index(&names, "val/images/2.jpg"), Some(1));
        assert_eq!(index(&names, "/home/authors/images/1.jpg"), Some(0));
    }

    #[test]
    fn another_layout_is_found_by_the_bare_name_and_says_so() {
        let names = names(&["mine/1.jpg", "images/VG_100K/2.jpg", "images/3.jpg"]);
        let found = names.find("VG_100K_2/1.jpg");
        assert_eq!(
            found,
            Some(Found {
                index: 0,
                by_bare_name: true
            })
        );
        // Further down in the folder that is meant.
        assert_eq!(index(&names, "images/2.jpg"), Some(1));
        assert!(
            !names
                .find("images/3.jpg")
                .is_some_and(|found| found.by_bare_name)
        );
    }

    #[test]
    fn one_file_has_many_spellings() {
        let names = names(&["img/000.jpg", "./b.jpg"]);
        for name in [
            "img/000.jpg",
            "img\\000.jpg",
            "./img/./000.jpg",
            "img//000.jpg",
            "x/../img/000.jpg",
        ] {
            assert_eq!(index(&names, name), Some(0), "{name}");
        }
        assert_eq!(index(&names, "b.jpg"), Some(1));
        assert_eq!(names.path(1), "./b.jpg");
    }
}
