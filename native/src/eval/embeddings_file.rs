//! Embeddings that were computed elsewhere.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cliprobe::engine::Embeddings;
use cliprobe::evaluate::SetRows;
use cliprobe::probe::{Image, ImageNames, ProbeSet};
use safetensors::{Dtype, SafeTensors};
use serde_json::json;

/// The contents of such a file.
pub(super) struct Given {
    images: Embeddings,
    image_places: HashMap<String, usize>,
    image_names: ImageNames,
    texts: Embeddings,
    text_places: HashMap<String, usize>,
    /// The description that stands in the results instead of a model.
    pub(super) description: serde_json::Value,
}

/// Reads a file as `cliprobe embed` writes it. Rows are normalised here; the root of the hierarchy is
/// the row of the empty text.
pub(super) fn read(path: &Path) -> Result<Given> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| name.clone())?;
    let (_, header) = SafeTensors::read_metadata(&bytes)
        .with_context(|| format!("{name} is no safetensors file"))?;
    let tensors = SafeTensors::deserialize(&bytes)
        .with_context(|| format!("{name} is no safetensors file"))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let read = |tensor: &str, names_key: &str, kind: &'static str| {
        rows(&tensors, &metadata, tensor, names_key, kind).with_context(|| name.clone())
    };
    let (images, names) = read("image_embeds", "images", "image")?;
    let (texts, captions) = read("text_embeds", "texts", "caption")?;
    if images.dim != texts.dim && !names.is_empty() && !captions.is_empty() {
        bail!(
            "{name}: image_embeds has rows of {} values, text_embeds of {}; both must come from one model",
            images.dim,
            texts.dim
        );
    }
    let described = metadata
        .get("model")
        .and_then(|model| serde_json::from_str(model).ok());
    let description = described.unwrap_or_else(|| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        json!({"name": stem})
    });
    Ok(Given {
        images,
        image_places: first_places(names.iter().cloned()),
        image_names: ImageNames::new(names),
        texts,
        text_places: first_places(captions),
        description,
    })
}

/// The first place of each name.
fn first_places(names: impl IntoIterator<Item = String>) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (place, name) in names.into_iter().enumerate() {
        places.entry(name).or_insert(place);
    }
    places
}

/// A matrix and the names of its rows; neither is fine.
fn rows(
    tensors: &SafeTensors<'_>,
    metadata: &HashMap<String, String>,
    tensor: &str,
    key: &str,
    kind: &'static str,
) -> Result<(Embeddings, Vec<String>)> {
    let Ok(view) = tensors.tensor(tensor) else {
        return Ok((Embeddings::default(), Vec::new()));
    };
    let &[n, dim] = view.shape() else {
        bail!("{tensor} is not a matrix but of shape {:?}", view.shape());
    };
    if view.dtype() != Dtype::F32 {
        bail!("{tensor} is {:?}; store it as F32", view.dtype());
    }
    let names: Vec<String> = metadata
        .get(key)
        .and_then(|names| serde_json::from_str(names).ok())
        .with_context(|| {
            format!("the metadata has no JSON array of names of the rows of {tensor} under {key:?}")
        })?;
    if names.len() != n {
        bail!(
            "{tensor} has {n} rows, but {key:?} names {}; they must agree",
            names.len()
        );
    }
    let values = view.data().as_chunks().0.iter();
    let values = values.map(|&b| f32::from_le_bytes(b)).collect();
    let embeddings = Embeddings::normalized(dim.max(1), values, kind)
        .map_err(|error| anyhow::anyhow!("{tensor}: {error}"))?;
    Ok((embeddings, names))
}

impl Given {
    /// A set's rows, as far as they are there.
    pub(super) fn rows(&self, set: &ProbeSet) -> SetRows<'_> {
        let text = |text: &str| {
            let place = *self.text_places.get(text)?;
            Some(self.texts.row(place))
        };
        let image = |image: &Image| {
            let label = image.label();
            // A part of an image is only found as that part.
            let found = self.image_places.get(&label).copied();
            let found = found.or_else(|| match image {
                Image::File { name, crop: None } => {
                    self.image_names.find(name).map(|found| found.index)
                }
                _ => None,
            });
            let row = found.map(|place| self.images.row(place));
            row.ok_or_else(|| Cow::Owned(format!("{label} has no row in image_embeds")))
        };
        let named = |t: &String| {
            text(t).ok_or_else(|| Cow::Owned(format!("{t:?} has no row in text_embeds")))
        };
        SetRows {
            images: set.images.iter().map(image).collect(),
            texts: set.texts.iter().map(named).collect(),
            root: text(""),
            truncated: Vec::new(),
        }
    }
}
