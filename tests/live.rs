//! `zoo train --serve`: a run that is watched and steered while it trains.
#![cfg(feature = "serve")]

mod harness;

use std::{net::TcpListener, process::Command, thread::sleep, time::Duration};

use harness::{
    Zoo,
    run::Run,
    server::{Server, train},
    small_cnn, tiny, tiny_models,
};
use serde_json::{Value, json};

/// A run of so many steps, 20 an epoch.
fn config(steps: usize) -> Value {
    let mut config = tiny(small_cnn());
    config["data"]["sea"]["train"] = json!(640);
    config["schedule"] = json!({"constant": {}});
    config["train"] = json!({"steps": steps, "log_every": 5});
    config
}

fn lines(zoo: &Zoo, run: &str) -> Vec<Value> {
    let text = zoo.read(&format!("{run}/metrics.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_that_is_watched_has_the_bits_of_one_that_is_not() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        zoo.write_config(&tiny(model));
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "alone"]);
        let run = Run::start(&zoo, &["--run-dir", "watched"]);
        // Whoever looks is waited for, and sees what came of it.
        let sight = run.wait("over", |sight| sight["doing"] == "over");
        assert_eq!((&sight["step"], &sight["steps"]), (&json!(6), &json!(6)), "{name}");
        let samples = run.now()["samples"].clone();
        assert_eq!(samples["epoch"], 2, "{name}");
        assert_eq!(samples["images"].as_array().unwrap().len(), 12, "{name}");
        assert_eq!(
            run.tell(&json!({"command": "pause"})),
            (409, json!({"error": "the run has taken its last step: nothing to steer"})),
            "{name}"
        );
        assert_eq!(run.code(), Some(0), "{name}");
        assert_eq!(zoo.weight_hash("watched"), zoo.weight_hash("alone"), "{name}");
        assert!(!zoo.read("watched/metrics.jsonl").contains("steered"), "{name}");
        assert!(!zoo.read("watched/manifest.json").contains("steered"), "{name}");
    }
}

#[test]
fn a_run_is_paused_slowed_down_ended_and_resumed() {
    let zoo = Zoo::new();
    zoo.write_config(&config(1500));
    let run = Run::start(&zoo, &[]);
    run.wait("training", |sight| sight["doing"] == "training" && sight["step"].as_u64() > Some(3));
    assert_eq!(run.tell(&json!({"command": "pause"})).0, 200);
    let paused = run.wait("paused", |sight| sight["doing"] == "paused");
    sleep(Duration::from_millis(300));
    let still = run.now()["sight"].clone();
    assert_eq!(still["step"], paused["step"]);
    let passed = still["seconds"].as_f64().unwrap() - paused["seconds"].as_f64().unwrap();
    assert!(passed < 0.2, "a pause is no training: {passed} s");
    let paused_at = paused["step"].as_u64().unwrap();
    assert_eq!(
        run.tell(&json!({"command": "pause"})),
        (409, json!({"error": "the run is paused already"}))
    );
    assert_eq!(run.tell(&json!({"command": "learning-rate", "factor": 0.5})).0, 200);
    let slowed = run.wait("slower", |sight| sight["learning_rate_factor"] == 0.5);
    assert_eq!(
        (&slowed["doing"], &slowed["learning_rate"]),
        (&json!("paused"), &json!(0.025)),
        "a paused run heeds a factor and stays paused"
    );
    assert_eq!(run.tell(&json!({"command": "go-on"})).0, 200);
    run.wait("further", |sight| sight["step"].as_u64() > Some(paused_at + 25));
    assert_eq!(run.tell(&json!({"command": "end"})).0, 200);
    assert_eq!(run.code(), Some(130));

    let manifest = zoo.json("runs/tiny/manifest.json");
    let steered = manifest["steered"].as_array().unwrap().clone();
    let ended_at = steered[3]["step"].as_u64().unwrap();
    let told = json!([
        {"step": paused_at, "command": "pause"},
        {"step": paused_at, "command": "learning-rate", "factor": 0.5},
        {"step": paused_at, "command": "go-on"},
        {"step": ended_at, "command": "end"},
    ]);
    assert_eq!(json!(steered), told);
    assert!(zoo.path(&format!("runs/tiny/checkpoints/step-{ended_at}")).exists());
    zoo.ok(&["train", "tiny.json", "--resume", "-q"]);
    assert_eq!(zoo.json("runs/tiny/manifest.json")["steered"], told);
    assert_eq!(zoo.json("runs/tiny/report.json")["training"]["steered"], told);
    let lines = lines(&zoo, "runs/tiny");
    let marks: Vec<_> = lines.iter().filter(|line| line.get("steered").is_some()).collect();
    assert_eq!(marks.len(), 4);
    assert_eq!(marks[1]["steered"], json!({"command": "learning-rate", "factor": 0.5}));
    assert_eq!((&marks[1]["split"], &marks[1]["loss"]), (&json!("train"), &Value::Null));
    let last = lines.iter().rfind(|line| line.get("lr").is_some()).unwrap();
    assert_eq!((&last["step"], &last["lr"]), (&json!(1500), &json!(0.025)));

    // What a config would have said that drops the rate at that step.
    let mut planned = config(1500);
    planned["schedule"] =
        json!({"multi-step": {"milestones": [{"steps": paused_at}], "gamma": 0.5}});
    zoo.write("planned.json", &planned.to_string());
    zoo.ok(&["train", "planned.json", "-q"]);
    assert_eq!(zoo.weight_hash("runs/tiny"), zoo.weight_hash("runs/planned"));

    zoo.ok(&["evaluate", "runs/tiny", "--out", "page", "-q"]);
    let words = format!("learning rate × 0.5 after step {paused_at}");
    let page = zoo.read("page/index.html");
    assert!(page.contains("steered by hand") && page.contains(&words), "{words}");
}

#[test]
fn what_a_run_was_told_right_after_a_checkpoint_is_not_lost() {
    let zoo = Zoo::new();
    let mut config = config(100_000);
    // One step per epoch: between any two steps there is a checkpoint.
    config["data"]["sea"]["train"] = json!(32);
    config["train"]["validate_every"] = json!(100_000);
    zoo.write_config(&config);
    let run = Run::start(&zoo, &[]);
    run.wait("training", |sight| sight["doing"] == "training" && sight["step"].as_u64() > Some(3));
    for command in [
        json!({"command": "pause"}),
        json!({"command": "learning-rate", "factor": 0.5}),
        json!({"command": "end"}),
    ] {
        assert_eq!(run.tell(&command).0, 200, "{command}");
    }
    assert_eq!(run.code(), Some(130));
    let told = zoo.json("runs/tiny/manifest.json")["steered"].clone();
    assert_eq!(told.as_array().unwrap().len(), 3, "{told}");

    let run = Run::start(&zoo, &["--resume"]);
    let sight = run.wait("training again", |sight| sight["doing"] == "training");
    assert_eq!(sight["learning_rate_factor"], 0.5);
    assert_eq!(run.tell(&json!({"command": "end"})).0, 200);
    assert_eq!(run.code(), Some(130));
    let steered = zoo.json("runs/tiny/manifest.json")["steered"].clone();
    assert_eq!(steered.as_array().unwrap()[..3], told.as_array().unwrap()[..], "{steered}");
    assert_eq!(steered.as_array().unwrap().len(), 4);
}

#[test]
fn what_a_run_cannot_be_told_is_refused_in_words() {
    let zoo = Zoo::new();
    zoo.write_config(&config(100_000));
    let run = Run::start(&zoo, &[]);
    run.wait("training", |sight| sight["doing"] == "training");
    let error = |(status, answer): (u16, Value)| {
        (status, answer["error"].as_str().unwrap_or_default().to_string())
    };
    let factor = |factor: Value| json!({"command": "learning-rate", "factor": factor});
    let expected = "`factor`: expected a finite number above 0, found";
    for (command, status, said) in [
        (factor(json!(0)), 400, format!("{expected} 0")),
        (factor(json!(-2)), 400, format!("{expected} -2")),
        (factor(Value::Null), 400, String::from("`factor` is missing")),
        (
            json!({"command": "pause", "factor": 2}),
            400,
            String::from("`factor` belongs to `learning-rate` alone"),
        ),
        (json!({"command": "go-on"}), 409, String::from("the run is not paused")),
    ] {
        assert_eq!(error(run.tell(&command)), (status, said), "{command}");
    }
    let unknown = json!({"command": "pause", "x": 1});
    for command in [unknown, json!({"command": "stop"}), json!([]), json!({})] {
        let (status, said) = error(run.tell(&command));
        assert!(status == 400 && said.starts_with("the command: "), "{command}: {said}");
    }
    let pause = json!({"command": "pause"});
    assert_eq!(error(run.tell_as(&pause, ("Origin", "http://evil.example"))).0, 403);
    assert_eq!(error(run.tell_as(&pause, ("Host", "evil.example"))).0, 421);
    let samples = run.wait("validated", |sight| sight["epoch"].as_u64() > Some(1));
    assert_eq!(samples["doing"], "training");
    let index = run.now()["samples"]["images"][0]["index"].as_u64().unwrap();
    assert_eq!(run.get(&format!("/training/images/{index}")).0, 200);
    assert_eq!(error(run.get("/training/images/9999")).1, "no image 9999 among the samples");
    assert_eq!(run.now()["run"], "tiny");
    assert_eq!(run.get("/runs").1[0]["state"], "training");

    // Another one cannot have the same address.
    let address = run.url.strip_prefix("http://").unwrap();
    let said = zoo.refused(&["train", "tiny.json", "--run-dir", "other", "--serve", address]);
    assert!(said.contains(&format!("--serve {address}: another program listens there")), "{said}");
    assert!(!zoo.path("other").exists());

    // Pressed twice, before the run had time to end.
    assert_eq!(run.tell(&pause).0, 200);
    run.wait("paused", |sight| sight["doing"] == "paused");
    let end = json!({"command": "end"});
    assert_eq!(run.tell(&end).0, 200);
    let again = error(run.tell(&end));
    assert!(
        [
            (409, "the run is ending already"),
            (409, "the run has taken its last step: nothing to steer")
        ]
        .contains(&(again.0, again.1.as_str())),
        "{again:?}"
    );
    assert_eq!(run.code(), Some(130));
}

#[test]
fn every_curl_line_of_the_docs_is_heeded() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no curl, and CI must have one");
        eprintln!("skipped: no curl on this machine");
        return;
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/serve.md");
    let page = std::fs::read_to_string(page).unwrap();
    let zoo = Zoo::new();
    zoo.write_config(&config(100_000));
    let run = Run::start(&zoo, &[]);
    run.wait("training", |sight| sight["doing"] == "training");
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("curl ")).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| line.contains("/training")).collect();
    assert_eq!(lines.len(), 5);
    for line in lines {
        let command = line
            .replacen("curl ", "curl -sS --fail-with-body ", 1)
            .replace("http://127.0.0.1:8080", &run.url);
        let said = Command::new("sh").args(["-c", &command]).output().unwrap();
        let text = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        assert!(said.status.success(), "{line}: {text}");
    }
    assert_eq!(run.code(), Some(130));
}

#[test]
fn a_page_that_cannot_be_is_refused_before_anything_is_written() {
    let zoo = Zoo::new();
    zoo.write_config(&config(10));
    let refused = |flags: &[&str]| zoo.refused(&[&["train", "tiny.json"], flags].concat());
    let said = refused(&["--serve", "0.0.0.0:0"]);
    assert!(said.contains("--serve 0.0.0.0:0: others can reach this address"), "{said}");
    let said = refused(&["--serve", "somewhere"]);
    assert!(said.contains("--serve somewhere: expected an address and a port"), "{said}");
    let said = refused(&["--no-auth"]);
    assert!(said.contains("--serve"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(&["--serve", &address]);
    assert!(said.contains("choose another port, or --serve 127.0.0.1:0 for any"), "{said}");
    assert!(!zoo.path("runs").exists());
}

#[test]
fn a_server_without_a_training_says_so() {
    let zoo = Zoo::new();
    train(&zoo, "cnn", small_cnn());
    let server = Server::start(&zoo, &[]);
    assert_eq!(server.get("/training"), (200, Value::Null));
    let (status, said) = server.post("/training", "application/json", b"{\"command\":\"pause\"}");
    assert_eq!(status, 404);
    assert_eq!(
        said["error"],
        "this server watches no training: `zoo train CONFIG --serve` starts one that does"
    );
}
