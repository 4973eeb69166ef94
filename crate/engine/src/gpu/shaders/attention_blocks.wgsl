// What `attention.wgsl` and `attention_pooled.wgsl` are given.
//
// qkv is [rows, 3·width]: queries, keys, values, each `heads` × HEAD_DIM. A block is up to QUERIES
// consecutive rows of one sequence; the rows of its keys are listed in `path`, so that sequences
// can share theirs. Its query i sees the first `visible + i · step` keys: step is 1 in a causal
// tower and 0 where all are seen. The result of query i is row `output + i` of `attended`.
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
