// Weights as f16, two in a 32-bit word, the lower half first.
@group(0) @binding(2) var<storage, read> weights: array<vec2<u32>>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    let pair = weights[index >> 2u];
    return vec4<f32>(
        f16_value(pair.x & 0xffffu), f16_value(pair.x >> 16u),
        f16_value(pair.y & 0xffffu), f16_value(pair.y >> 16u),
    );
}
