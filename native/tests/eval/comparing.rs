//! `cliprobe compare`: pairs of results, item by item.

use std::fs;

use serde_json::{Value, json};

use crate::common::{argument, at_root, refusal};
use crate::data::{Data, default_model, ends_with, other_model, sets};

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
        sentence.contains("item 0 is a different question in each file"),
        "{sentence}"
    );

    assert!(refusal(&["compare", &all]).contains("one model only"));
    let sentence = refusal(&["compare", &all, &data.path("sugar_crepe/swap_att.json")]);
    assert!(sentence.contains("is not a result file"), "{sentence}");
    let mut newer = data.json("all.json");
    newer["version"] = json!(99);
    let newer = data.write("newer.json", &newer.to_string());
    assert!(refusal(&["compare", &all, &newer]).contains("has version 99"));
    assert!(
        refusal(&["compare", &all, &some, "--baseline", "nobody"])
            .contains("is none of the models")
    );
}

/// Written by the version before metrics had units: every kind of question, two models, three items.
#[test]
fn result_files_of_older_versions_are_compared_as_before() {
    let old = argument(&at_root("tests/found/results-before-units.json"));
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
