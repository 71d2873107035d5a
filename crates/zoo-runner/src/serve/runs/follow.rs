//! `GET /runs/{run}/events`: the lines of `metrics.jsonl` as they are written, as server-sent events.

use std::{
    convert::Infallible,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{StreamExt, stream};
use tokio::{sync::watch, time::sleep};
use zoo_training::run_dir::metrics_path;

use super::{find::state, list::on_disk};
use crate::serve::{Shared, asked::At, refused::Refused};

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// The most bytes that are read at a time.
const CHUNK: u64 = 1 << 20;

/// The run's metrics, those so far and then each as it is written: events `line`, whose data is a line of
/// `metrics.jsonl`; `restart` if the run goes on from an earlier point, all lines from the first then
/// following; `state` with `training`, `finished` or `stopped`. The stream ends when the run is finished.
#[utoipa::path(
    get, path = "/runs/{run}/events", tag = "runs",
    params(("run" = String, Path, description = "Name of the run")),
    responses((status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"))
)]
pub async fn events(State(app): State<Shared>, At(run): At<String>) -> Result<Response, Refused> {
    let stopping = app.stopping.clone();
    let run = on_disk(move || app.runs.get(&run)).await??;
    let follower = Follower { run: run.path, offset: 0, said: None, rest: Vec::new() };
    let batches = stream::unfold(Some((follower, stopping)), |state| async {
        let (follower, mut stopping) = state?;
        let (follower, events, is_over) = follower.look(&mut stopping).await?;
        Some((events, (!is_over).then_some((follower, stopping))))
    });
    let events =
        batches.flat_map(|events| stream::iter(events.into_iter().map(Ok::<_, Infallible>)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Reads a file that grows.
struct Follower {
    run: PathBuf,
    /// Bytes that have been read.
    offset: u64,
    /// The state that was told last.
    said: Option<&'static str>,
    /// The beginning of a line whose end is yet to be written.
    rest: Vec<u8>,
}

impl Follower {
    /// What is new, as soon as there is something, and whether that is all.
    async fn look(
        mut self,
        stopping: &mut watch::Receiver<bool>,
    ) -> Option<(Self, Vec<Event>, bool)> {
        loop {
            // Whoever looks sees the end of a run that ends together with its server.
            let is_last = *stopping.borrow() || stopping.has_changed().is_err();
            let (follower, events) = on_disk(move || {
                let events = self.events();
                (self, events)
            })
            .await
            .ok()?;
            self = follower;
            let is_over = is_last || self.said == Some("finished") && events.is_empty();
            if is_over || !events.is_empty() {
                return Some((self, events, is_over));
            }
            tokio::select! {
                () = sleep(INTERVAL) => {}
                _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
            }
        }
    }

    fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        // Before the lines: of a finished run, none follows them.
        let state = state(&self.run);
        let text = self.read_more(&mut events);
        let lines = text.iter().filter(|line| !line.is_empty());
        events.extend(lines.map(|line| Event::default().event("line").data(line)));
        if self.said != Some(state) {
            self.said = Some(state);
            events.push(Event::default().event("state").data(state));
        }
        events
    }

    /// The whole lines that are new.
    fn read_more(&mut self, events: &mut Vec<Event>) -> Vec<String> {
        let Ok(mut file) = File::open(metrics_path(&self.run)) else {
            return Vec::new();
        };
        let length = file.metadata().map_or(0, |file| file.len());
        if length < self.offset {
            (self.offset, self.rest) = (0, Vec::new());
            events.push(Event::default().event("restart").data(""));
        }
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(self.offset))
            .and_then(|_| file.take(CHUNK).read_to_end(&mut bytes));
        self.offset += read.unwrap_or(0) as u64;
        self.rest.append(&mut bytes);
        let whole = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        String::from_utf8_lossy(&lines).lines().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_come_whole_and_once_and_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = metrics_path(folder.path());
        let mut follower =
            Follower { run: folder.path().to_path_buf(), offset: 0, said: None, rest: Vec::new() };
        let mut restarts = Vec::new();
        let mut more = |follower: &mut Follower| follower.read_more(&mut restarts);
        assert!(more(&mut follower).is_empty());
        fs::write(&metrics, "{\"a\":1}\n{\"b\"").unwrap();
        assert_eq!(more(&mut follower), ["{\"a\":1}"]);
        fs::write(&metrics, "{\"a\":1}\n{\"b\":2}\n").unwrap();
        assert_eq!(more(&mut follower), ["{\"b\":2}"]);
        assert!(more(&mut follower).is_empty());
        fs::write(&metrics, "{\"c\":3}\n").unwrap();
        assert_eq!(more(&mut follower), ["{\"c\":3}"]);
        assert_eq!(restarts.len(), 1);
    }
}
