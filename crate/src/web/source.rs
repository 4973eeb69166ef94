//! What `Clip.load` accepts, brought to one form: files by name.

use std::collections::BTreeMap;

use js_sys::{ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::error;
use crate::clip::bytes::FileSet;

/// The caller's `onProgress`.
pub(super) struct Progress(Option<Function>);

impl Progress {
    pub(super) fn from_options(options: &JsValue) -> Result<Self, JsError> {
        if options.is_undefined() || options.is_null() {
            return Ok(Self(None));
        }
        let given = Reflect::get(options, &"onProgress".into()).unwrap_or_default();
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

/// The files of a model: a download, a buffer, or several buffers by name.
pub(super) async fn files(source: JsValue, progress: &Progress) -> Result<FileSet, JsError> {
    const SINGLE: &str = "model.gguf";
    let single = |label: &str, bytes| {
        Ok(FileSet::from_memory(
            label,
            BTreeMap::from([(SINGLE.to_owned(), bytes)]),
        ))
    };
    if let Some(bytes) = bytes_of(&source) {
        return single("the given model", bytes);
    }
    let address = source
        .as_string()
        .or_else(|| source.dyn_ref::<web_sys::Url>().map(web_sys::Url::href));
    if let Some(address) = address {
        let bytes = download(&address, progress).await?;
        return single(&address, bytes);
    }
    let Some(object) = source.dyn_ref::<Object>() else {
        return Err(error(
            "a model is an address, an ArrayBuffer, a Uint8Array, or an object of files by name",
        ));
    };
    let mut files = BTreeMap::new();
    for entry in Object::entries(object).iter() {
        let entry: js_sys::Array = entry.unchecked_into();
        let name = entry.get(0).as_string().unwrap_or_default();
        let bytes = bytes_of(&entry.get(1))
            .ok_or_else(|| error(format!("the file {name} is not a Uint8Array")))?;
        files.insert(name, bytes);
    }
    Ok(FileSet::from_memory("the given model", files))
}

fn bytes_of(value: &JsValue) -> Option<Vec<u8>> {
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Some(bytes.to_vec());
    }
    value
        .dyn_ref::<ArrayBuffer>()
        .map(|buffer| Uint8Array::new(buffer).to_vec())
}

async fn download(address: &str, progress: &Progress) -> Result<Vec<u8>, JsError> {
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
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(thrown)?;
        let get = |key: &str| Reflect::get(&chunk, &key.into()).unwrap_or_default();
        if get("done").is_truthy() {
            return Ok(bytes);
        }
        let part: Uint8Array = get("value").unchecked_into();
        let start = bytes.len();
        bytes.resize(start + part.length() as usize, 0);
        part.copy_to(&mut bytes[start..]);
        progress.tell("download", bytes.len(), total);
    }
}
