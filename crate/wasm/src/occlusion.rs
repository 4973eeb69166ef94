//! An image's pixels as the image encoder is given them, to hide parts of them.

use js_sys::Float32Array;
use wasm_bindgen::prelude::*;

use super::{WebClip, error};

#[wasm_bindgen(js_class = Clip)]
impl WebClip {
    /// See `types.ts`.
    ///
    /// # Errors
    /// An image that cannot be decoded.
    #[wasm_bindgen(skip_typescript)]
    pub fn pixels(&self, file: &[u8]) -> Result<Float32Array, JsError> {
        let prepared = self.clip.prepare(file).map_err(error)?;
        Ok(Float32Array::from(prepared.pixels.as_slice()))
    }
}
