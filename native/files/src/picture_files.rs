//! Images on disk, found by the names that benchmarks and tables give them: files in folders and in
//! tar archives.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cliprobe_clip::image::{self, ImageError, RgbImage};
use cliprobe_probe::{CropBox, PictureNames};
use walkdir::WalkDir;

use crate::archive::{Member, members};

/// The endings of files that a folder is searched for.
pub const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "webp", "gif", "jfif"];

/// Whether a file is an image by its name.
pub fn is_picture(file: &Path) -> bool {
    let extension = file
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase);
    extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}

/// Where the bytes of a picture lie.
enum Place {
    File(PathBuf),
    InTar { archive: PathBuf, member: Member },
}

/// Pictures that can be found by the names that benchmarks give them.
pub struct PictureFiles {
    places: Vec<Place>,
    names: PictureNames,
    searched: Vec<PathBuf>,
}

impl PictureFiles {
    /// Looks through folders, and the tar archives in them.
    pub fn search(folders: &[PathBuf]) -> Result<Self> {
        let mut places = Vec::new();
        let mut names = Vec::new();
        for folder in folders {
            for path in files_in(folder)? {
                if is_picture(&path) {
                    names.push(slashed(&path));
                    places.push(Place::File(path));
                } else if path.extension().is_some_and(|e| e == "tar") {
                    for member in members(&path)? {
                        if is_picture(Path::new(&member.name)) {
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
            names: PictureNames::new(names),
            searched: folders.to_vec(),
        })
    }

    /// Number of the picture that a benchmark calls `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    /// What a picture's file is called.
    pub fn name(&self, number: usize) -> &str {
        self.names.path(number)
    }

    /// Why a picture is not there.
    pub fn not_found(&self, name: &str) -> String {
        let folders: Vec<String> = self
            .searched
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        format!("{name} is not in {}", folders.join(", "))
    }

    /// The bytes of a picture.
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

/// Decodes a picture, as far as it is shown.
pub fn decode(
    bytes: &[u8],
    crop: Option<CropBox>,
    unletterbox: bool,
) -> Result<RgbImage, ImageError> {
    let mut picture = image::decode(bytes)?;
    if let Some(c) = crop {
        picture = picture.crop(c.x, c.y, c.width, c.height)?;
    }
    Ok(if unletterbox {
        picture.without_letterbox()
    } else {
        picture
    })
}

/// Every file below a folder, in the order of their names.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("{} is no folder", folder.display());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("{} cannot be searched", folder.display()))?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// A path below a folder, with `/` between its parts.
pub fn relative(path: &Path, folder: &Path) -> String {
    slashed(path.strip_prefix(folder).unwrap_or(path))
}

/// A path with `/` between its parts: whole, so that pictures of one name in two folders that are
/// asked about together stay apart.
pub fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
