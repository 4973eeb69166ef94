//! The CPU engine: candle's tensors and f32 matrix products, with fused kernels around them;
//! the same code natively (threads) and in wasm (simd128).

mod attention;
mod elementary;
#[cfg(test)]
mod gradient_check;
pub mod ops;
mod tower;

pub use attention::{Packing, attention};
pub use tower::{Model, Weight, WeightProvider};
