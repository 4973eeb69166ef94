//! Printing results, and writing them so that a file appears under its name only when it is complete.

use std::path::Path;

use anyhow::Result;

pub(crate) use cliprobe_files::write::{write_one_of_many, write_whole};

/// Writes a text whole, or to standard output where the path is `-`.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    if path == Path::new("-") {
        println!("{text}");
        return Ok(());
    }
    write_whole(path, |file| Ok(file.write_all(text.as_bytes())?))
}

/// Prints JSON for machines.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
