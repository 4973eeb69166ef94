//! A checkpoint that is open: what it is, and its tensors by their canonical names. How files become
//! one is in `opener`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use super::bytes::FileSet;
use super::config::{Activation, ClipConfig};
use super::error::{ClipError, printable, shown};
use super::names::{LOGIT_SCALE, Naming, tensor_specs};
use super::preprocessing::Preprocessing;
use super::tensors::{ElementType, StoredTensor, TensorEntry, TensorReader};
use super::tokenizer::{TextCleaning, Tokenizer};

/// Which form a checkpoint had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Format {
    /// Hugging Face's `config.json` with safetensors or a pickled state dict.
    #[serde(rename = "Hugging Face")]
    HuggingFace,
    /// OpenCLIP's or OpenAI's state dict.
    #[serde(rename = "OpenCLIP")]
    OpenClip,
    /// One GGUF file.
    #[serde(rename = "GGUF")]
    Gguf,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HuggingFace => "Hugging Face",
            Self::OpenClip => "OpenCLIP",
            Self::Gguf => "GGUF",
        })
    }
}

/// What the person says about a checkpoint, beyond what it says itself.
#[derive(Default)]
pub struct Overrides {
    /// The activation it was trained with.
    pub activation: Option<Activation>,
    /// A configuration in Hugging Face's or OpenCLIP's form.
    pub config: Option<Value>,
    /// Files with a tokenizer.
    pub tokenizer: Option<FileSet>,
    /// SHA-256 of the file of weights, where it was computed before: it is then believed.
    pub sha256: Option<String>,
}

/// Where a derived file came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// SHA-256 of the checkpoint that this one was made from.
    pub parent_sha256: Option<String>,
    /// What was done, in words: a training recipe, a quantisation.
    pub recipe: Option<String>,
    /// What kind of images it has seen: `drawings` of the synthetic world, `photographs`, other words.
    pub trained_on: Option<String>,
}

impl Provenance {
    /// What the metadata of a safetensors file says of it, as the trainer, `patch` and `convert` write it.
    pub(super) fn of_metadata(metadata: &BTreeMap<String, String>) -> Self {
        Self {
            parent_sha256: metadata.get("parent_sha256").map(|hash| shown(hash)),
            recipe: metadata.get("recipe").map(|recipe| printable(recipe)),
            trained_on: metadata.get("trained_on").map(|images| printable(images)),
        }
    }

    /// The recipe of what is made from this checkpoint, with the hash of this checkpoint's own parent.
    pub fn passed_on(&self) -> Option<String> {
        match (&self.recipe, &self.parent_sha256) {
            (Some(recipe), Some(parent)) if !recipe.contains(parent.as_str()) => {
                Some(format!("{recipe} (from sha256 {parent})"))
            }
            (None, Some(parent)) => Some(format!("from sha256 {parent}")),
            (recipe, _) => recipe.clone(),
        }
    }
}

/// A CLIP checkpoint, opened: everything but the tensors is in memory, the tensors are read
/// one at a time.
pub struct Checkpoint {
    /// What to call it: the directory's or file's name.
    pub name: String,
    /// The form it had.
    pub format: Format,
    /// The architecture.
    pub config: ClipConfig,
    /// What is done to an image.
    pub preprocessing: Preprocessing,
    /// The text of its `tokenizer.json`.
    pub tokenizer_json: String,
    /// What is done to a caption before it is split into words: what the reference of the
    /// checkpoint's form does.
    pub text_cleaning: TextCleaning,
    /// The logarithm of the scale of the logits; absent in GGUF files of other writers.
    pub logit_scale: Option<f32>,
    /// What it was made from.
    pub provenance: Provenance,
    /// What stands before every tensor's name in the file, such as `module.`; mostly nothing.
    pub prefix: String,
    pub(super) naming: Naming,
    pub(super) reader: Box<dyn TensorReader>,
    pub(super) sha256: OnceLock<String>,
}

impl Checkpoint {
    /// A checkpoint that is like another but for its weights, which `reader` has by their
    /// canonical names.
    pub(super) fn with_weights(
        name: &str,
        like: &Self,
        logit_scale: f32,
        provenance: Provenance,
        reader: Box<dyn TensorReader>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            format: Format::HuggingFace,
            config: like.config,
            preprocessing: like.preprocessing.clone(),
            tokenizer_json: like.tokenizer_json.clone(),
            text_cleaning: like.text_cleaning,
            logit_scale: Some(logit_scale),
            provenance,
            prefix: String::new(),
            naming: Naming::HuggingFace,
            reader,
            sha256: OnceLock::new(),
        }
    }

    pub(super) fn read_logit_scale(&mut self) -> Result<(), ClipError> {
        let location = self.naming.locate(LOGIT_SCALE);
        if self.reader.entries().contains_key(&location.name) {
            let values = self.reader.read(&location.name, None)?.into_f32(&[1])?;
            self.logit_scale = values.first().copied();
        }
        Ok(())
    }

    /// Compares every tensor that the configuration asks for with the file's table, so that a
    /// contradiction is found before anything is loaded.
    pub(super) fn check_shapes(&self) -> Result<(), ClipError> {
        tensor_specs(&self.config)
            .iter()
            .try_for_each(|spec| self.entry(&spec.name, &spec.shape).map(drop))
    }

    fn entry(
        &self,
        name: &str,
        shape: &[usize],
    ) -> Result<(super::names::Location, &TensorEntry), ClipError> {
        let location = self.naming.locate(name);
        let file = self.reader.file();
        let Some(entry) = self.reader.entries().get(&location.name) else {
            return Err(ClipError::MissingTensor {
                file: file.into(),
                name: location.name,
            });
        };
        let mut expected = shape.to_vec();
        if location.third.is_some() {
            expected[0] *= 3;
        }
        if location.transposed {
            expected.reverse();
        }
        if entry.shape != expected {
            return Err(ClipError::ShapeMismatch {
                file: file.into(),
                name: location.name,
                expected,
                found: entry.shape.clone(),
            });
        }
        Ok((location, entry))
    }

    /// Reads a tensor by canonical name.
    ///
    /// # Errors
    /// A missing tensor, another shape, an unsupported type, a value that is not finite.
    pub fn read(&self, name: &str, shape: &[usize]) -> Result<StoredTensor, ClipError> {
        self.read_rows(name, shape, 0..shape[0])
    }

    /// Reads some rows of a tensor, so that a large one never has to be in memory whole.
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn read_rows(
        &self,
        name: &str,
        shape: &[usize],
        rows: std::ops::Range<usize>,
    ) -> Result<StoredTensor, ClipError> {
        let (location, _) = self.entry(name, shape)?;
        if !location.transposed {
            let first = location.third.map_or(0, |third| third * shape[0]);
            let whole = location.third.is_none() && rows == (0..shape[0]);
            let rows = (!whole).then(|| first + rows.start..first + rows.end);
            return self.reader.read(&location.name, rows);
        }
        let (out, inner) = (shape[0], shape[1]);
        let values = self
            .reader
            .read(&location.name, None)?
            .into_f32(&[inner, out])?;
        Ok(StoredTensor::Float(
            rows.flat_map(|o| values.iter().skip(o).step_by(out))
                .copied()
                .collect(),
        ))
    }

    /// The type that [`Checkpoint::read`] gives a matrix in: its own where that is F16 or quantised,
    /// else F32.
    pub fn read_type(&self, name: &str, shape: &[usize]) -> ElementType {
        match self.entry(name, shape) {
            Ok((location, entry)) if !location.transposed => match entry.element {
                Ok(ElementType::F16) => ElementType::F16,
                // A vector in blocks is read as floats.
                Ok(element) if element.is_quantized() && entry.shape.len() > 1 => element,
                _ => ElementType::F32,
            },
            _ => ElementType::F32,
        }
    }

    /// The tokenizer for the text encoder.
    ///
    /// # Errors
    /// One that does not parse or does not fit.
    pub fn tokenizer(&self) -> Result<Tokenizer, ClipError> {
        let tokenizer = Tokenizer::from_json(&self.tokenizer_json, &self.config.text)?;
        Ok(tokenizer.cleaning(self.text_cleaning))
    }

    /// Number of tensors of each stored type, by the type's name.
    pub fn tensor_types(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for spec in tensor_specs(&self.config) {
            if let Ok((location, entry)) = self.entry(&spec.name, &spec.shape)
                && location.third.is_none_or(|third| third == 0)
            {
                let name = match &entry.element {
                    Ok(element) => element.name().to_owned(),
                    Err(other) => other.clone(),
                };
                *counts.entry(name).or_insert(0) += 1;
            }
        }
        counts
    }

    /// The type of its weight matrices that GGUF can hold: the commonest that is not F32.
    pub fn matrix_type(&self) -> ElementType {
        self.tensor_types()
            .into_iter()
            .filter_map(|(name, count)| Some((ElementType::from_name(&name)?, count)))
            .filter(|(element, _)| {
                *element != ElementType::F32 && ElementType::GGUF.contains(element)
            })
            .max_by_key(|(_, count)| *count)
            .map_or(ElementType::F32, |(element, _)| element)
    }

    /// Number of weights of both towers.
    pub fn parameters(&self) -> u64 {
        tensor_specs(&self.config)
            .iter()
            .map(|spec| spec.shape.iter().product::<usize>() as u64)
            .sum()
    }

    /// What to say of a file that is made from this one with the same weights.
    ///
    /// # Errors
    /// The file's.
    pub fn provenance_of_child(&self) -> Result<Provenance, ClipError> {
        Ok(Provenance {
            parent_sha256: Some(self.sha256()?),
            recipe: self.provenance.passed_on(),
            trained_on: self.provenance.trained_on.clone(),
        })
    }

    /// SHA-256 of the file of weights, as `sha256sum` prints it; computed once.
    ///
    /// # Errors
    /// The file's.
    pub fn sha256(&self) -> Result<String, ClipError> {
        match self.sha256.get() {
            Some(hash) => Ok(hash.clone()),
            None => {
                let hash = self.reader.sha256()?;
                Ok(self.sha256.get_or_init(|| hash).clone())
            }
        }
    }
}

pub(super) fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches(['/', '\\']);
    trimmed
        .rsplit(['/', '\\'])
        .next()
        .filter(|s| !s.is_empty() && *s != ".")
        .unwrap_or(path)
        .to_owned()
}
