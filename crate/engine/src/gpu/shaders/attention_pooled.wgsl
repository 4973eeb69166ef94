// As `attention.wgsl` for blocks of one query, the pooled rows of the last layer: there a thread a
// query would leave all threads of a workgroup idle but one.
//
// A workgroup takes one query and one head. A thread takes a key of each THREADS for the scores,
// whose largest and sum are reduced over the workgroup, then four features for the weighted sum of
// the values. The softmax is computed on the way, in f32.
var<workgroup> query: array<vec4<f32>, HEAD_DIM4>;
var<workgroup> weights: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let block = blocks[group.x];
    let width4 = params.width >> 2u;
    let head = group.y * HEAD_DIM4;
    if thread < HEAD_DIM4 {
        query[thread] = qkv[block.query * 3u * width4 + head + thread] * params.scale;
    }
    workgroupBarrier();

    var sum = vec4<f32>();
    var largest = -3.0e38;
    var total = 0.0;
    for (var first = 0u; first < block.visible; first += THREADS) {
        let n = min(THREADS, block.visible - first);
        var score = -3.0e38;
        if thread < n {
            let key = path[block.path + first + thread] * 3u * width4 + width4 + head;
            score = 0.0;
            for (var i = 0u; i < HEAD_DIM4; i++) {
                score += dot(query[i], qkv[key + i]);
            }
        }
        let next = max(largest, largest_of_group(thread, score));
        let factor = exp(largest - next);
        largest = next;
        let p = select(0.0, exp(score - largest), thread < n);
        // Nobody reads the weights before any more: the reduction has waited for all.
        weights[thread] = p;
        total = total * factor + sum_of_group(thread, p);
        // Nor does anybody still write them.
        if thread < HEAD_DIM4 {
            sum *= factor;
            for (var key = 0u; key < n; key++) {
                let row = path[block.path + first + key] * 3u * width4 + 2u * width4 + head;
                sum += weights[key] * qkv[row + thread];
            }
        }
    }
    if thread < HEAD_DIM4 {
        attended[block.output * width4 + head + thread] = sum / total;
    }
}
