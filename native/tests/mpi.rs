//! Training by several processes that `mpirun` joins, each with its part of every batch: it is the
//! training of one process with the whole of it. Built with `--features mpi`.
#![cfg(feature = "mpi")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use safetensors::SafeTensors;
use serde_json::Value;

const CLIPROBE: &str = env!("CARGO_BIN_EXE_cliprobe");

/// `mpirun -n processes cliprobe train RECIPE`, which may use more processes than there are cores,
/// and as root, as in a container.
fn mpirun(processes: usize, recipe: &Path, out: &Path) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["--oversubscribe", "--bind-to", "none", "-n"])
        .arg(processes.to_string())
        .args([CLIPROBE, "train", "--threads", "1"])
        .arg(recipe)
        .arg("--out")
        .arg(out)
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command
}

fn alone(recipe: &Path, out: &Path) -> Command {
    let mut command = Command::new(CLIPROBE);
    command.args(["train", "--threads", "1"]).arg(recipe);
    command.arg("--out").arg(out);
    command
}

fn is_there() -> bool {
    let there = Command::new("mpirun").arg("--version").output().is_ok();
    if !there {
        eprintln!("SKIPPED: there is no mpirun");
    }
    there
}

fn succeeds(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output
}

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The tiny recipe of the other tests, changed.
    fn recipe(&self, changes: &[(&str, &str)]) -> PathBuf {
        let mut text = include_str!("train/tiny.toml").to_owned();
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replace(old, new);
        }
        let path = self.path("recipe.toml");
        fs::write(&path, text).unwrap();
        path
    }
}

/// The numbers of every step.
fn steps(run: &Path) -> Vec<BTreeMap<String, f64>> {
    let text = fs::read_to_string(run.join("log.jsonl")).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_steps = lines.filter(|line| line.get("loss").is_some());
    of_steps
        .map(|line| {
            let numbers = line.as_object().unwrap().iter();
            numbers
                .filter(|(name, _)| *name != "samples_per_s")
                .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
                .collect()
        })
        .collect()
}

fn weights(run: &Path) -> BTreeMap<String, Vec<f32>> {
    let file = fs::read(run.join("model/model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let tensors = tensors.iter().map(|(name, view)| {
        let (values, _) = view.data().as_chunks::<4>();
        let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
        (name.to_owned(), values.collect())
    });
    tensors.collect()
}

/// Ten pairs, so that the parts of four processes differ in size.
const PAIRS: (&str, &str) = ("pairs = 8", "pairs = 10");

#[test]
fn processes_together_train_as_one_on_the_joined_batch() {
    if !is_there() {
        return;
    }
    let scratch = Scratch::new();
    let recipe = scratch.recipe(&[PAIRS]);
    let one = scratch.path("1");
    succeeds(alone(&recipe, &one));
    let expected = steps(&one);
    assert_eq!(expected.len(), 12);
    for processes in [2, 4] {
        let run = scratch.path(&processes.to_string());
        succeeds(mpirun(processes, &recipe, &run));
        let got = steps(&run);
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(&expected) {
            for (name, value) in expected {
                let difference = (got[name] - value).abs();
                assert!(
                    difference <= 2e-4 * value.abs(),
                    "{name} of step {} is {} with {processes} processes, {value} with one",
                    expected["step"],
                    got[name]
                );
            }
        }
        let of_one = weights(&one);
        for (name, values) in weights(&run) {
            // A bias of all keys has no gradient but rounding, which Adam makes steps of.
            if name.ends_with("k_proj.bias") {
                continue;
            }
            let far = values
                .iter()
                .zip(&of_one[&name])
                .map(|(a, b)| (a - b).abs())
                .inspect(|far| assert!(!far.is_nan(), "{name} has no number"))
                .fold(0.0, f32::max);
            assert!(
                far < 1e-3,
                "{name} differs by {far} with {processes} processes"
            );
        }
    }
}

#[test]
fn a_stopped_run_of_several_goes_on_to_the_same_losses() {
    if !is_there() {
        return;
    }
    let scratch = Scratch::new();
    let recipe = scratch.recipe(&[]);
    let whole = scratch.path("whole");
    succeeds(mpirun(2, &recipe, &whole));
    let parts = scratch.path("parts");
    let mut first = mpirun(2, &recipe, &parts);
    first.args(["--steps", "5"]);
    succeeds(first);
    let mut second = mpirun(2, &recipe, &parts);
    second.arg("--resume");
    succeeds(second);
    assert_eq!(steps(&parts), steps(&whole));
    assert_eq!(weights(&parts), weights(&whole));
}

#[test]
fn a_process_that_fails_ends_the_others_by_name() {
    if !is_there() {
        return;
    }
    let scratch = Scratch::new();
    // Each process reads the recipe; what it names is missing for all, and one says so first.
    let recipe = scratch.recipe(&[(
        "[data.tableau.scene]\nthing_weights = [5, 9, 4, 2]\n\n[data.tableau.captions]\ncolour_percent = 80",
        "[data.table]\npath = \"none.tsv\"",
    )]);
    let output = mpirun(2, &recipe, &scratch.path("run")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("the table none.tsv cannot be read"), "{said}");
    assert!(
        said.contains("of 2: ") && said.contains("the others are ended"),
        "{said}"
    );
}

#[test]
#[cfg(unix)]
fn a_process_that_is_killed_ends_the_others() {
    if !is_there() {
        return;
    }
    let scratch = Scratch::new();
    let recipe = scratch.recipe(&[("steps = 12", "steps = 1000000")]);
    let run = scratch.path("run");
    let mut command = mpirun(2, &recipe, &run);
    let launcher = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let trains = || fs::read_to_string(run.join("log.jsonl")).is_ok_and(|log| !log.is_empty());
    while !trains() {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "it does not train"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    // The second process of this launcher, and no other's.
    let children = Command::new("pgrep")
        .args(["-P", &launcher.id().to_string()])
        .output()
        .unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    let victim = children.lines().last().unwrap();
    Command::new("kill")
        .args(["-KILL", victim])
        .status()
        .unwrap();
    let output = launcher.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("rank 1") && said.contains("signal 9"),
        "{said}"
    );
}
