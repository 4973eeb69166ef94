//! Every kernel against a plain loop, over odd sizes.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod products;

use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::GpuError;
use super::device::Gpu;
use super::kernels::PARAMS_STRIDE;
use super::model::Model;
use super::plan::{Plan, QueryBlock};
use super::shader::Kernel;
use super::tuning::Tuning;
use crate::PackedTokens;
use cliprobe_clip::Checkpoint;
use cliprobe_clip::checkpoint::Overrides;
use cliprobe_clip::tensors::ElementType;

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("natively everything is ready at once"),
    }
}

/// Runs `test` on random arguments, or says that there is no adapter.
fn on_gpu<S: Strategy>(cases: u32, arguments: S, test: impl Fn(&Gpu, S::Value)) {
    match ready(Gpu::open()) {
        Ok(gpu) => TestRunner::new(Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        })
        .run(&arguments, |arguments| {
            test(&gpu, arguments);
            Ok(())
        })
        .unwrap(),
        Err(error) => without_a_gpu(&error),
    }
}

/// A missing adapter skips the test, but where `CLIPROBE_REQUIRE_GPU=1` asks for one.
fn without_a_gpu(error: &GpuError) {
    let required = std::env::var("CLIPROBE_REQUIRE_GPU").is_ok_and(|value| value == "1");
    assert!(!required, "CLIPROBE_REQUIRE_GPU=1, but {error}");
    println!("SKIPPED: {error}");
}

fn launch(
    gpu: &Gpu,
    kernel: Kernel,
    params: &[u32],
    inputs: &[&[u8]],
    output: &[f32],
    groups: [u32; 2],
) -> Vec<f32> {
    use wgpu::BufferUsages as Usage;
    let buffer = |bytes: &[u8], usage| {
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: (bytes.len() as u64).next_multiple_of(16).max(PARAMS_STRIDE),
            usage: usage | Usage::COPY_DST,
            mapped_at_creation: false,
        });
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        gpu.queue().write_buffer(&buffer, 0, &bytes);
        buffer
    };
    let size = size_of_val(output) as u64;
    ready(gpu.guarded(0, || {
        let params = buffer(bytemuck::cast_slice(params), Usage::UNIFORM);
        let inputs: Vec<_> = inputs
            .iter()
            .map(|bytes| buffer(bytes, Usage::STORAGE))
            .collect();
        let output = buffer(
            bytemuck::cast_slice(output),
            Usage::STORAGE | Usage::COPY_SRC,
        );
        let staging = buffer(&vec![0; size as usize], Usage::MAP_READ);
        let inputs: Vec<&wgpu::Buffer> = inputs.iter().collect();
        let bindings = gpu.kernels().bind(&params, &inputs, &output);
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&gpu.kernels().pipeline(kernel));
            pass.set_bind_group(0, &bindings, &[0]);
            pass.dispatch_workgroups(groups[0], groups[1], 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, size);
        gpu.queue().submit([encoder.finish()]);
        Ok(staging)
    }))
    .map(|staging| ready(gpu.read(&staging, size)).unwrap())
    .unwrap()
}

/// Numbers that look random, the same for a seed everywhere.
fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn bytes(values: &[f32]) -> &[u8] {
    bytemuck::cast_slice(values)
}

fn assert_close(ours: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), expected.len());
    for (index, (a, b)) in ours.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "element {index}: {a} instead of {b}"
        );
    }
}

/// Blocks of a type and the f32 values that candle makes of them.
fn blocks(element: ElementType, values: &[f32], rows: usize) -> (Vec<u8>, Vec<f32>) {
    let shape = (rows, values.len() / rows);
    let tensor = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    let stored = QTensor::quantize(&tensor, element.ggml().unwrap()).unwrap();
    let expanded = stored.dequantize(&Device::Cpu).unwrap();
    (
        stored.data().unwrap().into_owned(),
        expanded.flatten_all().unwrap().to_vec1().unwrap(),
    )
}

/// The ways of reducing that a device has: through workgroup memory, and by subgroup operations.
fn reductions(gpu: &Gpu) -> &'static [bool] {
    if gpu.info().subgroups {
        return &[false, true];
    }
    println!("SKIPPED: the device has no subgroup operations");
    &[false]
}

#[test]
fn layer_norm_of_rows() {
    let arguments = (1usize..9, 1usize..200, any::<u64>(), -3.0f32..3.0);
    on_gpu(20, arguments, |gpu, (rows, quarter, seed, offset)| {
        let width = quarter * 4;
        let eps = 1e-5f32;
        let x: Vec<f32> = numbers(seed, rows * width)
            .iter()
            .map(|x| x + offset)
            .collect();
        let (weight, bias) = (numbers(seed + 1, width), numbers(seed + 2, width));
        let expected: Vec<f32> = x
            .chunks(width)
            .flat_map(|row| {
                let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                let variance = row
                    .iter()
                    .map(|&x| (f64::from(x) - mean).powi(2))
                    .sum::<f64>()
                    / width as f64;
                let factor = 1.0 / (variance + f64::from(eps)).sqrt();
                let (weight, bias) = (&weight, &bias);
                (0..width).map(move |i| {
                    ((f64::from(row[i]) - mean) * factor) as f32 * weight[i] + bias[i]
                })
            })
            .collect();
        let params = [rows as u32, width as u32, eps.to_bits()];
        let inputs = [bytes(&x), bytes(&weight), bytes(&bias)];
        for &subgroups in reductions(gpu) {
            let ours = launch(
                gpu,
                Kernel::LayerNorm { subgroups },
                &params,
                &inputs,
                &vec![0.0; x.len()],
                [rows as u32, 1],
            );
            assert_close(&ours, &expected, 2e-5);
        }
    });
}

/// Attention as it is defined, one query after the other.
fn attention(
    qkv: &[f32],
    width: usize,
    head_dim: usize,
    blocks: &[QueryBlock],
    path: &[u32],
    step: u32,
    rows: usize,
) -> Vec<f32> {
    let mut result = vec![0.0; rows * width];
    let at = |row: u32, part: usize, i: usize| {
        f64::from(qkv[row as usize * 3 * width + part * width + i])
    };
    for block in blocks {
        for query in 0..block.queries {
            let keys =
                &path[block.path as usize..(block.path + block.visible + query * step) as usize];
            for head in 0..width / head_dim {
                let features = head * head_dim..(head + 1) * head_dim;
                let scores: Vec<f64> = keys
                    .iter()
                    .map(|&key| {
                        let product: f64 = features
                            .clone()
                            .map(|i| at(block.query + query, 0, i) * at(key, 1, i))
                            .sum();
                        (product / (head_dim as f64).sqrt()).exp()
                    })
                    .collect();
                let total: f64 = scores.iter().sum();
                for i in features {
                    let sum: f64 = keys
                        .iter()
                        .zip(&scores)
                        .map(|(&key, p)| p * at(key, 2, i))
                        .sum();
                    result[(block.output + query) as usize * width + i] = (sum / total) as f32;
                }
            }
        }
    }
    result
}

#[test]
fn attention_over_packed_sequences() {
    let lengths = prop_oneof![
        prop::collection::vec(1usize..6, 1..20),
        (80usize..100).prop_map(|long| vec![1, 3, long, 2]),
        Just(vec![1]),
    ];
    let arguments = (lengths, 1usize..4, 0usize..4, any::<bool>(), any::<u64>());
    on_gpu(
        30,
        arguments,
        |gpu, (lengths, heads, head, causal, seed)| {
            let head_dim = [4, 16, 64, 80][head];
            let width = heads * head_dim;
            let plan = if causal {
                // Few different ids, so that captions often begin alike.
                let ids: Vec<Vec<u32>> = lengths
                    .iter()
                    .zip(0u64..)
                    .map(|(&n, i)| {
                        numbers(seed + i, n)
                            .iter()
                            .map(|x| u32::from(*x > 0.5))
                            .collect()
                    })
                    .collect();
                Plan::captions(ids.iter().map(Vec::as_slice))
            } else {
                Plan::images(lengths.len() as u32, lengths[lengths.len() / 2] as u32)
            };
            let rows = plan.rows as usize;
            // Large scores, as trained models have them.
            let qkv: Vec<f32> = numbers(seed, rows * 3 * width)
                .iter()
                .map(|x| x * 3.0)
                .collect();
            for (blocks, outputs) in [
                (&plan.blocks, rows),
                (&plan.pooled_blocks, plan.pooled.len()),
            ] {
                let expected = attention(
                    &qkv,
                    width,
                    head_dim,
                    blocks,
                    &plan.path,
                    u32::from(causal),
                    outputs,
                );
                let params = [
                    rows as u32,
                    width as u32,
                    u32::from(causal),
                    (1.0 / (head_dim as f32).sqrt()).to_bits(),
                ];
                let head_dim = head_dim as u32;
                let mut kernels = vec![Kernel::Attention { head_dim }];
                if blocks.iter().all(|block| block.queries == 1) && gpu.info().subgroups {
                    kernels.push(Kernel::PooledAttention { head_dim });
                }
                for kernel in kernels {
                    let ours = launch(
                        gpu,
                        kernel,
                        &params,
                        &[
                            bytes(&qkv),
                            bytemuck::cast_slice(blocks),
                            bytemuck::cast_slice(&plan.path),
                        ],
                        &vec![0.0; expected.len()],
                        [blocks.len() as u32, heads as u32],
                    );
                    assert_close(&ours, &expected, 2e-5);
                }
            }
        },
    );
}

#[test]
fn token_embeddings_from_a_split_table() {
    let arguments = (
        0..ElementType::GGUF.len(),
        1usize..3,
        1usize..40,
        2usize..30,
        any::<u64>(),
    );
    on_gpu(
        20,
        arguments,
        |gpu, (element, k, rows, vocabulary, seed)| {
            let element = ElementType::GGUF[element];
            let width = k * element.block_elements().max(4);
            let (_, table) = blocks(element, &numbers(seed, vocabulary * width), vocabulary);
            let positions = numbers(seed + 1, 7 * width);
            let tokens: Vec<[u32; 2]> = numbers(seed + 2, rows)
                .iter()
                .zip(0u32..)
                .map(|(x, i)| {
                    [
                        ((x + 1.0) * 0.5 * vocabulary as f32) as u32 % vocabulary as u32,
                        i % 7,
                    ]
                })
                .collect();
            let mut x = vec![0.0; rows * width];
            let half = vocabulary / 2;
            for (first, held) in [(0, half), (half, vocabulary - half)] {
                // Quantising expanded values again gives the same ones for every type but the K ones,
                // whose search for scales may end elsewhere; so the parts are quantised by themselves.
                let part = &table[first * width..(first + held) * width];
                let (stored, part) = blocks(element, part, held);
                let mut expected = x.clone();
                for (row, [id, position]) in tokens.iter().enumerate() {
                    if (first..first + held).contains(&(*id as usize)) {
                        for i in 0..width {
                            expected[row * width + i] = part[(*id as usize - first) * width + i]
                                + positions[*position as usize * width + i];
                        }
                    }
                }
                let params = [rows, width, first, held].map(|p| p as u32);
                let inputs = [bytemuck::cast_slice(&tokens), &stored, bytes(&positions)];
                x = launch(
                    gpu,
                    Kernel::EmbedTokens(element),
                    &params,
                    &inputs,
                    &x,
                    [rows as u32, 1],
                );
                assert_close(&x, &expected, 1e-6);
            }
        },
    );
}

#[test]
fn patches_of_images() {
    let arguments = (1usize..4, 1usize..5, 1usize..5, 0usize..3, any::<u64>());
    on_gpu(
        20,
        arguments,
        |gpu, (images, grid, half_patch, rest, seed)| {
            let patch = 2 * half_patch;
            let side = grid * patch + rest.min(patch - 1);
            let pixels = numbers(seed, images * 3 * side * side);
            let mut expected = Vec::new();
            for image in 0..images {
                for cell in 0..grid * grid {
                    for i in 0..3 * patch * patch {
                        let (channel, y, x) = (i / (patch * patch), i / patch % patch, i % patch);
                        let (y, x) = (cell / grid * patch + y, cell % grid * patch + x);
                        expected.push(pixels[((image * 3 + channel) * side + y) * side + x]);
                    }
                }
            }
            let rows = (images * grid * grid) as u32;
            let params = [rows, side as u32, patch as u32, grid as u32];
            let ours = launch(
                gpu,
                Kernel::Patchify,
                &params,
                &[bytes(&pixels)],
                &vec![0.0; expected.len()],
                [rows, 1],
            );
            assert_eq!(ours, expected);
        },
    );
}

#[test]
fn rows_joined_and_gathered() {
    let arguments = (1usize..4, 2usize..7, 1usize..40, any::<u64>());
    on_gpu(15, arguments, |gpu, (images, tokens, quarter, seed)| {
        let width = quarter * 4;
        let patches = numbers(seed, images * (tokens - 1) * width);
        let (class, positions) = (numbers(seed + 1, width), numbers(seed + 2, tokens * width));
        let mut expected = Vec::new();
        for image in 0..images {
            for token in 0..tokens {
                for i in 0..width {
                    let v = match token.checked_sub(1) {
                        None => class[i],
                        Some(patch) => patches[(image * (tokens - 1) + patch) * width + i],
                    };
                    expected.push(v + positions[token * width + i]);
                }
            }
        }
        let rows = (images * tokens) as u32;
        let params = [rows, width as u32, tokens as u32];
        let inputs = [bytes(&patches), bytes(&class), bytes(&positions)];
        let ours = launch(
            gpu,
            Kernel::EmbedPatches,
            &params,
            &inputs,
            &vec![0.0; expected.len()],
            [rows, 1],
        );
        assert_eq!(ours, expected);

        let chosen: Vec<u32> = (0..images as u32)
            .map(|image| image * tokens as u32)
            .rev()
            .collect();
        let gathered = launch(
            gpu,
            Kernel::GatherRows,
            &[chosen.len() as u32, width as u32],
            &[bytes(&ours), bytemuck::cast_slice(&chosen)],
            &vec![0.0; chosen.len() * width],
            [chosen.len() as u32, 1],
        );
        let rows: Vec<f32> = chosen
            .iter()
            .flat_map(|&row| ours[row as usize * width..][..width].to_vec())
            .collect();
        assert_eq!(gathered, rows);
    });
}

#[test]
fn a_model_that_is_dropped_leaves_nothing() {
    let gpu = match ready(Gpu::open()) {
        Ok(gpu) => gpu,
        Err(error) => return without_a_gpu(&error),
    };
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/tiny_b_gelu_openclip");
    let checkpoint = Checkpoint::open(&golden, &Overrides::default()).unwrap();
    let tokens = PackedTokens::new([[1, 2, 3].as_slice()]);
    let held = |gpu: &Gpu| {
        gpu.device()
            .poll(wgpu::PollType::wait_indefinitely())
            .unwrap();
        gpu.device()
            .generate_allocator_report()
            .map(|report| report.total_allocated_bytes)
    };
    let mut after_first = None;
    for round in 0..20 {
        let model = ready(Model::load(
            &gpu,
            &checkpoint,
            &Tuning::default(),
            &mut |_, _| {},
        ))
        .unwrap();
        ready(model.text(&tokens)).unwrap();
        assert!(
            held(&gpu).is_none_or(|bytes| bytes >= model.weight_bytes() + model.activation_bytes())
        );
        drop(model);
        let now = held(&gpu);
        assert_eq!(*after_first.get_or_insert(now), now, "round {round}");
    }
}
