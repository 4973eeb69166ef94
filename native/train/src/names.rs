//! The names by which a recipe means tensors.

use cliprobe_clip::names::LOGIT_SCALE;
use wildmatch::WildMatch;

/// Parts of a model that a recipe may name instead of tensors.
pub(crate) const PARTS: [&str; 5] = ["vision", "text", "projections", "embeddings", "scale"];

/// Whether a pattern, or a part, of the recipe means this tensor.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    match pattern {
        "vision" => name.starts_with("vision_model."),
        "text" => name.starts_with("text_model."),
        "projections" => matches!(name, "visual_projection.weight" | "text_projection.weight"),
        "embeddings" => name.contains(".embeddings."),
        "scale" => name == LOGIT_SCALE,
        glob => WildMatch::new(glob).matches(name),
    }
}
