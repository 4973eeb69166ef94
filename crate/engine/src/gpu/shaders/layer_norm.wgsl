// y[r] = (x[r] − mean) / √(variance + eps) · weight + bias over rows of `width`, a multiple of 4.
// One workgroup a row; mean first, then the variance about it, both f32. The sums over the
// workgroup are `reduce_plain.wgsl`'s or `reduce_subgroups.wgsl`'s.
struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let width4 = params.width >> 2u;
    let row = group.x * width4;
    var total = 0.0;
    for (var i = thread; i < width4; i += THREADS) {
        total += dot(x[row + i], vec4<f32>(1.0));
    }
    let mean = sum_of_group(thread, total) / f32(params.width);
    var squares = 0.0;
    for (var i = thread; i < width4; i += THREADS) {
        let d = x[row + i] - mean;
        squares += dot(d, d);
    }
    let variance = sum_of_group(thread, squares) / f32(params.width);
    let factor = 1.0 / sqrt(variance + params.eps);
    for (var i = thread; i < width4; i += THREADS) {
        y[row + i] = (x[row + i] - mean) * factor * weight[i] + bias[i];
    }
}
