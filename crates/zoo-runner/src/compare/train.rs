//! One run, trained by a `zoo train` of its own: so its peak of memory is its own, and one that
//! crashes takes nothing else along.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use sysinfo::{Pid, ProcessesToUpdate, Signal, System};
use zoo_training::{Stop, run_dir::write_json};

use super::plan::Planned;
use crate::Error;

/// Time between two checks whether the user asked to stop.
const LOOK: Duration = Duration::from_millis(100);
/// Number of its last lines to report if a run failed without saying why.
const LAST_LINES: usize = 5;

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    /// Number of CPU threads; by default all cores.
    pub threads: Option<usize>,
    /// Start over if the run directory already contains a run, instead of resuming it.
    pub force: bool,
    /// Say nothing on the way.
    pub quiet: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With a report.
    Finished,
    /// Because the user wanted so, with a checkpoint.
    Stopped,
    /// For this reason.
    Failed(String),
}

impl Training {
    /// Trains `run`, with its config in the folder `configs`. Each line that it says goes to `say`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the config cannot be written, [`Error::Failed`] if no process can be begun.
    pub fn run(
        self,
        run: &Planned,
        configs: &Path,
        stop: &Stop,
        say: &mut dyn FnMut(&str),
    ) -> Result<Ended, Error> {
        fs::create_dir_all(configs).map_err(Error::io(configs))?;
        let config = configs.join(format!("{}.json", run.name));
        write_json(&config, &run.config)?;
        let child = self.command(run, &config).and_then(|mut command| command.spawn());
        let mut child = child
            .map_err(|error| Error::Failed(format!("cannot start a training process: {error}")))?;
        let (status, lines) = attend(&mut child, stop, say)
            .map_err(|error| Error::Failed(format!("cannot follow a training process: {error}")))?;
        Ok(match (status.code(), stop.is_requested()) {
            (Some(0), _) => Ended::Finished,
            (_, true) | (Some(130), _) => Ended::Stopped,
            _ => Ended::Failed(reason(&lines, status)),
        })
    }

    fn command(self, run: &Planned, config: &Path) -> std::io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("train").arg(config).arg("--run-dir").arg(&run.folder);
        command.arg(if self.force { "--force" } else { "--resume" });
        if let Some(threads) = self.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        if self.quiet {
            command.arg("--quiet");
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C reaches only this process, which passes it on: the other would else hear of it
        // twice, and a second time means to stop at once.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(command)
    }
}

/// Passes on what `child` says until it ends, and the wish to stop to it.
fn attend(
    child: &mut Child,
    stop: &Stop,
    say: &mut dyn FnMut(&str),
) -> std::io::Result<(ExitStatus, Vec<String>)> {
    let (stderr, id, has_ended) = (child.stderr.take(), child.id(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                if stop.is_requested() {
                    return terminate(id);
                }
                thread::sleep(LOOK);
            }
        });
        let mut lines = Vec::new();
        for line in stderr.into_iter().flat_map(|stderr| BufReader::new(stderr).lines()) {
            // A line that is not UTF-8 is skipped; the next one may be readable.
            let Ok(line) = line else { continue };
            say(&line);
            lines.push(line);
        }
        let status = child.wait();
        has_ended.store(true, Ordering::Relaxed);
        Ok((status?, lines))
    })
}

/// Asks a process to end, as Ctrl-C does.
fn terminate(id: u32) {
    let pid = Pid::from_u32(id);
    let mut system = System::new();
    system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
    if let Some(process) = system.process(pid) {
        // A process that has ended meanwhile need not be signalled.
        let _ = process.kill_with(Signal::Term);
    }
}

/// Why a run failed: its error, or the last that it said.
fn reason(lines: &[String], status: ExitStatus) -> String {
    if let Some(error) = lines.iter().rev().find_map(|line| line.strip_prefix("error: ")) {
        return error.to_string();
    }
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    format!("{status}: {}", last.join(" / "))
}
