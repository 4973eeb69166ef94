//! From an image's file to what the image tower sees.

use anyhow::{Context, Result};
use cliprobe_clip::image::{ImageError, RgbImage};
use cliprobe_clip::preprocessing::{Preprocessing, Resize};
use rand::Rng;

use crate::recipe::Crop;

/// Widths to heights that a random crop may have; torchvision's default.
const RATIOS: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);
/// Crops tried before the largest central one is taken, as torchvision does.
const ATTEMPTS: usize = 10;

/// Crops, resizes and normalises images for one model.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    crop: Crop,
    /// For a crop that is chosen at random: no crop after the resizing.
    preprocessing: Preprocessing,
}

impl Transform {
    /// `side` is that of the model's images, in pixels.
    pub(super) fn new(crop: Crop, model: &Preprocessing, side: u32) -> Self {
        let preprocessing = match crop {
            Crop::Evaluation => model.clone(),
            Crop::Random { .. } => Preprocessing {
                resize: Resize::Exact {
                    height: side,
                    width: side,
                },
                crop: None,
                ..model.clone()
            },
        };
        Self {
            crop,
            preprocessing,
        }
    }

    /// `[3, side, side]`, normalised.
    ///
    /// # Errors
    /// A file that is no image, or too large a one; `name` is its name.
    pub(super) fn pixels(&self, name: &str, file: &[u8], dice: &mut impl Rng) -> Result<Vec<f32>> {
        self.preprocessing
            .decode_then(file, |image| self.apply(image, dice))
            .flatten()
            .with_context(|| name.to_owned())
    }

    fn apply(&self, image: RgbImage, dice: &mut impl Rng) -> Result<Vec<f32>, ImageError> {
        let image = match self.crop {
            Crop::Evaluation => image,
            Crop::Random { scale } => {
                let [x, y, width, height] = random_part(image.width(), image.height(), scale, dice);
                image.crop(x as i32, y as i32, width, height)?
            }
        };
        let prepared = self.preprocessing.apply(&image)?;
        Ok(prepared.pixel_values(&self.preprocessing))
    }
}

/// Left, top, width and height of a random part of an image: `RandomResizedCrop.get_params`.
fn random_part(width: u32, height: u32, scale: [f64; 2], dice: &mut impl Rng) -> [u32; 4] {
    let (w, h) = (f64::from(width), f64::from(height));
    for _ in 0..ATTEMPTS {
        let area = w * h * between(scale[0], scale[1], dice);
        let ratio = between(RATIOS.0.ln(), RATIOS.1.ln(), dice).exp();
        let part_width = (area * ratio).sqrt().round_ties_even();
        let part_height = (area / ratio).sqrt().round_ties_even();
        if (1.0..=w).contains(&part_width) && (1.0..=h).contains(&part_height) {
            let (part_width, part_height) = (part_width as u32, part_height as u32);
            let y = dice.random_range(0..=height - part_height);
            let x = dice.random_range(0..=width - part_width);
            return [x, y, part_width, part_height];
        }
    }
    let (part_width, part_height) = if w / h < RATIOS.0 {
        (width, (w / RATIOS.0).round_ties_even() as u32)
    } else if w / h > RATIOS.1 {
        ((h * RATIOS.1).round_ties_even() as u32, height)
    } else {
        (width, height)
    };
    let (part_width, part_height) = (part_width.clamp(1, width), part_height.clamp(1, height));
    [
        (width - part_width) / 2,
        (height - part_height) / 2,
        part_width,
        part_height,
    ]
}

fn between(low: f64, high: f64, dice: &mut impl Rng) -> f64 {
    low + (high - low) * dice.random::<f64>()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::dice::dice;
    use super::*;

    #[test]
    fn random_parts_have_the_size_and_proportions_asked_for() {
        let mut dice = dice([3]);
        let mut places = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let [x, y, w, h] = random_part(400, 300, [0.9, 1.0], &mut dice);
            assert!(x + w <= 400 && y + h <= 300);
            let share = f64::from(w * h) / (400.0 * 300.0);
            assert!((0.895..1.005).contains(&share), "{w} × {h}");
            let ratio = f64::from(w) / f64::from(h);
            assert!((0.745..1.34).contains(&ratio), "{w} × {h}");
            places.insert((x, y, w, h));
        }
        assert!(places.len() > 100);
    }

    /// As in torchvision, no part of 90 % of a photo in 3:2 has one of the proportions allowed.
    #[test]
    fn what_is_too_long_gives_its_middle() {
        let mut dice = dice([3]);
        assert_eq!(
            random_part(1000, 30, [0.9, 1.0], &mut dice),
            [480, 0, 40, 30]
        );
        assert_eq!(
            random_part(30, 1000, [0.9, 1.0], &mut dice),
            [0, 480, 30, 40]
        );
        assert_eq!(
            random_part(600, 400, [0.9, 1.0], &mut dice),
            [33, 0, 533, 400]
        );
        assert_eq!(random_part(1, 1, [0.9, 1.0], &mut dice), [0, 0, 1, 1]);
    }

    #[test]
    fn training_can_see_what_use_sees() {
        let file = include_bytes!("../../../../tests/golden/images/06_gray_257x311.png");
        let model = Preprocessing::clip_default(32);
        let mut dice = dice([1]);
        let as_used = Transform::new(Crop::Evaluation, &model, 32);
        let image = cliprobe_clip::image::decode(file).unwrap();
        let expected = model.apply(&image).unwrap().pixel_values(&model);
        assert!(as_used.pixels("a.png", file, &mut dice).unwrap() == expected);

        let random = Transform::new(Crop::default(), &model, 32);
        let pixels = random.pixels("a.png", file, &mut dice).unwrap();
        assert_eq!(pixels.len(), 3 * 32 * 32);
        assert!(pixels != random.pixels("a.png", file, &mut dice).unwrap());
        // The same colours on the whole.
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean(&pixels) - mean(&expected)).abs() < 0.2);

        let error = random
            .pixels("b.png", &file[..5000], &mut dice)
            .unwrap_err();
        assert!(error.to_string().contains("b.png"), "{error:#}");
    }
}
