//! Work on many items at once, where there are threads.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn map<'t, T: Sync, R: Send>(
    items: &'t [T],
    work: impl Fn(&'t T) -> R + Send + Sync,
) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(work).collect()
}

#[cfg(target_arch = "wasm32")]
pub(crate) fn map<'t, T, R>(items: &'t [T], work: impl Fn(&'t T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

/// How many items are worth working on at once.
pub(crate) fn width() -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    return rayon::current_num_threads().max(1);
    #[cfg(target_arch = "wasm32")]
    1
}
