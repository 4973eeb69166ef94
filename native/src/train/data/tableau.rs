//! The synthetic world: scenes drawn as they are needed, with captions of what is in them.

use std::ops::Range;

use anyhow::Result;
use cliprobe::clip::image::RgbImage;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::world::{Level, Picture, Scene, SceneParams, Split, draw, web_caption};

use super::dice::spread;
use super::recipe::TableauRecipe;
use crate::train::sample::{Sample, Source};
use crate::train::vocabulary::Vocabulary;

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
            let seed = Split::Training.seed(spread([self.seed, step, row as u64]));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use cliprobe::clip::tokenizer::Tokenizer;

    use super::*;
    use crate::train::recipe::Recipe;

    fn tokenizer(recipe: &Recipe) -> Tokenizer {
        let vocabulary = vocabulary(recipe.model.text.vocabulary).unwrap();
        let config = recipe.clip_config(vocabulary.size).unwrap();
        Tokenizer::from_json(&vocabulary.json, &config.text).unwrap()
    }

    fn tableau(seed: u64) -> Tableau {
        let recipe = Recipe::parse(crate::train::TINY_RECIPE).unwrap();
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
}
