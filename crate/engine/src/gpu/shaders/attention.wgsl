// Softmax(q·kᵀ / √HEAD_DIM)·v for packed sequences of any length.
//
// What it is given and in which layout: `attention_blocks.wgsl`.
//
// A workgroup takes one block and one head, a thread one query: keys and values pass through
// workgroup memory, the softmax is computed on the way, in f32.
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
