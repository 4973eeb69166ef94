//! Time as this platform tells it.

/// Milliseconds from any beginning.
#[cfg(not(target_arch = "wasm32"))]
pub fn milliseconds() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds from any beginning: `performance.now()`, which pages and workers have.
#[cfg(target_arch = "wasm32")]
pub fn milliseconds() -> f64 {
    use wasm_bindgen::JsCast;
    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into());
    let now = performance.and_then(|performance| {
        let now = js_sys::Reflect::get(&performance, &"now".into())?;
        now.unchecked_ref::<js_sys::Function>().call0(&performance)
    });
    now.ok()
        .and_then(|now| now.as_f64())
        .unwrap_or_else(js_sys::Date::now)
}
