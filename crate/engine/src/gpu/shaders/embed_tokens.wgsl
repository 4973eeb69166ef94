// x[r] = token_embedding[id of r] + position_embedding[position of r], `inner` features a row, a
// multiple of 4. A table too large for one binding comes in several: this one holds the ids
// first .. first + held, and the other rows are left alone. One workgroup a row.
struct Params {
    rows: u32,
    inner: u32,
    first: u32,
    held: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<vec2<u32>>; // id, position
// Binding 2 is the table's.
@group(0) @binding(3) var<storage, read> positions: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4<f32>>;

const THREADS = 64u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let token = tokens[group.x];
    if token.x < params.first || token.x - params.first >= params.held {
        return;
    }
    let inner4 = params.inner >> 2u;
    for (var i = thread; i < inner4; i += THREADS) {
        x[group.x * inner4 + i] = load_weights(((token.x - params.first) * inner4 + i) * 4u)
            + positions[token.y * inner4 + i];
    }
}
