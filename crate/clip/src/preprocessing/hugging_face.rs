//! Hugging Face's `preprocessor_config.json`.

use serde_json::Value;

use super::{Preprocessing, PreprocessingError, Resize, channels, side, square};
use crate::config::shortest_decimal;
use crate::image::Resample;

impl Preprocessing {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::image::Exif;
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
            exif: Exif::Apply,
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
}
