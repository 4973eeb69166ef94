//! Compiling kernels while something else happens: on threads natively, in the browser's own
//! process in a page. Both compile several at a time.

use super::GpuError;
use super::shader::Kernel;

#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::Compiling;
#[cfg(target_arch = "wasm32")]
pub(super) use page::Compiling;

/// What a kernel is compiled with.
#[derive(Clone)]
pub(super) struct Compiler {
    pub(super) device: wgpu::Device,
    /// By the number of inputs, less one.
    layouts: Vec<wgpu::PipelineLayout>,
}

impl Compiler {
    /// `layouts` by the number of inputs, less one.
    pub(super) fn new(device: &wgpu::Device, layouts: Vec<wgpu::PipelineLayout>) -> Self {
        Self {
            device: device.clone(),
            layouts,
        }
    }

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

type Compiled = Vec<(Kernel, wgpu::ComputePipeline)>;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::thread::JoinHandle;

    use rayon::prelude::*;

    use super::{Compiled, Compiler, GpuError, Kernel};

    /// Kernels under way.
    pub(crate) struct Compiling(JoinHandle<Compiled>);

    impl Compiling {
        pub(crate) fn begin(compiler: &Compiler, kernels: Vec<Kernel>) -> Self {
            let compiler = compiler.clone();
            Self(std::thread::spawn(move || {
                let compile =
                    |kernel| (kernel, compiler.pipeline(kernel, &compiler.module(kernel)));
                kernels.into_par_iter().map(compile).collect()
            }))
        }

        /// What the device refuses is noted there, since error scopes belong to a thread.
        pub(crate) async fn finished(self, _: &Compiler) -> Result<Compiled, GpuError> {
            self.0.join().map_err(|_| GpuError::Failed {
                why: "a kernel could not be compiled".into(),
            })
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod page {
    use js_sys::{Array, Function, Promise, Reflect};
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::JsFuture;

    use super::{Compiled, Compiler, GpuError, Kernel};

    /// Kernels under way.
    pub(crate) struct Compiling {
        kernels: Vec<(Kernel, wgpu::ShaderModule)>,
        /// One promise a kernel.
        pending: Array,
    }

    impl Compiling {
        /// wgpu knows `createComputePipeline` alone, which browsers carry out one after the other and
        /// ahead of everything later; so its calls are led to `createComputePipelineAsync`.
        pub(crate) fn begin(compiler: &Compiler, kernels: Vec<Kernel>) -> Self {
            let kernels: Vec<_> = kernels
                .into_iter()
                .map(|kernel| (kernel, compiler.module(kernel)))
                .collect();
            let pending = Array::new();
            let device = raw(compiler);
            let compile: Option<Function> =
                Reflect::get(&device, &"createComputePipelineAsync".into())
                    .ok()
                    .and_then(|function| function.dyn_into().ok());
            if let Some(compile) = compile {
                let promises = pending.clone();
                let target = device.clone();
                instead(
                    &device,
                    move |descriptor| {
                        let promise = compile
                            .call1(&target, &descriptor)
                            .unwrap_or_else(|thrown| Promise::reject(&thrown).into());
                        promises.push(&promise);
                        promise // wgpu only wraps what it is given, and this wrapper is dropped at once
                    },
                    || {
                        for (kernel, module) in &kernels {
                            compiler.pipeline(*kernel, module);
                        }
                    },
                );
            }
            Self { kernels, pending }
        }

        pub(crate) async fn finished(self, compiler: &Compiler) -> Result<Compiled, GpuError> {
            let made = JsFuture::from(Promise::all(&self.pending)).await;
            let made: Array = made
                .map_err(|thrown| GpuError::Failed {
                    why: thrown
                        .dyn_ref::<js_sys::Error>()
                        .map_or("a kernel could not be compiled".into(), |e| {
                            e.message().into()
                        }),
                })?
                .unchecked_into();
            let all = || {
                self.kernels
                    .iter()
                    .map(|(kernel, module)| (*kernel, compiler.pipeline(*kernel, module)))
                    .collect()
            };
            Ok(if made.length() as usize == self.kernels.len() {
                instead(&raw(compiler), move |_| made.shift(), all)
            } else {
                all()
            })
        }
    }

    fn raw(compiler: &Compiler) -> JsValue {
        compiler
            .device
            .as_webgpu()
            .map_or(JsValue::UNDEFINED, |device| device.clone().into())
    }

    /// Runs `work` while the device's `createComputePipeline` is `method`.
    fn instead<T>(
        device: &JsValue,
        method: impl FnMut(JsValue) -> JsValue + 'static,
        work: impl FnOnce() -> T,
    ) -> T {
        let name = "createComputePipeline".into();
        let method = Closure::<dyn FnMut(JsValue) -> JsValue>::new(method);
        // An object's own property hides its prototype's; a device takes properties as any object does.
        let _ = Reflect::set(device, &name, method.as_ref());
        let done = work();
        let _ = Reflect::delete_property(device.unchecked_ref::<js_sys::Object>(), &name);
        done
    }
}
