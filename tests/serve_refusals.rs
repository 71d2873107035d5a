//! What `zoo serve` refuses, and where it cannot start.
#![cfg(feature = "serve")]

mod harness;

use std::{fs, net::TcpListener, thread, time::Instant};

use harness::{
    Zoo,
    server::{Server, agent, form, train, when_looked},
    small_cnn, tiny_models,
};
use serde_json::{Value, json};
use zoo_data::Image;

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
    let huge =
        format!("GET /v2 HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(1_000_000));
    let answer = server.raw(huge.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // A client that sends all before it looks at the answer, as browsers and nginx do, still gets it.
    let head = "POST /predict/cnn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n";
    let answer = server.raw(&[head.as_bytes(), &[0; 20_000_000]].concat());
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("--max-body"), "{answer}");
    let answer = server.raw(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"]
    {
        assert!(answer.contains(header), "{answer}");
    }
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
    harness::weights::spoil(zoo.path("runs/nan/model.safetensors"));
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
        answer.starts_with("HTTP/1.1 503") && (1..=40).contains(&seconds),
        "{answer}, {seconds} s"
    );
    let (answer, seconds) = cut(b"GET / HTTP/1.1\r\nHost: loc");
    assert!((9..=50).contains(&seconds), "{answer}, {seconds} s");
}
