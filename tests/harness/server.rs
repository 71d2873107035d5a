//! A `zoo serve` of its own, and requests to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use ureq::Agent;

use super::{Zoo, tiny};

/// A server that ends with its handle.
pub struct Server {
    pub process: Child,
    /// Kept, so that the server can write to it.
    _stdout: BufReader<ChildStdout>,
    pub url: String,
}

impl Server {
    pub fn start(zoo: &Zoo, flags: &[&str]) -> Self {
        Self::of(zoo, "serve", flags)
    }

    /// One of another verb.
    pub fn of(zoo: &Zoo, verb: &str, flags: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args([verb, "--bind", "127.0.0.1:0", "-q"])
            .args(flags)
            .current_dir(zoo.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        stdout.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        Self { process, _stdout: stdout, url: url.trim_end().trim_end_matches('/').to_string() }
    }

    pub fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let mut response = agent().get(format!("{}{path}", self.url)).call().unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
        let request = agent().post(format!("{}{path}", self.url)).content_type(kind);
        let mut response = request.send(body).unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    /// The status and the whole of what comes back for some bytes.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        // The server may close the connection before all is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn signal(&self, signal: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A body as JSON, or as the text that it is.
pub fn value(body: &[u8]) -> Value {
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

pub fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().into()
}

pub fn train(zoo: &Zoo, name: &str, model: Value) {
    zoo.write_config(&tiny(model));
    zoo.ok(&["train", "tiny.json", "--run-dir", &format!("runs/{name}"), "-q"]);
}

/// A form of files.
pub fn form(files: &[(&str, &[u8])]) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    for (name, file) in files {
        let head = format!(
            "--border\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), file, b"\r\n"].concat());
    }
    body.extend(b"--border--\r\n");
    ("multipart/form-data; boundary=border", body)
}

/// What the server says once it has looked at the images of a run.
pub fn when_looked(server: &Server, path: &str) -> (u16, Value) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = server.get(path);
        if answer.0 != 202 {
            return answer;
        }
        assert!(Instant::now() < until, "the images are still being looked at");
        thread::sleep(Duration::from_millis(50));
    }
}
