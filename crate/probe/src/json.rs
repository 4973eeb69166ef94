//! JSON: reading it with errors that name line, field and remedy, and this project's own probe files.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ProbeError;
use crate::kinds::{Kind, Probes};
use crate::set::{Average, CropBox, Image, ProbeSet, Protocol, Tables};
use cliprobe_score::TieRule;
use cliprobe_world::Scene;

/// Reads JSON of a known shape. An error names the field, what was expected there, line and column.
pub(crate) fn parse<T: DeserializeOwned>(
    set: &str,
    json: &str,
    hint: &'static str,
) -> Result<T, ProbeError> {
    let mut deserializer = serde_json::Deserializer::from_str(json.trim_start_matches('\u{feff}'));
    let wrong = |path: &str, error: &serde_json::Error| {
        let what = plain_words(&error.to_string());
        ProbeError::Json {
            set: set.to_owned(),
            message: match path {
                "." | "?" => what,
                path => format!("{path}: {what}"),
            },
            hint,
        }
    };
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| wrong(".", &error))?;
    Ok(value)
}

/// The parser's message without Rust's names of types.
fn plain_words(message: &str) -> String {
    let mut message = message.to_owned();
    for (of_rust, plain) in [
        ("expected usize", "expected a whole number from 0"),
        ("expected u32", "expected a whole number from 0"),
        ("expected u64", "expected a whole number from 0"),
        ("expected i32", "expected a whole number"),
        ("expected f32", "expected a number"),
        ("expected f64", "expected a number"),
        ("expected a sequence", "expected a list"),
        ("expected a string", "expected a text"),
        ("invalid type: map", "this is an object"),
        ("invalid type: sequence", "this is a list"),
        ("invalid type: string", "this is the text"),
        ("invalid type: integer", "this is the number"),
        ("invalid type: floating point", "this is the number"),
        ("invalid type: boolean", "this is"),
        ("invalid type: null", "this is null"),
    ] {
        message = message.replace(of_rust, plain);
    }
    message
}

/// Reads an object as a list of its entries, in the file's order. A key that stands twice keeps its
/// last value, as in Python, and is remembered as odd.
pub(crate) fn keyed_items<T: DeserializeOwned>(
    set: &str,
    json: &str,
    hint: &'static str,
    tables: &mut Tables,
) -> Result<Vec<(String, T)>, ProbeError> {
    struct Entries<T>(Vec<(String, T)>);
    struct EntriesVisitor<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
        type Value = Entries<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of items")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(Entries(entries))
        }
    }
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(EntriesVisitor(PhantomData))
        }
    }

    let Entries(entries) = parse::<Entries<T>>(set, json, hint)?;
    let mut items: Vec<(String, T)> = Vec::with_capacity(entries.len());
    let mut places = std::collections::HashMap::new();
    for (key, item) in entries {
        match places.get(&key) {
            Some(&place) => {
                tables.warn(
                    &key,
                    "stands in the file more than once; the last one counts",
                );
                items[place] = (key, item);
            }
            None => {
                places.insert(key.clone(), items.len());
                items.push((key, item));
            }
        }
    }
    Ok(items)
}

/// The value of `format` in a probe file.
const FORMAT: &str = "cliprobe-probes";
/// The newest version of the format that is read, and the one that is written.
const VERSION: u32 = 1;
const HINT: &str = "docs/benchmarks.md describes probe files";
/// What messages call a probe file.
const WHAT: &str = "probe file";

/// What every probe file begins with. It is read before the rest, since an enum with a tag would lose
/// the lines in which items stand.
#[derive(Deserialize)]
#[serde(expecting = "an object: a probe file")]
struct Header {
    format: String,
    version: u32,
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: a probe file")]
struct File<I> {
    format: String,
    version: u32,
    kind: String,
    name: String,
    #[serde(default = "strict")]
    ties: TieRule,
    #[serde(default)]
    average: JsonAverage,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    classes: Vec<JsonClass>,
    items: Vec<I>,
}

fn strict() -> TieRule {
    TieRule::Strict
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum JsonAverage {
    #[default]
    Micro,
    MacroOverGroups {
        #[serde(default)]
        at_least: usize,
        #[serde(default)]
        except: Vec<String>,
    },
    MicroAndGroups,
    MicroAndAllRight {
        levels: Vec<String>,
    },
}

/// A class of a classification.
#[derive(Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with name and prompts: a class"
)]
pub(crate) struct JsonClass {
    pub(crate) name: String,
    pub(crate) prompts: Vec<String>,
}

/// An image: a file's name, a part of a file, or a scene.
pub(crate) enum JsonImage {
    File { name: String, crop: Option<CropBox> },
    Scene(Box<Scene>),
}

/// The object that stands for an image that is not a whole file.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonImageObject<'a> {
    Part { name: &'a str, crop: CropBox },
    Scene { scene: &'a Scene },
}

impl Serialize for JsonImage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File { name, crop: None } => serializer.serialize_str(name),
            Self::File {
                name,
                crop: Some(crop),
            } => JsonImageObject::Part { name, crop: *crop }.serialize(serializer),
            Self::Scene(scene) => JsonImageObject::Scene { scene }.serialize(serializer),
        }
    }
}

// By hand, so that an error stands at its line and says what was expected: an untagged enum says
// neither.
impl<'de> Deserialize<'de> for JsonImage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ImageVisitor;
        impl<'de> Visitor<'de> for ImageVisitor {
            type Value = JsonImage;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    r#"an image: a file's name, {"name", "crop": {"x", "y", "width", "height"}}, or {"scene"}"#,
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                let name = name.to_owned();
                Ok(JsonImage::File { name, crop: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut name, mut crop, mut scene) = (None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "name" => name = Some(map.next_value()?),
                        "crop" => crop = Some(map.next_value()?),
                        "scene" => scene = Some(map.next_value()?),
                        other => {
                            return Err(de::Error::unknown_field(
                                other,
                                &["name", "crop", "scene"],
                            ));
                        }
                    }
                }
                match (name, scene) {
                    (None, Some(scene)) if crop.is_none() => Ok(JsonImage::Scene(scene)),
                    (Some(name), None) => Ok(JsonImage::File { name, crop }),
                    (None, None) => Err(de::Error::custom("an image needs name, or scene")),
                    _ => Err(de::Error::custom(
                        "an image has either name and crop, or scene",
                    )),
                }
            }
        }
        deserializer.deserialize_any(ImageVisitor)
    }
}

impl Tables {
    pub(crate) fn json_image(&mut self, image: JsonImage) -> usize {
        match image {
            JsonImage::File { name, crop } => self.image(&name, crop),
            JsonImage::Scene(scene) => self.scene(*scene),
        }
    }
}

/// Reads a probe file of this project: `{"format": "cliprobe-probes", "version": 1, "kind", "name",
/// "ties", "average", "items"}`, as docs/benchmarks.md describes it.
///
/// # Errors
/// JSON of another shape or version, a choice whose right answer does not exist, or no items.
pub fn read_json(json: &str) -> Result<ProbeSet, ProbeError> {
    let header: Header = parse(WHAT, json, HINT)?;
    if header.format != FORMAT {
        return Err(wrong(format!(
            "its format is {:?}, not {FORMAT:?}",
            header.format
        )));
    }
    if header.version == 0 || header.version > VERSION {
        return Err(wrong(format!(
            "its version is {}, this program reads up to {VERSION}",
            header.version
        )));
    }
    Probes::read(&header.kind, json)
}

/// Writes a set as a probe file, which [`read_json`] reads to the same set.
pub fn write_json(set: &ProbeSet) -> String {
    Probes::write(set)
}

fn wrong(message: String) -> ProbeError {
    ProbeError::Json {
        set: WHAT.to_owned(),
        message,
        hint: HINT,
    }
}

/// A probe file of a kind that there is not.
pub(crate) fn unknown_kind(kind: &str, known: &[&str]) -> ProbeError {
    wrong(format!(
        "its kind is {kind:?}; known kinds are {}",
        known.join(", ")
    ))
}

/// Reads a probe file whose kind is known.
pub(crate) fn read_items<K: Kind>(
    json: &str,
    probes: fn(K) -> Probes,
) -> Result<ProbeSet, ProbeError> {
    let file: File<K::Item> = parse(WHAT, json, HINT)?;
    let protocol = Protocol {
        ties: file.ties,
        average: match file.average {
            JsonAverage::Micro => Average::Micro,
            JsonAverage::MacroOverGroups { at_least, except } => {
                Average::MacroOverGroups { at_least, except }
            }
            JsonAverage::MicroAndGroups => Average::MicroAndGroups,
            JsonAverage::MicroAndAllRight { levels } => Average::MicroAndAllRight { levels },
        },
    };
    let mut tables = Tables::default();
    let questions = K::from_items(file.items, file.classes, &mut tables)?;
    tables.set(file.name, probes(questions), protocol)
}

/// Writes a set of a kind that is known.
pub(crate) fn write_items<K: Kind>(set: &ProbeSet, questions: &K) -> String {
    let (classes, items) = questions.to_items(set);
    let file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        kind: K::NAME.to_owned(),
        name: set.name.clone(),
        ties: set.protocol.ties,
        average: match set.protocol.average.clone() {
            Average::Micro => JsonAverage::Micro,
            Average::MacroOverGroups { at_least, except } => {
                JsonAverage::MacroOverGroups { at_least, except }
            }
            Average::MicroAndGroups => JsonAverage::MicroAndGroups,
            Average::MicroAndAllRight { levels } => JsonAverage::MicroAndAllRight { levels },
        },
        classes,
        items,
    };
    serde_json::to_string_pretty(&file).expect("strings and numbers are always JSON")
}

/// Reads items with their keys; one without a key is called by its number.
pub(crate) fn numbered<I, T>(
    items: Vec<I>,
    take_id: impl Fn(&mut I) -> Option<String>,
    mut read: impl FnMut(String, I) -> Result<T, ProbeError>,
) -> Result<Vec<T>, ProbeError> {
    let items = items.into_iter().enumerate();
    items
        .map(|(number, mut item)| {
            let id = take_id(&mut item).unwrap_or_else(|| number.to_string());
            read(id, item)
        })
        .collect()
}

pub(crate) fn wrong_item(item: &str, message: String) -> ProbeError {
    ProbeError::Item {
        set: WHAT.into(),
        item: item.to_owned(),
        message,
    }
}

/// Checks that an option or class exists.
pub(crate) fn in_range(
    id: &str,
    correct: usize,
    options: usize,
    at_least: usize,
) -> Result<(), ProbeError> {
    if options < at_least {
        return Err(wrong_item(
            id,
            format!("has {options} options, at least {at_least} are needed"),
        ));
    }
    if correct >= options {
        return Err(wrong_item(
            id,
            format!("says that option {correct} is right, counted from 0, but has only {options}"),
        ));
    }
    Ok(())
}

/// All texts but the one at `without`.
pub(crate) fn texts_but(texts: &[String], without: usize) -> Vec<&str> {
    texts
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != without)
        .map(|(_, text)| text.as_str())
        .collect()
}

/// An image of a set, as a probe file names it.
pub(crate) fn image(set: &ProbeSet, index: usize) -> JsonImage {
    match set.images[index].clone() {
        Image::File { name, crop } => JsonImage::File { name, crop },
        Image::Scene(scene) => JsonImage::Scene(scene),
    }
}

/// Texts of a set.
pub(crate) fn texts(set: &ProbeSet, indices: &[usize]) -> Vec<String> {
    indices.iter().map(|&i| set.texts[i].clone()).collect()
}
