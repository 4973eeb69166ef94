//! Compiled kernels and their bindings.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::GpuError;
use super::compile::Compiling;
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

/// What a kernel is compiled with.
#[derive(Clone)]
pub(super) struct Compiler {
    pub(super) device: wgpu::Device,
    /// By the number of inputs, less one.
    layouts: Vec<wgpu::PipelineLayout>,
}

impl Compiler {
    /// The kernel. What a device refuses is told by the caller's error scope.
    pub(super) fn pipeline(
        &self,
        kernel: Kernel,
        module: &wgpu::ShaderModule,
    ) -> wgpu::ComputePipeline {
        self.device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&kernel.name()),
                layout: Some(&self.layouts[kernel.inputs() as usize - 1]),
                module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Every kernel writes its workgroup memory before it reads it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            })
    }

    /// The kernel's code for the device. Debug builds, and so the tests, check every index.
    #[expect(
        unsafe_code,
        reason = "injected bounds checks cost a third of the speed"
    )]
    pub(super) fn module(&self, kernel: Kernel) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(&kernel.name()),
            source: wgpu::ShaderSource::Wgsl(kernel.source().into()),
        };
        if cfg!(debug_assertions) {
            return self.device.create_shader_module(descriptor);
        }
        // SAFETY: the sources are this crate's own; every index is below a bound that the kernel
        // compares it with or that the batch's plan keeps, every loop ends, no divisor is zero.
        // A browser checks regardless.
        unsafe {
            self.device
                .create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        }
    }
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
            compiler: Compiler {
                device: device.clone(),
                layouts: pipeline_layouts,
            },
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
