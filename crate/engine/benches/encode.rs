//! How long the CPU engine takes for images and captions, with a model of ViT-B/32's size.
//!
//! `RAYON_NUM_THREADS=1 cargo bench -p cliprobe-engine` for one thread. Weights are random: times do not
//! depend on them.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use cliprobe_clip::{ClipConfig, architectures};
use cliprobe_engine::PackedTokens;
use cliprobe_engine::cpu::{Model, Weight};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// ViT-B/32, its matrices in one GGUF type or f32.
fn model(quantized: Option<GgmlDType>) -> Model {
    let config =
        ClipConfig::from_open_clip_json(&architectures::open_clip_json("ViT-B-32").unwrap())
            .unwrap();
    Model::new(&config, &mut |_, shape| {
        let deviation = 1.0 / (shape.iter().skip(1).product::<usize>() as f32).sqrt();
        let tensor = Tensor::randn(0f32, deviation, shape, &Device::Cpu)?;
        Ok(match quantized {
            Some(dtype) if shape.len() == 2 => {
                Weight::Quantized(Arc::new(QTensor::quantize(&tensor, dtype)?))
            }
            _ => tensor.into(),
        })
    })
    .unwrap()
}

/// `n` captions of 12 tokens, start and end included: a usual length.
fn captions(n: u32) -> PackedTokens {
    let ids: Vec<Vec<u32>> = (0..n)
        .map(|i| {
            (0..12)
                .map(|t| {
                    if t == 11 {
                        49407
                    } else {
                        300 + (i * 37 + t * 11) % 40_000
                    }
                })
                .collect()
        })
        .collect();
    PackedTokens::new(ids.iter().map(Vec::as_slice))
}

fn encode(criterion: &mut Criterion) {
    for (name, dtype) in [("f32", None), ("Q8_0", Some(GgmlDType::Q8_0))] {
        let model = model(dtype);
        let mut group = criterion.benchmark_group(format!("ViT-B/32 {name}"));
        group.sample_size(10);
        for n in [1, 8] {
            let pixels = Tensor::randn(0f32, 1.0, (n, 3, 224, 224), &Device::Cpu).unwrap();
            group.throughput(Throughput::Elements(n as u64));
            group.bench_function(format!("{n} images"), |b| {
                b.iter(|| black_box(model.image_features(&pixels).unwrap()))
            });
        }
        for n in [1, 8, 64] {
            let tokens = captions(n);
            group.throughput(Throughput::Elements(u64::from(n)));
            group.bench_function(format!("{n} captions of 12 tokens"), |b| {
                b.iter(|| black_box(model.text_features(&tokens).unwrap()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
