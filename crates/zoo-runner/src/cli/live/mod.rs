//! `zoo train --serve`: a run that is watched and steered in a browser.

#[cfg(not(feature = "serve"))]
#[path = "no_page.rs"]
mod page;
#[cfg(feature = "serve")]
mod page;

use std::path::PathBuf;

use clap::Args;

pub use page::Page;

/// Where a run is watched, and by whom.
#[derive(Debug, Args)]
pub struct LiveFlags {
    /// Watch and steer the run in a browser while it trains, at 127.0.0.1:8080 or the given address; port 0
    /// takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:8080")]
    serve: Option<String>,
    /// File with the token that requests must bring. An address that others can reach wants it, or --no-auth.
    #[arg(long, value_name = "FILE", requires = "serve", conflicts_with = "no_auth")]
    token_file: Option<PathBuf>,
    /// Let everybody in who can reach the address.
    #[arg(long, requires = "serve")]
    no_auth: bool,
    /// A name under which the page is reached, besides localhost and addresses; repeatable.
    #[arg(long, value_name = "NAME", requires = "serve")]
    host: Vec<String>,
}

impl LiveFlags {
    /// Whether the run is to be watched.
    pub fn is_wanted(&self) -> bool {
        self.serve.is_some()
    }
}
