//! What the device reaches: at best, and in the products of a model.

use super::GpuError;
use super::arithmetic::Arithmetic;
use super::clock::milliseconds;
use super::device::Gpu;
use super::kernels::PARAMS_STRIDE;
use super::model::Model;
use super::shader::{Kernel, PEAK_FLOP_PER_ROUND, PEAK_THREADS};
use super::tiles::RowClass;
use super::tuning::Run;

/// Milliseconds that a measurement takes at least.
const LEAST_MS: f64 = 50.0;
const MOST_PRODUCTS: u32 = 1024;

/// How fast one of a model's matrix products is.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ProductSpeed {
    /// Tower and layer, e.g. `image fc1`.
    pub what: String,
    /// Rows of the result.
    pub rows: u32,
    /// Columns of the result.
    pub columns: u32,
    /// Terms of each sum.
    pub inner: u32,
    /// The type of the weights.
    pub element: String,
    /// What it was computed in.
    pub arithmetic: Arithmetic,
    /// The tile in use.
    pub tile: String,
    /// Milliseconds of one.
    pub ms: f64,
}

impl ProductSpeed {
    /// Floating-point operations a second.
    pub fn flops(&self) -> f64 {
        2.0 * f64::from(self.rows) * f64::from(self.columns) * f64::from(self.inner)
            / (self.ms / 1e3)
    }
}

impl Model {
    /// Times the products of a block of each encoder, with so many rows of tokens.
    pub(super) async fn product_speeds(
        &self,
        image_rows: u32,
        text_rows: u32,
    ) -> Result<Vec<ProductSpeed>, GpuError> {
        let gpu = self.gpu();
        let mut speeds = Vec::new();
        for (tower, rows, blocks) in [
            ("image", image_rows, &self.vision.blocks),
            ("text", text_rows, &self.text.blocks),
        ] {
            let Some(block) = blocks.first() else {
                continue;
            };
            for (name, linear) in [
                ("qkv", &block.qkv),
                ("out", &block.out),
                ("fc1", &block.fc1),
                ("fc2", &block.fc2),
            ] {
                let matrix = &linear.weight;
                let part = &matrix.parts[0];
                let product = self.tiles().products(part.element)[RowClass::of(rows) as usize];
                let tile = product.tile;
                let run = gpu.guarded(0, || Ok(Run::new(gpu, matrix, rows))).await?;
                let pipeline = gpu.kernels().pipeline(Kernel::MatMul(product));
                run.time(tile, &pipeline, 1).await?;
                let mut products = 1;
                let mut ms = run.time(tile, &pipeline, products).await?;
                while ms < LEAST_MS && products < MOST_PRODUCTS {
                    products *= 4;
                    ms = run.time(tile, &pipeline, products).await?;
                }
                speeds.push(ProductSpeed {
                    what: format!("{tower} {name}"),
                    rows,
                    columns: part.rows,
                    inner: matrix.inner,
                    element: part.element.to_string(),
                    arithmetic: product.arithmetic,
                    tile: tile.to_string(),
                    ms: ms / f64::from(products),
                });
            }
        }
        Ok(speeds)
    }
}

impl Gpu {
    /// Floating-point operations a second that the device reaches in f32 when it multiplies and adds in
    /// registers and does nothing else.
    ///
    /// # Errors
    /// A device that fails.
    pub async fn peak_flops(&self) -> Result<f64, GpuError> {
        const ROUNDS: u32 = 512;
        let (params, factors, output, result) = self
            .guarded(0, || {
                use wgpu::BufferUsages as Usage;
                let buffer = |size, usage| {
                    self.device().create_buffer(&wgpu::BufferDescriptor {
                        label: Some("peak"),
                        size,
                        usage,
                        mapped_at_creation: false,
                    })
                };
                let params = buffer(PARAMS_STRIDE, Usage::UNIFORM | Usage::COPY_DST);
                let factors = buffer(32, Usage::STORAGE | Usage::COPY_DST);
                let output = buffer(16, Usage::STORAGE | Usage::COPY_SRC);
                let result = buffer(16, Usage::MAP_READ | Usage::COPY_DST);
                self.queue()
                    .write_buffer(&params, 0, bytemuck::bytes_of(&ROUNDS));
                let values = [0.5f32, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0];
                self.queue()
                    .write_buffer(&factors, 0, bytemuck::cast_slice(&values));
                Ok((params, factors, output, result))
            })
            .await?;
        let bindings = self.kernels().bind(&params, &[&factors], &output);
        let pipeline = self.kernels().pipeline(Kernel::Peak);
        // Some drivers compile with the first launch; the second is the first to count.
        let (mut groups, mut warm) = (16u32, false);
        loop {
            let start = milliseconds();
            let mut encoder = self
                .device()
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(&pipeline);
                pass.set_bind_group(0, &bindings, &[0]);
                pass.dispatch_workgroups(groups.min(MOST_GROUPS), groups.div_ceil(MOST_GROUPS), 1);
            }
            encoder.copy_buffer_to_buffer(&output, 0, &result, 0, 16);
            self.queue().submit([encoder.finish()]);
            self.read(&result, 16).await?;
            let ms = milliseconds() - start;
            if !warm {
                warm = true;
                continue;
            }
            if ms >= 2.0 * LEAST_MS || groups >= MOST_GROUPS * 32 {
                let threads = f64::from(groups) * f64::from(PEAK_THREADS);
                let flop = threads * f64::from(ROUNDS) * f64::from(PEAK_FLOP_PER_ROUND);
                return Ok(flop / (ms / 1e3));
            }
            groups *= 2;
        }
    }
}

/// Workgroups along one side that every device takes, as a power of two.
const MOST_GROUPS: u32 = 32768;
