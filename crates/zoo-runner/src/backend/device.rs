//! What is known about a device, and the devices that Burn cannot list itself.

use burn::{backend::DispatchDevice, tensor::Device};
use serde::Serialize;

use crate::machine::{self, memory};

/// A device as `zoo backends` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceInfo {
    /// Its place in `--backend NAME:INDEX`.
    pub index: usize,
    /// The name it reports.
    pub name: String,
    /// Its total memory, if it reports it.
    pub memory_bytes: Option<u64>,
}

impl DeviceInfo {
    /// Asks a device. A GPU is opened for that, which may take a second.
    pub fn of(index: usize, device: &Device) -> Self {
        let (name, memory_bytes) = match device.as_dispatch() {
            #[cfg(feature = "gpu")]
            DispatchDevice::Cube(device) => {
                let properties = device.client().properties().clone();
                (properties.identity.name, properties.memory.max_memory())
            }
            DispatchDevice::Flex(_) => (machine::processor(), Some(memory::total_bytes())),
            #[cfg(feature = "ndarray")]
            DispatchDevice::NdArray(_) => (machine::processor(), Some(memory::total_bytes())),
            // Its server tells no name.
            #[cfg(feature = "remote")]
            DispatchDevice::Remote(_) => {
                (std::env::var(super::remote::ADDRESS).unwrap_or_default(), None)
            }
            #[allow(unreachable_patterns, reason = "a build of these backends alone is allowed")]
            other => (format!("{other:?}"), None),
        };
        Self { index, name, memory_bytes }
    }
}

/// LibTorch's CPU device, then its CUDA devices.
#[cfg(feature = "tch")]
pub(super) fn libtorch() -> Result<Vec<Device>, String> {
    let gpus = Device::enumerate(burn::tensor::DeviceType::LibTorch).into_vec();
    Ok(std::iter::once(Device::libtorch()).chain(gpus).collect())
}
