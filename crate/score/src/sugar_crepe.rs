//! SugarCrepe's seven subsets and the four ways in which papers average them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Accuracy, Estimate, ScoreError};

/// One of the seven files of SugarCrepe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the authors' names: how the negative was made
pub enum SugarCrepeSubset {
    ReplaceObj,
    ReplaceAtt,
    ReplaceRel,
    SwapObj,
    SwapAtt,
    AddObj,
    AddAtt,
}

impl SugarCrepeSubset {
    /// All seven, in the order of the papers' tables.
    pub const ALL: [Self; 7] = [
        Self::ReplaceObj,
        Self::ReplaceAtt,
        Self::ReplaceRel,
        Self::SwapObj,
        Self::SwapAtt,
        Self::AddObj,
        Self::AddAtt,
    ];

    /// The name of its file without `.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReplaceObj => "replace_obj",
            Self::ReplaceAtt => "replace_att",
            Self::ReplaceRel => "replace_rel",
            Self::SwapObj => "swap_obj",
            Self::SwapAtt => "swap_att",
            Self::AddObj => "add_obj",
            Self::AddAtt => "add_att",
        }
    }

    /// The coarse category it belongs to.
    pub const fn category(self) -> SugarCrepeCategory {
        match self {
            Self::ReplaceObj | Self::ReplaceAtt | Self::ReplaceRel => SugarCrepeCategory::Replace,
            Self::SwapObj | Self::SwapAtt => SugarCrepeCategory::Swap,
            Self::AddObj | Self::AddAtt => SugarCrepeCategory::Add,
        }
    }
}

/// How a negative caption was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SugarCrepeCategory {
    /// One word is replaced.
    Replace,
    /// Two words of the caption are exchanged.
    Swap,
    /// Something is added that is not there.
    Add,
}

impl SugarCrepeCategory {
    /// All three, in the order of the papers' tables.
    pub const ALL: [Self; 3] = [Self::Replace, Self::Swap, Self::Add];
}

/// One category, averaged both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SugarCrepeCoarse {
    /// Which.
    pub category: SugarCrepeCategory,
    /// Over its items: SugarCrepe's paper, Hard Positives.
    pub micro_average: Accuracy,
    /// Over its subsets: CLoVe.
    pub macro_average: Estimate,
}

/// SugarCrepe in numbers. Averages are given only over complete sets of subsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SugarCrepe {
    /// Per subset.
    pub subsets: BTreeMap<SugarCrepeSubset, Accuracy>,
    /// Per category all of whose subsets were scored.
    pub coarse: Vec<SugarCrepeCoarse>,
    /// CLoVe's “task avg.”: the mean of the three categories' macro averages.
    pub task_average: Option<Estimate>,
    /// CLoVe's last “avg.”: the mean of the seven subsets.
    pub subset_average: Option<Estimate>,
    /// Over all items of all seven subsets.
    pub micro_average: Option<Accuracy>,
}

impl SugarCrepe {
    /// Averages what was scored.
    ///
    /// # Errors
    /// [`ScoreError::NoItems`] without any subset.
    pub fn new(subsets: BTreeMap<SugarCrepeSubset, Accuracy>) -> Result<Self, ScoreError> {
        if subsets.is_empty() {
            return Err(ScoreError::NoItems {
                what: "SugarCrepe".into(),
            });
        }
        let mut coarse = Vec::new();
        for category in SugarCrepeCategory::ALL {
            let of_category = |subset: &SugarCrepeSubset| subset.category() == category;
            let parts: Vec<&Accuracy> = subsets
                .iter()
                .filter(|&(subset, _)| of_category(subset))
                .map(|(_, accuracy)| accuracy)
                .collect();
            let all = SugarCrepeSubset::ALL
                .iter()
                .filter(|&s| of_category(s))
                .count();
            if parts.len() == all {
                let what = "a SugarCrepe category";
                coarse.push(SugarCrepeCoarse {
                    category,
                    micro_average: Accuracy::micro(what, parts.iter().copied())?,
                    macro_average: Estimate::mean(what, parts.iter().map(|a| a.estimate()))?,
                });
            }
        }
        let complete = coarse.len() == SugarCrepeCategory::ALL.len();
        let when_complete =
            |average: Result<Estimate, ScoreError>| complete.then_some(average).transpose();
        Ok(Self {
            task_average: when_complete(Estimate::mean(
                "SugarCrepe",
                coarse.iter().map(|c| c.macro_average),
            ))?,
            subset_average: when_complete(Estimate::mean(
                "SugarCrepe",
                subsets.values().map(Accuracy::estimate),
            ))?,
            micro_average: complete
                .then(|| Accuracy::micro("SugarCrepe", subsets.values()))
                .transpose()?,
            coarse,
            subsets,
        })
    }
}
