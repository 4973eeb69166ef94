//! From an RGB image to a vision tower's input, as HF's slow `CLIPImageProcessor` does it:
//! resize, centre crop, rescale, normalise. What a checkpoint asks for is read from its
//! `preprocessor_config.json` or its OpenCLIP `preprocess_cfg`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::shortest_decimal;
use super::image::{ImageError, MAX_PIXELS, Resample, RgbImage, Window, resample};

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

/// What a checkpoint wants done to an image before its vision tower sees it.
///
/// Serialised, it is the JSON that a model file carries; reading it back checks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Preprocessing {
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

/// [`Preprocessing`] as a file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
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
            resize,
            resample,
            crop,
            rescale_factor,
            mean,
            std,
        } = unchecked;
        Self {
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
            resize: Resize::ShortestSide(image_size),
            resample: Resample::Bicubic,
            crop: Some((image_size, image_size)),
            rescale_factor: 1.0 / 255.0,
            mean: CLIP_MEAN,
            std: CLIP_STD,
        }
    }

    /// Reads an HF `preprocessor_config.json`, in its old form (`"size": 224`) or its new
    /// one (`"size": {"shortest_edge": 224}`). Missing keys have `CLIPImageProcessor`'s values.
    ///
    /// # Errors
    /// [`PreprocessingError`] names the key and the value that cannot be followed.
    pub fn from_hf_json(config: &Value) -> Result<Self, PreprocessingError> {
        let get = |key: &str| config.get(key).filter(|value| !value.is_null());
        let flag = |key: &'static str, default: bool| match get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(PreprocessingError::new(key, other, "true or false")),
        };
        for key in ["image_processor_type", "feature_extractor_type"] {
            // Other processors give the same keys other meanings and defaults.
            if let Some(kind) = get(key)
                && !kind.as_str().is_some_and(|kind| kind.starts_with("CLIP"))
            {
                return Err(PreprocessingError::new(key, kind, "a CLIP processor"));
            }
        }
        if flag("do_pad", false)? {
            return Err(PreprocessingError::new("do_pad", true, "no padding"));
        }
        let mut read = Self::clip_default(224);
        if let Some(size) = get("size") {
            read.resize = hf_resize(size)?;
        }
        if flag("use_square_size", false)?
            && let Resize::ShortestSide(side) = read.resize
        {
            read.resize = Resize::Exact {
                height: side,
                width: side,
            };
        }
        if let Some(code) = get("resample") {
            read.resample = match code.as_u64() {
                Some(2) => Resample::Bilinear,
                Some(3) => Resample::Bicubic,
                _ => {
                    let expected = "2 (bilinear) or 3 (bicubic)";
                    return Err(PreprocessingError::new("resample", code, expected));
                }
            };
        }
        if let Some(size) = get("crop_size") {
            read.crop = Some(hf_crop(size)?);
        }
        if let Some(factor) = get("rescale_factor") {
            read.rescale_factor = (factor.as_f64())
                .ok_or_else(|| PreprocessingError::new("rescale_factor", factor, "a number"))?;
        }
        if let Some(mean) = get("image_mean") {
            read.mean = channels("image_mean", mean)?;
        }
        if let Some(std) = get("image_std") {
            read.std = channels("image_std", std)?;
        }
        if !flag("do_resize", true)? {
            read.resize = Resize::Keep;
        }
        if !flag("do_center_crop", true)? {
            read.crop = None;
        }
        if !flag("do_rescale", true)? {
            read.rescale_factor = 1.0;
        }
        if !flag("do_normalize", true)? {
            (read.mean, read.std) = ([0.0; 3], [1.0; 3]);
        }
        read.checked()
    }

    /// Writes HF's `preprocessor_config.json` in its new form, every value spelled out.
    pub fn to_hf_json(&self) -> Value {
        let sides = |height: u32, width: u32| serde_json::json!({"height": height, "width": width});
        let mut json = serde_json::json!({
            "image_processor_type": "CLIPImageProcessor",
            "do_convert_rgb": true,
            "do_resize": self.resize != Resize::Keep,
            "resample": match self.resample {
                Resample::Bilinear => 2,
                Resample::Bicubic => 3,
            },
            "do_center_crop": self.crop.is_some(),
            "do_rescale": true,
            "rescale_factor": self.rescale_factor,
            "do_normalize": true,
            "image_mean": self.mean.map(shortest_decimal),
            "image_std": self.std.map(shortest_decimal),
        });
        match self.resize {
            Resize::Keep => {}
            Resize::ShortestSide(side) => json["size"] = serde_json::json!({"shortest_edge": side}),
            Resize::Exact { height, width } => json["size"] = sides(height, width),
        }
        if let Some((height, width)) = self.crop {
            json["crop_size"] = sides(height, width);
        }
        json
    }

    /// As the `preprocess_cfg` of OpenCLIP's `open_clip_config.json`, for a vision tower of this image
    /// size. `None` where OpenCLIP has no words for what is done.
    pub fn to_open_clip_json(&self, image_size: u32) -> Option<Value> {
        let json = serde_json::json!({
            "mode": "RGB",
            "mean": self.mean.map(shortest_decimal),
            "std": self.std.map(shortest_decimal),
            "interpolation": match self.resample {
                Resample::Bilinear => "bilinear",
                Resample::Bicubic => "bicubic",
            },
            "resize_mode": match self.resize {
                Resize::Exact { .. } => "squash",
                Resize::Keep | Resize::ShortestSide(_) => "shortest",
            },
        });
        let read = Self::from_open_clip_json(&json, image_size).ok();
        (read.as_ref() == Some(self)).then_some(json)
    }

    /// Reads the `preprocess_cfg` of an OpenCLIP configuration (null for none) for a vision
    /// tower of this image size. Missing keys have OpenCLIP's values.
    ///
    /// Where the crop cannot be centred, OpenCLIP rounds its offset half to even and HF
    /// down; HF's is used, so that a model gives the same numbers in both file forms.
    ///
    /// # Errors
    /// [`PreprocessingError`] names the key and the value that cannot be followed.
    pub fn from_open_clip_json(
        preprocess_cfg: &Value,
        image_size: u32,
    ) -> Result<Self, PreprocessingError> {
        let get = |key: &str| preprocess_cfg.get(key).filter(|value| !value.is_null());
        let mut read = Self::clip_default(image_size);
        if let Some(mode) = get("mode").filter(|mode| *mode != "RGB") {
            return Err(PreprocessingError::new("mode", mode, "\"RGB\""));
        }
        if let Some(size) = get("size")
            && square("size", size)? != (image_size, image_size)
        {
            let expected = "the vision tower's image size";
            return Err(PreprocessingError::new("size", size, expected));
        }
        if let Some(name) = get("interpolation") {
            read.resample = match name.as_str() {
                // "random" is for training; OpenCLIP evaluates with bicubic then.
                Some("bicubic" | "random") => Resample::Bicubic,
                Some("bilinear") => Resample::Bilinear,
                _ => {
                    let expected = "\"bicubic\" or \"bilinear\"";
                    return Err(PreprocessingError::new("interpolation", name, expected));
                }
            };
        }
        match get("resize_mode").map(|mode| (mode, mode.as_str())) {
            None | Some((_, Some("shortest"))) => {}
            Some((_, Some("squash"))) => {
                read.resize = Resize::Exact {
                    height: image_size,
                    width: image_size,
                };
                read.crop = None;
            }
            Some((mode, _)) => {
                let expected = "\"shortest\" or \"squash\"";
                return Err(PreprocessingError::new("resize_mode", mode, expected));
            }
        }
        if let Some(mean) = get("mean") {
            read.mean = channels("mean", mean)?;
        }
        if let Some(std) = get("std") {
            read.std = channels("std", std)?;
        }
        read.checked()
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
            let value = format!("{:?}", self.resize);
            return Err(PreprocessingError::new("size", value, SIDE));
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
            Resize::Keep => "no resize".to_owned(),
            Resize::ShortestSide(side) => format!("shortest side {side} {filter}"),
            Resize::Exact { height, width } => format!("resize {height}×{width} {filter}"),
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
        format!(
            "{resize}, {crop}, {factor}, mean {:?}, std {:?}",
            self.mean, self.std
        )
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

/// HF's `size`: a number is the shortest side.
fn hf_resize(size: &Value) -> Result<Resize, PreprocessingError> {
    const EXPECTED: &str = "a number, {\"shortest_edge\"} or {\"height\", \"width\"}";
    let unsupported = || PreprocessingError::new("size", size, EXPECTED);
    if let Some(side) = side(size) {
        return Ok(Resize::ShortestSide(side));
    }
    if size.is_array() {
        let (height, width) = square("size", size)?;
        return Ok(Resize::Exact { height, width });
    }
    let sides = size.as_object().ok_or_else(unsupported)?;
    let get = |key: &str| sides.get(key).and_then(side);
    match (get("shortest_edge"), get("height"), get("width")) {
        (Some(side), None, None) if sides.len() == 1 => Ok(Resize::ShortestSide(side)),
        (None, Some(height), Some(width)) if sides.len() == 2 => {
            Ok(Resize::Exact { height, width })
        }
        _ => Err(unsupported()),
    }
}

/// HF's `crop_size`: a number is both sides.
fn hf_crop(size: &Value) -> Result<(u32, u32), PreprocessingError> {
    let get = |key: &str| size.get(key).and_then(side);
    match (get("height"), get("width")) {
        (Some(height), Some(width)) => Ok((height, width)),
        _ => square("crop_size", size),
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
    use serde_json::json;

    #[test]
    fn both_hf_forms_and_no_keys_at_all_mean_clip() {
        let legacy = json!({"size": 224, "crop_size": 224, "resample": 3,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "do_normalize": true,
            "feature_extractor_type": "CLIPFeatureExtractor"});
        let new = json!({"size": {"shortest_edge": 224},
            "crop_size": {"height": 224, "width": 224}, "do_rescale": true,
            "rescale_factor": 0.00392156862745098, "image_processor_type": "CLIPImageProcessor"});
        for config in [legacy, new, json!({}), json!({"size": null})] {
            assert_eq!(
                Preprocessing::from_hf_json(&config).unwrap(),
                Preprocessing::clip_default(224),
                "{config}"
            );
        }
    }

    #[test]
    fn flags_are_folded_into_the_numbers() {
        let config = json!({"do_resize": false, "do_center_crop": false, "do_rescale": false,
            "do_normalize": false});
        let read = Preprocessing::from_hf_json(&config).unwrap();
        assert_eq!(read.resize, Resize::Keep);
        assert_eq!(read.crop, None);
        assert_eq!(read.rescale_factor, 1.0);
        assert_eq!((read.mean, read.std), ([0.0; 3], [1.0; 3]));
        let square = json!({"size": {"height": 300, "width": 200}, "resample": 2});
        let read = Preprocessing::from_hf_json(&square).unwrap();
        assert_eq!(
            (read.resize, read.resample),
            (
                Resize::Exact {
                    height: 300,
                    width: 200
                },
                Resample::Bilinear
            )
        );
    }

    #[test]
    fn what_is_written_for_hf_is_read_back() {
        let plain = Preprocessing::clip_default(224);
        let unusual = Preprocessing {
            resize: Resize::Exact {
                height: 32,
                width: 48,
            },
            resample: Resample::Bilinear,
            crop: None,
            rescale_factor: 0.5,
            mean: [0.0, 0.25, 0.1],
            std: [1.0, 0.3, 2.0],
        };
        let kept = Preprocessing {
            resize: Resize::Keep,
            crop: Some((20, 30)),
            ..plain.clone()
        };
        for preprocessing in [plain, unusual, kept] {
            let json = preprocessing.to_hf_json();
            assert_eq!(Preprocessing::from_hf_json(&json).unwrap(), preprocessing);
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (config, needle) in [
            (json!({"resample": 1}), "\"resample\": 1 "),
            (json!({"size": {"longest_edge": 5}}), "{\"longest_edge\":5}"),
            (
                json!({"size": {"shortest_edge": 224, "longest_edge": 500}}),
                "\"size\"",
            ),
            (json!({"size": 0}), "\"size\""),
            (json!({"size": 4_000_000_000u32}), "\"size\""),
            (json!({"crop_size": -1}), "\"crop_size\": -1"),
            (json!({"image_std": [1.0, 0.0, 1.0]}), "\"std\""),
            (json!({"image_mean": [1.0, 2.0]}), "\"image_mean\""),
            (json!({"do_resize": "yes"}), "\"do_resize\""),
            (
                json!({"image_processor_type": "ViTImageProcessor"}),
                "ViTImageProcessor",
            ),
        ] {
            let error = Preprocessing::from_hf_json(&config)
                .unwrap_err()
                .to_string();
            assert!(error.contains(needle), "{error}");
        }
    }

    #[test]
    fn open_clip_defaults_and_choices() {
        let read = |config: Value| Preprocessing::from_open_clip_json(&config, 240);
        assert_eq!(read(Value::Null).unwrap(), Preprocessing::clip_default(240));
        let squash = read(json!({"resize_mode": "squash", "interpolation": "bilinear",
            "mean": [0.5, 0.5, 0.5], "std": 0.5, "size": [240, 240]}))
        .unwrap();
        assert_eq!(
            squash,
            Preprocessing {
                resize: Resize::Exact {
                    height: 240,
                    width: 240
                },
                resample: Resample::Bilinear,
                crop: None,
                rescale_factor: 1.0 / 255.0,
                mean: [0.5; 3],
                std: [0.5; 3],
            }
        );
        for config in [
            json!({"resize_mode": "longest"}),
            json!({"interpolation": "lanczos"}),
            json!({"size": 224}),
            json!({"mode": "L"}),
        ] {
            assert!(read(config.clone()).is_err(), "{config}");
        }
    }

    #[test]
    fn what_a_model_file_carries_comes_back() {
        let preprocessing = Preprocessing::clip_default(224);
        let text = serde_json::to_string(&preprocessing).unwrap();
        let back: Preprocessing = serde_json::from_str(&text).unwrap();
        assert_eq!(back, preprocessing);
        let huge = text.replace("\"shortest_side\":224", "\"shortest_side\":4000000000");
        assert_ne!(huge, text);
        let error = serde_json::from_str::<Preprocessing>(&huge).unwrap_err();
        assert!(error.to_string().contains("sides of 1 to 8192"), "{error}");
    }

    #[test]
    fn the_summary_is_one_line() {
        assert_eq!(
            Preprocessing::clip_default(224).summary(),
            "shortest side 224 bicubic, crop 224×224, ×1/255, mean \
             [0.48145467, 0.4578275, 0.40821072], std [0.26862955, 0.2613026, 0.2757771]"
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

    #[test]
    fn open_clip_gets_what_it_has_words_for() {
        let clip = Preprocessing::clip_default(96);
        let json = clip.to_open_clip_json(96).unwrap();
        assert_eq!(Preprocessing::from_open_clip_json(&json, 96).unwrap(), clip);
        let squashed = Preprocessing {
            resize: Resize::Exact {
                height: 96,
                width: 96,
            },
            crop: None,
            ..clip.clone()
        };
        assert_eq!(
            squashed.to_open_clip_json(96).unwrap()["resize_mode"],
            "squash"
        );
        for other in [
            Preprocessing {
                resize: Resize::Keep,
                ..clip.clone()
            },
            Preprocessing {
                resize: Resize::ShortestSide(112),
                ..clip.clone()
            },
            Preprocessing {
                rescale_factor: 1.0,
                ..clip
            },
        ] {
            assert_eq!(other.to_open_clip_json(96), None, "{other:?}");
        }
    }
}
