//! safetensors, written tensor by tensor: the crate's own writer wants all of them in memory.

use std::io::Write;

use anyhow::Result;
use cliprobe_clip::names::TensorSpec;
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde_json::json;

use super::Model;

/// A tensor of a file, and what it is made of.
pub(super) struct FileTensor {
    pub(super) name: String,
    pub(super) parts: Parts,
}

/// Canonical tensors.
pub(super) enum Parts {
    /// As they are, one below the other.
    Stacked(Vec<TensorSpec>),
    /// A matrix with its rows as columns.
    Transposed(TensorSpec),
    /// The scalar in the log domain.
    LogitScale(f32),
}

impl Parts {
    fn shape(&self) -> Vec<usize> {
        match self {
            Self::Stacked(parts) => {
                let mut shape = parts.first().map_or(Vec::new(), |part| part.shape.clone());
                if let Some(rows) = shape.first_mut() {
                    *rows = parts.iter().map(|part| part.shape[0]).sum();
                }
                shape
            }
            Self::Transposed(part) => part.shape.iter().rev().copied().collect(),
            Self::LogitScale(_) => Vec::new(),
        }
    }

    fn write(&self, model: &Model, file: &mut dyn Write) -> Result<()> {
        match self {
            Self::Stacked(parts) => {
                for part in parts {
                    write_values(file, (model.read)(&part.name, &part.shape)?)?;
                }
                Ok(())
            }
            Self::Transposed(part) => {
                let values = (model.read)(&part.name, &part.shape)?;
                let (rows, columns) = (part.shape[0], part.shape[1]);
                let by_columns =
                    (0..columns).flat_map(|column| (0..rows).map(move |row| (row, column)));
                write_values(
                    file,
                    by_columns.map(|(row, column)| values[row * columns + column]),
                )
            }
            Self::LogitScale(scale) => write_values(file, [*scale]),
        }
    }
}

fn write_values(file: &mut dyn Write, values: impl IntoIterator<Item = f32>) -> Result<()> {
    let bytes: Vec<u8> = values.into_iter().flat_map(f32::to_le_bytes).collect();
    Ok(file.write_all(&bytes)?)
}

/// Writes a whole file; `written` is called after each tensor.
pub(super) fn write_weights(
    file: &mut dyn Write,
    tensors: &[FileTensor],
    model: &Model,
    written: &mut dyn FnMut(),
) -> Result<()> {
    // transformers refuses a file that does not name its framework.
    let mut metadata = json!({"format": "pt"});
    if let Some(hash) = &model.provenance.parent_sha256 {
        metadata["parent_sha256"] = hash.as_str().into();
    }
    if let Some(recipe) = &model.provenance.recipe {
        metadata["recipe"] = recipe.as_str().into();
    }
    if let Some(images) = &model.provenance.trained_on {
        metadata["trained_on"] = images.as_str().into();
    }
    let mut header = json!({"__metadata__": metadata});
    let mut end = 0;
    for FileTensor { name, parts } in tensors {
        let shape = parts.shape();
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header[name] = serde_json::to_value(TensorInfo {
            dtype: Dtype::F32,
            shape,
            data_offsets: (start, end),
        })?;
    }
    let mut header = serde_json::to_vec(&header)?;
    // The format wants the data to begin at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for tensor in tensors {
        tensor.parts.write(model, file)?;
        written();
    }
    Ok(())
}
