//! OpenCLIP's `preprocess_cfg`, a part of `open_clip_config.json`.

use serde_json::Value;

use super::{Preprocessing, PreprocessingError, Resize, channels, square};
use crate::config::shortest_decimal;
use crate::image::Resample;

impl Preprocessing {
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
        let read = Self::from_open_clip_json(&json, image_size).ok()?;
        let wanted = Self {
            exif: read.exif, // not a checkpoint's word
            ..self.clone()
        };
        (read == wanted).then_some(json)
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
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::image::Exif;
    use serde_json::json;

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
                exif: Exif::Apply,
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
