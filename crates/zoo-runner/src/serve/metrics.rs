//! What Prometheus can read, as OpenMetrics text.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    /// As the router knows it, so that there are only so many.
    path: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PathLabels {
    path: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct NetworkLabels {
    network: String,
}

/// All counters of the server.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<PathLabels, Histogram, fn() -> Histogram>,
    networks: NetworkFamilies,
}

struct NetworkFamilies {
    images: Family<NetworkLabels, Counter>,
    batches: Family<NetworkLabels, Counter>,
    batch_images: Family<NetworkLabels, Histogram, fn() -> Histogram>,
    queue_seconds: Family<NetworkLabels, Histogram, fn() -> Histogram>,
    compute_seconds: Family<NetworkLabels, Histogram, fn() -> Histogram>,
    waiting: Family<NetworkLabels, Gauge>,
}

/// The counters of one network.
#[derive(Clone)]
pub struct NetworkMetrics {
    pub images: Counter,
    pub batches: Counter,
    batch_images: Histogram,
    queue_seconds: Histogram,
    compute_seconds: Histogram,
    pub waiting: Gauge,
    /// Nanoseconds of all images in the queue, and of all batches.
    pub queued: Arc<AtomicU64>,
    pub computed: Arc<AtomicU64>,
}

/// From a tenth of a millisecond to 26 seconds.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(1e-4, 2.0, 19))
}

fn batches() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 9))
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("zoo");
        let requests = Family::default();
        let request_seconds = Family::new_with_constructor(seconds as fn() -> Histogram);
        let networks = NetworkFamilies {
            images: Family::default(),
            batches: Family::default(),
            batch_images: Family::new_with_constructor(batches as fn() -> Histogram),
            queue_seconds: Family::new_with_constructor(seconds as fn() -> Histogram),
            compute_seconds: Family::new_with_constructor(seconds as fn() -> Histogram),
            waiting: Family::default(),
        };
        registry.register("requests", "Requests answered", requests.clone());
        let help = "Time from a request's header to its answer";
        registry.register_with_unit("request", help, Unit::Seconds, request_seconds.clone());
        registry.register("images", "Images that networks looked at", networks.images.clone());
        registry.register("batches", "Batches computed", networks.batches.clone());
        registry.register("batch_images", "Images of a batch", networks.batch_images.clone());
        let help = "Time that an image waited for its batch";
        registry.register_with_unit("queue", help, Unit::Seconds, networks.queue_seconds.clone());
        let help = "Time that a batch took to compute";
        registry.register_with_unit(
            "compute",
            help,
            Unit::Seconds,
            networks.compute_seconds.clone(),
        );
        let help = "Images that wait or are being decoded";
        registry.register("waiting_images", help, networks.waiting.clone());
        Self { registry: Mutex::new(registry), requests, request_seconds, networks }
    }

    /// The counters of the network of this name.
    pub fn of_network(&self, network: &str) -> NetworkMetrics {
        let labels = NetworkLabels { network: network.to_string() };
        NetworkMetrics {
            images: self.networks.images.get_or_create_owned(&labels),
            batches: self.networks.batches.get_or_create_owned(&labels),
            batch_images: self.networks.batch_images.get_or_create_owned(&labels),
            queue_seconds: self.networks.queue_seconds.get_or_create_owned(&labels),
            compute_seconds: self.networks.compute_seconds.get_or_create_owned(&labels),
            waiting: self.networks.waiting.get_or_create_owned(&labels),
            queued: Arc::default(),
            computed: Arc::default(),
        }
    }

    /// Counts a request.
    pub fn note_request(&self, path: &str, status: u16, seconds: f64) {
        let path = path.to_string();
        self.requests.get_or_create(&RequestLabels { path: path.clone(), status }).inc();
        self.request_seconds.get_or_create(&PathLabels { path }).observe(seconds);
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock();
        encode(&mut text, &registry).expect("a String takes what is written");
        text
    }
}

impl NetworkMetrics {
    /// Counts the time that an image has waited.
    pub fn note_wait(&self, wait: Duration) {
        self.queue_seconds.observe(wait.as_secs_f64());
        self.queued.fetch_add(wait.as_nanos() as u64, Ordering::Relaxed);
    }

    /// Counts a batch.
    pub fn note_batch(&self, images: usize, time: Duration) {
        self.images.inc_by(images as u64);
        self.batches.inc();
        self.batch_images.observe(images as f64);
        self.compute_seconds.observe(time.as_secs_f64());
        self.computed.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}
