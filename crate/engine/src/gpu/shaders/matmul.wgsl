// y = x · Wᵀ with the epilogue of `product.wgsl`, in f32: x is [rows, inner], W [columns, inner] in
// blocks of any type, y [rows, stride]; `inner` is a multiple of 4.
//
// A workgroup computes TILE_M × TILE_N of y, a thread every THREADS_M-th row and THREADS_N-th
// column of it. Both operands go through workgroup memory TILE_K at a time, so each weight is
// dequantised once a tile. TILE_STRIDE is odd: neighbouring threads read different banks.
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;

var<workgroup> x_tile: array<vec4<f32>, X_TILE>;
var<workgroup> w_tile: array<vec4<f32>, W_TILE>;

@compute @workgroup_size(THREADS_N, THREADS_M)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = group.y * TILE_M;
    let first_column = group.x * TILE_N;
    let inner4 = params.inner >> 2u;
    //{declare}

    for (var k0 = 0u; k0 < inner4; k0 += TILE_K4) {
        for (var i = thread; i < TILE_M * TILE_K4; i += THREADS) {
            let row = first_row + i / TILE_K4;
            let k = k0 + i % TILE_K4;
            var v = vec4<f32>();
            if row < params.rows && k < inner4 {
                v = x[row * inner4 + k];
            }
            x_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        for (var i = thread; i < TILE_N * TILE_K4; i += THREADS) {
            let column = first_column + i / TILE_K4;
            let k = k0 + i % TILE_K4;
            var v = vec4<f32>();
            if column < params.columns && k < inner4 {
                v = load_weights((column * inner4 + k) * 4u);
            }
            w_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        workgroupBarrier();
        for (var k = 0u; k < TILE_K4; k++) {
            //{accumulate}
        }
        workgroupBarrier();
    }
    //{store}
}
