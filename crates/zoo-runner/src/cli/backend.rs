//! `zoo backend`.

use clap::Subcommand;

use super::Output;
use crate::Error;

/// Lend this machine's devices to a zoo on another.
#[derive(Debug, Subcommand)]
pub enum Backend {
    /// Compute for zoos on other machines that use `--backend remote`.
    #[cfg(feature = "remote")]
    Serve(serve::Serve),
    /// Compute for zoos on other machines; wants a build with the feature `remote`.
    #[cfg(not(feature = "remote"))]
    #[command(disable_help_flag = true)]
    Serve {
        /// Whatever flags it would have.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        flags: Vec<std::ffi::OsString>,
    },
}

impl Backend {
    pub fn run(self, output: Output) -> Result<(), Error> {
        match self {
            #[cfg(feature = "remote")]
            Self::Serve(serve) => serve.run(output),
            #[cfg(not(feature = "remote"))]
            Self::Serve { .. } => {
                let _ = output;
                Err(Error::Usage(String::from(
                    "this zoo is built without `remote`, which lends devices to other machines. To add it: \
                     cargo build --release --features remote",
                )))
            }
        }
    }
}

#[cfg(feature = "remote")]
mod serve {
    use std::{net::SocketAddr, path::PathBuf};

    use clap::Args;
    use rand::{TryRngCore, rngs::OsRng};
    use serde_json::json;
    use sysinfo::System;

    use super::super::{
        Output,
        door::{address, read_token},
        flags::Threads,
        print, print_json,
    };
    use crate::{
        Error,
        backend::{
            BackendChoice, DeviceInfo,
            remote::{ADDRESS, TOKEN},
        },
        serve::lend,
    };

    /// Compute for zoos on other machines that use `--backend remote`.
    #[derive(Debug, Args)]
    pub struct Serve {
        /// Devices to lend, separated by commas, all of one backend, such as cuda:0,cuda:1.
        #[arg(
            long,
            value_name = "NAME[:INDEX],...",
            value_delimiter = ',',
            default_value = "flex"
        )]
        backend: Vec<BackendChoice>,
        /// Address to listen on; port 0 takes any free one. Nothing is encrypted: let only a trusted network
        /// reach it.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000", value_parser = address)]
        bind: SocketAddr,
        /// File with the token that clients must bring in ZOO_REMOTE_TOKEN; one is drawn and printed unless
        /// given.
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
        #[command(flatten)]
        threads: Threads,
    }

    impl Serve {
        pub fn run(self, output: Output) -> Result<(), Error> {
            self.threads.apply_to_server()?;
            let own = self.token_file.as_ref();
            let own = own.map(|path| read_token(path, &|text| output.note(&text))).transpose()?;
            let token = own.clone().map_or_else(draw, Ok)?;
            let devices: Vec<_> =
                self.backend.iter().map(BackendChoice::open).collect::<Result<_, _>>()?;
            let names: Vec<String> =
                devices.iter().map(|device| DeviceInfo::of(0, device).name).collect();
            lend(
                devices,
                self.bind,
                &token,
                move |text| output.note(&text),
                |address| {
                    let url = url(address);
                    output.note(&format!("lending {}; end with Ctrl-C", names.join(", ")));
                    output.note("`--backend remote` finds it by these variables");
                    match (output.json, &own) {
                        (true, None) => {
                            print_json(&json!({"url": url, "devices": names, "token": token}))
                        }
                        (true, Some(_)) => print_json(&json!({"url": url, "devices": names})),
                        (false, None) => print(&format!("{ADDRESS}={url} {TOKEN}={token}")),
                        (false, Some(_)) => print(&format!("{ADDRESS}={url}")),
                    }
                },
            )
        }
    }

    /// The address for a client; for the address that stands for all of this machine's, its host name.
    fn url(address: SocketAddr) -> String {
        match (address.ip().is_unspecified(), System::host_name()) {
            (true, Some(host)) => format!("ws://{host}:{}", address.port()),
            _ => format!("ws://{address}"),
        }
    }

    /// A token that nobody can guess.
    fn draw() -> Result<String, Error> {
        let mut bytes = [0_u8; 16];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| Error::Failed(format!("cannot draw a token: {error}")))?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
