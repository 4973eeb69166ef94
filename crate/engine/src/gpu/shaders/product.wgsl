// What every matrix product shares: its parameters, and what happens to a sum before it is stored.
//
// y[m, c + n] = act(sum + bias[c + n]), added to what y holds where asked for. A matrix too large
// for one binding comes in several: c is where this one's columns begin.
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
// Binding 1 is the rows', binding 2 the weights'.
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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
