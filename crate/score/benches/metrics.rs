//! How long HierarCaps' scoring and a block of retrieval take at the benchmarks' own sizes.
//!
//! Embeddings are random: times do not depend on them.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use cliprobe_score::hierarchy::{ChainEmbeddings, STEPS, TIERS, hierarcaps};
use cliprobe_score::{Relevance, TieRule, similarities};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WIDTH: usize = 512;

/// Normalised random rows.
fn embeddings(rows: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut matrix: Vec<f32> = (0..rows * WIDTH)
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    for row in matrix.chunks_exact_mut(WIDTH) {
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter_mut().for_each(|x| *x /= norm);
    }
    matrix
}

/// 1,000 images, 4,000 texts, 50 levels: from embeddings to precision, recall and τ.
fn chains(criterion: &mut Criterion) {
    let count = 1000;
    let (images, texts) = (embeddings(count, 1), embeddings(count * TIERS, 2));
    let root = embeddings(1, 3);
    let captions: Vec<String> = (0..count * TIERS).map(|i| format!("text {i}")).collect();
    let own: Vec<usize> = (0..count).collect();
    let embeddings = ChainEmbeddings {
        images: &images,
        texts: &texts,
        root: &root,
    };
    let mut group = criterion.benchmark_group("hierarchy");
    group.sample_size(10);
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("HierarCaps, 1,000 images", |bencher| {
        bencher.iter(|| hierarcaps(black_box(embeddings), &captions, &own, STEPS).unwrap());
    });
    group.finish();
}

/// 256 of COCO's 5,000 images against its 25,010 captions.
fn retrieval(criterion: &mut Criterion) {
    let (queries, candidates) = (256, 25_010);
    let (images, texts) = (embeddings(queries, 1), embeddings(candidates, 2));
    let pairs = (0..queries).flat_map(|q| (0..5).map(move |i| (q, q * 5 + i)));
    let relevance = Relevance::new(queries, candidates, pairs).unwrap();
    let block = similarities(&images, &texts, WIDTH).unwrap();
    let mut group = criterion.benchmark_group("retrieval of 256 images among 25,010 captions");
    group.sample_size(10);
    group.throughput(Throughput::Elements(queries as u64));
    group.bench_function("similarities", |bencher| {
        bencher.iter(|| similarities(black_box(&images), &texts, WIDTH).unwrap());
    });
    group.bench_function("ranks", |bencher| {
        bencher.iter(|| {
            relevance
                .place_block(0, black_box(&block), TieRule::Strict)
                .unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, chains, retrieval);
criterion_main!(benches);
