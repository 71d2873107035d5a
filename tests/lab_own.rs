//! Lessons 9 and 11 of `zoo lab`: few images from weights that are there, and a network of one's own. What they
//! train is what `zoo train` trains.
#![cfg(feature = "serve")]

mod harness;

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{
    Zoo,
    server::{Server, agent, train, value},
    small_cnn,
};
use serde_json::{Value, json};

/// A visit of the lab on the network `cnn`.
struct Visit<'a> {
    zoo: &'a Zoo,
    server: Server,
}

impl<'a> Visit<'a> {
    fn of(zoo: &'a Zoo) -> Self {
        train(zoo, "cnn", small_cnn());
        Self { zoo, server: Server::of(zoo, "lab", &["runs/cnn"]) }
    }

    fn ask_as(&self, visit: &str, path: &str, more: Value) -> (u16, Value) {
        let mut body = json!({"network": "cnn", "photo": "cnn/0", "visit": visit});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.post(path, "application/json", body.to_string().as_bytes())
    }

    fn ask(&self, path: &str, more: Value) -> (u16, Value) {
        self.ask_as("one", path, more)
    }

    fn done(&self, path: &str, more: Value) -> Value {
        let (status, answer) = self.ask(path, more.clone());
        assert_eq!(status, 200, "{path} {more}: {answer}");
        answer
    }

    fn refused(&self, path: &str, more: Value, status: u16, reason: &str) {
        let (found, answer) = self.ask(path, more);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(found == status && error.contains(reason), "{path}: {found} {answer}");
    }

    /// Brings the photos of a folder of classes.
    fn bring(&self, folder: &str, classes: &[&str], images: usize) {
        self.zoo.photos(folder, classes, images);
        for class in classes {
            for index in 0..images {
                let file = self.zoo.path(&format!("{folder}/{class}/{index}.png"));
                let path = format!("/lab/own/photo?visit=one&class={class}&name={index}.png");
                let (status, said) = self.server.post(&path, "image/png", &fs::read(file).unwrap());
                assert_eq!(status, 200, "{said}");
            }
        }
    }

    /// Plays until all is learned; the last sight.
    fn learn(&self, visit: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(300);
        loop {
            let sight = self.look(visit);
            match sight["doing"].as_str().unwrap() {
                // Also where nobody has looked for so long that it waits.
                "paused" => {
                    let play = self.ask_as(visit, "/lab/training/tell", json!({"tell": "play"}));
                    assert_eq!(play.0, 200, "{}", play.1);
                }
                "finished" => return sight,
                "opening" | "training" => {}
                doing => panic!("{doing}: {sight}"),
            }
            assert!(Instant::now() < until, "not finished after five minutes: {sight}");
            sleep(Duration::from_millis(20));
        }
    }

    fn look(&self, visit: &str) -> Value {
        let body = json!({"network": "cnn", "photo": "cnn/0", "visit": visit, "life": 0, "train": 0, "valid": 0});
        let url = format!("{}/lab/training/look", self.server.url.trim_end_matches('/'));
        let mut response =
            agent().post(url).content_type("application/json").send(body.to_string()).unwrap();
        let bytes = response.body_mut().read_to_vec().unwrap();
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        value(&bytes[4..4 + length])
    }
}

#[test]
fn a_network_of_ones_own_is_what_zoo_train_makes_of_what_is_saved() {
    let zoo = Zoo::new();
    let visit = Visit::of(&zoo);
    visit.bring("photos", &["dark", "light"], 8);
    for method in ["head", "all", "nothing"] {
        assert_eq!(visit.done("/lab/own/open", json!({"method": method})), json!({"begins": true}));
        let sight = visit.learn("one");
        let best = sight["valid"].as_array().unwrap().iter();
        let best = best.map(|point| point["accuracy"].as_f64().unwrap()).fold(0.0, f64::max);
        let judged = visit.done("/lab/own/scored", json!({}));
        let judged = judged.as_array().unwrap();
        let apart: Vec<&Value> = judged.iter().filter(|one| one["learned"] == false).collect();
        assert_eq!((judged.len(), apart.len()), (16, 4), "{method}");
        let right = apart.iter().filter(|one| one["label"] == one["prediction"]).count();
        assert_eq!(right as f64 / 4.0, best, "{method}");
        assert!(!zoo.path(&format!("runs/{method}")).exists());

        let saved = visit.done("/lab/own/save", json!({"name": method}));
        assert_eq!(saved["accuracy"], best, "{method}");
        let run = format!("runs/{method}");
        assert_eq!(zoo.json(&format!("{run}/report.json"))["accuracy"], best, "{method}");
        let evaluated = zoo.ok(&["evaluate", &run, "--split", "valid", "--json", "-q"]);
        let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
        assert_eq!(evaluated["accuracy"], best, "{method}");
        let again = format!("runs/{method}-again");
        zoo.ok(&["train", &format!("{run}/config.json"), "--run-dir", &again, "-q"]);
        assert_eq!(zoo.weight_hash(&run), zoo.weight_hash(&again), "{method}");
        let weights = |run: &str| fs::read(zoo.path(&format!("{run}/model.safetensors"))).unwrap();
        assert_eq!(weights(&run), weights(&again), "{method}");
        assert_eq!(zoo.metrics(&run), zoo.metrics(&again), "{method}");
    }
}

#[test]
fn a_photo_is_tested_as_zoo_predict_does_and_the_network_is_exported() {
    let zoo = Zoo::new();
    let visit = Visit::of(&zoo);
    visit.bring("photos", &["dark", "light"], 4);
    visit.done("/lab/own/open", json!({"method": "head"}));
    let file = zoo.path("photos/light/3.png");
    let test =
        || visit.server.post("/lab/own/test?visit=one", "image/png", &fs::read(&file).unwrap());
    let (status, said) = test();
    assert_eq!(status, 422, "{said}");
    assert!(said["error"].as_str().unwrap().contains("train first"), "{said}");
    visit.learn("one");
    let (_, shown) = test();
    let (status, said) = visit.server.get("/lab/own/export?visit=one&format=onnx");
    assert!(status == 422 && said["error"] == "save the run first", "{said}");
    visit.done("/lab/own/save", json!({"name": "mine"}));
    let told = zoo.ok(&["predict", "runs/mine", file.to_str().unwrap(), "--json", "-q"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    for (shown, told) in
        shown.as_array().unwrap().iter().zip(told[0]["predictions"].as_array().unwrap())
    {
        assert_eq!(
            (&shown["class"], &shown["probability"]),
            (&told["class"], &told["probability"])
        );
    }
    // From now on it is one of the networks of every lesson, with its own photos.
    let (_, networks) = visit.server.get("/models");
    let names: Vec<&Value> = networks.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["cnn", "mine"]);
    let (_, offered) = visit.server.get("/lab/photos?network=mine");
    assert_eq!(offered["photos"].as_array().unwrap().len(), 2, "{offered}");
    let (_, brought) = visit.server.post("/lab/photos", "image/png", &fs::read(&file).unwrap());
    let looked = json!({"network": "mine", "photo": brought["photo"]}).to_string();
    let (_, said) = visit.server.post("/lab/predict", "application/json", looked.as_bytes());
    for (said, told) in
        said.as_array().unwrap().iter().zip(told[0]["predictions"].as_array().unwrap())
    {
        assert_eq!((&said["class"], &said["probability"]), (&told["class"], &told["probability"]));
    }
    assert_eq!(visit.server.get("/lab/own/export?visit=one&format=safetensors").0, 200);
    assert_eq!(visit.server.get("/lab/own/export?visit=one&format=onnx").0, 200);
    zoo.ok(&["export", "runs/mine", "--format", "onnx", "--out", "other.onnx", "-q"]);
    let exported = |name: &str| fs::read(zoo.path(name)).unwrap();
    assert_eq!(exported("runs/mine/onnx/mine.onnx"), exported("other.onnx"));
}

#[test]
fn what_cannot_be_learned_or_saved_is_refused_in_words_and_nothing_is_written() {
    let zoo = Zoo::new();
    let visit = Visit::of(&zoo);
    let before = fs::read_dir(zoo.path("runs")).unwrap().count();
    let head = || json!({"method": "head"});
    visit.refused("/lab/own/open", head(), 422, "expected two or more classes, found 0");
    visit.bring("photos", &["dark", "light"], 4);
    let one = zoo.path("photos/dark/0.png");
    let bring = |class: &str, bytes: &[u8]| {
        let path = format!("/lab/own/photo?visit=one&class={class}&name=x.png");
        let (status, said) = visit.server.post(&path, "image/png", bytes);
        (status, said["error"].as_str().unwrap_or_default().to_string())
    };
    let (status, said) = bring("dark", b"no photo");
    assert!(status == 422 && said.contains("not JPEG"), "{said}");
    assert_eq!(bring("dark", b""), (400, String::from("the file is empty: expected a photo")));
    let file = fs::read(&one).unwrap();
    let (status, said) = bring("..%2Fdark", &file);
    assert!(status == 400 && said.contains("cannot have '/'"), "{said}");
    let (status, said) = bring("DARK", &file);
    assert!(status == 400 && said.contains("there is a class \"DARK\" already"), "{said}");
    assert_eq!(bring("alone", &file).0, 200);
    visit.refused("/lab/own/open", head(), 422, "alone has one photo: two or more are wanted");
    let change = |change: Value| json!({"change": change});
    visit.done("/lab/own/change", change(json!({"remove-class": {"class": "alone"}})));
    let missing = change(json!({"move": {"photo": 99, "to": "dark"}}));
    visit.refused("/lab/own/change", missing, 404, "not kept any more");
    visit.refused("/lab/own/save", json!({"name": "x"}), 404, "open the lesson again");
    visit.done("/lab/own/open", head());
    visit.refused("/lab/own/save", json!({"name": "x"}), 422, "not finished");
    visit.learn("one");
    for (name, reason) in [
        ("", "wants a name"),
        ("../x", "cannot have '/'"),
        (".hidden", "cannot begin with a dot"),
        ("-x", "cannot begin"),
    ] {
        visit.refused("/lab/own/save", json!({"name": name}), 400, reason);
    }
    visit.refused("/lab/own/save", json!({"name": "cnn"}), 422, "is there already: choose another");
    let controls = json!({"tell": "controls", "controls": {"epochs": 2, "batch_size": 2, "learning_rate": 0.1, "dropout": 0, "augment": false}});
    visit.refused("/lab/training/tell", controls, 400, "a linear probe has no controls");
    // Another browser has photos of its own.
    let (_, other) = visit.ask_as("two", "/lab/own/list", json!({}));
    assert_eq!(other["classes"], json!([]));
    assert_eq!(fs::read_dir(zoo.path("runs")).unwrap().count(), before);
}

#[test]
fn both_sides_of_transfer_learn_as_in_zoo_train() {
    let zoo = Zoo::new();
    let visit = Visit::of(&zoo);
    let open = |name: &str, more: Value| {
        let mut all = json!({"tuned": "head", "photos": {"drawn": 2}});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, said) = visit.ask_as(name, "/lab/transfer/open", all);
        assert_eq!(status, 200, "{said}");
        said
    };
    let again = |run: &str, sets: &Value, more: &[&str]| {
        let sets = sets.as_array().unwrap().iter().map(|set| set.as_str().unwrap());
        let sets = sets.chain(more.iter().copied()).flat_map(|set| ["--set", set]);
        let args: Vec<&str> =
            ["train", "quickstart", "--run-dir", run, "-q"].into_iter().chain(sets).collect();
        zoo.ok(&args);
        of(&json!(zoo.metrics(run)))
    };
    let (status, source) = visit.ask_as("source", "/lab/transfer/source", json!({}));
    assert_eq!(status, 200, "{source}");
    visit.learn("source");
    again("before", &source["sets"], &[]);
    let sides = [
        ("nothing", json!({"from": "nothing"}), vec![]),
        ("network", json!({"from": "network", "tuned": "all"}), vec![]),
        (
            "trained",
            json!({"from": {"trained": "source"}}),
            vec!["pretrained=before", r#"fine_tune={"head": "new", "freeze": "all-but-head"}"#],
        ),
    ];
    for (name, from, more) in sides {
        let said = open(name, from);
        assert_eq!(said["knows"], true, "{said}");
        let (status, glance) = visit.ask_as(name, "/lab/transfer/glance", json!({}));
        assert!(status == 200 && glance["k"] == 10, "{glance}");
        let sight = visit.learn(name);
        assert_eq!(of(&sight["valid"]), again(name, &said["sets"], &more), "{name}");
    }
    let about = json!({"from": "nothing", "tuned": "head", "photos": {"drawn": 0}});
    visit.refused(
        "/lab/transfer/open",
        about,
        400,
        "expected 1 to 100 images of each class, found 0",
    );
    let about = json!({"from": {"trained": "nobody"}, "tuned": "head", "photos": {"drawn": 1}});
    visit.refused("/lab/transfer/open", about, 404, "open the lesson again");
    // A network with other layers: the small one that begins with nothing in lesson 11.
    visit.bring("photos", &["dark", "light"], 4);
    visit.done("/lab/own/open", json!({"method": "nothing"}));
    visit.learn("one");
    open("other", json!({"from": {"trained": "one"}}));
    let (status, said) = visit.ask_as("other", "/lab/transfer/glance", json!({}));
    let reason =
        "the network that has learned before has other layers than the one above: train it again";
    assert_eq!((status, &said["error"]), (422, &json!(reason)));
    let about = json!({"from": "nothing", "tuned": "head", "photos": {"own": "nobody"}});
    visit.refused("/lab/transfer/open", about, 422, "expected two or more classes, found 0");
}

/// The losses of the valid split.
fn of(points: &Value) -> Vec<Value> {
    let points = points.as_array().unwrap().iter();
    let valid = points.filter(|point| point.get("split").is_none_or(|split| split == "valid"));
    valid.map(|point| point["loss"].clone()).collect()
}
