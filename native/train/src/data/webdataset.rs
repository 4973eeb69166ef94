//! Webdatasets: tar archives in which a sample is the files of one name, `KEY.jpg` and `KEY.txt` or
//! `KEY.json`.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;
use rayon::prelude::*;
use serde_json::Value;

use super::bad::BadSamples;
use super::shuffled::Records;
use super::transform::Transform;
use crate::recipe::{EditsRecipe, WebdatasetRecipe};
use crate::sample::Sample;
use cliprobe_files::archive::{Member, contents, key_of};
use cliprobe_files::image_files::is_image;

/// More archives than this are a slip of the pattern.
const MOST_SHARDS: usize = 1_000_000;

/// Archives whose headers are read; their images and captions are not.
pub(super) struct Webdataset {
    shards: Vec<PathBuf>,
    samples: Vec<Place>,
    /// The samples of each archive.
    parts: Vec<Range<u32>>,
    at_once: usize,
    caption_key: Option<String>,
    transform: Transform,
    edits: EditsRecipe,
}

/// Where a sample lies.
struct Place {
    shard: u32,
    image: Member,
    caption: Member,
}

impl Webdataset {
    /// Finds the samples of all archives, on many threads at once.
    ///
    /// # Errors
    /// A pattern that is none, an archive that is not there, archives without samples, too many
    /// that are damaged.
    pub(super) fn open(
        recipe: &WebdatasetRecipe,
        transform: Transform,
        edits: EditsRecipe,
        bad: &Arc<BadSamples>,
        workers: &ThreadPool,
    ) -> Result<Self> {
        let shards = shards(&recipe.shards)?;
        let caption = match recipe.caption_key {
            Some(_) => ".json",
            None => ".txt",
        };
        let found: Vec<_> = workers.install(|| {
            let numbered = shards.par_iter().enumerate();
            numbered
                .map(|(number, shard)| places(number as u32, shard, caption))
                .collect()
        });
        let mut samples = Vec::new();
        let mut parts = Vec::new();
        for (of_shard, sentences) in found {
            for sentence in sentences {
                bad.bad(sentence)?;
            }
            let begin = samples.len() as u32;
            samples.extend(of_shard);
            ensure!(
                u32::try_from(samples.len()).is_ok(),
                "the archives hold more samples than can be numbered"
            );
            parts.push(begin..samples.len() as u32);
        }
        ensure!(
            !samples.is_empty(),
            "{} have no sample with an image and a {caption} file",
            recipe.shards.join(", ")
        );
        Ok(Self {
            shards,
            samples,
            parts,
            at_once: recipe.shards_at_once,
            caption_key: recipe.caption_key.clone(),
            transform,
            edits,
        })
    }

    fn caption(&self, text: &str) -> Result<String> {
        let caption = match &self.caption_key {
            None => text.trim().to_owned(),
            Some(key) => {
                let json: Value = serde_json::from_str(text).context("it is no JSON")?;
                let caption = json.get(key).and_then(Value::as_str);
                let caption = caption.with_context(|| format!("it has no text {key:?}"))?;
                caption.trim().to_owned()
            }
        };
        ensure!(!caption.is_empty(), "its caption is empty");
        Ok(caption)
    }
}

impl Records<Sample> for Webdataset {
    fn parts(&self) -> &[Range<u32>] {
        &self.parts
    }

    fn parts_at_once(&self) -> usize {
        self.at_once
    }

    fn read(&self, record: u32, dice: &mut ChaCha8Rng) -> Result<Vec<Sample>> {
        let place = &self.samples[record as usize];
        let shard = self.shards[place.shard as usize].display();
        let name = |member: &Member| format!("{} of {shard}", member.name);
        let mut file = File::open(&self.shards[place.shard as usize])
            .with_context(|| format!("{shard} cannot be read"))?;
        let text = place.caption.read_text(&mut file);
        let caption = text
            .map_err(anyhow::Error::from)
            .and_then(|text| self.caption(&text))
            .with_context(|| name(&place.caption))?;
        let image = place.image.read(&mut file);
        let image = image.with_context(|| name(&place.image))?;
        let mut sample = Sample {
            pixels: self.transform.pixels(&name(&place.image), &image, dice)?,
            caption,
            hard_negatives: Vec::new(),
            hard_positive: None,
        };
        self.edits.apply(&mut sample, dice);
        Ok(vec![sample])
    }
}

/// The samples of an archive, and a sentence for each that lacks a part and for an archive that is
/// damaged.
fn places(number: u32, shard: &Path, caption: &str) -> (Vec<Place>, Vec<String>) {
    let contents = contents(shard);
    let mut places = Vec::new();
    let mut sentences: Vec<String> = contents
        .damage
        .iter()
        .map(|damage| format!("{damage:#}; the samples behind the damage are lost"))
        .collect();
    let mut members = contents.members;
    // A sample's files follow each other, but nothing forces a writer to it.
    members.sort_by(|a, b| key_of(&a.name).cmp(key_of(&b.name)));
    for of_sample in members.chunk_by(|a, b| key_of(&a.name) == key_of(&b.name)) {
        let images: Vec<&Member> = of_sample
            .iter()
            .filter(|member| is_image(Path::new(&member.name)))
            .collect();
        // Where a name has dots, several samples have one key: an image belongs to the caption whose
        // name differs in the ending alone.
        let key = key_of(&of_sample[0].name);
        let has_plain = images.iter().any(|image| stem_of(&image.name) == key);
        for image in &images {
            let wanted = format!("{}{caption}", stem_of(&image.name));
            let named = |name: &str| of_sample.iter().find(|member| member.name == name);
            let mut found = named(&wanted);
            if found.is_none() && images.len() == 1 {
                // KEY.image.jpg with KEY.txt, or KEY.jpg with KEY.caption.txt.
                found = named(&format!("{key}{caption}")).or_else(|| {
                    let mut captions = of_sample.iter().filter(|_| has_plain);
                    captions.find(|member| member.name.ends_with(caption))
                });
            }
            match found {
                Some(caption) => places.push(Place {
                    shard: number,
                    image: (*image).clone(),
                    caption: caption.clone(),
                }),
                // A second image of a sample, such as a mask.
                None if images.len() > 1 && has_plain && stem_of(&image.name) != key => {}
                None => sentences.push(format!(
                    "{} of {} has no {caption} file beside it",
                    image.name,
                    shard.display()
                )),
            }
        }
        // Without images they are the archive's own papers, or images of another kind.
    }
    (places, sentences)
}

/// A name without its ending.
fn stem_of(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    name[file..]
        .rfind('.')
        .map_or(name, |dot| &name[..file + dot])
}

/// The archives that patterns name, each once, in the order of the patterns.
fn shards(patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut shards = Vec::new();
    for pattern in patterns {
        for path in expand(pattern)? {
            let path = PathBuf::from(path);
            if path.is_dir() {
                let entries = std::fs::read_dir(&path)
                    .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                let mut archives: Vec<PathBuf> = entries;
                archives.retain(|path| path.extension().is_some_and(|e| e == "tar"));
                archives.sort();
                ensure!(
                    !archives.is_empty(),
                    "{} has no tar archives",
                    path.display()
                );
                shards.append(&mut archives);
            } else {
                ensure!(
                    path.is_file(),
                    "the archive {} is not there",
                    path.display()
                );
                shards.push(path);
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    shards.retain(|shard| seen.insert(shard.clone()));
    ensure!(
        !shards.is_empty(),
        "data.webdataset.shards names no archive"
    );
    Ok(shards)
}

/// Brace patterns as a shell expands them: `{00000..00041}` with its zeros, and `{a,b}`.
fn expand(pattern: &str) -> Result<Vec<String>> {
    let mut done = vec![String::new()];
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let close = rest[open..]
            .find('}')
            .with_context(|| format!("the pattern {pattern} has a brace that is not closed"))?;
        let (before, inner) = (&rest[..open], &rest[open + 1..open + close]);
        let choices = match inner.split_once("..") {
            Some((from, to)) => numbers(from, to).with_context(|| {
                format!("{{{inner}}} in {pattern} is no range such as 000..041")
            })?,
            None => inner.split(',').map(str::to_owned).collect(),
        };
        if done.len().saturating_mul(choices.len()) > MOST_SHARDS {
            bail!("the pattern {pattern} names more than {MOST_SHARDS} archives");
        }
        done = done
            .iter()
            .flat_map(|start| choices.iter().map(move |c| format!("{start}{before}{c}")))
            .collect();
        rest = &rest[open + close + 1..];
    }
    Ok(done.into_iter().map(|start| start + rest).collect())
}

fn numbers(from: &str, to: &str) -> Result<Vec<String>> {
    let (first, last): (usize, usize) = (from.parse()?, to.parse()?);
    ensure!(first <= last && last - first < MOST_SHARDS, "too many");
    let width = if from.starts_with('0') { from.len() } else { 0 };
    Ok((first..=last).map(|n| format!("{n:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn braces_are_expanded_as_a_shell_does() {
        assert_eq!(expand("a.tar").unwrap(), ["a.tar"]);
        assert_eq!(
            expand("{a,b}/{008..010}.tar").unwrap(),
            [
                "a/008.tar",
                "a/009.tar",
                "a/010.tar",
                "b/008.tar",
                "b/009.tar",
                "b/010.tar"
            ]
        );
        assert_eq!(expand("{9..10}").unwrap(), ["9", "10"]);
        for (pattern, sentence) in [
            ("{1..2", "not closed"),
            ("{a..b}", "is no range"),
            ("{5..3}", "is no range"),
            ("{0..99999999999}", "is no range"),
            ("{0..9999}{0..9999}", "more than 1000000 archives"),
        ] {
            let error = expand(pattern).unwrap_err();
            assert!(error.to_string().contains(sentence), "{error:#}");
        }
    }

    #[test]
    fn names_with_dots_are_samples_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dots.tar");
        let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
        for name in [
            "2022.05.01.jpg",
            "2022.05.01.txt",
            "2022.05.02.jpg",
            "2022.05.02.txt",
            "2022.05.03.jpg",
            "2023.01.01.jpg",
            "2023.01.02.txt",
            "plain.jpg",
            "plain.mask.png",
            "plain.txt",
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(1);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, &b"x"[..]).unwrap();
        }
        tar.finish().unwrap();
        let (places, sentences) = places(0, &path, ".txt");
        let pairs: Vec<(&str, &str)> = places
            .iter()
            .map(|place| (place.image.name.as_str(), place.caption.name.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("2022.05.01.jpg", "2022.05.01.txt"),
                ("2022.05.02.jpg", "2022.05.02.txt"),
                ("plain.jpg", "plain.txt"),
            ]
        );
        assert_eq!(sentences.len(), 2, "{sentences:?}");
        for (sentence, image) in sentences.iter().zip(["2022.05.03.jpg", "2023.01.01.jpg"]) {
            assert!(sentence.starts_with(image), "{sentences:?}");
        }
    }
}
