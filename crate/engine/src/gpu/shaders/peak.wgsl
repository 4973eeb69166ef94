// Multiplies and adds in registers and nothing else: how fast the device computes at best.
//
// A thread keeps 16 independent vec4 sums, so that no instruction waits for the one before. Result
// and factors come from a buffer, or a compiler would compute them beforehand.
struct Params {
    rounds: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let a = factors[0];
    let b = factors[1];
    let start = vec4<f32>(f32(thread));
    //{declare}
    for (var round = 0u; round < params.rounds; round++) {
        //{accumulate}
    }
    let sum = //{sum};
    // Never true: the factors keep every sum small.
    if sum.x > 1e30 {
        result[0] = sum;
    }
}
