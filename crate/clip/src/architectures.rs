//! Architectures by name, for state dicts that come without a configuration.

use serde_json::{Value, json};

/// OpenCLIP's model configuration of a name such as `ViT-B-32`, `ViT-B/32` or
/// `ViT-L-14-336-quickgelu`; `None` for a name that is not listed in [`NAMES`].
///
/// Only the suffix `-quickgelu` says which activation: the plain names are used for OpenAI's
/// weights (QuickGELU) as well as OpenCLIP's (GELU), so they leave it open.
pub fn open_clip_json(name: &str) -> Option<Value> {
    let name = name.replace('/', "-").to_lowercase();
    let (name, quick) = match name.strip_suffix("-quickgelu") {
        Some(name) => (name, true),
        None => (name.as_str(), false),
    };
    // embed_dim, image size, patch, vision layers and width, head width, text width, heads, layers
    let [
        dim,
        image,
        patch,
        v_layers,
        v_width,
        head,
        t_width,
        t_heads,
        t_layers,
    ] = match name {
        "vit-b-32" => [512, 224, 32, 12, 768, 64, 512, 8, 12],
        "vit-b-16" => [512, 224, 16, 12, 768, 64, 512, 8, 12],
        "vit-l-14" => [768, 224, 14, 24, 1024, 64, 768, 12, 12],
        "vit-l-14-336" => [768, 336, 14, 24, 1024, 64, 768, 12, 12],
        "vit-h-14" => [1024, 224, 14, 32, 1280, 80, 1024, 16, 24],
        _ => return None,
    };
    let mut json = json!({
        "embed_dim": dim,
        "vision_cfg": {"image_size": image, "layers": v_layers, "width": v_width, "head_width": head, "patch_size": patch},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": t_width, "heads": t_heads, "layers": t_layers},
    });
    if quick {
        json["quick_gelu"] = true.into();
    }
    Some(json)
}

/// The names that [`open_clip_json`] knows, each also with the suffix `-quickgelu`.
pub const NAMES: [&str; 5] = [
    "ViT-B-32",
    "ViT-B-16",
    "ViT-L-14",
    "ViT-L-14-336",
    "ViT-H-14",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClipConfig;

    #[test]
    fn every_name_is_a_valid_architecture() {
        for name in NAMES {
            for suffix in ["", "-quickgelu"] {
                let json = open_clip_json(&format!("{name}{suffix}")).expect("listed");
                let config = ClipConfig::from_open_clip_json(&json).expect("valid");
                assert_eq!(json.get("quick_gelu").is_some(), !suffix.is_empty());
                assert_eq!(config.text.context_length, 77);
            }
        }
        let large =
            ClipConfig::from_open_clip_json(&open_clip_json("ViT-L/14").expect("with a slash"))
                .expect("valid");
        assert_eq!(
            (large.vision.transformer.heads, large.vision.tokens()),
            (16, 257)
        );
    }
}
