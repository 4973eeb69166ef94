//! How many scenes of the generated world are sampled and drawn a second on one core, in the
//! mix of the default parameters: `cargo bench -p cliprobe-world --bench world`.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use cliprobe_world::{Pattern, Scene, SceneParams, Split, draw};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SCENES: u64 = 256;

fn sampled(params: &SceneParams) -> Vec<Scene> {
    let seeds = (0..SCENES).map(|index| Split::Training.seed(index));
    seeds.map(|seed| Scene::sample(seed, params)).collect()
}

/// The same with a pattern on every thing, which costs most.
fn patterned(params: &SceneParams) -> Vec<Scene> {
    let mut scenes = sampled(params);
    for (index, thing) in scenes.iter_mut().flat_map(|s| &mut s.things).enumerate() {
        thing.pattern = Pattern::ALL[1 + index % (Pattern::ALL.len() - 1)];
    }
    scenes
}

fn world(criterion: &mut Criterion) {
    let params = SceneParams::default();
    let mut group = criterion.benchmark_group("world");
    group.throughput(Throughput::Elements(SCENES));
    group.bench_function("sample", |b| b.iter(|| black_box(sampled(&params))));
    for (name, scenes) in [
        ("as sampled", sampled(&params)),
        ("all patterned", patterned(&params)),
    ] {
        for side in [64, 96, 224] {
            group.bench_function(format!("draw at {side} px, {name}"), |b| {
                b.iter(|| {
                    for scene in &scenes {
                        black_box(draw(scene, side).unwrap());
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, world);
criterion_main!(benches);
