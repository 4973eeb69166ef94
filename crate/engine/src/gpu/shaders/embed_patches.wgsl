// Joins the class token and the embedded patches of each picture and adds the position embedding:
// x[picture · tokens + t] = (t = 0: class; else patches[picture · (tokens − 1) + t − 1]) + positions[t].
// Rows have `width` features, a multiple of 4. One workgroup a row.
struct Params {
    rows: u32,
    width: u32,
    tokens: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> patches: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> class_embedding: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> positions: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;

const THREADS = 64u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let width4 = params.width >> 2u;
    let picture = group.x / params.tokens;
    let token = group.x % params.tokens;
    for (var i = thread; i < width4; i += THREADS) {
        var v = class_embedding[i];
        if token > 0u {
            v = patches[(picture * (params.tokens - 1u) + token - 1u) * width4 + i];
        }
        x[group.x * width4 + i] = v + positions[token * width4 + i];
    }
}
