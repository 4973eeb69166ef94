//! From images in a table, or chains of captions, to a model that the page opens, by the commands
//! alone: fine-tune, patch, evaluate, quantise, score.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use common::{argument, golden, succeeds};

/// A small random CLIP in Hugging Face's form.
fn base() -> String {
    argument(&golden("tiny_a_quickgelu"))
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

    /// Fine-tunes the golden model on what a part of a recipe says, otherwise as the tiny recipe.
    fn fine_tune(&self, what: &str) {
        let tiny = include_str!("train/tiny.toml");
        let (head, _) = tiny.split_once("[batch]").unwrap();
        let (_, tail) = tiny.split_once("[optimizer]").unwrap();
        let tail = tail.replace("probes = 10", "probes = 4\nsets = ['tableau/noun']");
        let start = base();
        let recipe = format!("start = '{start}'\n{head}{what}\n[optimizer]{tail}");
        let recipe = self.write("recipe.toml", &recipe);
        let run = self.path("run");
        succeeds(&["train", &recipe, "--out", &run]);
        let log = fs::read_to_string(format!("{run}/log.jsonl")).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        let losses = lines.iter().filter_map(|line| line["loss"].as_f64());
        assert_eq!(losses.count(), 12, "{log}");
        assert!(!log.contains("bad_sample"), "{log}");
    }

    /// Patches the fine-tuned model with what it was before, asks it something, and makes one small
    /// file of it, which ranks captions as the patched model does.
    fn finish(&self, questions: &[&str], image: &str) {
        let (patched, tuned) = (self.path("patched"), self.path("run/model"));
        succeeds(&["patch", &base(), &tuned, "-o", &patched]);

        let results = self.path("results.json");
        let model = ["--model", &patched, "--no-cache", "--json", &results];
        succeeds(&[&["eval"], questions, &model].concat());
        let results: Value = serde_json::from_str(&fs::read_to_string(&results).unwrap()).unwrap();
        let set = &results["runs"][0]["sets"][0];
        assert_eq!(set["items"], set["scored"]);
        assert!(!set["metrics"].as_array().unwrap().is_empty());

        let small = self.path("small.gguf");
        succeeds(&["quantize", &patched, "--type", "Q8_0", "--out", &small]);
        let [of_patched, of_small] = [&patched, &small].map(|model| cosines(model, image));
        for (a, b) in of_patched.iter().zip(of_small) {
            assert!((a - b).abs() < 0.05, "{a} became {b}");
        }
    }
}

/// Cosines of an image with two captions.
fn cosines(model: &str, image: &str) -> [f64; 2] {
    let captions = ["a red cat", "a blue car"];
    let ask = ["score", model, "--image", image, "--json"];
    let said = succeeds(&[&ask[..], &captions].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    let ranking = said["ranking"].as_array().unwrap();
    captions.map(|caption| {
        let entry = ranking.iter().find(|entry| entry["caption"] == caption);
        entry.unwrap()["cosine"].as_f64().unwrap()
    })
}

const IMAGES: [(&str, &str); 8] = [
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

#[test]
fn images_of_a_table_with_edited_captions() {
    let shop = Workshop::new();
    let rows = IMAGES.map(|(file, caption)| format!("{file}\t{caption}\n"));
    let table = shop.write("pairs.tsv", &format!("filepath\ttitle\n{}", rows.concat()));
    let images = golden("images");
    let images = images.to_str().unwrap();
    shop.fine_tune(&format!(
        "[batch]\npairs = 8\n[data.table]\npath = '{table}'\nimages = ['{images}']\n\
         [data.edits]\nhard_negatives = ['replace']\n[objective.contrastive]"
    ));
    let image = golden("images/03_small_100x80.png");
    shop.finish(&[&table, "--images", images], image.to_str().unwrap());
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
    shop.fine_tune(&format!(
        "[batch]\npairs = 16\n[data.table]\npath = '{table}'\nimages = ['{images}']\n\
         hard_negatives = true\n[objective.contrastive]"
    ));
    let image = format!("{images}/COCO_val2014_000000000139.jpg");
    shop.finish(&[&table, "--images", images], &image);
}

/// Radial embeddings as HierarCaps trains them: the text tower alone, held near where it was.
const RADIAL: &str = "[batch]\nchains = 4\n[train]\nonly = ['text', 'text_projection.weight']\n\
                      [objective.radial]\n[objective.distillation]\nchains = 10.0\n";

#[test]
fn chains_of_captions() {
    let shop = Workshop::new();
    let rows = ["dog", "cat", "horse", "cow", "bird"].map(|noun| {
        format!(
            "animal => {noun} => brown {noun} on grass => a brown {noun} stands on the grass,\
             car => tree => red {noun} => a brown {noun} sleeps on a sofa\n"
        )
    });
    let rows = format!("positive,negative\n{}", rows.concat());
    let chains = shop.write("chains.csv", &rows);
    shop.fine_tune(&format!("{RADIAL}[data.hierarcaps]\npath = '{chains}'"));
    let image = golden("images/03_small_100x80.png");
    let questions = ["tableau/noun", "--tableau-items", "4"];
    shop.finish(&questions, image.to_str().unwrap());
}

#[test]
fn hierarcaps_chains_without_the_test_images() {
    let (Some(chains), Some(test)) = (
        shared("hierarcaps/hierarcaps_test_expanded.csv.gz"),
        shared("hierarcaps/hierarcaps_test.csv"),
    ) else {
        return;
    };
    let shop = Workshop::new();
    shop.fine_tune(&format!(
        "{RADIAL}[data.hierarcaps]\npath = '{}'\nwithout_images_of = '{}'",
        chains.display(),
        test.display()
    ));
    let folder = test.parent().unwrap().to_str().unwrap();
    let image = format!("{folder}/images/COCO_val2014_000000000139.jpg");
    shop.finish(&["hierarcaps", "--data", folder, "--limit", "20"], &image);
}
