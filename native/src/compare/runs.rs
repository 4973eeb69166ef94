//! The models of several result files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use cliprobe::probe::results::{FORMAT, Results, Run, VERSION};

/// A model's results, under a name that no other has.
pub(super) struct NamedRun {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) run: Run,
}

/// What every result file begins with.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// Reads result files, the runs in their order.
pub(super) fn read_runs(files: &[PathBuf]) -> Result<Vec<NamedRun>> {
    let mut runs = Vec::new();
    for path in files {
        let file = path.display().to_string();
        runs.extend(read(path)?.runs.into_iter().map(|run| NamedRun {
            name: run.name().to_owned(),
            file: file.clone(),
            run,
        }));
    }
    tell_apart(&mut runs);
    Ok(runs)
}

fn read(path: &Path) -> Result<Results> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| file.clone())?;
    let header: Header = serde_json::from_str(&text)
        .with_context(|| format!("{file} is no result file of `cliprobe eval --json`"))?;
    if header.format.as_deref() != Some(FORMAT) {
        bail!(
            "{file} is not a result file: its format is {:?}, not {FORMAT:?}; make one with `cliprobe eval --json`",
            header.format.unwrap_or_default()
        );
    }
    match header.version {
        Some(version) if (1..=VERSION).contains(&version) => {}
        version => bail!(
            "{file} has version {}, but this program reads versions up to {VERSION}; use the program that wrote it",
            version.map_or_else(|| "none".to_owned(), |v| v.to_string())
        ),
    }
    serde_json::from_str(&text).with_context(|| format!("{file} is damaged"))
}

/// Models of the same name are told apart by their files, then by a number.
fn tell_apart(runs: &mut [NamedRun]) {
    let repeated = |runs: &[NamedRun]| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for run in runs {
            *counts.entry(run.name.clone()).or_default() += 1;
        }
        counts
    };
    let counts = repeated(runs);
    for run in runs.iter_mut().filter(|run| counts[&run.name] > 1) {
        let stem = Path::new(&run.file).file_stem().unwrap_or_default();
        run.name = format!("{} ({})", run.name, stem.to_string_lossy());
    }
    let counts = repeated(runs);
    let mut given: HashMap<String, usize> = HashMap::new();
    for run in runs.iter_mut().filter(|run| counts[&run.name] > 1) {
        let number = given.entry(run.name.clone()).or_default();
        *number += 1;
        run.name = format!("{} #{number}", run.name);
    }
}

/// The place of the run that the others are compared with: the first, or the one that is named.
pub(super) fn choose_baseline(runs: &[NamedRun], named: Option<&str>) -> Result<usize> {
    let Some(named) = named else {
        return Ok(0);
    };
    let is_meant = |run: &NamedRun| {
        run.name == named
            || run.run.name() == named
            || (named.len() >= 6
                && run.run.model["sha256"]
                    .as_str()
                    .is_some_and(|hash| hash.starts_with(named)))
    };
    let meant: Vec<usize> = (0..runs.len())
        .filter(|&place| is_meant(&runs[place]))
        .collect();
    let names = || {
        runs.iter()
            .map(|run| run.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match meant[..] {
        [place] => Ok(place),
        [] => bail!("--baseline {named} is none of the models: {}", names()),
        _ => bail!(
            "--baseline {named} is the name of several models; choose among {}",
            names()
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn run(name: &str, file: &str) -> NamedRun {
        let run = serde_json::json!({"model": {"name": name}, "summaries": [], "sets": [], "unscored": []});
        NamedRun {
            name: name.to_owned(),
            file: file.to_owned(),
            run: serde_json::from_value(run).unwrap(),
        }
    }

    #[test]
    fn equal_names_are_told_apart() {
        let mut runs = [
            run("b", "x/1.json"),
            run("a", "1.json"),
            run("b", "2.json"),
            run("b", "2.json"),
        ];
        tell_apart(&mut runs);
        let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!(names, ["b (1)", "a", "b (2) #1", "b (2) #2"]);
        assert_eq!(choose_baseline(&runs, Some("a")).unwrap(), 1);
        assert_eq!(choose_baseline(&runs, None).unwrap(), 0);
        let several = choose_baseline(&runs, Some("b")).unwrap_err().to_string();
        assert!(several.contains("b (2) #1"), "{several}");
        assert!(choose_baseline(&runs, Some("c")).is_err());
    }
}
