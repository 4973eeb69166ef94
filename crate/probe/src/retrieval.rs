//! Retrieval: pictures with their captions, in the forms that COCO and Flickr30k are passed around in.

use serde::Deserialize;

use super::json::parse;
use super::table::Table;
use super::{Average, ProbeError, ProbeSet, Probes, Protocol, Retrieval, Tables};
use cliprobe_score::TieRule;

#[derive(Deserialize)]
#[serde(untagged)]
enum Karpathy {
    /// Karpathy's own `dataset_coco.json`, all splits together.
    Whole { images: Vec<KarpathyImage> },
    /// One split as ARO and BLIP pass it around, e.g. `coco_karpathy_test.json`.
    Split(Vec<SplitImage>),
}

#[derive(Deserialize)]
struct KarpathyImage {
    filename: String,
    #[serde(default)]
    filepath: String,
    split: String,
    sentences: Vec<Sentence>,
}

#[derive(Deserialize)]
struct Sentence {
    raw: String,
}

#[derive(Deserialize)]
struct SplitImage {
    image: String,
    caption: Captions,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Captions {
    One(String),
    Several(Vec<String>),
}

/// Reads Karpathy's JSON: the whole file, of which `split` is taken, or one split's list of
/// `{"image", "caption"}`.
///
/// # Errors
/// JSON of another shape, or no pictures in the split.
pub fn read_retrieval_json(name: &str, json: &str, split: &str) -> Result<ProbeSet, ProbeError> {
    let hint = "Karpathy's file is {\"images\": [{\"filename\", \"split\", \"sentences\"}]}, one split a list of {\"image\", \"caption\"}";
    let mut captioned = Captioned::default();
    match parse(name, json, hint)? {
        Karpathy::Whole { images } => {
            for image in images.into_iter().filter(|image| image.split == split) {
                let path = match image.filepath.as_str() {
                    "" => image.filename,
                    folder => format!("{folder}/{}", image.filename),
                };
                captioned.add(&path, image.sentences.iter().map(|s| s.raw.as_str()));
            }
        }
        Karpathy::Split(images) => {
            for image in images {
                match &image.caption {
                    Captions::One(caption) => captioned.add(&image.image, [caption.as_str()]),
                    Captions::Several(captions) => {
                        captioned.add(&image.image, captions.iter().map(String::as_str));
                    }
                }
            }
        }
    }
    captioned.set(name)
}

/// Reads a table with a picture and a caption in every row, in open_clip's columns `filepath` and
/// `title` or under `image` and `caption`; tabs or commas between them. Rows with the same picture
/// are captions of one.
///
/// # Errors
/// A table without such columns, or no rows.
pub fn read_retrieval_csv(name: &str, text: &str) -> Result<ProbeSet, ProbeError> {
    let hint = "a retrieval table has the columns filepath and title, or image and caption";
    let header = text.lines().next().unwrap_or_default();
    let separator = if header.contains('\t') { b'\t' } else { b',' };
    let table = Table::read(name, text, separator, hint)?;
    let columns = table
        .columns(["filepath", "title"])
        .or_else(|_| table.columns(["image", "caption"]))?;
    let mut captioned = Captioned::default();
    for [picture, caption] in table.rows(columns) {
        captioned.add(picture, [caption]);
    }
    captioned.set(name)
}

/// Collects pictures and their captions.
#[derive(Default)]
struct Captioned {
    tables: Tables,
    retrieval: Retrieval,
    place_of_picture: std::collections::HashMap<usize, usize>,
}

impl Captioned {
    fn add<'a>(&mut self, name: &str, captions: impl IntoIterator<Item = &'a str>) {
        let picture = self.tables.picture(name, None);
        let place = *self.place_of_picture.entry(picture).or_insert_with(|| {
            self.retrieval.pictures.push(picture);
            self.retrieval.pictures.len() - 1
        });
        for caption in captions {
            self.tables.watch(name, &[caption], &[]);
            self.retrieval.captions.push(self.tables.text(caption));
            self.retrieval.picture_of.push(place);
        }
    }

    fn set(self, name: &str) -> Result<ProbeSet, ProbeError> {
        let protocol = Protocol {
            ties: TieRule::First,
            average: Average::Micro,
        };
        let probes = Probes::Retrieval(self.retrieval);
        self.tables.set(name.to_owned(), probes, protocol)
    }
}
