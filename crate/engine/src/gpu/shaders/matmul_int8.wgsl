// As `matmul.wgsl` for Q8_0 weights, block by block: 32 products of whole numbers, exact in i32,
// then times both blocks' scales into an f32 sum. x is as `operand_int8.wgsl` leaves it; `inner` is
// a multiple of 32.
//
// In both tiles a block is nine words, the bits of its scale in f32 and then 32 signed bytes.
@group(0) @binding(1) var<storage, read> x: array<u32>;

const BLOCK_WORDS = 9u;

var<workgroup> x_tile: array<u32, X_TILE>;
var<workgroup> w_tile: array<u32, W_TILE>;

// A word of a block of the weights, in the tiles' order.
fn weight_word(block: u32, word: u32) -> u32 {
    let at = block * 34u;
    if word == 0u {
        return bitcast<u32>(f16_value(half_word_at(at)));
    }
    return word_at(at + 4u * word - 2u);
}

@compute @workgroup_size(THREADS_N, THREADS_M)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let first_row = group.y * TILE_M;
    let first_column = group.x * TILE_N;
    let blocks = params.inner >> 5u;
    //{declare}

    for (var k0 = 0u; k0 < blocks; k0 += TILE_WORDS / BLOCK_WORDS) {
        for (var i = thread; i < TILE_M * TILE_WORDS; i += THREADS) {
            let row = first_row + i / TILE_WORDS;
            let word = i % TILE_WORDS;
            var v = 0u;
            if row < params.rows && k0 + word / BLOCK_WORDS < blocks {
                v = x[(row * blocks + k0) * BLOCK_WORDS + word];
            }
            x_tile[(i / TILE_WORDS) * TILE_STRIDE + word] = v;
        }
        for (var i = thread; i < TILE_N * TILE_WORDS; i += THREADS) {
            let column = first_column + i / TILE_WORDS;
            let word = i % TILE_WORDS;
            let block = k0 + word / BLOCK_WORDS;
            var v = 0u;
            if column < params.columns && block < blocks {
                v = weight_word(column * blocks + block, word % BLOCK_WORDS);
            }
            w_tile[(i / TILE_WORDS) * TILE_STRIDE + word] = v;
        }
        workgroupBarrier();
        for (var scales = 0u; scales < TILE_WORDS; scales += BLOCK_WORDS) {
            //{begin}
            for (var k = scales + 1u; k < scales + BLOCK_WORDS; k++) {
                //{accumulate}
            }
            //{end}
        }
        workgroupBarrier();
    }
    //{store}
}
