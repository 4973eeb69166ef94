//! Subgroups in a browser, of which wgpu 30 knows only natively: it cannot ask for them there.

use js_sys::{Array, Function, Object, Proxy, Reflect};
use wasm_bindgen::prelude::*;

/// The feature's name in WebGPU.
const SUBGROUPS: &str = "subgroups";

/// Runs `request`, in which wgpu asks an adapter for a device, so that it asks for subgroups as well
/// where the adapter offers them.
pub(super) fn with_subgroups<T>(request: impl FnOnce() -> T) -> T {
    let name = "requestDevice".into();
    let adapters = Reflect::get(&js_sys::global(), &"GPUAdapter".into())
        .and_then(|class| Reflect::get(&class, &"prototype".into()));
    let original = (adapters.as_ref().ok())
        .and_then(|adapters| Reflect::get(adapters, &name).ok())
        .and_then(|method| method.dyn_into::<Function>().ok());
    let (Ok(adapters), Some(original)) = (adapters, original) else {
        return request(); // no WebGPU, which the request will say
    };
    // Only a proxy is told which adapter it was called on.
    let ask = Closure::<dyn FnMut(Function, JsValue, Array) -> Result<JsValue, JsValue>>::new(
        |original: Function, adapter: JsValue, given: Array| {
            if has_subgroups(&adapter) {
                let wanted = Reflect::get(&given.get(0), &"requiredFeatures".into())?;
                wanted.unchecked_into::<Array>().push(&SUBGROUPS.into());
            }
            Reflect::apply(&original, &adapter, &given)
        },
    );
    let handler = Object::new();
    // Ordinary objects and a prototype take properties.
    let _ = Reflect::set(&handler, &"apply".into(), ask.as_ref());
    let _ = Reflect::set(&adapters, &name, &Proxy::new(&original, &handler));
    let requested = request();
    let _ = Reflect::set(&adapters, &name, &original);
    requested
}

/// Whether an adapter or a device has them.
pub(super) fn has_subgroups(owner: &JsValue) -> bool {
    let has = || -> Result<JsValue, JsValue> {
        let features = Reflect::get(owner, &"features".into())?;
        let has: Function = Reflect::get(&features, &"has".into())?.dyn_into()?;
        has.call1(&features, &SUBGROUPS.into())
    };
    has().is_ok_and(|answer| answer.is_truthy())
}
