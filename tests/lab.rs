//! What `zoo lab` answers, and what it refuses.
#![cfg(feature = "serve")]

mod harness;

use std::fs;

use harness::{
    Zoo,
    server::{Server, train},
    small_cnn,
};
use serde_json::{Value, json};

#[test]
fn a_lesson_is_opened_by_its_number() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let server = Server::of(&zoo, "lab", &["--lesson", "2"]);
    assert!(server.url.ends_with("/#convolution"), "{}", server.url);
    for (flags, reason) in [
        (["--lesson", "99"], "--lesson 99: unknown lesson `99`"),
        (["--bind", "0.0.0.0:0"], "others can reach this address"),
    ] {
        let said = zoo.refused(&[&["lab"], &flags[..]].concat());
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn photos_come_from_the_run_and_are_seen_as_zoo_predict_sees_them() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["a", "b"], 12);
    train(&zoo, "cnn", small_cnn());
    let server = Server::of(&zoo, "lab", &["runs/cnn"]);
    let post = |path: &str, body: &Value| {
        server.post(path, "application/json", body.to_string().as_bytes())
    };
    let (status, offered) = server.get("/lab/photos?network=cnn");
    assert_eq!(status, 200, "{offered}");
    assert!(offered["photos"].as_array().is_some_and(|photos| photos.len() > 3), "{offered}");
    assert_eq!(offered["photos"][0]["photo"].as_str().map(|name| &name[..4]), Some("cnn/"));
    let file = fs::read_dir(zoo.path("photos/a")).unwrap().next().unwrap().unwrap().path();
    let (_, brought) = server.post("/lab/photos", "image/png", &fs::read(&file).unwrap());
    let photo = brought["photo"].as_str().unwrap();
    assert!(photo.starts_with("own-"), "{brought}");
    let looked = json!({"network": "cnn", "photo": photo});
    let (_, found) = post("/lab/predict", &looked);
    let told = zoo.ok(&["predict", "runs/cnn", file.to_str().unwrap(), "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    for (found, told) in
        found.as_array().unwrap().iter().zip(told[0]["predictions"].as_array().unwrap())
    {
        assert_eq!(
            (&found["class"], &found["probability"]),
            (&told["class"], &told["probability"])
        );
    }
    let cases = [
        (json!({"network": "other", "photo": photo}), 404, "network"),
        (json!({"network": "cnn", "photo": "cnn/99999"}), 404, "there are photos 0 to"),
        (json!({"network": "cnn", "photo": "own-1"}), 404, "no longer kept"),
        (json!({"network": "cnn"}), 400, "missing field `photo`"),
        (json!({"network": "cnn", "photo": photo, "more": 1}), 400, "unknown field `more`"),
    ];
    for (body, status, reason) in cases {
        let (found, answer) = post("/lab/predict", &body);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(found == status && error.contains(reason), "{body}: {found} {answer}");
    }
    let (status, answer) = server.post("/lab/photos", "image/png", b"no photo");
    assert_eq!(status, 422, "{answer}");
    for part in ["/", "/page/lab/lab.js", "/page/lab/lessons/pixels.js", "/page/page.css"] {
        assert_eq!(server.get(part).0, 200, "{part}");
    }
    assert_eq!(server.get("/page/lab/lessons/other.js").0, 404);
}

#[test]
fn the_token_keeps_others_out_of_the_lessons() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    fs::write(zoo.path("token"), "a-token-of-the-lab-test\n").unwrap();
    let server = Server::of(&zoo, "lab", &["--token-file", "token"]);
    for path in ["/lab/lessons", "/lab/photos?network=cnn", "/models"] {
        assert_eq!(server.get(path).0, 401, "{path}");
    }
    for path in ["/", "/page/lab/lab.js", "/page/lab/lessons/pixels.js"] {
        assert_eq!(server.get(path).0, 200, "{path}");
    }
}
