//! Tar archives that are read here and there, as webdatasets are.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What a tar archive is made of, in bytes.
const BLOCK: u64 = 512;
/// Labels and captions are short; what is longer is something else.
const MAX_TEXT_BYTES: u64 = 1 << 20;

/// A file in a tar archive.
#[derive(Clone, Debug)]
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
    pub fn read(&self, archive: &mut File) -> io::Result<Vec<u8>> {
        archive.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        archive.take(self.size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Its contents, as far as a text reaches that is no book.
    pub fn read_text(&self, archive: &mut File) -> io::Result<String> {
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
    pub damage: Option<anyhow::Error>,
}

/// Goes through the headers of a tar archive, as far as they can be read.
pub fn contents(archive: &Path) -> Contents {
    let mut members = Vec::new();
    let damage = list(archive, &mut members).err();
    Contents { members, damage }
}

/// The files of a tar archive, without their contents.
///
/// # Errors
/// An archive that is damaged or cut off.
pub fn members(archive: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    list(archive, &mut members)?;
    Ok(members)
}

/// How compressed files begin, what compressed them, and what unpacks them.
const COMPRESSED: [(&[u8], &str, &str); 4] = [
    (&[0x1f, 0x8b], "gzip", "gunzip"),
    (b"BZh", "bzip2", "bunzip2"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd", "unzstd"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz", "unxz"),
];

/// Samples are read here and there, which compression does not allow.
fn refuse_compressed(archive: &Path, file: &mut File) -> Result<()> {
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start)?;
    file.rewind()?;
    let found = COMPRESSED.iter().find(|(mark, ..)| start.starts_with(mark));
    if let Some((_, by, tool)) = found {
        bail!(
            "{} is compressed with {by}; unpack it first, with {tool}",
            archive.display()
        );
    }
    Ok(())
}

/// Whether a member is what macOS' tar adds to a file: its attributes, under the file's own ending.
fn is_of_macos(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.starts_with("._") || name.starts_with("__MACOSX/")
}

fn list(archive: &Path, members: &mut Vec<Member>) -> Result<()> {
    let damaged = || {
        format!(
            "{} is no tar archive, or is cut off; download it again",
            archive.display()
        )
    };
    let length = std::fs::metadata(archive).with_context(damaged)?.len();
    let mut file = File::open(archive).with_context(damaged)?;
    refuse_compressed(archive, &mut file)?;
    let mut tar = tar::Archive::new(file);
    let mut end = 0;
    for entry in tar.entries_with_seek().with_context(damaged)? {
        let entry = entry.with_context(damaged)?;
        end = entry.raw_file_position().saturating_add(entry.size());
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().with_context(damaged)?;
        let name = name.to_string_lossy().into_owned();
        let member = Member {
            name,
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
        if !is_of_macos(&member.name) {
            members.push(member);
        }
    }
    // An archive ends with empty blocks; one that was cut between two files does not.
    if length < end.next_multiple_of(BLOCK).saturating_add(BLOCK) {
        bail!(
            "{} is cut off after {} files; download it again",
            archive.display(),
            members.len()
        );
    }
    Ok(())
}

/// Whether a file holds the attributes of another, as macOS writes them: `._a.jpg` beside `a.jpg`.
pub fn is_apple_double(name: &[u8]) -> bool {
    name.starts_with(b"._")
}

/// The samples of a webdataset, by their keys. A key ends at the first dot of the file's name, as
/// webdataset has it. Where that would put two files of one ending under a key (`2022.05.01.jpg`,
/// `2022.05.02.jpg`), keys end at the last dot instead.
///
/// # Errors
/// Two files of one ending under one key either way: the key is named.
pub fn samples(members: Vec<Member>) -> Result<BTreeMap<String, Vec<Member>>> {
    let group = |key: fn(&str) -> &str| {
        let mut samples: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in &members {
            let sample = samples.entry(key(&member.name).to_owned()).or_default();
            sample.push(member.clone());
        }
        samples
    };
    let doubled = |samples: &BTreeMap<String, Vec<Member>>| {
        samples.iter().find_map(|(key, files)| {
            let mut endings: Vec<String> = files.iter().map(|f| ending(&f.name)).collect();
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
        Some((key, ending)) => bail!(
            "two files with the ending .{ending} belong to the sample {key}; give every sample a key of its own"
        ),
    }
}

/// What counts as one ending: a sample has one image, whatever its format.
fn ending(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    if crate::image_files::is_image(Path::new(file)) {
        return "image".to_owned();
    }
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
    use super::*;

    fn sample_keys(names: &[&str]) -> Result<Vec<String>> {
        let member = |name: &&str| Member {
            name: (*name).to_owned(),
            offset: 0,
            size: 0,
        };
        Ok(samples(names.iter().map(member).collect())?
            .into_keys()
            .collect())
    }

    #[test]
    fn a_compressed_archive_is_named_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, b"\x1f\x8b\x08\0\0\0\0\0").unwrap();
        let error = members(&path).unwrap_err().to_string();
        assert!(
            error.contains("is compressed with gzip; unpack it first, with gunzip"),
            "{error}"
        );
    }

    #[test]
    fn one_sample_for_each_image() {
        let keys = sample_keys(&["a.jpg", "a.txt", "b.seg.npy", "b.jpg"]).unwrap();
        assert_eq!(keys, ["a", "b"]);
        let dotted = [
            "2022.05.00.jpg",
            "2022.05.00.txt",
            "2022.05.01.jpg",
            "2022.05.01.txt",
        ];
        assert_eq!(sample_keys(&dotted).unwrap(), ["2022.05.00", "2022.05.01"]);
        let error = sample_keys(&["a.jpg", "a.png"]).unwrap_err().to_string();
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
