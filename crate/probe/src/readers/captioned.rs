//! Retrieval: images with their captions, in the forms that COCO and Flickr30k are passed around in.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::table::Table;
use crate::json::parse;
use crate::set::Tables;
use crate::table::Separator;
use crate::{Average, ProbeError, ProbeSet, Probes, Protocol, Retrieval};
use cliprobe_score::TieRule;

/// Karpathy's own `dataset_coco.json`, all splits together.
#[derive(Deserialize)]
#[serde(expecting = "an object with images")]
struct Whole {
    images: Vec<KarpathyImage>,
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

/// One caption or several.
struct Captions(Vec<String>);

// By hand, so that an error says what was expected.
impl<'de> Deserialize<'de> for Captions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CaptionsVisitor;
        impl<'de> Visitor<'de> for CaptionsVisitor {
            type Value = Captions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a caption or a list of captions")
            }

            fn visit_str<E: de::Error>(self, caption: &str) -> Result<Captions, E> {
                Ok(Captions(vec![caption.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Captions, A::Error> {
                let mut captions = Vec::new();
                while let Some(caption) = list.next_element()? {
                    captions.push(caption);
                }
                Ok(Captions(captions))
            }
        }
        deserializer.deserialize_any(CaptionsVisitor)
    }
}

/// Reads Karpathy's JSON: the whole file, of which `split` is taken, or one split's list of
/// `{"image", "caption"}`.
///
/// # Errors
/// JSON of another shape, or no images in the split.
pub fn read_retrieval_json(name: &str, json: &str, split: &str) -> Result<ProbeSet, ProbeError> {
    let hint = "Karpathy's file is {\"images\": [{\"filename\", \"split\", \"sentences\"}]}, one split a list of {\"image\", \"caption\"}";
    let mut captioned = Captioned::default();
    let is_list = json
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('[');
    if is_list {
        for image in parse::<Vec<SplitImage>>(name, json, hint)? {
            captioned.add(&image.image, image.caption.0.iter().map(String::as_str));
        }
    } else {
        let images = parse::<Whole>(name, json, hint)?.images.into_iter();
        for image in images.filter(|image| image.split == split) {
            let path = match image.filepath.as_str() {
                "" => image.filename,
                folder => format!("{folder}/{}", image.filename),
            };
            captioned.add(&path, image.sentences.iter().map(|s| s.raw.as_str()));
        }
    }
    captioned.set(name)
}

/// What a person says about a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// What separates columns; found by the header where it is not said.
    pub separator: Option<u8>,
    /// The column of the images.
    pub image: Option<String>,
    /// The column of the captions.
    pub caption: Option<String>,
}

/// Columns of images and captions under the names that tables have.
const COLUMNS: [[&str; 2]; 2] = [["filepath", "title"], ["image", "caption"]];

/// Reads a table with an image and a caption in every row, in open_clip's columns `filepath` and
/// `title` or under `image` and `caption`; tabs, commas, `;` or `|` between them. Rows with the same
/// image are captions of one.
///
/// # Errors
/// As [`read_retrieval_table`].
pub fn read_retrieval_csv(name: &str, text: &str) -> Result<ProbeSet, ProbeError> {
    read_retrieval_table(name, text, &TableOptions::default())
}

/// As [`read_retrieval_csv`], with what a person says about the table.
///
/// # Errors
/// A table without such columns, a quotation mark that is never closed, or no rows.
pub fn read_retrieval_table(
    name: &str,
    text: &str,
    options: &TableOptions,
) -> Result<ProbeSet, ProbeError> {
    let hint = "a retrieval table has the columns filepath and title, or image and caption, or those that are named";
    let wanted: Vec<[&str; 2]> = COLUMNS
        .iter()
        .map(|[image, caption]| {
            [
                options.image.as_deref().unwrap_or(image),
                options.caption.as_deref().unwrap_or(caption),
            ]
        })
        .collect();
    let separator = options.separator.map_or(
        Separator::Find {
            columns: &wanted,
            usual: b',',
        },
        Separator::Given,
    );
    let table = Table::read(name, text, separator, hint)?;
    let columns = table
        .columns(wanted[1])
        .or_else(|_| table.columns(wanted[0]))?;
    let mut captioned = Captioned::default();
    table.warn(&mut captioned.tables);
    for [image, caption] in table.rows(columns) {
        captioned.add(image, [caption]);
    }
    captioned.set(name)
}

/// Collects images and their captions.
#[derive(Default)]
pub(super) struct Captioned {
    tables: Tables,
    retrieval: Retrieval,
    place_of_image: std::collections::HashMap<usize, usize>,
}

impl Captioned {
    pub(super) fn add<'a>(&mut self, name: &str, captions: impl IntoIterator<Item = &'a str>) {
        let image = self.tables.image(name, None);
        let place = *self.place_of_image.entry(image).or_insert_with(|| {
            self.retrieval.images.push(image);
            self.retrieval.images.len() - 1
        });
        for caption in captions {
            self.tables.watch(name, &[caption], &[]);
            self.retrieval.captions.push(self.tables.text(caption));
            self.retrieval.image_of.push(place);
        }
    }

    pub(super) fn set(self, name: &str) -> Result<ProbeSet, ProbeError> {
        let protocol = Protocol {
            ties: TieRule::First,
            average: Average::Micro,
        };
        let probes = Probes::Retrieval(self.retrieval);
        self.tables.set(name.to_owned(), probes, protocol)
    }
}
