//! From a table of photos to a model that the page opens, by the commands alone: train, patch,
//! evaluate, quantise, score.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden")
        .join(name)
}

/// Data that is not part of this repository.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    if !path.exists() {
        eprintln!("SKIPPED: ../shared/data/{name} is not there");
        return None;
    }
    Some(path)
}

/// Runs a command that must succeed; returns what it prints.
fn cliprobe(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("cliprobe")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, contents: &str) -> String {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        path
    }

    /// Trains as the tiny recipe says, on other data.
    fn train(&self, name: &str, data: &str) -> Vec<Value> {
        let tiny = include_str!("train/tiny.toml");
        let (before, after) = tiny.split_once("[data.tableau.scene]").unwrap();
        let (_, after) = after.split_once("[objective").unwrap();
        let recipe = format!("{before}{data}\n[objective{after}");
        let recipe = self.write(&format!("{name}.toml"), &recipe);
        let run = self.path(name);
        cliprobe(&["train", &recipe, "--out", &run, "--steps", "2"]);
        fs::rename(format!("{run}/model"), self.path("base")).unwrap();
        cliprobe(&["train", &recipe, "--out", &run, "--resume"]);
        let log = fs::read_to_string(format!("{run}/log.jsonl")).unwrap();
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Patches the trained model with what it was after two steps, asks it about a table of
    /// pictures, and makes one small file of it.
    fn finish(&self, run: &str, table: &str, images: &str, picture: &str) {
        let patched = self.path("patched");
        let tuned = self.path(&format!("{run}/model"));
        cliprobe(&["patch", &self.path("base"), &tuned, "-o", &patched]);

        let results = self.path("results.json");
        cliprobe(&[
            "eval",
            table,
            "--images",
            images,
            "--model",
            &patched,
            "--no-cache",
            "--json",
            &results,
        ]);
        let results: Value = serde_json::from_str(&fs::read_to_string(&results).unwrap()).unwrap();
        let set = &results["runs"][0]["sets"][0];
        assert_eq!(set["items"], set["scored"]);
        assert!(set["metrics"].as_array().unwrap().len() > 2);

        let small = self.path("small.gguf");
        cliprobe(&["quantize", &patched, "--type", "Q8_0", "--out", &small]);
        let captions = ["a red cat", "a blue car"];
        let score = |model: &str| -> Vec<f64> {
            let said = cliprobe(&[
                "score",
                model,
                "--image",
                picture,
                "--json",
                captions[0],
                captions[1],
            ]);
            let said: Value = serde_json::from_str(&said).unwrap();
            let mut ranking: Vec<(String, f64)> = said["ranking"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| {
                    let caption = entry["caption"].as_str().unwrap().to_owned();
                    (caption, entry["cosine"].as_f64().unwrap())
                })
                .collect();
            ranking.sort_by(|a, b| a.0.cmp(&b.0));
            ranking.into_iter().map(|(_, cosine)| cosine).collect()
        };
        for (of_small, of_patched) in score(&small).iter().zip(score(&patched)) {
            assert!((of_small - of_patched).abs() < 0.05);
        }
    }
}

fn losses(log: &[Value]) -> Vec<f64> {
    log.iter()
        .filter_map(|line| line["loss"].as_f64())
        .collect()
}

#[test]
fn a_model_learns_from_a_table_of_pictures_and_is_patched_evaluated_and_quantised() {
    let shop = Workshop::new();
    let pictures = [
        (
            "01_landscape_640x427.png",
            "a red house and a small tree on a green hill",
        ),
        ("02_portrait_300x500.png", "a tall man with a black hat"),
        ("03_small_100x80.png", "two dogs and a cat on a bench"),
        ("06_gray_257x311.png", "an old photo of a street"),
        ("07_rgba_320x240.png", "a blue car in front of a white wall"),
        ("08_palette_200x150.png", "a yellow flower in a glass vase"),
        ("10_cmyk_330x250.jpg", "a bowl of fruit on a wooden table"),
        ("12_progressive_500x333.jpg", "a boat on a calm lake"),
    ];
    let rows = pictures.map(|(file, caption)| format!("{file}\t{caption}\n"));
    let table = shop.write("pairs.tsv", &format!("filepath\ttitle\n{}", rows.concat()));
    let images = golden("images");
    let images = images.to_str().unwrap();
    let data = format!(
        "[data.table]\npath = '{table}'\nimages = ['{images}']\n[data.edits]\nhard_negatives = ['replace']\n"
    );
    let log = shop.train("run", &data);
    let losses = losses(&log);
    assert_eq!(losses.len(), 12);
    assert!(losses.iter().all(|loss| loss.is_finite()));
    assert!(log.iter().all(|line| line.get("bad_sample").is_none()));
    let picture = golden("images/03_small_100x80.png");
    shop.finish("run", &table, images, picture.to_str().unwrap());
}

#[test]
fn real_photos_with_negclips_hard_negatives() {
    let (Some(table), Some(images)) = (
        shared("negclip/valid_neg_clip.tsv"),
        shared("hierarcaps/images"),
    ) else {
        return;
    };
    let shop = Workshop::new();
    // Few of its photos are at hand: the rows of those.
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_path(table)
        .unwrap();
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b'\t')
        .from_writer(Vec::new());
    writer.write_record(reader.headers().unwrap()).unwrap();
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let name = record[2].rsplit('/').next().unwrap();
        if images.join(name).is_file() {
            writer.write_record(&record).unwrap();
            rows += 1;
        }
    }
    assert_eq!(rows, 112);
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    let table = shop.write("negclip.tsv", &text);
    let images = images.to_str().unwrap();
    let data =
        format!("[data.table]\npath = '{table}'\nimages = ['{images}']\nhard_negatives = true\n");
    let log = shop.train("run", &data);
    assert_eq!(losses(&log).len(), 12);
    assert!(log.iter().all(|line| line.get("bad_sample").is_none()));
    let picture = format!("{images}/COCO_val2014_000000000139.jpg");
    shop.finish("run", &table, images, &picture);
}
