//! The page, in a build with a server.

use std::{net::SocketAddr, path::Path};

use zoo_data::shown;

use super::LiveFlags;
use crate::{
    Error,
    cli::{
        Output,
        door::{address, token},
    },
    job::Job,
    serve::{Access, Beside, Door, FoundRun, ServeOptions, Training, url},
};

/// The page of a run that has not begun, if one is wanted: its address is taken.
pub struct Page(Option<Door>);

/// A page that is there, if one was wanted.
pub struct OpenPage(Option<Beside>);

impl Page {
    /// Takes the address for a run in the directory `run`, before anything else is done.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if it cannot be had, or if others could reach it without a token.
    pub fn open(flags: &LiveFlags, run: &Path, output: Output) -> Result<Self, Error> {
        let Some(text) = &flags.serve else {
            return Ok(Self(None));
        };
        let bind: SocketAddr = address(text).map_err(|expected| {
            Error::Usage(format!("--serve {text}: {expected}; the config stands before --serve"))
        })?;
        let note = |text: String| output.note(&text);
        let token = token("--serve", bind, flags.token_file.as_deref(), flags.no_auth, &note)?;
        let access = Access { token, hosts: flags.host.clone(), origins: Vec::new() };
        let runs = run.parent().unwrap_or(run).to_path_buf();
        let options = ServeOptions::beside_training(bind, access, runs);
        Door::open("--serve", options).map(|door| Self(Some(door)))
    }

    /// Shows what `job` will do in the run directory `run`.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if the system does not tell the address.
    pub fn show(self, job: &mut Job, run: &Path, output: Output) -> Result<OpenPage, Error> {
        let Self(Some(door)) = self else {
            return Ok(OpenPage(None));
        };
        let name = run.file_name().map_or_else(|| shown(run), |name| shown(Path::new(name)));
        let (live, samples, classes) = job.watch();
        let training = Training::new(name.clone(), live, samples, classes);
        let beside = door.serve(training, FoundRun { name, path: run.to_path_buf() })?;
        if !output.quiet {
            eprintln!("watch and steer this run at {}", url(beside.address));
        }
        Ok(OpenPage(Some(beside)))
    }
}

impl OpenPage {
    /// Takes leave of whoever watches.
    pub fn end(self) {
        self.0.into_iter().for_each(Beside::end);
    }
}
