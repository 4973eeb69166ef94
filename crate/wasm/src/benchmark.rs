//! `Benchmark`: a set of questions, the embeddings that it has so far, and what follows from them.
//!
//! The caller steps through pictures and texts, so that it decides about pauses, and reads the
//! pictures' bytes, so that no more than one batch of them is in memory.

use js_sys::{Array, Date, Uint8Array};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use super::{WebClip, error, png, to_js};
use cliprobe_clip::image::{self, RgbImage};
use cliprobe_engine::Embeddings;
use cliprobe_engine::clip::{PreparedImage, prepare_decoded};
use cliprobe_evaluate::draw_scene;
use cliprobe_probe::results::{Encoded, Encoding, Results, Run, SetResult, SourceFile};
use cliprobe_probe::{
    BENCHMARKS, Evaluation, Filter, Gallery, Metric, Oddity, Picture, PictureNames, ProbeSet,
    Skipped, evaluate, read_json, read_retrieval_csv, tableau, tableau_name, tableau_sets,
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
    pictures: usize,
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
    oddities: &'a [Oddity],
    truncated: usize,
    seconds: f64,
}

#[derive(Serialize)]
struct Page<T> {
    total: usize,
    answers: Vec<T>,
}

type Row = Result<Box<[f32]>, String>;

struct Evaluated {
    evaluation: Evaluation,
    gallery: Gallery,
    /// Time of scoring.
    seconds: f64,
    /// The model that gave the answers.
    model: serde_json::Value,
}

/// A set of questions.
#[wasm_bindgen(js_name = Benchmark, skip_typescript)]
pub struct WebBenchmark {
    set: ProbeSet,
    files: Vec<SourceFile>,
    /// Which texts belong to a question whose pictures are all there.
    needed: Vec<bool>,
    /// The embeddings so far, in the order of the set.
    pictures: Vec<Row>,
    /// Likewise; the hierarchy's root, where it is needed, comes last.
    texts: Vec<Row>,
    truncated: Vec<usize>,
    picture_seconds: f64,
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
            let text =
                String::from_utf8(bytes).map_err(|_| error(format!("{path} is not UTF-8 text")))?;
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
            pictures: self.set.pictures.len(),
            texts: self.text_count(),
            files: &self.files,
            oddities: self.set.oddities.len(),
        })
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn pictures(&self) -> Array {
        let name = |picture: &Picture| match picture {
            Picture::File { name, .. } => JsValue::from_str(name),
            Picture::Scene(_) => JsValue::NULL,
        };
        self.set.pictures.iter().map(name).collect()
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn locate(&mut self, paths: Vec<String>) -> Vec<i32> {
        let files = PictureNames::new(paths);
        let pictures = self.set.pictures.iter();
        let places: Vec<Option<usize>> = pictures
            .map(|picture| match picture {
                Picture::File { name, .. } => files.find(name),
                Picture::Scene(_) => None,
            })
            .collect();
        let there: Vec<bool> = places
            .iter()
            .zip(&self.set.pictures)
            .map(|(place, picture)| place.is_some() || matches!(picture, Picture::Scene(_)))
            .collect();
        self.needed = self.set.texts_needed(&there);
        let number = |place: usize| i32::try_from(place).unwrap_or(-1);
        places
            .into_iter()
            .map(|place| place.map_or(-1, number))
            .collect()
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn texts(&self) -> Vec<String> {
        self.set.texts.clone()
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedPictures, skip_typescript)]
    pub fn encoded_pictures(&self) -> usize {
        self.pictures.len()
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedTexts, skip_typescript)]
    pub fn encoded_texts(&self) -> usize {
        self.texts.len()
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// More pictures than the set has left, another model than before, or the engine's.
    #[wasm_bindgen(js_name = encodePictures, skip_typescript)]
    pub async fn encode_pictures(
        &mut self,
        clip: &WebClip,
        files: Vec<JsValue>,
    ) -> Result<usize, JsError> {
        let started = Date::now();
        self.check_model(clip)?;
        let first = self.pictures.len();
        let wanted = self.set.pictures.get(first..first + files.len());
        let wanted = wanted.ok_or_else(|| error("there are no more pictures than the set's"))?;
        let mut rows: Vec<Row> = Vec::with_capacity(files.len());
        let mut prepared = Vec::with_capacity(files.len());
        for (picture, file) in wanted.iter().zip(&files) {
            match prepare(clip, picture, file) {
                Ok(image) => {
                    prepared.push(image);
                    rows.push(Ok(Box::default()));
                }
                Err(why) => rows.push(Err(why)),
            }
        }
        let embeddings = clip.clip.encode_prepared(&prepared).await.map_err(error)?;
        fill(&mut rows, &embeddings)?;
        let failed = rows.iter().filter(|row| row.is_err()).count();
        self.pictures.append(&mut rows);
        self.picture_seconds += (Date::now() - started) / 1000.0;
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
        // A text that no question needs gets a reason in the place of an embedding.
        let mut places = Vec::with_capacity(count);
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        let mut index = self.texts.len();
        while index < self.text_count() && places.len() < count {
            // Beyond the set's texts stands the root, which is the empty one.
            if self.needed.get(index).copied().unwrap_or(true) {
                places.push(index);
                rows.push(Ok(Box::default()));
            } else {
                rows.push(Err("its pictures are missing".to_owned()));
            }
            index += 1;
        }
        if !places.is_empty() {
            let text = |&index: &usize| self.set.texts.get(index).map_or("", String::as_str);
            let texts: Vec<&str> = places.iter().map(text).collect();
            let encoded = clip.clip.encode_texts(&texts, &mut |_| {}).await;
            let encoded = encoded.map_err(error)?;
            fill(&mut rows, &encoded.embeddings)?;
            let truncated = places.iter().zip(&encoded.truncated);
            let truncated = truncated.filter_map(|(&place, &cut)| cut.then_some(place));
            self.truncated.extend(truncated);
        }
        self.texts.append(&mut rows);
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
        let started = Date::now();
        let pictures = borrowed(&self.pictures);
        let (texts, root) = self
            .texts
            .split_at(self.set.texts.len().min(self.texts.len()));
        let texts = borrowed(texts);
        let root = root.first().and_then(|row| row.as_deref().ok());
        let evaluation = evaluate(&self.set, &pictures, &texts, root, None).map_err(error)?;
        self.evaluated = Some(Evaluated {
            gallery: Gallery::new(&evaluation),
            evaluation,
            seconds: (Date::now() - started) / 1000.0,
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
            evaluation,
            gallery,
            ..
        } = self.evaluated()?;
        let (total, answers) = gallery.page(&self.set, evaluation, filter, offset, limit);
        to_js(&Page { total, answers })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A picture that there is not, or that cannot be decoded, cropped or drawn.
    #[wasm_bindgen(skip_typescript)]
    pub fn shown(&self, index: usize, file: JsValue, size: u32) -> Result<Uint8Array, JsError> {
        let picture = self.set.pictures.get(index);
        let picture = picture.ok_or_else(|| error(format!("there is no picture {index}")))?;
        let file = match picture {
            Picture::Scene(scene) => {
                png(&world::draw(scene, size).map_err(error)?).map_err(error)?
            }
            Picture::File { crop: None, .. } => bytes_of(&file).map_err(error)?,
            Picture::File { .. } => {
                let part = decode(picture, &file, size as usize).map_err(error)?;
                png(&world::Picture {
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
    fn new(set: ProbeSet, files: Vec<SourceFile>) -> Self {
        Self {
            needed: vec![true; set.texts.len()],
            set,
            files,
            pictures: Vec::new(),
            texts: Vec::new(),
            truncated: Vec::new(),
            picture_seconds: 0.0,
            text_seconds: 0.0,
            model: None,
            evaluated: None,
        }
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
        let Evaluated { evaluation, .. } = self.evaluated()?;
        let (skipped, oddities) = (&evaluation.skipped, &evaluation.oddities);
        to_js(&Overview {
            set: &evaluation.set,
            ties: evaluation.ties,
            items: evaluation.items,
            scored: evaluation.scored,
            metrics: &evaluation.metrics,
            skipped_count: skipped.len(),
            skipped: &skipped[..skipped.len().min(LISTED)],
            oddity_count: oddities.len(),
            oddities: &oddities[..oddities.len().min(LISTED)],
            truncated: self.truncated.len(),
            seconds: self.picture_seconds + self.text_seconds,
        })
    }

    /// The result file of this one run and set.
    fn results(&self) -> Result<Results, JsError> {
        let evaluated = self.evaluated()?;
        let (pictures, texts) = self.set.references();
        let encoded = |named: usize, rows: &[Row], failed: usize, seconds: f64| {
            let computed = rows.iter().filter(|row| row.is_ok()).count();
            Encoded {
                named,
                distinct: computed + failed,
                known: 0,
                computed,
                failed,
                seconds,
            }
        };
        // A text without an embedding was not needed.
        let failed = self.pictures.iter().filter(|row| row.is_err()).count();
        let run = Run {
            model: evaluated.model.clone(),
            encoding: Some(Encoding {
                pictures: encoded(pictures, &self.pictures, failed, self.picture_seconds),
                texts: encoded(texts, &self.texts, 0, self.text_seconds),
                seconds: self.picture_seconds + self.text_seconds,
            }),
            summaries: Vec::new(), // one set is no average
            sets: vec![SetResult {
                evaluation: evaluated.evaluation.clone(),
                files: self.files.clone(),
                pictures: self.set.pictures.iter().map(Picture::label).collect(),
                texts: self.set.texts.clone(),
                truncated: self.truncated.clone(),
                seconds: evaluated.seconds,
            }],
            unscored: Vec::new(),
        };
        Ok(Results::new(vec![run], Vec::new()))
    }
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

/// Puts embeddings in the places of the rows that have no reason against it.
fn fill(rows: &mut [Row], embeddings: &Embeddings) -> Result<(), JsError> {
    let mut embedded = embeddings.rows();
    for row in rows.iter_mut().flatten() {
        let embedding = embedded.next();
        *row = embedding
            .ok_or_else(|| error("the engine gave too few embeddings"))?
            .into();
    }
    Ok(())
}

fn borrowed(rows: &[Row]) -> Vec<Result<&[f32], &str>> {
    rows.iter()
        .map(|row| row.as_deref().map_err(String::as_str))
        .collect()
}

/// A file's bytes, or the reason that the caller gives for their absence.
fn bytes_of(file: &JsValue) -> Result<Vec<u8>, String> {
    if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        return Ok(bytes.to_vec());
    }
    Err(file
        .as_string()
        .unwrap_or_else(|| "the picture is not there".to_owned()))
}

/// What is shown, at the size at which the model looks at scenes.
fn decode(picture: &Picture, file: &JsValue, side: usize) -> Result<RgbImage, String> {
    match picture {
        Picture::Scene(scene) => draw_scene(scene, side).map_err(|e| e.to_string()),
        Picture::File { name, crop } => {
            let bytes = bytes_of(file)?;
            let wrong = |e: image::ImageError| format!("{name}: {e}");
            let whole = image::decode(&bytes).map_err(wrong)?;
            match crop {
                None => Ok(whole),
                Some(c) => whole.crop(c.x, c.y, c.width, c.height).map_err(wrong),
            }
        }
    }
}

fn prepare(clip: &WebClip, picture: &Picture, file: &JsValue) -> Result<PreparedImage, String> {
    let side = clip.clip.config().vision.image_size;
    let decoded = decode(picture, file, side)?;
    prepare_decoded(&decoded, clip.clip.preprocessing())
        .map_err(|e| format!("{}: {e}", picture.label()))
}
