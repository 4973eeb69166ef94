//! `cliprobe eval` and `cliprobe compare` as a user runs them, on small data made here: scenes of the
//! synthetic world as PNG files with captions in the benchmarks' own forms.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

fn at_root(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(path).to_str().unwrap().to_owned()
}

fn default_model() -> String {
    at_root("models/default.gguf")
}

/// Random weights, another vocabulary, other preprocessing.
fn other_model() -> String {
    at_root("tests/golden/tiny_b_gelu_openclip")
}

fn cliprobe(arguments: &[&str]) -> Output {
    Command::cargo_bin("cliprobe")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs what ends with this exit code, and returns standard output.
fn ends_with(code: i32, arguments: &[&str]) -> String {
    let output = cliprobe(arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs what must fail, and returns the sentence.
fn refusal(arguments: &[&str]) -> String {
    let output = cliprobe(arguments);
    let sentence = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {sentence}");
    assert!(!sentence.contains("panicked"), "{sentence}");
    let last = sentence
        .trim_end()
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned();
    assert!(last.starts_with("cliprobe: "), "{sentence}");
    last
}

/// A folder with `n` scenes as images, and lists of several benchmarks that ask about them.
struct Data {
    folder: TempDir,
}

impl Data {
    fn new(n: usize) -> Self {
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

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, contents: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    fn root(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    /// Evaluates with a model, without a cache; ends with this exit code.
    fn eval(&self, code: i32, model: &str, arguments: &[&str]) -> String {
        let common = ["--model", model, "--data", self.root(), "--no-cache"];
        ends_with(code, &[&["eval"], arguments, &common[..]].concat())
    }
}

fn sets(results: &Value) -> &Vec<Value> {
    results["runs"][0]["sets"].as_array().unwrap()
}

#[test]
fn results_come_as_table_json_csv_and_html() {
    let data = Data::new(8);
    let retrieval = data.path("retrieval.tsv");
    let (json, csv, html) = (data.path("r.json"), data.path("r.csv"), data.path("r.html"));
    let table = data.eval(
        0,
        &default_model(),
        &[
            "sugarcrepe/swap_att",
            "hierarcaps",
            "tableau/converse",
            "tableau/noun",
            "--tableau-items",
            "5",
            &retrieval,
            "--json",
            &json,
            "--csv",
            &csv,
            "--html",
            &html,
            "--published=NegCLIP",
        ],
    );
    for expected in [
        "sugarcrepe/swap_att",
        "brittleness",
        "τ_d",
        "image to text R@1",
        "published numbers of NegCLIP",
    ] {
        assert!(table.contains(expected), "{expected} is not in\n{table}");
    }

    let results = data.json("r.json");
    assert_eq!(results["format"], "cliprobe-results");
    assert_eq!(sets(&results).len(), 5);
    let first = &sets(&results)[0];
    assert_eq!((&first["items"], &first["scored"]), (&json!(8), &json!(8)));
    assert_eq!(first["ties"]["rule"], "strict");
    let correct = first["answers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|answer| {
            let s: Vec<f64> = answer["similarities"]
                .as_array()
                .unwrap()
                .iter()
                .map(|x| x.as_f64().unwrap())
                .collect();
            assert_eq!(answer["right"], 0);
            assert_eq!(answer["detail"]["choice"]["correct"], s[0] > s[1]);
            s[0] > s[1]
        });
    let accuracy = first["metrics"][0]["value"].as_f64().unwrap();
    assert!((accuracy - correct.count() as f64 / 8.0).abs() < 1e-12);

    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(
        rows.iter()
            .any(|row| &row[1] == "sugarcrepe/swap_att"
                && row[3].parse::<f64>().unwrap() == accuracy)
    );

    let page = fs::read_to_string(&html).unwrap();
    let hash = results["runs"][0]["model"]["sha256"].as_str().unwrap();
    for expected in [
        hash,
        "data:image/png;base64,",
        "the worst",
        "CLoVe (Castro et al. 2024), Table 6",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(expected), "{expected} is not in the page");
    }
    // Nothing is loaded from anywhere: every source is inside the page, addresses are links only.
    assert_eq!(
        page.matches(" src=\"").count(),
        page.matches(" src=\"data:image/png;base64,").count()
    );
    for outside in ["<script", "<link", "@import", "url(", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(
        page.matches("<svg").count(),
        page.matches("role=\"img\" aria-label=").count()
    );
}

#[test]
fn what_captions_say_is_text_and_not_markup() {
    let data = Data::new(3);
    let item = json!({"image": "images/0.png", "captions": ["<script>alert(1)</script>", "<img src=x>"], "correct": 1});
    let probes = json!({"format": "cliprobe-probes", "version": 1, "kind": "caption_choice", "name": "<b>set</b>",
        "items": [item.clone(), item]});
    let file = data.write("p.json", &probes.to_string());
    let (html, json) = (data.path("r.html"), data.path("r.json"));
    data.eval(
        0,
        &default_model(),
        &[&file, "--html", &html, "--json", &json],
    );
    let against = data.path("o.json");
    data.eval(0, &other_model(), &[&file, "--json", &against]);
    let compared = data.path("c.html");
    ends_with(0, &["compare", &json, &against, "--html", &compared]);
    for page in [html, compared] {
        let page = fs::read_to_string(page).unwrap();
        assert!(page.contains("&lt;b&gt;set"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<img src=x") && !page.contains("<b>"));
    }
}

#[test]
fn models_are_compared_item_by_item() {
    let data = Data::new(10);
    let retrieval = data.path("retrieval.tsv");
    let asked = [
        "sugarcrepe/swap_att",
        "hierarcaps",
        "tableau/converse",
        "tableau/noun",
        "--tableau-items",
        "12",
        &retrieval,
    ];
    let (before, after) = (data.path("before.json"), data.path("after.json"));
    data.eval(
        0,
        &default_model(),
        &[&asked[..], &["--json", &before]].concat(),
    );
    data.eval(
        0,
        &other_model(),
        &[&asked[..], &["--json", &after]].concat(),
    );
    let (json, html, markdown) = (data.path("c.json"), data.path("c.html"), data.path("c.md"));
    ends_with(
        0,
        &[
            "compare",
            &before,
            &after,
            "--json",
            &json,
            "--html",
            &html,
            "--markdown",
            &markdown,
        ],
    );

    let compared = data.json("c.json");
    let comparison = &compared["comparisons"][0];
    assert_eq!(
        comparison["sets"].as_array().unwrap().len(),
        5,
        "{comparison}"
    );
    let (was, is) = (data.json("before.json"), data.json("after.json"));
    for set in comparison["sets"].as_array().unwrap() {
        let metric = |results: &Value, name: &Value| {
            let of = sets(results)
                .iter()
                .find(|s| s["set"] == set["set"])
                .unwrap();
            let metric = of["metrics"]
                .as_array()
                .unwrap()
                .iter()
                .find(|m| m["name"] == *name)
                .cloned();
            metric.unwrap()["value"].as_f64().unwrap()
        };
        for mark in set["marks"].as_array().unwrap() {
            // The whole set is common to both, so that the files' own numbers must come out.
            let (before, after) = (metric(&was, &mark["mark"]), metric(&is, &mark["mark"]));
            let close =
                |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
            assert!(
                close(&mark["before"], before) && close(&mark["after"], after),
                "{mark}"
            );
            assert!(
                close(&mark["difference"]["value"], after - before),
                "{mark}"
            );
            let flips = |gained: bool| {
                let flips = set["flips"].as_array().unwrap().iter();
                flips
                    .filter(|f| f["mark"] == mark["mark"] && f["gained"] == gained)
                    .count() as u64
            };
            assert_eq!(
                (flips(true), flips(false)),
                (
                    mark["gained"].as_u64().unwrap(),
                    mark["lost"].as_u64().unwrap()
                )
            );
            assert!(
                mark["p_holm"].as_f64() >= mark["p_value"].as_f64(),
                "{mark}"
            );
        }
        for mean in set["means"].as_array().unwrap() {
            let expected = metric(&is, &mean["metric"]) - metric(&was, &mean["metric"]);
            assert!(
                (mean["difference"]["value"].as_f64().unwrap() - expected).abs() < 1e-9,
                "{mean}"
            );
        }
    }
    let pareto = &compared["pareto"];
    assert_eq!(pareto["zero_shot"], json!(["tableau/noun"]));
    assert_eq!(pareto["models"][0]["composition"]["value"], 0.0);
    assert!(pareto["models"][1]["retrieval"]["value"].is_number());

    let markdown = fs::read_to_string(markdown).unwrap();
    assert!(
        markdown.contains("| sugarcrepe/swap\\_att | accuracy | 10 |"),
        "{markdown}"
    );
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("Pareto front") && page.contains("<svg"));

    // The other way round every difference changes its sign.
    let back = [
        "compare",
        &before,
        &after,
        "--baseline",
        "tiny_b_gelu_openclip",
        "--json",
        "-",
    ];
    let back: Value = serde_json::from_str(&ends_with(0, &back)).unwrap();
    let value = |c: &Value| {
        c["comparisons"][0]["sets"][0]["marks"][0]["difference"]["value"]
            .as_f64()
            .unwrap()
    };
    assert!((value(&back) + value(&compared)).abs() < 1e-12);
}

#[test]
fn only_what_is_the_same_is_compared() {
    let data = Data::new(6);
    let (all, some) = (data.path("all.json"), data.path("some.json"));
    data.eval(
        0,
        &default_model(),
        &["sugarcrepe/swap_att", "hierarcaps", "--json", &all],
    );
    fs::remove_file(data.path("images/1.png")).unwrap();
    data.eval(
        3,
        &default_model(),
        &["sugarcrepe/swap_att", "--json", &some],
    );
    let compared: Value =
        serde_json::from_str(&ends_with(0, &["compare", &all, &some, "--json", "-"])).unwrap();
    let comparison = &compared["comparisons"][0];
    assert_eq!(comparison["only_before"], json!(["hierarcaps"]));
    assert!(
        comparison["warnings"][0]
            .as_str()
            .unwrap()
            .contains("the same checkpoint")
    );
    let set = &comparison["sets"][0];
    assert_eq!(
        (&set["compared"], &set["marks"][0]["p_value"]),
        (&json!(5), &json!(1.0))
    );
    assert_eq!(set["missing_after"][0]["item"], "1");
    assert!(
        set["missing_after"][0]["why"]
            .as_str()
            .unwrap()
            .contains("1.png is not in")
    );
    let table = ends_with(0, &["compare", &all, &some]);
    assert!(table.contains("answered before but not after"), "{table}");

    // The first questions only.
    let first = data.eval(
        0,
        &default_model(),
        &["sugarcrepe/swap_att", "--limit", "1"],
    );
    assert!(first.contains("       1     0"), "{first}");

    // Chains are sought among all texts of the set, so that a part of it is another question.
    data.eval(
        0,
        &default_model(),
        &["hierarcaps", "--limit", "1", "--json", &some],
    );
    let sentence = refusal(&["compare", &all, &some]);
    assert!(
        sentence.contains("among different candidates"),
        "{sentence}"
    );

    // Another version of the set, under the same name.
    let mut list = data.json("sugar_crepe/swap_att.json");
    list["0"]["negative_caption"] = json!("another caption");
    data.write("sugar_crepe/swap_att.json", &list.to_string());
    data.eval(
        3,
        &default_model(),
        &["sugarcrepe/swap_att", "--json", &some],
    );
    let sentence = refusal(&["compare", &all, &some]);
    assert!(
        sentence.contains("item 0 is another question in each file"),
        "{sentence}"
    );

    assert!(refusal(&["compare", &all]).contains("one model only"));
    let sentence = refusal(&["compare", &all, &data.path("sugar_crepe/swap_att.json")]);
    assert!(sentence.contains("is no result file"), "{sentence}");
    let mut newer = data.json("all.json");
    newer["version"] = json!(99);
    let newer = data.write("newer.json", &newer.to_string());
    assert!(refusal(&["compare", &all, &newer]).contains("has version 99"));
    assert!(
        refusal(&["compare", &all, &some, "--baseline", "nobody"])
            .contains("is none of the models")
    );
}

#[test]
fn lists_that_are_wrong_are_refused_by_one_sentence() {
    let data = Data::new(2);
    let model = default_model();
    let common = ["--model", &model, "--data", data.root(), "--no-cache"];
    let eval = |what: &str| refusal(&[&["eval", what], &common[..]].concat());

    data.write(
        "sugar_crepe/swap_obj.json",
        r#"[{"image_path": "1.jpg", "true_caption": "a", "false_caption": "b"}]"#,
    );
    let sentence = eval("sugarcrepe/swap_obj");
    assert!(
        sentence.contains("swap_obj.json") && sentence.contains("SugarCrepe's files are objects"),
        "{sentence}"
    );

    data.write(
        "sugar_crepe/add_obj.json",
        r#"{"0": {"filename": "none.jpg", "caption": "a", "negative_caption": "b"}}"#,
    );
    let sentence = refusal(&[&["eval", "sugarcrepe/add_obj"], &common[..]].concat());
    assert!(
        sentence.contains("none of the sets could be scored"),
        "{sentence}"
    );
    let output = cliprobe(&[&["eval", "sugarcrepe/add_obj"], &common[..]].concat());
    assert!(
        text(&output.stderr).contains("none.jpg is not in"),
        "{}",
        text(&output.stderr)
    );

    assert!(eval("sugarcrep").contains("did you mean sugarcrepe?"));
    assert!(eval("sugarcrepe/swap").contains("its sets are sugarcrepe/replace_obj"));
    assert!(eval("aro").contains("none of the lists that are asked for is there"));
    let output = cliprobe(&[&["eval", "aro"], &common[..]].concat());
    assert!(text(&output.stderr).contains("visual_genome_relation.json is not in"));
    assert!(
        refusal(&[&["eval", "tableau", "--published=Nobody"], &common[..]].concat())
            .contains("NegCLIP")
    );
}

#[test]
fn what_cannot_be_answered_is_named() {
    let data = Data::new(4);
    fs::remove_file(data.path("images/1.png")).unwrap();
    fs::write(
        data.path("images/2.png"),
        b"\x89PNG\r\n\x1a\n and nothing more",
    )
    .unwrap();
    let item = |file: &str, right: &str, wrong: &str| {
        format!(r#"{{"filename": "{file}", "caption": "{right}", "negative_caption": "{wrong}"}}"#)
    };
    let list = format!(
        r#"{{"0": {}, "1": {}, "2": {}, "3": {}, "3": {}, "4": {}}}"#,
        item("0.png", "a cat", ""),
        item("1.png", "a cat", "a dog"),
        item("2.png", "a cat", "a dog"),
        item("3.png", "a lost one", "a dog"),
        item(
            "3.png",
            "a red circle and a blue square",
            "a red circle and a blue square"
        ),
        item("0.png", &"a cat and ".repeat(90), "a dog"),
    );
    data.write("sugar_crepe/swap_att.json", &list);
    let (json, html) = (data.path("r.json"), data.path("r.html"));
    let table = data.eval(
        3,
        &default_model(),
        &["sugarcrepe/swap_att", "--json", &json, "--html", &html],
    );
    assert!(table.contains("3 of 5 items scored"), "{table}");
    assert!(
        table.contains("1 texts are longer than the context"),
        "{table}"
    );
    let results = data.json("r.json");
    let set = &sets(&results)[0];
    let skipped: Vec<&str> = set["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["item"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, ["1", "2"]);
    assert!(set["skipped"][1]["why"].as_str().unwrap().contains("2.png"));
    let warnings = set["warnings"].to_string();
    for expected in [
        "stands in the file more than once",
        "empty caption",
        "cannot be answered",
    ] {
        assert!(warnings.contains(expected), "{warnings}");
    }
    let of_3 = set["answers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["id"] == "3")
        .unwrap();
    assert_eq!(
        (
            &of_3["detail"]["choice"]["tied"],
            &of_3["detail"]["choice"]["correct"]
        ),
        (&json!(true), &json!(false))
    );
    let page = fs::read_to_string(html).unwrap();
    for expected in [
        "2 items skipped",
        "3 warnings about its file",
        "1 texts cut off",
        "1.png is not in",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

/// Writes embeddings as `cliprobe embed` does.
fn embeddings(
    data: &Data,
    rows: &[[f32; 2]],
    images: &[&str],
    captions: &[(&str, [f32; 2])],
) -> String {
    let bytes = |values: Vec<f32>| {
        values
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let image = bytes(rows.as_flattened().to_vec());
    let text = bytes(captions.iter().flat_map(|c| c.1).collect());
    let view = |n: usize, data| TensorView::new(Dtype::F32, vec![n, 2], data).unwrap();
    let tensors = [
        ("image_embeds", view(rows.len(), &image)),
        ("text_embeds", view(captions.len(), &text)),
    ];
    let names: Vec<&str> = captions.iter().map(|c| c.0).collect();
    let metadata = [
        ("images".to_owned(), json!(images).to_string()),
        ("texts".to_owned(), json!(names).to_string()),
    ];
    let file = safetensors::serialize(tensors, Some(metadata.into())).unwrap();
    let path = data.path("e.safetensors");
    fs::write(&path, file).unwrap();
    path
}

#[test]
fn embeddings_from_elsewhere_are_scored_or_refused() {
    let data = Data::new(1);
    data.write(
        "sugar_crepe/swap_att.json",
        r#"{"7": {"filename": "x.png", "caption": "yes", "negative_caption": "no"}}"#,
    );
    let eval = [
        "eval",
        "sugarcrepe/swap_att",
        "--data",
        data.root(),
        "--json",
        "-",
        "--embeddings",
    ];
    let captions = [("yes", [3.0, 4.0]), ("no", [0.0, -1.0])];
    let file = embeddings(&data, &[[0.0, 2.0]], &["somewhere/x.png"], &captions);
    let results: Value =
        serde_json::from_str(&ends_with(0, &[&eval[..], &[&file]].concat())).unwrap();
    let answer = &sets(&results)[0]["answers"][0];
    assert_eq!(answer["detail"]["choice"]["correct"], true);
    assert!((answer["similarities"][0].as_f64().unwrap() - 0.8).abs() < 1e-6);

    let file = embeddings(&data, &[[f32::NAN, 2.0]], &["x.png"], &captions);
    let sentence = refusal(&[&eval[..], &[&file]].concat());
    assert!(
        sentence.contains("image_embeds") && sentence.contains("image 0"),
        "{sentence}"
    );
    let file = embeddings(&data, &[[0.0, 2.0]], &["x.png", "y.png"], &captions);
    let sentence = refusal(&[&eval[..], &[&file]].concat());
    assert!(
        sentence.contains("image_embeds has 1 rows, but \"images\" names 2"),
        "{sentence}"
    );
    fs::write(&file, "not safetensors").unwrap();
    assert!(refusal(&[&eval[..], &[&file]].concat()).contains("is no safetensors file"));
}

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

/// A webdataset shard: each image with what stands beside it.
fn shard(path: &Path, images: &[PathBuf], beside: &str, contents: impl Fn(usize) -> String) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (number, image) in images.iter().enumerate() {
        let key = format!("s{number:04}");
        tar.append_path_with_name(image, format!("{key}.png"))
            .unwrap();
        let text = contents(number);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{key}.{beside}"), text.as_bytes())
            .unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn class_folders_and_webdatasets_ask_the_same() {
    let data = Data::new(6);
    let images: Vec<PathBuf> = (0..6)
        .map(|n| data.folder.path().join(format!("images/{n}.png")))
        .collect();
    let class_of = |number: usize| ["blue_dog", "red_cat"][number % 2];
    for (number, image) in images.iter().enumerate() {
        let folder = data.folder.path().join("classes").join(class_of(number));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(image, folder.join(format!("{number}.png"))).unwrap();
    }
    let shards = data.folder.path().join("shards");
    shard(&shards.join("test/0.tar"), &images, "cls", |number| {
        (number % 2).to_string()
    });
    data.write("shards/classnames.txt", "blue dog\nred cat\n");
    data.write(
        "shards/zeroshot_classification_templates.txt",
        "a photo of a {c}.\n{c}\n",
    );
    let templates = data.write("templates.txt", "a photo of a {}.\n{}\n");
    let run = |folder: &str, out: &str, more: &[&str]| {
        let (folder, out) = (data.path(folder), data.path(out));
        let what = ["eval", &folder, "--model", &default_model(), "--no-cache"];
        ends_with(0, &[&what[..], &["--json", &out], more].concat());
        serde_json::from_str::<Value>(&fs::read_to_string(&out).unwrap()).unwrap()
    };
    let of_folders = run("classes", "folders.json", &["--templates", &templates]);
    let of_shards = run("shards", "shards.json", &[]);
    let metrics = |results: &Value| sets(results)[0]["metrics"].clone();
    assert_eq!(metrics(&of_folders), metrics(&of_shards));
    assert_eq!(sets(&of_shards)[0]["scored"], 6);

    // Another data set whose files have the same names, as those of CLIP_benchmark have.
    let mut others = images.clone();
    others.reverse();
    let twins = data.folder.path().join("twins");
    shard(&twins.join("test/0.tar"), &others, "cls", |number| {
        (number % 2).to_string()
    });
    for list in ["classnames.txt", "zeroshot_classification_templates.txt"] {
        fs::copy(shards.join(list), twins.join(list)).unwrap();
    }
    let answers = |results: &Value, set: usize| sets(results)[set]["answers"].clone();
    let alone = run("twins", "twins.json", &[]);
    let together = run("shards", "both.json", &[&data.path("twins")]);
    assert_eq!(answers(&together, 0), answers(&of_shards, 0));
    assert_eq!(answers(&together, 1), answers(&alone, 0));

    let captions = data.folder.path().join("captions");
    shard(&captions.join("0.tar"), &images, "txt", |number| {
        format!("image {number}\nnumber {number}\n")
    });
    let of_captions = run("captions", "captions.json", &[]);
    assert_eq!(sets(&of_captions)[0]["set"], "captions/retrieval");
    assert_eq!(sets(&of_captions)[0]["scored"], 12);

    // A download that stopped.
    let whole = fs::read(captions.join("0.tar")).unwrap();
    fs::write(captions.join("0.tar"), &whole[..whole.len() / 3]).unwrap();
    let sentence = refusal(&[
        "eval",
        captions.to_str().unwrap(),
        "--model",
        &default_model(),
        "--no-cache",
    ]);
    assert!(sentence.contains("cut off"), "{sentence}");
}

/// Copies the `n`-th image of the data to a place below its folder.
fn place(data: &Data, n: usize, at: &str) {
    let to = data.folder.path().join(at);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(data.folder.path().join(format!("images/{n}.png")), to).unwrap();
}

#[test]
fn a_namesake_in_another_folder_is_not_the_image() {
    let data = Data::new(3);
    place(&data, 0, "img/train/1.png");
    place(&data, 1, "img/train/2.png");
    place(&data, 2, "img/val/1.png");
    let table = data.write(
        "pairs.csv",
        "filepath,title\ntrain/1.png,a\ntrain/2.png,b\nval/1.png,c\nval/2.png,d\n",
    );
    let json = data.path("r.json");
    let images = data.path("img");
    let common = ["eval", &table, "--images", &images, "--no-cache", "--model"];
    let model = default_model();
    let table = ends_with(3, &[&common[..], &[&model, "--json", &json]].concat());
    assert!(
        table.contains("skipped for example val/2.png: val/2.png is not in"),
        "{table}"
    );
    let result = data.json("r.json");
    assert_eq!(sets(&result)[0]["scored"], 3);
}

#[test]
fn one_file_under_two_names_is_one_image() {
    let data = Data::new(2);
    let list = |second: &str| {
        format!("filepath,title\nimages/0.png,one\n{second},two\nimages/1.png,three\n")
    };
    let metrics = |name: &str, contents: &str| {
        let table = data.write(name, contents);
        let json = data.path("r.json");
        data.eval(0, &default_model(), &[&table, "--json", &json]);
        sets(&data.json("r.json"))[0]["metrics"].clone()
    };
    let whole = metrics("one.csv", &list("images/0.png"));
    assert_eq!(
        metrics("dots.csv", &list("./images/../images/0.png")),
        whole
    );
    assert_eq!(metrics("bare.csv", &list("0.png")), whole);
    assert_eq!(metrics("windows.csv", &list("images\\0.png")), whole);
    assert_eq!(whole[0]["n"], 2);
}

#[test]
fn a_stray_quotation_mark_is_an_error_and_not_fewer_items() {
    let data = Data::new(1);
    let stray = at_root("tests/found/stray.tsv");
    let sentence = refusal(&["eval", &stray, "--model", &default_model(), "--no-cache"]);
    assert!(
        sentence.contains("row 2 (line 3) is never closed"),
        "{sentence}"
    );
    let text = data.write("latin.txt", "");
    fs::write(&text, b"caf\xe9\n").unwrap();
    let classes = data.path("classes");
    place(&data, 0, "classes/cat/0.png");
    let sentence = refusal(&[
        "eval",
        &classes,
        "--classes",
        &text,
        "--model",
        &default_model(),
        "--no-cache",
    ]);
    assert!(sentence.contains("Latin-1"), "{sentence}");
}

#[test]
fn a_class_without_an_image_that_is_read_is_named() {
    let data = Data::new(2);
    place(&data, 0, "photos/cat/0.png");
    data.write("photos/dog/0.bmp", "BM");
    data.write("photos/dog/1.bmp", "BM");
    let photos = data.path("photos");
    let eval = ["eval", &photos, "--model", &default_model(), "--no-cache"];
    let sentence = refusal(&eval);
    assert!(
        sentence.contains("the class dog of") && sentence.contains("2 .bmp"),
        "{sentence}"
    );
    place(&data, 1, "photos/dog/2.png");
    let output = cliprobe(&eval);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text(&output.stderr).contains("2 .bmp"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_test_split_is_asked_unless_another_is_named() {
    let data = Data::new(4);
    for (n, at) in [
        "train/cat/0.png",
        "train/dog/1.png",
        "test/cat/2.png",
        "test/dog/3.png",
    ]
    .into_iter()
    .enumerate()
    {
        place(&data, n, &format!("set/{at}"));
    }
    // Both placeholders, and a mark that is no text.
    let templates = data.write("templates.txt", "\u{feff}a {c}\nthe {}\n");
    let set = data.path("set");
    let model = default_model();
    let eval = |more: &[&str]| {
        let json = data.path("r.json");
        let what = [
            "eval",
            &set,
            "--model",
            &model,
            "--no-cache",
            "--json",
            &json,
        ];
        ends_with(0, &[&what[..], more].concat());
        sets(&data.json("r.json"))[0].clone()
    };
    let test = eval(&["--templates", &templates]);
    assert_eq!(
        test["texts"],
        json!(["a cat", "the cat", "a dog", "the dog"])
    );
    assert_eq!((&test["set"], &test["items"]), (&json!("set"), &json!(2)));
    assert!(
        test["images"][0]
            .as_str()
            .unwrap()
            .ends_with("test/cat/2.png")
    );
    let train = eval(&["--split", "train", "--templates", "clip-7"]);
    assert!(
        train["images"][0]
            .as_str()
            .unwrap()
            .ends_with("train/cat/0.png")
    );
    let cupl = data.write(
        "cupl.json",
        r#"{"cat": ["A cat purrs."], "dog": ["A dog barks."]}"#,
    );
    assert_eq!(
        eval(&["--templates", &cupl])["texts"],
        json!(["A cat purrs.", "A dog barks."])
    );
    let sentence = refusal(&[
        "eval",
        &set,
        "--split",
        "dev",
        "--model",
        &model,
        "--no-cache",
    ]);
    assert!(
        sentence.contains("no split dev, only test, train"),
        "{sentence}"
    );
}

/// An archive of these files.
fn archive(path: &str, files: &[(&str, &[u8])]) {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    let mut tar = tar::Builder::new(fs::File::create(path).unwrap());
    for (name, contents) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *contents).unwrap();
    }
    tar.finish().unwrap();
}

#[test]
fn shards_with_dotted_keys_and_of_macos_are_read() {
    let data = Data::new(2);
    let images = [0, 1].map(|n| fs::read(data.path(&format!("images/{n}.png"))).unwrap());
    let eval = |folder: &str| {
        let json = data.path("r.json");
        let folder = data.path(folder);
        ends_with(
            0,
            &[
                "eval",
                &folder,
                "--model",
                &default_model(),
                "--no-cache",
                "--json",
                &json,
            ],
        );
        sets(&data.json("r.json"))[0].clone()
    };
    archive(
        &data.path("dots/0.tar"),
        &[
            ("2022.05.00.png", &images[0]),
            ("2022.05.00.txt", b"zero"),
            ("2022.05.01.png", &images[1]),
            ("2022.05.01.txt", b"one"),
        ],
    );
    let dots = eval("dots");
    assert_eq!(dots["texts"], json!(["zero", "one"]));
    assert_eq!(dots["images"].as_array().unwrap().len(), 2);
    archive(
        &data.path("macos/0.tar"),
        &[
            ("./._0.png", b"attributes"),
            ("./0.png", &images[0]),
            ("./0.txt", b"zero"),
            ("./._1.png", b"attributes"),
            ("./1.png", &images[1]),
            ("./1.txt", b"one"),
        ],
    );
    let macos = eval("macos");
    assert_eq!(
        (&macos["scored"], &macos["texts"]),
        (&json!(2), &json!(["zero", "one"]))
    );
    archive(
        &data.path("twice/0.tar"),
        &[
            ("a.png", &images[0]),
            ("a.jpg", &images[1]),
            ("a.txt", b"which"),
        ],
    );
    let sentence = refusal(&[
        "eval",
        &data.path("twice"),
        "--model",
        &default_model(),
        "--no-cache",
    ]);
    assert!(sentence.contains("the sample a;"), "{sentence}");
}

#[test]
fn a_file_in_the_present_folder_needs_no_dot() {
    let data = Data::new(1);
    let item = json!({"image": "images/0.png", "captions": ["a", "b"], "correct": 0});
    let probes = json!({"format": "cliprobe-probes", "version": 1, "kind": "caption_choice", "name": "mine", "items": [item]});
    data.write("p.json", &probes.to_string());
    let run = |contents: &str| {
        data.write("p.json", contents);
        Command::cargo_bin("cliprobe")
            .unwrap()
            .current_dir(data.root())
            .args(["eval", "p.json", "--model", &default_model(), "--no-cache"])
            .output()
            .unwrap()
    };
    let output = run(&probes.to_string());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // What is wrong in a probe file is named with its field, its line and what was expected.
    let wrong = serde_json::to_string_pretty(&probes).unwrap();
    let output = run(&wrong.replace("\"images/0.png\"", "7"));
    let sentence = text(&output.stderr);
    assert!(
        sentence.contains("items[0].image")
            && sentence.contains("an image: a file's name")
            && sentence.contains("line 8"),
        "{sentence}"
    );
}

#[test]
fn targets_are_checked_before_the_work_and_models_keep_their_names() {
    let data = Data::new(1);
    let missing = data.path("nowhere/r.json");
    let model = default_model();
    let ask = [
        "eval",
        "tableau/noun",
        "--tableau-items",
        "2",
        "--no-cache",
        "--model",
    ];
    let sentence = refusal(&[&ask[..], &[&model, "--json", &missing]].concat());
    assert!(sentence.contains("there is no folder"), "{sentence}");
    // Two models of one directory name, as training leaves them.
    for run in ["one", "two"] {
        let folder = data.folder.path().join(run).join("model");
        fs::create_dir_all(&folder).unwrap();
        for file in fs::read_dir(other_model()).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    let (one, two) = (data.path("one/model"), data.path("two/model"));
    let (csv, shape) = (data.path("r.csv"), data.path("shape"));
    let more = [
        one.as_str(),
        &two,
        "--csv",
        &csv,
        "--clip-benchmark",
        &shape,
    ];
    ends_with(0, &[&ask[..], &more].concat());
    let rows = fs::read_to_string(&csv).unwrap();
    assert!(
        rows.contains("one/model,tableau/noun") && rows.contains("two/model,"),
        "{rows}"
    );
    assert!(
        rows.lines().next().unwrap().contains("unit,better"),
        "{rows}"
    );
    let mut files: Vec<PathBuf> = fs::read_dir(&shape)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 2);
    let file: Value = serde_json::from_str(&fs::read_to_string(&files[0]).unwrap()).unwrap();
    assert_eq!(
        (&file["metrics"]["n"], &file["metrics"]["items"]),
        (&json!(2), &json!(2))
    );
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
    assert!(text(&output.stderr).contains("embeddings are not kept"));
}

/// Written by the version before metrics had units: every kind of question, two models, three items.
#[test]
fn result_files_of_older_versions_are_compared_as_before() {
    let old = at_root("tests/found/results-before-units.json");
    let compared: Value =
        serde_json::from_str(&ends_with(0, &["compare", &old, "--json", "-"])).unwrap();
    let sets = compared["comparisons"][0]["sets"].as_array().unwrap();
    let set = |name: &str| sets.iter().find(|set| set["set"] == name).unwrap();
    let mean = &set("hierarcaps")["means"][2];
    assert_eq!(
        (&mean["metric"], &mean["unit"], &mean["better"]),
        (
            &json!("order correlation τ_d"),
            &json!("correlation"),
            &json!("higher")
        )
    );
    let aims: Vec<&str> = sets
        .iter()
        .map(|set| set["aim"].as_str().unwrap())
        .collect();
    assert_eq!(
        aims,
        [
            "hierarchy",
            "composition",
            "zero_shot",
            "composition",
            "composition",
            "composition",
            "retrieval"
        ]
    );
    let markdown = ends_with(0, &["compare", &old]);
    assert!(
        markdown.contains("| hierarcaps | order correlation τ\\_d | 3 | 0."),
        "{markdown}"
    );
}
