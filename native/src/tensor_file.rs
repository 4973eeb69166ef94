//! Results as safetensors files.

use std::path::Path;

use anyhow::Result;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::output::write_whole;

/// A tensor to write.
pub(crate) struct Tensor {
    pub(crate) name: &'static str,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// Writes tensors with metadata.
pub(crate) fn write(path: &Path, tensors: Vec<Tensor>, metadata: &[(&str, String)]) -> Result<()> {
    let metadata = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let views = tensors
        .iter()
        .map(|t| Ok((t.name, TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    let bytes = safetensors::serialize(views, Some(metadata))?;
    write_whole(path, |file| Ok(file.write_all(&bytes)?))
}
