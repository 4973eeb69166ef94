//! From an RGB image to a vision tower's input, as HF's slow `CLIPImageProcessor` does it:
//! resize, centre crop, rescale, normalise. What a checkpoint asks for is read from its
//! `preprocessor_config.json` or its OpenCLIP `preprocess_cfg`, one file for each.

mod hugging_face;
mod open_clip;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::image::{
    Exif, ImageError, MAX_PIXELS, Resample, RgbImage, Window, decode_then, resample,
};

/// OpenAI's channel means, the default of both HF and OpenCLIP.
pub const CLIP_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// OpenAI's channel deviations, the default of both HF and OpenCLIP.
pub const CLIP_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// The largest side that a configuration may ask for; the largest CLIP so far wants 576.
const MAX_SIDE: u32 = 8192;

/// How an image is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Not at all.
    Keep,
    /// The shorter side to this length, the longer one in proportion and rounded down.
    ShortestSide(u32),
    /// To this size, whatever the proportions.
    Exact {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("no resize"),
            Self::ShortestSide(side) => write!(f, "shortest side {side}"),
            Self::Exact { height, width } => write!(f, "resize {height}×{width}"),
        }
    }
}

/// What a checkpoint wants done to an image before its vision tower sees it.
///
/// Serialised, it is the JSON that a model file carries; reading it back checks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Preprocessing {
    /// Whether a file's EXIF orientation is followed. A checkpoint does not say; a person may.
    #[serde(default, skip_serializing_if = "is_applied")]
    pub exif: Exif,
    /// Scaling, first.
    pub resize: Resize,
    /// The scaling's filter.
    pub resample: Resample,
    /// Height and width of the centre crop after it; `None` keeps all.
    pub crop: Option<(u32, u32)>,
    /// What a sample of 0 to 255 is multiplied by; 1 where the checkpoint does not rescale.
    pub rescale_factor: f64,
    /// Subtracted from red, green and blue; 0 where the checkpoint does not normalise.
    pub mean: [f32; 3],
    /// What they are then divided by; 1 where the checkpoint does not normalise.
    pub std: [f32; 3],
}

/// Files of models say nothing about what is the rule.
fn is_applied(exif: &Exif) -> bool {
    *exif == Exif::Apply
}

/// [`Preprocessing`] as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    #[serde(default)]
    exif: Exif,
    resize: Resize,
    resample: Resample,
    crop: Option<(u32, u32)>,
    rescale_factor: f64,
    mean: [f32; 3],
    std: [f32; 3],
}

impl TryFrom<Unchecked> for Preprocessing {
    type Error = PreprocessingError;

    fn try_from(unchecked: Unchecked) -> Result<Self, Self::Error> {
        let Unchecked {
            exif,
            resize,
            resample,
            crop,
            rescale_factor,
            mean,
            std,
        } = unchecked;
        Self {
            exif,
            resize,
            resample,
            crop,
            rescale_factor,
            mean,
            std,
        }
        .checked()
    }
}

/// Why a configuration cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PreprocessingError {
    /// It asks for something that is not done here, or for nonsense.
    #[error("preprocessing: \"{key}\": {value} is not supported; expected {expected}")]
    Unsupported {
        /// The configuration's key.
        key: &'static str,
        /// Its value, as JSON.
        value: String,
        /// What would be understood.
        expected: &'static str,
    },
}

impl PreprocessingError {
    fn new(key: &'static str, value: impl fmt::Display, expected: &'static str) -> Self {
        Self::Unsupported {
            key,
            value: value.to_string(),
            expected,
        }
    }
}

impl Preprocessing {
    /// What OpenAI's own checkpoints want at this image size (224 for most).
    pub fn clip_default(image_size: u32) -> Self {
        Self {
            exif: Exif::Apply,
            resize: Resize::ShortestSide(image_size),
            resample: Resample::Bicubic,
            crop: Some((image_size, image_size)),
            rescale_factor: 1.0 / 255.0,
            mean: CLIP_MEAN,
            std: CLIP_STD,
        }
    }

    /// Refuses sizes of zero or beyond reason and numbers that are none.
    fn checked(self) -> Result<Self, PreprocessingError> {
        const SIDE: &str = "sides of 1 to 8192";
        let in_range = |side: u32| (1..=MAX_SIDE).contains(&side);
        let resize_fits = match self.resize {
            Resize::Keep => true,
            Resize::ShortestSide(side) => in_range(side),
            Resize::Exact { height, width } => in_range(height) && in_range(width),
        };
        if !resize_fits {
            return Err(PreprocessingError::new("size", self.resize, SIDE));
        }
        if let Some((height, width)) = self.crop
            && !(in_range(height) && in_range(width))
        {
            let value = format!("{height}×{width}");
            return Err(PreprocessingError::new("crop_size", value, SIDE));
        }
        if !self.rescale_factor.is_finite() {
            let value = self.rescale_factor;
            return Err(PreprocessingError::new("rescale_factor", value, "a number"));
        }
        if !self.mean.iter().all(|mean| mean.is_finite()) {
            let value = format!("{:?}", self.mean);
            return Err(PreprocessingError::new("mean", value, "finite numbers"));
        }
        if !self.std.iter().all(|std| std.is_normal()) {
            let value = format!("{:?}", self.std);
            let expected = "numbers that can be divided by";
            return Err(PreprocessingError::new("std", value, expected));
        }
        Ok(self)
    }

    /// One line for result files, such as
    /// `shortest side 224 bicubic, crop 224×224, ×1/255, mean […], std […]`.
    pub fn summary(&self) -> String {
        let filter = match self.resample {
            Resample::Bicubic => "bicubic",
            Resample::Bilinear => "bilinear",
        };
        let resize = match self.resize {
            Resize::Keep => self.resize.to_string(),
            resize => format!("{resize} {filter}"),
        };
        let crop = match self.crop {
            None => "no crop".to_owned(),
            Some((height, width)) => format!("crop {height}×{width}"),
        };
        // What nearly every file means, and nobody recognises written out.
        let factor = if self.rescale_factor == 1.0 / 255.0 {
            "×1/255".to_owned()
        } else {
            format!("×{}", self.rescale_factor)
        };
        let exif = match self.exif {
            Exif::Apply => "",
            Exif::Ignore => ", EXIF orientation ignored",
        };
        format!(
            "{resize}, {crop}, {factor}, mean {:?}, std {:?}{exif}",
            self.mean, self.std
        )
    }

    /// Decodes an image's file as [`Preprocessing::exif`] says, and hands it to `then`.
    ///
    /// Memory is shared as in [`decode_then`].
    ///
    /// # Errors
    /// A file that cannot be decoded.
    pub fn decode_then<T>(
        &self,
        file: &[u8],
        then: impl FnOnce(RgbImage) -> T,
    ) -> Result<T, ImageError> {
        decode_then(file, self.exif, then)
    }

    /// Scales and crops. An image smaller than the crop stands in black, the odd pixel of
    /// the margin before it, as in HF's `center_crop`.
    ///
    /// Only what survives the crop is computed, so extreme proportions cost nothing.
    ///
    /// # Errors
    /// [`ImageError::TooManyPixels`] if the result, for want of a crop, would have more than
    /// [`MAX_PIXELS`].
    pub fn apply(&self, image: &RgbImage) -> Result<CroppedImage, ImageError> {
        let (width, height) = (u64::from(image.width()), u64::from(image.height()));
        let (scaled_height, scaled_width) = match self.resize {
            Resize::Keep => (height, width),
            Resize::ShortestSide(side) if width <= height => {
                (longer_side(side, width, height), u64::from(side))
            }
            Resize::ShortestSide(side) => (u64::from(side), longer_side(side, height, width)),
            Resize::Exact { height, width } => (u64::from(height), u64::from(width)),
        };
        let (out_height, out_width) = match self.crop {
            None => (scaled_height, scaled_width),
            Some((height, width)) => (u64::from(height), u64::from(width)),
        };
        if (out_width.checked_mul(out_height)).is_none_or(|pixels| pixels > MAX_PIXELS) {
            return Err(ImageError::TooManyPixels {
                width: out_width,
                height: out_height,
            });
        }
        let rows = Overlap::new(scaled_height, out_height);
        let columns = Overlap::new(scaled_width, out_width);
        let window = Window {
            width: scaled_width,
            height: scaled_height,
            columns: columns.from..columns.from + columns.length,
            rows: rows.from..rows.from + rows.length,
        };
        let samples = resample(image, self.resample, &window);

        let plane = out_height as usize * out_width as usize;
        let mut data = vec![0; 3 * plane];
        for (y, row) in samples
            .chunks_exact(columns.length as usize * 3)
            .enumerate()
        {
            let at = (rows.to as usize + y) * out_width as usize + columns.to as usize;
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                for (channel, &sample) in pixel.iter().enumerate() {
                    data[channel * plane + at + x] = sample;
                }
            }
        }
        Ok(CroppedImage {
            height: out_height as u32,
            width: out_width as u32,
            data,
        })
    }
}

/// Python's `int(side * longer / shorter)`.
fn longer_side(side: u32, shorter: u64, longer: u64) -> u64 {
    ((u64::from(side) * longer) as f64 / shorter as f64) as u64
}

/// What a centred crop takes of one dimension, and where it puts it.
struct Overlap {
    from: u64,
    to: u64,
    length: u64,
}

impl Overlap {
    fn new(scaled: u64, wanted: u64) -> Self {
        Self {
            from: scaled.saturating_sub(wanted) / 2,
            to: wanted.saturating_sub(scaled).div_ceil(2),
            length: scaled.min(wanted),
        }
    }
}

/// An image as the vision tower's size wants it, not yet normalised.
#[derive(Clone, PartialEq, Eq)]
pub struct CroppedImage {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// `3 × height × width` samples: all of red, then green, then blue.
    pub data: Vec<u8>,
}

impl fmt::Debug for CroppedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CroppedImage({}×{})", self.width, self.height)
    }
}

impl CroppedImage {
    /// `3 × height × width` values, rescaled in double and normalised in single precision
    /// as NumPy does it for HF, to the last bit.
    pub fn pixel_values(&self, preprocessing: &Preprocessing) -> Vec<f32> {
        let plane = self.height as usize * self.width as usize;
        let mut values = Vec::with_capacity(3 * plane);
        for (channel, samples) in self.data.chunks_exact(plane.max(1)).enumerate().take(3) {
            let (mean, std) = (preprocessing.mean[channel], preprocessing.std[channel]);
            let table: [f32; 256] = std::array::from_fn(|sample| {
                let rescaled = (sample as f64 * preprocessing.rescale_factor) as f32;
                (rescaled - mean) / std
            });
            values.extend(samples.iter().map(|&sample| table[usize::from(sample)]));
        }
        values
    }
}

/// A number for both sides, or `[height, width]`.
fn square(key: &'static str, size: &Value) -> Result<(u32, u32), PreprocessingError> {
    let sides = match size.as_array().map(Vec::as_slice) {
        Some([height, width]) => side(height).zip(side(width)),
        _ => side(size).map(|side| (side, side)),
    };
    sides.ok_or_else(|| PreprocessingError::new(key, size, "a number, or height and width"))
}

fn side(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// Three numbers, or one for all channels.
fn channels(key: &'static str, value: &Value) -> Result<[f32; 3], PreprocessingError> {
    let number = |value: &Value| value.as_f64().map(|number| number as f32);
    match value.as_array().map(Vec::as_slice) {
        Some([red, green, blue]) => (|| Some([number(red)?, number(green)?, number(blue)?]))(),
        _ => number(value).map(|number| [number; 3]),
    }
    .ok_or_else(|| PreprocessingError::new(key, value, "three numbers"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_file_carries_comes_back() {
        let preprocessing = Preprocessing::clip_default(224);
        let text = serde_json::to_string(&preprocessing).unwrap();
        let back: Preprocessing = serde_json::from_str(&text).unwrap();
        assert_eq!(back, preprocessing);
        assert!(!text.contains("exif"), "{text}");
        let ignoring = Preprocessing {
            exif: Exif::Ignore,
            ..preprocessing
        };
        let back = serde_json::to_string(&ignoring).unwrap();
        assert_eq!(
            serde_json::from_str::<Preprocessing>(&back).unwrap(),
            ignoring
        );
        let huge = text.replace("\"shortest_side\":224", "\"shortest_side\":4000000000");
        assert_ne!(huge, text);
        let error = serde_json::from_str::<Preprocessing>(&huge).unwrap_err();
        assert!(error.to_string().contains("sides of 1 to 8192"), "{error}");
        assert!(
            error
                .to_string()
                .contains("\"size\": shortest side 4000000000 "),
            "{error}"
        );
    }

    #[test]
    fn the_summary_is_one_line() {
        assert_eq!(
            Preprocessing::clip_default(224).summary(),
            "shortest side 224 bicubic, crop 224×224, ×1/255, mean \
             [0.48145467, 0.4578275, 0.40821072], std [0.26862955, 0.2613026, 0.2757771]"
        );
        let ignoring = Preprocessing {
            exif: Exif::Ignore,
            ..Preprocessing::clip_default(224)
        };
        let summary = ignoring.summary();
        assert!(
            summary.ends_with("], EXIF orientation ignored"),
            "{summary}"
        );
    }

    /// `numpy.pad`-like placement of HF's `center_crop` for every parity.
    #[test]
    fn a_small_image_is_padded_with_the_odd_pixel_first() {
        let image = RgbImage::from_samples(2, 1, vec![9; 6]).unwrap();
        let preprocessing = Preprocessing {
            resize: Resize::Keep,
            crop: Some((2, 5)),
            ..Preprocessing::clip_default(224)
        };
        let cropped = preprocessing.apply(&image).unwrap();
        assert_eq!(&cropped.data[..10], [0, 0, 0, 0, 0, 0, 0, 9, 9, 0]);
    }

    #[test]
    fn an_endless_strip_costs_nothing_cropped_and_is_refused_uncropped() {
        let strip = RgbImage::from_samples(1, 3_000_000, vec![7; 9_000_000]).unwrap();
        let cropping = Preprocessing::clip_default(224);
        assert!(
            cropping
                .apply(&strip)
                .unwrap()
                .data
                .iter()
                .all(|&sample| sample == 7)
        );
        let whole = Preprocessing {
            crop: None,
            ..cropping
        };
        assert!(matches!(
            whole.apply(&strip),
            Err(ImageError::TooManyPixels { .. })
        ));
    }
}
