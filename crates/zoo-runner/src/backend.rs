//! The table of backends, one line each, and the choice of a device from it.

use std::{fmt, str::FromStr};

use burn::tensor::Device;
#[allow(unused_imports, reason = "a build without any of these backends is allowed")]
use burn::tensor::DeviceType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, config::nearest};

/// What runs tensors, as the zoo's table knows it.
pub struct Backend {
    /// The name in configs, and of the cargo feature that compiles it in.
    pub name: &'static str,
    /// What it runs on, in a few words.
    pub about: &'static str,
    /// Finds the devices; none where the backend is not in this build.
    devices: Option<fn() -> Vec<Device>>,
}

/// One line a backend: name, what it runs on, its `DeviceType` in Burn.
macro_rules! backends {
    ($($name:literal $about:literal $device_type:ident)*) => {
        /// Every backend that the zoo can be built with.
        pub const BACKENDS: &[Backend] = &[$(
            #[cfg(feature = $name)]
            Backend {
                name: $name,
                about: $about,
                devices: Some(|| Device::enumerate(DeviceType::$device_type).into_vec()),
            },
            #[cfg(not(feature = $name))]
            Backend { name: $name, about: $about, devices: None },
        )*];
    };
}

backends! {
    "flex"    "CPU, pure Rust, the fast one"                     Flex
    "ndarray" "CPU, pure Rust, deprecated upstream for flex"     NdArray
}

impl Backend {
    /// True where the backend is in this build.
    pub fn is_compiled(&self) -> bool {
        self.devices.is_some()
    }

    /// The devices that answer; empty where the backend is not in this build.
    pub fn devices(&self) -> Vec<Device> {
        self.devices.map(|find| find()).unwrap_or_default()
    }
}

/// The device on which initial weights are drawn, whatever trains them.
pub fn host() -> Device {
    Device::flex()
}

/// A backend and one of its devices, written `NAME` or `NAME:INDEX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct BackendChoice {
    name: String,
    index: usize,
}

impl Default for BackendChoice {
    fn default() -> Self {
        Self { name: String::from("flex"), index: 0 }
    }
}

impl BackendChoice {
    /// Refuses a backend that is not known or not in this build, without opening a device.
    pub fn check(&self) -> Result<(), Error> {
        self.backend().map(drop)
    }

    /// Opens the device.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if the backend is not in this build or has no such device.
    pub fn open(&self) -> Result<Device, Error> {
        let devices = self.backend()?.devices();
        let count = devices.len();
        devices.into_iter().nth(self.index).ok_or_else(|| {
            Error::Usage(format!("backend `{self}`: no such device, {count} found on this machine"))
        })
    }

    fn backend(&self) -> Result<&'static Backend, Error> {
        let names = || BACKENDS.iter().map(|backend| backend.name);
        let Some(backend) = BACKENDS.iter().find(|backend| backend.name == self.name) else {
            let hint = match nearest(&self.name, names()) {
                Some(right) => format!(", did you mean `{right}`?"),
                None => String::from("."),
            };
            let known: Vec<_> = names().collect();
            return Err(Error::Usage(format!(
                "unknown backend `{}`{hint} Known: {}.",
                self.name,
                known.join(", ")
            )));
        };
        if !backend.is_compiled() {
            let compiled: Vec<_> =
                BACKENDS.iter().filter(|b| b.is_compiled()).map(|b| b.name).collect();
            return Err(Error::Usage(format!(
                "backend `{name}` is not in this build, which has: {}. Build it with: \
                 cargo build --release --features {name}",
                compiled.join(", "),
                name = self.name,
            )));
        }
        Ok(backend)
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            0 => f.write_str(&self.name),
            index => write!(f, "{}:{index}", self.name),
        }
    }
}

impl FromStr for BackendChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, index) = text.split_once(':').unwrap_or((text, "0"));
        let index = index
            .parse()
            .map_err(|_| format!("expected NAME or NAME:INDEX as in wgpu:1, found `{text}`"))?;
        Ok(Self { name: name.to_string(), index })
    }
}

impl TryFrom<String> for BackendChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<BackendChoice> for String {
    fn from(choice: BackendChoice) -> Self {
        choice.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_it_was_read() {
        for text in ["flex", "wgpu:1"] {
            assert_eq!(text.parse::<BackendChoice>().unwrap().to_string(), text);
        }
        assert_eq!(
            "flex:one".parse::<BackendChoice>().unwrap_err(),
            "expected NAME or NAME:INDEX as in wgpu:1, found `flex:one`"
        );
    }

    #[test]
    fn unknown_backends_and_devices_are_refused() {
        let refused = |text: &str| text.parse::<BackendChoice>().unwrap().open().unwrap_err();
        assert_eq!(
            refused("flexx").to_string(),
            "unknown backend `flexx`, did you mean `flex`? Known: flex, ndarray."
        );
        assert_eq!(
            refused("flex:7").to_string(),
            "backend `flex:7`: no such device, 1 found on this machine"
        );
    }
}
