//! The GPU: finding an adapter, opening a device, and what can go wrong with either.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;

use super::GpuError;
use super::arithmetic::Arithmetic;
use super::kernels::Kernels;
#[cfg(target_arch = "wasm32")]
use super::page_features;

/// An opened GPU device with its compiled kernels. Cloning it gives another handle to the same
/// device; models on one device share its kernels.
#[derive(Clone)]
pub struct Gpu(Rc<Opened>);

struct Opened {
    device: wgpu::Device,
    queue: wgpu::Queue,
    kernels: Kernels,
    info: GpuInfo,
    faults: Arc<Mutex<Faults>>,
}

/// Destroys the device with its last handle: a browser would keep its memory until it collects
/// garbage, which it does not do for the sake of the GPU.
impl Drop for Opened {
    fn drop(&mut self) {
        self.device.destroy();
    }
}

thread_local! {
    /// The device opened last, while anybody has a handle to it.
    static SHARED: RefCell<Weak<Opened>> = const { RefCell::new(Weak::new()) };
}

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuInfo {
    /// The adapter's name, as far as the system or the browser tells it.
    pub name: String,
    /// The interface it is reached through: `vulkan`, `metal`, `dx12`, `webgpu`.
    pub backend: String,
    /// The driver and its version, where known.
    pub driver: String,
    /// Whether it computes on the processor (llvmpipe, SwiftShader): right, but slower than the
    /// CPU engine. A browser does not say.
    pub software: bool,
    /// Largest buffer that a kernel can read, in bytes.
    pub largest_binding: u64,
    /// What optional features the adapter offers, by WebGPU's and WGSL's names.
    pub features: Vec<String>,
    /// Whether reductions over a workgroup are by subgroup operations; else through its memory.
    pub subgroups: bool,
}

/// What happened to a device outside any call: both arrive through callbacks.
#[derive(Default)]
struct Faults {
    lost: Option<String>,
    failed: Option<String>,
}

/// Largest buffer that a kernel reads or writes: what every WebGPU device offers.
pub(super) const LARGEST_BINDING: u64 = 128 << 20;

/// Optional features that a person who reports a problem should know of.
const NOTED_FEATURES: [(wgpu::Features, &str); 2] = [
    (wgpu::Features::SHADER_F16, "shader-f16"),
    (wgpu::Features::TIMESTAMP_QUERY, "timestamp-query"),
];

/// Optional features that kernels use where a device has them.
const USED_FEATURES: wgpu::Features = wgpu::Features::SUBGROUP.union(wgpu::Features::SHADER_F16);

/// wgpu's own words list every interface that was not compiled in.
const NO_ADAPTER: &str = if cfg!(target_arch = "wasm32") {
    "the browser offers no WebGPU adapter"
} else {
    "neither Vulkan, Metal nor DirectX 12 offers one"
};

impl Gpu {
    /// The device that this thread opened last, if it is still in use and well, so that a second model
    /// finds its kernels compiled; else opens one.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub async fn shared() -> Result<Self, GpuError> {
        let held = SHARED.with_borrow(Weak::upgrade).map(Self);
        match held.filter(|gpu| gpu.check().is_ok()) {
            Some(gpu) => Ok(gpu),
            None => {
                let gpu = Self::open().await?;
                SHARED.set(Rc::downgrade(&gpu.0));
                Ok(gpu)
            }
        }
    }

    /// Opens the adapter that the system prefers for performance. Natively the environment
    /// variable `WGPU_BACKEND` chooses among `vulkan`, `metal` and `dx12`.
    ///
    /// # Errors
    /// No adapter, or one that gives no device.
    pub async fn open() -> Result<Self, GpuError> {
        let instance =
            wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            .map_err(|_| GpuError::NoAdapter {
                why: NO_ADAPTER.into(),
            })?;
        // WebGPU's default limits are enough, and every conforming device has them.
        let required_limits = wgpu::Limits::defaults();
        let limits = adapter.limits();
        if limits.max_storage_buffer_binding_size < required_limits.max_storage_buffer_binding_size
            || limits.max_compute_invocations_per_workgroup
                < required_limits.max_compute_invocations_per_workgroup
            || limits.max_compute_workgroup_storage_size
                < required_limits.max_compute_workgroup_storage_size
        {
            return Err(GpuError::NoAdapter {
                why: format!(
                    "{} offers less than WebGPU's default limits",
                    adapter.get_info().name
                ),
            });
        }
        let offered = adapter.features();
        let request = || {
            adapter.request_device(&wgpu::DeviceDescriptor {
                label: Some("cliprobe"),
                required_features: offered & USED_FEATURES,
                required_limits,
                memory_hints: wgpu::MemoryHints::MemoryUsage,
                ..Default::default()
            })
        };
        #[cfg(not(target_arch = "wasm32"))]
        let requested = request();
        #[cfg(target_arch = "wasm32")]
        let requested = page_features::with_subgroups(request);
        let (device, queue) = requested.await.map_err(|error| GpuError::NoDevice {
            why: error.to_string(),
        })?;
        #[cfg(not(target_arch = "wasm32"))]
        let subgroups = device.features().contains(wgpu::Features::SUBGROUP);
        #[cfg(target_arch = "wasm32")]
        let subgroups = (device.as_webgpu())
            .is_some_and(|device| page_features::has_subgroups(device.as_ref()));
        let faults = Arc::new(Mutex::new(Faults::default()));
        let record = faults.clone();
        device.set_device_lost_callback(move |reason, message| {
            let why = if message.is_empty() {
                format!("{reason:?}").to_lowercase()
            } else {
                message
            };
            lock(&record).lost.get_or_insert(why);
        });
        let record = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            lock(&record).failed.get_or_insert(error.to_string());
        }));
        let info = adapter.get_info();
        // A feature of the shading language, and so the browser's and not the adapter's.
        let packed = instance
            .wgsl_language_features()
            .contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct)
            .then_some("packed_4x8_integer_dot_product");
        Ok(Self(Rc::new(Opened {
            info: GpuInfo {
                name: info.name,
                backend: if cfg!(target_arch = "wasm32") {
                    "webgpu".into()
                } else {
                    info.backend.to_string()
                },
                driver: format!("{} {}", info.driver, info.driver_info)
                    .trim()
                    .to_owned(),
                software: info.device_type == wgpu::DeviceType::Cpu,
                largest_binding: limits.max_storage_buffer_binding_size,
                features: NOTED_FEATURES
                    .iter()
                    .filter(|(feature, _)| offered.contains(*feature))
                    .map(|(_, name)| *name)
                    .chain(subgroups.then_some("subgroups"))
                    .chain(packed)
                    .map(str::to_owned)
                    .collect(),
                subgroups,
            },
            kernels: Kernels::new(&device),
            device,
            queue,
            faults,
        })))
    }

    pub(super) fn device(&self) -> &wgpu::Device {
        &self.0.device
    }

    pub(super) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    pub(super) fn kernels(&self) -> &Kernels {
        &self.0.kernels
    }

    /// What the device says about itself.
    pub fn info(&self) -> &GpuInfo {
        &self.0.info
    }

    /// Whether products can be computed so here.
    ///
    /// # Errors
    /// The feature that the device does not offer.
    pub fn offers(&self, arithmetic: Arithmetic) -> Result<(), GpuError> {
        match arithmetic.feature() {
            Some(feature) if !self.info().features.iter().any(|held| held == feature) => {
                Err(GpuError::Arithmetic {
                    arithmetic,
                    why: format!("this device does not offer {feature}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Gives the device and everything on it back; engines that use it answer with an error.
    pub fn destroy(&self) {
        self.device().destroy();
    }

    /// What has gone wrong with the device since it was opened, if anything.
    pub(super) fn check(&self) -> Result<(), GpuError> {
        let faults = lock(&self.0.faults);
        match (&faults.lost, &faults.failed) {
            (Some(why), _) => Err(GpuError::Lost { why: why.clone() }),
            (None, Some(why)) => Err(GpuError::Failed { why: why.clone() }),
            (None, None) => Ok(()),
        }
    }

    /// Runs `make` and tells of the device's errors in it: a lack of memory for `bytes`, or
    /// anything that a kernel or buffer was refused for.
    pub(super) async fn guarded<T>(
        &self,
        bytes: u64,
        make: impl FnOnce() -> Result<T, GpuError>,
    ) -> Result<T, GpuError> {
        let invalid = self
            .device()
            .push_error_scope(wgpu::ErrorFilter::Validation);
        let memory = self
            .device()
            .push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let made = make();
        let (memory, invalid) = (memory.pop(), invalid.pop());
        if memory.await.is_some() {
            return Err(GpuError::OutOfMemory { bytes });
        }
        if let Some(error) = invalid.await {
            self.check()?;
            return Err(GpuError::Failed {
                why: error.to_string(),
            });
        }
        made
    }

    /// Copies what a mappable buffer holds once everything submitted before is done.
    pub(super) async fn read(
        &self,
        buffer: &wgpu::Buffer,
        bytes: u64,
    ) -> Result<Vec<f32>, GpuError> {
        let (done, waiting) = oneshot::channel();
        buffer.map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
            let _ = done.send(result); // nobody waits any more if the caller gave up
        });
        #[cfg(not(target_arch = "wasm32"))]
        let polled = self.device().poll(wgpu::PollType::wait_indefinitely());
        #[cfg(not(target_arch = "wasm32"))]
        polled.map_err(|error| GpuError::Failed {
            why: error.to_string(),
        })?;
        let mapped = waiting.await;
        self.check()?;
        let failed = |why: String| GpuError::Failed { why };
        match mapped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("the device went away".into())),
        }
        let view = buffer
            .get_mapped_range(0..bytes)
            .map_err(|error| failed(error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        buffer.unmap();
        Ok(values)
    }
}

/// A poisoned lock only means that a callback panicked; what it wrote is still whole.
fn lock(faults: &Mutex<Faults>) -> std::sync::MutexGuard<'_, Faults> {
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}
