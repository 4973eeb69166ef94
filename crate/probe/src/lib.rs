//! What is asked of a model: the kinds of probes, and one reader for each benchmark's own files.
//!
//! A [`ProbeSet`] is plain data: distinct images, distinct texts, and questions that refer to them
//! by index, so that whoever embeds does so once for each. Readers take the contents of files and
//! never open any themselves; [`ImageNames`] finds a benchmark's images among names of files.
//! [`evaluate`] turns embeddings into answers and metrics as the benchmark's authors do.
//!
//! A kind of question is a file in `kinds`. Everything else (results, galleries, comparisons, reports)
//! walks over answers and scores through [`AnswerForm`] and [`ScoreForm`], without knowing the kind.
//! This crate knows no model, no engine, no file system and no screen.

pub mod archive;
mod evaluation;
mod gallery;
mod image_names;
mod json;
mod kinds;
mod means;
mod metric;
pub mod pairing;
pub mod published;
mod readers;
pub mod results;
mod set;
mod summary;
pub mod table;
mod text;

pub use evaluation::{Answer, EvaluateError, Evaluation, Rows, Skipped, evaluate};
pub use gallery::{Filter, Gallery, ShownAnswer, ShownImage, ShownText};
pub use image_names::{Found, IMAGE_ENDINGS, ImageNames, is_image_name};
pub use json::{read_json, write_json};
pub use kinds::{
    Aim, AnswerForm, Candidates, CaptionChoice, Chain, ChainAnswer, Classification, Detail,
    GroupAverage, HardPositiveTriple, HierarchyScore, ImageChoice, Probes, Retrieval,
    RetrievalScores, Score, ScoreForm, Square, TextTriple,
};
pub use metric::{Better, Metric, Unit};
pub use readers::{
    BENCHMARKS, Benchmark, CLIP_TEMPLATES_7, CLIP_TEMPLATES_80, LabelledImage, Prompts, Source,
    SquareColumns, SquareGroup, TableOptions, class_folders, classification, find_class_folders,
    find_webdatasets, imagenet_class_names, read_crepe_productivity, read_crepe_systematicity,
    read_hard_positives, read_hierarcaps, read_mmvp, read_negbench_choice, read_negbench_retrieval,
    read_order, read_prompts, read_retrieval_csv, read_retrieval_json, read_retrieval_table,
    read_spec_captions, read_spec_images, read_squares, read_sugarcrepe, read_sugarcrepe_pp,
    read_sugarcrepe_pp_text, read_svo, read_text_list, read_valse, read_vg_attribution,
    read_vg_relation, read_vl_checklist, read_webdataset, read_whatsup, read_whatsup_pairs,
    read_winoground, tableau, tableau_name, tableau_sets,
};
pub use set::{Average, CropBox, Image, ProbeSet, Protocol, Warning, plain_path};
pub use summary::{Summary, summarise};
pub use text::decode_text;

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
    /// A folder is no data set, or an incomplete one.
    #[error("{set}: {message}")]
    Folder {
        /// The folder.
        set: String,
        /// What is wrong.
        message: String,
    },
    /// There is nothing to ask.
    #[error("{set}: there are no items in it")]
    Empty {
        /// What was being read.
        set: String,
    },
}

#[cfg(test)]
mod tests;
