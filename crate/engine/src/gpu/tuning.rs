//! Choosing tiles: by a short timed run on the device, once for each kind of model and arithmetic.

use std::collections::BTreeMap;

use super::GpuError;
use super::arithmetic::Arithmetic;
use super::clock::milliseconds;
use super::device::{Gpu, GpuInfo};
use super::kernels::PARAMS_STRIDE;
use super::shader::Kernel;
use super::tiles::{Product, RowClass, Tile, Tiles};
use super::weights::Matrix;
use cliprobe_clip::tensors::ElementType;

/// How matrix products are computed and their tiles chosen, and what was found before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// The numbers that products are computed in.
    pub arithmetic: Arithmetic,
    /// How the tiles are chosen.
    pub tiles: TileChoice,
    /// Tiles by adapter, type of the weights, width and arithmetic. A caller that keeps them between
    /// runs saves the next load the benchmark. Entries that cannot be read are ignored.
    pub known: BTreeMap<String, String>,
}

/// How the tiles of matrix products are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TileChoice {
    /// Reuse known tiles, else benchmark. Software adapters are not benchmarked: they get the
    /// standard tiles.
    #[default]
    Known,
    /// Always benchmark.
    Anew,
    /// Always the standard tiles.
    Standard,
}

impl Tuning {
    /// The tiles to load a model with, if no run has to tell them.
    pub(super) fn without_a_run(&self, info: &GpuInfo, key: &str) -> Option<Tiles> {
        match self.tiles {
            TileChoice::Standard => Some(Tiles::standard(self.arithmetic)),
            TileChoice::Anew => None,
            TileChoice::Known => (self.known.get(key))
                .and_then(|text| Tiles::parse(text, self.arithmetic))
                .or_else(|| info.software.then(|| Tiles::standard(self.arithmetic))),
        }
    }
}

/// Under which name tiles are remembered.
pub(super) fn key(
    info: &GpuInfo,
    element: ElementType,
    width: usize,
    arithmetic: Arithmetic,
) -> String {
    let GpuInfo {
        name,
        driver,
        backend,
        ..
    } = info;
    let narrow = match arithmetic {
        Arithmetic::F32 => String::new(),
        narrow => format!(", {narrow}"),
    };
    format!("{name}, {driver}, {backend}: {element}, {width}{narrow}")
}

/// Milliseconds that a measurement takes at least.
const LEAST_MS: f64 = 4.0;
/// Products in a measurement at most.
const MOST_PRODUCTS: u32 = 256;
/// A tile replaces the standard one if it takes at most this share of its time.
const WORTH_IT: f64 = 0.95;

/// Times the product of a matrix with rows of each class, for every candidate of an arithmetic that
/// can take the matrix's type.
pub(super) async fn fastest(
    gpu: &Gpu,
    matrix: &Matrix,
    arithmetic: Arithmetic,
) -> Result<Tiles, GpuError> {
    let mut tiles = Tiles::standard(arithmetic);
    let Some(part) = matrix.parts.first() else {
        return Ok(tiles);
    };
    for class in RowClass::ALL {
        let rows = class.typical_rows();
        let run = gpu.guarded(0, || Ok(Run::new(gpu, matrix, rows))).await?;
        let candidates = class.candidates(arithmetic);
        let (standard, others) = (candidates[0], &candidates[1..]);
        let pipeline = |tile| {
            let element = part.element;
            gpu.kernels().pipeline(Kernel::MatMul(Product {
                element,
                arithmetic,
                tile,
            }))
        };
        run.time(standard, &pipeline(standard), 1).await?; // the first time takes longer
        let mut products = 1;
        let mut best = run.time(standard, &pipeline(standard), products).await?;
        while best < LEAST_MS && products < MOST_PRODUCTS {
            products *= 4;
            best = run.time(standard, &pipeline(standard), products).await?;
        }
        best = best.min(run.time(standard, &pipeline(standard), products).await?) * WORTH_IT;
        for &tile in others {
            let pipeline = pipeline(tile);
            run.time(tile, &pipeline, 1).await?;
            let mut time = f64::INFINITY;
            for _ in 0..2 {
                time = time.min(run.time(tile, &pipeline, products).await?);
            }
            if time < best {
                best = time;
                tiles.set(class, tile);
            }
        }
    }
    Ok(tiles)
}

/// Buffers of one product.
pub(super) struct Run<'a> {
    gpu: &'a Gpu,
    bindings: wgpu::BindGroup,
    rows: u32,
    columns: u32,
    y: wgpu::Buffer,
    result: wgpu::Buffer,
    own: Vec<wgpu::Buffer>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.own.iter().for_each(wgpu::Buffer::destroy);
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(gpu: &'a Gpu, matrix: &Matrix, rows: u32) -> Self {
        use wgpu::BufferUsages as Usage;
        let mut own = Vec::new();
        let mut buffer = |size: u64, usage| {
            let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("tuning"),
                size: size.next_multiple_of(16),
                usage,
                mapped_at_creation: false,
            });
            own.push(buffer.clone());
            buffer
        };
        let part = &matrix.parts[0];
        let params = buffer(PARAMS_STRIDE, Usage::UNIFORM | Usage::COPY_DST);
        // Narrow operands are smaller.
        let x = buffer(u64::from(rows * matrix.inner) * 4, Usage::STORAGE);
        let nothing = buffer(16, Usage::STORAGE);
        let y = buffer(
            u64::from(rows * matrix.rows) * 4,
            Usage::STORAGE | Usage::COPY_SRC,
        );
        let result = buffer(16, Usage::MAP_READ | Usage::COPY_DST);
        let values = [rows, matrix.inner, part.rows, 0, matrix.rows, 0, 0, 0];
        gpu.queue()
            .write_buffer(&params, 0, bytemuck::cast_slice(&values));
        let bindings = gpu
            .kernels()
            .bind(&params, &[&x, &part.buffer, &nothing], &y);
        Self {
            gpu,
            bindings,
            rows,
            columns: part.rows,
            y,
            result,
            own,
        }
    }

    /// Milliseconds of so many products, one after the other.
    pub(super) async fn time(
        &self,
        tile: Tile,
        pipeline: &wgpu::ComputePipeline,
        products: u32,
    ) -> Result<f64, GpuError> {
        let start = milliseconds();
        let mut encoder = self
            .gpu
            .device()
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &self.bindings, &[0]);
            let groups = [self.columns.div_ceil(tile.n), self.rows.div_ceil(tile.m)];
            for _ in 0..products {
                pass.dispatch_workgroups(groups[0], groups[1], 1);
            }
        }
        // Read back what the last product wrote, so that the wait is for all of them.
        encoder.copy_buffer_to_buffer(&self.y, 0, &self.result, 0, 16);
        self.gpu.queue().submit([encoder.finish()]);
        self.gpu.read(&self.result, 16).await?;
        Ok(milliseconds() - start)
    }
}
