//! What a step learns from: pictures and captions of the synthetic world, made while the model
//! computes.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, anyhow};
use candle_core::{Device, Tensor};
use cliprobe::clip::image::RgbImage;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::clip::tokenizer::Tokenizer;
use cliprobe::engine::PackedTokens;
use cliprobe::world::{
    Picture, Scene, Split, Wording, WordingParams, captions_of_every_word, draw, web_caption,
};

use super::recipe::{Recipe, TableauRecipe};
use super::vocabulary::Vocabulary;

/// Batches that wait for the model at most: one being drawn while one is ready evens out the
/// difference between steps, more would only hold memory.
const AHEAD: usize = 2;

/// Pictures and their captions, row i of one belonging to row i of the other.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// `[batch, 3, side, side]`, normalised as CLIP does.
    pub(crate) pixels: Tensor,
    pub(crate) tokens: PackedTokens,
}

/// The endless stream of pairs that a recipe describes.
pub(crate) struct Tableau {
    recipe: TableauRecipe,
    seed: u64,
    batch: usize,
    side: usize,
    tokenizer: Arc<Tokenizer>,
}

impl Tableau {
    pub(crate) fn new(recipe: &Recipe, tokenizer: Arc<Tokenizer>) -> Self {
        Self {
            recipe: recipe.data.tableau.clone(),
            seed: recipe.seed,
            batch: recipe.batch,
            side: recipe.model.vision.image,
            tokenizer,
        }
    }

    /// The batch of a step, decided by the run's seed and the step's number alone: a resumed
    /// run needs no place in the data to go on from.
    pub(crate) fn batch(&self, step: u64) -> Result<Batch> {
        let mut pictures = Vec::with_capacity(self.batch);
        let mut captions = Vec::with_capacity(self.batch);
        for index in 0..self.batch as u64 {
            let seed = Split::Training.seed(pair_number(self.seed, step, index));
            let scene = Scene::sample(seed, &self.recipe.scene);
            let mut rng = scene.caption_rng();
            let caption = web_caption(&scene, &mut rng, &self.recipe.captions);
            captions.push(caption.worded(Wording::sample(&WordingParams::default(), &mut rng)));
            pictures.push(draw(&scene, self.side as u32)?);
        }
        Ok(Batch {
            pixels: pixels(pictures, self.side)?,
            tokens: pack(&self.tokenizer, captions.iter().map(String::as_str))?,
        })
    }
}

/// A number that spreads over all of u64, whatever run, step and place it comes from
/// (SplitMix64's finaliser, Steele et al. 2014, over each in turn).
fn pair_number(seed: u64, step: u64, index: u64) -> u64 {
    [seed, step, index].into_iter().fold(0, |state: u64, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// Pictures as the model sees them, `[n, 3, side, side]`: by the library's own preprocessing,
/// so that training and use agree to the last bit.
pub(crate) fn pixels(pictures: Vec<Picture>, side: usize) -> Result<Tensor> {
    let preprocessing = Preprocessing::clip_default(side as u32);
    let count = pictures.len();
    let mut values = Vec::with_capacity(count * 3 * side * side);
    for Picture {
        width,
        height,
        data,
    } in pictures
    {
        let image = RgbImage::from_samples(width, height, data)?;
        values.extend(preprocessing.apply(&image)?.pixel_values(&preprocessing));
    }
    Ok(Tensor::from_vec(
        values,
        (count, 3, side, side),
        &Device::Cpu,
    )?)
}

/// The captions' tokens, one after another.
pub(crate) fn pack<'a>(
    tokenizer: &Tokenizer,
    captions: impl Iterator<Item = &'a str>,
) -> Result<PackedTokens> {
    let encoded = captions
        .map(|caption| Ok(tokenizer.encode(caption)?.ids))
        .collect::<Result<Vec<_>>>()?;
    Ok(PackedTokens::new(encoded.iter().map(Vec::as_slice)))
}

/// The vocabulary of the world's whole grammar, not of a recipe's mix: models trained on
/// different mixes have the same tokens.
pub(crate) fn vocabulary(limit: usize) -> Result<Vocabulary> {
    let captions = captions_of_every_word();
    Vocabulary::learn(captions.iter().map(String::as_str), limit)
}

/// Makes the batches of a range of steps on a thread of its own, a few ahead.
pub(crate) struct Loader {
    batches: Receiver<Result<Batch>>,
}

impl Loader {
    /// Starts at once; ends when the steps are made or the loader is dropped.
    pub(crate) fn spawn(
        make: impl Fn(u64) -> Result<Batch> + Send + 'static,
        steps: Range<u64>,
    ) -> Result<Self> {
        let (sender, batches) = sync_channel(AHEAD - 1);
        std::thread::Builder::new()
            .name("data".to_owned())
            .spawn(move || {
                for step in steps {
                    if sender.send(make(step)).is_err() {
                        return;
                    }
                }
            })
            .context("cannot start the thread that makes batches")?;
        Ok(Self { batches })
    }

    /// The next step's batch, waiting for it if need be.
    pub(crate) fn next(&self) -> Result<Batch> {
        self.batches
            .recv()
            .map_err(|_| anyhow!("the thread that makes batches ended early"))?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    fn tokenizer(recipe: &Recipe) -> Tokenizer {
        let vocabulary = vocabulary(recipe.model.text.vocabulary).unwrap();
        let config = recipe.clip_config(vocabulary.size).unwrap();
        Tokenizer::from_json(&vocabulary.json, &config.text).unwrap()
    }

    fn tableau(seed: u64) -> Tableau {
        let mut recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        recipe.seed = seed;
        Tableau::new(&recipe, Arc::new(tokenizer(&recipe)))
    }

    fn values(batch: &Batch) -> (Vec<f32>, PackedTokens) {
        let pixels = batch.pixels.flatten_all().unwrap().to_vec1().unwrap();
        (pixels, batch.tokens.clone())
    }

    #[test]
    fn a_step_always_has_the_same_batch_and_no_other_has_it() {
        let stream = tableau(1);
        let batch = stream.batch(3).unwrap();
        assert_eq!(
            batch.pixels.dims(),
            [stream.batch, 3, stream.side, stream.side]
        );
        assert_eq!(batch.tokens.captions(), stream.batch);
        assert_eq!(values(&batch), values(&stream.batch(3).unwrap()));
        assert_ne!(values(&batch).0, values(&stream.batch(4).unwrap()).0);
        assert_ne!(values(&batch).0, values(&tableau(2).batch(3).unwrap()).0);
    }

    #[test]
    fn pair_numbers_do_not_meet() {
        let mut seen = BTreeSet::new();
        for seed in 0..4 {
            for step in 0..50 {
                for index in 0..50 {
                    assert!(seen.insert(pair_number(seed, step, index)));
                }
            }
        }
    }

    #[test]
    fn pixels_are_normalised_by_channel() {
        let picture = Picture {
            width: 2,
            height: 2,
            data: vec![0, 255, 0, 255, 0, 51, 0, 0, 0, 0, 0, 0],
        };
        let pixels = pixels(vec![picture], 2).unwrap();
        assert_eq!(pixels.dims(), [1, 3, 2, 2]);
        let expected = [
            [0.0, 1.0].map(|x: f64| (x - 0.481_454_66) / 0.268_629_54),
            [1.0, 0.0].map(|x: f64| (x - 0.457_827_5) / 0.261_302_58),
            [0.0, 0.2].map(|x: f64| (x - 0.408_210_73) / 0.275_777_11),
        ];
        let upper = pixels.narrow(2, 0, 1).unwrap().flatten_all().unwrap();
        let got: Vec<f32> = upper.to_vec1().unwrap();
        for (got, expected) in got.iter().zip(expected.as_flattened()) {
            assert!((f64::from(*got) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn every_word_of_the_grammar_is_one_token() {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let tokenizer = tokenizer(&recipe);
        for (caption, words) in [
            ("a large red cat to the left of a small orange car", 12),
            ("two spotted cacti, which are underneath a shrub", 9),
            ("an animal", 2),
            ("a blue thing", 3),
        ] {
            assert_eq!(
                tokenizer.encode(caption).unwrap().ids.len(),
                words + 2,
                "{caption}"
            );
        }
    }

    #[test]
    fn loader_gives_the_steps_in_order_and_passes_errors_on() {
        let stream = tableau(1);
        let expected: Vec<_> = (5..8)
            .map(|step| values(&stream.batch(step).unwrap()))
            .collect();
        let loader = Loader::spawn(
            move |step| {
                if step < 8 {
                    stream.batch(step)
                } else {
                    Err(anyhow!("no step {step}"))
                }
            },
            5..9,
        )
        .unwrap();
        for batch in expected {
            assert_eq!(values(&loader.next().unwrap()), batch);
        }
        assert_eq!(loader.next().unwrap_err().to_string(), "no step 8");
        assert!(
            loader
                .next()
                .unwrap_err()
                .to_string()
                .contains("ended early")
        );
    }
}
