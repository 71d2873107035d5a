//! Connections: taken while there is room, read and written in time, and brought to an end.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

use axum::Router;
use burn::tensor::Device;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use zoo_training::run_dir::holds_run;

use super::{
    App, Intake, Metrics, Networks, Pages, Runs, ServeOptions, Wanted, api, linger::Lingering,
    runs::FoundRun,
};
use crate::{Error, machine::memory};

/// How long a client may take to send a header, and how long it may send nothing before one.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a client may take nothing of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// The bytes of a header beyond which no more are read for it; one that is not at its end then is refused.
const HEADER_BYTES: usize = 64 << 10;
/// How long to wait after the system has refused a connection, as it does without free files.
const BREATH: Duration = Duration::from_millis(100);

/// Opens networks, listens, and serves them and `pages` until SIGINT or SIGTERM. What is said to people goes to `note`;
/// `ready` is told the address and the names of the networks.
///
/// # Errors
///
/// [`Error::Usage`] if the address cannot be had; those of [`Networks::open`]; [`Error::Failed`] if
/// requests had to be cut short at the end.
pub fn serve(
    wanted: &[Wanted],
    options: ServeOptions,
    device: &Device,
    pages: Pages,
    note: &dyn Fn(String),
    ready: impl FnOnce(SocketAddr, Vec<&str>) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Failed(format!("cannot serve: {error}"));
    // Networks need the cores more: with as many threads here, requests would wake threads all the time.
    let threads = available_parallelism().map_or(1, usize::from).div_ceil(2);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(threads).enable_all().build().map_err(failed)?;
    let listener = runtime.block_on(listen("--bind", options.bind))?;
    let address = listener.local_addr().map_err(failed)?;
    let metrics = Metrics::new();
    let networks = {
        let _within = runtime.enter();
        memory::keep_freed(false);
        let networks = Networks::open(wanted, device, &options, &metrics, note)?;
        memory::keep_freed(true);
        networks
    };
    let (stop, stopping) = watch::channel(false);
    let app = Arc::new(App {
        runs: Runs::new(options.runs.clone(), runs_of(&networks)),
        intake: Intake::new(options.max_body, options.max_pixels),
        networks,
        metrics,
        training: None,
        options,
        stopping,
    });
    let (connections, grace) = (app.options.max_connections, app.options.grace);
    let served = app.networks.all();
    ready(address, served.iter().map(|network| network.name.as_str()).collect())?;
    let router = api::router(app, pages);
    let left = runtime.block_on(async {
        tokio::spawn(ask_to_stop(stop.clone()));
        run(listener, router, connections, stop.subscribe(), grace).await
    });
    runtime.shutdown_background();
    match left {
        0 => Ok(()),
        left => Err(Error::Failed(format!(
            "{left} connections were cut, since they took longer than the {} s of --grace",
            grace.as_secs_f64()
        ))),
    }
}

/// The runs that are served from elsewhere than the folder of runs.
fn runs_of(networks: &Networks) -> Vec<FoundRun> {
    let runs = networks.all().into_iter().filter(|network| holds_run(&network.origin));
    runs.map(|network| FoundRun { name: network.name.clone(), path: network.origin.clone() })
        .collect()
}

/// Takes an address, which `flag` has named.
pub async fn listen(flag: &str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                let any = SocketAddr::new(address.ip(), 0);
                format!(
                    "another program listens there; choose another port, or {flag} {any} for any"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("{error}; ports below 1024 want rights, such as port 8080 does not")
            }
            _ => error.to_string(),
        };
        Error::Usage(format!("{flag} {address}: {advice}"))
    })
}

/// Asks the server to end on the first signal; ends the process on the second.
async fn ask_to_stop(stop: watch::Sender<bool>) {
    signal().await;
    eprintln!("stopping when all requests are answered; press again to stop immediately");
    let _ = stop.send(true);
    signal().await;
    std::process::exit(130);
}

/// Waits for SIGINT or SIGTERM.
#[cfg(unix)]
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        },
        // Without handlers, signals end the process themselves.
        _ => std::future::pending().await,
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Serves until `stopping`; returns the number of connections that had to be cut.
pub async fn run(
    listener: TcpListener,
    router: Router,
    connections: usize,
    mut stopping: watch::Receiver<bool>,
    grace: Duration,
) -> usize {
    let (graceful, open) = (GracefulShutdown::new(), Arc::new(AtomicUsize::new(0)));
    let room = Arc::new(Semaphore::new(connections));
    loop {
        let accept = async {
            let permit = room.clone().acquire_owned().await.ok()?;
            listener.accept().await.ok().map(|(stream, _)| (stream, permit))
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
        };
        match accepted {
            Some((stream, permit)) => hold(stream, permit, &router, &graceful, open.clone()),
            None => sleep(BREATH).await,
        }
    }
    drop(listener);
    match timeout(grace, graceful.shutdown()).await {
        Ok(()) => 0,
        Err(_) => open.load(Ordering::Relaxed),
    }
}

/// Serves a connection on a task of its own.
fn hold(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    router: &Router,
    graceful: &GracefulShutdown,
    open: Arc<AtomicUsize>,
) {
    // Answers are small: they go out at once.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIME));
    let service = TowerToHyperService::new(router.clone());
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        // Answers are small: one piece costs less than two.
        .writev(false)
        .serve_connection(TokioIo::new(Lingering::new(Box::pin(stream))), service);
    let connection = graceful.watch(connection);
    open.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(async move {
        // How a client breaks off is no concern of the server's.
        let _ = connection.await;
        open.fetch_sub(1, Ordering::Relaxed);
        drop(permit);
    });
}

/// How a server is reached in a browser on this machine.
pub fn url(address: SocketAddr) -> String {
    let unspecified = address.ip().is_unspecified();
    match unspecified {
        true => format!("http://localhost:{}", address.port()),
        false => format!("http://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_as_a_browser_wants_it() {
        assert_eq!(url("127.0.0.1:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(url("0.0.0.0:8080".parse().unwrap()), "http://localhost:8080");
        assert_eq!(url("[::1]:8080".parse().unwrap()), "http://[::1]:8080");
    }
}
