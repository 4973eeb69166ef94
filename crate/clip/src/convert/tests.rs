#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::bytes::ByteSource;
use crate::checkpoint::{Checkpoint, Provenance};
use crate::model_file::write_gguf;

fn golden(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(model)
}

/// The configuration, preprocessing and tokenizer of a golden model, and its weights.
fn files(model: &str, weights: &str) -> (FileSet, Vec<u8>) {
    let directory = golden(model);
    let mut small = BTreeMap::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let form = match weights {
            "model.safetensors" => "open_clip_config.json",
            _ => "config.json",
        };
        if name.ends_with(".safetensors") || name == form {
            continue;
        }
        small.insert(name.clone(), std::fs::read(directory.join(name)).unwrap());
    }
    let weights = std::fs::read(directory.join(weights)).unwrap();
    (FileSet::from_memory(model, small), weights)
}

fn split(name: &str, weights: &[u8]) -> (Announced, Vec<u8>) {
    let length = header_length(name, *weights.first_chunk().unwrap()).unwrap() as usize;
    let announced = Announced {
        name: name.into(),
        header: weights[..length].to_vec(),
    };
    (announced, weights[length..].to_vec())
}

/// As `cliprobe quantize` does.
fn quantized(model: &str, weights: &str, element: ElementType) -> Vec<u8> {
    let (files, bytes) = files(model, weights);
    let source: std::sync::Arc<dyn ByteSource> =
        std::sync::Arc::new(super::super::bytes::MemorySource::new(weights, bytes));
    let mut checkpoint =
        Checkpoint::from_weight_file(source, Some(&files), &Overrides::default()).unwrap();
    checkpoint.name = model.into();
    let provenance = Provenance {
        parent_sha256: Some(checkpoint.sha256().unwrap()),
        ..Provenance::default()
    };
    let mut file = Vec::new();
    write_gguf(&checkpoint, element, &provenance, &mut file, &mut |_, _| {}).unwrap();
    file
}

fn put(file: &mut [u8], at: u64, bytes: &[u8]) {
    file[at as usize..][..bytes.len()].copy_from_slice(bytes);
}

const MODELS: [(&str, &str); 3] = [
    ("tiny_a_quickgelu", "model.safetensors"),
    ("tiny_b_gelu_openclip", "model.safetensors"),
    ("tiny_b_gelu_openclip", "open_clip_model.safetensors"),
];

#[test]
fn the_file_is_the_one_that_quantize_writes() {
    for (model, weights) in MODELS {
        for element in ElementType::GGUF {
            let (files, bytes) = files(model, weights);
            let (announced, data) = split(weights, &bytes);
            let overrides = Overrides::default();
            let mut conversion =
                Conversion::new(&files, vec![announced], element, &overrides).unwrap();
            assert_eq!(conversion.plan().weights_bytes, [bytes.len() as u64]);
            let mut made = vec![0; conversion.plan().gguf_bytes as usize];
            for piece in data.chunks(70_001) {
                conversion
                    .push(piece, &mut |at, bytes| put(&mut made, at, bytes))
                    .unwrap();
            }
            assert_eq!(conversion.next(), None);
            let hash = conversion
                .finish(&mut |at, bytes| put(&mut made, at, bytes))
                .unwrap();
            assert_eq!(hash, hex(&Sha256::digest(&bytes)));
            assert!(
                made == quantized(model, weights, element),
                "{model}/{weights} as {element}"
            );
        }
    }
}

#[test]
fn a_conversion_goes_on_from_its_last_mark() {
    for (model, weights) in MODELS {
        let element = ElementType::Q8_0;
        let start = || {
            let (files, bytes) = files(model, weights);
            let (announced, data) = split(weights, &bytes);
            let overrides = Overrides::default();
            let conversion = Conversion::new(&files, vec![announced], element, &overrides);
            (conversion.unwrap(), bytes, data)
        };
        let (mut first, bytes, data) = start();
        let mut made = vec![0; first.plan().gguf_bytes as usize];
        first
            .push(&data[..data.len() / 2], &mut |at, bytes| {
                put(&mut made, at, bytes);
            })
            .unwrap();
        let mark = serde_json::to_string(first.mark()).unwrap();
        drop(first);

        let (mut second, ..) = start();
        second
            .resume(&serde_json::from_str(&mark).unwrap())
            .unwrap();
        let (file, position) = second.next().unwrap();
        assert_eq!(file, 0);
        assert!(position > 100_000 && position <= (bytes.len() - data.len() / 2) as u64);
        second
            .push(&bytes[position as usize..], &mut |at, bytes| {
                put(&mut made, at, bytes);
            })
            .unwrap();
        second
            .finish(&mut |at, bytes| put(&mut made, at, bytes))
            .unwrap();
        assert!(
            made == quantized(model, weights, element),
            "{model}/{weights}"
        );

        let mut foreign: Mark = serde_json::from_str(&mark).unwrap();
        foreign.position += 1;
        assert!(second.resume(&foreign).is_err());
    }
}

#[test]
fn shards_are_one_model() {
    let (model, weights) = MODELS[0];
    let (files, bytes) = files(model, weights);
    let tensors = ::safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut halves = [Vec::new(), Vec::new()];
    for (index, (name, view)) in tensors.tensors().into_iter().enumerate() {
        halves[index % 2].push((name, view));
    }
    let shards = halves.map(|half| ::safetensors::serialize(half, None).unwrap());
    let (announced, data): (Vec<_>, Vec<_>) = shards
        .iter()
        .enumerate()
        .map(|(number, shard)| split(&format!("model-{number}.safetensors"), shard))
        .unzip();
    let overrides = Overrides::default();
    let mut conversion = Conversion::new(&files, announced, ElementType::Q8_0, &overrides).unwrap();
    let mut made = vec![0; conversion.plan().gguf_bytes as usize];
    for piece in &data {
        conversion
            .push(piece, &mut |at, bytes| put(&mut made, at, bytes))
            .unwrap();
    }
    conversion
        .finish(&mut |at, bytes| put(&mut made, at, bytes))
        .unwrap();
    // All but the parent's hash, which is of two files.
    let whole = quantized(model, weights, ElementType::Q8_0);
    assert_eq!(made.len(), whole.len());
    let differing = made.iter().zip(&whole).filter(|(a, b)| a != b).count();
    assert!(differing <= HASH_DIGITS, "{differing}");
}

#[test]
fn what_is_missing_or_too_much_or_not_finite_is_named() {
    let (model, weights) = MODELS[0];
    let start = || {
        let (files, bytes) = files(model, weights);
        let (announced, data) = split(weights, &bytes);
        let overrides = Overrides::default();
        let made = Conversion::new(&files, vec![announced], ElementType::Q8_0, &overrides);
        (made.unwrap(), data)
    };
    let said = |result: Result<(), ClipError>| result.unwrap_err().to_string();
    let (mut half, data) = start();
    half.push(&data[..1000], &mut |_, _| {}).unwrap();
    let message = said(half.finish(&mut |_, _| {}).map(drop));
    assert!(message.contains("the rest is missing"), "{message}");

    let (mut more, data) = start();
    more.push(&data, &mut |_, _| {}).unwrap();
    let message = said(more.push(&[0], &mut |_, _| {}));
    assert!(message.contains("more bytes come"), "{message}");

    let (mut damaged, mut data) = start();
    let at = (2 << 20).min(data.len() / 2) & !3;
    data[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let message = said(damaged.push(&data, &mut |_, _| {}));
    assert!(message.contains("NaN at element"), "{message}");
}

#[test]
fn what_begins_otherwise_is_recognised() {
    let said = |first: &[u8; 8]| header_length("w", *first).unwrap_err().to_string();
    assert!(said(b"PK\x03\x04abcd").contains("pickled"));
    assert!(said(b"<!DOCTYP").contains("web page"));
    assert!(said(b"\n <html>").contains("web page"));
    assert!(said(b"version ").contains("Git LFS"));
    assert!(said(&[0xff; 8]).contains("no safetensors header"));
    assert_eq!(header_length("w", 16u64.to_le_bytes()).unwrap(), 24);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn damaged_headers_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let (files, bytes) = files("tiny_a_quickgelu", "model.safetensors");
        let (mut announced, data) = split("w", &bytes);
        for (at, byte) in flips {
            let at = at.index(announced.header.len());
            announced.header[at] = byte;
        }
        if let Ok(mut conversion) = Conversion::new(&files, vec![announced], ElementType::Q8_0, &Overrides::default()) {
            let _ = conversion.push(&data, &mut |_, _| {});
            let _ = conversion.finish(&mut |_, _| {});
        }
    }
}
