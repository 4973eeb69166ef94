// ggml's Q4_0: blocks of 18 bytes for 32 elements: an f16 scale d, then 16 bytes; the low nibbles
// are elements 0 to 15, the high ones 16 to 31; d·(nibble − 8).
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    let block = (index >> 5u) * 18u;
    let nibbles = (word_at(block + 2u + (index & 15u)) >> ((index & 16u) >> 2u)) & 0x0f0f0f0fu;
    return f16_value(half_word_at(block)) * (unsigned_bytes(nibbles) - 8.0);
}
