//! A `zoo train --serve` of its own, and what it is told.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    Zoo,
    server::{agent, value},
};

/// A run under way with its page; ended with its handle.
pub struct Run {
    pub process: Child,
    /// Kept, so that the run can write to it.
    _stderr: BufReader<ChildStderr>,
    pub url: String,
}

impl Run {
    pub fn start(zoo: &Zoo, flags: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args(["train", "tiny.json", "--serve", "127.0.0.1:0"])
            .args(flags)
            .current_dir(zoo.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("watch and steer this run at ") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the run ended without an address");
        }
        let url = line.trim_end().rsplit(' ').next().unwrap().to_string();
        Self { process, _stderr: stderr, url }
    }

    pub fn now(&self) -> Value {
        self.get("/training").1
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let mut response = agent().get(format!("{}{path}", self.url)).call().unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    pub fn tell(&self, command: &Value) -> (u16, Value) {
        self.tell_as(command, ("Accept", "*/*"))
    }

    pub fn tell_as(&self, command: &Value, header: (&str, &str)) -> (u16, Value) {
        let request = agent().post(format!("{}/training", self.url)).header(header.0, header.1);
        let mut response =
            request.content_type("application/json").send(command.to_string()).unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    /// The first sight of which `is` holds.
    pub fn wait(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let sight = self.now()["sight"].clone();
            if is(&sight) {
                return sight;
            }
            assert!(Instant::now() < until, "not {what} after a minute: {sight}");
            sleep(Duration::from_millis(5));
        }
    }

    pub fn code(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
