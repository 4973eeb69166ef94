//! What training learns from: samples as a source draws them, and the batch of a step as the
//! model computes it.

use std::ops::Range;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use cliprobe_clip::tokenizer::Tokenizer;
use cliprobe_engine::PackedTokens;

/// An image with its texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `[3, side, side]`, normalised by the model's own preprocessing.
    pub pixels: Vec<f32>,
    /// What it shows, in words.
    pub caption: String,
    /// False captions of the image; all of them are used.
    pub hard_negatives: Vec<String>,
    /// Another caption that says the same.
    pub hard_positive: Option<String>,
}

/// A chain of texts from general to specific, with a contradiction of each tier: contradiction k
/// contradicts tier k and entails tier k − 1 (HierarCaps).
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// From general to specific.
    pub tiers: [String; 4],
    /// One for each tier.
    pub contradictions: [String; 4],
}

/// Where samples or chains come from, without end.
pub trait Source<T>: Send + Sync {
    /// Draws the items `rows` of the batch of `step`. The recipe's seed, the step and the row alone
    /// decide which: a resumed run needs no position in the data, and each of several processes draws
    /// its own rows of the joined batch.
    fn draw(&self, step: u64, rows: Range<usize>) -> Result<Vec<T>>;
}

/// Which rows of a step's texts are what. They lie in this order: captions, hard negatives, hard
/// positives, chains, and the root ("") where there are chains.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Layout {
    /// Captions, as many as images: caption i is of image i.
    pub(crate) captions: usize,
    /// The pair that each hard negative belongs to, ascending.
    pub(crate) negative_of: Vec<u32>,
    /// The pair that each hard positive belongs to, ascending.
    pub(crate) positive_of: Vec<u32>,
    /// Chains, eight texts each: every chain's tier 1, every chain's tier 2, … tier 4, every
    /// chain's contradiction of tier 1, … of tier 4.
    pub(crate) chains: usize,
}

impl Layout {
    /// Rows of all texts.
    pub(crate) fn texts(&self) -> usize {
        self.root().end
    }

    /// Rows of the captions.
    pub(crate) fn captions(&self) -> Range<usize> {
        0..self.captions
    }

    /// Rows of the hard negatives.
    pub(crate) fn negatives(&self) -> Range<usize> {
        let start = self.captions;
        start..start + self.negative_of.len()
    }

    /// Rows of the hard positives.
    pub(crate) fn positives(&self) -> Range<usize> {
        let start = self.negatives().end;
        start..start + self.positive_of.len()
    }

    /// Rows of the chains' tiers and contradictions.
    pub(crate) fn chains(&self) -> Range<usize> {
        let start = self.positives().end;
        start..start + 8 * self.chains
    }

    /// The row of the root: one where there are chains, otherwise none.
    pub(crate) fn root(&self) -> Range<usize> {
        let start = self.chains().end;
        start..start + usize::from(self.chains > 0)
    }
}

/// What a step learns from, packed.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// `[pairs, 3, side, side]`; none where texts alone are learnt from.
    pub(crate) pixels: Option<Tensor>,
    /// Every text of the step.
    pub(crate) texts: PackedTokens,
    /// What the texts are.
    pub(crate) layout: Layout,
}

impl Batch {
    /// Number of images.
    pub(crate) fn images(&self) -> usize {
        self.pixels.as_ref().map_or(0, |pixels| pixels.dims()[0])
    }

    /// The batch with its images on a device.
    pub(crate) fn on(&self, device: &Device) -> Result<Self> {
        let pixels = self.pixels.as_ref().map(|pixels| pixels.to_device(device));
        Ok(Self {
            pixels: pixels.transpose()?,
            texts: self.texts.clone(),
            layout: self.layout.clone(),
        })
    }

    /// The images, captions and chains (with the root) of the batch, as far as they are asked for.
    pub(crate) fn part(&self, images: bool, captions: bool, chains: bool) -> Self {
        let of = &self.layout;
        let chains = chains.then(|| of.chains().start..of.root().end);
        let wanted = [captions.then(|| of.captions()), chains.clone()];
        let texts: Vec<&[u32]> = self.texts.each().collect();
        let texts = wanted
            .into_iter()
            .flatten()
            .flat_map(|rows| texts[rows].to_vec());
        Self {
            pixels: self.pixels.clone().filter(|_| images),
            texts: PackedTokens::new(texts),
            layout: Layout {
                captions: if captions { of.captions } else { 0 },
                chains: chains.map_or(0, |_| of.chains),
                ..Layout::default()
            },
        }
    }

    /// Packs what the sources gave for one step; `side` is that of the model's images in pixels.
    ///
    /// # Errors
    /// Neither samples nor chains, an image of another size, or a text that the tokenizer
    /// refuses.
    pub(crate) fn pack(
        samples: &[Sample],
        chains: &[Chain],
        tokenizer: &Tokenizer,
        side: usize,
    ) -> Result<Self> {
        ensure!(
            !samples.is_empty() || !chains.is_empty(),
            "a batch needs at least one sample or chain"
        );
        let owners = |count: &dyn Fn(&Sample) -> usize| -> Vec<u32> {
            let each = samples.iter().enumerate();
            each.flat_map(|(pair, sample)| std::iter::repeat_n(pair as u32, count(sample)))
                .collect()
        };
        let layout = Layout {
            captions: samples.len(),
            negative_of: owners(&|sample| sample.hard_negatives.len()),
            positive_of: owners(&|sample| usize::from(sample.hard_positive.is_some())),
            chains: chains.len(),
        };
        let tier = |k: usize| chains.iter().map(move |chain| &chain.tiers[k]);
        let contradiction = |k: usize| chains.iter().map(move |chain| &chain.contradictions[k]);
        let root = String::new();
        let texts = samples
            .iter()
            .map(|sample| &sample.caption)
            .chain(samples.iter().flat_map(|sample| &sample.hard_negatives))
            .chain(samples.iter().flat_map(|sample| &sample.hard_positive))
            .chain((0..4).flat_map(tier))
            .chain((0..4).flat_map(contradiction))
            .chain(layout.root().map(|_| &root));
        let texts = pack_texts(tokenizer, texts.map(String::as_str))?;
        let pixels = if samples.is_empty() {
            None
        } else {
            let mut values = Vec::with_capacity(samples.len() * 3 * side * side);
            for sample in samples {
                ensure!(
                    sample.pixels.len() == 3 * side * side,
                    "an image of {} values in a batch of images of {side} × {side} pixels",
                    sample.pixels.len()
                );
                values.extend_from_slice(&sample.pixels);
            }
            let shape = (samples.len(), 3, side, side);
            Some(Tensor::from_vec(values, shape, &Device::Cpu)?)
        };
        Ok(Self {
            pixels,
            texts,
            layout,
        })
    }
}

/// The texts' tokens up to those that are pooled, one text after another.
pub(crate) fn pack_texts<'a>(
    tokenizer: &Tokenizer,
    texts: impl Iterator<Item = &'a str>,
) -> Result<PackedTokens> {
    let encoded = texts
        .map(|text| {
            let tokens = tokenizer.encode(text)?;
            Ok(tokenizer.seen(&tokens).to_vec())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(PackedTokens::new(encoded.iter().map(Vec::as_slice)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// One token a text, which says what the text is.
    fn batch() -> Batch {
        let layout = Layout {
            captions: 2,
            negative_of: vec![0, 0, 1],
            positive_of: vec![1],
            chains: 1,
        };
        let ids: Vec<[u32; 1]> = (0..layout.texts() as u32).map(|id| [id]).collect();
        Batch {
            pixels: Some(
                Tensor::zeros((2, 3, 1, 1), candle_core::DType::F32, &Device::Cpu).unwrap(),
            ),
            texts: PackedTokens::new(ids.iter().map(|ids| &ids[..])),
            layout,
        }
    }

    #[test]
    fn roles_follow_each_other() {
        let layout = batch().layout;
        assert_eq!(layout.captions(), 0..2);
        assert_eq!(layout.negatives(), 2..5);
        assert_eq!(layout.positives(), 5..6);
        assert_eq!(layout.chains(), 6..14);
        assert_eq!(layout.root(), 14..15);
        assert_eq!(Layout::default().texts(), 0);
    }

    #[test]
    fn a_part_keeps_what_is_asked_for() {
        let part = batch().part(true, false, true);
        assert_eq!(part.images(), 2);
        assert_eq!(part.texts.ids, (6..15).collect::<Vec<_>>());
        assert_eq!((part.layout.captions, part.layout.chains), (0, 1));
        let part = batch().part(false, true, false);
        assert_eq!(part.images(), 0);
        assert_eq!(part.texts.ids, [0, 1]);
        assert_eq!(part.layout.texts(), 2);
    }
}
