//! `Conversion` of the declarations: a checkpoint becomes GGUF while its weights arrive.

use std::collections::BTreeMap;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use cliprobe_clip::bytes::FileSet;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::config::Activation;
use cliprobe_clip::convert::{Announced, Conversion, Mark, header_length};
use cliprobe_clip::tensors::ElementType;

use super::{error, to_js};

/// A conversion under way.
#[wasm_bindgen(js_name = Conversion, skip_typescript)]
pub struct WebConversion {
    conversion: Conversion,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    file: usize,
    position: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan<'a> {
    weights_bytes: Vec<f64>,
    gguf_bytes: f64,
    parameters: f64,
    activation: &'a str,
    activation_source: &'a str,
}

#[wasm_bindgen(js_class = Conversion)]
impl WebConversion {
    /// See `types.ts`.
    ///
    /// # Errors
    /// What keeps the checkpoint from being used.
    #[wasm_bindgen(skip_typescript)]
    pub fn start(source: &JsValue) -> Result<WebConversion, JsError> {
        let given = |key: &str| Reflect::get(source, &key.into()).unwrap_or_default();
        let name = given("name").as_string().unwrap_or_default();
        let mut files = BTreeMap::new();
        for (name, bytes) in named_bytes(&given("files"))? {
            files.insert(name, bytes);
        }
        let weights = named_bytes(&given("weights"))?
            .into_iter()
            .map(|(name, header)| Announced { name, header })
            .collect();
        let wanted = given("type").as_string().unwrap_or_default();
        let element = ElementType::from_name(&wanted)
            .filter(|element| ElementType::GGUF.contains(element))
            .ok_or_else(|| error(format!("there is no type {wanted:?} of GGUF weights")))?;
        let activation = given("activation").as_string();
        let activation = activation
            .map(|name| Activation::from_name(&name))
            .transpose()
            .map_err(error)?;
        let overrides = Overrides {
            activation,
            ..Overrides::default()
        };
        let files = FileSet::from_memory(name, files);
        let conversion = Conversion::new(&files, weights, element, &overrides).map_err(error)?;
        Ok(Self { conversion })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn plan(&self) -> Result<JsValue, JsError> {
        let plan = self.conversion.plan();
        to_js(&Plan {
            weights_bytes: plan.weights_bytes.iter().map(|&n| n as f64).collect(),
            gguf_bytes: plan.gguf_bytes as f64,
            parameters: plan.parameters as f64,
            activation: plan.activation,
            activation_source: &plan.activation_source,
        })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn next(&self) -> Result<JsValue, JsError> {
        to_js(&self.conversion.next().map(|(file, position)| Place {
            file,
            position: position as f64,
        }))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn mark(&self) -> Result<String, JsError> {
        serde_json::to_string(self.conversion.mark()).map_err(error)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A mark of another conversion.
    #[wasm_bindgen(skip_typescript)]
    pub fn resume(&mut self, mark: &str) -> Result<(), JsError> {
        let mark: Mark = serde_json::from_str(mark).map_err(error)?;
        self.conversion.resume(&mark).map_err(error)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A value that is not finite, more bytes than announced, or what `write` threw.
    #[wasm_bindgen(skip_typescript)]
    pub fn push(&mut self, bytes: &[u8], write: &Function) -> Result<(), JsValue> {
        let mut thrown = None;
        let pushed = self
            .conversion
            .push(bytes, &mut piece_to(write, &mut thrown));
        match thrown {
            Some(thrown) => Err(thrown),
            None => pushed.map_err(|why| error(why).into()),
        }
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Weights that have not all arrived, or what `write` threw.
    #[wasm_bindgen(skip_typescript)]
    pub fn finish(&mut self, write: &Function) -> Result<String, JsValue> {
        let mut thrown = None;
        let finished = self.conversion.finish(&mut piece_to(write, &mut thrown));
        match thrown {
            Some(thrown) => Err(thrown),
            None => finished.map_err(|why| error(why).into()),
        }
    }
}

/// Hands pieces to the caller's `write`, until it throws.
fn piece_to<'a>(
    write: &'a Function,
    thrown: &'a mut Option<JsValue>,
) -> impl FnMut(u64, &[u8]) + 'a {
    move |at, bytes| {
        if thrown.is_none() {
            let bytes = Uint8Array::from(bytes);
            *thrown = write
                .call2(&JsValue::UNDEFINED, &bytes, &JsValue::from_f64(at as f64))
                .err();
        }
    }
}

/// The entries of an object of byte arrays, in its order.
fn named_bytes(object: &JsValue) -> Result<Vec<(String, Vec<u8>)>, JsError> {
    let object: &Object = object
        .dyn_ref()
        .ok_or_else(|| error("files and weights are objects of Uint8Arrays by name"))?;
    Object::entries(object)
        .iter()
        .map(|entry| {
            let entry: Array = entry.unchecked_into();
            let name = entry.get(0).as_string().unwrap_or_default();
            match entry.get(1).dyn_into::<Uint8Array>() {
                Ok(bytes) => Ok((name, bytes.to_vec())),
                Err(_) => Err(error(format!("{name} is no Uint8Array"))),
            }
        })
        .collect()
}

/// See `types.ts`.
///
/// # Errors
/// Bytes that no safetensors file begins with.
#[wasm_bindgen(js_name = safetensorsHeaderLength, skip_typescript)]
pub fn safetensors_header_length(file: &str, first: &[u8]) -> Result<f64, JsError> {
    let first = first
        .first_chunk()
        .ok_or_else(|| error(format!("{file} has fewer than 8 bytes")))?;
    Ok(header_length(file, *first).map_err(error)? as f64)
}
