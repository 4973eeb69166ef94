// Weights as f32: element i of a row-major matrix is component i mod 4 of word i / 4.
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;

// Elements index .. index + 3; index is a multiple of 4.
fn load_weights(index: u32) -> vec4<f32> {
    return weights[index >> 2u];
}
