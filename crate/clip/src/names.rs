//! Tensor names: one canonical list, and where each tensor lies in the other namings.
//!
//! Canonical are Hugging Face's names. OpenCLIP stores the three attention projections as one
//! matrix and its output projections transposed; GGUF files follow clip.cpp, with its
//! historical exchange: `ffn_down` is the first layer of the MLP and `ffn_up` the second.

use super::config::{ClipConfig, TransformerConfig};

/// One tensor that a configuration asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Canonical name.
    pub name: String,
    /// Shape, row-major; linear layers are `[out, in]`.
    pub shape: Vec<usize>,
}

/// The temperature `ln τ`, a scalar. Kept apart from [`tensor_specs`] since files may lack it.
pub const LOGIT_SCALE: &str = "logit_scale";

/// Every tensor of the two towers, in the order of the computation.
pub fn tensor_specs(config: &ClipConfig) -> Vec<TensorSpec> {
    let mut specs = Vec::new();
    let mut push = |name: String, shape: Vec<usize>| specs.push(TensorSpec { name, shape });

    let text = &config.text;
    push(
        "text_model.embeddings.token_embedding.weight".into(),
        vec![text.vocab_size, text.transformer.width],
    );
    push(
        "text_model.embeddings.position_embedding.weight".into(),
        vec![text.context_length, text.transformer.width],
    );
    blocks("text_model", &text.transformer, &mut push);
    norm(
        "text_model.final_layer_norm",
        text.transformer.width,
        &mut push,
    );
    push(
        "text_projection.weight".into(),
        vec![config.projection_dim, text.transformer.width],
    );

    let vision = &config.vision;
    let width = vision.transformer.width;
    push(
        "vision_model.embeddings.class_embedding".into(),
        vec![width],
    );
    push(
        "vision_model.embeddings.patch_embedding.weight".into(),
        vec![width, 3, vision.patch_size, vision.patch_size],
    );
    push(
        "vision_model.embeddings.position_embedding.weight".into(),
        vec![vision.tokens(), width],
    );
    norm("vision_model.pre_layrnorm", width, &mut push);
    blocks("vision_model", &vision.transformer, &mut push);
    norm("vision_model.post_layernorm", width, &mut push);
    push(
        "visual_projection.weight".into(),
        vec![config.projection_dim, width],
    );
    specs
}

fn norm(name: &str, width: usize, push: &mut impl FnMut(String, Vec<usize>)) {
    push(format!("{name}.weight"), vec![width]);
    push(format!("{name}.bias"), vec![width]);
}

fn blocks(tower: &str, config: &TransformerConfig, push: &mut impl FnMut(String, Vec<usize>)) {
    let (w, m) = (config.width, config.mlp_width);
    for layer in 0..config.layers {
        let block = format!("{tower}.encoder.layers.{layer}");
        norm(&format!("{block}.layer_norm1"), w, push);
        for (part, out, inp) in [
            ("self_attn.q_proj", w, w),
            ("self_attn.k_proj", w, w),
            ("self_attn.v_proj", w, w),
            ("self_attn.out_proj", w, w),
        ] {
            push(format!("{block}.{part}.weight"), vec![out, inp]);
            push(format!("{block}.{part}.bias"), vec![out]);
        }
        norm(&format!("{block}.layer_norm2"), w, push);
        for (part, out, inp) in [("mlp.fc1", m, w), ("mlp.fc2", w, m)] {
            push(format!("{block}.{part}.weight"), vec![out, inp]);
            push(format!("{block}.{part}.bias"), vec![out]);
        }
    }
}

/// How a file names its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Hugging Face's `CLIPModel`.
    HuggingFace,
    /// OpenCLIP's and OpenAI's state dict; `text_prefix` is `text.` where the text tower is a
    /// module of its own (`CustomTextCLIP`).
    OpenClip {
        /// Prefix of the text tower's tensors.
        text_prefix: &'static str,
    },
    /// clip.cpp's GGUF.
    Gguf,
}

/// Where a canonical tensor lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file's name of the tensor that holds it.
    pub name: String,
    /// Which third of the rows it is, where query, key and value are stored as one.
    pub third: Option<usize>,
    /// Stored `[in, out]`.
    pub transposed: bool,
}

/// Names that only one naming has, and the naming.
const ANCHORS: [(&str, Naming); 4] = [
    (
        "text_model.embeddings.position_embedding.weight",
        Naming::HuggingFace,
    ),
    (
        "text.positional_embedding",
        Naming::OpenClip {
            text_prefix: "text.",
        },
    ),
    ("positional_embedding", Naming::OpenClip { text_prefix: "" }),
    ("t.position_embd.weight", Naming::Gguf),
];

impl Naming {
    /// Finds the naming from the names in a file, and what stands before every name of the model:
    /// nothing in most files, `module.` after data-parallel training, `model.` or
    /// `image_encoder.model.` where a program wrapped the model.
    ///
    /// # Errors
    /// The prefixes, none or several, under which a model lies.
    pub fn detect<'a>(
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(Self, &'a str), Vec<&'a str>> {
        let mut found: Vec<(Self, &str)> = Vec::new();
        for name in names {
            // `visual.positional_embedding` is the image encoder's.
            let Some((prefix, naming)) = ANCHORS.iter().find_map(|&(anchor, naming)| {
                let prefix = name.strip_suffix(anchor)?;
                let ends = prefix.is_empty() || prefix.ends_with('.');
                (ends && !prefix.ends_with("visual.")).then_some((prefix, naming))
            }) else {
                continue;
            };
            found.push((naming, prefix));
        }
        // A model at the top is the one that is meant, whatever lies beside it.
        if let Some(&plain) = found.iter().find(|(_, prefix)| prefix.is_empty()) {
            return Ok(plain);
        }
        match found[..] {
            [one] => Ok(one),
            _ => Err(found.into_iter().map(|(_, prefix)| prefix).collect()),
        }
    }

    /// Where the canonical tensor `name` lies.
    pub fn locate(self, name: &str) -> Location {
        let plain = |name: String| Location {
            name,
            third: None,
            transposed: false,
        };
        match self {
            Self::HuggingFace => plain(name.into()),
            Self::Gguf => plain(gguf_name(name)),
            Self::OpenClip { text_prefix } => open_clip_location(name, text_prefix),
        }
    }
}

/// clip.cpp's name of a canonical tensor.
pub fn gguf_name(name: &str) -> String {
    match name {
        LOGIT_SCALE => return "logit_scale".into(),
        "text_projection.weight" | "visual_projection.weight" => return name.into(),
        "vision_model.embeddings.class_embedding" => return "v.class_embd".into(),
        _ => {}
    }
    let (tower, rest) = match name.split_once('.') {
        Some(("text_model", rest)) => ("t", rest),
        Some((_, rest)) => ("v", rest),
        None => return name.into(),
    };
    let rest = rest
        .replace("embeddings.token_embedding", "token_embd")
        .replace("embeddings.position_embedding", "position_embd")
        .replace("embeddings.patch_embedding", "patch_embd")
        .replace("encoder.layers.", "blk.")
        .replace("self_attn.q_proj", "attn_q")
        .replace("self_attn.k_proj", "attn_k")
        .replace("self_attn.v_proj", "attn_v")
        .replace("self_attn.out_proj", "attn_out")
        .replace("layer_norm1", "ln1")
        .replace("layer_norm2", "ln2")
        // clip.cpp exchanged the two names in its first converter and kept them.
        .replace("mlp.fc1", "ffn_down")
        .replace("mlp.fc2", "ffn_up")
        .replace("final_layer_norm", "post_ln")
        .replace("post_layernorm", "post_ln")
        .replace("pre_layrnorm", "pre_ln");
    format!("{tower}.{rest}")
}

fn open_clip_location(name: &str, text: &str) -> Location {
    let plain = |name: String| Location {
        name,
        third: None,
        transposed: false,
    };
    match name {
        LOGIT_SCALE => return plain(LOGIT_SCALE.into()),
        "text_projection.weight" => {
            return Location {
                name: format!("{text}text_projection"),
                third: None,
                transposed: true,
            };
        }
        "visual_projection.weight" => {
            return Location {
                name: "visual.proj".into(),
                third: None,
                transposed: true,
            };
        }
        "text_model.embeddings.token_embedding.weight" => {
            return plain(format!("{text}token_embedding.weight"));
        }
        "text_model.embeddings.position_embedding.weight" => {
            return plain(format!("{text}positional_embedding"));
        }
        "vision_model.embeddings.class_embedding" => return plain("visual.class_embedding".into()),
        "vision_model.embeddings.patch_embedding.weight" => {
            return plain("visual.conv1.weight".into());
        }
        "vision_model.embeddings.position_embedding.weight" => {
            return plain("visual.positional_embedding".into());
        }
        _ => {}
    }
    let (prefix, rest) = match name.split_once('.') {
        Some(("text_model", rest)) => (text, rest),
        Some((_, rest)) => ("visual.", rest),
        None => return plain(name.into()),
    };
    let mut third = None;
    let mut rest = rest
        .replace("encoder.layers.", "transformer.resblocks.")
        .replace("self_attn.out_proj", "attn.out_proj")
        .replace("layer_norm1", "ln_1")
        .replace("layer_norm2", "ln_2")
        .replace("mlp.fc1", "mlp.c_fc")
        .replace("mlp.fc2", "mlp.c_proj")
        .replace("final_layer_norm", "ln_final")
        .replace("pre_layrnorm", "ln_pre")
        .replace("post_layernorm", "ln_post");
    for (index, part) in ["q", "k", "v"].into_iter().enumerate() {
        for kind in ["weight", "bias"] {
            let suffix = format!("self_attn.{part}_proj.{kind}");
            if let Some(block) = rest.strip_suffix(&suffix) {
                third = Some(index);
                rest = format!("{block}attn.in_proj_{kind}");
                break;
            }
        }
    }
    Location {
        name: format!("{prefix}{rest}"),
        third,
        transposed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_before_every_name_is_found() {
        let detect = |names: &[&'static str]| Naming::detect(names.iter().copied());
        let open = |text_prefix| Naming::OpenClip { text_prefix };
        let hf = "text_model.embeddings.position_embedding.weight";
        assert_eq!(detect(&["other", hf]), Ok((Naming::HuggingFace, "")));
        let image = "visual.positional_embedding";
        assert_eq!(detect(&[image, "positional_embedding"]), Ok((open(""), "")));
        assert_eq!(
            detect(&[image, "text.positional_embedding"]),
            Ok((open("text."), ""))
        );
        assert_eq!(
            detect(&[
                "image_encoder.model.visual.positional_embedding",
                "image_encoder.model.positional_embedding",
                "classification_head.weight",
            ]),
            Ok((open(""), "image_encoder.model."))
        );
        assert_eq!(
            detect(&["_orig_mod.module.text_model.embeddings.position_embedding.weight"]),
            Ok((Naming::HuggingFace, "_orig_mod.module."))
        );
        assert_eq!(
            detect(&["a.weight", "b.visual.positional_embedding"]),
            Err(vec![])
        );
        assert_eq!(
            detect(&["ema.positional_embedding", "model.positional_embedding"]),
            Err(vec!["ema.", "model."])
        );
    }

    #[test]
    fn open_clip_and_gguf_locations() {
        let open = Naming::OpenClip { text_prefix: "" };
        let q = open.locate("vision_model.encoder.layers.3.self_attn.k_proj.weight");
        assert_eq!(q.name, "visual.transformer.resblocks.3.attn.in_proj_weight");
        assert_eq!(q.third, Some(1));
        assert!(open.locate("text_projection.weight").transposed);
        assert_eq!(
            open.locate("text_model.final_layer_norm.bias").name,
            "ln_final.bias"
        );
        assert_eq!(
            gguf_name("vision_model.encoder.layers.0.mlp.fc1.weight"),
            "v.blk.0.ffn_down.weight"
        );
        assert_eq!(
            gguf_name("vision_model.pre_layrnorm.weight"),
            "v.pre_ln.weight"
        );
        assert_eq!(
            gguf_name("text_model.final_layer_norm.weight"),
            "t.post_ln.weight"
        );
    }
}
