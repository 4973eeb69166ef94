//! `cliprobe world export --benchmark`: the exported files ask what the world's own sets ask. The evaluator must
//! give the same answers and scores for both, to the last digit of every similarity.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use cliprobe::clip::image;
use cliprobe::facade::draw_scene;
use cliprobe::probe::{Image, Probes, read_vg_attribution, tableau};
use cliprobe::world::{Combination, ProbeKind};
use serde_json::Value;

use common::{argument, golden, succeeds};

/// The exported set as the evaluator calls it, Tableau's own, and whether the authors' average is
/// Tableau's too.
const SETS: [(&str, &str, bool); 18] = [
    ("sugarcrepe/replace_obj", "replace_object", true),
    ("sugarcrepe/replace_att", "replace_attribute", true),
    ("sugarcrepe/replace_rel", "replace_relation", true),
    ("sugarcrepe/swap_obj", "swap_object", true),
    ("sugarcrepe/swap_att", "swap_attribute", true),
    ("sugarcrepe/add_obj", "add_object", true),
    ("sugarcrepe/add_att", "add_attribute", true),
    ("aro/vg-relation", "swap_object", false), // over relations
    ("svo", "svo", true),
    ("winoground", "square", true),
    ("hard-positives/replace-attributes", "synonyms", true),
    ("hard-positives/replace-relations", "converse", true),
    ("hard-positives/swap", "swap_conjuncts", true),
    ("hierarcaps", "chain", true),
    ("classification/noun", "noun", true),
    ("classification/colour_noun", "colour_noun", true),
    ("classification/domain", "domain", true),
    ("retrieval/coco", "retrieval", true),
];

const ITEMS: &str = "6";

/// Looks at 224 pixels, which is what is exported.
fn model() -> String {
    argument(&golden("tiny_a_quickgelu"))
}

fn export(out: &Path, options: &[&str]) {
    let out = out.to_str().unwrap();
    let common = ["world", "export", "--out", out];
    succeeds(&[&common[..], options].concat());
}

/// The sets of one evaluation.
fn evaluate(folder: &Path, sets: &[String]) -> Vec<Value> {
    let json = folder.join("results.json");
    let model = model();
    let mut arguments = vec!["eval"];
    arguments.extend(sets.iter().map(String::as_str));
    arguments.extend(["--model", &model, "--no-cache", "--tableau-items", ITEMS]);
    arguments.extend(["--data", folder.to_str().unwrap()]);
    arguments.extend(["--json", json.to_str().unwrap()]);
    succeeds(&arguments);
    let results: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    results["runs"][0]["sets"].as_array().unwrap().clone()
}

/// The similarity of every image and text of an answer, by the texts' words; classification and
/// retrieval tell none.
fn by_text(set: &Value, answer: &Value) -> Vec<(String, Vec<f64>)> {
    let indices = |key: &str| -> Vec<usize> {
        let indices = answer[key].as_array().unwrap().iter();
        indices.map(|i| i.as_u64().unwrap() as usize).collect()
    };
    let values = answer["similarities"].as_array().into_iter().flatten();
    let similarities: Vec<f64> = values.map(|value| value.as_f64().unwrap()).collect();
    let texts = indices("texts");
    let mut by_text: Vec<(String, Vec<f64>)> = texts
        .iter()
        .enumerate()
        .map(|(column, &text)| {
            let of_text = similarities.iter().skip(column).step_by(texts.len());
            let text = set["texts"][text].as_str().unwrap().to_owned();
            (text, of_text.copied().collect())
        })
        .collect();
    // ARO's lists begin with what is false.
    by_text.sort_by(|a, b| a.0.cmp(&b.0));
    by_text
}

#[test]
fn exported_benchmarks_get_the_same_answers_as_the_world_itself() {
    let folder = tempfile::tempdir().unwrap();
    for (combination, end) in [("seen", ""), ("held-out", "/held_out")] {
        let out = folder.path().join(combination);
        let options = ["--benchmark", "all", "--items", ITEMS, "--size", "224"];
        export(
            &out,
            &[&options[..], &["--combination", combination]].concat(),
        );
        let exported: Vec<String> = SETS
            .iter()
            .map(|(name, ..)| match name.strip_prefix("classification/") {
                Some(_) => out.join(name).to_str().unwrap().to_owned(),
                None => (*name).to_owned(),
            })
            .collect();
        let own: Vec<String> = SETS
            .iter()
            .filter(|(name, ..)| *name != "aro/vg-relation") // swap_object is there already
            .map(|(_, kind, _)| format!("tableau/{kind}{end}"))
            .collect();
        let exported = evaluate(&out, &exported);
        let own = evaluate(&out, &own);
        assert_eq!(exported.len(), SETS.len());
        for ((name, kind, same_average), exported) in SETS.iter().zip(&exported) {
            let own = own.iter().find(|set| {
                let tableau = format!("tableau/{kind}{end}");
                set["set"].as_str() == Some(&tableau)
            });
            let own = own.unwrap();
            assert_eq!(exported["scored"], own["scored"], "{name}");
            assert_eq!(exported["skipped"], own["skipped"], "{name}");
            let answers = |set: &Value| set["answers"].as_array().unwrap().clone();
            let (theirs, ours) = (answers(exported), answers(own));
            assert!(!theirs.is_empty() && theirs.len() == ours.len(), "{name}");
            for (theirs, ours) in theirs.iter().zip(&ours) {
                assert_eq!(by_text(exported, theirs), by_text(own, ours), "{name}");
                if *same_average {
                    assert_eq!(theirs["detail"], ours["detail"], "{name}");
                }
            }
            if *same_average {
                // Winoground's own names for its groups are not the world's.
                let of_all = |set: &Value| -> Vec<Value> {
                    let metrics = set["metrics"].as_array().unwrap().iter();
                    let of_group = |metric: &&Value| {
                        let metric = metric["name"].as_str().unwrap();
                        name.contains("winoground") && metric.contains(": ")
                    };
                    metrics
                        .filter(|metric| !of_group(metric))
                        .cloned()
                        .collect()
                };
                assert!(!of_all(own).is_empty(), "{name}");
                assert_eq!(of_all(exported), of_all(own), "{name}");
            }
        }
    }
}

/// Scored with 25 items of a pair of colours and more, which would take thousands: the questions
/// themselves are compared.
#[test]
fn vg_attribution_asks_what_the_world_asks() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("aro");
    export(
        &out,
        &["--benchmark", "aro", "--items", "20", "--size", "40"],
    );
    let list = fs::read_to_string(out.join("aro/visual_genome_attribution.json")).unwrap();
    let exported = read_vg_attribution(&list).unwrap();
    let own = tableau(ProbeKind::SwapAttribute, Combination::Seen, 0, 20).unwrap();
    let (Probes::CaptionChoice(theirs), Probes::CaptionChoice(ours)) =
        (&exported.probes, &own.probes)
    else {
        panic!("both are choices of a caption");
    };
    assert_eq!(theirs.len(), 20);
    for (theirs, ours) in theirs.iter().zip(ours) {
        let text = |set: &cliprobe::probe::ProbeSet, index: usize| set.texts[index].clone();
        let captions = [1, 0].map(|place| text(&exported, theirs.captions[place]));
        assert_eq!(
            captions,
            [0, 1].map(|place| text(&own, ours.captions[place]))
        );
        let (first, second) = theirs.group.split_once('_').unwrap();
        let places = [first, second].map(|colour| captions[0].find(colour).unwrap());
        assert!(places[0] < places[1], "{} of {}", theirs.group, captions[0]);

        let Image::File {
            name,
            crop: Some(crop),
        } = &exported.images[theirs.image]
        else {
            panic!("ARO shows a part of a file");
        };
        let Image::Scene(scene) = &own.images[ours.image] else {
            panic!("the world shows scenes");
        };
        let file = fs::read(out.join("aro/images").join(name)).unwrap();
        let shown = image::decode(&file).unwrap();
        let shown = shown.crop(crop.x, crop.y, crop.width, crop.height).unwrap();
        assert!(shown.data() == draw_scene(scene, 40).unwrap().data());
    }
}

#[test]
fn a_stopped_export_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("svo");
    let options = ["--benchmark", "svo", "--items", "3", "--size", "32"];
    export(&out, &options);
    let list = out.join("svo_probes/svo_probes.csv");
    let image = |id: &str| out.join("svo_probes/images").join(id);
    let before = [fs::read(&list).unwrap(), fs::read(image("2.png")).unwrap()];
    // As if it had been stopped: no list, an image missing, one empty after a power cut.
    fs::remove_file(&list).unwrap();
    fs::remove_file(image("1.png")).unwrap();
    fs::write(image("2.png"), "").unwrap();
    fs::write(image("3.png"), "as it was").unwrap();
    export(&out, &options);
    assert!([fs::read(&list).unwrap(), fs::read(image("2.png")).unwrap()] == before);
    assert!(image("1.png").is_file());
    assert_eq!(fs::read(image("3.png")).unwrap(), b"as it was");

    let mut other = Command::cargo_bin("cliprobe").unwrap();
    other.args([
        "world",
        "export",
        "--format",
        "csv",
        "--out",
        out.to_str().unwrap(),
    ]);
    let refusal = String::from_utf8(other.assert().failure().get_output().stderr.clone()).unwrap();
    assert!(
        refusal.contains("holds an export of another kind; choose another folder"),
        "{refusal}"
    );

    let list = String::from_utf8(before[0].clone()).unwrap();
    let header = "sentence,pos_triplet,neg_triplet,subj_neg,verb_neg,obj_neg,pos_url,neg_url,pos_image_id,neg_image_id";
    assert_eq!(list.lines().next(), Some(header));
    assert_eq!(list.lines().count(), 4);
}
