//! What `zoo serve` answers.
#![cfg(feature = "serve")]

mod harness;

use std::{
    collections::HashSet,
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::Duration,
};

use harness::{
    Zoo,
    server::{Server, form, train, when_looked},
    small_cnn, tiny_models,
};
use serde_json::{Value, json};
use zoo_data::Image;

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
        thread::sleep(Duration::from_millis(1500));
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

fn docs() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/serve.md")).unwrap()
}

#[test]
fn the_servers_of_the_docs_are_started_with_flags_that_exist() {
    let page = docs();
    let block = |language: &str| {
        let (_, block) = page.split_once(&format!("```{language}\n")).unwrap();
        block.split_once("```").unwrap().0
    };
    let (_, unit) = block("ini").split_once("ExecStart=/usr/local/bin/zoo ").unwrap();
    let unit: Vec<String> = unit.lines().next().unwrap().split(' ').map(String::from).collect();
    let words = |line: &str| -> Option<Vec<String>> {
        let words = line.strip_prefix("ENTRYPOINT ").or_else(|| line.strip_prefix("CMD "))?;
        Some(serde_json::from_str(words).unwrap())
    };
    let container: Vec<String> = block("dockerfile").lines().filter_map(words).flatten().collect();
    assert_eq!(container[0], "/zoo");
    let zoo = Zoo::new();
    for words in [&unit[..], &container[1..]] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(words[0], "serve");
        // Before it shows its help, the program reads the flags before it.
        zoo.ok(&[&words, &["--help"][..]].concat());
        zoo.refused(&[&words, &["--unknown", "--help"][..]].concat());
    }
    let bind = unit.iter().skip_while(|word| *word != "--bind").nth(1).unwrap();
    assert!(block("nginx").contains(&format!("proxy_pass http://{bind};")));
}

#[test]
fn every_curl_line_of_the_docs_is_answered() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no curl, and CI must have one");
        eprintln!("skipped: no curl on this machine");
        return;
    }
    let page = docs();
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    Image::filled(40, 30, &[9, 99, 199]).save_png(zoo.path("photo.png")).unwrap();
    fs::create_dir(zoo.path("photos")).unwrap();
    fs::copy(zoo.path("photo.png"), zoo.path("photos/other.png")).unwrap();
    let server = Server::start(&zoo, &[]);
    let mut lines = 0;
    // Those of a run under way have a test of their own, in live.rs.
    let is_ours = |line: &&str| line.starts_with("curl ") && !line.contains("/training");
    for line in page.lines().filter(is_ours) {
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
    // Clients that are made of the description call each operation by its id.
    let (_, described) = server.get("/openapi.json");
    let paths = described["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let ids: Vec<&str> = operations.map(|one| one["operationId"].as_str().unwrap()).collect();
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
}
