//! What a step learns from: pictures and captions of the synthetic world, made while the model
//! computes.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, Result, anyhow};
use cliprobe::clip::image::RgbImage;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::world::{Level, Picture, Scene, SceneParams, Split, draw, web_caption};

use super::recipe::TableauRecipe;
use super::sample::{Batch, Sample, Source};
use super::vocabulary::Vocabulary;

/// Batches that wait for the model at most: one being drawn while one is ready evens out the
/// difference between steps, more would only hold memory.
const AHEAD: usize = 2;

/// Scenes whose captions make the vocabulary: every word of the grammar occurs in hundreds.
const VOCABULARY_SCENES: u64 = 4_000;

/// Scenes of the synthetic world with captions as the web writes them.
pub(crate) struct Tableau {
    recipe: TableauRecipe,
    seed: u64,
    preprocessing: Preprocessing,
    side: u32,
}

impl Tableau {
    /// `side` is that of the model's pictures, in pixels.
    pub(crate) fn new(
        recipe: &TableauRecipe,
        seed: u64,
        preprocessing: &Preprocessing,
        side: usize,
    ) -> Self {
        Self {
            recipe: recipe.clone(),
            seed,
            preprocessing: preprocessing.clone(),
            side: side as u32,
        }
    }
}

impl Source<Sample> for Tableau {
    fn draw(&self, step: u64, rows: Range<usize>) -> Result<Vec<Sample>> {
        rows.map(|row| {
            let seed = Split::Training.seed(pair_number(self.seed, step, row as u64));
            let scene = Scene::sample(seed, &self.recipe.scene);
            let caption = web_caption(&scene, &mut scene.caption_rng(), &self.recipe.captions);
            Ok(Sample {
                pixels: pixels(draw(&scene, self.side)?, &self.preprocessing)?,
                caption: caption.to_string(),
                hard_negatives: Vec::new(),
                hard_positive: None,
            })
        })
        .collect()
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

/// A picture as the model sees it, `[3, side, side]`: by the library's own preprocessing, so that
/// training and use agree to the last bit.
pub(crate) fn pixels(picture: Picture, preprocessing: &Preprocessing) -> Result<Vec<f32>> {
    let image = RgbImage::from_samples(picture.width, picture.height, picture.data)?;
    Ok(preprocessing.apply(&image)?.pixel_values(preprocessing))
}

/// The vocabulary of the world's whole grammar, not of a recipe's mix: models trained on
/// different mixes have the same tokens.
pub(crate) fn vocabulary(limit: usize) -> Result<Vocabulary> {
    let params = SceneParams::default();
    let captions: Vec<String> = (0..VOCABULARY_SCENES)
        .flat_map(|index| {
            let scene = Scene::sample(Split::Training.seed(index), &params);
            let mut rng = scene.caption_rng();
            let claims = Level::ALL.iter().map(|level| level.claim(&scene, &mut rng));
            claims
                .flatten()
                .map(|claim| claim.to_string())
                .collect::<Vec<_>>()
        })
        .collect();
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

    use anyhow::ensure;
    use candle_core::{Device, Tensor};
    use cliprobe::clip::tokenizer::Tokenizer;
    use cliprobe::engine::PackedTokens;

    use super::*;
    use crate::train::recipe::Recipe;
    use crate::train::sample::Layout;

    fn tokenizer(recipe: &Recipe) -> Tokenizer {
        let vocabulary = vocabulary(recipe.model.text.vocabulary).unwrap();
        let config = recipe.clip_config(vocabulary.size).unwrap();
        Tokenizer::from_json(&vocabulary.json, &config.text).unwrap()
    }

    fn tableau(seed: u64) -> Tableau {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let preprocessing = Preprocessing::clip_default(32);
        Tableau::new(&recipe.data.tableau, seed, &preprocessing, 32)
    }

    #[test]
    fn a_step_always_has_the_same_samples_and_no_other_has_them() {
        let stream = tableau(1);
        let samples = stream.draw(3, 0..8).unwrap();
        assert_eq!(samples.len(), 8);
        assert_eq!(samples[0].pixels.len(), 3 * 32 * 32);
        assert_eq!(stream.draw(3, 5..7).unwrap(), samples[5..7]);
        assert_ne!(stream.draw(4, 0..8).unwrap(), samples);
        assert_ne!(tableau(2).draw(3, 0..8).unwrap(), samples);
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
        let pixels = pixels(picture, &Preprocessing::clip_default(2)).unwrap();
        assert_eq!(pixels.len(), 12);
        let expected = [
            [0.0, 1.0].map(|x: f64| (x - 0.481_454_66) / 0.268_629_54),
            [1.0, 0.0].map(|x: f64| (x - 0.457_827_5) / 0.261_302_58),
            [0.0, 0.2].map(|x: f64| (x - 0.408_210_73) / 0.275_777_11),
        ];
        let upper = pixels.chunks(4).flat_map(|channel| &channel[..2]);
        for (got, expected) in upper.zip(expected.as_flattened()) {
            assert!((f64::from(*got) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn every_word_of_the_grammar_is_one_token() {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
        let tokenizer = tokenizer(&recipe);
        for (caption, words) in [
            ("a large red cat to the left of a small orange car", 12),
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
        let batch = |step: u64| Batch {
            pixels: Some(Tensor::new(&[[[[step as f32]]]], &Device::Cpu).unwrap()),
            texts: PackedTokens::default(),
            layout: Layout::default(),
        };
        let loader = Loader::spawn(
            move |step| {
                ensure!(step < 8, "no step {step}");
                Ok(batch(step))
            },
            5..9,
        )
        .unwrap();
        for step in 5..8 {
            let pixels = loader.next().unwrap().pixels.unwrap();
            assert_eq!(
                pixels.sum_all().unwrap().to_scalar::<f32>().unwrap(),
                step as f32
            );
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
