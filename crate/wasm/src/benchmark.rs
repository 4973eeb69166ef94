//! `Benchmark`: a set of questions, the embeddings that it has so far, and what follows from them.
//!
//! The caller steps through images and texts, so that it decides about pauses, and reads the
//! images' bytes, so that no more than one batch of them is in memory.

use std::rc::Rc;

use js_sys::{Array, Date, Uint8Array};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use super::{WebClip, error, png, to_js};
use cliprobe_clip::image::Exif;
use cliprobe_evaluate::{Job, Memory, Model, Plan, decode, score};
use cliprobe_probe::results::{Results, Run, SetResult, SourceFile};
use cliprobe_probe::{
    BENCHMARKS, Filter, Gallery, Image, ImageNames, Metric, ProbeSet, Skipped, Warning,
    decode_text, read_json, read_retrieval_csv, tableau, tableau_name, tableau_sets,
};
use cliprobe_score::TieRule;
use cliprobe_world as world;

/// Held-out scenes of every evaluation are the same, here and in `cliprobe eval`.
const TABLEAU_SEED: u64 = 0;
/// Skipped items and oddities that a person is shown; the exported result has them all.
const LISTED: usize = 50;

/// A set that files can be read as.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundSet {
    set: String,
    title: String,
    files: Vec<usize>,
}

/// What the set is, before anything is computed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetInfo<'a> {
    set: &'a str,
    items: usize,
    images: usize,
    texts: usize,
    files: &'a [SourceFile],
    oddities: usize,
}

/// What a model can do, without its answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Overview<'a> {
    set: &'a str,
    ties: TieRule,
    items: usize,
    scored: usize,
    metrics: &'a [Metric],
    skipped_count: usize,
    skipped: &'a [Skipped],
    oddity_count: usize,
    oddities: &'a [Warning],
    truncated: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct Page<T> {
    total: usize,
    answers: Vec<T>,
}

struct Evaluated {
    result: SetResult,
    gallery: Gallery,
    /// The model that gave the answers.
    model: serde_json::Value,
}

/// A set of questions.
#[wasm_bindgen(js_name = Benchmark, skip_typescript)]
pub struct WebBenchmark {
    set: ProbeSet,
    files: Vec<SourceFile>,
    job: Job,
    /// How many of the set's images were handed over.
    handed_over: usize,
    images: Memory,
    texts: Memory,
    image_seconds: f64,
    text_seconds: f64,
    /// Hash of the model that gave the embeddings.
    model: Option<String>,
    evaluated: Option<Evaluated>,
}

#[wasm_bindgen(js_class = Benchmark)]
impl WebBenchmark {
    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(js_name = tableauSets, skip_typescript)]
    pub fn tableau_sets() -> Result<Vec<String>, JsError> {
        Ok(tableau_sets()
            .map(|(kind, combination)| tableau_name(kind, combination))
            .collect())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn find(paths: Vec<String>) -> Result<JsValue, JsError> {
        let mut found = Vec::new();
        let mut claimed = vec![false; paths.len()];
        for benchmark in BENCHMARKS {
            for source in benchmark.sources {
                if let Ok(files) = source.find(&paths) {
                    files.iter().for_each(|&file| claimed[file] = true);
                    found.push(FoundSet {
                        set: source.set.to_owned(),
                        title: benchmark.title.to_owned(),
                        files,
                    });
                }
            }
        }
        for (file, path) in paths.iter().enumerate() {
            if let Some(title) = own_title(path).filter(|_| !claimed[file]) {
                found.push(FoundSet {
                    set: path.clone(),
                    title: title.to_owned(),
                    files: vec![file],
                });
            }
        }
        to_js(&found)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A set that there is not, or no items.
    #[wasm_bindgen(skip_typescript)]
    pub fn tableau(set: &str, items: usize) -> Result<WebBenchmark, JsError> {
        let (kind, combination) = tableau_sets()
            .find(|&(kind, combination)| tableau_name(kind, combination) == set)
            .ok_or_else(|| error(format!("{set} is no set of Tableau")))?;
        let set = tableau(kind, combination, TABLEAU_SEED, items).map_err(error)?;
        Ok(Self::new(set, Vec::new()))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Contents that are not what the set is read from.
    #[wasm_bindgen(js_name = fromFiles, skip_typescript)]
    pub fn from_files(
        set: &str,
        names: Vec<String>,
        contents: Vec<Uint8Array>,
        limit: Option<usize>,
    ) -> Result<WebBenchmark, JsError> {
        let mut texts = Vec::with_capacity(contents.len());
        let mut files = Vec::with_capacity(contents.len());
        for (path, bytes) in names.into_iter().zip(contents) {
            let bytes = bytes.to_vec();
            let sha256 = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let text = decode_text(bytes).map_err(|why| error(format!("{path} {why}")))?;
            texts.push(text);
            files.push(SourceFile { path, sha256 });
        }
        let mut sources = BENCHMARKS.iter().flat_map(|benchmark| benchmark.sources);
        let read = match sources.find(|source| source.set == set) {
            Some(source) if source.files.len() == texts.len() => (source.read)(&texts),
            Some(source) => {
                return Err(error(format!(
                    "{set} is read from {} files, not from {}",
                    source.files.len(),
                    texts.len()
                )));
            }
            None => {
                let [text] = texts.as_slice() else {
                    return Err(error(format!("{set} is no set that files are read as")));
                };
                if is_table(set) {
                    read_retrieval_csv(set, text)
                } else {
                    read_json(text)
                }
            }
        };
        let read = read.map_err(error)?;
        let read = match limit {
            Some(limit) => read.limited(limit),
            None => read,
        };
        Ok(Self::new(read, files))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn info(&self) -> Result<JsValue, JsError> {
        to_js(&SetInfo {
            set: &self.set.name,
            items: self.set.probes.len(),
            images: self.set.images.len(),
            texts: self.text_count(),
            files: &self.files,
            oddities: self.set.warnings.len(),
        })
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn images(&self) -> Array {
        let name = |image: &Image| match image {
            Image::File { name, .. } => JsValue::from_str(name),
            Image::Scene(_) => JsValue::NULL,
        };
        self.set.images.iter().map(name).collect()
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn locate(&mut self, paths: Vec<String>) -> Vec<i32> {
        let files = ImageNames::new(paths);
        let mut locate = |name: &str| {
            let found = files.find(name).map(|found| found.index);
            found.ok_or_else(|| format!("{name} is not among the given images"))
        };
        self.begin(&mut locate);
        let place = |image: &Image| match image {
            Image::File { name, .. } => files.find(name).map(|found| found.index),
            Image::Scene(_) => None,
        };
        let number = |place: usize| i32::try_from(place).unwrap_or(-1);
        let places = self.set.images.iter().map(place);
        places.map(|place| place.map_or(-1, number)).collect()
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn texts(&self) -> Vec<String> {
        self.set.texts.clone()
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedImages, skip_typescript)]
    pub fn encoded_images(&self) -> usize {
        self.handed_over
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedTexts, skip_typescript)]
    pub fn encoded_texts(&self) -> usize {
        let (all, done) = self.job.texts();
        if done == all {
            return self.text_count();
        }
        self.job.texts_passed(0)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// More images than the set has left, another model than before, or the engine's.
    #[wasm_bindgen(js_name = encodeImages, skip_typescript)]
    pub async fn encode_images(
        &mut self,
        clip: &WebClip,
        files: Vec<JsValue>,
    ) -> Result<usize, JsError> {
        let started = Date::now();
        self.check_model(clip)?;
        let first = self.handed_over;
        let end = first + files.len();
        let places = self.job.plan().sets[0].get(first..end);
        let places = places.ok_or_else(|| error("there are no more images than the set's"))?;
        let places = places.to_vec();
        let given = places.iter().zip(&files);
        let given = given
            .map(|(&place, file)| (place, bytes_of(file)))
            .collect();
        let model = Model {
            clip: &clip.clip,
            batch: files.len(),
            unletterbox: false,
        };
        let embedded = self.job.embed_images(model, &mut self.images, given).await;
        embedded.map_err(error)?;
        let failed = places.iter().filter(|&&place| self.job.image_failed(place));
        let failed = failed.count();
        self.handed_over = end;
        self.image_seconds += (Date::now() - started) / 1000.0;
        Ok(failed)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Another model than before, the tokenizer's or the engine's.
    #[wasm_bindgen(js_name = encodeTexts, skip_typescript)]
    pub async fn encode_texts(&mut self, clip: &WebClip, count: usize) -> Result<(), JsError> {
        let started = Date::now();
        self.check_model(clip)?;
        let embedded = self
            .job
            .embed_texts(&clip.clip, &mut self.texts, count)
            .await;
        embedded.map_err(error)?;
        self.text_seconds += (Date::now() - started) / 1000.0;
        Ok(())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Embeddings that are not there yet, or nothing that can be scored.
    #[wasm_bindgen(skip_typescript)]
    pub fn evaluate(&mut self, clip: &WebClip) -> Result<JsValue, JsError> {
        self.check_model(clip)?;
        let rows = self.job.rows(0, &self.images, &self.texts);
        let clock = || Date::now() / 1000.0;
        let result = score(&self.set, &self.files, &rows, None, &clock).map_err(error)?;
        self.evaluated = Some(Evaluated {
            gallery: Gallery::new(&result.evaluation),
            result,
            model: clip.description()?,
        });
        self.overview()
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation, or a filter that there is not.
    #[wasm_bindgen(skip_typescript)]
    pub fn answers(
        &self,
        filter: JsValue,
        offset: usize,
        limit: usize,
    ) -> Result<JsValue, JsError> {
        let filter =
            Filter::deserialize(serde_wasm_bindgen::Deserializer::from(filter)).map_err(error)?;
        let Evaluated {
            result, gallery, ..
        } = self.evaluated()?;
        let (total, answers) = gallery.page(&self.set, &result.evaluation, filter, offset, limit);
        to_js(&Page { total, answers })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// An image that there is not, or that cannot be decoded, cropped or drawn.
    #[wasm_bindgen(skip_typescript)]
    pub fn shown(&self, index: usize, file: JsValue, size: u32) -> Result<Uint8Array, JsError> {
        let image = self.set.images.get(index);
        let image = image.ok_or_else(|| error(format!("there is no image {index}")))?;
        let file = match image {
            Image::Scene(scene) => png(&world::draw(scene, size).map_err(error)?).map_err(error)?,
            Image::File { crop: None, .. } => bytes_of(&file).map_err(error)?,
            Image::File { name, crop } => {
                let bytes = bytes_of(&file).map_err(error)?;
                let part = decode(&bytes, Exif::Apply, *crop, false);
                let part = part.map_err(|why| error(format!("{name}: {why}")))?;
                png(&world::Image {
                    width: part.width(),
                    height: part.height(),
                    data: part.data().to_vec(),
                })
                .map_err(error)?
            }
        };
        Ok(Uint8Array::from(file.as_slice()))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation.
    #[wasm_bindgen(js_name = resultJson, skip_typescript)]
    pub fn result_json(&self) -> Result<String, JsError> {
        serde_json::to_string(&self.results()?).map_err(error)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation.
    #[wasm_bindgen(js_name = resultCsv, skip_typescript)]
    pub fn result_csv(&self) -> Result<String, JsError> {
        Ok(self.results()?.to_csv())
    }
}

impl WebBenchmark {
    fn new(mut set: ProbeSet, files: Vec<SourceFile>) -> Self {
        // Nothing is located yet: every file is taken for one of its own.
        let mut count = 0;
        let mut locate = |_: &str| {
            count += 1;
            Ok(count - 1)
        };
        let job = job_of(&mut set, &mut locate);
        Self {
            set,
            files,
            job,
            handed_over: 0,
            images: Memory::default(),
            texts: Memory::default(),
            image_seconds: 0.0,
            text_seconds: 0.0,
            model: None,
            evaluated: None,
        }
    }

    /// Begins with the files at hand.
    fn begin(&mut self, locate: &mut dyn FnMut(&str) -> Result<usize, String>) {
        self.job = job_of(&mut self.set, locate);
        self.handed_over = 0;
        self.evaluated = None;
    }

    /// How many texts are to be embedded, the root included.
    fn text_count(&self) -> usize {
        self.set.texts.len() + usize::from(self.set.needs_root())
    }

    /// Embeddings of two models cannot be compared.
    fn check_model(&mut self, clip: &WebClip) -> Result<(), JsError> {
        let model = self.model.get_or_insert_with(|| clip.info.sha256.clone());
        if *model == clip.info.sha256 {
            return Ok(());
        }
        Err(error(
            "the model was changed since this run began; start it again",
        ))
    }

    fn evaluated(&self) -> Result<&Evaluated, JsError> {
        let evaluated = self.evaluated.as_ref();
        evaluated.ok_or_else(|| error("the set is not evaluated yet"))
    }

    fn overview(&self) -> Result<JsValue, JsError> {
        let result = &self.evaluated()?.result;
        let evaluation = &result.evaluation;
        let (skipped, warnings) = (&evaluation.skipped, &evaluation.warnings);
        to_js(&Overview {
            set: &evaluation.set,
            ties: evaluation.ties,
            items: evaluation.items,
            scored: evaluation.scored,
            metrics: &evaluation.metrics,
            skipped_count: skipped.len(),
            skipped: &skipped[..skipped.len().min(LISTED)],
            oddity_count: warnings.len(),
            oddities: &warnings[..warnings.len().min(LISTED)],
            truncated: result.truncated.len(),
            seconds: self.image_seconds + self.text_seconds,
        })
    }

    /// The result file of this one run and set.
    fn results(&self) -> Result<Results, JsError> {
        let evaluated = self.evaluated()?;
        let mut encoding = self.job.encoding();
        encoding.images.seconds = self.image_seconds;
        encoding.texts.seconds = self.text_seconds;
        encoding.seconds = self.image_seconds + self.text_seconds;
        let run = Run {
            model: evaluated.model.clone(),
            encoding: Some(encoding),
            summaries: Vec::new(), // one set is no average
            sets: vec![evaluated.result.clone()],
            unscored: Vec::new(),
        };
        Ok(Results::new(vec![run], Vec::new()))
    }
}

fn job_of(set: &mut ProbeSet, locate: &mut dyn FnMut(&str) -> Result<usize, String>) -> Job {
    let plan = Plan::new([&mut *set], locate);
    let mut job = Job::new(Rc::new(plan));
    job.plan_texts(&[&*set]);
    job
}

/// What a file may be that belongs to no benchmark.
fn own_title(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?.to_ascii_lowercase();
    if name.ends_with(".json") {
        return Some("Probe file");
    }
    is_table(&name).then_some("Retrieval table")
}

fn is_table(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.ends_with(".csv") || path.ends_with(".tsv")
}

/// A file's bytes, or the reason that the caller gives for their absence.
fn bytes_of(file: &JsValue) -> Result<Vec<u8>, String> {
    if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        return Ok(bytes.to_vec());
    }
    Err(file
        .as_string()
        .unwrap_or_else(|| "the image is not there".to_owned()))
}
