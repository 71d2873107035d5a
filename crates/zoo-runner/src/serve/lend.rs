//! Devices of this machine, lent to other zoos by Burn's own server.

use std::net::SocketAddr;

use burn::{
    server::{
        AuthorizationRequest, PeerAuthorizer, RemoteServer, ServeError, TokenAuthorizer,
        WebSocketTransport,
    },
    tensor::Device,
};

use super::server::{listen, signal};
use crate::Error;

/// Lends `devices` to whoever brings `token`, until SIGINT or SIGTERM. Who comes is said to `note`;
/// `ready` is told the address.
///
/// # Errors
///
/// [`Error::Usage`] if the address cannot be had or such devices cannot be lent, [`Error::Failed`] if the
/// server breaks down.
pub fn lend(
    devices: Vec<Device>,
    bind: SocketAddr,
    token: &str,
    note: impl Fn(String) + Send + Sync + 'static,
    ready: impl FnOnce(SocketAddr) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Failed(format!("cannot serve: {error}"));
    let guard = TokenAuthorizer::new(token).map_err(|error| Error::Usage(error.to_string()))?;
    let server =
        RemoteServer::new(devices).with_authorizer(move |request: AuthorizationRequest<'_>| {
            let (client, device) = (request.client, request.device_index);
            let answer = guard.authorize(request);
            match &answer {
                Ok(()) => note(format!("{client} computes on device {device}")),
                Err(reason) => note(format!("refused: {reason}")),
            }
            answer
        });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let served = runtime.block_on(async {
        let listener = listen("--bind", bind).await?;
        let address = listener.local_addr().map_err(failed)?;
        let listener = listener.into_std().map_err(failed)?;
        let mut serving =
            std::pin::pin!(server.serve_async(WebSocketTransport::from_listener(listener)));
        ready(address)?;
        tokio::select! {
            served = &mut serving => served.map_err(refused),
            () = signal() => Ok(()),
        }
    });
    runtime.shutdown_background();
    served
}

fn refused(error: ServeError) -> Error {
    match error {
        ServeError::UnsupportedDevice { .. } | ServeError::MixedBackends => {
            Error::Usage(format!("--backend: {error}"))
        }
        _ => Error::Failed(error.to_string()),
    }
}
