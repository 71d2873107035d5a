//! The devices of another machine, which `zoo backend serve` lends there.

use std::{
    env,
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use burn::{
    remote::{ConnectError, RemoteHost},
    tensor::Device,
};

/// The environment variable with the server's address.
pub const ADDRESS: &str = "ZOO_REMOTE";
/// The one with the token that it wants.
pub const TOKEN: &str = "ZOO_REMOTE_TOKEN";
/// How long a server may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// The devices that the server lends.
pub(super) fn devices() -> Result<Vec<Device>, String> {
    let address = env::var(ADDRESS).map_err(|_| {
        format!(
            "the environment variable {ADDRESS} must hold the server's address, as in ws://gpu:3000; \
             `zoo backend serve` starts one"
        )
    })?;
    let place = place(&address).ok_or_else(|| {
        format!(
            "{ADDRESS}: expected the address of a server, as in ws://gpu:3000, found `{address}`"
        )
    })?;
    reach(place)?;
    let token = env::var(TOKEN).unwrap_or_default();
    let host = RemoteHost::websocket(&format!("ws://{place}")).with_credential(&token);
    let devices = host.devices().map_err(|error| refused(place, &token, &error))?;
    Ok(devices.into_vec())
}

/// Host and port of an address.
fn place(address: &str) -> Option<&str> {
    let place = address.trim().trim_start_matches("ws://").trim_end_matches('/');
    let (host, port) = place.rsplit_once(':')?;
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#']);
    // An address of IPv6 has brackets, else its end would be taken for a port.
    let is_one = !host.contains(':') || (host.starts_with('[') && host.ends_with(']'));
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_host && is_one && is_port).then_some(place)
}

/// Refuses a place where nobody listens; Burn would try for a quarter of a minute.
fn reach(place: &str) -> Result<(), String> {
    let addresses = place.to_socket_addrs().map_err(|error| format!("{place}: {error}"))?;
    let mut problem = String::from("it has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => return Ok(()),
            Err(error) => problem = error.to_string(),
        }
    }
    Err(format!("no server answers at {place} ({problem}); `zoo backend serve` starts one"))
}

fn refused(place: &str, token: &str, error: &ConnectError) -> String {
    match error {
        ConnectError::Unauthorized if token.is_empty() => {
            format!("the server at {place} wants its token in the environment variable {TOKEN}")
        }
        ConnectError::Unauthorized => {
            format!("the server at {place} has another token than the one in {TOKEN}")
        }
        ConnectError::IncompatibleProtocol { .. } => {
            format!(
                "the server at {place} is of another release: {error}; start the same zoo there"
            )
        }
        ConnectError::Unreachable { .. } | ConnectError::Handshake { .. } => {
            format!("what listens at {place} is no `zoo backend serve`: {error}")
        }
        _ => format!("{place}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (address, expected) in [
            ("ws://gpu:3000", "gpu:3000"),
            ("10.0.0.7:3000/", "10.0.0.7:3000"),
            (" ws://[::1]:3000 ", "[::1]:3000"),
        ] {
            assert_eq!(place(address), Some(expected));
        }
        for wrong in [
            "",
            "gpu",
            "ws://gpu",
            "gpu:",
            ":3000",
            "gpu:0",
            "gpu:70000",
            "http://gpu:3000",
            "wss://gpu:3000",
            "::1:3000",
            "me@gpu:3000",
            "ws://gpu:3000/run",
        ] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
