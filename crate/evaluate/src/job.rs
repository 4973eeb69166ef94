//! Embedding the images and texts of all sets with one model, each once, a step at a time.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use cliprobe_clip::image::{self, Exif, ImageError, RgbImage};
use cliprobe_clip::{ClipError, preprocessing::Preprocessing};
use cliprobe_engine::clip::{self as facade, Clip, PreparedImage, prepare_decoded};
use cliprobe_probe::results::{Encoded, Encoding};
use cliprobe_probe::{CropBox, ProbeSet};
use sha2::{Digest, Sha256};

use crate::cache::{Cache, Key};
use crate::plan::{Plan, Shown};
use crate::score::{Row, SetRows};
use crate::{draw_scene, parallel};

/// Why nothing can be embedded. An image that cannot be read is no such error: its items are skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The tokenizer.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The engine.
    #[error(transparent)]
    Embed(#[from] facade::Error),
    /// The engine gave fewer embeddings than it was asked for.
    #[error("the engine gave {found} embeddings for {expected} inputs")]
    Count {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// None of the sets has an answer.
    #[error("none of the sets could be scored; the first: {why}")]
    NothingScored {
        /// Why the first one has none.
        why: String,
    },
    /// Averages over sets.
    #[error("the averages over sets: {0}")]
    Average(#[from] cliprobe_score::ScoreError),
}

/// What embeds.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The loaded model.
    pub clip: &'a Clip,
    /// Images computed at once.
    pub batch: usize,
    /// Whether to take away the white bands that make a square of an image, as of HierarCaps'.
    pub unletterbox: bool,
}

/// Embeddings by one model, as far as they are computed.
pub struct Job {
    plan: Rc<Plan>,
    /// Of each of the plan's images its key, or why there is none; `None` if it was not handed over.
    images: Vec<Option<Result<Key, String>>>,
    texts: Vec<Text>,
    /// For each set its places in `texts`; none for a text that no question with all its images needs.
    texts_of: Vec<Vec<Option<usize>>>,
    /// Place of the empty text, where a set needs the root of the hierarchy.
    root: Option<usize>,
    /// How many texts are embedded.
    texts_done: usize,
    computed: (usize, usize),
    failed: usize,
}

struct Text {
    text: String,
    key: Key,
    truncated: bool,
}

impl Job {
    /// Begins. Images that are missing have failed already.
    pub fn new(plan: Rc<Plan>) -> Self {
        let images: Vec<_> = plan
            .images
            .iter()
            .map(|image| match &image.shown {
                Shown::Missing { why } => Some(Err(why.clone())),
                Shown::File { .. } | Shown::Scene(_) => None,
            })
            .collect();
        Self {
            failed: images.iter().flatten().count(),
            images,
            texts: Vec::new(),
            texts_of: Vec::new(),
            root: None,
            texts_done: 0,
            computed: (0, 0),
            plan,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether an image cannot be embedded: it is missing, or was handed over in vain.
    pub fn image_failed(&self, place: usize) -> bool {
        matches!(self.images[place], Some(Err(_)))
    }

    /// Embeds images: each by its place in the plan, with its file's bytes or why they cannot be
    /// read. A scene is drawn here, whatever comes with it. What was handed over before is passed by.
    /// Returns how many could not be embedded.
    ///
    /// # Errors
    /// The engine's.
    pub async fn embed_images(
        &mut self,
        model: Model<'_>,
        cache: &mut dyn Cache,
        given: Vec<(usize, Result<Vec<u8>, String>)>,
    ) -> Result<usize, Error> {
        let plan = Rc::clone(&self.plan);
        let side = model.clip.config().vision.image_size;
        let new: Vec<_> = given
            .into_iter()
            .filter(|(place, _)| self.images[*place].is_none())
            .map(|(place, bytes)| (place, &plan.images[place].shown, bytes))
            .collect();
        let sources = parallel::map(&new, |(place, shown, bytes)| {
            let bytes = bytes.as_ref().map(Vec::as_slice).map_err(String::as_str);
            (*place, Source::read(shown, bytes, model.unletterbox, side))
        });
        let mut wanted: BTreeMap<Key, (usize, &Source<'_>)> = BTreeMap::new();
        for (place, source) in &sources {
            if let Ok(source) = source
                && cache.get(&source.key).is_none()
            {
                wanted.insert(source.key, (*place, source));
            }
        }
        let wanted: Vec<(usize, &Source<'_>)> = wanted.into_values().collect();
        let mut failures = HashMap::new();
        for batch in wanted.chunks(model.batch.max(1)) {
            let preprocessing = model.clip.preprocessing();
            let prepared = parallel::map(batch, |(_, source)| {
                source.prepare(preprocessing, model.unletterbox)
            });
            let (mut keys, mut images) = (Vec::new(), Vec::new());
            for ((place, source), prepared) in batch.iter().zip(prepared) {
                match prepared {
                    Ok(image) => {
                        keys.push(source.key);
                        images.push(image);
                    }
                    Err(why) => {
                        let name = &plan.images[*place].name;
                        failures.insert(source.key, format!("{name}: {why}"));
                    }
                }
            }
            let encoded = model.clip.encode_prepared(&images).await?;
            keep(cache, &keys, encoded.rows())?;
            self.computed.0 += keys.len();
        }
        let mut failed = 0;
        for (place, source) in sources {
            let row = source.and_then(|source| match failures.get(&source.key) {
                Some(why) => Err(why.clone()),
                None => Ok(source.key),
            });
            failed += usize::from(row.is_err());
            self.images[place] = Some(row);
        }
        self.failed += failed;
        Ok(failed)
    }

    /// Finds which texts are needed: those of questions all of whose images are there so far, each
    /// once. To be called once, with the plan's sets.
    pub fn plan_texts(&mut self, sets: &[&ProbeSet]) {
        let mut place_of: HashMap<String, usize> = HashMap::new();
        let texts = &mut self.texts;
        let mut place = |text: &str| {
            if let Some(&place) = place_of.get(text) {
                return place;
            }
            place_of.insert(text.to_owned(), texts.len());
            texts.push(Text {
                text: text.to_owned(),
                key: [0; 32],
                truncated: false,
            });
            texts.len() - 1
        };
        let images = &self.images;
        let is_there = |&image: &usize| !matches!(images[image], Some(Err(_)));
        for (set, images) in sets.iter().zip(&self.plan.sets) {
            let there: Vec<bool> = images.iter().map(is_there).collect();
            let needed = set.texts_needed(&there);
            let texts = set.texts.iter().zip(needed);
            let texts = texts.map(|(text, needed)| needed.then(|| place(text)));
            self.texts_of.push(texts.collect());
        }
        let needs_root = sets.iter().any(|set| set.needs_root());
        self.root = needs_root.then(|| place(""));
    }

    /// Distinct texts that are needed, and how many of them are embedded.
    pub fn texts(&self) -> (usize, usize) {
        (self.texts.len(), self.texts_done)
    }

    /// How many of a set's texts are behind: embedded, or not needed. The root comes after them.
    pub fn texts_passed(&self, set: usize) -> usize {
        let texts = self.texts_of.get(set).map_or(&[][..], Vec::as_slice);
        let next = texts
            .iter()
            .position(|place| place.is_some_and(|place| place >= self.texts_done));
        match next {
            Some(next) => next,
            None => texts.len() + usize::from(self.root.is_some_and(|r| r < self.texts_done)),
        }
    }

    /// Embeds the next `count` texts, or as many as there are.
    ///
    /// # Errors
    /// The tokenizer's or the engine's.
    pub async fn embed_texts(
        &mut self,
        clip: &Clip,
        cache: &mut dyn Cache,
        count: usize,
    ) -> Result<(), Error> {
        let end = self.texts.len().min(self.texts_done.saturating_add(count));
        let next = &mut self.texts[self.texts_done..end];
        let mut wanted: BTreeMap<Key, &str> = BTreeMap::new();
        for text in next.iter_mut() {
            // An embedding depends on nothing but the tokens that are seen.
            let tokens = clip.tokenizer().encode(&text.text)?;
            let mut hash = Sha256::new();
            for id in clip.tokenizer().seen(&tokens) {
                hash.update(id.to_le_bytes());
            }
            text.key = hash.finalize().into();
            text.truncated = tokens.truncated();
        }
        for text in next.iter() {
            if cache.get(&text.key).is_none() {
                wanted.entry(text.key).or_insert(&text.text);
            }
        }
        let (keys, texts): (Vec<Key>, Vec<&str>) = wanted.into_iter().unzip();
        if !texts.is_empty() {
            let encoded = clip.encode_texts(&texts, &mut |_| {}).await?;
            keep(cache, &keys, encoded.embeddings.rows())?;
            self.computed.1 += keys.len();
        }
        self.texts_done = end;
        Ok(())
    }

    /// What was embedded so far. The seconds are the caller's to add.
    pub fn encoding(&self) -> Encoding {
        let encoded = |named, distinct: usize, computed: usize, failed: usize| Encoded {
            named,
            distinct,
            known: distinct.saturating_sub(failed + computed),
            computed,
            failed,
            seconds: 0.0,
        };
        let (images, texts) = self.plan.named;
        let handed_over = self.images.iter().flatten().count();
        Encoding {
            images: encoded(images, handed_over, self.computed.0, self.failed),
            texts: encoded(texts, self.texts_done, self.computed.1, 0),
            seconds: 0.0,
        }
    }

    /// The rows of one of the plan's sets, from the caches that were filled.
    pub fn rows<'r>(
        &'r self,
        set: usize,
        images: &'r dyn Cache,
        texts: &'r dyn Cache,
    ) -> SetRows<'r> {
        let image = |&place: &usize| -> Row<'r> {
            match &self.images[place] {
                Some(Ok(key)) => images
                    .get(key)
                    .ok_or(Cow::Borrowed("its embedding is lost")),
                Some(Err(why)) => Err(Cow::Borrowed(why)),
                None => Err(Cow::Borrowed("it is not embedded yet")),
            }
        };
        let row = |place: usize| -> Row<'r> {
            if place >= self.texts_done {
                return Err(Cow::Borrowed("it is not embedded yet"));
            }
            let row = texts.get(&self.texts[place].key);
            row.ok_or(Cow::Borrowed("its embedding is lost"))
        };
        let places = &self.texts_of[set];
        let text =
            |place: &Option<usize>| place.map_or(Err(Cow::Borrowed("its images are missing")), row);
        let is_cut = |place: usize| self.texts[place].truncated;
        SetRows {
            images: self.plan.sets[set].iter().map(image).collect(),
            texts: places.iter().map(text).collect(),
            root: self.root.and_then(|place| row(place).ok()),
            truncated: (0..places.len())
                .filter(|&text| places[text].is_some_and(is_cut))
                .collect(),
        }
    }
}

fn keep<'r>(
    cache: &mut dyn Cache,
    keys: &[Key],
    rows: impl Iterator<Item = &'r [f32]>,
) -> Result<(), Error> {
    let mut found = 0;
    for (key, row) in keys.iter().zip(rows) {
        cache.insert(*key, row.to_vec());
        found += 1;
    }
    if found < keys.len() {
        return Err(Error::Count {
            expected: keys.len(),
            found,
        });
    }
    Ok(())
}

/// An image before it is prepared.
struct Source<'a> {
    key: Key,
    content: Content<'a>,
}

enum Content<'a> {
    File {
        bytes: &'a [u8],
        crop: Option<cliprobe_probe::CropBox>,
    },
    Decoded(RgbImage),
}

impl<'a> Source<'a> {
    /// Takes what is shown, as far as its key needs.
    fn read(
        shown: &Shown,
        bytes: Result<&'a [u8], &'a str>,
        unletterbox: bool,
        side: usize,
    ) -> Result<Self, String> {
        match shown {
            Shown::Missing { why } => Err(why.clone()),
            Shown::File { crop, .. } => {
                let bytes = bytes?;
                let mut hash = Sha256::new();
                hash.update(Sha256::digest(bytes));
                hash.update([u8::from(unletterbox)]);
                if let Some(c) = crop {
                    hash.update(format!("{},{},{},{}", c.x, c.y, c.width, c.height));
                }
                Ok(Self {
                    key: hash.finalize().into(),
                    content: Content::File { bytes, crop: *crop },
                })
            }
            Shown::Scene(json) => {
                let scene = serde_json::from_str(json).map_err(|e| format!("a scene: {e}"))?;
                let drawn = draw_scene(&scene, side).map_err(|e| e.to_string())?;
                Ok(Self {
                    key: Sha256::digest(drawn.data()).into(),
                    content: Content::Decoded(drawn),
                })
            }
        }
    }

    fn prepare(
        &self,
        preprocessing: &Preprocessing,
        unletterbox: bool,
    ) -> Result<PreparedImage, String> {
        let prepared = match &self.content {
            Content::Decoded(drawn) => prepare_decoded(drawn, preprocessing),
            Content::File { bytes, crop } => preprocessing
                .decode_then(bytes, |image| {
                    let shown = part(image, *crop, unletterbox)?;
                    prepare_decoded(&shown, preprocessing)
                })
                .flatten(),
        };
        prepared.map_err(|error| error.to_string())
    }
}

/// Decodes an image, as far as it is shown.
///
/// # Errors
/// A file that cannot be decoded, or a part that is empty.
pub fn decode(
    bytes: &[u8],
    exif: Exif,
    crop: Option<CropBox>,
    unletterbox: bool,
) -> Result<RgbImage, ImageError> {
    image::decode_then(bytes, exif, |image| part(image, crop, unletterbox))?
}

fn part(
    mut image: RgbImage,
    crop: Option<CropBox>,
    unletterbox: bool,
) -> Result<RgbImage, ImageError> {
    if let Some(c) = crop {
        image = image.crop(c.x, c.y, c.width, c.height)?;
    }
    Ok(if unletterbox {
        image.without_letterbox()
    } else {
        image
    })
}
