//! `cliprobe caption` as a user runs it.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use serde_json::Value;

fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = Command::cargo_bin("cliprobe")
        .unwrap()
        .arg("caption")
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn json(arguments: &[&str], input: &str) -> Value {
    let (code, out, err) = run(arguments, input);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

const RIDER: &str = "A man riding a brown horse in front of an old barn.";

#[test]
fn negatives_say_what_they_replaced() {
    let arguments = ["negatives", RIDER, "--json", "--all", "--seed", "7"];
    let report = json(&arguments, "");
    assert_eq!(report, json(&arguments, ""));
    assert_eq!(report[0]["text"], RIDER);
    let edits = report[0]["edits"].as_array().unwrap();
    assert!(edits.len() > 8, "{edits:?}");
    for edit in edits {
        let mut text = RIDER.to_owned();
        for replaced in edit["replaced"].as_array().unwrap().iter().rev() {
            let at = |key: &str| replaced[key].as_u64().unwrap() as usize;
            text.replace_range(at("start")..at("end"), replaced["with"].as_str().unwrap());
        }
        assert_eq!(edit["text"], text.as_str());
        assert_ne!(text, RIDER);
    }
    let drawn = ["negatives", RIDER, "--json", "--count", "3"];
    assert_eq!(json(&drawn, "")[0]["edits"].as_array().unwrap().len(), 3);
    let swaps = ["negatives", RIDER, "--json", "--kind", "swap-attributes"];
    assert_eq!(
        json(&swaps, "")[0]["edits"][0]["text"],
        "A man riding an old horse in front of a brown barn."
    );
}

#[test]
fn positives_and_generalisations_of_a_file() {
    let report = json(
        &["positives", "--file", "-", "--json"],
        "A cat and a dog\nA white cup\n",
    );
    assert_eq!(report[0]["edits"][0]["text"], "A dog and a cat");
    assert_eq!(report[0]["edits"][0]["kind"], "positive-swap");
    assert_eq!(report[1]["edits"][0]["text"], "An ivory cup");
    let why = report[1]["not_editable"][0]["why"].as_str().unwrap();
    assert!(why.contains("conjuncts"), "{why}");

    let (code, out, _) = run(&["general", "A black dog running on a beach"], "");
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "A black dog running on a beach");
    assert!(lines[1].ends_with(" A dog running on a beach"), "{out}");
    assert!(lines.last().unwrap().ends_with(" animal"), "{out}");
}

#[test]
fn what_cannot_be_edited_is_said() {
    let (code, out, err) = run(&["positives", "--file", "-"], "A cat and a dog\nA lamp\n");
    assert_eq!(code, 3, "{err}");
    assert!(
        out.contains("not edited: the caption has no two conjuncts"),
        "{out}"
    );
    assert_eq!(err, "cliprobe: 1 of 2 captions could not be edited\n");

    let (code, out, err) = run(&["negatives", ""], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "cliprobe: the caption is empty: there is nothing to edit\n"
    );

    let (code, _, err) = run(&["general", "--file", "-"], "");
    assert_eq!(code, 1);
    assert!(err.contains("no captions"), "{err}");
    assert_eq!(run(&["negatives", "a", "--kind", "nonsense"], "").0, 2);
}
