//! Downloads: interrupted ones continue, and a file takes its final name only after it has been
//! verified.

mod error;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use ureq::{Agent, Body, http::Response};
use zoo_model::disk::{Lock, flush};
use zoo_training::progress::Show;

pub use error::DownloadError;

/// Longest silence of a server that is borne.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// A file to be fetched.
#[derive(Clone, Debug)]
pub struct Download {
    /// Where it is published.
    pub url: String,
    /// Where it goes.
    pub path: PathBuf,
    /// Its size, if known.
    pub bytes: Option<u64>,
    /// SHA-256 of its content in hexadecimal, or the first digits of it, where they are known.
    pub sha256: Option<String>,
}

/// How a file came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already, and right.
    Before,
    /// It was fetched.
    Now,
}

impl Download {
    /// Ensures that the file is present and correct. A partial download in `path` plus `.part`
    /// continues if the server supports it.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]; each says how to get the file by other means.
    pub fn fetch(&self, show: Show) -> Result<Fetched, DownloadError> {
        if self.path.exists() {
            self.check(&self.path)?;
            return Ok(Fetched::Before);
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(DownloadError::io(folder))?;
        }
        let part = self.part();
        self.receive(&part, show)?;
        if let Err(error) = self.check(&part) {
            fs::remove_file(&part).map_err(DownloadError::io(&part))?;
            return Err(error);
        }
        fs::rename(&part, &self.path).map_err(DownloadError::io(&self.path))?;
        Ok(Fetched::Now)
    }

    /// Where the file grows.
    fn part(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        name.into()
    }

    /// Gets what is missing of the file.
    fn receive(&self, path: &Path, show: Show) -> Result<(), DownloadError> {
        let failed = |error| DownloadError::io(path)(error);
        let mut part =
            OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
        // Without locks, what two processes wrote at once is found out by size and hash.
        if matches!(Lock::take(&part), Lock::Busy) {
            return Err(DownloadError::Busy { path: path.to_owned() });
        }
        let mut have = part.metadata().map_err(failed)?.len();
        if self.bytes.is_some_and(|bytes| have > bytes) {
            (have, _) = (0, part.set_len(0).map_err(failed)?);
        }
        if have > 0 && self.bytes == Some(have) {
            return Ok(());
        }
        let mut response = self.request(have)?;
        if have > 0 && !goes_on_from(&response, have) {
            // The server sends the whole, or knows of no such rest.
            (have, _) = (0, part.set_len(0).map_err(failed)?);
            if response.status() != 200 {
                response = self.request(0)?;
            }
        }
        if !response.status().is_success() {
            return Err(self.unreachable(format!("the server answered {}", response.status())));
        }
        let rest = response.body().content_length();
        let bar = show.bytes_bar(self.name(), self.bytes.or(rest.map(|rest| have + rest)));
        bar.set_position(have);
        let outcome = self.copy(response, &mut part, path, &bar);
        bar.finish_and_clear();
        outcome
    }

    /// Appends the body of a response to the part.
    fn copy(
        &self,
        mut response: Response<Body>,
        part: &mut File,
        path: &Path,
        bar: &ProgressBar,
    ) -> Result<(), DownloadError> {
        part.seek(SeekFrom::End(0)).map_err(DownloadError::io(path))?;
        let mut body = response.body_mut().as_reader();
        let mut piece = vec![0; PIECE];
        loop {
            let count = match body.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken_off(part, error)),
            };
            part.write_all(&piece[..count]).map_err(DownloadError::io(path))?;
            bar.inc(count as u64);
        }
        flush(part).map_err(DownloadError::io(path))?;
        let have = part.metadata().map_err(DownloadError::io(path))?.len();
        match self.bytes {
            Some(bytes) if have < bytes => {
                Err(self.broken_off(part, io::ErrorKind::UnexpectedEof.into()))
            }
            _ => Ok(()),
        }
    }

    /// Asks for the file without its first bytes.
    fn request(&self, have: u64) -> Result<Response<Body>, DownloadError> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .user_agent(concat!("zoo/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        let request = match have {
            0 => agent.get(&self.url),
            _ => agent.get(&self.url).header("Range", format!("bytes={have}-")),
        };
        request.call().map_err(|error| self.unreachable(error.to_string()))
    }

    /// Refuses a file of another size or content.
    fn check(&self, path: &Path) -> Result<(), DownloadError> {
        let wrong = |found: String, expected: String| DownloadError::Wrong {
            path: path.to_owned(),
            found,
            expected,
            url: self.url.clone(),
            place: self.path.clone(),
        };
        let bytes = path.metadata().map_err(DownloadError::io(path))?.len();
        if let Some(expected) = self.bytes.filter(|&expected| expected != bytes) {
            return Err(wrong(format!("{bytes} bytes"), format!("{expected}")));
        }
        if let Some(expected) = &self.sha256 {
            let found = sha256(path).map_err(DownloadError::io(path))?;
            if !found.starts_with(expected.as_str()) {
                return Err(wrong(format!("the SHA-256 {found}"), expected.clone()));
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn unreachable(&self, reason: String) -> DownloadError {
        DownloadError::Unreachable { url: self.url.clone(), reason, place: self.path.clone() }
    }

    fn broken_off(&self, part: &File, reason: io::Error) -> DownloadError {
        DownloadError::BrokenOff {
            url: self.url.clone(),
            have: part.metadata().map_or(0, |part| part.len()),
            bytes: self.bytes,
            reason,
            place: self.path.clone(),
        }
    }
}

/// Whether a response is the rest of the file behind its first bytes.
fn goes_on_from(response: &Response<Body>, have: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    response.status() == 206
        && range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}

/// SHA-256 of a file, in hexadecimal.
fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
