//! Compiled kernels and their bindings.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::GpuError;
use super::compile::{Compiler, Compiling};
use super::shader::Kernel;

/// Distance of two kernels' parameters in their buffer: what every device can bind at.
pub(super) const PARAMS_STRIDE: u64 = 256;

/// Bytes of one kernel's parameters.
const PARAMS_BYTES: u64 = 32;

/// Most buffers that a kernel only reads.
const MOST_INPUTS: u32 = 3;

/// The kernels of one device.
///
/// All are bound alike: parameters at 0, at a dynamic offset; what is read from 1 on; what is
/// written last. So a binding serves every kernel with as many inputs.
pub(super) struct Kernels {
    compiler: Compiler,
    layouts: Vec<wgpu::BindGroupLayout>,
    pipelines: RefCell<HashMap<Kernel, wgpu::ComputePipeline>>,
}

impl Kernels {
    pub(super) fn new(device: &wgpu::Device) -> Self {
        let layouts: Vec<_> = (1..=MOST_INPUTS)
            .map(|inputs| bind_group_layout(device, inputs))
            .collect();
        let pipeline_layouts = layouts
            .iter()
            .map(|bindings| {
                device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                    label: None,
                    bind_group_layouts: &[Some(bindings)],
                    immediate_size: 0,
                })
            })
            .collect();
        Self {
            compiler: Compiler::new(device, pipeline_layouts),
            layouts,
            pipelines: RefCell::default(),
        }
    }

    /// Begins to compile those of `wanted` that are not yet, beside what the caller does next.
    pub(super) fn begin(&self, wanted: impl IntoIterator<Item = Kernel>) -> Compiling {
        let held = self.pipelines.borrow();
        let mut seen = HashSet::new();
        let missing = wanted
            .into_iter()
            .filter(|kernel| !held.contains_key(kernel) && seen.insert(*kernel))
            .collect();
        Compiling::begin(&self.compiler, missing)
    }

    /// Waits for what was begun.
    ///
    /// # Errors
    /// A kernel that the device refuses.
    pub(super) async fn finish(&self, begun: Compiling) -> Result<(), GpuError> {
        let compiled = begun.finished(&self.compiler).await?;
        self.pipelines.borrow_mut().extend(compiled);
        Ok(())
    }

    /// The kernel, compiled now if it was not before. What a device refuses is told by the
    /// caller's error scope.
    pub(super) fn pipeline(&self, kernel: Kernel) -> wgpu::ComputePipeline {
        self.pipelines
            .borrow_mut()
            .entry(kernel)
            .or_insert_with(|| {
                let module = self.compiler.module(kernel);
                self.compiler.pipeline(kernel, &module)
            })
            .clone()
    }

    /// How many are compiled.
    pub(super) fn compiled(&self) -> usize {
        self.pipelines.borrow().len()
    }

    /// Binds parameters, inputs and an output.
    pub(super) fn bind(
        &self,
        params: &wgpu::Buffer,
        inputs: &[&wgpu::Buffer],
        output: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let mut entries = vec![binding(0, params, wgpu::BufferSize::new(PARAMS_BYTES))];
        for (at, buffer) in (1..).zip(inputs.iter().copied().chain([output])) {
            entries.push(binding(at, buffer, None));
        }
        self.compiler
            .device
            .create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &self.layouts[inputs.len() - 1],
                entries: &entries,
            })
    }
}

/// A buffer from its start on, to its end where no size is given.
fn binding(
    at: u32,
    buffer: &wgpu::Buffer,
    size: Option<wgpu::BufferSize>,
) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding: at,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: 0,
            size,
        }),
    }
}

fn bind_group_layout(device: &wgpu::Device, inputs: u32) -> wgpu::BindGroupLayout {
    let entry = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset,
            min_binding_size: None,
        },
        count: None,
    };
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform, true)];
    entries.extend((1..=inputs).map(|binding| entry(binding, storage(true), false)));
    entries.push(entry(inputs + 1, storage(false), false));
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    })
}
