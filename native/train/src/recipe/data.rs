//! What a recipe says about data.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use cliprobe_caption::{NegativeKind, PositiveKind};
use cliprobe_world::{HardNegative, SceneParams, WebCaptionParams, WordingParams};
use serde::{Deserialize, Serialize};

use super::limits::within;

/// Where pairs of image and caption come from (at most one source), and where chains come from.
/// Relative paths are relative to the working directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// Pairs of the generated world, drawn when they are needed; no pair occurs twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tableau: Option<TableauRecipe>,
    /// Pairs in a CSV or TSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableRecipe>,
    /// Pairs in tar archives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webdataset: Option<WebdatasetRecipe>,
    /// Chains of captions, without images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hierarcaps: Option<HierarcapsRecipe>,
    /// Chains of captions of the generated world's scenes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tableau_chains: Option<TableauChainsRecipe>,
    /// Edits of the captions of a table or a webdataset.
    #[serde(default)]
    pub edits: EditsRecipe,
    /// Which part of an image of a table or a webdataset is used.
    #[serde(default)]
    pub crop: Crop,
    /// The most bad samples in per cent. If there are more after the first hundred, the run ends.
    #[serde(default = "DataRecipe::default_max_bad_percent")]
    pub max_bad_percent: f64,
    /// Number of threads that read and decode; one for each core by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,
}

/// The mix of scenes and captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableauRecipe {
    /// The scenes.
    #[serde(default)]
    pub scene: SceneParams,
    /// What a caption says, as on the web.
    #[serde(default)]
    pub captions: WebCaptionParams,
    /// How often a caption says all that the scene shows instead, in per cent.
    #[serde(default)]
    pub dense_percent: u32,
    /// How captions are worded.
    #[serde(default)]
    pub wording: WordingParams,
    /// Number of hard negatives of every caption, each of a different kind; fewer if the caption
    /// allows fewer.
    #[serde(default)]
    pub hard_negatives: usize,
    /// The kinds of these hard negatives.
    #[serde(default = "every_kind")]
    pub negative_kinds: Vec<HardNegative>,
    /// Whether every caption that offers one has a hard positive.
    #[serde(default)]
    pub hard_positives: bool,
}

fn every_kind() -> Vec<HardNegative> {
    HardNegative::ALL.to_vec()
}

/// Chains of the generated world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableauChainsRecipe {
    /// The scenes.
    #[serde(default)]
    pub scene: SceneParams,
}

/// A CSV or TSV file with OpenCLIP's columns, and NegCLIP's where it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRecipe {
    /// The file.
    pub path: PathBuf,
    /// The separator of the columns. By default the one that the header shows: a tab, a comma, a
    /// semicolon or a bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// The column of the images' files.
    #[serde(default = "TableRecipe::default_image", alias = "picture")]
    pub image: String,
    /// The column of the captions.
    #[serde(default = "TableRecipe::default_caption")]
    pub caption: String,
    /// Folders in which images are looked up by name, in any depth and in tar archives. Without
    /// any, paths are relative to the table's folder.
    #[serde(default)]
    pub images: Vec<PathBuf>,
    /// Whether every draw takes one hard negative, at random, from NegCLIP's column `neg_caption`.
    /// Rows without hard negatives are then left out.
    #[serde(default)]
    pub hard_negatives: bool,
    /// Whether every pair is followed by the pair of a similar image, chosen at random from NegCLIP's
    /// column `neg_image`, which holds row numbers of the same file, counted from 0.
    #[serde(default)]
    pub hard_images: bool,
}

impl TableRecipe {
    pub(crate) fn default_image() -> String {
        "filepath".to_owned()
    }

    pub(crate) fn default_caption() -> String {
        "title".to_owned()
    }
}

/// Local tar archives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebdatasetRecipe {
    /// Archives, folders of them, or patterns such as `shards/{00000..00041}.tar`.
    pub shards: Vec<String>,
    /// The key of `KEY.json` that has the caption, such as LAION-COCO's `top_caption`; without it
    /// the caption is what `KEY.txt` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption_key: Option<String>,
    /// Number of archives whose samples are mixed. Every archive is read once in an epoch.
    #[serde(default = "WebdatasetRecipe::default_at_once")]
    pub shards_at_once: usize,
}

impl WebdatasetRecipe {
    fn default_at_once() -> usize {
        8
    }
}

/// A file with the columns `positive` and `negative`, such as HierarCaps' `hierarcaps_train.csv.gz`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HierarcapsRecipe {
    /// A CSV file, or a gzipped one where the name ends in .gz.
    pub path: PathBuf,
    /// Another such file: rows of the images that its column `image_url` names are left out, so
    /// that no chain of a test image is trained on.
    #[serde(
        default,
        alias = "without_pictures_of",
        skip_serializing_if = "Option::is_none"
    )]
    pub without_images_of: Option<PathBuf>,
}

/// Which edits are made. For each caption a kind is chosen at random among those that it allows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EditsRecipe {
    /// Ways to make a caption false: replace (CLoVe), negclip, swap, swap-objects, swap-attributes, order.
    pub hard_negatives: Vec<NegativeKind>,
    /// Ways to say the same: swap, replace.
    pub hard_positives: Vec<PositiveKind>,
}

/// What is done to an image in training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Crop {
    /// The model's own resizing and centre crop, as in use.
    Evaluation,
    /// A random part of the image, resized to the model's square whatever its proportions
    /// (torchvision's `RandomResizedCrop`, as OpenCLIP trains).
    Random {
        /// The least and the largest share of the image's area; OpenCLIP's are 0.9 and 1.
        scale: [f64; 2],
    },
}

impl Default for Crop {
    fn default() -> Self {
        Self::Random { scale: [0.9, 1.0] }
    }
}

impl DataRecipe {
    /// 1 %: LAION's own tools lose about as many of the downloads that succeeded.
    fn default_max_bad_percent() -> f64 {
        1.0
    }

    /// Refuses contradictions; `pairs` is the size of a batch.
    ///
    /// # Errors
    /// The key that is wrong, and what to do.
    pub(crate) fn check(&self, pairs: usize) -> Result<()> {
        let sources: Vec<&str> = [
            ("tableau", self.tableau.is_some()),
            ("table", self.table.is_some()),
            ("webdataset", self.webdataset.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect();
        match sources.as_slice() {
            [] if self.hierarcaps.is_none() && self.tableau_chains.is_none() => {
                bail!(
                    "data has no source; give it tableau, table, webdataset, hierarcaps or tableau_chains"
                )
            }
            [first, second, ..] => {
                bail!("data has both {first} and {second}; pairs come from one source")
            }
            _ => {}
        }
        ensure!(
            self.hierarcaps.is_none() || self.tableau_chains.is_none(),
            "data has both hierarcaps and tableau_chains; chains come from one source"
        );
        if let Some(tableau) = &self.tableau {
            ensure!(
                tableau.hard_negatives <= tableau.negative_kinds.len(),
                "data.tableau.hard_negatives is {}, each of another kind, but negative_kinds has {}",
                tableau.hard_negatives,
                tableau.negative_kinds.len()
            );
        }
        let edits = !(self.edits.hard_negatives.is_empty() && self.edits.hard_positives.is_empty());
        ensure!(
            !edits || self.table.is_some() || self.webdataset.is_some(),
            "data.edits edits captions of a table or a webdataset, but the recipe has neither"
        );
        if let Some(table) = &self.table {
            ensure!(
                !table.hard_images || pairs.is_multiple_of(2),
                "data.table.hard_images makes two pairs of a row, but batch.pairs is {pairs}; take an even number"
            );
        }
        if let Some(webdataset) = &self.webdataset {
            within(
                "data.webdataset.shards_at_once",
                webdataset.shards_at_once,
                1,
                1_000_000,
            )?;
        }
        if let Crop::Random {
            scale: [least, most],
        } = self.crop
        {
            ensure!(
                0.0 < least && least <= most && most <= 1.0,
                "data.crop.random.scale is [{least}, {most}]; the shares must be above 0, at most 1, and ascending"
            );
        }
        ensure!(
            (0.0..=100.0).contains(&self.max_bad_percent),
            "data.max_bad_percent is {}; it must be from 0 to 100",
            self.max_bad_percent
        );
        if let Some(workers) = self.workers {
            within("data.workers", workers, 1, 1024)?;
        }
        Ok(())
    }
}
