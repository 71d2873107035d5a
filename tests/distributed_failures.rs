//! What several processes that train together do when one of them fails.
#![cfg(unix)]

mod harness;

use std::{
    fs,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{
    Zoo,
    ranks::{ZOO, errors, has_mpirun, left, mpirun, ok, recipe, text},
};
use serde_json::json;

/// A run on `ranks` ranks that goes on for some seconds.
fn start(zoo: &Zoo, ranks: usize, variables: &[(&str, &str)]) -> Child {
    let mut command = mpirun(zoo, ranks);
    command.args([ZOO, "train", "tiny.json", "-q", "--resume", "--run-dir", "run"]);
    command.envs(variables.iter().copied());
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The processes of the ranks, once the run has written a line.
fn pids(zoo: &Zoo, job: &mut Child) -> Vec<String> {
    let lines = || fs::read(zoo.path("run/metrics.jsonl")).map_or(0, |text| text.len());
    let before = lines();
    while lines() == before || before > lines() {
        assert!(job.try_wait().unwrap().is_none(), "the run ended too early");
        sleep(Duration::from_millis(2));
    }
    let children = Command::new("pgrep").args(["-P", &job.id().to_string()]).output().unwrap();
    text(&children.stdout).lines().map(String::from).collect()
}

fn signal(signal: &str, pid: &str) {
    assert!(Command::new("kill").args(["-s", signal, pid]).status().unwrap().success());
}

fn end(job: Child) -> (Option<i32>, String) {
    let output = job.wait_with_output().unwrap();
    (output.status.code(), text(&output.stderr))
}

/// A checkpoint after every step, so that many kills come while one is written.
fn long(zoo: &Zoo) {
    let mut config = recipe(json!({"cnn": {"widths": [8, 16], "hidden": 16, "dropout": 0.3}}));
    config["data"]["sea"]["train"] = json!(400);
    config["train"]["epochs"] = json!(8);
    config["train"]["checkpoint"] = json!({"every_steps": 1});
    zoo.write_config(&config);
}

#[test]
fn a_run_whose_ranks_are_killed_comes_to_the_same_weights_on_other_numbers_of_ranks() {
    if !has_mpirun() {
        return;
    }
    let kills = std::env::var("ZOO_TEST_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let zoo = Zoo::new();
    long(&zoo);
    let started = Instant::now();
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "whole"]);
    let longest = (started.elapsed() / (kills + 1)).as_micros() as u64;
    let mut random = u64::from(std::process::id());
    for kill in 0..kills as usize {
        let ranks = [2, 4, 3][kill % 3];
        let mut job = start(&zoo, ranks, &[]);
        let pids = pids(&zoo, &mut job);
        assert_eq!(pids.len(), ranks);
        // A generator of the kind that Knuth calls MMIX.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sleep(Duration::from_micros((random >> 33) % longest.max(1)));
        let rank = (random >> 20) as usize % ranks;
        if job.try_wait().unwrap().is_none() {
            signal("KILL", &pids[rank]);
        }
        let (code, said) = end(job);
        assert_ne!(code, Some(0), "rank {rank} of {ranks} was killed");
        assert!(said.contains(&format!("process rank {rank} ")), "{said}");
        println!("kill {}: rank {rank} of {ranks}", kill + 1);
    }
    ok(&zoo, 3, &["--resume", "--run-dir", "run"]);
    assert_eq!(left(&zoo, "run"), left(&zoo, "whole"));
}

#[test]
fn a_signal_to_one_rank_stops_all_with_a_checkpoint() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    long(&zoo);
    let mut job = start(&zoo, 3, &[]);
    let pids = pids(&zoo, &mut job);
    signal("TERM", &pids[2]);
    let (code, said) = end(job);
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(errors(&said).len(), 1, "{said}");
    assert!(said.contains("error: stopped after step "), "{said}");
    assert!(said.contains("resume with: zoo train tiny.json -q --run-dir run --resume"), "{said}");
    assert!(fs::read_dir(zoo.path("run/checkpoints")).unwrap().next().is_some());
    assert!(!zoo.path("run/report.json").exists());
}

#[test]
fn a_rank_that_does_not_answer_ends_the_job() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    long(&zoo);
    let mut job = start(&zoo, 3, &[("ZOO_RANK_TIMEOUT", "2")]);
    let pids = pids(&zoo, &mut job);
    signal("STOP", &pids[1]);
    let stopped = Instant::now();
    let (code, said) = end(job);
    assert_ne!(code, Some(0));
    assert!(stopped.elapsed() < Duration::from_secs(60), "{:?}", stopped.elapsed());
    assert!(said.contains("no answer for 2 s from rank 1 on "), "{said}");
}

#[test]
fn an_unreadable_image_ends_all_ranks_as_it_ends_one() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    zoo.photos("photos", &["dark", "light"], 30);
    let mut config = recipe(json!({"cnn": {"widths": [4], "hidden": 0}}));
    config["data"] = json!({"folder": {"root": "photos", "cache_mb": 0,
        "preprocess": {"image_size": 8}}});
    config["loader"]["batch_size"] = json!(4);
    config["train"]["epochs"] = json!(100_000);
    zoo.write_config(&config);
    let mut messages = Vec::new();
    for ranks in [1, 3] {
        let mut job = start(&zoo, ranks, &[]);
        pids(&zoo, &mut job);
        let image = zoo.path("photos/dark/3.png");
        let bytes = fs::read(&image).unwrap();
        // In one go: a rank may look at any moment, also at a file that is empty yet.
        zoo.write("broken", "no image");
        fs::rename(zoo.path("broken"), &image).unwrap();
        let broken = Instant::now();
        let (code, said) = end(job);
        assert!(broken.elapsed() < Duration::from_secs(60), "{:?}", broken.elapsed());
        assert_eq!(code, Some(1), "{said}");
        fs::write(&image, bytes).unwrap();
        fs::remove_dir_all(zoo.path("run")).unwrap();
        messages.push(errors(&said));
    }
    assert_eq!(messages[0].len(), 1);
    assert!(messages[0][0].contains("dark/3.png"), "{messages:?}");
    assert_eq!(messages[0], messages[1]);
}
