// Softmax(q·kᵀ / √HEAD_DIM)·v for packed sequences of any length.
//
// qkv is [rows, 3·width]: queries, keys, values, each `heads` × HEAD_DIM. A block is up to QUERIES
// consecutive rows of one sequence; the rows of its keys are listed in `path`, so that sequences
// can share theirs. Its query i sees the first `visible + i · step` keys: step is 1 in a causal
// tower and 0 where all are seen. The result of query i is row `output + i` of `attended`.
//
// A workgroup takes one block and one head, a thread one query: keys and values pass through
// workgroup memory, the softmax is computed on the way, in f32.
struct Params {
    rows: u32,
    width: u32,
    step: u32,
    scale: f32,
}

struct Block {
    query: u32,
    queries: u32,
    output: u32,
    visible: u32,
    path: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> blocks: array<Block>;
@group(0) @binding(3) var<storage, read> path: array<u32>;
@group(0) @binding(4) var<storage, read_write> attended: array<vec4<f32>>;

var<workgroup> keys: array<vec4<f32>, TILE>;
var<workgroup> values: array<vec4<f32>, TILE>;

@compute @workgroup_size(QUERIES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let block = blocks[group.x];
    let width4 = params.width >> 2u;
    let head = group.y * HEAD_DIM4;
    let takes_part = thread < block.queries;
    let visible = block.visible + thread * params.step;
    let all = block.visible + (block.queries - 1u) * params.step;

    var query: array<vec4<f32>, HEAD_DIM4>;
    var sum: array<vec4<f32>, HEAD_DIM4>;
    for (var i = 0u; i < HEAD_DIM4; i++) {
        if takes_part {
            query[i] = qkv[(block.query + thread) * 3u * width4 + head + i] * params.scale;
        }
        sum[i] = vec4<f32>();
    }
    var largest = -3.0e38;
    var total = 0.0;

    for (var first = 0u; first < all; first += KEYS) {
        let n = min(KEYS, all - first);
        for (var i = thread; i < n * HEAD_DIM4; i += QUERIES) {
            let row = path[block.path + first + i / HEAD_DIM4] * 3u * width4 + head + i % HEAD_DIM4;
            keys[i] = qkv[row + width4];
            values[i] = qkv[row + 2u * width4];
        }
        workgroupBarrier();
        if takes_part {
            for (var key = 0u; key < n && first + key < visible; key++) {
                var score = 0.0;
                for (var i = 0u; i < HEAD_DIM4; i++) {
                    score += dot(query[i], keys[key * HEAD_DIM4 + i]);
                }
                if score > largest {
                    let factor = exp(largest - score);
                    total *= factor;
                    for (var i = 0u; i < HEAD_DIM4; i++) {
                        sum[i] *= factor;
                    }
                    largest = score;
                }
                let p = exp(score - largest);
                total += p;
                for (var i = 0u; i < HEAD_DIM4; i++) {
                    sum[i] += p * values[key * HEAD_DIM4 + i];
                }
            }
        }
        workgroupBarrier();
    }
    if takes_part {
        for (var i = 0u; i < HEAD_DIM4; i++) {
            attended[(block.output + thread) * width4 + head + i] = sum[i] / total;
        }
    }
}
