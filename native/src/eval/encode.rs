//! Embedding the pictures and texts of all sets, each once.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use anyhow::{Context, Result};
use cliprobe::clip::image;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::facade::{Clip, PreparedImage, draw_scene, prepare_decoded};
use cliprobe::probe::{CropBox, Picture, ProbeSet};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::cache::{Cache, Key};
use super::pictures::{PictureFiles, decode};
use crate::progress;
use cliprobe::probe::results::{Encoded, Encoding};

/// Texts that are computed between two looks at the progress bar and the cache.
const TEXTS_AT_ONCE: usize = 256;

/// Embeddings of several sets.
pub(super) struct Embedded {
    pictures: Vec<OwnRow>,
    texts: Vec<Result<Text, String>>,
    root: Option<Vec<f32>>,
    /// For each set, which of `pictures` and `texts` its own are.
    sets: Vec<Places>,
}

/// An embedded text.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) embedding: Vec<f32>,
    pub(super) truncated: bool,
}

/// Where a set's pictures and texts stand in the common tables.
pub(super) struct Places {
    pub(super) pictures: Vec<usize>,
    /// None for a text that no question with all its pictures needs.
    pub(super) texts: Vec<Option<usize>>,
}

/// A row or the reason why it is missing.
type Row<'a> = Result<&'a [f32], &'a str>;
type OwnRow = Result<Vec<f32>, String>;

impl Embedded {
    pub(super) fn new(
        pictures: Vec<OwnRow>,
        texts: Vec<Result<Text, String>>,
        root: Option<Vec<f32>>,
        sets: Vec<Places>,
    ) -> Self {
        Self {
            pictures,
            texts,
            root,
            sets,
        }
    }

    /// Rows of a set's pictures and texts.
    pub(super) fn rows(&self, set: usize) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
        let places = &self.sets[set];
        let picture = |&place: &usize| match &self.pictures[place] {
            Ok(row) => Ok(row.as_slice()),
            Err(why) => Err(why.as_str()),
        };
        let text = |place: &Option<usize>| match place.map(|place| &self.texts[place]) {
            Some(Ok(text)) => Ok(text.embedding.as_slice()),
            Some(Err(why)) => Err(why.as_str()),
            None => Err("its pictures are missing"),
        };
        (
            places.pictures.iter().map(picture).collect(),
            places.texts.iter().map(text).collect(),
        )
    }

    /// Which of a set's texts are cut off.
    pub(super) fn truncated(&self, set: usize) -> Vec<usize> {
        let places = self.sets[set].texts.iter().enumerate();
        places
            .filter(|(_, place)| {
                let text = place.map(|place| &self.texts[place]);
                text.is_some_and(|text| text.as_ref().is_ok_and(|text| text.truncated))
            })
            .map(|(text, _)| text)
            .collect()
    }

    /// The embedding of the empty text.
    pub(super) fn root(&self) -> Option<&[f32]> {
        self.root.as_deref()
    }
}

/// What a cache of embeddings belongs to: everything that an embedding depends on beside the
/// picture or the tokens.
pub(super) fn model_key(description: &serde_json::Value) -> String {
    let mut hash = Sha256::new();
    for field in ["sha256", "activation", "preprocessing", "engine", "dtype"] {
        hash.update(description[field].to_string());
        hash.update([0]);
    }
    let hash = hash.finalize();
    hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Distinct things in the order they are first seen.
struct Table<K> {
    place_of: HashMap<K, usize>,
    items: Vec<K>,
}

impl<K: Clone + Eq + std::hash::Hash> Table<K> {
    fn new() -> Self {
        Self {
            place_of: HashMap::new(),
            items: Vec::new(),
        }
    }

    fn place(&mut self, item: K) -> usize {
        *self.place_of.entry(item).or_insert_with_key(|item| {
            self.items.push(item.clone());
            self.items.len() - 1
        })
    }
}

/// What is shown, found among the files at hand.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Shown {
    File {
        number: usize,
        crop: Option<CropBox>,
    },
    /// As JSON: scenes are numbers that are compared exactly.
    Scene(String),
    Missing {
        name: String,
    },
}

/// Reads, draws and prepares pictures, on many threads at once (an engine belongs to one).
pub(super) struct PictureReader<'a> {
    pub(super) files: &'a PictureFiles,
    pub(super) preprocessing: &'a Preprocessing,
    pub(super) unletterbox: bool,
    /// Side of the model's pictures: scenes are drawn at it.
    pub(super) side: usize,
}

/// Embeds with one model.
pub(super) struct Encoder<'a> {
    pub(super) clip: &'a Clip,
    pub(super) reader: PictureReader<'a>,
    pub(super) batch: usize,
    pub(super) pictures: Cache,
    pub(super) texts: Cache,
}

impl PictureReader<'_> {
    /// Finds a picture among the files at hand.
    fn shown(&self, picture: &Picture) -> Result<Shown> {
        Ok(match picture {
            Picture::File { name, crop } => match self.files.find(name) {
                Some(number) => Shown::File {
                    number,
                    crop: *crop,
                },
                None => Shown::Missing { name: name.clone() },
            },
            Picture::Scene(scene) => Shown::Scene(serde_json::to_string(scene)?),
        })
    }

    /// Reads what is shown, as far as its key needs.
    fn source(&self, shown: &Shown) -> Result<Source> {
        match shown {
            Shown::Missing { name } => Err(anyhow::Error::msg(self.files.not_found(name))),
            Shown::File { number, crop } => {
                let bytes = self.files.read(*number)?;
                let mut hash = Sha256::new();
                hash.update(Sha256::digest(&bytes));
                hash.update([u8::from(self.unletterbox)]);
                if let Some(c) = crop {
                    hash.update(format!("{},{},{},{}", c.x, c.y, c.width, c.height));
                }
                Ok(Source {
                    name: self.files.name(*number).to_owned(),
                    key: hash.finalize().into(),
                    content: Content::File { bytes, crop: *crop },
                })
            }
            Shown::Scene(json) => {
                let scene = serde_json::from_str(json).context("a scene")?;
                let picture = draw_scene(&scene, self.side)?;
                Ok(Source {
                    name: format!("scene {}", scene.seed),
                    key: Sha256::digest(picture.data()).into(),
                    content: Content::Decoded(picture),
                })
            }
        }
    }

    fn prepare(&self, source: &Source) -> Result<PreparedImage> {
        let prepared = match &source.content {
            Content::Decoded(picture) => prepare_decoded(picture, self.preprocessing)?,
            Content::File { bytes, crop } => {
                let picture = decode(bytes, *crop, self.unletterbox)?;
                prepare_decoded(&picture, self.preprocessing)?
            }
        };
        Ok(prepared)
    }
}

impl Encoder<'_> {
    /// Embeds what the sets name, as far as it can be read.
    pub(super) fn encode(&mut self, sets: &[&ProbeSet]) -> Result<(Embedded, Encoding)> {
        let mut shown = Table::new();
        let mut of_sets = Vec::new();
        let mut named = (0, 0);
        for set in sets {
            let (pictures, captions) = set.references();
            named = (named.0 + pictures, named.1 + captions);
            let pictures = set.pictures.iter();
            let places = pictures.map(|picture| Ok(shown.place(self.reader.shown(picture)?)));
            of_sets.push(places.collect::<Result<Vec<_>>>()?);
        }
        let (pictures, mut of_pictures) = self.encode_pictures(&shown.items)?;

        let mut texts = Table::new();
        let mut places = Vec::new();
        for (set, of_set) in sets.iter().zip(of_sets) {
            let there: Vec<bool> = of_set
                .iter()
                .map(|&place| pictures[place].is_ok())
                .collect();
            let needed = set.texts_needed(&there);
            let place = |(text, needed): (&String, bool)| needed.then(|| texts.place(text.clone()));
            places.push(Places {
                texts: set.texts.iter().zip(needed).map(place).collect(),
                pictures: of_set,
            });
        }
        let root = sets
            .iter()
            .any(|set| set.needs_root())
            .then(|| texts.place(String::new()));
        let (texts, mut of_texts) = self.encode_texts(&texts.items)?;
        (of_pictures.named, of_texts.named) = named;
        let root = root.map(|place| texts[place].embedding.clone());
        let embedded = Embedded::new(pictures, texts.into_iter().map(Ok).collect(), root, places);
        let encoding = Encoding {
            pictures: of_pictures,
            texts: of_texts,
            seconds: 0.0,
        };
        Ok((embedded, encoding))
    }

    fn encode_pictures(&mut self, shown: &[Shown]) -> Result<(Vec<OwnRow>, Encoded)> {
        let started = Instant::now();
        let reader = &self.reader;
        let mut counts = Encoded {
            distinct: shown.len(),
            ..Encoded::default()
        };
        let bar = progress::bar("Pictures", "pictures");
        bar.set_length(shown.len() as u64);
        let mut rows = Vec::with_capacity(shown.len());
        for chunk in shown.chunks(self.batch * rayon::current_num_threads().max(1)) {
            let sources: Vec<Result<Source, String>> = chunk
                .par_iter()
                .map(|shown| reader.source(shown).map_err(|error| format!("{error:#}")))
                .collect();
            let mut wanted: BTreeMap<Key, &Source> = BTreeMap::new();
            for source in sources.iter().flatten() {
                if self.pictures.get(&source.key).is_none() {
                    wanted.insert(source.key, source);
                }
            }
            let wanted: Vec<&Source> = wanted.into_values().collect();
            let mut failures = HashMap::new();
            for batch in wanted.chunks(self.batch) {
                let prepared: Vec<Result<PreparedImage>> = batch
                    .par_iter()
                    .map(|source| reader.prepare(source))
                    .collect();
                let mut keys = Vec::new();
                let mut pictures = Vec::new();
                for (source, prepared) in batch.iter().zip(prepared) {
                    match prepared {
                        Ok(picture) => {
                            keys.push(source.key);
                            pictures.push(picture);
                        }
                        Err(error) => {
                            failures.insert(source.key, format!("{}: {error:#}", source.name));
                        }
                    }
                }
                let encoded = pollster::block_on(self.clip.encode_prepared(&pictures))?;
                counts.computed += keys.len();
                for (key, row) in keys.into_iter().zip(encoded.rows()) {
                    self.pictures.insert(key, row.to_vec())?;
                }
            }
            for source in sources {
                rows.push(
                    source.and_then(|source| match self.pictures.get(&source.key) {
                        Some(row) => Ok(row.to_vec()),
                        None => Err(failures.get(&source.key).cloned().unwrap_or_default()),
                    }),
                );
            }
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        counts.failed = rows.iter().filter(|row| row.is_err()).count();
        counts.known = counts.distinct - counts.failed - counts.computed;
        counts.seconds = started.elapsed().as_secs_f64();
        Ok((rows, counts))
    }

    fn encode_texts(&mut self, texts: &[String]) -> Result<(Vec<Text>, Encoded)> {
        let started = Instant::now();
        // An embedding depends on nothing but the tokens that are seen.
        let mut keys = Vec::with_capacity(texts.len());
        let mut truncated = Vec::with_capacity(texts.len());
        for text in texts {
            let tokens = self.clip.tokenizer().encode(text)?;
            let mut hash = Sha256::new();
            for id in self.clip.tokenizer().seen(&tokens) {
                hash.update(id.to_le_bytes());
            }
            keys.push(Key::from(hash.finalize()));
            truncated.push(tokens.truncated());
        }
        let mut wanted: HashMap<Key, usize> = HashMap::new();
        for (place, key) in keys.iter().enumerate() {
            if self.texts.get(key).is_none() {
                wanted.entry(*key).or_insert(place);
            }
        }
        let mut wanted: Vec<usize> = wanted.into_values().collect();
        wanted.sort_unstable();
        let bar = progress::bar("Texts", "texts");
        bar.set_length(wanted.len() as u64);
        for chunk in wanted.chunks(TEXTS_AT_ONCE) {
            let batch: Vec<&str> = chunk.iter().map(|&place| texts[place].as_str()).collect();
            let encoded = pollster::block_on(self.clip.encode_texts(&batch, &mut |_| {}))?;
            for (&place, row) in chunk.iter().zip(encoded.embeddings.rows()) {
                self.texts.insert(keys[place], row.to_vec())?;
            }
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        let counts = Encoded {
            named: 0,
            distinct: texts.len(),
            known: texts.len() - wanted.len(),
            computed: wanted.len(),
            failed: 0,
            seconds: started.elapsed().as_secs_f64(),
        };
        let rows = keys
            .iter()
            .zip(truncated)
            .map(|(key, truncated)| {
                let row = self.texts.get(key).context("a text was just embedded")?;
                Ok(Text {
                    embedding: row.to_vec(),
                    truncated,
                })
            })
            .collect::<Result<_>>()?;
        Ok((rows, counts))
    }
}

/// A picture before it is prepared.
struct Source {
    name: String,
    key: Key,
    content: Content,
}

enum Content {
    File {
        bytes: Vec<u8>,
        crop: Option<CropBox>,
    },
    Decoded(image::RgbImage),
}
