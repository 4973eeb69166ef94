//! `Blend` of the declarations: a model between two others becomes a GGUF file, a tensor at a time.

use std::sync::Arc;

use js_sys::{Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use cliprobe_clip::Checkpoint;
use cliprobe_clip::blend::{blend, blended_type};
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::pieces::GgufPieces;

use super::{error, source, to_js};

/// A blend under way.
#[wasm_bindgen(js_name = Blend, skip_typescript)]
pub struct WebBlend {
    pieces: GgufPieces<Checkpoint>,
    plan: Plan,
}

#[derive(Serialize)]
struct Plan {
    #[serde(rename = "type")]
    element: &'static str,
    types: [&'static str; 2],
    pieces: usize,
}

#[wasm_bindgen(js_class = Blend)]
impl WebBlend {
    /// See `types.ts`.
    ///
    /// # Errors
    /// A model that cannot be read, or two that cannot be blended.
    #[wasm_bindgen(skip_typescript)]
    pub async fn start(
        name: String,
        a: JsValue,
        b: JsValue,
        alpha: f64,
        hashes: JsValue,
    ) -> Result<WebBlend, JsError> {
        if !alpha.is_finite() {
            return Err(error("alpha is not a finite number"));
        }
        let a = opened(a, &hashes, "a").await?;
        let b = opened(b, &hashes, "b").await?;
        let types = [a.matrix_type().name(), b.matrix_type().name()];
        let element = blended_type(&a, &b);
        let blended = blend(&name, &a, &[(b, alpha)]).map_err(error)?;
        let provenance = blended.provenance.clone();
        let pieces = GgufPieces::new(blended, element, &provenance).map_err(error)?;
        let plan = Plan {
            element: element.name(),
            types,
            // The header is one, too.
            pieces: pieces.progress().1 + 1,
        };
        Ok(Self { pieces, plan })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn plan(&self) -> Result<JsValue, JsError> {
        to_js(&self.plan)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A tensor that cannot be read, or a weight that is not finite.
    #[wasm_bindgen(skip_typescript)]
    pub fn next(&mut self) -> Result<Option<Uint8Array>, JsError> {
        let piece = self.pieces.next().transpose().map_err(error)?;
        Ok(piece.map(|bytes| Uint8Array::from(bytes.as_slice())))
    }
}

async fn opened(given: JsValue, hashes: &JsValue, key: &str) -> Result<Arc<Checkpoint>, JsError> {
    let files = source::files(given, &source::Progress::from(JsValue::UNDEFINED)?).await?;
    let sha256 = match hashes.is_object() {
        true => Reflect::get(hashes, &key.into())
            .unwrap_or_default()
            .as_string(),
        false => None,
    };
    let overrides = Overrides {
        sha256,
        ..Overrides::default()
    };
    Checkpoint::from_files(&files, &overrides)
        .map(Arc::new)
        .map_err(error)
}
