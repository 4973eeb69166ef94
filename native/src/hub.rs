//! Models of the Hugging Face hub by name: looked for in the cache that all of its software shares,
//! fetched into it where they are not there.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use hf_hub::api::sync::{ApiBuilder, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};

/// The prefix that OpenCLIP and timm write before such a name.
const PREFIX: &str = "hf-hub:";

/// A model's name, `organisation/model` or `organisation/model@revision`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    model: String,
    revision: String,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model)?;
        match self.revision.as_str() {
            "main" => Ok(()),
            revision => write!(f, "@{revision}"),
        }
    }
}

impl Name {
    /// `None` for what can only be a path.
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let (model, revision) = text.split_once('@').unwrap_or((text, "main"));
        let (organisation, name) = model.split_once('/')?;
        let is_word = |word: &str| {
            let mut letters = word.chars();
            letters.next().is_some_and(|c| c.is_ascii_alphanumeric())
                && letters.all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        let is_name = is_word(organisation) && is_word(name) && is_word(revision);
        is_name.then(|| Self {
            model: model.to_owned(),
            revision: revision.to_owned(),
        })
    }

    fn repository(&self) -> Repo {
        let (model, revision) = (self.model.clone(), self.revision.clone());
        Repo::with_revision(model, RepoType::Model, revision)
    }
}

/// Where a model is: the path itself, if it is there, or the folder with the files of the hub's model
/// of this name, which are fetched if they are not in the cache yet.
///
/// `HF_HOME` and `HF_HUB_CACHE` say where the cache is, `HF_ENDPOINT` where the hub, `HF_TOKEN` who asks,
/// and `HF_HUB_OFFLINE=1` that nothing is to be fetched.
///
/// # Errors
/// A name that is neither, or a model that cannot be had or that is no CLIP of a known form.
pub(crate) fn locate(path: &Path) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path.to_owned());
    }
    let Some(name) = path.to_str().and_then(Name::parse) else {
        // Whoever opens it says that it is not there.
        return Ok(path.to_owned());
    };
    let cache = match std::env::var_os("HF_HUB_CACHE") {
        Some(folder) => Cache::new(folder.into()),
        None => Cache::from_env(),
    };
    if let Some(folder) = cached(&cache, &name) {
        return Ok(folder);
    }
    ensure!(
        !is_on("HF_HUB_OFFLINE"),
        "{name} is neither a path nor a model in {}; HF_HUB_OFFLINE forbids to download it",
        cache.path().display()
    );
    fetch(cache, &name).with_context(|| {
        format!("{name} is no path here, and cannot be had from the Hugging Face hub")
    })
}

fn is_on(variable: &str) -> bool {
    let value = std::env::var(variable).unwrap_or_default();
    ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())
}

/// The folder of a model that is whole in the cache.
fn cached(cache: &Cache, name: &Name) -> Option<PathBuf> {
    let repository = cache.repo(name.repository());
    let anchors = ["config.json", "open_clip_config.json"].into_iter();
    let folder = anchors
        .filter_map(|file| repository.get(file))
        .find_map(|file| file.parent().map(Path::to_owned))?;
    let there: Vec<String> = std::fs::read_dir(&folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    choose(&there).is_some().then_some(folder)
}

fn fetch(cache: Cache, name: &Name) -> Result<PathBuf> {
    let mut builder = ApiBuilder::from_cache(cache).with_progress(true);
    if let Ok(endpoint) = std::env::var("HF_ENDPOINT") {
        builder = builder.with_endpoint(endpoint);
    }
    if let Ok(token) = std::env::var("HF_TOKEN") {
        builder = builder.with_token(Some(token));
    }
    let hub: ApiRepo = builder.build()?.repo(name.repository());
    let listed = hub.info()?.siblings;
    let listed: Vec<String> = listed.into_iter().map(|file| file.rfilename).collect();
    let Some(files) = choose(&listed) else {
        bail!(
            "it has no CLIP in the form of Transformers (config.json, model.safetensors) or OpenCLIP \
             (open_clip_config.json, open_clip_model.safetensors), but {}",
            listed.join(", ")
        );
    };
    let mut folder = None;
    for file in files {
        let path = hub.get(file).with_context(|| format!("fetching {file}"))?;
        folder = path.parent().map(Path::to_owned);
    }
    folder.context("it has no files")
}

/// Transformers' form, and OpenCLIP's: a configuration, and weights by preference.
const FORMS: [(&str, &[&str]); 2] = [
    (
        "config.json",
        &[
            "model.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
        ],
    ),
    (
        "open_clip_config.json",
        &["open_clip_model.safetensors", "open_clip_pytorch_model.bin"],
    ),
];

/// Files that belong to either form, if the model has them.
const BESIDE: [&str; 5] = [
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
];

/// Those of a repository's files that make a model, the one that is to come last at the end: where
/// that is there, all are. `None` if there is no model of a known form.
fn choose(files: &[String]) -> Option<Vec<&str>> {
    let has = |name: &str| files.iter().any(|file| file == name);
    let (config, weights) = FORMS.iter().find_map(|(config, weights)| {
        let weights = weights.iter().find(|weights| has(weights))?;
        has(config).then_some((*config, *weights))
    })?;
    let mut chosen = vec![config];
    chosen.extend(BESIDE.into_iter().filter(|name| has(name)));
    if weights.ends_with(".index.json") {
        let parts = files.iter().map(String::as_str);
        chosen.extend(parts.filter(|file| is_part_of_weights(file)));
    }
    chosen.push(weights);
    Some(chosen)
}

/// `model-00001-of-00002.safetensors`, beside the index and not in a folder.
fn is_part_of_weights(file: &str) -> bool {
    let numbers = file
        .strip_prefix("model-")
        .and_then(|rest| rest.strip_suffix(".safetensors"))
        .and_then(|numbers| numbers.split_once("-of-"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.is_some_and(|(part, of)| is_number(part) && is_number(of))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_told_from_paths() {
        let name = |text| Name::parse(text).map(|name| name.to_string());
        for (text, read) in [
            (
                "openai/clip-vit-base-patch32",
                "openai/clip-vit-base-patch32",
            ),
            ("hf-hub:laion/CLIP-ViT-B-32", "laion/CLIP-ViT-B-32"),
            ("a/b@v1.0", "a/b@v1.0"),
        ] {
            assert_eq!(name(text).as_deref(), Some(read));
        }
        for path in [
            "model.gguf",
            "./a/b",
            "../b",
            "/a/b",
            "a/b/c",
            "~/b",
            "a/",
            "a/../b",
            "a/b@",
        ] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    fn chosen(files: &[&str]) -> Option<Vec<String>> {
        let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
        let chosen = choose(&files)?;
        Some(chosen.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn one_form_of_a_model_is_chosen_and_its_weights_come_last() {
        let both = [
            "README.md",
            "open_clip_config.json",
            "open_clip_model.safetensors",
            "pytorch_model.bin",
            "model.safetensors",
            "tokenizer.json",
            "config.json",
        ];
        assert_eq!(
            chosen(&both).unwrap(),
            ["config.json", "tokenizer.json", "model.safetensors"]
        );
        assert_eq!(
            chosen(&[
                "config.json",
                "open_clip_pytorch_model.bin",
                "open_clip_config.json"
            ])
            .unwrap(),
            ["open_clip_config.json", "open_clip_pytorch_model.bin"]
        );
        let parts = [
            "model.safetensors.index.json",
            "model-00002-of-00002.safetensors",
            "model-00001-of-00002.safetensors",
            "other/model-00001-of-00002.safetensors",
            "config.json",
        ];
        assert_eq!(
            chosen(&parts).unwrap(),
            [
                "config.json",
                "model-00002-of-00002.safetensors",
                "model-00001-of-00002.safetensors",
                "model.safetensors.index.json"
            ]
        );
        assert_eq!(chosen(&["config.json", "tf_model.h5"]), None);
        assert_eq!(chosen(&["model.safetensors"]), None);
    }
}
