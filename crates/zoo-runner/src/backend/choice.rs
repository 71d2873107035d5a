//! The choice of a backend and of one of its devices.

use std::{fmt, str::FromStr};

use burn::tensor::{DType, Device};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::{
    Precision,
    nn::{amx_is_refused, bf16_instructions},
};
use zoo_training::words::unknown;

use super::{BACKENDS, Backend};
use crate::Error;

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

    /// Whether it computes on the CPU by itself, to the same bits on all processors of a kind.
    pub fn is_cpu(&self) -> bool {
        self.name == "flex"
    }

    /// The choice of the process with this number on its machine: each has a GPU of its own, the first
    /// one that of this choice. They share the CPU.
    pub fn for_local_rank(&self, local_rank: usize) -> Self {
        let is_shared = ["flex", "ndarray", "cpu"].contains(&self.name.as_str());
        let offset = if is_shared { 0 } else { local_rank };
        Self { name: self.name.clone(), index: self.index + offset }
    }

    /// Opens the device.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if the backend is not in this build or has no such device.
    pub fn open(&self) -> Result<Device, Error> {
        let backend = self.backend()?;
        let refuse = |message: String| Error::Usage(format!("backend `{self}`: {message}"));
        let devices = backend.devices().map_err(&refuse)?;
        let count = devices.len();
        devices.into_iter().nth(self.index).ok_or_else(|| {
            refuse(match count {
                0 => format!("no device found on this machine; it needs {}", backend.needs),
                _ => format!("no such device, {count} found on this machine"),
            })
        })
    }

    /// Opens the device to compute in `precision`.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and [`Error::Usage`] if the device cannot compute in it.
    pub fn open_for(&self, precision: Precision) -> Result<Device, Error> {
        let device = self.open()?;
        let refuse = |message| Error::Usage(format!("backend `{self}`: {message}"));
        check_precision(&device, precision).map_err(refuse).map(|()| device)
    }

    /// The processor's instructions for products in `precision`, where the zoo's kernels use any for it.
    pub fn instructions(&self, precision: Precision) -> Option<&'static str> {
        self.rounds(precision).then(bf16_instructions).flatten()
    }

    /// What a user should know who computes in `precision` here.
    pub fn precision_note(&self, precision: Precision) -> Option<String> {
        self.rounds(precision).then(|| note(bf16_instructions(), amx_is_refused())).flatten()
    }

    /// Whether the zoo's kernels round operands.
    fn rounds(&self, precision: Precision) -> bool {
        precision == Precision::Bf16 && self.is_cpu()
    }

    fn backend(&self) -> Result<&'static Backend, Error> {
        let names = BACKENDS.iter().map(|backend| backend.name);
        let Some(backend) = BACKENDS.iter().find(|backend| backend.name == self.name) else {
            return Err(Error::Usage(unknown("backend", &self.name, names)));
        };
        if !backend.is_compiled() {
            let compiled: Vec<_> =
                BACKENDS.iter().filter(|b| b.is_compiled()).map(|b| b.name).collect();
            return Err(Error::Usage(format!(
                "backend `{name}` is not in this build, which has: {}. To add it: cargo build \
                 --release --features {name}",
                compiled.join(", "),
                name = self.name,
            )));
        }
        Ok(backend)
    }
}

/// What a user should know of products in bf16 that go by these instructions.
fn note(instructions: Option<&str>, amx_is_refused: bool) -> Option<String> {
    let why = match amx_is_refused {
        true => {
            "the system does not permit this program to use the processor's AMX (Linux does from 5.16 on, \
             if nothing forbids it)"
        }
        false => "for this processor the zoo has no 16-bit products",
    };
    instructions.is_none().then(|| {
        format!(
            "bf16 is emulated: {why}, so operands are rounded and multiplied in f32, with the same meaning \
             and no gain in speed"
        )
    })
}

/// Refuses a precision in which a device cannot compute.
///
/// # Errors
///
/// What to do instead.
pub fn check_precision(device: &Device, precision: Precision) -> Result<(), String> {
    match precision {
        Precision::Bf16 if !device.supports_dtype(DType::BF16) => Err(String::from(
            "this device does not compute in bf16; use --precision f32 or --backend flex",
        )),
        _ => Ok(()),
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
            .map_err(|_| format!("expected NAME or NAME:INDEX, as in wgpu:1, found `{text}`"))?;
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
            "expected NAME or NAME:INDEX, as in wgpu:1, found `flex:one`"
        );
    }

    #[test]
    fn a_note_says_why_bf16_is_emulated() {
        assert_eq!(note(Some("AVX512-BF16"), false), None);
        assert_eq!(
            note(None, false).unwrap(),
            "bf16 is emulated: for this processor the zoo has no 16-bit products, so operands are rounded \
             and multiplied in f32, with the same meaning and no gain in speed"
        );
        assert_eq!(
            note(None, true).unwrap(),
            "bf16 is emulated: the system does not permit this program to use the processor's AMX (Linux \
             does from 5.16 on, if nothing forbids it), so operands are rounded and multiplied in f32, with \
             the same meaning and no gain in speed"
        );
    }

    #[test]
    fn each_rank_of_a_machine_has_its_own_gpu() {
        let chosen = |text: &str, rank| {
            text.parse::<BackendChoice>().unwrap().for_local_rank(rank).to_string()
        };
        assert_eq!([0, 1].map(|rank| chosen("cuda", rank)), ["cuda", "cuda:1"]);
        assert_eq!([0, 1].map(|rank| chosen("wgpu:2", rank)), ["wgpu:2", "wgpu:3"]);
        assert_eq!([0, 1].map(|rank| chosen("flex", rank)), ["flex", "flex"]);
    }

    #[test]
    fn unknown_backends_and_devices_are_refused() {
        let refused = |text: &str| text.parse::<BackendChoice>().unwrap().open().unwrap_err();
        assert_eq!(
            refused("flexx").to_string(),
            "unknown backend `flexx`, did you mean `flex`? Known: flex, ndarray, wgpu, vulkan, \
             metal, webgpu, cuda, rocm, cpu, tch, remote."
        );
        assert_eq!(
            refused("flex:7").to_string(),
            "backend `flex:7`: no such device, 1 found on this machine"
        );
    }
}
