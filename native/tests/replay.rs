//! `cliprobe score --link`: a question of the page, asked again.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// The command, standing in the repository, where `models/` lies.
fn score(arguments: &[&str]) -> Output {
    Command::cargo_bin("cliprobe")
        .unwrap()
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .arg("score")
        .args(arguments)
        .args(["--device", "cpu"])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The golden link with the numbers of the default model, and the same as a file.
fn golden() -> (String, String) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/links.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    (
        golden["read"][5]["link"].as_str().unwrap().to_owned(),
        golden["files"][0]["file"].to_string(),
    )
}

#[test]
fn a_links_numbers_are_the_same_here() {
    let (link, file) = golden();
    let output = score(&["--link", &link]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        printed.contains("All 3 cosines equal the sender's within 2e-5"),
        "{printed}"
    );
    assert!(printed.contains("The same model as the sender's."));
    assert!(printed.contains("yes    a purple cat"), "{printed}");

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("question.cliprobe.json");
    std::fs::write(&path, file).unwrap();
    let output = score(&["--link", path.to_str().unwrap(), "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["same_model"], true);
    assert_eq!(found["within"], 3);
    assert!(found["largest_difference"].as_f64().unwrap() < 1e-6);
}

#[test]
fn other_numbers_fail_and_are_shown() {
    let (link, _) = golden();
    let output = score(&["models/contrastive.gguf", "--link", &link]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(
        printed.contains("Another model than the sender's"),
        "{printed}"
    );
    assert!(printed.contains("no     a purple cat"), "{printed}");
    let sentence = text(&output.stderr);
    assert!(
        sentence.contains("0 of 3 cosines equal the sender's within 2e-5"),
        "{sentence}"
    );
}

#[test]
fn a_model_between_two_others_is_blended() {
    let output = score(&[
        "--link",
        "#scene=7&caption=a+purple+cat&patch=f326b3084e1a-3c0e3e63aa3f-0.4",
        "--json",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["model"]["name"], "contrastive 0.4 hard-positives");
    assert_eq!(found["within"], Value::Null);
    let cosine = found["captions"][0]["cosine"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&cosine));
}

#[test]
fn a_scenes_own_captions_and_a_photo() {
    let output = score(&["models/default.gguf", "--link", "#scene=7", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        found["captions"][0]["caption"],
        "a pink bicycle chasing a purple cat"
    );
    assert_eq!(found["same_model"], Value::Null);

    let image = "tests/golden/images/03_small_100x80.png";
    let link = "#photo=a.png&hash=0123456789ab&caption=a+cat";
    let output = score(&["models/default.gguf", "--link", link, "--image", image]);
    let printed = text(&output.stdout);
    assert!(
        printed.contains("This is not the photo that the link was made with (a.png)."),
        "{printed}"
    );
    assert!(printed.contains("The link brought no numbers"), "{printed}");
}

#[test]
fn what_cannot_be_asked_again_is_said_in_a_sentence() {
    let refusal = |arguments: &[&str]| {
        let output = score(arguments);
        let sentence = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {sentence}");
        assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
        sentence
    };
    let model = "models/default.gguf";
    for (link, part) in [
        ("https://example.org/", "no part after #"),
        ("#scene=7&caption=a", "does not say which model"),
        (
            "#scene=7&caption=a&model=0123456789ab",
            "begins with 0123456789ab",
        ),
        (
            "#scene=7&caption=a&patch=0123456789ab-0123456789ab-1",
            "lies between two others",
        ),
        ("gone.cliprobe.json", "is not there"),
    ] {
        let sentence = refusal(&["--link", link]);
        assert!(sentence.contains(part), "{sentence}");
    }
    for (link, part) in [
        ("#caption=a", "neither a scene nor a photo"),
        ("#photo=a.png&caption=a", "give it with --image"),
        ("#scene=7&caption=", "has no captions"),
        (
            "#scene=7&caption=a&caption=b&answer=cAAAA",
            "1 cosines for 2 captions",
        ),
        ("#scene=7&answer=cAAA", "“answer” holds no cosines"),
    ] {
        let sentence = refusal(&[model, "--link", link]);
        assert!(sentence.contains(part), "{sentence}");
    }
}
