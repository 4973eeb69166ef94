// ggml's Q4_K: blocks of 144 bytes for 256 elements: f16 d and m, twelve bytes with eight 6-bit
// scales s and offsets o, then 128 bytes: of each 32, the low nibbles are a run of 32 elements and
// the high ones the next; d·s·nibble − m·o, with one s and o a run.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    let block = (index >> 8u) * 144u;
    let run = (index >> 5u) & 7u;
    let scales = block + 4u;
    var scale: u32;
    var offset: u32;
    if run < 4u {
        scale = byte_at(scales + run) & 63u;
        offset = byte_at(scales + run + 4u) & 63u;
    } else {
        let low = byte_at(scales + run + 4u);
        scale = (low & 15u) | ((byte_at(scales + run - 4u) >> 6u) << 4u);
        offset = (low >> 4u) | ((byte_at(scales + run) >> 6u) << 4u);
    }
    let words = weights[(block + 16u + (run >> 1u) * 32u + (index & 31u)) >> 2u];
    let nibbles = (words >> ((run & 1u) * 4u)) & 0x0f0f0f0fu;
    let factors = weights[block >> 2u];
    return (f16_value(factors & 0xffffu) * f32(scale)) * unsigned_bytes(nibbles)
        - f16_value(factors >> 16u) * f32(offset);
}
