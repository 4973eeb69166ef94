//! Every folder holds one export, and records the options it was made with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::output::write_whole;

const NAME: &str = "export.json";

/// Makes the folder and writes down what is exported there, or checks that the same was asked for before.
///
/// # Errors
/// A folder with other files, or with another export, named by the first option that differs.
pub(super) fn claim(out: &Path, parameters: &Value) -> Result<()> {
    let mut claimed = parameters.clone();
    claimed["version"] = env!("CARGO_PKG_VERSION").into();
    let folder = || out.display();
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", folder()))?;
    let path = out.join(NAME);
    if path.is_file() {
        let there = fs::read(&path).with_context(|| path.display().to_string())?;
        let there: Value = serde_json::from_slice(&there).with_context(|| {
            format!(
                "{} does not describe an export; choose another folder",
                path.display()
            )
        })?;
        return match difference(&there, &claimed) {
            None => Ok(()),
            Some((_, Value::Null, _) | (_, _, Value::Null)) => bail!(
                "{} holds an export of another kind; choose another folder",
                folder()
            ),
            Some((option, theirs, ours)) => bail!(
                "{} holds another export, with {option} {theirs} instead of {ours}; choose another folder",
                folder()
            ),
        };
    }
    let mut entries = fs::read_dir(out).with_context(|| out.display().to_string())?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty and holds no export; choose another folder",
            folder()
        );
    }
    let text = serde_json::to_string_pretty(&claimed)?;
    write_whole(&path, |file| Ok(writeln!(file, "{text}")?))
}

/// The first option, by name, that differs; null where there is none.
fn difference<'a>(there: &'a Value, claimed: &'a Value) -> Option<(&'a str, &'a Value, &'a Value)> {
    let names = |value: &'a Value| value.as_object().into_iter().flat_map(|map| map.keys());
    names(claimed)
        .chain(names(there))
        .map(|name| (name.as_str(), &there[name], &claimed[name]))
        .find(|(_, theirs, ours)| theirs != ours)
}
