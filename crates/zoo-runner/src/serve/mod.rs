//! Trained networks behind an address, and a page to use them.
//!
//! [`Networks`] are opened before anything else, each on a thread of its own (`engine`), which gathers
//! the images of all requests into batches. `api` is the zoo's own interface, `inference` the Open
//! Inference Protocol, `runs` what is shown of runs, `page` the page; `guard` decides who may ask,
//! `intake` bounds what a request may take, and `server` holds the connections.
//!
//! Nothing is written to disk, and no file is reachable by its name: a run is looked up among those
//! found, an image by its index in a split.

mod api;
mod asked;
mod engine;
mod guard;
mod inference;
mod intake;
mod metrics;
mod networks;
mod options;
mod page;
mod refused;
mod runs;
mod server;

use std::sync::Arc;

use tokio::sync::watch;

pub use self::{
    engine::Batching,
    networks::{Networks, Wanted},
    options::{Access, ServeOptions},
    server::{serve, url},
};
use self::{intake::Intake, metrics::Metrics, runs::Runs};

/// What every request can use.
struct App {
    networks: Networks,
    runs: Runs,
    options: ServeOptions,
    metrics: Metrics,
    intake: Intake,
    /// True once the server has been asked to end.
    stopping: watch::Receiver<bool>,
}

type Shared = Arc<App>;
