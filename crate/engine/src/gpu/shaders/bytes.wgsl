// Reading blocks whose size is a multiple of 2 but not of 4, as they lie in a GGUF file.

// Four bytes from a byte offset that is a multiple of 2.
fn word_at(offset: u32) -> u32 {
    let low = weights[offset >> 2u];
    if (offset & 2u) == 0u {
        return low;
    }
    return (low >> 16u) | (weights[(offset >> 2u) + 1u] << 16u);
}

// Two bytes from a byte offset that is a multiple of 2.
fn half_word_at(offset: u32) -> u32 {
    return (weights[offset >> 2u] >> ((offset & 2u) * 8u)) & 0xffffu;
}

// One byte.
fn byte_at(offset: u32) -> u32 {
    return (weights[offset >> 2u] >> ((offset & 3u) * 8u)) & 0xffu;
}

// The four bytes of a word as numbers from 0 to 255, lowest first.
fn unsigned_bytes(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu));
}

// The four bytes of a word as numbers from -128 to 127, lowest first.
fn signed_bytes(word: u32) -> vec4<f32> {
    return vec4<f32>(bitcast<vec4<i32>>(vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
