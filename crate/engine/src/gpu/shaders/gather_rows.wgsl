// y[r] = x[rows[r]], `width` features a row, a multiple of 4. One workgroup a row.
struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;

const THREADS = 64u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let width4 = params.width >> 2u;
    for (var i = thread; i < width4; i += THREADS) {
        y[group.x * width4 + i] = x[rows[group.x] * width4 + i];
    }
}
