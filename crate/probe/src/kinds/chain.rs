//! Chains: an image and its captions from the most general to the most specific (HierarCaps).

use serde::{Deserialize, Serialize};

use super::{Aim, AnswerForm, Candidates, Detail, Index, Kind, Needs, Questions, Score, ScoreForm};
use crate::ProbeError;
use crate::evaluation::{Answer, EvaluateError, Evaluation, Scoring};
use crate::json::{self, JsonClass, JsonImage};
use crate::metric::{Metric, Unit};
use crate::set::{ProbeSet, Tables};
use cliprobe_score::hierarchy::{ChainEmbeddings, Mean, STEPS, TIERS, hierarcaps};

/// An image and its captions from the most general to the most specific.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its key in the benchmark.
    pub id: String,
    /// Index of the image.
    pub image: usize,
    /// Indices of the four tiers.
    pub tiers: [usize; 4],
}

/// What HierarCaps' retrieval found for an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainAnswer {
    /// The texts found, from general to specific, by their places in the set.
    pub found: Vec<usize>,
    /// The share of them that are the image's own.
    pub precision: f64,
    /// The share of the image's tiers that are found.
    pub recall: f64,
    /// The longest run of its own texts in the right order, over four.
    pub order_aware_recall: f64,
    /// Kendall's τ between tier and radius of its own texts.
    pub order_correlation: f64,
}

/// HierarCaps in numbers, over the chains whose image was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HierarchyScore {
    /// Mean precision of what is found for an image.
    pub precision: Mean,
    /// Mean recall.
    pub recall: Mean,
    /// τ_d: the mean over chains of Kendall's τ between radius and tier.
    pub order_correlation: Mean,
    /// Mean order-aware recall, which the authors compute and do not report.
    pub order_aware_recall: Mean,
    /// The number of levels.
    pub steps: usize,
}

const RECALL: &str = "recall";
const PRECISION: &str = "precision";
const ORDER_CORRELATION: &str = "order correlation τ_d";
const ORDER_AWARE_RECALL: &str = "order-aware recall";

impl Questions for Vec<Chain> {
    fn count(&self) -> usize {
        self.len()
    }

    fn for_each_index(&mut self, visit: &mut dyn FnMut(Index<'_>)) {
        for item in self {
            visit(Index::Image(&mut item.image));
            item.tiers.iter_mut().for_each(|i| visit(Index::Text(i)));
        }
    }

    fn truncate(&mut self, limit: usize) {
        Vec::truncate(self, limit);
    }

    fn need(&self, needs: &mut Needs<'_>) {
        needs.all();
    }

    fn needs_root(&self) -> bool {
        true
    }

    /// At 50 levels of radius around the root the nearest text is found. Every chain is a candidate
    /// for every image, also a chain whose own image is missing; means are over the chains whose
    /// image is there.
    fn score(&self, mut scoring: Scoring<'_>) -> Result<Evaluation, EvaluateError> {
        let Some(root) = scoring.root else {
            return Err(EvaluateError::NoRoot {
                set: scoring.set.name.clone(),
            });
        };
        let mut texts = Vec::with_capacity(self.len() * TIERS * root.len());
        let mut captions = Vec::with_capacity(self.len() * TIERS);
        for chain in self {
            for &tier in &chain.tiers {
                captions.push(scoring.set.texts[tier].as_str());
                texts.extend_from_slice(scoring.texts[tier].map_err(|why| {
                    EvaluateError::NothingToScore {
                        set: scoring.set.name.clone(),
                        items: self.len(),
                        why: format!("all chains are needed, but {}: {why}", chain.id),
                    }
                })?);
            }
        }
        let (mut images, mut of_chain) = (Vec::new(), Vec::new());
        for (number, chain) in self.iter().enumerate() {
            match scoring.images[chain.image] {
                Ok(row) => {
                    images.extend_from_slice(row);
                    of_chain.push(number);
                }
                Err(why) => scoring.skip(&chain.id, why),
            }
        }
        scoring.check_scored(of_chain.len())?;
        let embeddings = ChainEmbeddings {
            images: &images,
            texts: &texts,
            root,
        };
        let result = hierarcaps(embeddings, &captions, &of_chain, STEPS).map_err(|source| {
            EvaluateError::Hierarchy {
                set: scoring.set.name.clone(),
                source,
            }
        })?;
        let correlations = of_chain
            .iter()
            .map(|&number| result.chain_correlations[number]);
        let order_correlation = Mean::of(&correlations.collect::<Vec<_>>());
        for (&number, found) in of_chain.iter().zip(result.images) {
            let chain = &self[number];
            let text = |candidate: usize| self[candidate / TIERS].tiers[candidate % TIERS];
            scoring.answers.push(Answer {
                id: chain.id.clone(),
                group: String::new(),
                images: vec![chain.image],
                texts: chain.tiers.to_vec(),
                similarities: Vec::new(),
                right: None,
                detail: Detail::Chain(ChainAnswer {
                    found: found
                        .steps
                        .iter()
                        .map(|step| text(step.candidate))
                        .collect(),
                    precision: found.precision,
                    recall: found.recall,
                    order_aware_recall: found.order_aware_recall,
                    order_correlation: result.chain_correlations[number],
                }),
            });
        }
        let metrics = [
            (RECALL, result.recall, Unit::Share),
            (PRECISION, result.precision, Unit::Share),
            (ORDER_CORRELATION, order_correlation, Unit::Correlation),
            (ORDER_AWARE_RECALL, result.order_aware_recall, Unit::Share),
        ]
        .map(|(name, mean, unit)| Metric {
            interval: Some(mean.interval),
            ..Metric::plain(name, mean.value, mean.n, unit)
        });
        let score = HierarchyScore {
            precision: result.precision,
            recall: result.recall,
            order_correlation,
            order_aware_recall: result.order_aware_recall,
            steps: result.steps,
        };
        let scored = of_chain.len();
        Ok(scoring.finish(scored, metrics.to_vec(), Score::Hierarchy(score)))
    }

    fn note(&self, set: &ProbeSet, answer: &Answer) -> Option<String> {
        let Detail::Chain(chain) = &answer.detail else {
            return None;
        };
        let found: Vec<&str> = chain
            .found
            .iter()
            .filter_map(|&text| set.texts.get(text))
            .map(String::as_str)
            .collect();
        Some(format!(
            "{:.0} % of its tiers were found, among: {}",
            100.0 * chain.recall,
            found.join(" › ")
        ))
    }
}

impl AnswerForm for ChainAnswer {
    fn aim(&self) -> Aim {
        Aim::Hierarchy
    }

    fn marks(&self) -> Vec<(&'static str, bool)> {
        Vec::new()
    }

    fn is_right(&self) -> bool {
        // No metric counts a chain as a whole: right is what has nothing missing.
        self.recall >= 1.0
    }

    fn badness(&self) -> f64 {
        -self.recall
    }

    fn numbers(&self) -> Vec<(&'static str, f64)> {
        vec![
            (RECALL, self.recall),
            (PRECISION, self.precision),
            (ORDER_CORRELATION, self.order_correlation),
            (ORDER_AWARE_RECALL, self.order_aware_recall),
        ]
    }

    fn candidates(&self) -> Candidates {
        Candidates {
            all_texts: true,
            ..Candidates::default()
        }
    }
}

impl ScoreForm for HierarchyScore {
    fn aim(&self) -> Aim {
        Aim::Hierarchy
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object: an item")]
pub(crate) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(alias = "picture")]
    image: JsonImage,
    tiers: [String; 4],
}

impl Kind for Vec<Chain> {
    const NAME: &'static str = "chain";
    type Item = Item;

    fn from_items(
        items: Vec<Item>,
        _classes: Vec<JsonClass>,
        tables: &mut Tables,
    ) -> Result<Self, ProbeError> {
        json::numbered(
            items,
            |item| item.id.take(),
            |id, item| {
                let tiers: Vec<&str> = item.tiers.iter().map(String::as_str).collect();
                tables.watch(&id, &tiers, &[]);
                Ok(Chain {
                    image: tables.json_image(item.image),
                    tiers: item.tiers.map(|text| tables.text(&text)),
                    id,
                })
            },
        )
    }

    fn to_items(&self, set: &ProbeSet) -> (Vec<JsonClass>, Vec<Item>) {
        let items = self.iter().map(|item| Item {
            id: Some(item.id.clone()),
            group: String::new(),
            image: json::image(set, item.image),
            tiers: item.tiers.map(|i| set.texts[i].clone()),
        });
        (Vec::new(), items.collect())
    }
}
