//! The generated world: scenes drawn as they are needed, with captions of what is in them.

use std::ops::Range;

use anyhow::Result;
use cliprobe_clip::preprocessing::Preprocessing;
use cliprobe_engine::clip::prepare_decoded;
use cliprobe_evaluate::draw_scene;
use cliprobe_world::{
    Scene, SceneParams, Split, Wording, any_hard_positive, captions_of_every_word, chain,
    dense_caption, web_caption,
};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::dice::spread;
use crate::recipe::TableauRecipe;
use crate::sample::{Chain, Sample, Source};
use crate::vocabulary::Vocabulary;

/// Scenes of the generated world with captions as the web writes them, or with all that they show.
pub(crate) struct Tableau {
    recipe: TableauRecipe,
    seed: u64,
    preprocessing: Preprocessing,
    side: usize,
}

impl Tableau {
    /// `side` is that of the model's images, in pixels.
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
            side,
        }
    }

    /// The scene's caption, its hard negatives and its hard positive.
    fn texts(&self, scene: &Scene, rng: &mut ChaCha8Rng) -> (String, Vec<String>, Option<String>) {
        let claim = if rng.random_range(0..100) < self.recipe.dense_percent {
            dense_caption(scene, rng)
        } else {
            web_caption(scene, rng, &self.recipe.captions)
        };
        // One wording for all of them: how a caption is put must not tell whether it is true.
        let wording = Wording::sample(&self.recipe.wording, rng);
        let mut kinds = self.recipe.negative_kinds.clone();
        kinds.shuffle(rng);
        let negatives = kinds
            .into_iter()
            .filter_map(|kind| kind.of(&claim, scene, rng))
            .take(self.recipe.hard_negatives)
            .map(|negative| negative.worded(wording))
            .collect();
        let positive = self
            .recipe
            .hard_positives
            .then(|| any_hard_positive(&claim, rng))
            .flatten();
        let positive = positive.map(|positive| positive.to_string());
        (claim.worded(wording), negatives, positive)
    }
}

impl Source<Sample> for Tableau {
    fn draw(&self, step: u64, rows: Range<usize>) -> Result<Vec<Sample>> {
        rows.map(|row| {
            let seed = Split::Training.seed(spread([self.seed, step, row as u64]));
            let scene = Scene::sample(seed, &self.recipe.scene);
            let (caption, hard_negatives, hard_positive) =
                self.texts(&scene, &mut scene.caption_rng());
            Ok(Sample {
                // By the library's own preprocessing: training and use agree to the last bit.
                pixels: prepare_decoded(&draw_scene(&scene, self.side)?, &self.preprocessing)?
                    .pixels,
                caption,
                hard_negatives,
                hard_positive,
            })
        })
        .collect()
    }
}

/// Chains of captions of the generated world's scenes, which are not drawn.
pub(crate) struct TableauChains {
    pub(crate) scene: SceneParams,
    pub(crate) seed: u64,
}

/// Keeps the scenes of chains apart from those of pairs of the same step and row.
const CHAIN_STREAM: u64 = 1 << 32;

impl Source<Chain> for TableauChains {
    fn draw(&self, step: u64, rows: Range<usize>) -> Result<Vec<Chain>> {
        // A scene may allow no chain (a single plain thing has too little to say): another is taken.
        Ok(rows
            .map(|row| {
                (0..)
                    .find_map(|attempt: u64| {
                        let place = CHAIN_STREAM + row as u64;
                        let seed = spread([self.seed, step, place]).wrapping_add(attempt);
                        let scene = Scene::sample(Split::Training.seed(seed), &self.scene);
                        chain(&scene, &mut scene.caption_rng())
                    })
                    .expect("most scenes have a chain")
            })
            .map(|chain| Chain {
                tiers: chain.tiers.map(|claim| claim.to_string()),
                contradictions: chain.contradictions.map(|claim| claim.to_string()),
            })
            .collect())
    }
}

/// The vocabulary of the world's whole grammar, not of a recipe's mix: models trained on
/// different mixes have the same tokens.
pub(crate) fn vocabulary(limit: usize) -> Result<Vocabulary> {
    let captions = captions_of_every_word();
    Vocabulary::learn(captions.iter().map(String::as_str), limit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe_clip::image::RgbImage;
    use cliprobe_clip::tokenizer::Tokenizer;
    use cliprobe_world::HardNegative;

    use super::*;
    use crate::recipe::Recipe;

    fn tokenizer(recipe: &Recipe) -> Tokenizer {
        let model = recipe.model.as_ref().unwrap();
        let vocabulary = vocabulary(model.text.vocabulary).unwrap();
        let config = model.clip_config(vocabulary.size).unwrap();
        Tokenizer::from_json(&vocabulary.json, &config.text).unwrap()
    }

    fn tableau(seed: u64) -> Tableau {
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let preprocessing = Preprocessing::clip_default(32);
        Tableau::new(&recipe.data.tableau.unwrap(), seed, &preprocessing, 32)
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
    fn hard_negatives_are_of_the_kinds_asked_for() {
        let mut recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
        let tableau = recipe.data.tableau.as_mut().unwrap();
        tableau.hard_negatives = 1;
        tableau.negative_kinds = vec![HardNegative::SwapObject];
        tableau.dense_percent = 100;
        tableau.wording.synonym_percent = 0;
        let preprocessing = Preprocessing::clip_default(32);
        let stream = Tableau::new(tableau, 1, &preprocessing, 32);
        let samples = stream.draw(0, 0..64).unwrap();
        let edited: Vec<_> = samples
            .iter()
            .filter_map(|sample| Some((&sample.caption, sample.hard_negatives.first()?)))
            .collect();
        assert!(edited.len() > 8, "{}", edited.len());
        for (caption, negative) in edited {
            // Exchanged things are the same words in another order.
            let words = |text: &str| {
                let text = text.replace(',', "");
                let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
                words.retain(|word| !["a", "an", "is", "are"].contains(&word.as_str()));
                words.sort();
                words
            };
            assert_eq!(words(caption), words(negative), "{caption} / {negative}");
            assert_ne!(caption, negative);
        }
    }

    #[test]
    fn pixels_are_normalised_by_channel() {
        let data = vec![0, 255, 0, 255, 0, 51, 0, 0, 0, 0, 0, 0];
        let image = RgbImage::from_samples(2, 2, data).unwrap();
        let pixels = prepare_decoded(&image, &Preprocessing::clip_default(2))
            .unwrap()
            .pixels;
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
        let recipe = Recipe::parse(crate::TINY_RECIPE).unwrap();
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
}
