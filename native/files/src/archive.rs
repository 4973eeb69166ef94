//! Tar archives that are read here and there, as webdatasets are.

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

/// What the files of a webdataset's sample have in common: the path up to the first dot of the
/// file's name.
pub fn key_of(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[file..].find('.').unwrap_or(name.len() - file);
    &name[..file + dot]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_macos_adds_is_no_member() {
        for name in ["._a.jpg", "train/._a.jpg", "__MACOSX/train/a.jpg"] {
            assert!(is_of_macos(name), "{name}");
        }
        assert!(!is_of_macos("train/a._b.jpg"));
    }

    #[test]
    fn a_compressed_archive_is_named_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        let error = members(&path).err().unwrap().to_string();
        assert!(
            error.contains("is compressed with gzip; unpack it first, with gunzip"),
            "{error}"
        );
    }
}
