//! What `cliprobe world export` writes, as a run reads it: the same images to the bit, the same captions.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Parser;
use cliprobe::clip::preprocessing::Preprocessing;
use cliprobe::facade::{draw_scene, prepare_decoded};
use cliprobe::world::{
    Scene, SceneParams, Split, WebCaptionParams, Wording, WordingParams, dense_caption, web_caption,
};

use cliprobe_train::Sample;
use cliprobe_train::data::{Shape, Sources};
use cliprobe_train::recipe::DataRecipe;

use crate::{Cli, Command};

const SIDE: usize = 32;
const SCENES: usize = 14;

fn export(out: &Path, options: &[&str]) -> anyhow::Result<()> {
    let out = out.to_str().unwrap();
    let size = SIDE.to_string();
    let scenes = SCENES.to_string();
    let common = [
        "cliprobe", "world", "export", "--out", out, "--size", &size, "--scenes", &scenes,
    ];
    match Cli::try_parse_from(common.iter().chain(options))?.command {
        Command::World(args) => crate::world::run(&args),
        _ => unreachable!("it is a command of the world"),
    }
}

/// One epoch, as a run with the model's own preprocessing reads it.
fn read(recipe: &str, out: &Path, pairs: usize) -> Vec<Sample> {
    let recipe = recipe.replace("OUT", out.to_str().unwrap());
    let recipe: DataRecipe = toml::from_str(&format!("crop = 'evaluation'\n{recipe}")).unwrap();
    let shape = Shape {
        seed: 3,
        pairs,
        chains: 2,
        preprocessing: &Preprocessing::clip_default(SIDE as u32),
        side: SIDE,
    };
    let sources = Sources::open(&recipe, &shape).unwrap();
    let samples = sources.samples.as_ref().unwrap();
    samples.draw(0, 0..pairs).unwrap()
}

fn scene(number: u64, params: &SceneParams) -> Scene {
    Scene::sample(Split::Training.seed(number), params)
}

/// Pixels as bits, which can be compared and ordered, and captions.
fn pairs(samples: impl IntoIterator<Item = (String, Vec<f32>)>) -> BTreeSet<(String, Vec<u32>)> {
    let bits = |pixels: Vec<f32>| pixels.into_iter().map(f32::to_bits).collect();
    samples
        .into_iter()
        .map(|(caption, pixels)| (caption, bits(pixels)))
        .collect()
}

/// The images and captions that the library itself makes.
fn expected(from: u64, params: &SceneParams, dense: bool) -> BTreeSet<(String, Vec<u32>)> {
    pairs((from..from + SCENES as u64).map(|number| {
        let scene = scene(number, params);
        let mut rng = scene.caption_rng();
        let claim = if dense {
            dense_caption(&scene, &mut rng)
        } else {
            web_caption(&scene, &mut rng, &WebCaptionParams::default())
        };
        let wording = Wording::sample(&WordingParams::default(), &mut rng);
        let image = draw_scene(&scene, SIDE).unwrap();
        let model = Preprocessing::clip_default(SIDE as u32);
        let prepared = prepare_decoded(&image, &model).unwrap();
        (claim.worded(wording), prepared.pixels)
    }))
}

fn as_read(samples: Vec<Sample>) -> BTreeSet<(String, Vec<u32>)> {
    pairs(
        samples
            .into_iter()
            .map(|sample| (sample.caption, sample.pixels)),
    )
}

#[test]
fn tables_hold_what_the_world_draws_and_says() {
    let folder = tempfile::tempdir().unwrap();
    for (format, captions, dense) in [("csv", "web", false), ("tsv", "dense", true)] {
        let out = folder.path().join(format);
        export(
            &out,
            &["--format", format, "--captions", captions, "--from", "7"],
        )
        .unwrap();
        let recipe = format!("table.path = 'OUT/captions.{format}'");
        let samples = read(&recipe, &out, SCENES);
        assert!(as_read(samples) == expected(7, &SceneParams::default(), dense));
    }
}

#[test]
fn negclips_columns_name_false_captions_and_similar_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("n");
    export(&out, &["--format", "tsv", "--hard-negatives"]).unwrap();
    let path = out.join("captions.tsv");
    let mut table = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_path(path)
        .unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert!(rows.len() > SCENES / 2);
    for (number, row) in rows.iter().enumerate() {
        let negatives = crate::python_list::strings(&row[2]).unwrap();
        assert!(!negatives.is_empty() && !negatives.contains(&row[1].to_owned()));
        let similar = crate::python_list::numbers(&row[3]).unwrap();
        assert_eq!(similar.iter().collect::<BTreeSet<_>>().len(), 3);
        for other in similar {
            assert!(other as usize != number && (other as usize) < rows.len());
        }
    }
    let recipe = "[table]\npath = 'OUT/captions.tsv'\nhard_negatives = true\nhard_images = true";
    let samples = read(recipe, &out, 2 * rows.len());
    assert!(
        samples
            .iter()
            .all(|sample| sample.hard_negatives.len() == 1)
    );
}

#[test]
fn archives_hold_what_the_world_draws_and_says() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("w");
    let options = [
        "--format",
        "webdataset",
        "--shard-size",
        "5",
        "--style",
        "night",
    ];
    export(&out, &options).unwrap();
    let params = SceneParams {
        style: cliprobe::world::Style::Night,
        ..SceneParams::default()
    };
    let samples = read("webdataset.shards = ['OUT']", &out, SCENES);
    assert!(as_read(samples) == expected(0, &params, false));

    // LAION-COCO's key.
    let recipe = "[webdataset]\nshards = ['OUT/{000000..000002}.tar']\ncaption_key = 'top_caption'";
    let full: BTreeSet<String> = read(recipe, &out, SCENES)
        .into_iter()
        .map(|sample| sample.caption)
        .collect();
    let dense = (0..SCENES as u64).map(|number| {
        let scene = scene(number, &params);
        dense_caption(&scene, &mut scene.caption_rng()).to_string()
    });
    assert_eq!(full, dense.collect());

    let sizes: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("sizes.json")).unwrap()).unwrap();
    assert_eq!(sizes["000000.tar"], 5);
    assert_eq!(sizes["000002.tar"], 4);

    // What is there stays; what is missing is made again, the same.
    let shard = out.join("000001.tar");
    let bytes = fs::read(&shard).unwrap();
    fs::remove_file(&shard).unwrap();
    let kept = out.join("000000.tar");
    fs::write(&kept, "as it was").unwrap();
    export(&out, &options).unwrap();
    assert!(fs::read(&shard).unwrap() == bytes);
    assert_eq!(fs::read(&kept).unwrap(), b"as it was");
}

#[test]
fn a_folder_holds_one_export() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("one");
    export(&out, &["--format", "csv"]).unwrap();
    let refusal = |out: &Path, options: &[&str]| export(out, options).unwrap_err().to_string();
    let sentence = refusal(&out, &["--format", "csv", "--captions", "dense"]);
    assert!(
        sentence.ends_with(
            "holds another export, with captions \"web\" instead of \"dense\"; choose another folder"
        ),
        "{sentence}"
    );
    let sentence = refusal(&out, &["--format", "csv", "--hard-negatives"]);
    assert!(
        sentence.contains("hard_negatives false instead of true"),
        "{sentence}"
    );
    let sentence = refusal(&out, &["--format", "webdataset"]);
    assert!(
        sentence.contains("format \"csv\" instead of \"webdataset\""),
        "{sentence}"
    );
    let sentence = refusal(folder.path(), &["--format", "csv"]);
    assert!(
        sentence.ends_with("is not empty and holds no export; choose another folder"),
        "{sentence}"
    );
    let sentence = refusal(
        &folder.path().join("two"),
        &["--format", "csv", "--from", "2251799813685247"],
    );
    assert!(
        sentence.contains("14 scenes from 2251799813685247 on exceed the split"),
        "{sentence}"
    );
    assert!(!folder.path().join("two").exists());
    let both = ["--format", "csv", "--benchmark", "aro"];
    assert!(export(&out, &both).is_err());
}
