//! Embeddings that are stored between runs.

use std::fs;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{cliprobe, text};
use crate::data::{Data, default_model, ends_with, sets};

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cache, model) = (path("cache"), default_model());
    let asked = [
        "eval",
        "tableau/swap_object",
        "--tableau-items",
        "600",
        "--model",
        &model,
    ];
    let binary = assert_cmd::cargo::cargo_bin("cliprobe");
    let mut killed = Process::new(binary)
        .args(asked)
        .args(["--cache", &cache])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while images_kept(&folder) < 20_000 {
        assert!(
            killed.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "nothing is kept"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();

    let (resumed, whole) = (path("resumed.json"), path("whole.json"));
    ends_with(
        0,
        &[&asked[..], &["--cache", &cache, "--json", &resumed]].concat(),
    );
    ends_with(0, &[&asked[..], &["--no-cache", "--json", &whole]].concat());
    let read =
        |path: &str| -> Value { serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap() };
    let (resumed, whole) = (read(&resumed), read(&whole));
    let images = &resumed["runs"][0]["encoding"]["images"];
    assert!(
        images["known"].as_u64().unwrap() >= 20 && images["computed"].as_u64().unwrap() > 0,
        "{images}"
    );
    assert_eq!(sets(&resumed)[0]["answers"], sets(&whole)[0]["answers"]);
}

/// Bytes of the images' embeddings in the cache.
fn images_kept(folder: &TempDir) -> u64 {
    let models = fs::read_dir(folder.path().join("cache"));
    let files = models
        .into_iter()
        .flatten()
        .map(|model| model.unwrap().path().join("images.bin"));
    files
        .filter_map(|file: PathBuf| Some(fs::metadata(file).ok()?.len()))
        .sum()
}

#[test]
fn a_cache_that_cannot_be_written_costs_no_evaluation() {
    let data = Data::new(1);
    let in_the_way = data.write("file", "");
    let output = cliprobe(&[
        "eval",
        "tableau/noun",
        "--tableau-items",
        "2",
        "--model",
        &default_model(),
        "--cache",
        &in_the_way,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("embeddings are not stored"));
}
