//! Finding a benchmark's pictures among the files that a person has.

use std::collections::HashMap;

/// Names of the files at hand. A picture is found by its path's end, else by its name, else by its
/// name without ending, else by its COCO number: `000000222235.jpg` of val2017 is
/// `COCO_val2014_000000222235.jpg` of val2014.
pub struct PictureNames {
    by_name: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
    by_coco_number: HashMap<String, Vec<usize>>,
    paths: Vec<String>,
}

impl PictureNames {
    /// Takes paths with `/` between their parts, relative to wherever the pictures lie.
    pub fn new(paths: Vec<String>) -> Self {
        let mut names = Self {
            by_name: HashMap::new(),
            by_stem: HashMap::new(),
            by_coco_number: HashMap::new(),
            paths: Vec::new(),
        };
        for (index, path) in paths.iter().enumerate() {
            let name = last_part(path);
            let add = |map: &mut HashMap<String, Vec<usize>>, key: &str| {
                map.entry(key.to_owned()).or_default().push(index);
            };
            add(&mut names.by_name, name);
            add(&mut names.by_stem, stem(name));
            if let Some(number) = coco_number(name) {
                add(&mut names.by_coco_number, number);
            }
        }
        names.paths = paths;
        names
    }

    /// The path of a file, as it was given.
    pub fn path(&self, index: usize) -> &str {
        &self.paths[index]
    }

    /// Index of the file that the benchmark calls `name`. Where several have the same name, the one
    /// that shares the longest end of the path; the first of equals.
    pub fn find(&self, name: &str) -> Option<usize> {
        let last = last_part(name);
        let candidates = self
            .by_name
            .get(last)
            .or_else(|| self.by_stem.get(stem(last)))
            .or_else(|| self.by_coco_number.get(coco_number(last)?))?;
        candidates.iter().copied().max_by_key(|&index| {
            let shared = self.paths[index]
                .rsplit('/')
                .zip(name.rsplit('/'))
                .take_while(|(a, b)| a == b)
                .count();
            (shared, std::cmp::Reverse(index))
        })
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
