//! What is asked of a model: the kinds of probes, and one reader for each benchmark's own files.
//!
//! A [`ProbeSet`] is plain data: distinct pictures, distinct texts, and questions that refer to them
//! by index, so that whoever embeds does so once for each. Readers take the contents of files and
//! never open any themselves; [`PictureNames`] finds a benchmark's pictures among names of files.
//! [`evaluate`] turns embeddings into answers and metrics as the benchmark's authors do.

mod aro;
mod benchmark;
mod classification;
mod evaluate;
mod gallery;
mod hard_positives;
mod hierarcaps;
mod json;
mod picture_names;
pub mod results;
mod retrieval;
mod sugarcrepe;
mod summary;
mod svo;
mod table;
mod tableau;
mod winoground;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use cliprobe_score::TieRule;
use cliprobe_world::Scene;

pub use aro::{read_order, read_vg_attribution, read_vg_relation};
pub use benchmark::{BENCHMARKS, Benchmark, Source};
pub use classification::{
    CLIP_TEMPLATES_7, CLIP_TEMPLATES_80, LabelledPicture, classification, imagenet_class_names,
    read_text_list,
};
pub use evaluate::{
    Answer, ChainAnswer, Detail, EvaluateError, Evaluation, Metric, Rows, Score, Skipped, evaluate,
};
pub use gallery::{Filter, Gallery, ShownAnswer, ShownPicture, ShownText};
pub use hard_positives::read_hard_positives;
pub use hierarcaps::read_hierarcaps;
pub use json::{read_json, write_json};
pub use picture_names::PictureNames;
pub use retrieval::{read_retrieval_csv, read_retrieval_json};
pub use sugarcrepe::read_sugarcrepe;
pub use summary::{Summary, summarise};
pub use svo::read_svo;
pub use tableau::{tableau, tableau_name, tableau_sets};
pub use winoground::read_winoground;

/// Why a file is not the benchmark it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The text is not JSON, or not JSON of this shape.
    #[error("{set}: not the JSON expected here ({message}); {hint}")]
    Json {
        /// What was being read.
        set: String,
        /// What the parser says, with line and column.
        message: String,
        /// What the file should look like.
        hint: &'static str,
    },
    /// The text is not a table with these columns.
    #[error("{set}: not the table expected here ({message}); {hint}")]
    Table {
        /// What was being read.
        set: String,
        /// What is wrong, with the row where there is one.
        message: String,
        /// What the file should look like.
        hint: &'static str,
    },
    /// An item contradicts itself or its neighbours.
    #[error("{set}: item {item} {message}")]
    Item {
        /// What was being read.
        set: String,
        /// Which item, by its key in the file.
        item: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is nothing to ask.
    #[error("{set}: there are no items in it")]
    Empty {
        /// What was being read.
        set: String,
    },
}

/// A part of a picture, in pixels from its top left corner, as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CropBox {
    /// Left edge; may lie outside the picture, which is then filled with black, as Pillow does.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width; at least 1.
    pub width: u32,
    /// Height; at least 1.
    pub height: u32,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// A file, as the benchmark names it.
    File {
        /// Its name or relative path.
        name: String,
        /// The part that is shown, where it is not the whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crop: Option<CropBox>,
    },
    /// A scene of the synthetic world.
    Scene(Box<Scene>),
}

impl Picture {
    /// What to call it in a result.
    pub fn label(&self) -> String {
        match self {
            Self::File { name, crop: None } => name.clone(),
            Self::File {
                name,
                crop: Some(c),
            } => format!("{name}#xywh={},{},{},{}", c.x, c.y, c.width, c.height),
            Self::Scene(scene) => format!("scene {}", scene.seed),
        }
    }
}

/// One picture, several captions, one of them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionChoice {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by (a relation, a pair of attributes), where it does.
    pub group: String,
    /// Index of the picture.
    pub picture: usize,
    /// Indices of the captions, in the authors' order: it decides ties.
    pub captions: Vec<usize>,
    /// Which of `captions` is right.
    pub correct: usize,
}

/// One caption, several pictures, one of them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureChoice {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Index of the caption.
    pub caption: usize,
    /// Indices of the pictures, in the authors' order.
    pub pictures: Vec<usize>,
    /// Which of `pictures` is right.
    pub correct: usize,
}

/// Two pictures and two captions; the first caption belongs to the first picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Square {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Indices of the pictures.
    pub pictures: [usize; 2],
    /// Indices of the captions.
    pub captions: [usize; 2],
}

/// A picture, a true caption, another true one (the hard positive) and a false one (the hard negative).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardPositiveTriple {
    /// Its key in the benchmark.
    pub id: String,
    /// What the benchmark groups it by.
    pub group: String,
    /// Index of the picture.
    pub picture: usize,
    /// Index of `c`.
    pub caption: usize,
    /// Index of `c_p`.
    pub positive: usize,
    /// Index of `c_n`.
    pub negative: usize,
}

/// A picture and its captions from the most general to the most specific.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its key in the benchmark.
    pub id: String,
    /// Index of the picture.
    pub picture: usize,
    /// Indices of the four tiers.
    pub tiers: [usize; 4],
}

/// Pictures to be told apart by the names of their classes, each said in many ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classification {
    /// The classes' names, for results.
    pub classes: Vec<String>,
    /// For each class the indices of its texts: the class name in every template.
    pub prompts: Vec<Vec<usize>>,
    /// Index of each picture and of its class.
    pub labelled: Vec<(usize, usize)>,
}

/// Pictures and captions to be found by each other. A picture may have several captions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retrieval {
    /// Indices of the pictures that can be found.
    pub pictures: Vec<usize>,
    /// Indices of the captions that can be found; a text may stand here more than once.
    pub captions: Vec<usize>,
    /// For each of `captions`, which of `pictures` it belongs to.
    pub picture_of: Vec<usize>,
}

/// The questions of a set, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probes {
    /// SugarCrepe, ARO, and everything alike.
    CaptionChoice(Vec<CaptionChoice>),
    /// SVO-Probes.
    PictureChoice(Vec<PictureChoice>),
    /// Winoground.
    Square(Vec<Square>),
    /// Hard Positives.
    HardPositive(Vec<HardPositiveTriple>),
    /// HierarCaps.
    Chain(Vec<Chain>),
    /// Zero-shot classification.
    Classification(Classification),
    /// Retrieval in both directions.
    Retrieval(Retrieval),
}

impl Probes {
    /// How many questions there are.
    pub fn len(&self) -> usize {
        match self {
            Self::CaptionChoice(items) => items.len(),
            Self::PictureChoice(items) => items.len(),
            Self::Square(items) => items.len(),
            Self::HardPositive(items) => items.len(),
            Self::Chain(items) => items.len(),
            Self::Classification(classification) => classification.labelled.len(),
            Self::Retrieval(retrieval) => retrieval.captions.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How the authors of a benchmark go from answers to a number, where its kind leaves a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    /// What a tie counts for.
    pub ties: TieRule,
    /// How groups are averaged.
    pub average: Average,
}

/// How answers become one accuracy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Average {
    /// Every item counts the same.
    Micro,
    /// Every group counts the same, as far as it has `at_least` items and is not one of `except`.
    MacroOverGroups {
        /// Groups with fewer items are left out.
        at_least: usize,
        /// Groups that are left out by name.
        except: Vec<String>,
    },
}

/// Something in a benchmark's file that a reader of its results should know. The item is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// Which item, by its key.
    pub item: String,
    /// What is odd about it.
    pub what: String,
}

/// A set of questions of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeSet {
    /// Benchmark and subset, e.g. `sugarcrepe/swap_obj`.
    pub name: String,
    /// Distinct pictures.
    pub pictures: Vec<Picture>,
    /// Distinct texts.
    pub texts: Vec<String>,
    /// The questions.
    pub probes: Probes,
    /// How the authors score them.
    pub protocol: Protocol,
    /// What is odd about the file.
    pub oddities: Vec<Oddity>,
}

impl ProbeSet {
    /// Whether the empty text is needed too: the root of the hierarchy.
    pub fn needs_root(&self) -> bool {
        matches!(self.probes, Probes::Chain(_))
    }

    /// How many pictures and texts the questions name, repetitions counted: what a script encodes
    /// that goes from item to item.
    pub fn references(&self) -> (usize, usize) {
        let (mut pictures, mut texts) = (0, 0);
        self.probes
            .clone()
            .for_each_index(&mut |index| match index {
                Index::Picture(_) => pictures += 1,
                Index::Text(_) => texts += 1,
            });
        (pictures, texts)
    }

    /// Which texts an answer can need if only the pictures marked in `there` can be shown: those of a
    /// question that lacks a picture need not be embedded. Chains and classes are compared with
    /// every picture.
    ///
    /// # Panics
    /// If `there` has not an entry for every picture.
    pub fn texts_needed(&self, there: &[bool]) -> Vec<bool> {
        assert_eq!(
            there.len(),
            self.pictures.len(),
            "one entry for every picture"
        );
        let mut needed = vec![false; self.texts.len()];
        let mut need = |pictures: &[usize], texts: &[usize]| {
            if pictures.iter().all(|&picture| there[picture]) {
                texts.iter().for_each(|&text| needed[text] = true);
            }
        };
        match &self.probes {
            Probes::CaptionChoice(items) => items
                .iter()
                .for_each(|item| need(&[item.picture], &item.captions)),
            Probes::PictureChoice(items) => items
                .iter()
                .for_each(|item| need(&item.pictures, &[item.caption])),
            Probes::Square(items) => items
                .iter()
                .for_each(|item| need(&item.pictures, &item.captions)),
            Probes::HardPositive(items) => items.iter().for_each(|item| {
                need(
                    &[item.picture],
                    &[item.caption, item.positive, item.negative],
                );
            }),
            Probes::Retrieval(retrieval) => {
                let pairs = retrieval.captions.iter().zip(&retrieval.picture_of);
                pairs.for_each(|(&caption, &place)| need(&[retrieval.pictures[place]], &[caption]));
            }
            Probes::Chain(_) | Probes::Classification(_) => needed.fill(true),
        }
        needed
    }

    /// Keeps the first `limit` questions, and what they refer to.
    pub fn limited(mut self, limit: usize) -> Self {
        match &mut self.probes {
            Probes::CaptionChoice(items) => items.truncate(limit),
            Probes::PictureChoice(items) => items.truncate(limit),
            Probes::Square(items) => items.truncate(limit),
            Probes::HardPositive(items) => items.truncate(limit),
            Probes::Chain(items) => items.truncate(limit),
            Probes::Classification(classification) => classification.labelled.truncate(limit),
            Probes::Retrieval(retrieval) => {
                retrieval.pictures.truncate(limit);
                let kept = retrieval.pictures.len();
                let pairs = retrieval.captions.iter().zip(&retrieval.picture_of);
                (retrieval.captions, retrieval.picture_of) = pairs
                    .filter(|&(_, &picture)| picture < kept)
                    .map(|(&caption, &picture)| (caption, picture))
                    .unzip();
            }
        }
        self.drop_unused();
        self
    }

    /// Forgets pictures and texts that no question refers to.
    fn drop_unused(&mut self) {
        let mut pictures = Kept::new(self.pictures.len());
        let mut texts = Kept::new(self.texts.len());
        self.probes.for_each_index(&mut |index| match index {
            Index::Picture(i) => pictures.place(i),
            Index::Text(i) => texts.place(i),
        });
        self.pictures = pictures.take(std::mem::take(&mut self.pictures));
        self.texts = texts.take(std::mem::take(&mut self.texts));
    }
}

/// A reference from a question into its set.
enum Index<'a> {
    Picture(&'a mut usize),
    Text(&'a mut usize),
}

impl Probes {
    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        match self {
            Self::CaptionChoice(items) => {
                for item in items {
                    visit(Index::Picture(&mut item.picture));
                    item.captions.iter_mut().for_each(|i| visit(Index::Text(i)));
                }
            }
            Self::PictureChoice(items) => {
                for item in items {
                    visit(Index::Text(&mut item.caption));
                    item.pictures
                        .iter_mut()
                        .for_each(|i| visit(Index::Picture(i)));
                }
            }
            Self::Square(items) => {
                for item in items {
                    item.pictures
                        .iter_mut()
                        .for_each(|i| visit(Index::Picture(i)));
                    item.captions.iter_mut().for_each(|i| visit(Index::Text(i)));
                }
            }
            Self::HardPositive(items) => {
                for item in items {
                    visit(Index::Picture(&mut item.picture));
                    for text in [&mut item.caption, &mut item.positive, &mut item.negative] {
                        visit(Index::Text(text));
                    }
                }
            }
            Self::Chain(items) => {
                for item in items {
                    visit(Index::Picture(&mut item.picture));
                    item.tiers.iter_mut().for_each(|i| visit(Index::Text(i)));
                }
            }
            Self::Classification(classification) => {
                for (picture, _) in &mut classification.labelled {
                    visit(Index::Picture(picture));
                }
                for text in classification.prompts.iter_mut().flatten() {
                    visit(Index::Text(text));
                }
            }
            Self::Retrieval(retrieval) => {
                for picture in &mut retrieval.pictures {
                    visit(Index::Picture(picture));
                }
                for text in &mut retrieval.captions {
                    visit(Index::Text(text));
                }
            }
        }
    }
}

/// Which entries of a table stay, in the order they were first asked for.
struct Kept {
    place_of: Vec<Option<usize>>,
    order: Vec<usize>,
}

impl Kept {
    fn new(n: usize) -> Self {
        Self {
            place_of: vec![None; n],
            order: Vec::new(),
        }
    }

    /// Exchanges an index into the old table for one into the new.
    fn place(&mut self, index: &mut usize) {
        let old = *index;
        *index = *self.place_of[old].get_or_insert_with(|| {
            self.order.push(old);
            self.order.len() - 1
        });
    }

    fn take<T>(self, items: Vec<T>) -> Vec<T> {
        let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
        self.order
            .into_iter()
            .map(|i| items[i].take().expect("each place was given out once"))
            .collect()
    }
}

/// Collects distinct pictures and texts while a file is read.
#[derive(Default)]
struct Tables {
    pictures: Vec<Picture>,
    texts: Vec<String>,
    picture_index: HashMap<(String, Option<CropBox>), usize>,
    text_index: HashMap<String, usize>,
    oddities: Vec<Oddity>,
}

impl Tables {
    fn picture(&mut self, name: &str, crop: Option<CropBox>) -> usize {
        *self
            .picture_index
            .entry((name.to_owned(), crop))
            .or_insert_with(|| {
                self.pictures.push(Picture::File {
                    name: name.to_owned(),
                    crop,
                });
                self.pictures.len() - 1
            })
    }

    fn scene(&mut self, scene: Scene) -> usize {
        self.pictures.push(Picture::Scene(Box::new(scene)));
        self.pictures.len() - 1
    }

    fn text(&mut self, text: &str) -> usize {
        if let Some(&index) = self.text_index.get(text) {
            return index;
        }
        self.texts.push(text.to_owned());
        self.text_index
            .insert(text.to_owned(), self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// Remembers what is odd about an item's texts: empty ones, and false ones equal to a true one.
    fn watch(&mut self, item: &str, right: &[&str], wrong: &[&str]) {
        if right.iter().chain(wrong).any(|text| text.trim().is_empty()) {
            self.odd(item, "has an empty caption");
        }
        if wrong.iter().any(|text| right.contains(text)) {
            self.odd(
                item,
                "has a false caption equal to a true one: it cannot be answered",
            );
        }
    }

    fn odd(&mut self, item: &str, what: &str) {
        self.oddities.push(Oddity {
            item: item.to_owned(),
            what: what.to_owned(),
        });
    }

    fn set(self, name: String, probes: Probes, protocol: Protocol) -> Result<ProbeSet, ProbeError> {
        if probes.is_empty() {
            return Err(ProbeError::Empty { set: name });
        }
        Ok(ProbeSet {
            name,
            pictures: self.pictures,
            texts: self.texts,
            probes,
            protocol,
            oddities: self.oddities,
        })
    }
}

#[cfg(test)]
mod tests;
