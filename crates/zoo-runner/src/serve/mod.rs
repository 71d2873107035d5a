//! Trained networks behind an address, and a page to use them.
//!
//! [`Networks`] are opened before anything else, each on threads of its own (`engine`), which gathers
//! the images of all requests into batches. `api` is the zoo's own interface, `inference` the Open
//! Inference Protocol, `runs` what is shown of runs, `page` the page; `guard` decides who may ask,
//! `intake` bounds what a request may take, and `server` holds the connections. `beside` serves a training
//! under way, which `training` shows and steers.
//!
//! Nothing is written to disk, unless a lesson of the lab is told to save a run, and no file is reachable by its name: a run is looked up among those
//! found, an image by its index in a split.

mod api;
pub(crate) mod asked;
mod beside;
pub(crate) mod engine;
mod guard;
mod inference;
pub(crate) mod intake;
#[cfg(feature = "remote")]
mod lend;
mod linger;
mod metrics;
pub(crate) mod networks;
mod options;
pub(crate) mod page;
pub(crate) mod refused;
mod runs;
mod server;
mod training;

use std::{path::Path, sync::Arc};

use axum::Router;
use burn::tensor::Device;
use tokio::sync::watch;

#[cfg(feature = "remote")]
pub use self::lend::lend;
pub(crate) use self::runs::find_runs;
pub use self::{
    beside::{Beside, Door},
    engine::Batching,
    networks::{Networks, Wanted},
    options::{Access, ServeOptions},
    runs::FoundRun,
    server::{serve, url},
    training::Training,
};
use self::{intake::Intake, metrics::Metrics, networks::Network, runs::Runs};
use crate::Error;

/// What every request can use.
pub(crate) struct App {
    pub(crate) networks: Networks,
    runs: Runs,
    options: ServeOptions,
    metrics: Metrics,
    pub(crate) intake: Intake,
    /// The run under way, beside which the server runs.
    training: Option<Training>,
    /// True once the server has been asked to end.
    stopping: watch::Receiver<bool>,
}

impl App {
    /// The folder whose runs are listed.
    pub(crate) fn runs_folder(&self) -> &Path {
        &self.options.runs
    }

    /// Serves one more network, whose name no other has. Must be called within the runtime.
    ///
    /// # Errors
    ///
    /// Those of [`Network::open`].
    pub(crate) fn open_network(&self, wanted: &Wanted, device: &Device) -> Result<(), Error> {
        let network = Network::open(wanted, device, &self.options, &self.metrics)?;
        self.networks.add(network);
        Ok(())
    }
}

pub(crate) type Shared = Arc<App>;

/// The page at the address, and what it asks for besides the interface of every server.
pub struct Pages(pub(crate) fn(Shared) -> Router<Shared>);

impl Pages {
    /// The page of `zoo serve`.
    pub const NETWORKS: Self = Self(|_| page::router());
}
