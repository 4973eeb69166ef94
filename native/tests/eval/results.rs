//! Results as table, JSON, CSV and HTML: what they say, what they leave out, and where they go.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::refusal;
use crate::data::{Data, default_model, ends_with, other_model, sets};

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
    assert!(table.contains("only 3 of 5 items are scored"), "{table}");
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
        "3 warnings about the file",
        "1 texts cut off",
        "1.png is not in",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
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
