//! What `Clip.load` accepts, brought to one form: files by name.

use std::io;
use std::sync::Arc;

use js_sys::{ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, FileReaderSync, ReadableStreamDefaultReader, Response};

use super::error;
use cliprobe_clip::bytes::{ByteSource, FileSet};

/// The caller's `onProgress`.
pub(super) struct Progress(Option<Function>);

impl Progress {
    pub(super) fn from(given: JsValue) -> Result<Self, JsError> {
        if given.is_undefined() {
            return Ok(Self(None));
        }
        match given.dyn_into() {
            Ok(function) => Ok(Self(Some(function))),
            Err(_) => Err(error("onProgress is not a function")),
        }
    }

    pub(super) fn tell(&self, stage: &str, loaded: usize, total: Option<usize>) {
        let Some(function) = &self.0 else { return };
        let report = Object::new();
        let number = |n: usize| JsValue::from_f64(n as f64);
        let entries = [
            ("stage", stage.into()),
            ("loaded", number(loaded)),
            ("total", total.map_or(JsValue::NULL, number)),
        ];
        for (key, value) in entries {
            // Setting a property of a fresh object cannot fail, and a caller's exception is the
            // caller's to handle: neither must end the load.
            let _ = Reflect::set(&report, &key.into(), &value);
        }
        let _ = function.call1(&JsValue::UNDEFINED, &report);
    }
}

/// The files of a model: a download, a buffer or blob, or several of them by name.
///
/// None is copied into the module's memory, which never shrinks again: the tensors made from them
/// are all that is held there.
pub(super) async fn files(source: JsValue, progress: &Progress) -> Result<FileSet, JsError> {
    const SINGLE: &str = "model.gguf";
    if let Some(file) = held(SINGLE, &source).await? {
        return Ok(FileSet::from_sources("the given model", [file]));
    }
    let address = source
        .as_string()
        .or_else(|| source.dyn_ref::<web_sys::Url>().map(web_sys::Url::href));
    if let Some(address) = address {
        let pieces = download(&address, progress).await?;
        let file: Arc<dyn ByteSource> = Arc::new(Pieces::new(SINGLE, pieces));
        return Ok(FileSet::from_sources(address, [file]));
    }
    let Some(object) = source.dyn_ref::<Object>() else {
        return Err(error(
            "a model is an address, an ArrayBuffer, a Uint8Array, a Blob, or an object of such files by name",
        ));
    };
    let mut files = Vec::new();
    for entry in Object::entries(object).iter() {
        let entry: js_sys::Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        files.push(file(&name, &entry.get(1)).await?);
    }
    Ok(FileSet::from_sources("the given model", files))
}

/// A file that JavaScript holds.
pub(super) async fn file(name: &str, value: &JsValue) -> Result<Arc<dyn ByteSource>, JsError> {
    held(name, value)
        .await?
        .ok_or_else(|| error(format!("{name} is neither a Uint8Array nor a Blob")))
}

/// A file that JavaScript holds; `None` of a value that is none.
async fn held(name: &str, value: &JsValue) -> Result<Option<Arc<dyn ByteSource>>, JsError> {
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Ok(Some(Arc::new(Pieces::new(name, vec![bytes.clone()]))));
    }
    if let Some(buffer) = value.dyn_ref::<ArrayBuffer>() {
        return Ok(Some(Arc::new(Pieces::new(
            name,
            vec![Uint8Array::new(buffer)],
        ))));
    }
    let Some(blob) = value.dyn_ref::<Blob>() else {
        return Ok(None);
    };
    // Only workers may read a blob while they wait; elsewhere it is read whole.
    if let Ok(reader) = FileReaderSync::new() {
        return Ok(Some(Arc::new(BlobSource {
            name: name.to_owned(),
            blob: blob.clone(),
            reader,
        })));
    }
    let buffer = JsFuture::from(blob.array_buffer())
        .await
        .map_err(|thrown| {
            error(format!(
                "the file {name} could not be read: {}",
                message(&thrown)
            ))
        })?;
    Ok(Some(Arc::new(Pieces::new(
        name,
        vec![Uint8Array::new(&buffer)],
    ))))
}

/// What a thrown value says.
fn message(thrown: &JsValue) -> String {
    thrown.dyn_ref::<js_sys::Error>().map_or_else(
        || "the reason is not known".into(),
        |e| String::from(e.message()),
    )
}

/// Bytes in JavaScript's memory, in the pieces that they came in.
struct Pieces {
    name: String,
    /// With the offset of each.
    pieces: Vec<(u64, Uint8Array)>,
    len: u64,
}

impl Pieces {
    fn new(name: &str, pieces: Vec<Uint8Array>) -> Self {
        let mut len = 0;
        let pieces = pieces
            .into_iter()
            .map(|piece| {
                let at = len;
                len += u64::from(piece.length());
                (at, piece)
            })
            .collect();
        Self {
            name: name.to_owned(),
            pieces,
            len,
        }
    }
}

impl ByteSource for Pieces {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let first = self
            .pieces
            .partition_point(|(at, piece)| at + u64::from(piece.length()) <= offset);
        let (mut at, mut left) = (offset, buffer);
        for (start, piece) in &self.pieces[first..] {
            if left.is_empty() {
                break;
            }
            // Less than the piece's length, which is a u32.
            let from = (at - start) as u32;
            let n = left.len().min((piece.length() - from) as usize);
            let (head, tail) = left.split_at_mut(n);
            piece.subarray(from, from + n as u32).copy_to(head);
            (at, left) = (at + n as u64, tail);
        }
        if left.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// A blob, such as a file on the person's disk, of which a part at a time is read.
struct BlobSource {
    name: String,
    blob: Blob,
    reader: FileReaderSync,
}

impl ByteSource for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (from, to) = (offset as f64, (offset + buffer.len() as u64) as f64);
        let part = self
            .blob
            .slice_with_f64_and_f64(from, to)
            .and_then(|part| self.reader.read_as_array_buffer(&part))
            // Gone from the disk, or changed, since it was chosen.
            .map_err(|thrown| io::Error::other(message(&thrown)))?;
        let part = Uint8Array::new(&part);
        if part.length() as usize != buffer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        part.copy_to(buffer);
        Ok(())
    }
}

async fn download(address: &str, progress: &Progress) -> Result<Vec<Uint8Array>, JsError> {
    let failed = |why: String| error(format!("{address} could not be downloaded: {why}"));
    let thrown = |value: JsValue| {
        let message = value
            .dyn_ref::<js_sys::Error>()
            .map(|e| String::from(e.message()));
        failed(message.unwrap_or_else(|| "the connection failed".into()))
    };
    // Looked up on the global object: this runs in pages and in workers.
    let fetch: Function = Reflect::get(&js_sys::global(), &"fetch".into())
        .and_then(JsCast::dyn_into)
        .map_err(|_| failed("this environment has no fetch".into()))?;
    let promise: Promise = fetch
        .call1(&JsValue::UNDEFINED, &address.into())
        .map_err(thrown)?
        .unchecked_into();
    let response: Response = JsFuture::from(promise)
        .await
        .map_err(thrown)?
        .unchecked_into();
    if !response.ok() {
        return Err(failed(format!("status {}", response.status())));
    }
    let length = response.headers().get("content-length").ok().flatten();
    let total: Option<usize> = length.and_then(|text| text.parse().ok());
    let body = response
        .body()
        .ok_or_else(|| failed("the answer has no body".into()))?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let (mut pieces, mut loaded) = (Vec::new(), 0);
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(thrown)?;
        let get = |key: &str| Reflect::get(&chunk, &key.into()).unwrap_or_default();
        if get("done").is_truthy() {
            return Ok(pieces);
        }
        let piece: Uint8Array = get("value").unchecked_into();
        loaded += piece.length() as usize;
        pieces.push(piece);
        progress.tell("download", loaded, total);
    }
}
