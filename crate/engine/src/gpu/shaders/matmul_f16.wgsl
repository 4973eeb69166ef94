// As `matmul.wgsl` with both operands in f16: x as `operand_f16.wgsl` leaves it, the weights
// multiplied by WEIGHT_SCALE, which brings small ones out of f16's subnormals.
//
// Products and sums of RUN_K4 · 2 of them, in each of two lanes, are f16; from there on sums are
// f32. Rows are below 8 and weights times WEIGHT_SCALE at most 960 in magnitude, so a lane stays
// below 61,440 of f16's 65,504.
@group(0) @binding(1) var<storage, read> x: array<vec4<f16>>;

const WEIGHT_SCALE = 8.0;

var<workgroup> x_tile: array<vec4<f16>, X_TILE>;
var<workgroup> w_tile: array<vec4<f16>, W_TILE>;

// What undoes the scales of a row and of the weights.
fn row_factor(row: u32) -> f32 {
    if row >= params.rows {
        return 0.0;
    }
    return bitcast<f32>(u32(f32(x[row * ((params.inner >> 2u) + 1u)].x)) << 23u);
}

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
            var v = vec4<f16>();
            if row < params.rows && k < inner4 {
                v = x[row * (inner4 + 1u) + 1u + k];
            }
            x_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        for (var i = thread; i < TILE_N * TILE_K4; i += THREADS) {
            let column = first_column + i / TILE_K4;
            let k = k0 + i % TILE_K4;
            var v = vec4<f16>();
            if column < params.columns && k < inner4 {
                v = vec4<f16>(WEIGHT_SCALE * load_weights((column * inner4 + k) * 4u));
            }
            w_tile[(i / TILE_K4) * TILE_STRIDE + i % TILE_K4] = v;
        }
        workgroupBarrier();
        for (var run = 0u; run < TILE_K4; run += RUN_K4) {
            //{begin}
            for (var k = run; k < run + RUN_K4; k++) {
                //{accumulate}
            }
            //{end}
        }
        workgroupBarrier();
    }
    //{store}
}
