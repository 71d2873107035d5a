//! How to serve, ready to be used.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use axum::http::HeaderValue;

use zoo_kernels::Precision;

use super::engine::Batching;

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes any free one.
    pub bind: SocketAddr,
    /// Who may ask.
    pub access: Access,
    /// What every network computes in; that of its run unless given.
    pub precision: Option<Precision>,
    /// Whether networks look at images and nothing else, so that they may be held in the precision that they
    /// compute in, in half of the memory.
    pub holds_in_precision: bool,
    /// How images are gathered into batches.
    pub batching: Batching,
    /// The longest body of a request, in bytes.
    pub max_body: usize,
    /// The most pixels of an image.
    pub max_pixels: u64,
    /// The most connections at a time; others wait until one ends.
    pub max_connections: usize,
    /// How long a request may take, from its header to its answer.
    pub timeout: Duration,
    /// How long requests under way may take after the server is asked to end.
    pub grace: Duration,
    /// The folder whose runs are listed.
    pub runs: PathBuf,
}

impl ServeOptions {
    /// Those of a server beside a training, which takes no images.
    pub fn beside_training(bind: SocketAddr, access: Access, runs: PathBuf) -> Self {
        Self {
            bind,
            access,
            precision: None,
            holds_in_precision: false,
            batching: Batching { max_batch: 1, wait: Duration::ZERO, queue: 1 },
            max_body: 64 << 10,
            max_pixels: 1 << 20,
            max_connections: 64,
            timeout: Duration::from_secs(30),
            grace: Duration::from_secs(2),
            runs,
        }
    }
}

/// Who may ask.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// What requests must bring.
    pub token: Option<String>,
    /// Names under which the server is reached, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Other sites whose pages may ask.
    pub origins: Vec<HeaderValue>,
}
