//! Damaged, missing and incomplete files: one clear sentence for each, and what was there stays.
#![allow(clippy::unwrap_used)]

mod common;

use tempfile::TempDir;

use common::{cliprobe, golden, json, model, only_refusal as refusal, write};

const TINY: &str = "tiny_b_gelu_openclip";

/// A directory with the files of a golden model, one of them replaced.
fn altered(name: &str, file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(golden(name)).unwrap() {
        let entry = entry.unwrap();
        let mut bytes = std::fs::read(entry.path()).unwrap();
        if entry.file_name() == file {
            bytes = change(std::mem::take(&mut bytes));
            std::fs::write(directory.path().join(entry.file_name()), bytes).unwrap();
            return rest_of(directory, name, file);
        }
    }
    panic!("no {file} in {name}");
}

fn rest_of(directory: TempDir, name: &str, file: &str) -> (TempDir, String) {
    for entry in std::fs::read_dir(golden(name)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != file {
            std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
        }
    }
    let path = directory.path().to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn damaged_checkpoints_are_refused_by_name() {
    let cut = |file: &str, length: usize| altered(TINY, file, |bytes| bytes[..length].to_vec());
    let (_kept, path) = cut("model.safetensors", 1_000_000);
    assert!(refusal(&["inspect", &path]).contains("truncated"));
    let (_kept, path) = cut("model.safetensors", 3);
    assert!(refusal(&["inspect", &path]).contains("too few"));
    let (_kept, path) = cut("config.json", 100);
    let sentence = refusal(&["inspect", &path]);
    assert!(
        sentence.contains("config.json is not the JSON that is expected"),
        "{sentence}"
    );
    let (_kept, path) = cut("tokenizer.json", 100);
    assert!(refusal(&["inspect", &path]).contains("tokenizer"));
    let (_kept, path) = altered(TINY, "config.json", |bytes| {
        String::from_utf8(bytes)
            .unwrap()
            .replace("\"hidden_size\": 96", "\"hidden_size\": 192")
            .into_bytes()
    });
    let sentence = refusal(&["inspect", &path]);
    assert!(
        sentence.contains("192") && sentence.contains("vision_model"),
        "{sentence}"
    );
    let (_kept, path) = altered(TINY, "model.safetensors", |mut bytes| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
    let image = golden("images/03_small_100x80.png");
    let sentence = refusal(&["score", &path, "--image", image.to_str().unwrap(), "a cat"]);
    assert!(sentence.contains("NaN at element"), "{sentence}");
}

#[test]
fn damaged_files_and_missing_ones() {
    let directory = tempfile::tempdir().unwrap();
    let empty = write(&directory, "empty.gguf", b"");
    assert!(refusal(&["inspect", &empty]).contains("0 bytes"));
    let text = write(&directory, "text.gguf", b"<!doctype html><html></html>");
    assert!(refusal(&["inspect", &text]).contains("text.gguf"));
    assert!(refusal(&["inspect", "no/such/model"]).contains("no/such/model"));
    let nothing = tempfile::tempdir().unwrap();
    assert!(refusal(&["inspect", nothing.path().to_str().unwrap()]).contains("config.json"));

    let gguf = directory.path().join("m.gguf");
    let gguf = gguf.to_str().unwrap();
    assert!(
        cliprobe(&["quantize", &model(TINY), "--type", "Q8_0", "--out", gguf])
            .status
            .success()
    );
    let bytes = std::fs::read(gguf).unwrap();
    let cut = write(&directory, "cut.gguf", &bytes[..bytes.len() - 1000]);
    assert!(refusal(&["inspect", &cut]).contains("truncated"));

    let captions = write(&directory, "captions.txt", b"");
    let image = golden("images/03_small_100x80.png");
    let image = image.to_str().unwrap();
    assert!(
        refusal(&["score", gguf, "--image", image, "--file", &captions]).contains("no captions")
    );
    let image = write(&directory, "p.png", b"");
    assert!(refusal(&["score", gguf, "--image", &image, "a cat"]).contains("p.png"));
    // The header of a PNG of 30,000 × 30,000 pixels, and nothing else.
    let mut header = std::fs::read(golden("images/03_small_100x80.png")).unwrap();
    header[16..20].copy_from_slice(&30_000u32.to_be_bytes());
    header[20..24].copy_from_slice(&30_000u32.to_be_bytes());
    let crc = crc32(&header[12..29]);
    header[29..33].copy_from_slice(&crc.to_be_bytes());
    let huge = write(&directory, "huge.png", &header);
    let sentence = refusal(&["score", gguf, "--image", &huge, "a cat"]);
    assert!(
        sentence.contains("30000") || sentence.contains("pixels"),
        "{sentence}"
    );
}

/// PNG's checksum, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_failed_write_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let out = write(&directory, "m.gguf", b"what was there");
    let (_kept, path) = altered(TINY, "model.safetensors", |mut bytes| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        bytes
    });
    refusal(&["quantize", &path, "--type", "Q8_0", "--out", &out]);
    assert_eq!(std::fs::read(&out).unwrap(), b"what was there");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_state_dict_must_say_its_activation() {
    let weights = golden(TINY).join("open_clip_model.safetensors");
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(golden(TINY).join("open_clip_config.json")).unwrap())
            .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = write(
        &directory,
        "arch.json",
        config["model_cfg"].to_string().as_bytes(),
    );
    let weights = weights.to_str().unwrap();
    assert!(refusal(&["inspect", weights, "--config", &config]).contains("--activation"));
    let report = json(&[
        "inspect",
        weights,
        "--config",
        &config,
        "--activation",
        "gelu",
        "--json",
    ]);
    assert_eq!(report["format"], "OpenCLIP");
    assert!(refusal(&["inspect", weights, "--config", "ViT-B-33"]).contains("ViT-B-32"));
}
