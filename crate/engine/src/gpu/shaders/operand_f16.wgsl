// Rows of numbers as an operand of `matmul_f16.wgsl`: multiplied by the power of two that brings
// the largest magnitude of a row into [4, 8), so that no product or short sum of products leaves
// f16's range, then rounded to f16.
//
// x is [rows, inner], `inner` a multiple of 4. A row of the operand begins with four numbers of
// which the first is the exponent field of the f32 that undoes both this scale and the weights'
// (WEIGHT_SCALE, 2³): exact in f16. In a row with a number that is not finite it is 255, infinity's,
// so that nothing computed from it is finite. One workgroup a row.
struct Params {
    rows: u32,
    inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> operand: array<vec4<f16>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let inner4 = params.inner >> 2u;
    let row = group.x * inner4;
    // Bit patterns without their signs are ordered as magnitudes are, infinity and NaN last.
    var magnitude = 0u;
    for (var i = thread; i < inner4; i += THREADS) {
        let bits = bitcast<vec4<u32>>(x[row + i]) & vec4<u32>(0x7fffffffu);
        magnitude = max(magnitude, max(max(bits.x, bits.y), max(bits.z, bits.w)));
    }
    let exponent = u32(largest_of_group(thread, f32(magnitude >> 23u)));
    let finite = exponent < 255u;
    // Rows below 2⁻¹¹⁹ would need a factor beyond f32's; they stay smaller.
    let bounded = max(exponent, 8u);
    let scale = bitcast<f32>((256u - bounded) << 23u);
    let first = group.x * (inner4 + 1u);
    for (var i = thread; i < inner4; i += THREADS) {
        operand[first + 1u + i] = vec4<f16>(select(vec4<f32>(), x[row + i] * scale, finite));
    }
    if thread == 0u {
        operand[first] = vec4<f16>(vec4<f32>(f32(select(255u, bounded - 5u, finite))));
    }
}
