//! The lessons of `zoo lab` that train: their steps are those of `zoo train`.
#![cfg(feature = "serve")]

mod harness;

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{
    Zoo,
    server::{Server, agent, train},
    tiny_models,
};
use serde_json::{Value, json};

/// A visit of the lab.
struct Visit {
    server: Server,
    network: &'static str,
}

impl Visit {
    fn of(zoo: &Zoo, network: &'static str) -> Self {
        Self { server: Server::of(zoo, "lab", &[&format!("runs/{network}")]), network }
    }

    fn ask(&self, path: &str, more: Value) -> (u16, Value) {
        let mut body = json!({"network": self.network, "photo": format!("{}/0", self.network), "visit": "one"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let url = self.server.url.trim_end_matches('/').to_string() + path;
        let request = agent().post(url).content_type("application/json");
        let mut response = request.send(body.to_string()).unwrap();
        let status = response.status().as_u16();
        let bytes = response.body_mut().read_to_vec().unwrap();
        if let Ok(value) = serde_json::from_slice(&bytes) {
            return (status, value);
        }
        // Numbers come with a header in front of them.
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
        let mut header: Value = serde_json::from_slice(&bytes[4..4 + length]).unwrap();
        header["numbers"] = json!((bytes.len() - 4 - length) / 4);
        (status, header)
    }

    fn told(&self, word: &str) {
        assert_eq!(self.ask("/lab/training/tell", json!({"tell": word})).0, 200, "{word}");
    }

    fn look(&self) -> Value {
        let (status, sight) =
            self.ask("/lab/training/look", json!({"life": 0, "train": 0, "valid": 0}));
        assert_eq!(status, 200, "{sight}");
        sight
    }

    fn wait(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let sight = self.look();
            if is(&sight) {
                return sight;
            }
            assert!(Instant::now() < until, "not {what} after a minute: {sight}");
            sleep(Duration::from_millis(20));
        }
    }
}

/// The losses of a split in `metrics.jsonl`.
fn losses(zoo: &Zoo, run: &str, split: &str) -> Vec<Value> {
    let text = zoo.read(&format!("{run}/metrics.jsonl"));
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["split"] == split).map(|line| line["loss"].clone()).collect()
}

fn of(points: &Value) -> Vec<Value> {
    points.as_array().unwrap().iter().map(|point| point["loss"].clone()).collect()
}

#[test]
fn a_network_that_is_watched_learns_as_in_zoo_train() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        train(&zoo, name, model);
        let config = format!("runs/{name}/config.json");
        zoo.ok(&["train", &config, "--run-dir", "again", "--set", "train.log_every=1", "-q"]);
        let visit = Visit::of(&zoo, name);
        assert_eq!(visit.ask("/lab/training/open", json!({})), (200, json!({"begins": true})));
        let sight = visit.wait("open", |sight| sight["doing"] == "paused");
        assert_eq!((&sight["step"], &sight["steps_per_epoch"]), (&json!(0), &json!(3)), "{name}");
        // One step, then another dropout and back, then the rest.
        visit.told("step");
        visit.wait("at step 1", |sight| sight["step"] == 1);
        let first = sight["facts"]["first"].clone();
        let mut other = first.clone();
        other["dropout"] = json!(0.75);
        for controls in [other, first] {
            let told = json!({"tell": "controls", "controls": controls});
            assert_eq!(visit.ask("/lab/training/tell", told).0, 200);
            visit.wait("changed", |sight| sight["controls"] == controls);
        }
        visit.told("play");
        let sight = visit.wait("finished", |sight| sight["doing"] == "finished");
        assert_eq!(of(&sight["train"]), losses(&zoo, "again", "train"), "{name}");
        assert_eq!(of(&sight["valid"]), losses(&zoo, "again", "valid"), "{name}");
        let counted = sight["confusion"].as_array().unwrap().iter();
        let counted = counted.flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap());
        assert_eq!(counted.sum::<u64>(), 20, "{name}");
        let maps = visit.wait("mapped", |sight| sight["maps"]["step"] == 6);
        let sides = ["shown", "rows", "columns"].map(|side| maps["maps"][side].as_u64().unwrap());
        assert_eq!(maps["numbers"], sides.iter().product::<u64>(), "{name}");
        visit.told("reset");
        let sight = visit.wait("reset", |sight| sight["life"] == 1);
        assert_eq!((&sight["step"], &sight["train"]), (&json!(0), &json!([])), "{name}");
    }
}

#[test]
fn a_step_of_the_lesson_gives_the_weights_of_zoo_train() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        train(&zoo, name, model);
        let config = format!("runs/{name}/config.json");
        let sets =
            ["train.steps=1", "schedule={\"constant\":{}}", "optimizer.sgd.learning_rate=0.2"];
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        zoo.ok(&[&["train", &config, "--run-dir", "one", "-q"], &sets[..]].concat());
        let visit = Visit::of(&zoo, name);
        assert_eq!(visit.ask("/lab/backpropagation/open", json!({})).0, 200);
        let step = json!({"weights": "fresh", "rate": 0.2, "steps": 1});
        let (_, said) = visit.ask("/lab/backpropagation/step", step);
        assert_eq!(said["weight_hash"], zoo.weight_hash("one"), "{name}");
        assert_eq!(said["losses"][0], losses(&zoo, "one", "train")[0], "{name}");
        for layer in said["layers"].as_array().unwrap() {
            let figure = |key: &str| layer[key].as_f64().unwrap();
            // Without momentum and decay a step is the gradient times the rate.
            let expected = 0.2 * figure("gradient");
            assert!(
                (figure("change") - expected).abs() < 1e-3 * expected + 1e-6,
                "{name}: {layer}"
            );
        }
    }
}

#[test]
fn what_cannot_be_trained_is_refused_in_words() {
    let zoo = Zoo::new();
    let [(name, model), ..] = tiny_models();
    train(&zoo, name, model);
    let visit = Visit::of(&zoo, name);
    let refused = |path: &str, more: Value, status: u16, reason: &str| {
        let (found, answer) = visit.ask(path, more);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(found == status && error.contains(reason), "{path}: {found} {answer}");
    };
    refused("/lab/training/tell", json!({"tell": "play"}), 404, "open the lesson again");
    visit.ask("/lab/training/open", json!({}));
    visit.wait("open", |sight| sight["doing"] == "paused");
    let right =
        json!({"epochs": 2, "batch_size": 32, "learning_rate": 0.1, "dropout": 0, "augment": true});
    for (key, value, reason) in [
        ("epochs", json!(0), "`epochs`: expected 1 to 1000, found 0"),
        ("batch_size", json!(97), "`batch_size`: expected 1 to 96, all images, found 97"),
        ("learning_rate", json!(0), "`learning_rate`: expected a finite number above 0, found 0"),
        ("dropout", json!(1), "`dropout`: expected 0 to below 1, found 1"),
    ] {
        let mut wrong = right.clone();
        wrong[key] = value;
        let told = json!({"tell": "controls", "controls": wrong});
        refused("/lab/training/tell", told, 400, reason);
    }
    refused("/lab/training/tell", json!({"tell": "controls"}), 400, "`controls` are missing");
    // A learning rate at which training runs away is shown, and a reset helps.
    let mut fast = right.clone();
    (fast["learning_rate"], fast["epochs"]) = (json!(1e30), json!(50));
    visit.ask("/lab/training/tell", json!({"tell": "controls", "controls": fast}));
    visit.told("play");
    let sight = visit.wait("away", |sight| sight["doing"] == "run-away");
    assert!(sight["reason"].as_str().unwrap().contains("training has run away"), "{sight}");
    visit.told("reset");
    visit.wait("reset", |sight| sight["doing"] == "paused");
    let few = json!({"images": 5, "augment": []});
    refused("/lab/overfitting/open", few, 400, "`images`: expected 10 to 1000, found 5");
    let step = json!({"weights": "fresh", "rate": 0, "steps": 1});
    refused("/lab/backpropagation/step", step, 400, "`rate`: expected a finite number above 0");
}
