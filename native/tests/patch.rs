//! `cliprobe patch` as a user runs it, on two small models: a golden one, and the same after a
//! pretended fine-tuning.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use tempfile::TempDir;

use common::{cliprobe, ends_with, golden, only_refusal as refusal};

type Weights = BTreeMap<String, Vec<f32>>;

/// The weights of a directory, by name.
fn weights(directory: &Path) -> Weights {
    let file = fs::read(directory.join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let floats = tensors.iter().filter(|(name, view)| {
        // Position numbers that old versions of transformers kept.
        view.dtype() == Dtype::F32 || !name.ends_with("position_ids")
    });
    floats
        .map(|(name, view)| {
            assert_eq!(view.dtype(), Dtype::F32, "{name}");
            let (values, _) = view.data().as_chunks::<4>();
            let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
            (name.to_owned(), values.collect())
        })
        .collect()
}

struct Models {
    folder: TempDir,
    base: PathBuf,
    tuned: PathBuf,
}

impl Models {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = golden("tiny_a_quickgelu");
        let tuned = folder.path().join("tuned");
        change(&base, &tuned, |element, value| {
            value * 1.5 + 1e-3 * (element as f32).sin()
        });
        Self {
            folder,
            base,
            tuned,
        }
    }

    fn base(&self) -> &str {
        self.base.to_str().unwrap()
    }

    fn tuned(&self) -> &str {
        self.tuned.to_str().unwrap()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Patches into a directory and reads what is in it.
    fn patched(&self, name: &str, arguments: &[&str]) -> Weights {
        let out = self.path(name);
        ends_with(0, &[&["patch"], arguments, &["-o", &out]].concat());
        weights(Path::new(&out))
    }
}

/// Writes a model like another one, but for its weights.
fn change(from: &Path, to: &Path, change: impl Fn(usize, f32) -> f32) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    let file = fs::read(from.join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let changed: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .filter(|(_, view)| view.dtype() == Dtype::F32)
        .map(|(name, view)| {
            let (values, _) = view.data().as_chunks::<4>();
            let values = values.iter().enumerate();
            let bytes = values
                .flat_map(|(i, bytes)| change(i, f32::from_le_bytes(*bytes)).to_le_bytes())
                .collect();
            (name.to_owned(), view.shape().to_vec(), bytes)
        })
        .collect();
    let views = changed.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    let metadata = std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let bytes = safetensors::serialize(views, Some(metadata)).unwrap();
    fs::write(to.join("model.safetensors"), bytes).unwrap();
}

/// Compares every tensor, the logit scale included, with what a formula makes of given ones.
fn assert_each(got: &Weights, given: &[&Weights], formula: impl Fn(&[f32]) -> f32) {
    assert!(got.contains_key("logit_scale"));
    assert!(got.len() > 60, "{} tensors", got.len());
    for (name, values) in got {
        let given: Vec<&Vec<f32>> = given.iter().map(|weights| &weights[name]).collect();
        for (i, value) in values.iter().enumerate() {
            let of: Vec<f32> = given.iter().map(|values| values[i]).collect();
            let expected = formula(&of);
            let close = (value - expected).abs() <= 1e-6 * expected.abs().max(1e-3);
            assert!(close, "{name}[{i}] is {value}, not {expected}");
        }
    }
}

#[test]
fn every_tensor_is_between_the_two_and_both_ends_are_exact() {
    let models = Models::new();
    let ends = [weights(&models.base), weights(&models.tuned)];
    let ends = [&ends[0], &ends[1]];
    let pair = [models.base(), models.tuned()];
    let at =
        |name: &str, alpha: &str| models.patched(name, &[&pair[..], &["--alpha", alpha]].concat());
    assert_each(&models.patched("default", &pair), &ends, |w| {
        0.4 * w[0] + 0.6 * w[1]
    });
    assert_each(&at("quarter", "0.25"), &ends, |w| 0.75 * w[0] + 0.25 * w[1]);
    assert_each(&at("beyond", "-0.5"), &ends, |w| 1.5 * w[0] - 0.5 * w[1]);
    for (name, alpha, end) in [("zero", "0", ends[0]), ("one", "1", ends[1])] {
        for (tensor, values) in at(name, alpha) {
            assert_eq!(values, end[&tensor], "{tensor} at α = {alpha}");
        }
    }
}

#[test]
fn task_vectors_are_added() {
    let models = Models::new();
    let other = models.folder.path().join("other");
    change(&models.base, &other, |_, value| value - 0.01);
    let all = [&models.base, &models.tuned, &other].map(|path| weights(path));
    let vectors = [
        "--task-vector".to_owned(),
        format!("{}=0.5", models.tuned()),
        "--task-vector".to_owned(),
        format!("{}=0.3", other.display()),
    ];
    let vectors: Vec<&str> = vectors.iter().map(String::as_str).collect();
    let sum = models.patched("sum", &[&[models.base()], &vectors[..]].concat());
    assert_each(&sum, &all.each_ref(), |w| {
        w[0] + 0.5 * (w[1] - w[0]) + 0.3 * (w[2] - w[0])
    });
}

#[test]
fn the_result_is_a_whole_checkpoint_in_either_form() {
    let models = Models::new();
    let directory = models.path("patched");
    let file = models.path("patched.gguf");
    for out in [&directory, &file] {
        let (said, _) = ends_with(0, &["patch", models.base(), models.tuned(), "-o", out]);
        assert!(
            said.contains("0.4 × tiny_a_quickgelu + 0.6 × tuned"),
            "{said}"
        );
    }
    for name in [
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        assert!(Path::new(&directory).join(name).is_file(), "{name}");
    }
    let inspected = |path: &str| -> Value {
        serde_json::from_str(&ends_with(0, &["inspect", path, "--json"]).0).unwrap()
    };
    let (a, b) = (inspected(&directory), inspected(&file));
    assert_eq!(a["config"], b["config"]);
    assert_eq!(a["config"], inspected(models.base())["config"]);
    // What is written twice is the same to the last byte.
    let again = models.path("again");
    ends_with(
        0,
        &[
            "patch",
            models.base(),
            models.tuned(),
            "--name",
            "patched",
            "-o",
            &again,
        ],
    );
    let bytes = |directory: &str| fs::read(Path::new(directory).join("model.safetensors")).unwrap();
    assert!(bytes(&directory) == bytes(&again));
}

#[test]
fn forms_of_file_can_be_mixed() {
    let models = Models::new();
    let hugging_face = golden("tiny_b_gelu_openclip");
    let open_clip = hugging_face.join("open_clip_model.safetensors");
    let pair = [hugging_face.to_str().unwrap(), open_clip.to_str().unwrap()];
    let patched = models.patched("same", &pair);
    assert_each(&patched, &[&weights(&hugging_face)], |w| w[0]);
}

#[test]
fn what_cannot_be_blended_is_refused_by_one_sentence() {
    let models = Models::new();
    let out = models.path("out");
    let other = golden("tiny_b_gelu_openclip");
    let sentence = refusal(&["patch", models.base(), other.to_str().unwrap(), "-o", &out]);
    assert!(
        sentence.contains(
            "the weights of tiny_b_gelu_openclip cannot be blended with those of tiny_a_quickgelu"
        ) && sentence.contains("in one and"),
        "{sentence}"
    );
    assert!(!Path::new(&out).exists());

    let sentence = refusal(&["patch", models.base(), models.tuned(), "-o", models.tuned()]);
    assert!(
        sentence.contains("one of the models to patch"),
        "{sentence}"
    );

    // Another vocabulary of the same size.
    let tokenizer = models.tuned.join("tokenizer.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&tokenizer).unwrap()).unwrap();
    let ids = json["model"]["vocab"].as_object_mut().unwrap();
    let names: Vec<String> = ids.keys().take(2).cloned().collect();
    let (first, second) = (ids[&names[0]].clone(), ids[&names[1]].clone());
    ids.insert(names[0].clone(), second);
    ids.insert(names[1].clone(), first);
    fs::write(&tokenizer, json.to_string()).unwrap();
    let sentence = refusal(&["patch", models.base(), models.tuned(), "-o", &out]);
    assert!(
        sentence.contains("their vocabularies differ from id"),
        "{sentence}"
    );

    for wrong in [
        &["patch", models.base(), "-o", &out][..],
        &["patch", models.base(), models.tuned()],
        &[
            "patch",
            models.base(),
            models.tuned(),
            "--alpha",
            "nan",
            "-o",
            &out,
        ],
        &[
            "patch",
            models.base(),
            models.tuned(),
            "--sweep",
            "1..0",
            "--on",
            "tableau",
        ],
        &["patch", models.base(), models.tuned(), "--sweep", "0..1"],
        &[
            "patch",
            models.base(),
            "--task-vector",
            models.tuned(),
            "-o",
            &out,
        ],
    ] {
        assert_eq!(cliprobe(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_sweep_is_evaluated_written_drawn_and_goes_on_from_what_was_kept() {
    let models = Models::new();
    let [json, csv, svg, cache] = ["s.json", "s.csv", "s.svg", "cache"].map(|n| models.path(n));
    let sweep = [
        "patch",
        models.base(),
        models.tuned(),
        "--sweep",
        "0..1",
        "--step",
        "0.5",
        "--on",
        "tableau/swap_attribute",
        "tableau/noun",
        "--tableau-items",
        "8",
        "--json",
        &json,
        "--csv",
        &csv,
        "--svg",
        &svg,
        "--cache",
        &cache,
    ];
    let (table, progress) = ends_with(0, &sweep);
    assert_eq!(table.lines().count(), 5, "{table}");
    let marked = table.lines().find(|line| line.contains('←')).unwrap();
    assert!(marked.trim_start().starts_with("0.6"), "{table}");
    assert!(!progress.contains(" 0 embeddings"), "{progress}");

    let table: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let points = table["points"].as_array().unwrap();
    let alphas: Vec<f64> = points
        .iter()
        .map(|p| p["alpha"].as_f64().unwrap())
        .collect();
    assert_eq!(alphas, [0.0, 0.5, 0.6, 1.0]);
    let rows = fs::read_to_string(&csv).unwrap();
    assert!(rows.starts_with("alpha,set,metric,value,low,high,chance,n,ties,unit,better\n0,"));
    // Both ends say what the evaluator says of the two models.
    for (model, point) in [(models.base(), &points[0]), (models.tuned(), &points[3])] {
        let alone = models.path("alone.json");
        ends_with(
            0,
            &[
                "eval",
                "tableau/swap_attribute",
                "tableau/noun",
                "--tableau-items",
                "8",
                "--model",
                model,
                "--no-cache",
                "--json",
                &alone,
            ],
        );
        let alone: Value = serde_json::from_str(&fs::read_to_string(&alone).unwrap()).unwrap();
        for place in 0..2 {
            assert_eq!(
                point["sets"][place]["metrics"],
                alone["runs"][0]["sets"][place]["metrics"]
            );
        }
    }
    let drawing = fs::read_to_string(&svg).unwrap();
    assert!(drawing.starts_with("<svg") && drawing.trim_end().ends_with("</svg>"));
    assert!(drawing.contains("α = 0.6") && drawing.contains("composition"));

    let (again, progress) = ends_with(0, &sweep);
    assert_eq!(
        progress.matches(" 0 embeddings computed").count(),
        4,
        "{progress}"
    );
    assert!(again.contains('←'));
    assert_eq!(fs::read_to_string(&csv).unwrap(), rows);
}
