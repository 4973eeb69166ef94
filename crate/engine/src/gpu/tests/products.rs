//! Matrix products in every arithmetic, of every type, tile and epilogue, and the operands of the narrow
//! ones. The bounds are those of `docs/gpu.md`.

use proptest::prelude::*;

use super::super::arithmetic::Arithmetic;
use super::super::device::Gpu;
use super::super::shader::Kernel;
use super::super::tiles::Product;
use super::{blocks, bytes, launch, numbers, on_gpu};

/// ½ + φ(x) · (x + x³/3 + x⁵/(3·5) + …).
fn normal_cdf(x: f64) -> f64 {
    // Where the series needs numbers beyond f64's, the tail is below its precision.
    if x.abs() > 12.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut total, mut k) = (x, x, 1.0);
    while term.abs() > 1e-18 * total.abs() {
        k += 2.0;
        term *= x * x / k;
        total += term;
    }
    0.5 + total * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// Whether the device computes so; says if not.
fn computes(gpu: &Gpu, arithmetic: Arithmetic) -> bool {
    gpu.offers(arithmetic)
        .inspect_err(|error| println!("SKIPPED: {error}"))
        .is_ok()
}

/// Rows of numbers as the operand that products in an arithmetic read, as the device makes it.
fn operand(gpu: &Gpu, arithmetic: Arithmetic, subgroups: bool, x: &[f32], inner: usize) -> Vec<u8> {
    let Some(kernel) = Kernel::operand(arithmetic, subgroups) else {
        return bytes(x).to_vec();
    };
    let rows = (x.len() / inner) as u32;
    let size = rows as usize * arithmetic.operand_bytes(inner as u32) as usize;
    let params = [rows, inner as u32];
    let made = launch(
        gpu,
        kernel,
        &params,
        &[bytes(x)],
        &vec![0.0; size / 4],
        [rows, 1],
    );
    bytes(&made).to_vec()
}

fn largest(values: &[f32]) -> f64 {
    values
        .iter()
        .fold(0.0, |most, value| most.max(f64::from(value.abs())))
}

/// How far a sum of products may be from the exact one for the sake of its operands and of what is
/// added in f16: at most, and the square of what is expected.
fn narrowness(arithmetic: Arithmetic, x: &[f32], w: &[f32]) -> (f64, f64) {
    let pairs = || x.iter().zip(w).map(|(&x, &w)| (f64::from(x), f64::from(w)));
    match arithmetic {
        Arithmetic::F32 => (0.0, 0.0),
        Arithmetic::F16 => {
            // Two operands, eight products and sums, each within 2^-10; numbers below f16's normal
            // ones may count as zero.
            let rounding = 2f64.powi(-10);
            let most = largest(x);
            let bound = pairs()
                .map(|(x, w)| {
                    11.0 * rounding * (x * w).abs()
                        + 2f64.powi(-16) * most * w.abs()
                        + 2f64.powi(-17) * x.abs()
                        + 2f64.powi(-19) * most
                })
                .sum();
            let expected = pairs().map(|(x, w)| (rounding * x * w).powi(2)).sum();
            (bound, expected)
        }
        Arithmetic::Int8 => {
            let (mut bound, mut expected) = (0.0, 0.0);
            for (x, w) in x.chunks(32).zip(w.chunks(32)) {
                let step = largest(x) / 127.0;
                for w in w.iter().map(|&w| f64::from(w)) {
                    bound += 0.5001 * step * w.abs();
                    expected += (step * w).powi(2) / 12.0;
                }
            }
            (bound, expected)
        }
    }
}

/// Sizes of a product.
#[derive(Clone, Copy, Debug)]
struct Shape {
    rows: usize,
    columns: usize,
    /// Blocks along a row.
    blocks: usize,
    /// Where the columns begin in the result.
    first_column: usize,
}

#[derive(Clone, Copy, Debug)]
struct Epilogue {
    bias: bool,
    activation: u32,
    residual: bool,
}

/// Compares one product with a loop in f64; gives the mean square of the errors over what is
/// expected of the arithmetic.
fn check(
    gpu: &Gpu,
    product: Product,
    shape: Shape,
    epilogue: Epilogue,
    magnitudes: [f32; 2],
    seed: u64,
) -> f64 {
    let Product {
        element,
        arithmetic,
        tile,
    } = product;
    let (m, n) = (shape.rows, shape.columns);
    // A row is whole blocks, and at least four values.
    let k = shape.blocks * element.block_elements().max(4);
    let stride = shape.first_column + n + 1;
    let scaled = |seed, count, magnitude: f32| -> Vec<f32> {
        numbers(seed, count).iter().map(|v| v * magnitude).collect()
    };
    let x = scaled(seed, m * k, magnitudes[0]);
    let (stored, weights) = blocks(element, &scaled(seed + 1, n * k, magnitudes[1]), n);
    let biases = numbers(seed + 2, stride);
    let before = numbers(seed + 3, m * stride);
    let params = [
        m,
        k,
        n,
        shape.first_column,
        stride,
        usize::from(epilogue.bias),
        epilogue.activation as usize,
        usize::from(epilogue.residual),
    ]
    .map(|p| p as u32);
    let groups = [(n as u32).div_ceil(tile.n), (m as u32).div_ceil(tile.m)];
    let rows = operand(gpu, arithmetic, false, &x, k);
    let ours = launch(
        gpu,
        Kernel::MatMul(product),
        &params,
        &[&rows, &stored, bytes(&biases)],
        &before,
        groups,
    );
    let (mut error, mut expected_error) = (0.0, 0.0);
    for row in 0..m {
        for (at, &bias) in biases.iter().enumerate() {
            let index = row * stride + at;
            let Some(column) = at.checked_sub(shape.first_column).filter(|&c| c < n) else {
                assert_eq!(
                    ours[index], before[index],
                    "row {row}, column {at} is nobody's"
                );
                continue;
            };
            let (x, w) = (&x[row * k..][..k], &weights[column * k..][..k]);
            let sum: f64 = x
                .iter()
                .zip(w)
                .map(|(&x, &w)| f64::from(x) * f64::from(w))
                .sum();
            let v = sum + if epilogue.bias { f64::from(bias) } else { 0.0 };
            let v = match epilogue.activation {
                1 => v / (1.0 + (-1.702 * v).exp()),
                2 => v * normal_cdf(v),
                _ => v,
            };
            let v = v + if epilogue.residual {
                f64::from(before[index])
            } else {
                0.0
            };
            let (bound, expected) = narrowness(arithmetic, x, w);
            // Each of k additions in f32 rounds a partial sum of a few units. No activation is
            // steeper than 1.13.
            let unit = v.abs().max(1.0).max(f64::from(magnitudes[0]));
            let in_f32 = (k as f64 * f64::from(f32::EPSILON) / 2.0).max(2e-5) * unit;
            let off = (f64::from(ours[index]) - v).abs();
            assert!(
                off <= 1.13 * bound + in_f32,
                "{product:?}, row {row}, column {column}: {} instead of {v}, {bound:e} allowed",
                ours[index]
            );
            error += off * off;
            expected_error += expected;
        }
    }
    error / expected_error
}

fn shapes() -> impl Strategy<Value = Shape> {
    (1usize..160, 1usize..140, 1usize..5, 0usize..3).prop_map(
        |(rows, columns, blocks, first_column)| Shape {
            rows,
            columns,
            blocks,
            first_column,
        },
    )
}

fn epilogues() -> impl Strategy<Value = Epilogue> {
    (any::<bool>(), 0u32..3, any::<bool>()).prop_map(|(bias, activation, residual)| Epilogue {
        bias,
        activation,
        residual,
    })
}

fn products_in(
    arithmetic: Arithmetic,
    cases: u32,
    x_magnitudes: impl Strategy<Value = f32>,
    weight_magnitudes: impl Strategy<Value = f32>,
) {
    let products: Vec<Product> = Product::all()
        .filter(|product| product.arithmetic == arithmetic)
        .collect();
    let arguments = (
        0..products.len(),
        shapes(),
        epilogues(),
        (x_magnitudes, weight_magnitudes),
        any::<u64>(),
    );
    on_gpu(
        cases,
        arguments,
        |gpu, (product, shape, epilogue, (x, w), seed)| {
            if computes(gpu, arithmetic) {
                check(gpu, products[product], shape, epilogue, [x, w], seed);
            }
        },
    );
}

#[test]
fn products_of_every_type_tile_and_epilogue() {
    // Small weights give subnormal f16 scales.
    let weights = prop_oneof![Just(1.0f32), Just(1e-4)];
    products_in(Arithmetic::F32, 120, Just(1.0), weights);
}

/// Numbers far outside f16's range neither become infinite nor vanish.
fn far_apart() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0f32), Just(1e30), Just(1e6), Just(1e-6)]
}

#[test]
fn products_in_f16() {
    let weights = prop_oneof![Just(1.0f32), Just(1e-4), Just(100.0)];
    products_in(Arithmetic::F16, 90, far_apart(), weights);
}

#[test]
fn products_of_8_bit_numbers() {
    let weights = prop_oneof![Just(1.0f32), Just(1e-4)];
    products_in(Arithmetic::Int8, 60, far_apart(), weights);
}

/// The bounds hold for the worst roundings; typical errors are far below and would hide a defect
/// there.
#[test]
fn narrow_products_are_as_exact_as_expected() {
    let plain = Epilogue {
        bias: false,
        activation: 0,
        residual: false,
    };
    on_gpu(1, Just(()), |gpu, ()| {
        for product in Product::all() {
            if product.arithmetic == Arithmetic::F32 || !computes(gpu, product.arithmetic) {
                continue;
            }
            let shape = Shape {
                rows: 70,
                columns: 90,
                blocks: 768 / product.element.block_elements().max(4),
                first_column: 0,
            };
            let ratio = check(gpu, product, shape, plain, [1.0, 1.0], 7);
            println!("{product:?}: {ratio}");
            assert!((0.02..2.0).contains(&ratio), "{product:?}: {ratio}");
        }
    });
}

#[test]
fn operands_of_f16_are_the_rows_scaled() {
    let arguments = (1usize..9, 1usize..200, any::<u64>(), -120i32..120);
    on_gpu(20, arguments, |gpu, (rows, quarter, seed, power)| {
        if !computes(gpu, Arithmetic::F16) {
            return;
        }
        let width = quarter * 4;
        let x: Vec<f32> = numbers(seed, rows * width)
            .iter()
            .map(|x| x * 2f32.powi(power))
            .collect();
        for &subgroups in super::reductions(gpu) {
            let made = operand(gpu, Arithmetic::F16, subgroups, &x, width);
            let made: Vec<half::f16> = bytemuck::pod_collect_to_vec(&made);
            for (ours, x) in made.chunks(width + 4).zip(x.chunks(width)) {
                let factor = f64::from(f32::from_bits((ours[0].to_f32() as u32) << 23)) * 8.0;
                let most = largest(x);
                let top = most / factor;
                assert!((4.0..8.0).contains(&top) || most < 2f64.powi(-118), "{top}");
                for (ours, x) in ours[4..].iter().zip(x) {
                    let (ours, x) = (f64::from(ours.to_f32()) * factor, f64::from(*x));
                    let allowed = 2f64.powi(-10) * x.abs() + 2f64.powi(-14) * factor;
                    assert!((ours - x).abs() <= allowed, "{ours} instead of {x}");
                }
            }
        }
    });
}

#[test]
fn operands_of_8_bit_numbers_are_ggmls() {
    let arguments = (1usize..9, 1usize..70, any::<u64>(), far_apart());
    on_gpu(20, arguments, |gpu, (rows, blocks, seed, magnitude)| {
        if !computes(gpu, Arithmetic::Int8) {
            return;
        }
        let width = blocks * 32;
        let mut x: Vec<f32> = numbers(seed, rows * width)
            .iter()
            .map(|x| x * magnitude)
            .collect();
        x[..32].fill(0.0);
        let made = operand(gpu, Arithmetic::Int8, false, &x, width);
        for (ours, x) in made.chunks(36).zip(x.chunks(32)) {
            let d = f64::from(f32::from_le_bytes([ours[0], ours[1], ours[2], ours[3]]));
            assert!((d - largest(x) / 127.0).abs() <= 1e-6 * d, "{d}");
            for (q, x) in ours[4..].iter().zip(x) {
                let ours = d * f64::from(*q as i8);
                assert!(
                    (ours - f64::from(*x)).abs() <= 0.5001 * d,
                    "{ours} instead of {x}"
                );
            }
        }
    });
}

/// What is not finite stays so, in its row and nowhere else.
#[test]
fn narrow_operands_keep_what_is_not_finite() {
    let arguments = (0usize..3, 0usize..64, any::<bool>());
    on_gpu(12, arguments, |gpu, (kind, place, infinite)| {
        for product in Product::all() {
            let Product {
                element,
                arithmetic,
                tile,
            } = product;
            // One tile of each narrow arithmetic.
            if arithmetic == Arithmetic::F32
                || element != cliprobe_clip::tensors::ElementType::Q8_0
                || tile.m != 32
                || !computes(gpu, arithmetic)
            {
                continue;
            }
            let (m, n, k) = (3, 5, 64);
            let mut x = numbers(3, m * k);
            x[k + place] = match (infinite, kind) {
                (true, 0) => f32::NEG_INFINITY,
                (true, _) => f32::INFINITY,
                (false, _) => f32::NAN,
            };
            let (stored, _) = blocks(element, &numbers(4, n * k), n);
            let params = [m, k, n, 0, n, 0, 0, 0].map(|p| p as u32);
            let rows = operand(gpu, arithmetic, false, &x, k);
            let inputs = [rows.as_slice(), &stored, &[0; 16]];
            let kernel = Kernel::MatMul(product);
            let ours = launch(gpu, kernel, &params, &inputs, &vec![0.0; m * n], [1, 1]);
            for (row, values) in ours.chunks(n).enumerate() {
                let finite = values.iter().filter(|v| v.is_finite()).count();
                assert_eq!(
                    finite,
                    if row == 1 { 0 } else { n },
                    "{product:?}: {ours:?}"
                );
            }
        }
    });
}
