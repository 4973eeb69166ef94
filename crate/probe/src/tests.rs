//! Readers against the authors' shapes, and evaluation against hand-computed answers.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::set::Tables;
use cliprobe_score::TieRule;
use cliprobe_world::{Combination, ProbeKind};

fn texts<'a>(set: &'a ProbeSet, indices: &[usize]) -> Vec<&'a str> {
    indices.iter().map(|&i| set.texts[i].as_str()).collect()
}

fn caption_choices(set: &ProbeSet) -> &[CaptionChoice] {
    match &set.probes {
        Probes::CaptionChoice(items) => items,
        other => panic!("caption choices expected, not {other:?}"),
    }
}

#[test]
fn sugarcrepe_keeps_gaps_and_names_duplicates() {
    let json = r#"{
        "0": {"filename": "000000222235.jpg", "caption": "a cat", "negative_caption": "a dog"},
        "7": {"filename": "000000222235.jpg", "caption": "a cat", "negative_caption": "a cat"},
        "7": {"filename": "000000000001.jpg", "caption": "one", "negative_caption": " "}
    }"#;
    let set = read_sugarcrepe("swap_obj", json).unwrap();
    assert_eq!(set.name, "sugarcrepe/swap_obj");
    assert_eq!(set.protocol.ties, TieRule::Strict);
    let items = caption_choices(&set);
    assert_eq!(items.len(), 2);
    assert_eq!((items[1].id.as_str(), items[1].correct), ("7", 0));
    assert_eq!(texts(&set, &items[1].captions), ["one", " "]);
    let odd: Vec<&str> = set.warnings.iter().map(|odd| odd.what.as_str()).collect();
    assert_eq!(odd.len(), 2, "{odd:?}");
    assert!(odd[0].contains("more than once") && odd[1].contains("empty caption"));
}

#[test]
fn a_file_of_another_benchmark_is_refused_in_one_sentence() {
    let list = r#"[{"image_path": "a.jpg", "true_caption": "x", "false_caption": "y"}]"#;
    for (error, word) in [
        (read_sugarcrepe("add_att", list).unwrap_err(), "SugarCrepe"),
        (read_vg_relation(list).unwrap_err(), "bbox_x"),
        (read_svo("a,b\n1,2\n").unwrap_err(), "sentence"),
        (
            read_hierarcaps("positive,negative,image_url\nx,y,z\n").unwrap_err(),
            "captions",
        ),
        (read_winoground("{\"a\": 1}").unwrap_err(), "Winoground"),
        (read_json("{}").unwrap_err(), "docs/benchmarks.md"),
        (read_json("not json").unwrap_err(), "docs/benchmarks.md"),
    ] {
        let message = error.to_string();
        assert!(message.contains(word), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    assert!(matches!(
        read_sugarcrepe("add_att", "{}"),
        Err(ProbeError::Empty { .. })
    ));
}

#[test]
fn aro_puts_the_false_caption_first_and_crops() {
    let json = r#"[{"image_path": "images/1.jpg", "bbox_x": 1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 4,
        "true_caption": "the man is on the horse", "false_caption": "the horse is on the man",
        "relation_name": "on"}]"#;
    let set = read_vg_relation(json).unwrap();
    let item = &caption_choices(&set)[0];
    assert_eq!(item.correct, 1);
    assert_eq!(item.group, "on");
    assert_eq!(
        texts(&set, &item.captions),
        ["the horse is on the man", "the man is on the horse"]
    );
    assert_eq!(set.images[0].label(), "images/1.jpg#xywh=1,2,3,4");
    // As the authors average: without the relations that hold both ways.
    let Average::MacroOverGroups { at_least, except } = &set.protocol.average else {
        panic!("VG-Relation is averaged over relations");
    };
    assert_eq!(*at_least, 1);
    assert!(except.iter().any(|name| name == "near") && !except.contains(&item.group));
    // VG-Attribution's list has no relation_name, VG-Relation's no attributes.
    let error = read_vg_attribution(json).unwrap_err().to_string();
    assert!(error.contains("other list"), "{error}");
}

#[test]
fn hard_positives_must_be_of_one_release() {
    let list = |captions: &[(&str, &str)]| {
        let items: Vec<_> = captions
            .iter()
            .map(|(t, f)| serde_json::json!({"image_id": "1", "image_path": "data/1.jpg", "true_caption": t, "false_caption": f}))
            .collect();
        serde_json::Value::from(items).to_string()
    };
    let data = list(&[("walking elephant", "jumping elephant")]);
    let swapped = list(&[("strolling elephant", "jumping elephant")]);
    let set = read_hard_positives("replace-attributes", &data, &swapped).unwrap();
    let Probes::HardPositive(items) = &set.probes else {
        panic!("triples expected");
    };
    let item = &items[0];
    assert_eq!(
        texts(&set, &[item.caption, item.positive, item.negative]),
        ["walking elephant", "strolling elephant", "jumping elephant"]
    );
    let other = list(&[("strolling elephant", "sleeping elephant")]);
    let error = read_hard_positives("x", &data, &other).unwrap_err();
    assert!(error.to_string().contains("item 0"), "{error}");
    let longer = list(&[("a", "b"), ("c", "d")]);
    let error = read_hard_positives("x", &data, &longer).unwrap_err();
    assert!(error.to_string().contains("item 1"), "{error}");
}

#[test]
fn hierarcaps_splits_and_trims_four_tiers() {
    let csv = "id,captions,image_url\n0,\"table => table with plates => three, plates => A table.\",http://x/COCO_val2014_000000301718.jpg\n";
    let set = read_hierarcaps(csv).unwrap();
    let Probes::Chain(chains) = &set.probes else {
        panic!("chains expected");
    };
    assert_eq!(
        texts(&set, &chains[0].tiers),
        ["table", "table with plates", "three, plates", "A table."]
    );
    assert_eq!(set.images[0].label(), "COCO_val2014_000000301718.jpg");
    assert!(set.needs_root());
    let three = csv.replace("table => table", "table");
    let error = read_hierarcaps(&three).unwrap_err().to_string();
    assert!(
        error.contains("item 0") && error.contains("four tiers"),
        "{error}"
    );
}

#[test]
fn svo_groups_by_what_was_exchanged() {
    let csv = "sentence,pos_triplet,neg_triplet,subj_neg,verb_neg,obj_neg,pos_url,neg_url,pos_image_id,neg_image_id\n\
        A dog runs.,\"dog,run,x\",\"cat,run,x\",True,False,False,u,u,1,2\n\
        A dog runs.,a,b,False,False,True,u,u,1,3\n";
    let set = read_svo(csv).unwrap();
    let Probes::ImageChoice(items) = &set.probes else {
        panic!("image choices expected");
    };
    assert_eq!(
        (items[0].group.as_str(), items[1].group.as_str()),
        ("subject", "object")
    );
    assert_eq!((set.texts.len(), set.images.len()), (1, 3));
    let error = read_svo(&csv.replace("False,True,u", "False,maybe,u"));
    assert!(error.is_ok(), "obj_neg is not read");
    let error =
        read_svo(&csv.replace("A dog runs.,a,b,False", "A dog runs.,a,b,maybe")).unwrap_err();
    assert!(error.to_string().contains("maybe"), "{error}");
}

#[test]
fn karpathy_files_whole_and_split_give_the_same_set() {
    let whole = r#"{"dataset": "coco", "images": [
        {"filename": "b.jpg", "filepath": "val2014", "split": "train", "sentences": [{"raw": "no"}]},
        {"filename": "a.jpg", "filepath": "val2014", "split": "test", "sentences": [{"raw": "x", "tokens": ["x"]}, {"raw": "y"}]}]}"#;
    let split = r#"[{"image": "val2014/a.jpg", "caption": ["x", "y"]}]"#;
    let table = "filepath\ttitle\nval2014/a.jpg\tx\nval2014/a.jpg\ty\n";
    let expected = read_retrieval_json("coco", whole, "test").unwrap();
    assert_eq!(
        read_retrieval_json("coco", split, "test").unwrap(),
        expected
    );
    assert_eq!(read_retrieval_csv("coco", table).unwrap(), expected);
    let Probes::Retrieval(retrieval) = &expected.probes else {
        panic!("retrieval expected");
    };
    assert_eq!(retrieval.image_of, [0, 0]);
    assert!(read_retrieval_json("coco", whole, "val").is_err());
}

#[test]
fn images_are_found_as_people_name_them() {
    let names = ImageNames::new(
        [
            "val2014/COCO_val2014_000000222235.jpg",
            "VG_100K/1.jpg",
            "VG_100K_2/1.jpg",
            "ex_0_img_0.png",
            "12.5.jpg",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    let find = |name: &str| names.find(name).map(|found| found.index);
    assert_eq!(find("000000222235.jpg"), Some(0));
    assert_eq!(find("COCO_val2017_000000222235.jpg"), Some(0));
    assert_eq!(find("data/VG_100K_2/1.jpg"), Some(2));
    assert_eq!(find("data/VG_100K/1.jpg"), Some(1));
    assert_eq!(find("ex_0_img_0"), Some(3));
    assert_eq!(find("12.5"), Some(4));
    assert_eq!(find("12"), None);
    assert_eq!(find("000000000001.jpg"), None);
}

#[test]
fn lists_are_found_in_the_layouts_that_people_have() {
    let paths: Vec<String> = [
        "x/sugar-crepe/data/swap_obj.json",
        "hp/data/vl_checklist_attributes.json",
        "hp/swapped_data/vl_checklist_attributes.json",
        "aro/not_visual_genome_relation.json",
    ]
    .map(str::to_owned)
    .to_vec();
    let find = |set: &str| {
        let mut sources = BENCHMARKS.iter().flat_map(|benchmark| benchmark.sources);
        sources
            .find(|source| source.set == set)
            .unwrap()
            .find(&paths)
    };
    assert_eq!(find("sugarcrepe/swap_obj"), Ok(vec![0]));
    assert_eq!(find("hard-positives/replace-attributes"), Ok(vec![1, 2]));
    assert_eq!(find("aro/vg-relation"), Err("visual_genome_relation.json"));
}

/// Every set has one name, and every benchmark's sets begin with its own.
#[test]
fn sets_are_named_once_and_after_their_benchmark() {
    let mut names = std::collections::HashSet::new();
    for benchmark in BENCHMARKS {
        for source in benchmark.sources {
            assert!(names.insert(source.set), "{} stands twice", source.set);
            let first = source.set.split('/').next();
            assert_eq!(first, Some(benchmark.name), "{}", source.set);
        }
    }
    assert_eq!(BENCHMARKS.len(), 22);
}

#[test]
fn a_list_of_another_size_is_warned_of() {
    let sources = BENCHMARKS.iter().flat_map(|benchmark| benchmark.sources);
    let source = { sources }
        .find(|source| source.set == "colorswap")
        .unwrap();
    let list = r#"[{"id": 0, "caption_1": "a", "caption_2": "b", "image_1": "1", "image_2": "2"}]"#;
    let set = (source.read)(&[list.to_owned()]).unwrap();
    assert_eq!(
        set.warnings[0].what,
        "has 1 items, where the list that published numbers are of has 300"
    );
}

fn row(x: f32, y: f32) -> Vec<f32> {
    let norm = (x * x + y * y).sqrt();
    vec![x / norm, y / norm]
}

fn score(set: &ProbeSet, images: &[Vec<f32>], texts: &[Vec<f32>]) -> Evaluation {
    let images: Vec<Result<&[f32], &str>> = images.iter().map(|r| Ok(r.as_slice())).collect();
    let texts: Vec<Result<&[f32], &str>> = texts.iter().map(|r| Ok(r.as_slice())).collect();
    evaluate(set, &images, &texts, None, None).unwrap()
}

#[test]
fn a_tie_is_wrong_for_sugarcrepe_and_right_for_an_order_set() {
    let json = r#"{"0": {"filename": "a.jpg", "caption": "x", "negative_caption": "y"}}"#;
    let set = read_sugarcrepe("swap_obj", json).unwrap();
    let tied = [row(1.0, 0.0), row(1.0, 0.0)];
    let evaluation = score(&set, &[row(1.0, 0.0)], &tied);
    assert_eq!(
        (evaluation.metrics[0].value, evaluation.metrics[0].ties),
        (0.0, 1)
    );
    let order = read_order(
        "coco-order",
        r#"[{"image": "a.jpg", "captions": ["x", "y"]}]"#,
    )
    .unwrap();
    let evaluation = score(&order, &[row(1.0, 0.0)], &tied);
    assert_eq!(
        (evaluation.metrics[0].value, evaluation.metrics[0].ties),
        (1.0, 1)
    );
}

#[test]
fn squares_match_images_with_their_captions() {
    let json = r#"{"id": 0, "image_0": "a", "image_1": "b", "caption_0": "x", "caption_1": "y"}"#;
    let set = read_winoground(json).unwrap();
    let (a, b) = (row(1.0, 0.1), row(0.1, 1.0));
    let evaluation = score(&set, &[a.clone(), b.clone()], &[a.clone(), b.clone()]);
    let values: Vec<f64> = evaluation.metrics.iter().map(|m| m.value).collect();
    assert_eq!(values, [1.0, 1.0, 1.0, 1.0]);
    assert_eq!(evaluation.metrics[3].name, "GroupMatch (easier)");
    assert_eq!(evaluation.metrics[3].chance, Some(0.5));
    // Both captions prefer the first image; the first image and the second prefer their own.
    let evaluation = score(
        &set,
        &[row(1.0, 1.0), row(1.0, 9.0)],
        &[row(1.0, 0.0), row(1.0, 1.5)],
    );
    let Detail::Square(square) = &evaluation.answers[0].detail else {
        panic!("a square expected");
    };
    let s = &evaluation.answers[0].similarities;
    // similarities are images × captions
    assert_eq!(square.text, s[0] > s[1] && s[3] > s[2]);
    assert_eq!(square.image, s[0] > s[2] && s[3] > s[1]);
    assert!(!square.text && !square.image);
    // 0.71 + 0.89 is above 0.98 + 0.11: the easier question is answered where the others are not.
    assert!(square.group_match.unwrap().right);
    let values: Vec<f64> = evaluation.metrics.iter().map(|m| m.value).collect();
    assert_eq!(values, [0.0, 0.0, 0.0, 1.0]);
    // Results of older versions have none.
    let mut old = serde_json::to_value(square).unwrap();
    old.as_object_mut().unwrap().remove("group_match");
    let old: cliprobe_score::Square = serde_json::from_value(old).unwrap();
    assert_eq!(old.group_match, None);
    assert_eq!(old.marks().len(), 3);
}

#[test]
fn a_missing_image_is_named_and_costs_no_text() {
    let json = r#"{
        "0": {"filename": "a.jpg", "caption": "x", "negative_caption": "y"},
        "1": {"filename": "b.jpg", "caption": "v", "negative_caption": "y"}
    }"#;
    let set = read_sugarcrepe("swap_obj", json).unwrap();
    assert_eq!(set.texts_needed(&[true, false]), [true, true, false]);
    assert_eq!(set.references(), (2, 4));
    let (x, y) = (row(1.0, 0.0), row(0.0, 1.0));
    let texts = [Ok(x.as_slice()), Ok(y.as_slice()), Err("not embedded")];
    let images = [Ok(x.as_slice()), Err("b.jpg is not there")];
    let evaluation = evaluate(&set, &images, &texts, None, None).unwrap();
    assert_eq!((evaluation.items, evaluation.scored), (2, 1));
    assert_eq!(
        evaluation.skipped,
        [Skipped {
            item: "1".into(),
            why: "b.jpg is not there".into()
        }]
    );
    let error = evaluate(&set, &[Err("gone"), Err("gone")], &texts, None, None).unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
    let nan = [f32::NAN, 0.0];
    let images = [Ok(nan.as_slice()), Err("gone")];
    let error = evaluate(&set, &images, &texts, None, None).unwrap_err();
    assert!(error.to_string().contains("item 0"), "{error}");
}

#[test]
fn classes_are_means_of_their_prompts() {
    let classes = ["cat", "dog"].map(str::to_owned);
    let templates = Prompts::Templates(["a {}", "the {c}"].map(str::to_owned).to_vec());
    let images = [("1.png", 0), ("2.png", 1), ("3.png", 1)].map(|(path, class)| LabelledImage {
        path: path.to_owned(),
        class,
    });
    let set = classification("animals", &classes, &templates, &images).unwrap();
    assert_eq!(set.texts, ["a cat", "the cat", "a dog", "the dog"]);
    let texts = [row(1.0, 0.2), row(1.0, -0.2), row(0.2, 1.0), row(-0.2, 1.0)];
    let shown = [row(1.0, 0.1), row(0.1, 1.0), row(1.0, 0.5)];
    let evaluation = score(&set, &shown, &texts);
    let values: Vec<f64> = evaluation.metrics.iter().map(|m| m.value).collect();
    assert_eq!(values[..2], [2.0 / 3.0, 1.0]);
    assert_eq!(values[2], 0.75); // (1/1 + 1/2) / 2
    assert!(
        classification(
            "x",
            &classes,
            &Prompts::Templates(vec!["no place".to_owned()]),
            &images
        )
        .is_err()
    );
    let outside = [LabelledImage {
        path: "4.png".into(),
        class: 2,
    }];
    assert!(classification("x", &classes, &templates, &outside).is_err());
}

#[test]
fn retrieval_counts_any_of_an_images_captions() {
    let table = "filepath,title\na.jpg,x\na.jpg,y\nb.jpg,z\n";
    let set = read_retrieval_csv("r", table).unwrap();
    let images = [row(1.0, 0.0), row(0.0, 1.0)];
    // x lies with b, y with a, z between
    let texts = [row(0.1, 1.0), row(1.0, 0.1), row(0.5, 1.0)];
    let evaluation = score(&set, &images, &texts);
    let value = |name: &str| {
        let metric = evaluation.metrics.iter().find(|m| m.name == name).unwrap();
        (metric.value, metric.n)
    };
    assert_eq!(value("image to text R@1"), (0.5, 2)); // a finds y; b finds x, which is a's
    assert_eq!(value("text to image R@1"), (2.0 / 3.0, 3)); // x is wrong
    assert_eq!(value("image to text R@5"), (1.0, 2));
}

#[test]
fn clip_lists_are_whole() {
    assert_eq!(CLIP_TEMPLATES_80.lines().count(), 80);
    assert_eq!(CLIP_TEMPLATES_7.lines().count(), 7);
    let all: Vec<&str> = CLIP_TEMPLATES_80.lines().collect();
    assert!(
        CLIP_TEMPLATES_7
            .lines()
            .all(|template| all.contains(&template))
    );
    assert!(
        all.iter()
            .all(|template| template.matches("{}").count() == 1)
    );
    let names = imagenet_class_names();
    assert_eq!(
        (names.len(), names[0], names[999]),
        (1000, "tench", "toilet paper")
    );
}

#[test]
fn tableau_sets_have_the_kind_that_their_probes_ask_for() {
    for (kind, combination) in tableau_sets() {
        let set = tableau(kind, combination, 0, 3).unwrap();
        assert_eq!(set.name, tableau_name(kind, combination));
        assert_eq!(set.probes.len(), 3, "{}", set.name);
        let images = match kind {
            ProbeKind::Svo | ProbeKind::Square => 6,
            _ => 3,
        };
        assert_eq!(set.images.len(), images, "{}", set.name);
        match (&set.probes, kind) {
            (
                Probes::Classification(c),
                ProbeKind::Noun | ProbeKind::ColourNoun | ProbeKind::Category | ProbeKind::Domain,
            ) => {
                assert_eq!(c.classes.len(), c.prompts.len());
                assert!(c.labelled.iter().all(|&(_, class)| class < c.classes.len()));
            }
            (
                Probes::HardPositive(_),
                ProbeKind::SwapConjuncts
                | ProbeKind::Converse
                | ProbeKind::Passive
                | ProbeKind::Synonyms,
            )
            | (Probes::ImageChoice(_), ProbeKind::Svo)
            | (Probes::Square(_), ProbeKind::Square)
            | (Probes::Chain(_), ProbeKind::Chain) => {}
            (Probes::Retrieval(r), ProbeKind::Retrieval) => assert_eq!(r.captions.len(), 3),
            (Probes::CaptionChoice(items), _) => {
                assert!(
                    items
                        .iter()
                        .all(|i| i.captions.len() == 2 && i.correct == 0)
                );
            }
            (other, kind) => panic!("{kind:?} is {other:?}"),
        }
    }
    let swapped = |n| tableau(ProbeKind::SwapAttribute, Combination::HeldOut, 0, n).unwrap();
    assert_eq!(swapped(5).limited(3), swapped(3));
}

/// A set of every kind, from the authors' shapes and from Tableau.
fn examples() -> Vec<ProbeSet> {
    let cropped = r#"[{"image_path": "1.jpg", "bbox_x": -1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 4,
        "true_caption": "a", "false_caption": "b", "attributes": ["red", "big"]}]"#;
    let svo =
        "sentence,subj_neg,verb_neg,obj_neg,pos_image_id,neg_image_id\ns,True,False,False,1,2\n";
    let mut sets = vec![
        read_vg_attribution(cropped).unwrap(),
        read_svo(svo).unwrap(),
        read_winoground(r#"{"image_0": "a", "image_1": "b", "caption_0": "x", "caption_1": "y"}"#)
            .unwrap(),
        read_sugarcrepe_pp_text("swap_att", r#"[{"id": 1, "filename": "a", "caption": "x", "caption2": "y", "negative_caption": "z"}]"#)
            .unwrap(),
        read_hierarcaps("id,captions,image_url\n0,a=>b=>c=>d,x.jpg\n").unwrap(),
        read_retrieval_csv("r", "filepath,title\na.jpg,x\nb.jpg,z\na.jpg,y\n").unwrap(),
    ];
    sets.extend(
        tableau_sets().map(|(kind, combination)| tableau(kind, combination, 1, 2).unwrap()),
    );
    sets
}

#[test]
fn probe_files_come_back_as_they_were() {
    for set in examples() {
        let json = write_json(&set);
        let mut back = read_json(&json).unwrap();
        // An image's captions are written together; classification's items have no keys of their own.
        if let (Probes::Retrieval(a), Probes::Retrieval(b)) = (&set.probes, &mut back.probes) {
            let captions = |r: &Retrieval, s: &ProbeSet| {
                let mut all: Vec<(usize, String)> = r
                    .image_of
                    .iter()
                    .zip(&r.captions)
                    .map(|(&p, &c)| (p, s.texts[c].clone()))
                    .collect();
                all.sort();
                all
            };
            let b = b.clone();
            assert_eq!(captions(a, &set), captions(&b, &back));
            continue;
        }
        assert_eq!(back.name, set.name);
        assert_eq!(back.images, set.images);
        assert_eq!(back.texts, set.texts);
        assert_eq!(back.protocol, set.protocol);
        assert_eq!(back.probes, set.probes, "{json}");
    }
}

#[test]
fn probe_files_say_where_they_are_wrong() {
    let good = write_json(&tableau(ProbeKind::SwapAttribute, Combination::Seen, 1, 1).unwrap());
    for (from, to, word) in [
        ("\"version\": 1", "\"version\": 2", "version is 2"),
        ("cliprobe-probes", "other", "format is \"other\""),
        ("\"correct\": 0", "\"correct\": 5", "option 5"),
        ("\"captions\"", "\"caption\"", "line"),
        ("caption_choice", "choice", "known kinds are caption_choice"),
    ] {
        let error = read_json(&good.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

proptest! {
    #[test]
    fn readers_survive_anything(text in "\\PC{0,200}", cut in 0usize..400, set in 0usize..16) {
        let _ = read_json(&text);
        let _ = read_sugarcrepe("x", &text);
        let _ = read_svo(&text);
        let _ = read_hierarcaps(&text);
        let _ = read_retrieval_csv("x", &text);
        // A probe file that was cut off, or damaged in one place.
        let examples = examples();
        let json = write_json(&examples[set % examples.len()]);
        let cut = json.floor_char_boundary(cut.min(json.len() - 1));
        prop_assert!(read_json(&json[..cut]).is_err());
        let damaged = format!("{}{text}{}", &json[..cut], &json[cut..]);
        let _ = read_json(&damaged);
    }

    #[test]
    fn an_accuracy_is_what_a_loop_counts(
        values in proptest::collection::vec((0u8..4, 0u8..4, 0u8..4), 1..40),
    ) {
        // One image, and captions on a grid of angles so that ties are common.
        let angle = |step: u8| {
            let a = f32::from(step) * 0.4;
            vec![a.cos(), a.sin()]
        };
        let mut tables = Tables::default();
        let mut items = Vec::new();
        for (number, (image, right, wrong)) in values.iter().enumerate() {
            items.push(CaptionChoice {
                id: number.to_string(),
                group: String::new(),
                image: tables.image(&image.to_string(), None),
                captions: vec![tables.text(&right.to_string()), tables.text(&wrong.to_string())],
                correct: 0,
            });
        }
        let protocol = Protocol { ties: TieRule::Strict, average: Average::Micro };
        let set = tables.set("grid".into(), Probes::CaptionChoice(items), protocol).unwrap();
        let images: Vec<_> = set.images.iter().map(|p| angle(p.label().parse().unwrap())).collect();
        let texts: Vec<_> = set.texts.iter().map(|t| angle(t.parse().unwrap())).collect();
        let evaluation = score(&set, &images, &texts);
        let naive = values.iter().filter(|(p, r, w)| p.abs_diff(*r) < p.abs_diff(*w)).count();
        prop_assert_eq!(evaluation.metrics[0].value, naive as f64 / values.len() as f64);
        let same = values.iter().filter(|(p, r, w)| r == w || p.abs_diff(*r) == p.abs_diff(*w));
        // Equal angles to either side differ in the last bit of a rotated cosine at most.
        prop_assert!(evaluation.metrics[0].ties <= same.count());
    }
}

#[test]
fn a_bare_name_is_not_another_benchmarks_file() {
    let found = |path: &str| -> Vec<&str> {
        let paths = [path.to_owned()];
        let sources = BENCHMARKS.iter().flat_map(|benchmark| benchmark.sources);
        let found = sources.filter(|source| source.find(&paths).is_ok());
        found.map(|source| source.set).collect()
    };
    assert_eq!(found("mine/swap_obj.json"), ["sugarcrepe/swap_obj"]);
    assert_eq!(
        found("x/scpp/data/swap_obj.json"),
        ["sugarcrepe++/swap_obj", "sugarcrepe++/swap_obj/text-only"]
    );
    assert_eq!(found("data/examples.jsonl"), ["winoground"]);
    assert_eq!(
        found("coco-counterfactuals/examples.jsonl"),
        ["coco-counterfactuals"]
    );
}
