// ggml's Q6_K: blocks of 210 bytes for 256 elements: 128 bytes of low nibbles, 64 of upper bit
// pairs, sixteen signed scales s, an f16 factor d. Each half of 128 elements has 64 bytes of
// nibbles and 32 of pairs: run r of 32 takes nibble r / 2 of bytes 32·(r mod 2) .. + 32 and pair r
// of bytes 0 .. 32; d·s·(value − 32), with one s for 16 elements.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    let block = (index >> 8u) * 210u;
    let half = (index >> 7u) & 1u;
    let run = (index >> 5u) & 3u;
    let at = index & 31u;
    let low = (word_at(block + half * 64u + (run & 1u) * 32u + at) >> ((run >> 1u) * 4u)) & 0x0f0f0f0fu;
    let high = (word_at(block + 128u + half * 32u + at) >> (run * 2u)) & 0x03030303u;
    let scale = byte_at(block + 192u + ((index >> 4u) & 15u));
    let signed_scale = f32(bitcast<i32>(scale << 24u) >> 24u);
    return (f16_value(half_word_at(block + 208u)) * signed_scale) * (unsigned_bytes(low | (high << 4u)) - 32.0);
}
