//! `Benchmark`: sets of questions, the embeddings that they have so far, and what follows from them.
//! An image or a text that several sets share is embedded once.
//!
//! The caller steps through images and texts, so that it decides about pauses, and reads the
//! images' bytes, so that no more than one batch of them is in memory.

use std::rc::Rc;

use js_sys::{Date, Uint8Array};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use super::{WebClip, error, png, to_js};
use cliprobe_clip::image::Exif;
use cliprobe_evaluate::{Job, Memory, Model, Plan, Shown, decode, finish, score};
use cliprobe_probe::pairing::{PairedMark, pair};
use cliprobe_probe::published::published;
use cliprobe_probe::results::{Results, SetResult, SourceFile};
use cliprobe_probe::{
    BENCHMARKS, CLIP_TEMPLATES_80, Filter, Gallery, Image, ImageNames, Metric, ProbeSet, Prompts,
    Skipped, Warning, class_folders, classification, decode_text, find_class_folders,
    find_webdatasets, read_json, read_retrieval_csv, read_text_list, read_webdataset, tableau,
    tableau_name, tableau_sets,
};
use cliprobe_score::{Difference, TieRule};
use cliprobe_world as world;

/// Held-out scenes of every evaluation are the same, here and in `cliprobe eval`.
const TABLEAU_SEED: u64 = 0;
/// Skipped items and oddities that a person is shown; the exported result has them all.
const LISTED: usize = 50;
/// Missing images that a set's description names.
const NAMED_MISSING: usize = 5;

/// A set that files can be read as.
#[derive(Serialize)]
struct FoundSet {
    set: String,
    title: String,
    form: Form,
    files: Vec<usize>,
}

/// What a set is read from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Form {
    Lists,
    ClassFolders,
    Webdataset,
}

/// What the sets are, before anything is computed.
#[derive(Serialize)]
struct BenchmarkInfo<'a> {
    sets: Vec<SetInfo<'a>>,
    images: usize,
    texts: usize,
}

/// One of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetInfo<'a> {
    set: &'a str,
    items: usize,
    images: usize,
    texts: usize,
    files: &'a [SourceFile],
    oddities: usize,
    missing: Vec<String>,
    missing_count: usize,
}

/// What a model can do, without its answers.
#[derive(Serialize)]
struct Overview<'a> {
    sets: Vec<SetOverview<'a>>,
    averages: Vec<AverageOverview<'a>>,
    unscored: &'a [String],
    seconds: f64,
}

/// What it can do on one set.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetOverview<'a> {
    set: &'a str,
    ties: TieRule,
    items: usize,
    scored: usize,
    metrics: Vec<ShownMetric<'a>>,
    skipped_count: usize,
    skipped: &'a [Skipped],
    oddity_count: usize,
    oddities: &'a [Warning],
    truncated: usize,
}

/// An average over sets.
#[derive(Serialize)]
struct AverageOverview<'a> {
    name: &'a str,
    sets: &'a [String],
    metrics: Vec<ShownMetric<'a>>,
}

/// A metric, with what is published of it.
#[derive(Serialize)]
struct ShownMetric<'a> {
    #[serde(flatten)]
    metric: &'a Metric,
    published: Vec<ShownPublished>,
}

/// A published number.
#[derive(Serialize)]
struct ShownPublished {
    model: &'static str,
    value: f64,
    source: &'static str,
    url: Option<&'static str>,
    known: &'static str,
}

impl<'a> ShownMetric<'a> {
    /// Metrics of a set, or of an average over sets.
    fn all(set: &str, metrics: &'a [Metric]) -> Vec<Self> {
        let shown = metrics.iter().map(|metric| Self {
            metric,
            published: published(set, &metric.name)
                .filter(|number| number.table.in_charts)
                .map(|number| ShownPublished {
                    model: number.model,
                    value: number.value,
                    source: &number.table.source,
                    url: number.table.url.as_deref(),
                    known: number.table.known.words(),
                })
                .collect(),
        });
        shown.collect()
    }
}

/// Two models on the same questions.
#[derive(Serialize)]
struct SetChange<'a> {
    set: &'a str,
    compared: usize,
    warnings: Vec<String>,
    marks: Vec<MarkChange<'a>>,
}

/// The share of answers with a mark, before and after.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MarkChange<'a> {
    mark: &'static str,
    n: usize,
    before: f64,
    after: f64,
    difference: Difference,
    p_value: f64,
    gained_count: usize,
    lost_count: usize,
    gained: Vec<FlippedItem<'a>>,
    lost: Vec<FlippedItem<'a>>,
}

#[derive(Serialize)]
struct FlippedItem<'a> {
    item: &'a str,
    texts: Vec<&'a str>,
}

impl<'a> MarkChange<'a> {
    fn new(mark: &PairedMark<'a>, set: &'a SetResult) -> Self {
        let paired = &mark.paired;
        let share = |hits: usize| hits as f64 / paired.n as f64;
        let items = |places: &[usize]| {
            let listed = places.iter().take(LISTED).map(|&place| {
                let answer = mark.pairs[place].1;
                let texts = answer.texts.iter().filter_map(|&text| set.texts.get(text));
                FlippedItem {
                    item: &answer.id,
                    texts: texts.map(String::as_str).collect(),
                }
            });
            listed.collect()
        };
        Self {
            mark: mark.mark,
            n: paired.n,
            before: share(paired.both + paired.lost.len()),
            after: share(paired.both + paired.gained.len()),
            difference: paired.difference,
            p_value: paired.p_value,
            gained_count: paired.gained.len(),
            lost_count: paired.lost.len(),
            gained: items(&paired.gained),
            lost: items(&paired.lost),
        }
    }
}

#[derive(Serialize)]
struct Page<T> {
    total: usize,
    answers: Vec<T>,
}

/// A set and the files that it was read from.
struct Part {
    set: ProbeSet,
    files: Vec<SourceFile>,
}

struct Evaluated {
    /// One run, as the result file has it.
    results: Results,
    /// For each of the run's sets, its place among the parts and what is shown of it.
    shown: Vec<(usize, Gallery)>,
}

/// Sets of questions that are run together.
#[wasm_bindgen(js_name = Benchmark, skip_typescript)]
#[derive(Default)]
pub struct WebBenchmark {
    parts: Vec<Part>,
    /// What is to be embedded; none before the files at hand are known.
    job: Option<Job>,
    /// How many of the job's images were handed over.
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
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

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
    pub fn find(paths: Vec<String>, images: Vec<String>) -> Result<JsValue, JsError> {
        let mut found = Vec::new();
        let mut claimed = vec![false; paths.len()];
        for benchmark in BENCHMARKS {
            for source in benchmark.sources {
                if let Ok(files) = source.find(&paths) {
                    files.iter().for_each(|&file| claimed[file] = true);
                    found.push(FoundSet {
                        set: source.set.to_owned(),
                        title: benchmark.title.to_owned(),
                        form: Form::Lists,
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
                    form: Form::Lists,
                    files: vec![file],
                });
            }
        }
        let folders = find_class_folders(&images).into_iter();
        found.extend(folders.map(|set| FoundSet {
            set,
            title: "Class folders".to_owned(),
            form: Form::ClassFolders,
            files: Vec::new(),
        }));
        let folders = find_webdatasets(&images).into_iter();
        found.extend(folders.map(|set| FoundSet {
            set,
            title: "webdataset".to_owned(),
            form: Form::Webdataset,
            files: Vec::new(),
        }));
        to_js(&found)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A set that there is not, or no items.
    #[wasm_bindgen(js_name = addTableau, skip_typescript)]
    pub fn add_tableau(&mut self, set: &str, items: usize) -> Result<(), JsError> {
        let (kind, combination) = tableau_sets()
            .find(|&(kind, combination)| tableau_name(kind, combination) == set)
            .ok_or_else(|| error(format!("{set} is no set of Tableau")))?;
        let set = tableau(kind, combination, TABLEAU_SEED, items).map_err(error)?;
        self.add(set, Vec::new());
        Ok(())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Contents that are not what the set is read from.
    #[wasm_bindgen(js_name = addFiles, skip_typescript)]
    pub fn add_files(
        &mut self,
        set: &str,
        names: Vec<String>,
        contents: Vec<Uint8Array>,
        limit: Option<usize>,
    ) -> Result<(), JsError> {
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
        self.add(limited(read.map_err(error)?, limit), files);
        Ok(())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// A class without images, or no classes.
    #[wasm_bindgen(js_name = addClassFolders, skip_typescript)]
    pub fn add_class_folders(
        &mut self,
        folder: &str,
        images: Vec<String>,
        others: Vec<String>,
        limit: Option<usize>,
    ) -> Result<(), JsError> {
        let (classes, labelled) = class_folders(folder, &images, &others).map_err(error)?;
        let templates = read_text_list("templates", CLIP_TEMPLATES_80).map_err(error)?;
        let prompts = Prompts::Templates(templates);
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let set = classification(name, &classes, &prompts, &labelled).map_err(error)?;
        self.add(limited(set, limit), Vec::new());
        Ok(())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// What keeps the folder from being a webdataset.
    #[wasm_bindgen(js_name = addWebdataset, skip_typescript)]
    pub fn add_webdataset(
        &mut self,
        folder: &str,
        paths: Vec<String>,
        texts: Vec<JsValue>,
        limit: Option<usize>,
    ) -> Result<(), JsError> {
        let names: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut text = |file: usize| -> Result<String, String> {
            let bytes = texts.get(file).and_then(JsValue::dyn_ref::<Uint8Array>);
            let bytes = bytes.ok_or("could not be read")?;
            decode_text(bytes.to_vec())
        };
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let sets = read_webdataset(name, &names, &mut text, None, None).map_err(error)?;
        for set in sets {
            self.add(limited(set, limit), Vec::new());
        }
        Ok(())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Files that were not looked through yet.
    #[wasm_bindgen(skip_typescript)]
    pub fn info(&self) -> Result<JsValue, JsError> {
        let plan = self.job()?.plan();
        let sets = self.parts.iter().zip(&plan.sets).map(|(part, images)| {
            let missing: Vec<usize> = (0..images.len())
                .filter(|&image| matches!(plan.images[images[image]].shown, Shown::Missing { .. }))
                .collect();
            let named = missing.iter().take(NAMED_MISSING);
            SetInfo {
                set: &part.set.name,
                items: part.set.probes.len(),
                images: images.len(),
                texts: part.set.texts.len(),
                files: &part.files,
                oddities: part.set.warnings.len(),
                missing: named.map(|&image| part.set.images[image].label()).collect(),
                missing_count: missing.len(),
            }
        });
        to_js(&BenchmarkInfo {
            sets: sets.collect(),
            images: plan.images.len(),
            texts: self.job()?.texts().0,
        })
    }

    /// See `types.ts`.
    #[wasm_bindgen(skip_typescript)]
    pub fn locate(&mut self, paths: Vec<String>) -> Vec<i32> {
        let files = ImageNames::new(paths);
        let mut locate = |name: &str| {
            let found = files.find(name).map(|found| found.index);
            found.ok_or_else(|| format!("{name} is not among the given images"))
        };
        let plan = Plan::new(self.parts.iter_mut().map(|part| &mut part.set), &mut locate);
        let places = plan
            .images
            .iter()
            .map(|image| file_of(&image.shown))
            .collect();
        let mut job = Job::new(Rc::new(plan));
        let sets: Vec<&ProbeSet> = self.parts.iter().map(|part| &part.set).collect();
        job.plan_texts(&sets);
        self.job = Some(job);
        self.handed_over = 0;
        self.evaluated = None;
        places
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedImages, skip_typescript)]
    pub fn encoded_images(&self) -> usize {
        self.handed_over
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = encodedTexts, skip_typescript)]
    pub fn encoded_texts(&self) -> usize {
        self.job.as_ref().map_or(0, |job| job.texts().1)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// More images than there are left, another model than before, or the engine's.
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
        let Self { job, images, .. } = self;
        let job = job.as_mut().ok_or_else(not_located)?;
        if end > job.plan().images.len() {
            return Err(error("the sets have no more images"));
        }
        let given = (first..end).zip(files.iter().map(bytes_of)).collect();
        let model = Model {
            clip: &clip.clip,
            batch: files.len(),
            unletterbox: false,
        };
        let embedded = job.embed_images(model, images, given).await;
        embedded.map_err(error)?;
        let failed = (first..end)
            .filter(|&place| job.image_failed(place))
            .count();
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
        let Self { job, texts, .. } = self;
        let job = job.as_mut().ok_or_else(not_located)?;
        let embedded = job.embed_texts(&clip.clip, texts, count).await;
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
        let clock = || Date::now() / 1000.0;
        let (mut sets, mut shown, mut unscored) = (Vec::new(), Vec::new(), Vec::new());
        for (place, part) in self.parts.iter().enumerate() {
            let rows = self.job()?.rows(place, &self.images, &self.texts);
            match score(&part.set, &part.files, &rows, None, &clock) {
                Ok(result) => {
                    shown.push((place, Gallery::new(&result.evaluation)));
                    sets.push(result);
                }
                Err(why) => unscored.push(why.to_string()),
            }
        }
        let mut encoding = self.job()?.encoding();
        encoding.images.seconds = self.image_seconds;
        encoding.texts.seconds = self.text_seconds;
        encoding.seconds = self.image_seconds + self.text_seconds;
        let run = finish(clip.description()?, Some(encoding), sets, unscored).map_err(error)?;
        let results = Results::new(vec![run], Vec::new());
        self.evaluated = Some(Evaluated { results, shown });
        self.overview()
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation of one of the two, or sets of one name that ask differently.
    #[wasm_bindgen(js_name = compareWith, skip_typescript)]
    pub fn compare_with(&self, before: &WebBenchmark) -> Result<JsValue, JsError> {
        let before = &before.evaluated()?.results.runs[0].sets;
        let mut changes = Vec::new();
        for set in &self.evaluated()?.results.runs[0].sets {
            let name = &set.evaluation.set;
            let Some(was) = before.iter().find(|was| was.evaluation.set == *name) else {
                continue;
            };
            let pairing = pair(was, set).map_err(error)?;
            let marks = pairing.marks().map_err(error)?;
            changes.push(SetChange {
                set: name,
                compared: pairing.pairs.len(),
                marks: marks
                    .iter()
                    .map(|mark| MarkChange::new(mark, set))
                    .collect(),
                warnings: pairing.warnings,
            });
        }
        to_js(&changes)
    }

    /// See `types.ts`.
    #[wasm_bindgen(js_name = forgetEmbeddings, skip_typescript)]
    pub fn forget_embeddings(&mut self) {
        self.images = Memory::default();
        self.texts = Memory::default();
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation of such a set, or a filter that there is not.
    #[wasm_bindgen(skip_typescript)]
    pub fn answers(
        &self,
        set: usize,
        filter: JsValue,
        offset: usize,
        limit: usize,
    ) -> Result<JsValue, JsError> {
        let filter =
            Filter::deserialize(serde_wasm_bindgen::Deserializer::from(filter)).map_err(error)?;
        let (part, gallery, result) = self.scored(set)?;
        let (total, answers) = gallery.page(&part.set, &result.evaluation, filter, offset, limit);
        to_js(&Page { total, answers })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation of such a set, or an image that there is not.
    #[wasm_bindgen(js_name = fileOf, skip_typescript)]
    pub fn file_of(&self, set: usize, index: usize) -> Result<i32, JsError> {
        let shown = &self.evaluated()?.shown;
        let (part, _) = shown.get(set).ok_or_else(|| no_set(set))?;
        let plan = self.job()?.plan();
        let image = plan.sets[*part].get(index);
        let image = image.ok_or_else(|| error(format!("there is no image {index}")))?;
        Ok(file_of(&plan.images[*image].shown))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// An image that there is not, or that cannot be decoded, cropped or drawn.
    #[wasm_bindgen(skip_typescript)]
    pub fn shown(
        &self,
        set: usize,
        index: usize,
        file: JsValue,
        size: u32,
    ) -> Result<Uint8Array, JsError> {
        let image = self.scored(set)?.0.set.images.get(index);
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
        serde_json::to_string(&self.evaluated()?.results).map_err(error)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No evaluation.
    #[wasm_bindgen(js_name = resultCsv, skip_typescript)]
    pub fn result_csv(&self) -> Result<String, JsError> {
        Ok(self.evaluated()?.results.to_csv())
    }
}

impl WebBenchmark {
    fn add(&mut self, set: ProbeSet, files: Vec<SourceFile>) {
        self.parts.push(Part { set, files });
        self.job = None;
        self.evaluated = None;
    }

    fn job(&self) -> Result<&Job, JsError> {
        self.job.as_ref().ok_or_else(not_located)
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
        evaluated.ok_or_else(|| error("nothing is evaluated yet"))
    }

    /// What belongs to one of the sets that could be scored.
    fn scored(&self, set: usize) -> Result<(&Part, &Gallery, &SetResult), JsError> {
        let Evaluated { results, shown } = self.evaluated()?;
        let (part, gallery) = shown.get(set).ok_or_else(|| no_set(set))?;
        Ok((&self.parts[*part], gallery, &results.runs[0].sets[set]))
    }

    fn overview(&self) -> Result<JsValue, JsError> {
        let run = &self.evaluated()?.results.runs[0];
        let sets = run.sets.iter().map(|result| {
            let evaluation = &result.evaluation;
            let (skipped, warnings) = (&evaluation.skipped, &evaluation.warnings);
            SetOverview {
                set: &evaluation.set,
                ties: evaluation.ties,
                items: evaluation.items,
                scored: evaluation.scored,
                metrics: ShownMetric::all(&evaluation.set, &evaluation.metrics),
                skipped_count: skipped.len(),
                skipped: &skipped[..skipped.len().min(LISTED)],
                oddity_count: warnings.len(),
                oddities: &warnings[..warnings.len().min(LISTED)],
                truncated: result.truncated.len(),
            }
        });
        let averages = run.summaries.iter().map(|average| AverageOverview {
            name: &average.name,
            sets: &average.sets,
            metrics: ShownMetric::all(&average.name, &average.metrics),
        });
        to_js(&Overview {
            sets: sets.collect(),
            averages: averages.collect(),
            unscored: &run.unscored,
            seconds: self.image_seconds + self.text_seconds,
        })
    }
}

/// The first questions of a set, where not all are wanted.
fn limited(set: ProbeSet, limit: Option<usize>) -> ProbeSet {
    match limit {
        Some(limit) => set.limited(limit),
        None => set,
    }
}

fn not_located() -> JsError {
    error("the files at hand are not looked through yet")
}

fn no_set(set: usize) -> JsError {
    error(format!("there is no scored set {set}"))
}

/// The number of the file that holds an image; −1 for scenes, and where it is missing.
fn file_of(shown: &Shown) -> i32 {
    match shown {
        Shown::File { file, .. } => i32::try_from(*file).unwrap_or(-1),
        Shown::Scene(_) | Shown::Missing { .. } => -1,
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

/// A file's bytes, or the reason that the caller gives for their absence.
fn bytes_of(file: &JsValue) -> Result<Vec<u8>, String> {
    if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        return Ok(bytes.to_vec());
    }
    Err(file
        .as_string()
        .unwrap_or_else(|| "the image is not there".to_owned()))
}
