//! Keys of a JSON object, in either dialect.

use serde_json::Value;

use crate::error::ClipError;

/// Reads keys of a JSON object, naming the one that is wrong.
pub(super) struct Keys<'a> {
    pub(super) object: &'a Value,
    /// What stands before a key's name in messages.
    pub(super) path: &'a str,
}

impl Keys<'_> {
    pub(super) fn usize_or(&self, key: &str, default: usize) -> Result<usize, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| self.wrong(key, value, "a whole number")),
        }
    }

    pub(super) fn f64_or(&self, key: &str, default: f64) -> Result<f64, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| self.wrong(key, value, "a number")),
        }
    }

    pub(super) fn f32_or(&self, key: &str, default: f32) -> Result<f32, ClipError> {
        Ok(self.f64_or(key, f64::from(default))? as f32)
    }

    pub(super) fn bool_or(&self, key: &str, default: bool) -> Result<bool, ClipError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong(key, value, "true or false")),
        }
    }

    pub(super) fn required(&self, key: &str) -> Result<usize, ClipError> {
        if self.object.get(key).is_none() {
            return Err(ClipError::MissingConfig {
                key: format!("{}{key}", self.path),
            });
        }
        self.usize_or(key, 0)
    }

    pub(super) fn wrong(&self, key: &str, value: &Value, expected: &str) -> ClipError {
        ClipError::UnsupportedConfig {
            key: format!("{}{key}", self.path),
            value: value.to_string(),
            supported: expected.into(),
        }
    }
}
