//! What the WGSL sources of several kernels have in common.

use std::fmt::Write;

use cliprobe_clip::tensors::ElementType;

/// Before everything else in a source that computes in f16.
pub(super) const ENABLE_F16: &str = "enable f16;\n";

/// The functions that read weights of a type.
pub(super) fn weights_source(element: ElementType) -> String {
    const F16: &str = include_str!("shaders/f16.wgsl");
    const BYTES: &str = include_str!("shaders/bytes.wgsl");
    let (parts, own): (&[&str], &str) = match element {
        ElementType::F16 => (&[F16], include_str!("shaders/weights_f16.wgsl")),
        ElementType::Q8_0 => (&[F16, BYTES], include_str!("shaders/weights_q8_0.wgsl")),
        ElementType::Q4_0 => (&[F16, BYTES], include_str!("shaders/weights_q4_0.wgsl")),
        ElementType::Q4_K => (&[F16, BYTES], include_str!("shaders/weights_q4_k.wgsl")),
        ElementType::Q6_K => (&[F16, BYTES], include_str!("shaders/weights_q6_k.wgsl")),
        // A checkpoint gives every other type as f32.
        ElementType::F32 | ElementType::F64 | ElementType::BF16 => {
            (&[], include_str!("shaders/weights_f32.wgsl"))
        }
    };
    format!("{}\n{own}", parts.join("\n"))
}

/// Adds a line.
pub(super) fn line(text: &mut String, indent: usize, content: std::fmt::Arguments) {
    let _ = writeln!(text, "{:width$}{content}", "", width = indent * 4); // a String takes everything
}
