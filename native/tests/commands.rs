//! The commands as a user runs them: results that another tool can read.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use safetensors::SafeTensors;
use serde_json::Value;

use common::{cliprobe, golden, json, model, only_refusal as refusal, write};

const TINY: &str = "tiny_b_gelu_openclip";

#[test]
fn inspect_says_what_the_checkpoint_is() {
    let report = json(&["inspect", &model(TINY), "--json"]);
    assert_eq!(report["activation"], "gelu");
    assert_eq!(report["format"], "Hugging Face");
    assert_eq!(report["config"]["vision"]["patch_size"], 16);
    assert_eq!(report["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(report["text_cleaning"], "none");
    assert_eq!(report["prefix"], "");
}

/// What is named as preprocessing is also part of the key of the embedding cache.
#[test]
fn without_exif_images_stay_as_they_are_stored() {
    let image = golden("images/11_exif6_400x300.jpg");
    let image = image.to_str().unwrap();
    let tiny = model(TINY);
    let score = |options: &[&str]| {
        let arguments = ["score", &tiny, "--image", image, "a cat", "--json"];
        json(&[arguments.as_slice(), options].concat())
    };
    let (turned, stored) = (score(&[]), score(&["--no-exif"]));
    assert_eq!(
        (&turned["width"], &turned["height"]),
        (&300.into(), &400.into())
    );
    assert_eq!(
        (&stored["width"], &stored["height"]),
        (&400.into(), &300.into())
    );
    assert_ne!(
        turned["ranking"][0]["cosine"],
        stored["ranking"][0]["cosine"]
    );
    let said = |report: &Value| {
        report["model"]["preprocessing"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        said(&stored),
        format!("{}, EXIF orientation ignored", said(&turned))
    );

    let directory = tempfile::tempdir().unwrap();
    let row = |command: &[&str], options: &[&str], tensor: &str| {
        let out = directory.path().join("out.safetensors");
        let arguments = [command, &["--out", out.to_str().unwrap()], options].concat();
        assert!(cliprobe(&arguments).status.success());
        let file = std::fs::read(out).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        tensors.tensor(tensor).unwrap().data().to_vec()
    };
    for (command, tensor) in [
        (["pixels", &tiny, image].as_slice(), "cropped_u8"),
        (&["embed", &tiny, "--images", image], "image_embeds"),
    ] {
        assert_ne!(
            row(command, &[], tensor),
            row(command, &["--no-exif"], tensor),
            "{tensor}"
        );
    }
}

#[test]
fn tokens_are_reported_with_what_was_cut_off() {
    let long = "cat ".repeat(2500);
    let report = json(&[
        "tokens",
        &model(TINY),
        "a photo of a cat",
        &long,
        "",
        "--json",
    ]);
    assert_eq!(report[0]["ids"].as_array().unwrap().first().unwrap(), 998);
    assert_eq!(report[0]["truncated"], false);
    assert_eq!(
        (
            report[1]["ids"].as_array().unwrap().len(),
            &report[1]["truncated"]
        ),
        (77, &Value::Bool(true))
    );
    assert_eq!(report[1]["ids"][76], 999);
    assert_eq!(report[2]["ids"], serde_json::json!([998, 999]));
}

#[test]
fn embed_writes_rows_with_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let texts = write(&directory, "texts.json", br#"["a cat", "", "a cat"]"#);
    let out = directory.path().join("e.safetensors");
    let images = golden("images");
    let output = cliprobe(&[
        "embed",
        &model(TINY),
        "--images",
        images.to_str().unwrap(),
        "--texts",
        &texts,
        "--out",
        out.to_str().unwrap(),
        "--batch",
        "3",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = std::fs::read(&out).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("image_embeds").unwrap().shape(), [10, 64]);
    let text = tensors.tensor("text_embeds").unwrap();
    assert_eq!(text.shape(), [3, 64]);
    let row = |i: usize| &text.data()[i * 256..(i + 1) * 256];
    assert_eq!(row(0), row(2));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().as_ref().unwrap();
    let names: Vec<String> = serde_json::from_str(&metadata["images"]).unwrap();
    assert_eq!(names[0], "01_landscape_640x427.png");
    assert_eq!(metadata["texts"], r#"["a cat","","a cat"]"#);
}

#[test]
fn embed_names_what_it_skips_and_keeps_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let png = std::fs::read(golden("images/03_small_100x80.png")).unwrap();
    let good = write(&directory, "good.png", &png);
    let bad = write(&directory, "bad.png", &png[..png.len() / 2]);
    let out = directory.path().join("e.safetensors");
    let output = cliprobe(&[
        "embed",
        &model(TINY),
        "--images",
        &good,
        &bad,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    let bytes = std::fs::read(&out).unwrap();
    assert_eq!(
        SafeTensors::deserialize(&bytes)
            .unwrap()
            .tensor("image_embeds")
            .unwrap()
            .shape(),
        [1, 64]
    );
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    assert!(header.metadata().as_ref().unwrap()["skipped"].contains("bad.png"));
}

#[test]
fn every_command_of_many_images_names_what_it_skips() {
    let directory = tempfile::tempdir().unwrap();
    let png = std::fs::read(golden("images/03_small_100x80.png")).unwrap();
    write(&directory, "good.png", &png);
    write(&directory, "bad.png", &png[..png.len() / 2]);
    write(&directory, "cat.BMP", b"BM");
    write(&directory, "dog.bmp", b"BM");
    write(&directory, ".hidden", b"");
    std::fs::create_dir(directory.path().join("more")).unwrap();
    let results = tempfile::tempdir().unwrap();
    let out = results.path().join("out.safetensors");
    let (folder, out) = (directory.path().to_str().unwrap(), out.to_str().unwrap());
    let tiny = model(TINY);
    for arguments in [
        &["embed", &tiny, "--images", folder, "--out", out][..],
        &["pixels", &tiny, folder, "--out", out],
    ] {
        let output = cliprobe(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 3, "{said}");
        assert_eq!(lines[0], format!("{folder}: not read: 2 .bmp, 1 folder"));
        assert!(lines[1].starts_with("skipped bad.png: "), "{said}");
        assert_eq!(lines[2], format!("1 of 2 images are missing in {out}"));
        let bytes = std::fs::read(out).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        for name in tensors.names() {
            assert_eq!(tensors.tensor(name).unwrap().shape()[0], 1, "{name}");
        }
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        assert_eq!(metadata["images"], r#"["good.png"]"#);
        assert!(metadata["skipped"].contains("bad.png"));
    }
    std::fs::remove_file(directory.path().join("good.png")).unwrap();
    std::fs::remove_file(directory.path().join("bad.png")).unwrap();
    let sentence = refusal(&["pixels", &tiny, folder, "--out", out]);
    assert!(sentence.contains("no images (png, jpg"), "{sentence}");
    assert!(sentence.contains("2 .bmp"), "{sentence}");
}

#[test]
fn a_model_keeps_its_embeddings_and_its_origin_in_every_form() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let done = |arguments: &[&str]| {
        let output = cliprobe(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
    };
    let image = golden("images/01_landscape_640x427.png");
    let ranking = |model: &str| {
        let image = image.to_str().unwrap();
        json(&["score", model, "--image", image, "a cat", "a dog", "--json"])["ranking"].clone()
    };
    let report = |model: &str| json(&["inspect", model, "--json"]);
    let tiny = model(TINY);
    let (made, gguf) = (path("made.gguf"), path("f32.gguf"));
    let (hf, open_clip) = (path("hf"), path("open_clip"));
    let recipe = ["--type", "f32", "--recipe", "trained on cats"];
    done(&[&["quantize", &tiny][..], &recipe, &["--out", &made]].concat());
    done(&["convert", &made, "--out", &hf]);
    done(&[
        "convert", &made, "--out", &open_clip, "--format", "openclip",
    ]);
    done(&["convert", &hf, "--out", &gguf]);

    let expected = ranking(&tiny);
    for model in [&made, &hf, &open_clip, &gguf] {
        assert_eq!(ranking(model), expected, "{model}");
    }
    assert_eq!(report(&hf)["format"], "Hugging Face");
    assert!(!Path::new(&hf).join("open_clip_config.json").exists());
    assert!(
        Path::new(&open_clip)
            .join("open_clip_model.safetensors")
            .is_file()
    );
    assert_eq!(report(&made)["parent_sha256"], report(&tiny)["sha256"]);

    let small = path("small.gguf");
    done(&["quantize", &made, "--type", "Q8_0", "--out", &small]);
    let small = report(&small);
    assert_eq!(small["parent_sha256"], report(&made)["sha256"]);
    let origin = small["recipe"].as_str().unwrap();
    let grandparent = report(&tiny)["sha256"].as_str().unwrap().to_owned();
    assert!(origin.starts_with("trained on cats"), "{origin}");
    assert!(origin.contains(&grandparent), "{origin}");

    let sentence = refusal(&["convert", &hf, "--out", &hf]);
    assert!(sentence.contains("is the model to convert"), "{sentence}");
    let sentence = refusal(&["convert", &hf, "--out", &made, "--format", "hf"]);
    assert!(sentence.contains("is a file"), "{sentence}");
}

#[test]
fn pixels_equal_the_golden_values() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("p.safetensors");
    let image = golden("images/01_landscape_640x427.png");
    let output = cliprobe(&[
        "pixels",
        &model(TINY),
        image.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (ours, golden) = (
        std::fs::read(&out).unwrap(),
        std::fs::read(golden("preprocessed.safetensors")).unwrap(),
    );
    let (ours, golden) = (
        SafeTensors::deserialize(&ours).unwrap(),
        SafeTensors::deserialize(&golden).unwrap(),
    );
    assert_eq!(
        ours.tensor("pixel_values").unwrap().data(),
        golden.tensor("pixel_values_0").unwrap().data()
    );
    assert_eq!(
        ours.tensor("cropped_u8").unwrap().data(),
        &golden.tensor("cropped_u8").unwrap().data()[..3 * 224 * 224]
    );
}

#[test]
fn score_ranks_the_same_from_every_form() {
    let directory = tempfile::tempdir().unwrap();
    let gguf = directory.path().join("m.gguf");
    let gguf = gguf.to_str().unwrap();
    assert!(
        cliprobe(&["quantize", &model(TINY), "--type", "f32", "--out", gguf])
            .status
            .success()
    );
    let image = golden("images/01_landscape_640x427.png");
    let ranking = |model: &str| {
        json(&[
            "score",
            model,
            "--image",
            image.to_str().unwrap(),
            "a cat",
            "a dog",
            "a cat",
            "--softmax",
            "--json",
        ])["ranking"]
            .clone()
    };
    let ours = ranking(&model(TINY));
    assert_eq!(ours, ranking(gguf));
    assert_eq!(ours.as_array().unwrap().len(), 3);
    let probabilities: f64 = ours
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["softmax"].as_f64().unwrap())
        .sum();
    assert!((probabilities - 1.0).abs() < 1e-5);
}

#[test]
#[cfg(target_os = "linux")] // elsewhere no variable hides the GPU
fn a_gpu_ranks_as_the_cpu_does_and_its_absence_is_said() {
    let image = golden("images/01_landscape_640x427.png");
    let (image, model) = (image.to_str().unwrap(), model(TINY));
    let score = |device: &[&str], driver: Option<&str>| {
        let mut command = Command::cargo_bin("cliprobe").unwrap();
        command.args([
            "score", &model, "--image", image, "a cat", "a dog", "--json", "--device",
        ]);
        command.args(device);
        for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
            driver.map(|file| command.env(variable, file));
        }
        command.output().unwrap()
    };
    let hidden = score(&["gpu"], Some("/nowhere.json"));
    let sentence = String::from_utf8_lossy(&hidden.stderr).into_owned();
    assert_eq!(hidden.status.code(), Some(1), "{sentence}");
    assert!(sentence.contains("no usable GPU was found"), "{sentence}");
    assert!(score(&["auto"], Some("/nowhere.json")).status.success());

    let there = score(&["gpu"], None);
    if !there.status.success() {
        let sentence = String::from_utf8_lossy(&there.stderr).into_owned();
        assert!(sentence.contains("no usable GPU was found"), "{sentence}");
        return;
    }
    let report = |output: Output| serde_json::from_slice::<Value>(&output.stdout).unwrap();
    let (gpu, cpu) = (report(there), report(score(&["cpu"], None)));
    assert_eq!(gpu["model"]["engine"], "gpu");
    assert!(gpu["model"]["gpu"]["name"].is_string() && cpu["model"]["gpu"].is_null());
    let rows = |report: &Value| report["ranking"].as_array().unwrap().clone();
    for (a, b) in rows(&gpu).iter().zip(rows(&cpu)) {
        assert_eq!(a["caption"], b["caption"]);
        let difference = a["cosine"].as_f64().unwrap() - b["cosine"].as_f64().unwrap();
        assert!(difference.abs() < 1e-4, "{a} {b}");
    }
    assert_eq!(gpu["model"]["dtype"], "f32");

    let half = score(&["gpu", "--gpu-arithmetic", "f16"], None);
    if half.status.success() {
        assert_eq!(report(half)["model"]["dtype"], "f16");
    } else {
        let sentence = String::from_utf8_lossy(&half.stderr).into_owned();
        assert!(sentence.contains("does not offer shader-f16"), "{sentence}");
    }
    // A model of f32 weights.
    let int8 = score(&["gpu", "--gpu-arithmetic", "int8"], None);
    let sentence = String::from_utf8_lossy(&int8.stderr).into_owned();
    assert_eq!(int8.status.code(), Some(1), "{sentence}");
    assert!(
        sentence.contains("the model has no Q8_0 weights")
            && sentence.contains("--gpu-arithmetic f32"),
        "{sentence}"
    );
}

#[test]
fn world_draws_scenes_with_their_captions() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    assert!(
        cliprobe(&[
            "world", "sample", "3", "--out", out, "--seed", "5", "--size", "64"
        ])
        .status
        .success()
    );
    let lines = std::fs::read_to_string(directory.path().join("captions.jsonl")).unwrap();
    let scenes: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(scenes.len(), 3);
    assert_eq!(scenes[0]["seed"], 5);
    let captions = scenes[0]["captions"].as_array().unwrap();
    assert!(
        captions.iter().any(|c| c["holds"] == true) && captions.iter().any(|c| c["holds"] == false)
    );
    let image = std::fs::read(directory.path().join("5.png")).unwrap();
    assert_eq!(cliprobe::clip::image::decode(&image).unwrap().width(), 64);
}

#[test]
fn what_is_made_for_the_page_stands_in_its_list() {
    let directory = tempfile::tempdir().unwrap();
    let list = directory.path().join("models.json");
    let tiny = model(TINY);
    let quantize = |file: &str, more: &[&str]| {
        let out = directory.path().join(file).to_str().unwrap().to_owned();
        let mut arguments = vec![
            "quantize",
            tiny.as_str(),
            "--type",
            "Q8_0",
            "--out",
            out.as_str(),
            "--page",
        ];
        arguments.extend(more);
        let output = cliprobe(&arguments);
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    assert!(quantize("other.gguf", &["--name", "other", "--about", "Another."]).0);
    assert!(quantize("default.gguf", &[]).0);
    assert!(quantize("other.gguf", &["--name", "renamed"]).0);
    let models: Value = serde_json::from_slice(&std::fs::read(&list).unwrap()).unwrap();
    assert_eq!(models.as_array().unwrap().len(), 2);
    assert_eq!(models[0]["file"], "default.gguf");
    assert_eq!(models[0].get("about"), None);
    assert_eq!(models[1]["name"], "renamed");
    assert_eq!(models[1]["about"], "Another.");
    let file = std::fs::read(directory.path().join("other.gguf")).unwrap();
    assert_eq!(models[1]["bytes"], file.len());
    assert_eq!(models[1]["sha256"].as_str().unwrap().len(), 64);
    let golden = directory.path().join(models[1]["golden"].as_str().unwrap());
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    assert_eq!(
        golden["texts"].as_array().unwrap().len(),
        golden["textEmbeddings"].as_array().unwrap().len()
    );

    std::fs::write(&list, "{}").unwrap();
    let (succeeded, sentence) = quantize("default.gguf", &[]);
    assert!(!succeeded);
    assert!(
        sentence.contains("models.json is not a list of models"),
        "{sentence}"
    );
}
