// y[m, c + n] = act(Σₖ x[m, k] · W[n, k] + bias[c + n]), added to what y holds where asked for.
//
// x is [rows, inner], W [columns, inner] in blocks of any type, y [rows, stride]; `inner` is a
// multiple of 4. A matrix too large for one binding comes in several: c is where this one's
// columns begin. Sums are f32.
//
// A workgroup computes TILE_M × TILE_N of y, a thread every THREADS_M-th row and THREADS_N-th
// column of it. Both operands go through workgroup memory TILE_K at a time, so each weight is
// dequantised once a tile. TILE_STRIDE is odd: neighbouring threads read different banks.
struct Params {
    rows: u32,
    inner: u32,
    columns: u32,
    first_column: u32,
    stride: u32,
    bias: u32, // whether there is one
    activation: u32,
    residual: u32, // whether to add to y
}

const QUICK_GELU = 1u;
const GELU = 2u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
// Binding 2 is the weights'.
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> x_tile: array<vec4<f32>, X_TILE>;
var<workgroup> w_tile: array<vec4<f32>, W_TILE>;

fn activate(v: f32) -> f32 {
    if params.activation == QUICK_GELU {
        return v / (1.0 + exp(min(-1.702 * v, 80.0)));
    }
    if params.activation == GELU {
        // Abramowitz and Stegun 7.1.26 for erf(|v| / √2).
        let z = min(abs(v) * 0.70710678, 9.0);
        let t = 1.0 / (1.0 + 0.3275911 * z);
        let p = ((((1.0614054 * t - 1.453152) * t + 1.4214138) * t - 0.28449672) * t + 0.2548296) * t;
        let tail = 0.5 * p * exp(-z * z);
        return v * select(1.0 - tail, tail, v < 0.0);
    }
    return v;
}

fn store(row: u32, column: u32, sum: f32) {
    if row >= params.rows || column >= params.columns {
        return;
    }
    var v = sum;
    if params.bias != 0u {
        v += bias[params.first_column + column];
    }
    v = activate(v);
    let at = row * params.stride + params.first_column + column;
    if params.residual != 0u {
        v += y[at];
    }
    y[at] = v;
}

@compute @workgroup_size(THREADS_N, THREADS_M)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = group.y * TILE_M;
    let first_column = group.x * TILE_N;
    let inner4 = params.inner >> 2u;
    //{declare}

    for (var k0 = 0u; k0 < inner4; k0 += TILE_K4) {
        for (var i = thread; i < TILE_M * TILE_K4; i += THREADS) {
            let row = first_row + i / TILE_K4;
            let k = k0 + i % TILE_K4;
            var v = vec4<f32>();
            if row < params.rows && k < inner4 {
                v = x[row * inner4 + k];
            }
            x_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        for (var i = thread; i < TILE_N * TILE_K4; i += THREADS) {
            let column = first_column + i / TILE_K4;
            let k = k0 + i % TILE_K4;
            var v = vec4<f32>();
            if column < params.columns && k < inner4 {
                v = load_weights((column * inner4 + k) * 4u);
            }
            w_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        workgroupBarrier();
        for (var k = 0u; k < TILE_K4; k++) {
            //{accumulate}
        }
        workgroupBarrier();
    }
    //{store}
}
