//! Images on disk, found by the names that benchmarks and tables give them: files in folders and in
//! tar archives.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use cliprobe_evaluate::ImageFiles;
use cliprobe_probe::{ImageNames, is_image_name};
use walkdir::WalkDir;

use crate::archive::{Member, is_apple_double, members};

/// Whether a file is an image by its name.
pub fn is_image(file: &Path) -> bool {
    is_image_name(&file.to_string_lossy())
}

/// Where the bytes of an image lie.
enum Place {
    File(PathBuf),
    InTar { archive: PathBuf, member: Member },
}

/// Images that can be found by the names that benchmarks give them.
pub struct ImagesOnDisk {
    places: Vec<Place>,
    names: Box<ImageNames>,
    searched: Vec<PathBuf>,
    /// Endings of files that are images, but none that are read, with how many there are.
    unread: BTreeMap<String, usize>,
    /// Names of images that only a file in another folder answers to.
    by_bare_name: Mutex<BTreeSet<String>>,
}

impl ImagesOnDisk {
    /// Looks through folders, and the tar archives in them.
    pub fn search(folders: &[PathBuf]) -> Result<Self> {
        let mut places = Vec::new();
        let mut names = Vec::new();
        let mut unread: BTreeMap<String, usize> = BTreeMap::new();
        for folder in folders {
            for path in files_in(folder)? {
                if is_image(&path) {
                    names.push(slashed(&path));
                    places.push(Place::File(path));
                } else if let Some(ending) = unread_image(&path) {
                    *unread.entry(ending).or_default() += 1;
                } else if path.extension().is_some_and(|e| e == "tar") {
                    for member in members(&path)? {
                        if is_image(Path::new(&member.name)) {
                            names.push(format!("{}/{}", slashed(&path), member.name));
                            places.push(Place::InTar {
                                archive: path.clone(),
                                member,
                            });
                        }
                    }
                }
            }
        }
        Ok(Self {
            places,
            names: Box::new(ImageNames::new(names)),
            searched: folders.to_vec(),
            unread,
            by_bare_name: Mutex::default(),
        })
    }

    /// Number of the image that a benchmark calls `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        let found = self.names.find(name)?;
        if found.by_bare_name
            && let Ok(mut names) = self.by_bare_name.lock()
        {
            names.insert(name.to_owned());
        }
        Some(found.index)
    }

    /// Number of the image that a benchmark calls `name`, or the sentence that it is not there.
    pub fn locate(&self, name: &str) -> Result<usize, String> {
        self.find(name).ok_or_else(|| self.not_found(name))
    }

    /// The path of an image.
    pub fn name(&self, number: usize) -> &str {
        self.names.path(number)
    }

    /// Notes about the files: unread formats, and images found by their file names alone.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.unread.is_empty() {
            let endings: Vec<String> = self
                .unread
                .iter()
                .map(|(ending, count)| format!("{count} .{ending}"))
                .collect();
            notes.push(format!(
                "images of formats that are not read: {}; convert them to PNG or JPEG",
                endings.join(", ")
            ));
        }
        if let Ok(names) = self.by_bare_name.lock()
            && let Some(first) = names.first()
        {
            let found = self
                .names
                .find(first)
                .map(|found| self.names.path(found.index));
            notes.push(format!(
                "{} images were found by their file names alone, in other folders than their list names: {first} as {}",
                names.len(),
                found.unwrap_or_default()
            ));
        }
        notes
    }

    /// Why an image is not there.
    pub fn not_found(&self, name: &str) -> String {
        let folders: Vec<String> = self
            .searched
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        if folders.is_empty() {
            return format!("{name} is not there: no folder with images was given");
        }
        format!("{name} is not in {}", folders.join(", "))
    }

    /// The bytes of an image.
    pub fn read(&self, number: usize) -> Result<Vec<u8>> {
        match &self.places[number] {
            Place::File(path) => {
                std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
            }
            Place::InTar { archive, member } => File::open(archive)
                .and_then(|mut file| member.read(&mut file))
                .with_context(|| format!("{} cannot be read", archive.display())),
        }
    }
}

impl ImageFiles for ImagesOnDisk {
    fn read(&self, file: usize) -> Result<Vec<u8>, String> {
        Self::read(self, file).map_err(|error| format!("{error:#}"))
    }
}

/// Endings of images in formats that are not read.
const UNREAD: [&str; 11] = [
    "bmp", "tif", "tiff", "heic", "heif", "avif", "jxl", "jp2", "ppm", "ico", "svg",
];

/// The ending of a file that is an image of a format that is not read.
pub fn unread_image(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    UNREAD.contains(&ending.as_str()).then_some(ending)
}

/// Every file below a folder, in the order of their names.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("{} cannot be searched", folder.display()))?;
        // macOS writes the attributes of `a.jpg` into `._a.jpg`.
        if entry.file_type().is_file() && !is_apple_double(entry.file_name().as_encoded_bytes()) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// A path below a folder, with `/` between its parts.
pub fn relative(path: &Path, folder: &Path) -> String {
    slashed(path.strip_prefix(folder).unwrap_or(path))
}

/// A path with `/` between its parts: whole, so that images of one name in two folders that are
/// asked about together stay apart.
pub fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    // The root is a part by itself, and a slash.
    parts.join("/").replacen("//", "/", 1)
}
