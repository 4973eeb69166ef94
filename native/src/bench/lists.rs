//! Texts that a person names: lists of classes, templates, and the benchmarks' own files.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cliprobe::probe::results::SourceFile;
use cliprobe::probe::{
    CLIP_TEMPLATES_7, CLIP_TEMPLATES_80, Prompts, decode_text, imagenet_class_names, read_prompts,
    read_text_list,
};
use sha2::{Digest, Sha256};

/// The templates for class names.
#[derive(Clone, Debug)]
pub(crate) enum Templates {
    Clip80,
    Clip7,
    /// The name alone.
    None,
    File(PathBuf),
}

impl From<&str> for Templates {
    fn from(given: &str) -> Self {
        match given {
            "clip-80" => Self::Clip80,
            "clip-7" => Self::Clip7,
            "none" => Self::None,
            file => Self::File(file.into()),
        }
    }
}

impl Templates {
    pub(super) fn read(&self) -> Result<Prompts> {
        let lines = |text: &str| Prompts::Templates(text.lines().map(str::to_owned).collect());
        match self {
            Self::Clip80 => Ok(lines(CLIP_TEMPLATES_80)),
            Self::Clip7 => Ok(lines(CLIP_TEMPLATES_7)),
            Self::None => Ok(lines("{}")),
            Self::File(path) => {
                let (text, file) = read_text(path)?;
                Ok(read_prompts(&file.path, &text)?)
            }
        }
    }
}

/// Reads a text and what to say of it in results. `-` is standard input.
pub(super) fn read_text(path: &Path) -> Result<(String, SourceFile)> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path).with_context(|| name.clone())?;
    }
    let hash = Sha256::digest(&bytes);
    let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = decode_text(bytes).map_err(|why| anyhow::anyhow!("{name} {why}"))?;
    Ok((text, SourceFile { path: name, sha256 }))
}

/// Reads a list of texts.
pub(super) fn read_list(path: &Path) -> Result<Vec<String>> {
    let (text, file) = read_text(path)?;
    Ok(read_text_list(&file.path, &text)?)
}

/// Names of classes.
pub(super) fn read_classes(given: &Path) -> Result<Vec<String>> {
    if given == Path::new("imagenet") {
        return Ok(imagenet_class_names()
            .into_iter()
            .map(str::to_owned)
            .collect());
    }
    read_list(given)
}
