//! `zoo serve`.

use std::{path::PathBuf, time::Duration};

use axum::http::HeaderValue;
use clap::Args;
use serde_json::json;

use super::{Output, door::Door, flags::Compute, print, print_json};
use crate::{
    Error,
    serve::{Access, Batching, Pages, ServeOptions, Wanted, serve, url},
};

/// Images that wait, per image of a batch.
const BATCHES_WAITING: usize = 4;

/// Serve trained networks over HTTP, with a page to use them.
#[derive(Debug, Args)]
pub struct Serve {
    /// Run directories or model.safetensors files, as in runs/cnn or name=runs/cnn; by default every
    /// finished run in the folder of runs.
    #[arg(value_name = "[NAME=]RUN")]
    runs: Vec<PathBuf>,
    #[command(flatten)]
    door: Door,
    /// A site whose pages may ask, such as https://example.org; repeatable.
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<HeaderValue>,
    /// Largest number of images per batch.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    max_batch: u16,
    /// How long the first image of a batch waits for others. While a batch is computed, the next one fills
    /// in any case.
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = time)]
    batch_wait: Duration,
    /// Largest number of waiting images per network, beyond which requests get 503; four batches unless
    /// given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    queue: Option<u32>,
    /// Longest body of a request.
    #[arg(long, value_name = "SIZE", default_value = "32MB", value_parser = size)]
    max_body: usize,
    /// Largest number of pixels of an image.
    #[arg(long, value_name = "N", default_value_t = 50_000_000, value_parser = clap::value_parser!(u64).range(1..=1 << 27))]
    max_pixels: u64,
    /// Largest number of connections; others wait.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_connections: u32,
    /// How long a request may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    timeout: Duration,
    /// How long requests under way may take once the server is asked to end.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    grace: Duration,
    /// Folder whose runs the page lists.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs_folder: PathBuf,
    #[command(flatten)]
    compute: Compute,
}

impl Serve {
    pub fn run(self, output: Output) -> Result<(), Error> {
        let note = |text: String| output.note(&text);
        let options = self.options(&note)?;
        let wanted = |path: &PathBuf| match path.to_str() {
            Some(text) => Wanted::parse(text),
            None => Wanted { name: None, path: path.clone() },
        };
        let wanted: Vec<Wanted> = self.runs.iter().map(wanted).collect();
        let device = self.compute.choose()?.open()?;
        serve(&wanted, options, &device, Pages::NETWORKS, &note, |address, networks| {
            if !output.quiet {
                let what = match networks.is_empty() {
                    true => String::from("no network yet, and the runs under way"),
                    false => networks.join(", "),
                };
                eprintln!("serving {what}; end with Ctrl-C");
            }
            match output.json {
                true => print_json(&json!({"url": url(address), "models": networks})),
                false => print(&url(address)),
            }
        })
    }

    fn options(&self, note: &dyn Fn(String)) -> Result<ServeOptions, Error> {
        let max_batch = usize::from(self.max_batch);
        let queue = self.queue.map_or(BATCHES_WAITING * max_batch, |queue| queue as usize);
        Ok(ServeOptions {
            bind: self.door.bind,
            access: Access { origins: self.allow_origin.clone(), ..self.door.access(note)? },
            precision: self.compute.precision.given,
            holds_in_precision: true,
            batching: Batching { max_batch, wait: self.batch_wait, queue },
            max_body: self.max_body,
            max_pixels: self.max_pixels,
            max_connections: self.max_connections as usize,
            timeout: self.timeout,
            grace: self.grace,
            runs: self.runs_folder.clone(),
        })
    }
}

/// A time as typed, such as `5ms`.
fn time(text: &str) -> Result<Duration, String> {
    let expected = || String::from("expected a time with its unit, such as 5ms, 30s or 2min");
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at(digits.ok_or_else(expected)?);
    let scale = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        _ => return Err(expected()),
    };
    let seconds = number.parse::<f64>().ok().map(|number| scale * number);
    // Longer than a day is forever.
    let seconds = seconds.filter(|seconds| (0.0..=86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(expected)
}

/// A number of bytes as typed, such as `32MB`.
fn size(text: &str) -> Result<usize, String> {
    let expected = || String::from("expected a size from 1kB to 4GB, such as 500kB or 32MB");
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(expected()),
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(scale));
    bytes.filter(|bytes| (1000..=4_000_000_000).contains(bytes)).ok_or_else(expected)
}

/// An origin as browsers write it.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let expected =
        || String::from("expected an origin without a path, such as https://example.org");
    let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
        ["http", "https"].contains(&scheme) && !host.is_empty() && !host.contains('/')
    });
    match is_origin {
        true => text.to_ascii_lowercase().parse().map_err(|_| expected()),
        false => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(time("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(time("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(time("2min"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "s", "-1s", "1h", "1e3s", "100000min"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert_eq!((size("32MB"), size("500kB")), (Ok(32_000_000), Ok(500_000)));
        assert_eq!(size("4096"), Ok(4096));
        for wrong in ["", "MB", "10", "5GB", "1.5MB", "1 MB", "99999999999999999999MB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(origin("https://example.org").is_ok() && origin("http://localhost:3000").is_ok());
        for wrong in ["*", "example.org", "https://example.org/", "ftp://example.org", "https://"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
