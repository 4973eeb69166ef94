//! A set of questions with the images and texts that they refer to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::ProbeError;
use crate::kinds::{Index, Needs, Probes};
use cliprobe_score::TieRule;
use cliprobe_world::Scene;

/// A part of an image, in pixels from its top left corner, as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CropBox {
    /// Left edge; may lie outside the image, which is then filled with black, as Pillow does.
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
pub enum Image {
    /// A file, as the benchmark names it.
    File {
        /// Its name or relative path.
        name: String,
        /// The part that is shown, where it is not the whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crop: Option<CropBox>,
    },
    /// A scene of the generated world.
    Scene(Box<Scene>),
}

impl Image {
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
    /// Every item counts the same, and the accuracy of each group is given too.
    MicroAndGroups,
    /// Every item counts the same, and so does every set of items that belong together, which is right
    /// if all of its items are. An item's group is a path such as `cup_table/left-right`: items of
    /// one whole path are the first level's sets, each further level leaves out one more part from the
    /// end.
    MicroAndAllRight {
        /// What to call the metrics, e.g. `pair`, `set`.
        levels: Vec<String>,
    },
}

/// Something in a benchmark's file that a reader of its results should know. The item is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
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
    /// Distinct images.
    pub images: Vec<Image>,
    /// Distinct texts.
    pub texts: Vec<String>,
    /// The questions.
    pub probes: Probes,
    /// How the authors score them.
    pub protocol: Protocol,
    /// What is odd about the file.
    pub warnings: Vec<Warning>,
}

impl ProbeSet {
    /// Whether the empty text is needed too: the root of the hierarchy.
    pub fn needs_root(&self) -> bool {
        self.probes.questions().needs_root()
    }

    /// How many images and texts the questions name, repetitions counted: what a script encodes
    /// that goes from item to item.
    pub fn references(&self) -> (usize, usize) {
        let (mut images, mut texts) = (0, 0);
        self.probes
            .clone()
            .questions_mut()
            .for_each_index(&mut |index| match index {
                Index::Image(_) => images += 1,
                Index::Text(_) => texts += 1,
            });
        (images, texts)
    }

    /// Which texts an answer can need if only the images marked in `there` can be shown: those of a
    /// question that lacks an image need not be embedded. Chains and classes are compared with
    /// every image.
    ///
    /// # Panics
    /// If `there` has not an entry for every image.
    pub fn texts_needed(&self, there: &[bool]) -> Vec<bool> {
        assert_eq!(there.len(), self.images.len(), "one entry for every image");
        let mut needs = Needs::new(there, self.texts.len());
        self.probes.questions().need(&mut needs);
        needs.into_needed()
    }

    /// Keeps the first `limit` questions, and what they refer to.
    pub fn limited(mut self, limit: usize) -> Self {
        self.probes.questions_mut().truncate(limit);
        self.drop_unused();
        self
    }

    /// Makes one image of those that share a place: the same part of one file may stand in a list under
    /// several names (`a.jpg`, `img/a.jpg`). The first name stays; `images` keeps all of them, so that
    /// places of answers mean what they meant. Returns how many images stood under another name.
    ///
    /// # Panics
    /// If `places` has not an entry for every image.
    pub fn unite_images(&mut self, places: &[usize]) -> usize {
        assert_eq!(places.len(), self.images.len(), "one entry for every image");
        let mut firsts: HashMap<usize, usize> = HashMap::new();
        let first_of: Vec<usize> = places
            .iter()
            .enumerate()
            .map(|(image, place)| *firsts.entry(*place).or_insert(image))
            .collect();
        let united = first_of.len() - firsts.len();
        if united > 0 {
            let questions = self.probes.questions_mut();
            questions.for_each_index(&mut |index| {
                if let Index::Image(image) = index {
                    *image = first_of[*image];
                }
            });
            questions.images_united();
        }
        united
    }

    /// Forgets images and texts that no question refers to.
    fn drop_unused(&mut self) {
        let mut images = Kept::new(self.images.len());
        let mut texts = Kept::new(self.texts.len());
        let questions = self.probes.questions_mut();
        questions.for_each_index(&mut |index| match index {
            Index::Image(i) => images.place(i),
            Index::Text(i) => texts.place(i),
        });
        self.images = images.take(std::mem::take(&mut self.images));
        self.texts = texts.take(std::mem::take(&mut self.texts));
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

/// Collects distinct images and texts while a file is read.
#[derive(Default)]
pub(crate) struct Tables {
    images: Vec<Image>,
    texts: Vec<String>,
    image_index: HashMap<(String, Option<CropBox>), usize>,
    text_index: HashMap<String, usize>,
    warnings: Vec<Warning>,
}

impl Tables {
    /// An image file. `./a.jpg` and `img\\..\\a.jpg` are names of `a.jpg`.
    pub(crate) fn image(&mut self, name: &str, crop: Option<CropBox>) -> usize {
        let name = plain_path(name);
        *self
            .image_index
            .entry((name.clone(), crop))
            .or_insert_with(|| {
                self.images.push(Image::File { name, crop });
                self.images.len() - 1
            })
    }

    pub(crate) fn scene(&mut self, scene: Scene) -> usize {
        self.images.push(Image::Scene(Box::new(scene)));
        self.images.len() - 1
    }

    pub(crate) fn text(&mut self, text: &str) -> usize {
        if let Some(&index) = self.text_index.get(text) {
            return index;
        }
        self.texts.push(text.to_owned());
        self.text_index
            .insert(text.to_owned(), self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// Remembers what is odd about an item's texts: empty ones, and false ones equal to a true one.
    pub(crate) fn watch(&mut self, item: &str, right: &[&str], wrong: &[&str]) {
        if right.iter().chain(wrong).any(|text| text.trim().is_empty()) {
            self.warn(item, "has an empty caption");
        }
        if wrong.iter().any(|text| right.contains(text)) {
            self.warn(
                item,
                "has a false caption equal to a true one: it cannot be answered",
            );
        }
    }

    pub(crate) fn warn(&mut self, item: &str, what: &str) {
        self.warnings.push(Warning {
            item: item.to_owned(),
            what: what.to_owned(),
        });
    }

    pub(crate) fn set(
        self,
        name: String,
        probes: Probes,
        protocol: Protocol,
    ) -> Result<ProbeSet, ProbeError> {
        if probes.is_empty() {
            return Err(ProbeError::Empty { set: name });
        }
        Ok(ProbeSet {
            name,
            images: self.images,
            texts: self.texts,
            probes,
            protocol,
            warnings: self.warnings,
        })
    }
}

/// A path with `/` between its parts, without empty parts, `.` and, as far as they can be resolved,
/// `..`: tables made on Windows have backslashes, and one file is one image however it is written.
pub fn plain_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (place, part) in path.split(['/', '\\']).enumerate() {
        match (part, parts.last()) {
            // An empty first part is the root.
            ("", _) if place > 0 => {}
            (".", _) => {}
            ("..", Some(&last)) if last != ".." && !last.is_empty() => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    match parts.as_slice() {
        // Nothing but dots: no file, and its message should show it as it was written.
        [] | [""] => path.to_owned(),
        parts => parts.join("/"),
    }
}
