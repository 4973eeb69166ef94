//! JSON: reading it with errors that name place and remedy, and this project's own probe files.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Average, CaptionChoice, Chain, Classification, CropBox, HardPositiveTriple, Picture,
    PictureChoice, ProbeError, ProbeSet, Probes, Protocol, Retrieval, Square, Tables,
};
use cliprobe_score::TieRule;
use cliprobe_world::Scene;

/// Reads JSON of a known shape.
pub(super) fn parse<T: DeserializeOwned>(
    set: &str,
    json: &str,
    hint: &'static str,
) -> Result<T, ProbeError> {
    serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|error| ProbeError::Json {
        set: set.to_owned(),
        message: error.to_string(),
        hint,
    })
}

/// Reads an object as a list of its entries, in the file's order. A key that stands twice keeps its
/// last value, as in Python, and is remembered as odd.
pub(super) fn keyed_items<T: DeserializeOwned>(
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
                tables.odd(
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

/// What every probe file begins with.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CaptionChoice,
    PictureChoice,
    Square,
    HardPositive,
    Chain,
    Classification,
    Retrieval,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<I> {
    format: String,
    version: u32,
    kind: Kind,
    name: String,
    #[serde(default = "strict")]
    ties: TieRule,
    #[serde(default)]
    average: JsonAverage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    classes: Vec<JsonClass>,
    items: Vec<I>,
}

fn strict() -> TieRule {
    TieRule::Strict
}

#[derive(Clone, Default, Serialize, Deserialize)]
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
}

/// A file's name, a part of a file, or a scene.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum JsonPicture {
    Whole(String),
    Part { name: String, crop: CropBox },
    Scene { scene: Box<Scene> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonClass {
    name: String,
    prompts: Vec<String>,
}

/// What items of every kind may say.
macro_rules! items {
    ($($name:ident { $($field:ident: $type:ty),* })*) => {$(
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            id: Option<String>,
            #[serde(default, skip_serializing_if = "String::is_empty")]
            group: String,
            $($field: $type),*
        }
    )*};
}

items! {
    JsonCaptionChoice { picture: JsonPicture, captions: Vec<String>, correct: usize }
    JsonPictureChoice { caption: String, pictures: Vec<JsonPicture>, correct: usize }
    JsonSquare { pictures: [JsonPicture; 2], captions: [String; 2] }
    JsonHardPositive { picture: JsonPicture, caption: String, positive: String, negative: String }
    JsonChain { picture: JsonPicture, tiers: [String; 4] }
    JsonLabelled { picture: JsonPicture, class: usize }
    JsonCaptioned { picture: JsonPicture, captions: Vec<String> }
}

impl Tables {
    fn json_picture(&mut self, picture: JsonPicture) -> usize {
        match picture {
            JsonPicture::Whole(name) => self.picture(&name, None),
            JsonPicture::Part { name, crop } => self.picture(&name, Some(crop)),
            JsonPicture::Scene { scene } => self.scene(*scene),
        }
    }
}

/// Reads a probe file of this project: `{"format": "cliprobe-probes", "version": 1, "kind", "name",
/// "ties", "average", "items"}`, as docs/benchmarks.md describes it.
///
/// # Errors
/// JSON of another shape or version, a choice whose right answer does not exist, or no items.
pub fn read_json(json: &str) -> Result<ProbeSet, ProbeError> {
    let what = "probe file";
    let header: Header = parse(what, json, HINT)?;
    let unknown = |message: String| ProbeError::Json {
        set: what.to_owned(),
        message,
        hint: HINT,
    };
    if header.format != FORMAT {
        return Err(unknown(format!(
            "its format is {:?}, not {FORMAT:?}",
            header.format
        )));
    }
    if header.version == 0 || header.version > VERSION {
        return Err(unknown(format!(
            "its version is {}, this program reads up to {VERSION}",
            header.version
        )));
    }
    let mut tables = Tables::default();
    match header.kind {
        Kind::CaptionChoice => read_items(json, tables, |tables, id, item: JsonCaptionChoice| {
            in_range(&id, item.correct, item.captions.len(), 2)?;
            let wrong: Vec<&str> = texts_but(&item.captions, item.correct);
            tables.watch(&id, &[&item.captions[item.correct]], &wrong);
            Ok(CaptionChoice {
                group: item.group,
                picture: tables.json_picture(item.picture),
                captions: item.captions.iter().map(|text| tables.text(text)).collect(),
                correct: item.correct,
                id,
            })
        })
        .and_then(|(file, tables, items)| file.set(tables, Probes::CaptionChoice(items))),
        Kind::PictureChoice => read_items(json, tables, |tables, id, item: JsonPictureChoice| {
            in_range(&id, item.correct, item.pictures.len(), 2)?;
            tables.watch(&id, &[&item.caption], &[]);
            Ok(PictureChoice {
                group: item.group,
                caption: tables.text(&item.caption),
                pictures: item
                    .pictures
                    .into_iter()
                    .map(|picture| tables.json_picture(picture))
                    .collect(),
                correct: item.correct,
                id,
            })
        })
        .and_then(|(file, tables, items)| file.set(tables, Probes::PictureChoice(items))),
        Kind::Square => read_items(json, tables, |tables, id, item: JsonSquare| {
            tables.watch(&id, &[&item.captions[0]], &[&item.captions[1]]);
            Ok(Square {
                group: item.group,
                pictures: item.pictures.map(|picture| tables.json_picture(picture)),
                captions: item.captions.map(|text| tables.text(&text)),
                id,
            })
        })
        .and_then(|(file, tables, items)| file.set(tables, Probes::Square(items))),
        Kind::HardPositive => read_items(json, tables, |tables, id, item: JsonHardPositive| {
            tables.watch(&id, &[&item.caption, &item.positive], &[&item.negative]);
            Ok(HardPositiveTriple {
                group: item.group,
                picture: tables.json_picture(item.picture),
                caption: tables.text(&item.caption),
                positive: tables.text(&item.positive),
                negative: tables.text(&item.negative),
                id,
            })
        })
        .and_then(|(file, tables, items)| file.set(tables, Probes::HardPositive(items))),
        Kind::Chain => read_items(json, tables, |tables, id, item: JsonChain| {
            let tiers: Vec<&str> = item.tiers.iter().map(String::as_str).collect();
            tables.watch(&id, &tiers, &[]);
            Ok(Chain {
                picture: tables.json_picture(item.picture),
                tiers: item.tiers.map(|text| tables.text(&text)),
                id,
            })
        })
        .and_then(|(file, tables, items)| file.set(tables, Probes::Chain(items))),
        Kind::Classification => {
            let file: File<JsonLabelled> = parse(what, json, HINT)?;
            let mut classification = Classification::default();
            for class in &file.classes {
                if class.prompts.is_empty() {
                    return Err(wrong_item(&class.name, "is a class without prompts".into()));
                }
                classification.classes.push(class.name.clone());
                let prompts = class.prompts.iter().map(|text| tables.text(text)).collect();
                classification.prompts.push(prompts);
            }
            let head = Head::of(&file);
            for (number, item) in file.items.into_iter().enumerate() {
                in_range(
                    &item.id.unwrap_or_else(|| number.to_string()),
                    item.class,
                    classification.classes.len(),
                    1,
                )?;
                let picture = tables.json_picture(item.picture);
                classification.labelled.push((picture, item.class));
            }
            head.set(tables, Probes::Classification(classification))
        }
        Kind::Retrieval => {
            let file: File<JsonCaptioned> = parse(what, json, HINT)?;
            let head = Head::of(&file);
            let mut retrieval = Retrieval::default();
            for (place, item) in file.items.into_iter().enumerate() {
                retrieval.pictures.push(tables.json_picture(item.picture));
                for caption in &item.captions {
                    retrieval.captions.push(tables.text(caption));
                    retrieval.picture_of.push(place);
                }
            }
            head.set(tables, Probes::Retrieval(retrieval))
        }
    }
}

/// What a file says beside its items.
struct Head {
    name: String,
    protocol: Protocol,
}

impl Head {
    fn of<I>(file: &File<I>) -> Self {
        Self {
            name: file.name.clone(),
            protocol: Protocol {
                ties: file.ties,
                average: match file.average.clone() {
                    JsonAverage::Micro => Average::Micro,
                    JsonAverage::MacroOverGroups { at_least, except } => {
                        Average::MacroOverGroups { at_least, except }
                    }
                },
            },
        }
    }

    fn set(self, tables: Tables, probes: Probes) -> Result<ProbeSet, ProbeError> {
        tables.set(self.name, probes, self.protocol)
    }
}

trait Item {
    fn take_id(&mut self) -> Option<String>;
}

macro_rules! take_id {
    ($($name:ident)*) => {$(
        impl Item for $name {
            fn take_id(&mut self) -> Option<String> {
                self.id.take()
            }
        }
    )*};
}
take_id!(JsonCaptionChoice JsonPictureChoice JsonSquare JsonHardPositive JsonChain);

fn read_items<I: DeserializeOwned + Item, T>(
    json: &str,
    mut tables: Tables,
    read: impl Fn(&mut Tables, String, I) -> Result<T, ProbeError>,
) -> Result<(Head, Tables, Vec<T>), ProbeError> {
    let file: File<I> = parse("probe file", json, HINT)?;
    let head = Head::of(&file);
    let items = file
        .items
        .into_iter()
        .enumerate()
        .map(|(number, mut item)| {
            let id = item.take_id().unwrap_or_else(|| number.to_string());
            read(&mut tables, id, item)
        })
        .collect::<Result<_, _>>()?;
    Ok((head, tables, items))
}

fn wrong_item(item: &str, message: String) -> ProbeError {
    ProbeError::Item {
        set: "probe file".into(),
        item: item.to_owned(),
        message,
    }
}

fn in_range(id: &str, correct: usize, options: usize, at_least: usize) -> Result<(), ProbeError> {
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

fn texts_but(texts: &[String], without: usize) -> Vec<&str> {
    texts
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != without)
        .map(|(_, text)| text.as_str())
        .collect()
}

/// Writes a set as a probe file, which [`read_json`] reads to the same set.
pub fn write_json(set: &ProbeSet) -> String {
    let picture = |index: usize| match &set.pictures[index] {
        Picture::File { name, crop: None } => JsonPicture::Whole(name.clone()),
        Picture::File {
            name,
            crop: Some(crop),
        } => JsonPicture::Part {
            name: name.clone(),
            crop: *crop,
        },
        Picture::Scene(scene) => JsonPicture::Scene {
            scene: scene.clone(),
        },
    };
    let text = |index: usize| set.texts[index].clone();
    let texts = |indices: &[usize]| indices.iter().map(|&i| text(i)).collect::<Vec<_>>();
    match &set.probes {
        Probes::CaptionChoice(items) => to_json(
            set,
            Kind::CaptionChoice,
            Vec::new(),
            items.iter().map(|item| JsonCaptionChoice {
                id: Some(item.id.clone()),
                group: item.group.clone(),
                picture: picture(item.picture),
                captions: texts(&item.captions),
                correct: item.correct,
            }),
        ),
        Probes::PictureChoice(items) => to_json(
            set,
            Kind::PictureChoice,
            Vec::new(),
            items.iter().map(|item| JsonPictureChoice {
                id: Some(item.id.clone()),
                group: item.group.clone(),
                caption: text(item.caption),
                pictures: item.pictures.iter().map(|&i| picture(i)).collect(),
                correct: item.correct,
            }),
        ),
        Probes::Square(items) => to_json(
            set,
            Kind::Square,
            Vec::new(),
            items.iter().map(|item| JsonSquare {
                id: Some(item.id.clone()),
                group: item.group.clone(),
                pictures: item.pictures.map(picture),
                captions: item.captions.map(text),
            }),
        ),
        Probes::HardPositive(items) => to_json(
            set,
            Kind::HardPositive,
            Vec::new(),
            items.iter().map(|item| JsonHardPositive {
                id: Some(item.id.clone()),
                group: item.group.clone(),
                picture: picture(item.picture),
                caption: text(item.caption),
                positive: text(item.positive),
                negative: text(item.negative),
            }),
        ),
        Probes::Chain(items) => to_json(
            set,
            Kind::Chain,
            Vec::new(),
            items.iter().map(|item| JsonChain {
                id: Some(item.id.clone()),
                group: String::new(),
                picture: picture(item.picture),
                tiers: item.tiers.map(text),
            }),
        ),
        Probes::Classification(classification) => {
            let classes = classification.classes.iter().zip(&classification.prompts);
            to_json(
                set,
                Kind::Classification,
                classes
                    .map(|(name, prompts)| JsonClass {
                        name: name.clone(),
                        prompts: texts(prompts),
                    })
                    .collect(),
                classification
                    .labelled
                    .iter()
                    .map(|&(index, class)| JsonLabelled {
                        id: None,
                        group: String::new(),
                        picture: picture(index),
                        class,
                    }),
            )
        }
        Probes::Retrieval(retrieval) => {
            let mut items: Vec<JsonCaptioned> = retrieval
                .pictures
                .iter()
                .map(|&index| JsonCaptioned {
                    id: None,
                    group: String::new(),
                    picture: picture(index),
                    captions: Vec::new(),
                })
                .collect();
            for (&caption, &place) in retrieval.captions.iter().zip(&retrieval.picture_of) {
                items[place].captions.push(text(caption));
            }
            to_json(set, Kind::Retrieval, Vec::new(), items)
        }
    }
}

fn to_json<I: Serialize>(
    set: &ProbeSet,
    kind: Kind,
    classes: Vec<JsonClass>,
    items: impl IntoIterator<Item = I>,
) -> String {
    let file = File {
        format: FORMAT.to_owned(),
        version: VERSION,
        kind,
        name: set.name.clone(),
        ties: set.protocol.ties,
        average: match set.protocol.average.clone() {
            Average::Micro => JsonAverage::Micro,
            Average::MacroOverGroups { at_least, except } => {
                JsonAverage::MacroOverGroups { at_least, except }
            }
        },
        classes,
        items: items.into_iter().collect(),
    };
    serde_json::to_string_pretty(&file).expect("strings and numbers are always JSON")
}
