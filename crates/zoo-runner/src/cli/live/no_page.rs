//! The page, in a build without a server.

use std::path::Path;

use super::LiveFlags;
use crate::{Error, cli::Output, job::Job};

/// No page.
pub struct Page;

impl Page {
    /// No page, unless one is wanted.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if one is wanted.
    pub fn open(flags: &LiveFlags, _: &Path, _: Output) -> Result<Self, Error> {
        match flags.serve {
            Some(_) => Err(Error::Usage(String::from(
                "--serve: this build of zoo has no server; build it with --features serve",
            ))),
            None => Ok(Self),
        }
    }

    /// No page.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn show(self, _: &mut Job, _: &Path, _: Output) -> Result<Self, Error> {
        Ok(self)
    }

    /// Nothing to do.
    pub fn end(self) {}
}
