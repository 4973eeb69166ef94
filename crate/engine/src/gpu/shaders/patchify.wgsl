// Cuts pictures [n, 3, side, side] into patches [n · grid², 3 · patch²], row by row of the grid:
// a convolution whose stride is its kernel is a product with these rows. What the grid leaves
// over at the right and bottom is not seen, as in the convolution. One workgroup a patch.
struct Params {
    rows: u32,
    side: u32,
    patch_size: u32,
    grid: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<f32>;
@group(0) @binding(2) var<storage, read_write> patches: array<f32>;

const THREADS = 64u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let cells = params.grid * params.grid;
    let picture = group.x / cells;
    let top = (group.x % cells) / params.grid * params.patch_size;
    let left = group.x % params.grid * params.patch_size;
    let area = params.patch_size * params.patch_size;
    for (var i = thread; i < 3u * area; i += THREADS) {
        let channel = i / area;
        let y = top + i % area / params.patch_size;
        let x = left + i % params.patch_size;
        patches[group.x * 3u * area + i] = pixels[((picture * 3u + channel) * params.side + y) * params.side + x];
    }
}
