//! `zoo serve` as its clients see it.
#![cfg(feature = "serve")]

mod harness;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use harness::{Zoo, small_cnn, tiny, tiny_models};
use serde_json::{Value, json};
use ureq::Agent;
use zoo_data::Image;

/// A server that ends with its handle.
struct Server {
    process: Child,
    /// Kept, so that the server can write to it.
    _stdout: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(zoo: &Zoo, flags: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_zoo"))
            .args(["serve", "--bind", "127.0.0.1:0", "-q"])
            .args(flags)
            .current_dir(zoo.path(""))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        stdout.read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url:?}");
        Self { process, _stdout: stdout, url: url.trim_end().to_string() }
    }

    fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let mut response = agent().get(format!("{}{path}", self.url)).call().unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
        let request = agent().post(format!("{}{path}", self.url)).content_type(kind);
        let mut response = request.send(body).unwrap();
        (response.status().as_u16(), value(&response.body_mut().read_to_vec().unwrap()))
    }

    /// The status and the whole of what comes back for some bytes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn signal(&self, signal: &str) {
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
fn value(body: &[u8]) -> Value {
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

fn agent() -> Agent {
    Agent::config_builder().http_status_as_error(false).build().into()
}

fn train(zoo: &Zoo, name: &str, model: Value) {
    zoo.write_config(&tiny(model));
    zoo.ok(&["train", "tiny.json", "--run-dir", &format!("runs/{name}"), "-q"]);
}

/// A form of files.
fn form(files: &[(&str, &[u8])]) -> (&'static str, Vec<u8>) {
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

#[test]
fn every_answer_has_the_bits_of_zoo_predict_whatever_the_batch() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["a", "b"], 12);
    let networks = tiny_models();
    for (name, model) in &networks {
        train(&zoo, name, model.clone());
    }
    let server = Server::start(&zoo, &["--batch-wait", "20ms", "--max-batch", "7"]);
    for (name, _) in &networks {
        let run = format!("runs/{name}");
        let flags = ["--json", "--logits", "--top-k", "10", "--unsure-below", "0.5", "-q"];
        let told = zoo.ok(&[&["predict", &run, "photos"], &flags[..]].concat());
        let told: Vec<Value> = serde_json::from_str(&told).unwrap();
        assert_eq!(told.len(), 24);
        let path = format!("/predict/{name}?top_k=10&unsure_below=0.5&logits=true");
        thread::scope(|scope| {
            for expected in &told {
                let (server, path, zoo) = (&server, &path, &zoo);
                scope.spawn(move || {
                    let image = expected["image"].as_str().unwrap();
                    let file = fs::read(zoo.path(image)).unwrap();
                    let (status, answer) = server.post(path, "image/png", &file);
                    let mut expected = expected.clone();
                    expected.as_object_mut().unwrap().remove("image");
                    assert_eq!((status, &answer["images"][0]), (200, &expected), "{name}: {image}");
                });
            }
        });
        let files = told.iter().map(|image| {
            let image = image["image"].as_str().unwrap();
            (image, fs::read(zoo.path(image)).unwrap())
        });
        let files: Vec<(&str, Vec<u8>)> = files.collect();
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, file)| (*name, &**file)).collect();
        let (kind, body) = form(&files);
        let (status, answer) = server.post(&path, kind, &body);
        assert_eq!((status, answer["images"].as_array()), (200, Some(&told)), "{name}");
    }
    let (_, metrics) = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains("zoo_images_total{network=\"cnn\"} 48\n"), "{metrics}");
    let count = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(count("zoo_batch_images_sum{network=\"cnn\"}"), 48.0);
    assert!(count("zoo_batch_images_count{network=\"cnn\"}") < 40.0, "{metrics}");
}

#[test]
fn what_cannot_be_answered_is_refused_in_words() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let flags = ["--max-body", "100kB", "--max-pixels", "200000"];
    let server = Server::start(&zoo, &flags);
    let photo = Image::filled(20, 20, &[9, 99, 199]).to_png();
    let wide = Image::filled(500, 401, &[9, 99, 199]).to_png();
    let images = |body: &[u8]| server.post("/predict/cnn", "image/png", body);
    let refused =
        |(status, answer): (u16, Value)| (status, answer["error"].as_str().unwrap().to_string());
    let cases = [
        (
            server.post("/predict/cn", "image/png", &photo),
            404,
            "unknown network `cn`, did you mean `cnn`? Known: cnn.",
        ),
        (images(b""), 400, "the body is empty: expected an image, or a form with images"),
        (images(b"text"), 422, "its content is not JPEG, PNG, WebP, BMP, GIF or TIFF"),
        (images(&photo[..60]), 422, "it is truncated: the end of the picture is missing"),
        (
            images(&[0; 100_001]),
            413,
            "the body has more than 100000 bytes, the most that --max-body allows",
        ),
        (
            images(&wide),
            413,
            "it claims 500x401 pixels, more than 16384 per side or 200000 in total; see --max-pixels",
        ),
        (
            server.post("/predict/cnn?topk=1", "image/png", &photo),
            400,
            "the query: topk: unknown field `topk`, expected one of `top_k`, `unsure_below`, `logits`",
        ),
        (
            server.post("/predict/cnn?top_k=0", "image/png", &photo),
            400,
            "`top_k`: expected at least 1, found 0",
        ),
        (
            server.post("/predict/cnn?unsure_below=2", "image/png", &photo),
            400,
            "`unsure_below`: expected 0 to 1, found 2",
        ),
        (
            server.post("/predict/cnn", "multipart/form-data; boundary=border", b"--border--\r\n"),
            400,
            "the form has no image",
        ),
        (
            server.post("/explain/cnn?method=rollout", "image/png", &photo),
            400,
            "unknown method of `cnn` `rollout`. Known: grad-cam, hires-cam, occlusion.",
        ),
        (
            server.post("/explain/cnn?class=crap", "image/png", &photo),
            400,
            "`class`: crap: the network knows no such class, did you mean `crab`?",
        ),
        (server.get("/nowhere"), 404, "nothing is at /nowhere: /openapi.json says what is"),
        (
            server.get("/predict/cnn"),
            405,
            "/predict/cnn does not take GET: /openapi.json says what it takes",
        ),
        (server.get("/runs/cmn"), 404, "unknown run `cmn`, did you mean `cnn`? Known: cnn."),
        (server.get("/runs/..%2F..%2Fetc"), 404, "unknown run `../../etc`. Known: cnn."),
        (server.get("/runs/cnn/images/900000"), 404, "no image 900000 in the run's split"),
        (server.get("/page/..%2Fmod.rs"), 404, "no such part of the page"),
    ];
    // The images of the run are looked at when they are first asked for.
    for (case, status, message) in cases {
        let case =
            if case.0 == 202 { when_looked(&server, "/runs/cnn/images/900000") } else { case };
        assert_eq!(refused(case), (status, message.to_string()));
    }
    let (kind, body) = form(&[("good.png", &photo), ("bad.png", b"text"), ("large.png", &wide)]);
    let (status, answer) = server.post("/predict/cnn?top_k=1", kind, &body);
    assert_eq!((status, answer["images"][0]["predictions"].as_array().unwrap().len()), (200, 1));
    assert_eq!(
        answer["images"][1],
        json!({"image": "bad.png", "error": "its content is not JPEG, PNG, WebP, BMP, GIF or TIFF"})
    );
    assert!(answer["images"][2]["error"].as_str().unwrap().starts_with("it claims 500x401 pixels"));
    let (kind, body) = form(&[("bad.png", b"text")]);
    assert_eq!(server.post("/predict/cnn", kind, &body).0, 422);
    let compressed = "POST /predict/cnn HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
    assert!(server.raw(compressed.as_bytes()).starts_with("HTTP/1.1 415"));
    let rebound = "GET /v2 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = server.raw(rebound.as_bytes());
    assert!(
        answer.starts_with("HTTP/1.1 421") && answer.contains("--host evil.example"),
        "{answer}"
    );
    let foreign = "GET /v2 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
    assert!(server.raw(foreign.as_bytes()).starts_with("HTTP/1.1 403"));
    let huge = format!("GET /v2 HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    // A client that is still sending may lose the answer with the connection.
    let answer = server.raw(huge.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = server.raw(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"]
    {
        assert!(answer.contains(header), "{answer}");
    }
}

/// What the server says once it has looked at the images of a run.
fn when_looked(server: &Server, path: &str) -> (u16, Value) {
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

#[test]
fn the_inference_protocol_takes_values_and_says_what_is_wrong_with_others() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let server = Server::start(&zoo, &["net=runs/cnn"]);
    let infer = |request: &Value| {
        server.post("/v2/models/net/infer", "application/json", request.to_string().as_bytes())
    };
    let input = |datatype: &str, shape: Value, data: Value| json!({"inputs": [{"name": "images", "datatype": datatype, "shape": shape, "data": data}]});
    assert_eq!(server.get("/v2/health/ready"), (200, json!({"ready": true})));
    let (_, metadata) = server.get("/v2/models/net/versions/1");
    assert_eq!(
        metadata["inputs"],
        json!([{"name": "images", "datatype": "FP32", "shape": [-1, 3, 16, 16]}])
    );
    assert_eq!(
        metadata["outputs"][0],
        json!({"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]})
    );
    let zeros = vec![0; 2 * 3 * 16 * 16];
    let mut request = input("FP32", json!([2, 3, 16, 16]), json!(zeros));
    request["id"] = json!("seven");
    request["outputs"] = json!([{"name": "logits"}]);
    let (status, answer) = infer(&request);
    assert_eq!(
        (status, &answer["id"], &answer["model_name"]),
        (200, &json!("seven"), &json!("net")),
        "{answer}"
    );
    let output = &answer["outputs"][0];
    assert_eq!((&output["name"], &output["shape"]), (&json!("logits"), &json!([2, 10])));
    let logits = output["data"].as_array().unwrap();
    assert_eq!((logits.len(), &logits[..10]), (20, &logits[10..]));
    let cases = [
        (
            input("FP32", json!([1, 3, 16, 15]), json!([0])),
            "`images`: expected shape [images, 3, 16, 16] of FP32, found [1, 3, 16, 15]",
        ),
        (
            input("FP32", json!([1, 3, 16, 16]), json!([0])),
            "`images`: expected 768 elements for its shape, found 1",
        ),
        (
            input("FP16", json!([1, 3, 16, 16]), json!([0])),
            "`images`: datatype FP16 is not taken: expected FP32, UINT8 or BYTES",
        ),
        (
            input("UINT8", json!([1, 1, 1, 3]), json!([0, 0, 256])),
            "`images`: expected whole numbers from 0 to 255, found 256",
        ),
        (
            input("BYTES", json!([1]), json!(["?"])),
            "`images`: element 0 is no base64: Invalid symbol 63, offset 0.",
        ),
        (
            json!({"inputs": [{"name": "image", "datatype": "FP32", "shape": [1], "data": [0]}]}),
            "unknown input `image`: expected `images`",
        ),
        (json!({"inputs": []}), "`inputs`: expected one, `images`, found 0"),
        (
            json!({"inputs": [], "outputs": [{"name": "logit"}]}),
            "unknown output `logit`, did you mean `logits`? Known: probabilities, logits.",
        ),
        (
            json!({"input": []}),
            "the request: unknown field `input`, expected one of `id`, `parameters`, `inputs`, `outputs` at line 1 column 8",
        ),
    ];
    for (request, message) in cases {
        assert_eq!(infer(&request), (400, json!({"error": message})));
    }
    let mut huge = zeros[..768].iter().map(|_| json!(3e38)).collect::<Vec<_>>();
    huge[0] = json!(-3e38);
    let (status, answer) = infer(&input("FP32", json!([1, 3, 16, 16]), json!(huge)));
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("`images`: image 0: the network's scores are not all finite numbers"))
    );
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let refused = |flags: &[&str]| zoo.refused(&[&["serve"], flags].concat());
    assert_eq!(
        refused(&["--bind", "0.0.0.0:0"]),
        "error: --bind 0.0.0.0:0: others can reach this address; let in those who know a token, with \
         --token-file FILE, or everybody, with --no-auth\n"
    );
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(
        refused(&["--bind", &address]),
        format!(
            "error: --bind {address}: another program listens there; choose another port, or --bind 127.0.0.1:0 for any\n"
        )
    );
    assert_eq!(
        refused(&["--runs-folder", "nowhere", "--bind", "127.0.0.1:0"]),
        "error: nowhere: contains no run: train one, or name a run or a file of weights\n"
    );
    assert_eq!(refused(&["runs/cmn", "--bind", "127.0.0.1:0"]), "error: runs/cmn: no such run\n");
    zoo.write("token", "short\n");
    assert!(
        refused(&["--token-file", "token"])
            .starts_with("error: --token-file token: expected at least 16 letters")
    );
    zoo.copy("runs/cnn", "runs/open");
    fs::remove_file(zoo.path("runs/open/report.json")).unwrap();
    assert_eq!(
        refused(&["runs/open", "--bind", "127.0.0.1:0"]),
        "error: runs/open: the run is not finished: resume it, or serve the weights that it has so far, as in \
         open=runs/open/model.safetensors\n"
    );
    zoo.copy("runs/cnn", "runs/nan");
    break_weights(&zoo, "runs/nan/model.safetensors");
    assert_eq!(
        refused(&["runs/nan", "--bind", "127.0.0.1:0"]),
        "error: runs/nan/model.safetensors: cannot be served: the network's scores are not all finite numbers\n"
    );
    let both = refused(&["runs/cnn", "runs/cnn", "--bind", "127.0.0.1:0"]);
    assert!(
        both.ends_with("would both be called `cnn`: name one, as in other=runs/cnn\n"),
        "{both}"
    );
    // Of the folder of runs, what cannot be served is left out.
    let server = Server::start(&zoo, &[]);
    let (_, models) = server.get("/models");
    assert_eq!(
        models.as_array().unwrap().iter().map(|model| &model["name"]).collect::<Vec<_>>(),
        ["cnn"]
    );
    let (_, runs) = server.get("/runs");
    let states = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["name"].as_str().unwrap(), run["state"].as_str().unwrap()));
    assert_eq!(
        states.collect::<Vec<_>>(),
        [("cnn", "finished"), ("nan", "finished"), ("open", "stopped")]
    );
}

/// Makes all weights of a file NaN, and leaves its header.
fn break_weights(zoo: &Zoo, name: &str) {
    let mut bytes = fs::read(zoo.path(name)).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[header..]
        .as_chunks_mut::<4>()
        .0
        .iter_mut()
        .for_each(|value| *value = f32::NAN.to_le_bytes());
    fs::write(zoo.path(name), bytes).unwrap();
}

#[test]
fn a_token_is_wanted_of_all_but_the_page_and_health() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    zoo.write("token", "correct-horse-battery\n");
    let server = Server::start(&zoo, &["--token-file", "token"]);
    for (path, status) in [
        ("/", 200),
        ("/page/app.js", 200),
        ("/v2/health/live", 200),
        ("/v2", 401),
        ("/metrics", 401),
        ("/runs", 401),
    ] {
        assert_eq!(server.get(path).0, status, "{path}");
    }
    let with = |token: &str| {
        let request = agent().get(format!("{}/v2", server.url)).header("Authorization", token);
        request.call().unwrap().status().as_u16()
    };
    assert_eq!(with("Bearer correct-horse-battery"), 200);
    assert_eq!(with("Bearer correct-horse-batterx"), 401);
}

#[test]
fn beyond_the_queue_requests_are_asked_to_come_again() {
    let zoo = Zoo::new();
    train(&zoo, "vit", tiny_models()[2].1.clone());
    let server = Server::start(&zoo, &["--queue", "2", "--max-batch", "1"]);
    let photo = Image::filled(1500, 1500, &[9, 99, 199]).to_png();
    let post = || {
        let response =
            agent().post(format!("{}/predict/vit", server.url)).send(&photo[..]).unwrap();
        let again =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_string());
        (response.status().as_u16(), again)
    };
    let answers: Vec<(u16, Option<String>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(post)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let of = |wanted: u16| answers.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!(of(200) + of(503), 12, "{answers:?}");
    assert!(of(200) > 0 && of(503) > 0, "{answers:?}");
    assert!(
        answers.iter().all(|(status, again)| (*status == 503) == again.is_some()),
        "{answers:?}"
    );
    // A form waits for room beyond its first image.
    let files: Vec<(&str, &[u8])> = (0..9).map(|_| ("a.png", &photo[..])).collect();
    let (kind, body) = form(&files);
    let (status, answer) = server.post("/predict/vit", kind, &body);
    assert_eq!((status, answer["images"].as_array().unwrap().len()), (200, 9));
}

#[test]
#[cfg(unix)]
fn a_signal_ends_the_server_once_what_is_in_is_answered() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&zoo, &[]);
        let photo = Image::filled(20, 20, &[9, 99, 199]).to_png();
        let mut open = TcpStream::connect(server.address()).unwrap();
        let head = format!(
            "POST /predict/cnn HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            photo.len()
        );
        open.write_all(head.as_bytes()).unwrap();
        let mut events = TcpStream::connect(server.address()).unwrap();
        events.write_all(b"GET /runs/cnn/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let idle = TcpStream::connect(server.address()).unwrap();
        thread::sleep(Duration::from_millis(300));
        server.signal(signal);
        thread::sleep(Duration::from_millis(300));
        assert!(TcpStream::connect(server.address()).is_err(), "new connections are refused");
        open.write_all(&photo).unwrap();
        let mut answer = String::new();
        open.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("predictions"), "{answer}");
        let status = server.process.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
        drop(idle);
    }
}

#[test]
fn clients_that_send_nothing_are_cut_off() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let server = Server::start(&zoo, &["--timeout", "2s"]);
    let cut = |bytes: &[u8]| {
        let began = Instant::now();
        let answer = server.raw(bytes);
        (answer.split("\r\n").next().unwrap().to_string(), began.elapsed().as_secs())
    };
    let (answer, seconds) =
        cut(b"POST /predict/cnn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf");
    assert!(
        answer.starts_with("HTTP/1.1 503") && (1..=8).contains(&seconds),
        "{answer}, {seconds} s"
    );
    let (answer, seconds) = cut(b"GET / HTTP/1.1\r\nHost: loc");
    assert!((9..=18).contains(&seconds), "{answer}, {seconds} s");
}

#[test]
fn runs_show_their_curves_and_the_images_behind_their_figures() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let server = Server::start(&zoo, &[]);
    let (_, events) = server.get("/runs/cnn/events");
    let events = events.as_str().unwrap();
    let metrics = zoo.read("runs/cnn/metrics.jsonl");
    let lines: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix("data: {")).collect();
    let expected: Vec<&str> = metrics.lines().map(|line| &line[1..]).collect();
    assert_eq!(lines, expected);
    assert!(events.ends_with("event: state\ndata: finished\n\n"), "{events}");
    let (_, files) = server.get("/runs/cnn");
    assert_eq!(files["report"], zoo.json("runs/cnn/report.json"));
    assert_eq!(files["config"], zoo.json("runs/cnn/config.json"));
    let matrix = files["report"]["confusion_matrix"].as_array().unwrap();
    let mut seen = 0;
    for (label, row) in matrix.iter().enumerate() {
        for (prediction, count) in row.as_array().unwrap().iter().enumerate() {
            let path = format!("/runs/cnn/confusion?label={label}&prediction={prediction}");
            let (status, cell) = when_looked(&server, &path);
            assert_eq!((status, &cell["images"]), (200, count), "{path}");
            let listed = cell["listed"].as_array().unwrap();
            seen += listed.len();
            if let Some(first) = listed.first() {
                let path = format!("/runs/cnn/images/{}", first["index"]);
                assert!(
                    server.get(&path).1.as_str().is_some_and(|png| png.contains("PNG")),
                    "{path}"
                );
            }
        }
    }
    assert_eq!(seen, 20);
}

#[test]
fn every_curl_line_of_the_docs_is_answered() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no curl, and CI must have one");
        eprintln!("skipped: no curl on this machine");
        return;
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/serve.md");
    let page = fs::read_to_string(page).unwrap();
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    Image::filled(40, 30, &[9, 99, 199]).save_png(zoo.path("photo.png")).unwrap();
    fs::create_dir(zoo.path("photos")).unwrap();
    fs::copy(zoo.path("photo.png"), zoo.path("photos/other.png")).unwrap();
    let server = Server::start(&zoo, &[]);
    let mut lines = 0;
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let command = line
            .replacen("curl ", "curl -sS --fail-with-body ", 1)
            .replace("http://127.0.0.1:8080", &server.url);
        let said =
            Command::new("sh").args(["-c", &command]).current_dir(zoo.path("")).output().unwrap();
        let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        assert!(said.status.success(), "{line}: {text}");
        lines += 1;
    }
    assert!(lines >= 8, "{lines} lines");
}
