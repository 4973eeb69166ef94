//! Lists and tables: what is wrong with them, and which images they mean.

use std::fs;

use assert_cmd::Command;
use serde_json::json;

use crate::common::{argument, at_root, cliprobe, refusal, text};
use crate::data::{Data, default_model, ends_with, place, sets};

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
    assert!(eval("aro").contains("no list of these benchmarks was found"));
    let output = cliprobe(&[&["eval", "aro"], &common[..]].concat());
    assert!(text(&output.stderr).contains("visual_genome_relation.json is not in"));
    assert!(
        refusal(&[&["eval", "tableau", "--published=Nobody"], &common[..]].concat())
            .contains("NegCLIP")
    );
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
        table.contains("the first one skipped is val/2.png: val/2.png is not in"),
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
    let stray = argument(&at_root("tests/found/stray.tsv"));
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
