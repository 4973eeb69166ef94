// Rows of numbers as an operand of `matmul_int8.wgsl`: blocks of 32, each a scale d and whole
// numbers q from -127 to 127, as ggml's Q8_0 but with d in f32: d = largest magnitude / 127,
// q = x / d to the nearest.
//
// x is [rows, inner], `inner` a multiple of 32. A block takes nine words: d, then q, four in a word.
// In a block with a number that is not finite d is NaN. One workgroup a row, a thread a block.
struct Params {
    rows: u32,
    inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> operand: array<u32>;

const THREADS = 32u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let blocks = params.inner >> 5u;
    for (var i = thread; i < blocks; i += THREADS) {
        let block = group.x * blocks + i;
        // Bit patterns without their signs are ordered as magnitudes are, infinity and NaN last.
        var magnitude = 0u;
        for (var quad = 0u; quad < 8u; quad++) {
            let bits = bitcast<vec4<u32>>(x[block * 8u + quad]) & vec4<u32>(0x7fffffffu);
            magnitude = max(magnitude, max(max(bits.x, bits.y), max(bits.z, bits.w)));
        }
        let finite = magnitude < 0x7f800000u;
        let largest = bitcast<f32>(magnitude);
        // The quotient of smaller ones would be beyond f32: they count as zeros.
        let inverse = select(0.0, 127.0 / largest, finite && largest > 1e-30);
        operand[block * 9u] = select(0x7fc00000u, bitcast<u32>(largest / 127.0), finite);
        for (var quad = 0u; quad < 8u; quad++) {
            let q = vec4<i32>(round(select(vec4<f32>(), x[block * 8u + quad] * inverse, finite)));
            operand[block * 9u + 1u + quad] = pack4xI8(q);
        }
    }
}
