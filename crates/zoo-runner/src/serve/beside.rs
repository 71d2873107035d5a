//! A server beside a training: it takes its address before the first step, and ends with the run.

use std::{net::SocketAddr, sync::Arc, thread::sleep, time::Duration};

use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};

use super::{
    App, Intake, Metrics, Networks, Pages, Runs, ServeOptions, Shared, api,
    runs::FoundRun,
    server::{listen, run},
    training::Training,
};
use crate::Error;

/// A page that has asked within this time is still open.
const WATCHED: Duration = Duration::from_secs(5);
/// How long an open page has to see the end of the run.
const FAREWELL: Duration = Duration::from_millis(1500);

/// An address at which nothing is served yet.
pub struct Door {
    runtime: Runtime,
    listener: TcpListener,
    options: ServeOptions,
}

/// A server at work, on threads of its own.
pub struct Beside {
    runtime: Runtime,
    app: Shared,
    stop: watch::Sender<bool>,
    serving: JoinHandle<usize>,
    /// Where it is reached.
    pub address: SocketAddr,
}

impl Door {
    /// Takes the address; `flag` is the one that named it.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if it cannot be had.
    pub fn open(flag: &str, options: ServeOptions) -> Result<Self, Error> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Error::Failed(format!("cannot serve: {error}")))?;
        let listener = runtime.block_on(listen(flag, options.bind))?;
        Ok(Self { runtime, listener, options })
    }

    /// Serves `training`, whose run directory is `run`, with the other runs beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system does not tell the address.
    pub fn serve(self, training: Training, run_dir: FoundRun) -> Result<Beside, Error> {
        let Self { runtime, listener, options } = self;
        let address = listener.local_addr();
        let address = address.map_err(|error| Error::Failed(format!("cannot serve: {error}")))?;
        let (stop, stopping) = watch::channel(false);
        let app = Arc::new(App {
            networks: Networks::default(),
            runs: Runs::new(options.runs.clone(), vec![run_dir]),
            training: Some(training),
            intake: Intake::new(options.max_body, options.max_pixels),
            metrics: Metrics::new(),
            options,
            stopping,
        });
        let (router, connections) =
            (api::router(app.clone(), Pages::NETWORKS), app.options.max_connections);
        let (stopping, grace) = (stop.subscribe(), app.options.grace);
        let serving = runtime.spawn(run(listener, router, connections, stopping, grace));
        Ok(Beside { runtime, app, stop, serving, address })
    }
}

impl Beside {
    /// Ends the server, after whoever looks has had time to see the end of the run.
    pub fn end(self) {
        if self.app.training.as_ref().is_some_and(|training| training.is_watched(WATCHED)) {
            sleep(FAREWELL);
        }
        let _ = self.stop.send(true);
        // What is still open then breaks off with the process.
        let _ = self.runtime.block_on(self.serving);
        self.runtime.shutdown_background();
    }
}
