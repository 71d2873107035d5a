//! The table of backends, one line each, and the choice of a device from it.

mod choice;
mod device;
#[cfg(feature = "remote")]
pub mod remote;
mod software;

use burn::tensor::Device;
#[allow(unused_imports, reason = "a build without any of these backends is allowed")]
use burn::tensor::DeviceType;

pub use zoo_model::host;

pub use self::{
    choice::{BackendChoice, check_precision},
    device::DeviceInfo,
    software::check_batch,
};

/// A backend in the zoo's table.
pub struct Backend {
    /// The name in configs, and of the cargo feature that compiles it in.
    pub name: &'static str,
    /// What it runs on, briefly.
    pub about: &'static str,
    /// What a machine needs for a device to be found.
    pub needs: &'static str,
    /// `None` if the backend is not in this build.
    find: Option<FindDevices>,
}

/// Finds the devices, or says why they could not be queried.
type FindDevices = fn() -> Result<Vec<Device>, String>;

/// One line per backend: name, what it runs on, what it needs, and how its devices are found.
macro_rules! backends {
    ($($name:literal $about:literal $needs:literal => $find:expr;)*) => {
        /// Every backend that the zoo can be built with.
        pub const BACKENDS: &[Backend] = &[$(
            #[cfg(feature = $name)]
            Backend { name: $name, about: $about, needs: $needs, find: Some(|| $find) },
            #[cfg(not(feature = $name))]
            Backend { name: $name, about: $about, needs: $needs, find: None },
        )*];
    };
}

backends! {
    "flex"    "CPU, pure Rust, fastest"                   "nothing" => Ok(vec![Device::flex()]);
    "ndarray" "CPU, pure Rust, deprecated upstream in favour of flex"   "nothing" => listed(DeviceType::NdArray);
    "wgpu"    "any GPU, through Vulkan, Metal or DirectX"   "a graphics driver" => listed(DeviceType::Wgpu);
    "vulkan"  "GPU through Vulkan, kernels compiled to SPIR-V"      "a Vulkan driver" => listed(DeviceType::Vulkan);
    "metal"   "Apple GPU, kernels in MSL"       "macOS" => listed(DeviceType::Metal);
    "webgpu"  "GPU, kernels in WGSL"                           "a graphics driver" => listed(DeviceType::WebGpu);
    "cuda"    "NVIDIA GPU"                                  "NVIDIA's driver and the CUDA toolkit" => listed(DeviceType::Cuda);
    "rocm"    "AMD GPU"                                     "AMD's ROCm" => listed(DeviceType::Rocm);
    "cpu"     "CPU, kernels compiled by LLVM"                  "nothing" => listed(DeviceType::Cpu);
    "tch"     "CPU and NVIDIA GPU, through LibTorch"            "LibTorch" => device::libtorch();
    "remote"  "devices of another machine, lent by zoo backend serve"       "ZOO_REMOTE=ws://HOST:PORT" => remote::devices();
}

/// The devices of a type on this machine.
#[allow(dead_code, reason = "a build without any of these backends is allowed")]
fn listed(devices: DeviceType) -> Result<Vec<Device>, String> {
    Ok(Device::enumerate(devices).into_vec())
}

impl Backend {
    /// True where the backend is in this build.
    pub fn is_compiled(&self) -> bool {
        self.find.is_some()
    }

    /// The devices found; empty if the backend is not in this build.
    ///
    /// # Errors
    ///
    /// Why they could not be queried.
    pub fn devices(&self) -> Result<Vec<Device>, String> {
        self.find.map_or(Ok(Vec::new()), |find| find())
    }
}
