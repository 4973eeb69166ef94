//! Weights whose names all stand behind a prefix, such as `module.`.

use std::collections::BTreeMap;

use crate::error::ClipError;
use crate::tensors::{StoredTensor, TensorEntry, TensorReader};

/// A reader whose names all begin with a prefix, by the names behind it. Other tensors are left out.
struct Unprefixed {
    inner: Box<dyn TensorReader>,
    prefix: String,
    entries: BTreeMap<String, TensorEntry>,
}

pub(super) fn without_prefix(inner: Box<dyn TensorReader>, prefix: &str) -> Box<dyn TensorReader> {
    if prefix.is_empty() {
        return inner;
    }
    let entries = inner.entries().iter();
    let entries = entries
        .filter_map(|(name, entry)| Some((name.strip_prefix(prefix)?.to_owned(), entry.clone())))
        .collect();
    Box::new(Unprefixed {
        inner,
        prefix: prefix.to_owned(),
        entries,
    })
}

impl TensorReader for Unprefixed {
    fn file(&self) -> &str {
        self.inner.file()
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn metadata(&self) -> Option<&BTreeMap<String, String>> {
        self.inner.metadata()
    }

    fn read(
        &self,
        name: &str,
        rows: Option<std::ops::Range<usize>>,
    ) -> Result<StoredTensor, ClipError> {
        self.inner.read(&format!("{}{name}", self.prefix), rows)
    }

    fn sha256(&self) -> Result<String, ClipError> {
        self.inner.sha256()
    }
}
