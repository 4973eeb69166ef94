//! HierarCaps: does a model find an image's captions from general to specific?

use std::collections::BTreeSet;

#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{HierarchyError, Levels, RadiusKind, Step, radii};
use crate::Interval;

/// The tiers of a chain, from general to specific.
pub const TIERS: usize = 4;

/// The levels of the published protocol.
pub const STEPS: usize = 50;

/// Images whose similarities are held at once.
const BLOCK: usize = 128;

/// The benchmark's embeddings, row-major and normalised, of one width.
#[derive(Clone, Copy, Debug)]
pub struct ChainEmbeddings<'a> {
    /// Of the images, [m, width].
    pub images: &'a [f32],
    /// Of the chains' texts, [n, [`TIERS`], width].
    pub texts: &'a [f32],
    /// Of the empty caption, `[width]`.
    pub root: &'a [f32],
}

/// The mean of a number per item.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its 95 % interval by the standard error of the mean; the value alone for one item.
    pub interval: Interval,
    /// Items averaged.
    pub n: usize,
}

/// What was found for one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageChain {
    /// The texts found, from general to specific; `candidate` is [`TIERS`] × chain + tier.
    pub steps: Vec<Step>,
    /// The share of distinct texts found that are the image's own.
    pub precision: f64,
    /// The share of the image's tiers that are found, in whatever order.
    pub recall: f64,
    /// The longest run of its own texts found in the right order, over the number of tiers.
    pub order_aware_recall: f64,
}

/// HierarCaps in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HierarCaps {
    /// Mean precision. Structurally low (about 0.14): the first level finds the most general text of
    /// all chains for every image, which is nearly always wrong.
    pub precision: Mean,
    /// Mean recall.
    pub recall: Mean,
    /// τ_d (`d_corr`): the mean over all chains of Kendall's τ between radius and tier, from −1 to 1;
    /// chance 0. Images play no part in it.
    pub order_correlation: Mean,
    /// Mean order-aware recall: `calculate_Ro` in the authors' code, which they do not report.
    pub order_aware_recall: Mean,
    /// The number of levels.
    pub steps: usize,
    /// Per image.
    pub images: Vec<ImageChain>,
    /// Per chain its τ.
    pub chain_correlations: Vec<f64>,
}

/// HierarCaps' hierarchical retrieval, with the definitions of TAU-VAILab/hierarcaps
/// `hierarchical_retrieval.py`.
///
/// `captions` are the chains' texts, [n, [`TIERS`]] row-major, already trimmed; they are compared
/// exactly. `chains` gives for each image the chain that describes it. All chains are candidates
/// for all images, also those whose image is missing: leaving some out changes every result.
/// `steps` is [`STEPS`] in the published protocol.
///
/// # Errors
/// [`HierarchyError::Length`] where widths and numbers disagree, [`HierarchyError::Empty`],
/// [`HierarchyError::NoSuchChain`], [`HierarchyError::NotFinite`], [`HierarchyError::Steps`].
pub fn hierarcaps<S: AsRef<str> + Sync>(
    embeddings: ChainEmbeddings<'_>,
    captions: &[S],
    chains: &[usize],
    steps: usize,
) -> Result<HierarCaps, HierarchyError> {
    let ChainEmbeddings {
        images,
        texts,
        root,
    } = embeddings;
    let width = root.len();
    if width == 0 || captions.is_empty() || chains.is_empty() {
        return Err(HierarchyError::Empty {
            what: if width == 0 {
                "the root's embedding"
            } else if captions.is_empty() {
                "the list of chains"
            } else {
                "the list of images"
            },
        });
    }
    for (what, found, expected) in [
        (
            "the list of captions, four to a chain,",
            captions.len(),
            captions.len().next_multiple_of(TIERS),
        ),
        (
            "the matrix of text embeddings",
            texts.len(),
            captions.len() * width,
        ),
        (
            "the matrix of image embeddings",
            images.len(),
            chains.len() * width,
        ),
    ] {
        if found != expected {
            return Err(HierarchyError::Length {
                what,
                expected,
                found,
            });
        }
    }
    let count = captions.len() / TIERS;
    if let Some((image, &chain)) = chains.iter().enumerate().find(|&(_, &c)| c >= count) {
        return Err(HierarchyError::NoSuchChain {
            image,
            chain,
            chains: count,
        });
    }

    let kind = RadiusKind::Euclidean;
    let radii = radii(texts, root, kind)?;
    let levels = Levels::new(&radii, kind, steps)?;
    let chain_correlations: Vec<f64> = radii.chunks_exact(TIERS).map(order_correlation).collect();

    let score_image = |row: &[f32], chain: usize| {
        let steps = levels.traverse(row, captions)?;
        let truth = &captions[chain * TIERS..][..TIERS];
        Ok(score_traversal(steps, captions, truth))
    };
    let mut found: Vec<ImageChain> = Vec::with_capacity(chains.len());
    for (block, of_block) in images.chunks(BLOCK * width).zip(chains.chunks(BLOCK)) {
        let similarities = crate::similarities(block, texts, width)?;
        #[cfg(not(target_arch = "wasm32"))]
        let scored: Result<Vec<_>, HierarchyError> = similarities
            .par_chunks_exact(captions.len())
            .zip(of_block)
            .map(|(row, &chain)| score_image(row, chain))
            .collect();
        #[cfg(target_arch = "wasm32")]
        let scored: Result<Vec<_>, HierarchyError> = similarities
            .chunks_exact(captions.len())
            .zip(of_block)
            .map(|(row, &chain)| score_image(row, chain))
            .collect();
        found.extend(scored?);
    }
    let mean_of = |of: fn(&ImageChain) -> f64| Mean::of(&found.iter().map(of).collect::<Vec<_>>());
    Ok(HierarCaps {
        precision: mean_of(|image| image.precision),
        recall: mean_of(|image| image.recall),
        order_aware_recall: mean_of(|image| image.order_aware_recall),
        order_correlation: Mean::of(&chain_correlations),
        steps,
        images: found,
        chain_correlations,
    })
}

/// Scores a traversal against the texts that are known to belong to the image, from general to
/// specific. `captions` are all candidates' texts.
pub fn score_traversal<S: AsRef<str>, T: AsRef<str>>(
    steps: Vec<Step>,
    captions: &[S],
    truth: &[T],
) -> ImageChain {
    let of = truth.len().max(1) as f64;
    let text = |step: &Step| captions[step.candidate].as_ref();
    let found: BTreeSet<&str> = steps.iter().map(text).collect();
    let own: BTreeSet<&str> = truth.iter().map(AsRef::as_ref).collect();
    let right = found.intersection(&own).count();
    let tiers = truth.iter().filter(|t| found.contains(t.as_ref())).count();
    // The tiers of its own texts in the order found; of equal texts the first tier.
    let tiers_found: Vec<usize> = steps
        .iter()
        .filter_map(|step| truth.iter().position(|t| t.as_ref() == text(step)))
        .collect();
    ImageChain {
        precision: right as f64 / found.len().max(1) as f64,
        recall: tiers as f64 / of,
        order_aware_recall: longest_increasing_run(&tiers_found) as f64 / of,
        steps,
    }
}

/// The length of the longest stretch of neighbours that only increases.
fn longest_increasing_run(values: &[usize]) -> usize {
    values
        .chunk_by(|a, b| a < b)
        .map(<[usize]>::len)
        .max()
        .unwrap_or(0)
}

/// Kendall's τ of one chain: `kendalltau(argsort(radii), [1, 2, 3, 4])`. Equal radii keep the order
/// of their tiers, so they count as right.
pub(super) fn order_correlation(radii: &[f64]) -> f64 {
    let mut ranks: Vec<usize> = (0..radii.len()).collect();
    ranks.sort_by(|&a, &b| radii[a].total_cmp(&radii[b]));
    let (mut agreeing, mut pairs) = (0i32, 0i32);
    for (at, first) in ranks.iter().enumerate() {
        for second in &ranks[at + 1..] {
            agreeing += if first < second { 1 } else { -1 };
            pairs += 1;
        }
    }
    f64::from(agreeing) / f64::from(pairs)
}

impl Mean {
    /// Of at least one value; of none it is not a number.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
        let error = if values.len() > 1 {
            (squares / (n - 1.0) / n).sqrt()
        } else {
            0.0
        };
        Self {
            value,
            interval: Interval {
                low: value - crate::Z95 * error,
                high: value + crate::Z95 * error,
            },
            n: values.len(),
        }
    }
}
