//! Names that tell models apart.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cliprobe::probe::results::Run;

/// Models of one directory name (every trained model is `…/model`) get as much of their paths as
/// tells them apart; the same model asked twice gets a number.
pub(super) fn tell_apart(runs: &mut [Run], paths: &[PathBuf]) {
    let names: Vec<String> = runs.iter().map(|run| run.name().to_owned()).collect();
    let named: Vec<(&str, &Path)> = names
        .iter()
        .zip(paths)
        .map(|(name, path)| (name.as_str(), path.as_path()))
        .collect();
    for (run, name) in runs.iter_mut().zip(distinct(&named)) {
        run.model["name"] = name.into();
    }
}

/// Distinct names for models, each with its path.
fn distinct(models: &[(&str, &Path)]) -> Vec<String> {
    let count = |names: &[String]| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for name in names {
            *counts.entry(name.clone()).or_default() += 1;
        }
        counts
    };
    let mut names: Vec<String> = models.iter().map(|(name, _)| (*name).to_owned()).collect();
    let longest = models.iter().map(|(_, path)| path.iter().count()).max();
    for parts in 2..=longest.unwrap_or(0) {
        let counts = count(&names);
        for (name, (of_model, path)) in names.iter_mut().zip(models) {
            if counts[name] > 1 {
                let all: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
                let end = all[all.len().saturating_sub(parts)..].join("/");
                *name = if end.is_empty() {
                    (*of_model).to_owned()
                } else {
                    end
                };
            }
        }
    }
    let counts = count(&names);
    let mut given: HashMap<String, usize> = HashMap::new();
    for name in names.iter_mut().filter(|name| counts[*name] > 1) {
        let number = given.entry(name.clone()).or_default();
        *number += 1;
        *name = format!("{name} #{number}");
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_one_directory_name_are_told_apart() {
        let of = |models: &[(&str, &str)]| {
            let models: Vec<(&str, &Path)> = models
                .iter()
                .map(|(name, path)| (*name, Path::new(*path)))
                .collect();
            distinct(&models)
        };
        assert_eq!(of(&[("a", "x/a"), ("b", "x/b")]), ["a", "b"]);
        assert_eq!(
            of(&[
                ("model", "runs/one/model"),
                ("model", "runs/two/model"),
                ("b", "b")
            ]),
            ["one/model", "two/model", "b"]
        );
        assert_eq!(
            of(&[("model", "one/x/model"), ("model", "two/x/model")]),
            ["one/x/model", "two/x/model"]
        );
        assert_eq!(of(&[("m", "m"), ("m", "m")]), ["m #1", "m #2"]);
    }
}
