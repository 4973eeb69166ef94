// ggml's Q8_0: blocks of 34 bytes for 32 elements: an f16 scale d, then 32 signed bytes q; d·q.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    let block = (index >> 5u) * 34u;
    return f16_value(half_word_at(block)) * signed_bytes(word_at(block + 2u + (index & 31u)));
}
