//! A checkpoint made of others' weights: interpolation in weight space (WiSE-FT, Wortsman et al.,
//! arXiv 2109.01903; CLoVe's patching, arXiv 2402.15021) and sums of task vectors (Ilharco et al.,
//! arXiv 2212.04089), which are one formula: `w = w₀ + Σ aᵢ (wᵢ − w₀)`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::checkpoint::{Checkpoint, Provenance};
use super::config::{ClipConfig, TextPooling};
use super::error::ClipError;
use super::names::{LOGIT_SCALE, tensor_specs};
use super::tensors::{ElementType, StoredTensor, TensorEntry, TensorReader};

/// The checkpoint `name` with the weights `base + Σ aᵢ (otherᵢ − base)` of every tensor, the logit
/// scale included (in the log domain, as it is stored).
///
/// It takes configuration, tokenizer and preprocessing from `base`. Nothing is computed before a
/// tensor is read; sums are taken in f64 and rounded to f32 once, so that a coefficient of 0 or 1
/// gives the values of a single checkpoint to the last bit.
///
/// # Errors
/// [`ClipError::CannotBlend`] names the first thing in which an architecture or a vocabulary
/// differs; a checkpoint without a logit scale is refused too.
pub fn blend(
    name: &str,
    base: &Arc<Checkpoint>,
    others: &[(Arc<Checkpoint>, f64)],
) -> Result<Checkpoint, ClipError> {
    for (other, _) in others {
        check_same_form(base, other)?;
    }
    let rest: f64 = others.iter().map(|(_, coefficient)| coefficient).sum();
    let mut parts = vec![(base.clone(), 1.0 - rest)];
    parts.extend(others.iter().cloned());
    parts.retain(|(_, coefficient)| *coefficient != 0.0);

    let mut logit_scale = 0.0;
    for (checkpoint, coefficient) in &parts {
        let own = checkpoint
            .logit_scale
            .ok_or_else(|| ClipError::MissingTensor {
                file: checkpoint.name.clone(),
                name: LOGIT_SCALE.into(),
            })?;
        logit_scale += coefficient * f64::from(own);
    }
    let words: Vec<String> = parts
        .iter()
        .map(|(checkpoint, coefficient)| {
            // Sums of decimal fractions have long tails that mean nothing.
            let coefficient = (coefficient * 1e9).round() / 1e9;
            format!("{coefficient} × {}", checkpoint.name)
        })
        .collect();
    let mut seen = parts
        .iter()
        .map(|(part, _)| part.provenance.trained_on.as_ref());
    let first = seen.next().flatten();
    let provenance = Provenance {
        parent_sha256: Some(base.sha256()?),
        recipe: Some(format!("weights blended: {}", words.join(" + "))),
        trained_on: first.filter(|_| seen.all(|other| other == first)).cloned(),
    };
    let reader = Blend {
        name: name.to_owned(),
        entries: entries(&base.config),
        parts,
    };
    Ok(Checkpoint::with_weights(
        name,
        base,
        logit_scale as f32,
        provenance,
        Box::new(reader),
    ))
}

/// The type in which a blend is stored: the finer of the two models' own, so that rounding takes no
/// more from it than it took from them.
pub fn blended_type(a: &Checkpoint, b: &Checkpoint) -> ElementType {
    const FINEST_FIRST: [ElementType; 6] = [
        ElementType::F32,
        ElementType::F16,
        ElementType::Q8_0,
        ElementType::Q6_K,
        ElementType::Q4_K,
        ElementType::Q4_0,
    ];
    let own = [a.matrix_type(), b.matrix_type()];
    let finest = FINEST_FIRST.into_iter().find(|t| own.contains(t));
    finest.unwrap_or(ElementType::F32)
}

/// What can be blended must mean the same by every weight.
fn check_same_form(base: &Checkpoint, other: &Checkpoint) -> Result<(), ClipError> {
    let refuse = |what: String| ClipError::CannotBlend {
        base: base.name.clone(),
        other: other.name.clone(),
        what,
    };
    let (own, others) = (form(&base.config), form(&other.config));
    if let Some((key, own, others)) = first_difference("", &own, &others) {
        return Err(refuse(format!(
            "{key} is {own} in one and {others} in the other"
        )));
    }
    let (own, others) = (
        base.tokenizer()?.vocabulary(),
        other.tokenizer()?.vocabulary(),
    );
    if own != others {
        let id = own.iter().zip(&others).position(|(a, b)| a != b);
        let id = id.unwrap_or_else(|| own.len().min(others.len()));
        return Err(refuse(format!("their vocabularies differ from id {id} on")));
    }
    Ok(())
}

/// The configuration as it is compared. The end-of-text token with the largest id is found by
/// either rule of pooling.
fn form(config: &ClipConfig) -> Value {
    let mut config = *config;
    if let TextPooling::FirstEos { eos_token_id } = config.text.pooling
        && eos_token_id as usize + 1 == config.text.vocab_size
    {
        config.text.pooling = TextPooling::LargestId;
    }
    config.to_hf_json()
}

fn first_difference(path: &str, a: &Value, b: &Value) -> Option<(String, Value, Value)> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => a.iter().find_map(|(key, value)| {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            first_difference(&path, value, b.get(key).unwrap_or(&Value::Null))
        }),
        _ if a == b => None,
        _ => Some((path.to_owned(), a.clone(), b.clone())),
    }
}

fn entries(config: &ClipConfig) -> BTreeMap<String, TensorEntry> {
    let specs = tensor_specs(config).into_iter();
    specs
        .map(|spec| {
            let entry = TensorEntry {
                shape: spec.shape,
                element: Ok(ElementType::F32),
                source: 0,
                offset: 0,
            };
            (spec.name, entry)
        })
        .collect()
}

/// Tensors by their canonical names, made when they are read.
struct Blend {
    name: String,
    entries: BTreeMap<String, TensorEntry>,
    /// Every coefficient differs from 0.
    parts: Vec<(Arc<Checkpoint>, f64)>,
}

impl TensorReader for Blend {
    fn file(&self) -> &str {
        &self.name
    }

    fn entries(&self) -> &BTreeMap<String, TensorEntry> {
        &self.entries
    }

    fn read(&self, name: &str, rows: Option<Range<usize>>) -> Result<StoredTensor, ClipError> {
        let entry = self
            .entries
            .get(name)
            .ok_or_else(|| ClipError::MissingTensor {
                file: self.name.clone(),
                name: name.into(),
            })?;
        let shape = &entry.shape;
        let rows = rows.unwrap_or(0..shape[0]);
        let mut wanted = shape.clone();
        wanted[0] = rows.len();
        let mut sum = vec![0.0; wanted.iter().product()];
        for (checkpoint, coefficient) in &self.parts {
            let stored = checkpoint.read_rows(name, shape, rows.clone())?;
            for (sum, value) in sum.iter_mut().zip(stored.into_f32(&wanted)?) {
                *sum += coefficient * f64::from(value);
            }
        }
        Ok(StoredTensor::Float(
            sum.into_iter().map(|value| value as f32).collect(),
        ))
    }

    /// Of the parts' hashes and coefficients, for the weights lie in no file.
    fn sha256(&self) -> Result<String, ClipError> {
        let mut hash = Sha256::new();
        for (checkpoint, coefficient) in &self.parts {
            hash.update(checkpoint.sha256()?);
            hash.update(coefficient.to_le_bytes());
        }
        let digest = hash.finalize();
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
