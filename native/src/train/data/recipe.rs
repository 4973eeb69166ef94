//! What a recipe says about data.

use anyhow::{Result, bail, ensure};
use cliprobe::world::{HardNegative, SceneParams, WebCaptionParams, WordingParams};
use serde::{Deserialize, Serialize};

pub(crate) use super::edits::EditsRecipe;
pub(crate) use super::hierarcaps::HierarcapsRecipe;
pub(crate) use super::table::TableRecipe;
pub(crate) use super::transform::Crop;
pub(crate) use super::webdataset::WebdatasetRecipe;

/// Where pairs of picture and caption come from, one table named after the source, and chains.
/// Paths begin where the command is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataRecipe {
    /// The synthetic world, drawn as it is needed: no pair is ever seen twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tableau: Option<TableauRecipe>,
    /// Pairs in a CSV or TSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableRecipe>,
    /// Pairs in tar archives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webdataset: Option<WebdatasetRecipe>,
    /// Chains of captions, without pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hierarcaps: Option<HierarcapsRecipe>,
    /// Chains of captions of the synthetic world's scenes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tableau_chains: Option<TableauChainsRecipe>,
    /// Edits of the captions of a table or a webdataset.
    #[serde(default)]
    pub(crate) edits: EditsRecipe,
    /// What part of a picture of a table or a webdataset is seen.
    #[serde(default)]
    pub(crate) crop: Crop,
    /// How many of a hundred samples may be bad, after the first hundred; more end the run.
    #[serde(default = "DataRecipe::default_max_bad_percent")]
    pub(crate) max_bad_percent: f64,
    /// Threads that read and decode; as many as there are cores where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workers: Option<usize>,
}

/// The mix of scenes and captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableauRecipe {
    pub(crate) scene: SceneParams,
    /// What a caption says, as on the web.
    pub(crate) captions: WebCaptionParams,
    /// How often a caption says all that the scene shows instead, in per cent.
    #[serde(default)]
    pub(crate) dense_percent: u32,
    /// How captions are put.
    #[serde(default)]
    pub(crate) wording: WordingParams,
    /// Hard negatives of every caption, each of another kind, as far as it offers them.
    #[serde(default)]
    pub(crate) hard_negatives: usize,
    /// Of which kinds they may be.
    #[serde(default = "every_kind")]
    pub(crate) negative_kinds: Vec<HardNegative>,
    /// Whether every caption that offers one has a hard positive.
    #[serde(default)]
    pub(crate) hard_positives: bool,
}

fn every_kind() -> Vec<HardNegative> {
    HardNegative::ALL.to_vec()
}

/// Chains of the synthetic world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableauChainsRecipe {
    pub(crate) scene: SceneParams,
}

impl DataRecipe {
    /// LAION's own tools lose about as many of a hundred downloads that succeeded.
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
            "data.edits are of the captions of a table or a webdataset, and there is neither"
        );
        if let Some(table) = &self.table {
            ensure!(
                !table.hard_images || pairs.is_multiple_of(2),
                "data.table.hard_images makes two pairs of a row, but batch.pairs is {pairs}; take an even number"
            );
        }
        if let Some(webdataset) = &self.webdataset {
            ensure!(
                webdataset.shards_at_once > 0,
                "data.webdataset.shards_at_once is 0; it must be at least 1"
            );
        }
        if let Crop::Random {
            scale: [least, most],
        } = self.crop
        {
            ensure!(
                0.0 < least && least <= most && most <= 1.0,
                "data.crop.random.scale is [{least}, {most}]; shares of the area ascend from above 0 to 1"
            );
        }
        ensure!(
            (0.0..=100.0).contains(&self.max_bad_percent),
            "data.max_bad_percent is {}; it lies from 0 to 100",
            self.max_bad_percent
        );
        ensure!(
            self.workers != Some(0),
            "data.workers is 0; it must be at least 1"
        );
        Ok(())
    }
}
