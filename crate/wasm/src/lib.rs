//! The module's face to JavaScript. Types are written by hand in `types.ts`, which wasm-bindgen
//! puts into the generated declarations.
#![cfg(target_arch = "wasm32")]

pub mod archive;
mod benchmark;
pub mod blend;
pub mod compose;
pub mod convert;
pub mod edits;
pub mod hierarchy;
pub mod occlusion;
mod source;

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array, Uint8ClampedArray};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::image::RgbImage;
use cliprobe_clip::tensors::sha256_of;
use cliprobe_engine::Embeddings;
use cliprobe_engine::choice::{EngineChoice, EngineRequest};
use cliprobe_engine::clip as facade;
use cliprobe_engine::gpu::{Arithmetic, TileChoice, Tuning, milliseconds};
use cliprobe_score::{cosine, rank, softmax};
use cliprobe_world as world;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Any of the library's errors as a JavaScript `Error`.
fn error(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(error)
}

fn set(object: &Object, key: &str, value: impl Into<JsValue>) -> Result<(), JsError> {
    Reflect::set(object, &key.into(), &value.into())
        .map(drop)
        .map_err(|_| error(format!("the property {key} could not be set")))
}

/// What the caller of `Clip.load` asks for.
struct LoadOptions {
    progress: source::Progress,
    wish: EngineRequest,
    tuning: Tuning,
    sha256: Option<String>,
}

impl LoadOptions {
    fn read(options: &JsValue) -> Result<Self, JsError> {
        let given = |key: &str| match options.is_object() {
            true => Reflect::get(options, &key.into()).unwrap_or_default(),
            false => JsValue::UNDEFINED,
        };
        let word = |key: &str, words: &[&'static str]| {
            let value = given(key);
            if value.is_undefined() {
                return Ok(words[0]);
            }
            let text = value.as_string();
            let found = words.iter().find(|word| text.as_deref() == Some(**word));
            found
                .copied()
                .ok_or_else(|| error(format!("{key} is none of {}", words.join(", "))))
        };
        let tiles = given("knownTiles");
        Ok(Self {
            progress: source::Progress::from(given("onProgress"))?,
            wish: match word("engine", &["auto", "cpu", "gpu"])? {
                "cpu" => EngineRequest::Cpu,
                "gpu" => EngineRequest::Gpu,
                _ => EngineRequest::Auto,
            },
            tuning: Tuning {
                arithmetic: Arithmetic::from_name(word(
                    "arithmetic",
                    &Arithmetic::ALL.map(Arithmetic::name),
                )?)
                .unwrap_or_default(),
                tiles: match word("tiles", &["known", "anew", "standard"])? {
                    "anew" => TileChoice::Anew,
                    "standard" => TileChoice::Standard,
                    _ => TileChoice::Known,
                },
                known: if tiles.is_undefined() {
                    BTreeMap::new()
                } else {
                    serde_wasm_bindgen::from_value(tiles)
                        .map_err(|_| error("knownTiles is not an object of strings"))?
                },
            },
            sha256: given("sha256").as_string(),
        })
    }
}

/// What stays of a checkpoint once its model is loaded.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelInfo {
    name: String,
    sha256: String,
    format: String,
    parameters: f64,
    tensor_types: BTreeMap<String, usize>,
    activation: &'static str,
    embedding_dim: usize,
    image_size: usize,
    patch_size: usize,
    context_length: usize,
    vocabulary_size: usize,
    logit_scale: Option<f32>,
    preprocessing: String,
    engine: &'static str,
    choice: EngineChoice,
    known_tiles: BTreeMap<String, String>,
    provenance: Option<String>,
    trained_on: Option<String>,
}

impl ModelInfo {
    fn new(
        checkpoint: &Checkpoint,
        engine: &'static str,
        choice: EngineChoice,
        tuning: Tuning,
    ) -> Result<Self, JsError> {
        let config = &checkpoint.config;
        let provenance = &checkpoint.provenance;
        let parent = provenance
            .parent_sha256
            .as_ref()
            .map(|hash| format!("made from {hash}"));
        let parts: Vec<String> = provenance.recipe.iter().cloned().chain(parent).collect();
        Ok(Self {
            name: checkpoint.name.clone(),
            sha256: checkpoint.sha256().map_err(error)?,
            format: checkpoint.format.to_string(),
            parameters: checkpoint.parameters() as f64,
            tensor_types: checkpoint.tensor_types(),
            activation: config.activation.name(),
            embedding_dim: config.projection_dim,
            image_size: config.vision.image_size,
            patch_size: config.vision.patch_size,
            context_length: config.text.context_length,
            vocabulary_size: config.text.vocab_size,
            logit_scale: checkpoint.logit_scale,
            preprocessing: checkpoint.preprocessing.summary(),
            engine,
            choice,
            known_tiles: tuning.known,
            provenance: (!parts.is_empty()).then(|| parts.join("; ")),
            trained_on: provenance.trained_on.clone(),
        })
    }
}

/// A caption in its place, as `types.ts` has it.
#[derive(Serialize)]
struct Ranked {
    index: usize,
    cosine: f32,
    place: usize,
    margin: Option<f32>,
    probability: Option<f32>,
}

#[derive(Serialize)]
struct Scored<'a> {
    caption: &'a str,
    truncated: bool,
    #[serde(flatten)]
    ranked: Ranked,
}

/// Cosines of an image's embedding with texts', row by row. See `types.ts`.
///
/// # Errors
/// Texts that are no whole number of rows of the image's length.
#[wasm_bindgen(js_name = cosines, skip_typescript)]
pub fn cosines(image: &[f32], texts: &[f32]) -> Result<Vec<f32>, JsError> {
    if image.is_empty() || !texts.len().is_multiple_of(image.len()) {
        return Err(error(format!(
            "{} values are no whole number of embeddings of {}",
            texts.len(),
            image.len()
        )));
    }
    let rows = texts.chunks_exact(image.len());
    Ok(rows.map(|row| cosine(image, row)).collect())
}

/// A loaded model.
#[wasm_bindgen(js_name = Clip, skip_typescript)]
pub struct WebClip {
    clip: facade::Clip,
    checkpoint: Rc<Checkpoint>,
    info: ModelInfo,
}

#[wasm_bindgen(js_class = Clip)]
impl WebClip {
    /// See `types.ts`.
    ///
    /// # Errors
    /// What keeps the model from loading.
    #[wasm_bindgen(skip_typescript)]
    pub async fn load(source: JsValue, options: JsValue) -> Result<WebClip, JsError> {
        let LoadOptions {
            progress,
            wish,
            mut tuning,
            sha256,
        } = LoadOptions::read(&options)?;
        let files = source::files(source, &progress).await?;
        progress.tell("read", 0, None);
        let overrides = Overrides {
            sha256,
            ..Overrides::default()
        };
        let checkpoint = Rc::new(Checkpoint::from_files(&files, &overrides).map_err(error)?);
        let (clip, choice) = facade::Clip::choose(
            &checkpoint,
            wish,
            &mut tuning,
            &milliseconds,
            &mut |done, all| progress.tell("build", done, Some(all)),
        )
        .await
        .map_err(error)?;
        let info = ModelInfo::new(&checkpoint, clip.engine(), choice, tuning)?;
        Ok(Self {
            clip,
            checkpoint,
            info,
        })
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// None in practice.
    #[wasm_bindgen(skip_typescript)]
    pub fn info(&self) -> Result<JsValue, JsError> {
        // An engine may have changed since the load.
        let mut info = self.info.clone();
        info.engine = self.clip.engine();
        if let Some(why) = self.clip.why_not_gpu() {
            info.choice.why_cpu = Some(why.to_owned());
        }
        to_js(&info)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No captions, or the engine's.
    #[wasm_bindgen(js_name = encodeText, skip_typescript)]
    pub async fn encode_text(&self, texts: Vec<String>) -> Result<JsValue, JsError> {
        let encoded = self.encode_captions(&texts).await?;
        let object = Object::new();
        set(
            &object,
            "embeddings",
            Float32Array::from(encoded.embeddings.values.as_slice()),
        )?;
        set(&object, "dim", encoded.embeddings.dim as u32)?;
        set(&object, "truncated", to_js(&encoded.truncated)?)?;
        set(&object, "tokenCounts", to_js(&encoded.token_counts)?)?;
        Ok(object.into())
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// An image that cannot be decoded, or the engine's.
    #[wasm_bindgen(js_name = encodeImage, skip_typescript)]
    pub async fn encode_image(&self, file: Vec<u8>) -> Result<JsValue, JsError> {
        image_embedding(self.embed_file(&file).await?)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Pixels that are not as many as the sides say, or the engine's.
    #[wasm_bindgen(js_name = encodeRgba, skip_typescript)]
    pub async fn encode_rgba(
        &self,
        rgba: Vec<u8>,
        width: u32,
        height: u32,
    ) -> Result<JsValue, JsError> {
        let (pixels, rest) = rgba.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(error("the pixels are no whole number of four bytes each"));
        }
        let rgb = pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        let image = RgbImage::from_samples(width, height, rgb).map_err(error)?;
        let prepared = facade::prepare_decoded(&image, self.clip.preprocessing()).map_err(error)?;
        image_embedding(self.embed_prepared(prepared).await?)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Values that are no whole number of images, or the engine's.
    #[wasm_bindgen(js_name = encodePixels, skip_typescript)]
    pub async fn encode_pixels(&self, pixels: Vec<f32>) -> Result<Float32Array, JsError> {
        let embeddings = self.clip.encode_pixels(&pixels).await.map_err(error)?;
        Ok(Float32Array::from(embeddings.values.as_slice()))
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// No captions, an image that cannot be decoded, or the engine's.
    #[wasm_bindgen(skip_typescript)]
    pub async fn score(&self, file: Vec<u8>, captions: Vec<String>) -> Result<JsValue, JsError> {
        let encoded = self.encode_captions(&captions).await?;
        let (image, ..) = self.embed_file(&file).await?;
        let ranking = self.ranked(&image.values, &encoded.embeddings.values)?;
        let scored: Vec<Scored> = ranking
            .into_iter()
            .map(|ranked| Scored {
                caption: &captions[ranked.index],
                truncated: encoded.truncated[ranked.index],
                ranked,
            })
            .collect();
        to_js(&scored)
    }

    /// See `types.ts`.
    ///
    /// # Errors
    /// Embeddings of another length than this model's.
    #[wasm_bindgen(js_name = rank, skip_typescript)]
    pub fn rank_captions(&self, image: &[f32], captions: &[f32]) -> Result<JsValue, JsError> {
        to_js(&self.ranked(image, captions)?)
    }
}

impl WebClip {
    /// Orders captions by their cosines with an image; both are normalised embeddings of this model.
    fn ranked(&self, image: &[f32], captions: &[f32]) -> Result<Vec<Ranked>, JsError> {
        if image.len() != self.info.embedding_dim {
            return Err(error(format!(
                "the image's embedding has {} values, this model's have {}",
                image.len(),
                self.info.embedding_dim
            )));
        }
        let cosines = cosines(image, captions)?;
        let probabilities = self.info.logit_scale.map(|scale| softmax(&cosines, scale));
        let ranking = rank(&cosines).into_iter().map(|ranked| Ranked {
            index: ranked.index,
            cosine: ranked.cosine,
            place: ranked.place,
            margin: ranked.margin,
            probability: probabilities.as_ref().map(|p| p[ranked.index]),
        });
        Ok(ranking.collect())
    }

    /// What a result says about the model that gave it, as `cliprobe eval` does.
    fn description(&self) -> Result<serde_json::Value, JsError> {
        facade::description(&self.checkpoint, Some(&self.clip)).map_err(error)
    }

    async fn encode_captions(
        &self,
        captions: &[String],
    ) -> Result<facade::TextEmbeddings, JsError> {
        if captions.is_empty() {
            return Err(error("there are no captions to embed; give at least one"));
        }
        self.clip
            .encode_texts(captions, &mut |_| {})
            .await
            .map_err(error)
    }

    async fn embed_file(&self, file: &[u8]) -> Result<(Embeddings, u32, u32), JsError> {
        self.embed_prepared(self.clip.prepare(file).map_err(error)?)
            .await
    }

    async fn embed_prepared(
        &self,
        prepared: facade::PreparedImage,
    ) -> Result<(Embeddings, u32, u32), JsError> {
        let (width, height) = (prepared.width, prepared.height);
        let embedding = self
            .clip
            .encode_prepared(&[prepared])
            .await
            .map_err(error)?;
        Ok((embedding, width, height))
    }
}

/// An `ImageEmbedding` of the declarations.
fn image_embedding((embedding, width, height): (Embeddings, u32, u32)) -> Result<JsValue, JsError> {
    let object = Object::new();
    set(
        &object,
        "embedding",
        Float32Array::from(embedding.values.as_slice()),
    )?;
    set(&object, "width", width)?;
    set(&object, "height", height)?;
    Ok(object.into())
}

/// See `types.ts`.
///
/// # Errors
/// A file that is none, or that cannot be read.
#[wasm_bindgen(skip_typescript)]
pub async fn sha256(file: JsValue) -> Result<String, JsError> {
    let file = source::file("the file", &file).await?;
    sha256_of([file.as_ref()].into_iter()).map_err(error)
}

#[derive(Serialize)]
struct SceneCaption {
    text: String,
    holds: bool,
    kind: String,
}

/// See `types.ts`.
///
/// # Errors
/// A text that is neither a seed nor a scene, or a size that cannot be drawn.
#[wasm_bindgen(skip_typescript)]
pub fn scene(seed: &str, size: u32) -> Result<JsValue, JsError> {
    let (seed, probe) = scene_probe(seed.trim())?;
    let image = world::draw(&probe.scene, size).map_err(error)?;
    let rgba: Vec<u8> = image
        .data
        .as_chunks()
        .0
        .iter()
        .flat_map(|&[r, g, b]| [r, g, b, 255])
        .collect();
    let captions: Vec<SceneCaption> = probe
        .captions
        .iter()
        .map(|caption| SceneCaption {
            text: caption.text.clone(),
            holds: caption.holds,
            kind: serde_json::to_value(caption.kind)
                .ok()
                .and_then(|kind| kind.as_str().map(str::to_owned))
                .unwrap_or_default(),
        })
        .collect();
    let object = Object::new();
    set(&object, "seed", seed)?;
    set(&object, "width", image.width)?;
    set(&object, "height", image.height)?;
    set(&object, "rgba", Uint8ClampedArray::from(rgba.as_slice()))?;
    set(
        &object,
        "png",
        Uint8Array::from(png(&image).map_err(error)?.as_slice()),
    )?;
    set(
        &object,
        "captions",
        to_js(&captions)?.unchecked_into::<Array>(),
    )?;
    Ok(object.into())
}

/// The scene of a seed, or one that is given as JSON, with what is asked about it; first the text that
/// names it.
fn scene_probe(text: &str) -> Result<(String, world::PageProbe), JsError> {
    if text.starts_with('{') {
        let scene: world::Scene = serde_json::from_str(text)
            .map_err(|why| error(format!("the text is not a scene as JSON: {why}")))?;
        let text = serde_json::to_string(&scene).map_err(error)?;
        let captions = world::captions_to_ask(&scene);
        return Ok((text, world::PageProbe { scene, captions }));
    }
    let number: u64 = text.parse().map_err(|_| {
        error(format!(
            "the seed {text:?} is not a whole number from 0 to {}",
            u64::MAX
        ))
    })?;
    Ok((number.to_string(), world::sample_probe_for_page(number)))
}

fn png(image: &world::Image) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, image.width, image.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&image.data)?;
    Ok(file)
}
