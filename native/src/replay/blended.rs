//! The model of a link that lies between two others.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use cliprobe::clip::Checkpoint;
use cliprobe::clip::blend::{blend, blended_type};
use cliprobe::clip::bytes::FileSet;
use cliprobe::clip::checkpoint::Overrides;
use cliprobe::clip::model_file::write_gguf;

/// The model `(1 − alpha) a + alpha b`, rounded as the page stores it: to the finer of their types.
pub(super) fn between(a: Checkpoint, b: Checkpoint, alpha: f64) -> Result<Checkpoint> {
    let name = format!("{} {alpha} {}", a.name, b.name);
    let (a, b) = (Arc::new(a), Arc::new(b));
    let element = blended_type(&a, &b);
    let blended = blend(&name, &a, &[(b, alpha)])?;
    let mut file = Vec::new();
    write_gguf(
        &blended,
        element,
        &blended.provenance,
        &mut file,
        &mut |_, _| {},
    )?;
    let files = BTreeMap::from([("model.gguf".to_owned(), file)]);
    Checkpoint::from_files(&FileSet::from_memory(name, files), &Overrides::default())
        .context("the blended model")
}
