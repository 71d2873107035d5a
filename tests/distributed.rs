//! `zoo train` by several processes that MPI connects: the same weights, bit for bit, however many.
#![cfg(unix)]

mod harness;

use std::{
    fs,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{Zoo, tiny, tiny_models};
use serde_json::{Value, json};

const ZOO: &str = env!("CARGO_BIN_EXE_zoo");

/// Whether `mpirun` is there; says so where it is not, and fails there with `CI` set.
fn has_mpirun() -> bool {
    let found = Command::new("mpirun").arg("--version").output().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "no mpirun, and CI must have one");
        eprintln!("skipped: no mpirun on this machine");
    }
    found
}

/// `mpirun` for so many ranks on this machine, one thread each, in the test's folder.
fn mpirun(zoo: &Zoo, ranks: usize) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["-n", &ranks.to_string(), "--oversubscribe", "--bind-to", "none"])
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        // What needs rights that containers lack.
        .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
        .env("OMPI_MCA_btl", "self,vader,tcp")
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(zoo.path("."));
    command
}

fn train(zoo: &Zoo, ranks: usize, args: &[&str]) -> Output {
    let mut command = mpirun(zoo, ranks);
    command.arg(ZOO).args(["train", "tiny.json", "-q"]).args(args);
    command.output().unwrap()
}

fn ok(zoo: &Zoo, ranks: usize, args: &[&str]) {
    let output = train(zoo, ranks, args);
    assert!(output.status.success(), "{ranks} ranks: {}", text(&output.stderr));
}

/// Runs what must fail, and gives back what zoo said of it; the launcher says more.
fn failed(zoo: &Zoo, ranks: usize, code: i32, args: &[&str]) -> Vec<String> {
    let output = train(zoo, ranks, args);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    errors(&said)
}

fn errors(said: &str) -> Vec<String> {
    said.lines().filter(|line| line.starts_with("error: ")).map(String::from).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// All that a run leaves behind, times apart.
fn left(zoo: &Zoo, run: &str) -> (String, Vec<Value>, Value, Vec<u8>) {
    let metrics = zoo.read(&format!("{run}/metrics.jsonl"));
    let lines = metrics.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for time in ["seconds", "images_per_second"] {
            line.as_object_mut().unwrap().remove(time);
        }
        line
    });
    let mut report = zoo.json(&format!("{run}/report.json"));
    for time in ["seconds", "images_per_second", "peak_memory_bytes"] {
        report["training"].as_object_mut().unwrap().remove(time);
    }
    report.as_object_mut().unwrap().remove("seconds");
    report.as_object_mut().unwrap().remove("images_per_second");
    let weights = fs::read(zoo.path(&format!("{run}/model.safetensors"))).unwrap();
    (zoo.weight_hash(run), lines.collect(), report, weights)
}

/// Steps of four batches; the last of an epoch has two, and the valid split too, fewer than ranks.
fn recipe(model: Value) -> Value {
    let mut config = tiny(model);
    config["loader"]["batch_size"] = json!(10);
    config["train"] = json!({"epochs": 2, "accumulate": 4, "log_every": 1, "clip_grad_norm": 0.5,
        "ema": {"decay": 0.9}, "checkpoint": {"every_steps": 2}});
    config
}

fn assert_the_same_on_all_ranks(name: &str, zoo: &Zoo, config: &Value) {
    zoo.write_config(config);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "alone"]);
    let alone = left(zoo, "alone");
    for ranks in 1..=4 {
        let run = format!("ranks-{ranks}");
        ok(zoo, ranks, &["--run-dir", &run]);
        assert_eq!(left(zoo, &run), alone, "{name} on {ranks} ranks");
        fs::remove_dir_all(zoo.path(&run)).unwrap();
    }
}

#[test]
fn weights_and_metrics_are_the_same_on_any_number_of_ranks() {
    if !has_mpirun() {
        return;
    }
    for (name, model) in tiny_models() {
        assert_the_same_on_all_ranks(name, &Zoo::new(), &recipe(model));
    }
    let zoo = Zoo::new();
    let mut config = recipe(json!({"cnn": {"widths": [8, 16], "hidden": 16, "dropout": 0.3}}));
    config["optimizer"] = json!({"adamw": {"learning_rate": 0.001, "weight_decay": 0.05}});
    config["train"]["early_stopping"] = json!({"patience": 1});
    config["loader"]["workers"] = json!(0);
    assert_the_same_on_all_ranks("cnn with AdamW", &zoo, &config);
}

#[test]
fn fine_tuning_is_the_same_on_any_number_of_ranks() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    let vit = json!({"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32}});
    zoo.write_config(&tiny(vit.clone()));
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "base"]);
    let mut config = recipe(vit);
    config["pretrained"] = json!("base");
    config["fine_tune"] = json!({"method": {"lora": {"rank": 2}}});
    assert_the_same_on_all_ranks("LoRA", &zoo, &config);
    zoo.write("base.json", &tiny(tiny_models()[2].1.clone()).to_string());
    zoo.ok(&["train", "base.json", "-q", "--run-dir", "base", "--force"]);
    let mut config = recipe(tiny_models()[2].1.clone());
    config["pretrained"] = json!("base");
    config["fine_tune"] = json!({"freeze": {"up-to": "stages.0"},
        "thaw": [{"after_epochs": 1, "freeze": "nothing"}]});
    fs::remove_dir_all(zoo.path("alone")).unwrap();
    assert_the_same_on_all_ranks("frozen layers", &zoo, &config);
}

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
        fs::write(&image, b"no image").unwrap();
        let broken = Instant::now();
        let (code, said) = end(job);
        assert!(broken.elapsed() < Duration::from_secs(10), "{:?}", broken.elapsed());
        assert_eq!(code, Some(1), "{said}");
        fs::write(&image, bytes).unwrap();
        fs::remove_dir_all(zoo.path("run")).unwrap();
        messages.push(errors(&said));
    }
    assert_eq!(messages[0].len(), 1);
    assert!(messages[0][0].contains("dark/3.png"), "{messages:?}");
    assert_eq!(messages[0], messages[1]);
}

#[test]
fn what_cannot_be_divided_is_refused() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    zoo.write_config(&recipe(json!({"cnn": {"widths": [4], "hidden": 0}})));
    let refused = |ranks, args: &[&str]| {
        let errors = failed(&zoo, ranks, 2, args);
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    };
    assert_eq!(
        refused(3, &["--set", "train.accumulate=2"]),
        "error: config, `train.accumulate`: a step has 2 batches, too few for 3 processes: set it to at \
         least 3, or start fewer"
    );
    assert_eq!(
        refused(2, &["--set", r#"optimizer={"lamb":{}}"#, "--set", "model.cnn.hidden=16384"]),
        "error: config, `optimizer`: the sums of `lamb` over a parameter of 4194304 elements differ from \
         process to process, so several could not keep the same weights: choose another, or start one \
         process"
    );
    assert!(!zoo.path("runs").exists());
    ok(&zoo, 2, &[]);
    assert_eq!(
        refused(2, &[]),
        "error: runs/tiny: already contains a run: resume it with --resume, start over with --force, or \
         choose another folder with --run-dir"
    );
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    assert_eq!(
        refused(2, &["--resume", "--set", "train.accumulate=3"]),
        "error: runs/tiny: was started with another `train.accumulate`: resume with the same, or start \
         over with --force"
    );
}

#[test]
fn ranks_that_differ_are_refused() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    zoo.write_config(&recipe(json!({"cnn": {"widths": [4], "hidden": 0}})));
    let refused = |first: &[&str], second: &[&str]| {
        let mut command = mpirun(&zoo, 1);
        command.args(first).args([":", "-n", "1"]).args(second);
        let output = command.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(errors(&said).len(), 1, "{said}");
        errors(&said)[0].clone()
    };
    let own = [ZOO, "train", "tiny.json", "-q"];
    let with = |setting| -> Vec<&str> { own.into_iter().chain(["--set", setting]).collect() };
    let error = refused(&own, &with("optimizer.sgd.momentum=0.5"));
    assert!(error.contains("has another `optimizer.sgd.momentum` in its config"), "{error}");
    let error = refused(&own, &with("data.sea.seed=7"));
    assert!(error.contains("rank 1 on "), "{error}");
    let plain = ["-x", "ZOO_KERNELS_SIMD=plain", ZOO, "train", "tiny.json", "-q"];
    let error = refused(&own, &plain);
    assert!(error.contains("has other vector instructions (see ZOO_KERNELS_SIMD)"), "{error}");
    fs::copy(ZOO, zoo.path("other")).unwrap();
    let mut program = fs::OpenOptions::new().append(true).open(zoo.path("other")).unwrap();
    std::io::Write::write_all(&mut program, b"\n").unwrap();
    drop(program);
    let error = refused(&own, &["./other", "train", "tiny.json", "-q"]);
    assert!(error.contains("has another build of zoo"), "{error}");
    // A rank that cannot even read its config ends the others, and is named.
    let error = refused(&own, &[ZOO, "train", "none.json", "-q"]);
    assert!(error.starts_with("error: rank 1 on "), "{error}");
    assert!(error.contains("none.json"), "{error}");
    assert!(!zoo.path("runs").exists());
}
