//! Tar archives whose files are read one by one, in any order, as those of a webdataset are.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use crate::image_names::is_image_name;

/// What a tar archive is made of, in bytes.
const BLOCK: u64 = 512;
/// Labels and captions are short; what is longer is something else.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// It is no tar archive, or a damaged one.
    #[error("{archive} is no tar archive, or is cut off; download it again")]
    Damaged {
        /// The archive's name.
        archive: String,
        /// What the reader says.
        source: io::Error,
    },
    /// It is compressed: its files cannot be read one by one.
    #[error("{archive} is compressed with {by}; unpack it first, with {tool}")]
    Compressed {
        /// The archive's name.
        archive: String,
        /// What compressed it.
        by: &'static str,
        /// What unpacks it.
        tool: &'static str,
    },
    /// It ends within a file.
    #[error("{archive} is cut off in the middle of {member}; download it again")]
    CutWithin {
        /// The archive's name.
        archive: String,
        /// The file.
        member: String,
    },
    /// It ends between two files.
    #[error("{archive} is cut off after {count} files; download it again")]
    CutAfter {
        /// The archive's name.
        archive: String,
        /// How many files are there.
        count: usize,
    },
    /// Two of its files would be one part of a sample.
    #[error(
        "two files with the ending .{ending} belong to the sample {key}; give every sample a key of its own"
    )]
    Doubled {
        /// The sample.
        key: String,
        /// The ending; `image` for any image's.
        ending: String,
    },
}

/// A file in a tar archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive.
    pub name: String,
    /// Where its bytes begin.
    pub offset: u64,
    /// How many there are.
    pub size: u64,
}

impl Member {
    /// Its contents.
    ///
    /// # Errors
    /// The reader's.
    pub fn read<R: Read + Seek>(&self, archive: &mut R) -> io::Result<Vec<u8>> {
        archive.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        archive.take(self.size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Its contents, as far as a text reaches that is no book.
    ///
    /// # Errors
    /// The reader's, or bytes that are no text.
    pub fn read_text<R: Read + Seek>(&self, archive: &mut R) -> io::Result<String> {
        archive.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        archive
            .take(self.size.min(MAX_TEXT_BYTES))
            .read_to_string(&mut text)?;
        Ok(text)
    }
}

/// What a tar archive holds.
pub struct Contents {
    /// Its files, without their contents, that are there as a whole.
    pub members: Vec<Member>,
    /// Why there are no more, where the archive is damaged or cut off.
    pub damage: Option<ArchiveError>,
}

/// Goes through the headers of a tar archive, as far as they can be read. Messages call it `name`.
pub fn contents<R: Read + Seek>(name: &str, archive: R) -> Contents {
    let mut members = Vec::new();
    let damage = list(name, archive, &mut members).err();
    Contents { members, damage }
}

/// How compressed files begin, what compressed them, and what unpacks them.
const COMPRESSED: [(&[u8], &str, &str); 4] = [
    (&[0x1f, 0x8b], "gzip", "gunzip"),
    (b"BZh", "bzip2", "bunzip2"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz", "unxz"),
];

fn list<R: Read + Seek>(
    name: &str,
    mut archive: R,
    members: &mut Vec<Member>,
) -> Result<(), ArchiveError> {
    let damaged = |source| ArchiveError::Damaged {
        archive: name.to_owned(),
        source,
    };
    let length = archive.seek(SeekFrom::End(0)).map_err(damaged)?;
    archive.rewind().map_err(damaged)?;
    let mut start = Vec::new();
    let beginning = archive.by_ref().take(8).read_to_end(&mut start);
    beginning.map_err(damaged)?;
    archive.rewind().map_err(damaged)?;
    let compressed = COMPRESSED.iter().find(|(mark, ..)| start.starts_with(mark));
    if let Some(&(_, by, tool)) = compressed {
        let archive = name.to_owned();
        return Err(ArchiveError::Compressed { archive, by, tool });
    }
    let mut tar = tar::Archive::new(archive);
    let mut end: u64 = 0;
    for entry in tar.entries_with_seek().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        end = entry.raw_file_position().saturating_add(entry.size());
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(damaged)?;
        let member = Member {
            name: path.to_string_lossy().into_owned(),
            offset: entry.raw_file_position(),
            size: entry.size(),
        };
        if member.offset.saturating_add(member.size) > length {
            return Err(ArchiveError::CutWithin {
                archive: name.to_owned(),
                member: member.name,
            });
        }
        if !is_of_macos(&member.name) {
            members.push(member);
        }
    }
    // An archive ends with empty blocks; one that was cut between two files does not.
    if length < end.next_multiple_of(BLOCK).saturating_add(BLOCK) {
        return Err(ArchiveError::CutAfter {
            archive: name.to_owned(),
            count: members.len(),
        });
    }
    Ok(())
}

/// Whether a member is what macOS' tar adds to a file: its attributes, under the file's own ending.
fn is_of_macos(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    is_apple_double(file.as_bytes()) || name.starts_with("__MACOSX/")
}

/// Whether a file holds the attributes of another, as macOS writes them: `._a.jpg` beside `a.jpg`.
pub fn is_apple_double(name: &[u8]) -> bool {
    name.starts_with(b"._")
}

/// The samples of a webdataset, by their keys: places in `names`. A key ends at the first dot of the
/// file's name, as webdataset has it. Where that would put two files of one ending under a key
/// (`2022.05.01.jpg`, `2022.05.02.jpg`), keys end at the last dot instead.
///
/// # Errors
/// Two files of one ending under one key either way: the key is named.
pub fn samples(names: &[&str]) -> Result<BTreeMap<String, Vec<usize>>, ArchiveError> {
    let group = |key: fn(&str) -> &str| {
        let mut samples: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, name) in names.iter().enumerate() {
            samples.entry(key(name).to_owned()).or_default().push(place);
        }
        samples
    };
    let doubled = |samples: &BTreeMap<String, Vec<usize>>| {
        samples.iter().find_map(|(key, files)| {
            let mut endings: Vec<String> = files.iter().map(|&f| ending(names[f])).collect();
            endings.sort_unstable();
            let pair = endings.windows(2).find(|pair| pair[0] == pair[1])?;
            Some((key.clone(), pair[0].clone()))
        })
    };
    let by_first_dot = group(key_of);
    if doubled(&by_first_dot).is_none() {
        return Ok(by_first_dot);
    }
    let by_last_dot = group(stem_of);
    match doubled(&by_last_dot) {
        None => Ok(by_last_dot),
        Some((key, ending)) => Err(ArchiveError::Doubled { key, ending }),
    }
}

/// What counts as one ending: a sample has one image, whatever its format.
fn ending(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    if is_image_name(file) {
        return "image".to_owned();
    }
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.to_ascii_lowercase()
}

/// The path up to the last dot of the file's name.
fn stem_of(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[file..].rfind('.').unwrap_or(name.len() - file);
    &name[..file + dot]
}

/// What the files of a webdataset's sample have in common: the path up to the first dot of the
/// file's name.
pub fn key_of(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[file..].find('.').unwrap_or(name.len() - file);
    &name[..file + dot]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn files_are_found_where_they_lie() {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, text) in [("s0.txt", "one"), ("._s0.txt", "no"), ("s1.txt", "three")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        let bytes = tar.into_inner().unwrap();
        let mut archive = Cursor::new(bytes.clone());
        let Contents { members, damage } = contents("a.tar", &mut archive);
        assert!(damage.is_none());
        let texts: Vec<String> = members
            .iter()
            .map(|member| member.read_text(&mut archive).unwrap())
            .collect();
        assert_eq!(texts, ["one", "three"]);

        let cut = Cursor::new(&bytes[..bytes.len() - 1536]);
        let cut = contents("a.tar", cut);
        let why = cut.damage.unwrap().to_string();
        assert_eq!(
            why,
            "a.tar is cut off in the middle of s1.txt; download it again"
        );
        assert_eq!(cut.members.len(), 1);
    }

    #[test]
    fn a_compressed_archive_is_named_as_such() {
        let gzip = Cursor::new(b"\x1f\x8b\x08\0\0\0\0\0");
        let why = contents("a.tar", gzip).damage.unwrap().to_string();
        assert_eq!(
            why,
            "a.tar is compressed with gzip; unpack it first, with gunzip"
        );
    }

    #[test]
    fn one_sample_for_each_image() {
        let keys = |names: &[&str]| samples(names).map(|s| s.into_keys().collect::<Vec<_>>());
        let plain = ["a.jpg", "a.txt", "b.seg.npy", "b.jpg"];
        assert_eq!(keys(&plain).unwrap(), ["a", "b"]);
        let dotted = [
            "2022.05.00.jpg",
            "2022.05.00.txt",
            "2022.05.01.jpg",
            "2022.05.01.txt",
        ];
        assert_eq!(keys(&dotted).unwrap(), ["2022.05.00", "2022.05.01"]);
        let error = keys(&["a.jpg", "a.png"]).unwrap_err().to_string();
        assert!(error.contains("the sample a;"), "{error}");
    }

    #[test]
    fn what_macos_adds_is_no_member() {
        for name in ["._a.jpg", "train/._a.jpg", "__MACOSX/train/a.jpg"] {
            assert!(is_of_macos(name), "{name}");
        }
        assert!(!is_of_macos("train/a._b.jpg"));
    }
}
