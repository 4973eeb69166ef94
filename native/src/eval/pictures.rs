//! The pictures that a person has: files in folders and in tar archives.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cliprobe::clip::image::{self, ImageError, RgbImage};
use cliprobe::probe::{CropBox, PictureNames};
use walkdir::WalkDir;

use crate::pictures::is_picture;

/// Where the bytes of a picture lie.
enum Place {
    File(PathBuf),
    InTar {
        archive: PathBuf,
        offset: u64,
        size: u64,
    },
}

/// Pictures that can be found by the names that benchmarks give them.
pub(super) struct PictureFiles {
    places: Vec<Place>,
    names: PictureNames,
    searched: Vec<PathBuf>,
}

impl PictureFiles {
    /// Looks through folders, and the tar archives in them.
    pub(super) fn search(folders: &[PathBuf]) -> Result<Self> {
        let mut places = Vec::new();
        let mut names = Vec::new();
        for folder in folders {
            for path in files_in(folder)? {
                if is_picture(&path) {
                    names.push(relative(&path, folder));
                    places.push(Place::File(path));
                } else if path.extension().is_some_and(|e| e == "tar") {
                    for member in members(&path)? {
                        if is_picture(Path::new(&member.name)) {
                            names.push(format!("{}/{}", relative(&path, folder), member.name));
                            places.push(Place::InTar {
                                archive: path.clone(),
                                offset: member.offset,
                                size: member.size,
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
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.find(name)
    }

    /// What a picture's file is called.
    pub(super) fn name(&self, number: usize) -> &str {
        self.names.path(number)
    }

    /// Why a picture is not there.
    pub(super) fn not_found(&self, name: &str) -> String {
        let folders: Vec<String> = self
            .searched
            .iter()
            .map(|f| f.display().to_string())
            .collect();
        format!("{name} is not in {}", folders.join(", "))
    }

    /// The bytes of a picture.
    pub(super) fn read(&self, number: usize) -> Result<Vec<u8>> {
        match &self.places[number] {
            Place::File(path) => {
                std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
            }
            Place::InTar {
                archive,
                offset,
                size,
            } => {
                let read = || {
                    let mut file = File::open(archive)?;
                    file.seek(SeekFrom::Start(*offset))?;
                    let mut bytes = Vec::new();
                    file.take(*size).read_to_end(&mut bytes)?;
                    std::io::Result::Ok(bytes)
                };
                read().with_context(|| format!("{} cannot be read", archive.display()))
            }
        }
    }
}

/// Decodes a picture, as far as it is shown.
pub(super) fn decode(
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
pub(super) fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
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
pub(super) fn relative(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// What a tar archive is made of, in bytes.
const TAR_BLOCK: u64 = 512;

/// A file in a tar archive.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The files of a tar archive, without their contents.
pub(super) fn members(archive: &Path) -> Result<Vec<Member>> {
    let damaged = || {
        format!(
            "{} is no tar archive, or is cut off; download it again",
            archive.display()
        )
    };
    let length = std::fs::metadata(archive).with_context(damaged)?.len();
    let mut tar = tar::Archive::new(File::open(archive).with_context(damaged)?);
    let mut members = Vec::new();
    let mut end = 0;
    for entry in tar.entries_with_seek().with_context(damaged)? {
        let entry = entry.with_context(damaged)?;
        end = entry.raw_file_position().saturating_add(entry.size());
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let member = Member {
            name: entry
                .path()
                .with_context(damaged)?
                .to_string_lossy()
                .into_owned(),
            offset: entry.raw_file_position(),
            size: entry.size(),
        };
        if member.offset.saturating_add(member.size) > length {
            bail!(
                "{} is cut off in the middle of {}; download it again",
                archive.display(),
                member.name
            );
        }
        members.push(member);
    }
    // An archive ends with empty blocks; one that was cut between two files does not.
    if length < end.next_multiple_of(TAR_BLOCK).saturating_add(TAR_BLOCK) {
        bail!(
            "{} is cut off after {} files; download it again",
            archive.display(),
            members.len()
        );
    }
    Ok(members)
}
