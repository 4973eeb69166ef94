//! `cliprobe hierarchy`: traversals, the straight line and the map, against numbers that NumPy gives for
//! the same embeddings.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

fn root(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    path.to_str().unwrap().to_owned()
}

fn tiny() -> String {
    root("tests/golden/tiny_b_gelu_openclip")
}

fn image() -> String {
    root("tests/golden/images/01_landscape_640x427.png")
}

/// HierarCaps' form, with one row about the image.
const TABLE: &str = "\
id,captions,image_url
7,animal => a dog => a brown dog => a brown dog on the grass,http://x.org/01_landscape_640x427.png
9,vehicle => a car => a red car => a red car next to a house,http://x.org/02_portrait_300x500.png
11,food => a fruit => a dog => a ripe pear in a bowl,http://x.org/03_small_100x80.png
";

fn write(directory: &TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn hierarchy(arguments: &[&str]) -> Output {
    Command::cargo_bin("cliprobe")
        .unwrap()
        .arg("hierarchy")
        .args(arguments)
        .args(["--device", "cpu"])
        .output()
        .unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = hierarchy(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = hierarchy(arguments);
    let sentence = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{sentence}");
    assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
    sentence
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 2e-5, "{found} is not {expected}");
}

#[test]
fn traversals_line_truth_and_map_are_those_of_numpy() {
    let directory = tempfile::tempdir().unwrap();
    let table = write(&directory, "hierarcaps_test.csv", TABLE);
    let found: Value = serde_json::from_str(&printed(&[
        &tiny(),
        "--image",
        &image(),
        "--candidates",
        &table,
        "--json",
    ]))
    .unwrap();
    // One of the twelve texts stands twice.
    assert_eq!(found["candidates"]["texts"], 11);
    assert_eq!(found["levels"], 50);
    assert_eq!(found["truth"]["row"], "7");
    let model = &found["models"][0];
    near(&model["image"]["radius"], 1.5142);
    near(&model["shown_variance"], 0.5464);
    assert_eq!(model["candidates"].as_array().unwrap().len(), 11);

    let expected = [
        (
            "euclidean",
            [
                (0, "a dog", 0.18582, -0.13167),
                (5, "animal", 0.19622, -0.12166),
                (49, "a red car next to a house", 0.31031, -0.11746),
            ],
        ),
        (
            "cosine",
            [
                (0, "a dog", 0.01727, -0.13167),
                (4, "animal", 0.01925, -0.12166),
                (49, "a red car next to a house", 0.04814, -0.11746),
            ],
        ),
    ];
    for (traversal, (kind, steps)) in model["traversals"].as_array().unwrap().iter().zip(expected) {
        assert_eq!(traversal["radius"], kind);
        let found = traversal["steps"].as_array().unwrap();
        assert_eq!(found.len(), 3);
        for (step, (level, text, radius, cosine)) in found.iter().zip(steps) {
            assert_eq!(
                (&step["level"], &step["text"]),
                (&json!(level), &json!(text))
            );
            near(&step["radius"], radius);
            near(&step["cosine"], cosine);
        }
        assert_eq!(found[0]["right"], true);
        assert_eq!(found[2]["right"], false);
        near(&traversal["score"]["precision"], 2.0 / 3.0);
        near(&traversal["score"]["recall"], 0.5);
    }

    let line = model["line"].as_array().unwrap();
    let words: Vec<&Value> = line.iter().map(|stop| &stop["text"]).collect();
    assert_eq!(
        words,
        [
            &json!("a red car next to a house"),
            &json!("animal"),
            &Value::Null
        ]
    );
    near(&line[1]["weight"], 42.0 / 49.0);
    near(&line[1]["cosine"], 0.04224);

    let truth = &model["truth"];
    near(&truth["order_correlation"], 1.0 / 3.0);
    let radii = [0.19622, 0.18582, 0.24395, 0.23406];
    let angles = [2.1743, 1.46695, 1.86509];
    for (tier, radius) in truth["tiers"].as_array().unwrap().iter().zip(radii) {
        near(&tier["radius"], radius);
    }
    for (tier, angle) in truth["tiers"].as_array().unwrap().iter().zip(angles) {
        near(&tier["exterior_angle"], angle);
    }
    assert_eq!(truth["tiers"][3]["exterior_angle"], Value::Null);
}

#[test]
fn two_models_stand_side_by_side_within_100_columns() {
    let directory = tempfile::tempdir().unwrap();
    let table = write(&directory, "hierarcaps_test.csv", TABLE);
    let page = directory.path().join("page.html");
    let text = printed(&[
        &tiny(),
        "--against",
        &root("models/default.gguf"),
        "--image",
        &image(),
        "--candidates",
        &table,
        "--html",
        page.to_str().unwrap(),
    ]);
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    for row in [
        "    0  -0.132  *  a dog                                0.276  *  animal",
        "    9                                                  0.281     a fruit",
        "tiny_b_gelu_openclip: precision 0.67, recall 0.50, order-aware recall 0.25",
        "Known of the image (row 7), tableau-4: τ_d 1.00",
    ] {
        assert!(text.contains(row), "{row} is not in\n{text}");
    }
    let html = std::fs::read_to_string(page).unwrap();
    assert_eq!(html.matches("<svg").count(), 2);
    // The truth's three edges, in each map, and the image's thumbnail.
    assert_eq!(html.matches("class=\"edge\"").count(), 6);
    assert_eq!(html.matches("href=\"data:image/png;base64,").count(), 2);
    assert!(!html.contains("http://") && !html.contains("https://"));
}

#[test]
fn candidates_are_lines_or_tableaus_chains() {
    let directory = tempfile::tempdir().unwrap();
    let lines = write(
        &directory,
        "texts.txt",
        "animal\n\na dog\nanimal\na <b>dog</b>\n",
    );
    let text = printed(&[&tiny(), "--image", &image(), "--candidates", &lines]);
    assert!(text.contains("3 texts from"), "{text}");
    assert!(text.contains("In a straight line"), "{text}");
    assert!(!text.contains("precision") && !text.contains('*'), "{text}");
    let page = printed(&[
        &tiny(),
        "--image",
        &image(),
        "--candidates",
        &lines,
        "--html",
        "-",
    ]);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("a &lt;b&gt;dog&lt;/b&gt;"));

    let found: Value = serde_json::from_str(&printed(&[
        &root("models/default.gguf"),
        "--image",
        &image(),
        "--candidates",
        "tableau",
        "--levels",
        "10",
        "--json",
    ]))
    .unwrap();
    assert_eq!(found["truth"], Value::Null);
    let texts = found["candidates"]["texts"].as_u64().unwrap();
    assert!((200..=400).contains(&texts), "{texts}");
    let steps = found["models"][0]["traversals"][0]["steps"]
        .as_array()
        .unwrap();
    assert!(
        steps
            .iter()
            .all(|step| step["level"].as_u64().unwrap() < 10)
    );
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let table = write(&directory, "hierarcaps_test.csv", TABLE);
    let empty = write(&directory, "empty.txt", "\n \n");
    let other = write(&directory, "other.csv", "a,b\n1,2\n");
    let image = image();
    let ask = |candidates: &str, more: &[&str]| {
        let mut arguments = vec!["hierarchy-model"];
        let model = tiny();
        arguments[0] = &model;
        arguments.extend(["--image", &image, "--candidates", candidates]);
        arguments.extend(more);
        refusal(&arguments)
    };
    assert!(ask(&empty, &[]).contains("there are no texts"));
    assert!(ask(&other, &[]).contains("other.csv"));
    assert!(ask(&table, &["--row", "8"]).contains("no chain with the id 8"));
    assert!(ask("not-there.txt", &[]).contains("not-there.txt"));
    let wrong = refusal(&[&tiny(), "--image", &table, "--candidates", &table]);
    assert!(wrong.contains("hierarcaps_test.csv"), "{wrong}");
}
