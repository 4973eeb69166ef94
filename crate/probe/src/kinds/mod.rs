//! The kinds of questions, a file each: what is asked, how it is scored, what an answer looks like,
//! what a gallery shows of it, and how a probe file writes it.
//!
//! Nothing outside this folder matches on a kind. To add one, write a file and a line in the list
//! at the end of this one.

mod caption_choice;
mod chain;
mod choice;
mod classification;
mod hard_positive;
mod image_choice;
mod pair;
mod retrieval;
mod text_triple;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::json::JsonClass;
use crate::set::{ProbeSet, Tables};
use crate::{ProbeError, json};
use cliprobe_score::{
    Accuracy, Choice, ClassificationScore, Classified, Grouped, HardPositive, HardPositiveScore,
    Placement, Square as SquareAnswer, SquareScore,
};

pub use caption_choice::CaptionChoice;
pub use chain::{Chain, ChainAnswer, HierarchyScore};
pub use classification::Classification;
pub use hard_positive::HardPositiveTriple;
pub use image_choice::ImageChoice;
pub use pair::Square;
pub use retrieval::{Retrieval, RetrievalScores};
pub use text_triple::TextTriple;

/// A reference from a question into its set.
pub(crate) enum Index<'a> {
    Image(&'a mut usize),
    Text(&'a mut usize),
}

/// Which texts an answer can need, if only some of the images are there.
pub(crate) struct Needs<'a> {
    there: &'a [bool],
    needed: Vec<bool>,
}

impl<'a> Needs<'a> {
    pub(crate) fn new(there: &'a [bool], texts: usize) -> Self {
        Self {
            there,
            needed: vec![false; texts],
        }
    }

    /// A question with these images and texts: without its images it needs no texts.
    pub(crate) fn question(&mut self, images: &[usize], texts: &[usize]) {
        if images.iter().all(|&image| self.there[image]) {
            texts.iter().for_each(|&text| self.needed[text] = true);
        }
    }

    /// Every text is compared with every image.
    pub(crate) fn all(&mut self) {
        self.needed.fill(true);
    }

    pub(crate) fn into_needed(self) -> Vec<bool> {
        self.needed
    }
}

/// The questions of one kind: what is asked, and how it is scored.
pub(crate) trait Questions {
    /// How many there are.
    fn count(&self) -> usize;
    /// Visits every reference to an image or a text.
    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>));
    /// Keeps the first `limit` questions.
    fn truncate(&mut self, limit: usize);
    /// Says which texts are needed.
    fn need(&self, needs: &mut Needs<'_>);
    /// Whether the empty text is needed too: the root of the hierarchy.
    fn needs_root(&self) -> bool {
        false
    }
    /// Is told that several images turned out to be one, after its indices were changed.
    fn images_united(&mut self) {}
    /// Scores them.
    fn score(&self, scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError>;
    /// Places of the images and texts to show with an answer: its own and, where it names only one
    /// side of a question, what should have been found.
    fn shown(&self, answer: &Answer) -> (Vec<usize>, Vec<usize>) {
        (answer.images.clone(), answer.texts.clone())
    }
    /// What is not seen in images and texts: a rank, or the share of a chain that was found.
    fn note(&self, _set: &ProbeSet, _answer: &Answer) -> Option<String> {
        None
    }
}

/// How a kind stands in probe files.
pub(crate) trait Kind: Questions + Sized {
    /// The value of `kind`.
    const NAME: &'static str;
    /// Former values of `kind`, still read.
    const FORMER_NAMES: &'static [&'static str] = &[];
    /// What one of its `items` has.
    type Item: Serialize + DeserializeOwned;
    /// Reads items; `classes` are those of the file, for kinds that have them.
    fn from_items(
        items: Vec<Self::Item>,
        classes: Vec<JsonClass>,
        tables: &mut Tables,
    ) -> Result<Self, ProbeError>;
    /// Writes items, and the classes where the kind has them.
    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Self::Item>);
}

/// What a model is good for, as papers weigh a gain in one against a loss in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// How words combine.
    Composition,
    /// Zero-shot classification.
    ZeroShot,
    /// Retrieval of captions and images.
    Retrieval,
    /// Which words contain which.
    Hierarchy,
}

impl Aim {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Composition,
        Self::ZeroShot,
        Self::Retrieval,
        Self::Hierarchy,
    ];
}

/// Among what an answer was sought, beyond the question's own options. Answers are comparable only
/// where this is equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Whether all texts of the set are candidates.
    pub all_texts: bool,
    /// How many candidates there were.
    pub count: Option<usize>,
    /// Which class was right, where there are classes.
    pub class: Option<usize>,
}

/// What can be said of an answer without knowing its kind.
pub trait AnswerForm {
    /// What it counts for.
    fn aim(&self) -> Aim {
        Aim::Composition
    }
    /// What is right or wrong about it, by the names of the metrics that count it.
    fn marks(&self) -> Vec<(&'static str, bool)>;
    /// The mark that the benchmark is known by: the strictest, or the first.
    fn main_mark(&self) -> Option<&'static str> {
        self.marks().first().map(|mark| mark.0)
    }
    /// Whether everything about it is right.
    fn is_right(&self) -> bool {
        self.marks().iter().all(|&(_, right)| right)
    }
    /// Whether the tie rule decided.
    fn is_tied(&self) -> bool {
        false
    }
    /// By how much the right one leads: in the comparison that went worst, or in those of one mark.
    fn margin(&self, _mark: Option<&str>) -> Option<f32> {
        None
    }
    /// How many wrong candidates stand before the right one.
    fn rank(&self) -> Option<usize> {
        None
    }
    /// The larger, the worse. Comparable within a set.
    fn badness(&self) -> f64 {
        let rank = self.rank().map_or(0.0, |rank| rank as f64);
        self.margin(None).map_or(rank, |margin| -f64::from(margin))
    }
    /// What metrics average that is neither right nor wrong, by their names.
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// Among what it was sought.
    fn candidates(&self) -> Candidates {
        Candidates::default()
    }
    /// Whether the text at `place` among those shown is true of the image, where that is known and
    /// there is one image. `right` is the option that is right.
    fn is_true(&self, _place: usize, _images: usize, _right: Option<usize>) -> Option<bool> {
        Some(true)
    }
}

/// An average over groups of which a score consists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupAverage {
    /// The metric's name.
    pub metric: &'static str,
    /// Whether it is the number that the benchmark is known by.
    pub is_main: bool,
}

/// What can be said of a set's score without knowing its kind.
pub trait ScoreForm {
    /// What it counts for.
    fn aim(&self) -> Aim {
        Aim::Composition
    }
    /// The average over groups, where it has one.
    fn group_average(&self) -> Option<GroupAverage> {
        None
    }
    /// Whether a group takes part in it.
    fn counts_group(&self, _group: &str) -> bool {
        true
    }
    /// CLIP_benchmark's names for the task and its metrics, where it knows them.
    fn clip_benchmark(&self) -> Option<(&'static str, Vec<(String, f64)>)> {
        None
    }
}

/// Makes [`Probes`], [`Detail`] and [`Score`] of the list of kinds: the one place that has them all.
macro_rules! kinds {
    ($(
        $(#[$about:meta])*
        $kind:ident($questions:ty)
        $(answers $( $(#[$about_answer:meta])* $answer:ident($form:ty) ),+ )?
        $(scores $( $(#[$about_score:meta])* $score:ident($numbers:ty) ),+ )?
        ;
    )+) => {
        /// The questions of a set, all of one kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Probes {
            $( $(#[$about])* $kind($questions), )+
        }

        impl Probes {
            pub(crate) fn questions(&self) -> &dyn Questions {
                match self { $( Self::$kind(questions) => questions, )+ }
            }

            pub(crate) fn questions_mut(&mut self) -> &mut dyn Questions {
                match self { $( Self::$kind(questions) => questions, )+ }
            }

            /// Reads the items of a probe file of the given kind.
            pub(crate) fn read(kind: &str, file: &str) -> Result<ProbeSet, ProbeError> {
                $( if kind == <$questions as Kind>::NAME
                    || <$questions as Kind>::FORMER_NAMES.contains(&kind)
                {
                    return json::read_items::<$questions>(file, Self::$kind);
                } )+
                Err(json::unknown_kind(kind, &[$( <$questions as Kind>::NAME ),+]))
            }

            /// Writes a set as a probe file.
            pub(crate) fn write(set: &ProbeSet) -> String {
                match &set.probes {
                    $( Self::$kind(questions) => json::write_items(set, questions), )+
                }
            }
        }

        /// What follows from an item's similarities.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Detail {
            $($( $( $(#[$about_answer])* $answer($form), )+ )?)+
        }

        impl Detail {
            /// The answer, whatever its kind.
            pub fn form(&self) -> &dyn AnswerForm {
                match self { $($( $( Self::$answer(answer) => answer, )+ )?)+ }
            }
        }

        /// The full result of a set, by its kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Score {
            $($( $( $(#[$about_score])* $score($numbers), )+ )?)+
        }

        impl Score {
            /// The score, whatever its kind.
            pub fn form(&self) -> &dyn ScoreForm {
                match self { $($( $( Self::$score(score) => score, )+ )?)+ }
            }
        }
    };
}

kinds! {
    /// SugarCrepe, ARO, and everything alike: one image, several captions.
    CaptionChoice(Vec<CaptionChoice>)
        answers /** One option was chosen. */ Choice(Choice)
        scores
            /** Of choices, over items. */ Accuracy(Accuracy),
            /** Of choices, by group. */ Grouped(Grouped);
    /// SVO-Probes: one caption, several images. Answered and scored as a choice of captions.
    ImageChoice(Vec<ImageChoice>);
    /// Winoground-style pairs: two images, two captions.
    Square(Vec<Square>)
        answers /** Two images and two captions were matched. */ Square(SquareAnswer)
        scores /** Of Winoground-style pairs. */ Square(SquareScore);
    /// Hard Positives: a caption, its rewording, and a false one.
    HardPositive(Vec<HardPositiveTriple>)
        answers /** A caption, its rewording and a false one were compared. */ HardPositive(HardPositive)
        scores /** Of hard-positive triples. */ HardPositive(HardPositiveScore);
    /// SugarCrepe++'s text-only test: two texts of one meaning and a third, without an image.
    TextTriple(Vec<TextTriple>)
        answers /** Three texts were compared. */ TextTriple(cliprobe_score::TextTriple);
    /// HierarCaps: captions from general to specific.
    Chain(Vec<Chain>)
        answers /** Texts were found for an image at every level of the hierarchy. */ Chain(ChainAnswer)
        scores /** Of chains. */ Hierarchy(HierarchyScore);
    /// Zero-shot classification.
    Classification(Classification)
        answers /** An image was classified. */ Classified(Classified)
        scores /** Of classification. */ Classification(ClassificationScore);
    /// Retrieval in both directions.
    Retrieval(Retrieval)
        answers
            /** An image's caption was looked for. */ CaptionFound(retrieval::CaptionFound),
            /** A caption's image was looked for. */ #[serde(alias = "picture_found")] ImageFound(retrieval::ImageFound)
        scores /** Of retrieval. */ Retrieval(RetrievalScores);
}

impl Probes {
    /// How many questions there are.
    pub fn len(&self) -> usize {
        self.questions().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The two outcomes of looking for the first right one among many.
fn recall(names: [&'static str; 3], placement: &Placement) -> Vec<(&'static str, bool)> {
    let found = [1, 5, 10].map(|k| placement.among_first(k).correct);
    names.into_iter().zip(found).collect()
}
