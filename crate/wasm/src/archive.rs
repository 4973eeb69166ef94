//! Tar archives that a person hands over, of which the files' places are read and nothing else.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::{source, to_js};
use cliprobe_clip::bytes::ByteSource;
use cliprobe_probe::archive::{Contents, contents};

#[derive(Serialize)]
struct TarFile {
    name: String,
    offset: f64,
    size: f64,
}

#[derive(Serialize)]
struct TarContents {
    files: Vec<TarFile>,
    damage: Option<String>,
}

/// A file of JavaScript's, read from its beginning on.
struct Cursor {
    source: Arc<dyn ByteSource>,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.source.len().saturating_sub(self.at);
        let count = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.source.read_at(self.at, &mut buffer[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::other("a place before the file's beginning"))?;
        Ok(self.at)
    }
}

/// What a tar archive holds. See `tarContents` in `types.ts`.
///
/// # Errors
/// Something that is no file.
#[wasm_bindgen(js_name = tarContents, skip_typescript)]
pub async fn tar_contents(name: String, file: JsValue) -> Result<JsValue, JsError> {
    let source = source::file(&name, &file).await?;
    let Contents { members, damage } = contents(&name, Cursor { source, at: 0 });
    let files = members.into_iter().map(|member| TarFile {
        name: member.name,
        offset: member.offset as f64,
        size: member.size as f64,
    });
    to_js(&TarContents {
        files: files.collect(),
        damage: damage.map(|damage| damage.to_string()),
    })
}
