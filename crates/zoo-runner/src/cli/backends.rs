//! `zoo backends`.

use clap::Args;
use serde::Serialize;
use zoo_kernels::Precision;

use super::{Output, print, print_json, table};
use crate::{
    Error,
    backend::{BACKENDS, Backend, BackendChoice, DeviceInfo},
    report::head,
};

/// List the backends in this build and the devices that they find.
#[derive(Debug, Args)]
pub struct Backends {}

#[derive(Serialize)]
struct BackendStatus {
    backend: &'static str,
    compiled: bool,
    about: &'static str,
    needs: &'static str,
    devices: Vec<DeviceInfo>,
    /// The processor's instructions for products of 16-bit numbers, if it uses any.
    #[serde(skip_serializing_if = "Option::is_none")]
    bf16: Option<&'static str>,
    /// Why the devices could not be queried.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl BackendStatus {
    fn of(backend: &Backend) -> Self {
        let (devices, problem) = match backend.devices() {
            Ok(devices) => (devices, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let choice = BackendChoice::try_from(backend.name.to_string());
        let info = |(index, device)| DeviceInfo::of(index, device);
        Self {
            backend: backend.name,
            compiled: backend.is_compiled(),
            about: backend.about,
            needs: backend.needs,
            devices: devices.iter().enumerate().map(info).collect(),
            bf16: choice.ok().and_then(|choice| choice.instructions(Precision::Bf16)),
            problem,
        }
    }

    /// One line per device, or one that says why there is none.
    fn lines(&self) -> Vec<Vec<String>> {
        let line = |device: String, memory: String| {
            let about = match self.bf16 {
                Some(instructions) => format!("{}; bf16 by {instructions}", self.about),
                None => self.about.to_string(),
            };
            vec![self.backend.to_string(), device, memory, about]
        };
        let without = |why: String| vec![line(why, String::from("-"))];
        match (&self.problem, self.compiled) {
            (_, false) => without(String::from("not in this build")),
            (Some(problem), _) => without(problem.clone()),
            (None, _) if self.devices.is_empty() => {
                without(format!("no device found; needs {}", self.needs))
            }
            _ => self.devices.iter().map(|device| line(name(device), memory(device))).collect(),
        }
    }
}

fn name(device: &DeviceInfo) -> String {
    match device.index {
        0 => device.name.clone(),
        index => format!(":{index} {}", device.name),
    }
}

fn memory(device: &DeviceInfo) -> String {
    match device.memory_bytes {
        Some(bytes) => format!("{:.1} GB", bytes as f64 / 1e9),
        None => String::from("-"),
    }
}

impl Backends {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let rows: Vec<BackendStatus> = BACKENDS.iter().map(BackendStatus::of).collect();
        if output.json {
            return print_json(&rows);
        }
        let mut lines = vec![head(["backend", "device", "memory", "about"])];
        lines.extend(rows.iter().flat_map(BackendStatus::lines));
        print(&table(&lines))
    }
}
