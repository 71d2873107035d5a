//! Where a server listens, and whom it lets in.

use std::{
    fs,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use clap::Args;
use zoo_data::shown;

use crate::{Error, serve::Access};

/// A token that is shorter can be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Where a server listens, and whom it lets in.
#[derive(Debug, Args)]
pub struct Door {
    /// Address to listen on; another than this machine's own wants --token-file or --no-auth. Port 0
    /// takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub bind: SocketAddr,
    /// File with the token that requests must bring, as in `Authorization: Bearer TOKEN`.
    #[arg(long, value_name = "FILE", conflicts_with = "no_auth")]
    token_file: Option<PathBuf>,
    /// Let everybody in who can reach the address.
    #[arg(long)]
    no_auth: bool,
    /// A name under which the server is reached, besides localhost and addresses; repeatable.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
}

impl Door {
    /// Who may ask; no page of another site.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if others could reach the address and nothing says that they may, or if the token
    /// is none; [`Error::Io`] if it cannot be read.
    pub fn access(&self, note: &dyn Fn(String)) -> Result<Access, Error> {
        let token = token("--bind", self.bind, self.token_file.as_deref(), self.no_auth, note)?;
        Ok(Access { token, hosts: self.host.clone(), origins: Vec::new() })
    }
}

/// What requests must bring to an address, which `flag` has named.
///
/// # Errors
///
/// Those of [`Door::access`].
pub fn token(
    flag: &str,
    bind: SocketAddr,
    file: Option<&Path>,
    no_auth: bool,
    note: &dyn Fn(String),
) -> Result<Option<String>, Error> {
    if !bind.ip().is_loopback() && file.is_none() && !no_auth {
        return Err(Error::Usage(format!(
            "{flag} {bind}: others can reach this address; let in those who know a token, with --token-file \
             FILE, or everybody, with --no-auth"
        )));
    }
    file.map(|path| read_token(path, note)).transpose()
}

/// The token in a file, without the blanks around it.
///
/// # Errors
///
/// [`Error::Usage`] if it can be guessed, [`Error::Io`] if it cannot be read.
pub fn read_token(path: &Path, note: &dyn Fn(String)) -> Result<String, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Usage(format!(
            "--token-file {}: expected at least {SHORTEST_TOKEN} letters, digits or signs and no blanks, as \
             `openssl rand -hex 32` makes them",
            shown(path)
        )));
    }
    if is_readable_by_others(path) {
        note(format!("{}: others can read the token; chmod 600 keeps them out", shown(path)));
    }
    Ok(token.to_string())
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}

/// An address as typed, also by the name of this machine.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = || String::from("expected an address and a port, such as 127.0.0.1:8080");
    text.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(expected)
}
