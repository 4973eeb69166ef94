//! Tar archives on disk; what they are made of is in [`cliprobe_probe::archive`].

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::Result;
use cliprobe_probe::archive::{self, ArchiveError};
pub use cliprobe_probe::archive::{Contents, Member, is_apple_double, key_of};

/// Goes through the headers of a tar archive, as far as they can be read.
pub fn contents(path: &Path) -> Contents {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => archive::contents(&name, file),
        Err(source) => Contents {
            members: Vec::new(),
            damage: Some(ArchiveError::Damaged {
                archive: name,
                source,
            }),
        },
    }
}

/// The files of a tar archive, without their contents.
///
/// # Errors
/// An archive that is damaged or cut off.
pub fn members(archive: &Path) -> Result<Vec<Member>> {
    let Contents { members, damage } = contents(archive);
    match damage {
        None => Ok(members),
        Some(damage) => Err(damage.into()),
    }
}

/// The samples of a webdataset, by their keys.
///
/// # Errors
/// See [`archive::samples`].
pub fn samples(members: &[Member]) -> Result<BTreeMap<String, Vec<Member>>> {
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let samples = archive::samples(&names)?.into_iter().map(|(key, places)| {
        let files = places.into_iter().map(|place| members[place].clone());
        (key, files.collect())
    });
    Ok(samples.collect())
}
