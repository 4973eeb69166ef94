//! Small data to evaluate on: scenes of the generated world as PNG files, with captions in the
//! benchmarks' own forms.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{self, argument, at_root, golden};

pub(crate) fn default_model() -> String {
    argument(&at_root("models/default.gguf"))
}

/// Random weights, another vocabulary, other preprocessing.
pub(crate) fn other_model() -> String {
    argument(&golden("tiny_b_gelu_openclip"))
}

/// Runs what ends with this exit code, and returns standard output.
pub(crate) fn ends_with(code: i32, arguments: &[&str]) -> String {
    common::ends_with(code, arguments).0
}

/// A folder with `n` scenes as images, and lists of several benchmarks that ask about them.
pub(crate) struct Data {
    pub(crate) folder: TempDir,
}

impl Data {
    pub(crate) fn new(n: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("images");
        let sampled = ["world", "sample", &n.to_string(), "--size", "96", "--out"];
        ends_with(0, &[&sampled[..], &[images.to_str().unwrap()]].concat());
        let lines = fs::read_to_string(images.join("captions.jsonl")).unwrap();
        let mut sugarcrepe = serde_json::Map::new();
        let mut hierarcaps = "id,captions,image_url\n".to_owned();
        let mut retrieval = "filepath\ttitle\n".to_owned();
        for (number, line) in lines.lines().enumerate() {
            let scene: Value = serde_json::from_str(line).unwrap();
            let file = scene["file"].as_str().unwrap();
            let of_truth = |truth: bool| {
                let captions = scene["captions"].as_array().unwrap();
                let caption = captions.iter().find(|c| c["holds"] == truth);
                caption.unwrap_or_else(|| panic!("{line}"))["text"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            sugarcrepe.insert(
                number.to_string(),
                json!({"filename": file, "caption": of_truth(true), "negative_caption": of_truth(false)}),
            );
            let chain = [
                "a thing",
                "a thing on a ground",
                &format!("image {number}"),
                &of_truth(true),
            ]
            .join(" => ");
            hierarcaps.push_str(&format!("{number},\"{chain}\",http://example.org/{file}\n"));
            retrieval.push_str(&format!("{file}\t{} number {number}\n", of_truth(true)));
        }
        let data = Self { folder };
        data.write(
            "sugar_crepe/swap_att.json",
            &Value::Object(sugarcrepe).to_string(),
        );
        data.write("hierarcaps_test.csv", &hierarcaps);
        data.write("retrieval.tsv", &retrieval);
        data
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, contents: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    pub(crate) fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    /// Evaluates with a model, without a cache; ends with this exit code.
    pub(crate) fn eval(&self, code: i32, model: &str, arguments: &[&str]) -> String {
        let common = ["--model", model, "--data", self.root(), "--no-cache"];
        ends_with(code, &[&["eval"], arguments, &common[..]].concat())
    }
}

pub(crate) fn sets(results: &Value) -> &Vec<Value> {
    results["runs"][0]["sets"].as_array().unwrap()
}

/// Copies the `n`-th image of the data to a place below its folder.
pub(crate) fn place(data: &Data, n: usize, at: &str) {
    let to = data.folder.path().join(at);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(data.folder.path().join(format!("images/{n}.png")), to).unwrap();
}
