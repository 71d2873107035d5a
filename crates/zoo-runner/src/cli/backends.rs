//! `zoo backends`.

use clap::Args;
use serde::Serialize;

use super::{Output, print, print_json, table};
use crate::{Error, backend::BACKENDS};

/// List the backends of this build and the devices that answer.
#[derive(Debug, Args)]
pub struct Backends {}

#[derive(Serialize)]
struct Row {
    backend: &'static str,
    compiled: bool,
    about: &'static str,
    devices: Vec<String>,
}

impl Backends {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let rows: Vec<Row> = BACKENDS
            .iter()
            .map(|backend| Row {
                backend: backend.name,
                compiled: backend.is_compiled(),
                about: backend.about,
                devices: backend.devices().iter().map(|device| format!("{device:?}")).collect(),
            })
            .collect();
        if output.json {
            return print_json(&rows);
        }
        let head = ["backend", "devices", "about"].map(String::from).to_vec();
        let body = rows.iter().map(|row| {
            let devices = match (row.compiled, row.devices.len()) {
                (false, _) => String::from("not in this build"),
                (true, count) => count.to_string(),
            };
            vec![row.backend.to_string(), devices, row.about.to_string()]
        });
        print(&table(&std::iter::once(head).chain(body).collect::<Vec<_>>()))
    }
}
