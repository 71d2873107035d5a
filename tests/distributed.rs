//! `zoo train` by several processes that MPI connects: the same weights, bit for bit, however many.
#![cfg(unix)]

mod harness;

use std::fs;

use harness::{
    Zoo,
    ranks::{ZOO, errors, failed, has_mpirun, left, mpirun, ok, recipe, text},
    tiny, tiny_models,
};
use serde_json::{Value, json};

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
fn gradients_in_bf16_are_the_same_on_any_number_of_ranks_and_half_as_long() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    // Large enough that gradients are most of what is sent.
    let config = recipe(json!({"cnn": {"widths": [8, 16], "hidden": 256, "dropout": 0.3}}));
    zoo.write_config(&config);
    let bytes = |run: &str| {
        let manifest = zoo.json(&format!("{run}/manifest.json"));
        let bytes = manifest["ranks"]["bytes_per_step"].as_array().unwrap().clone();
        bytes.iter().map(|bytes| bytes.as_f64().unwrap()).sum::<f64>()
    };
    let narrow = ["--set", "train.gradient_precision=bf16"];
    ok(&zoo, 2, &["--run-dir", "exact"]);
    ok(&zoo, 2, &[&["--run-dir", "narrow"], &narrow[..]].concat());
    let ratio = bytes("narrow") / bytes("exact");
    assert!((0.5..0.6).contains(&ratio), "{ratio}");
    zoo.ok(&[&["train", "tiny.json", "-q", "--run-dir", "alone"], &narrow[..]].concat());
    assert_eq!(zoo.weight_hash("alone"), zoo.weight_hash("narrow"));
    assert_ne!(zoo.weight_hash("alone"), zoo.weight_hash("exact"));
    fs::remove_dir_all(zoo.path("alone")).unwrap();
    let mut config = config;
    config["train"]["gradient_precision"] = json!("bf16");
    assert_the_same_on_all_ranks("bf16", &zoo, &config);
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

#[test]
fn an_evaluation_is_the_same_on_any_number_of_ranks() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    let mut config = recipe(tiny_models()[0].1.clone());
    // Seven batches, of which the last is short.
    config["data"]["sea"]["test"] = json!(67);
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q"]);
    let evaluate = ["evaluate", "runs/tiny", "--json", "-q", "--flip", "--out"];
    let report = |printed: &str| {
        let mut report: Value = serde_json::from_str(printed).unwrap();
        for time in ["seconds", "images_per_second"] {
            report.as_object_mut().unwrap().remove(time).unwrap();
        }
        report
    };
    let alone = report(&zoo.ok(&[&evaluate[..], &["alone"]].concat()));
    assert_eq!(alone["images"], json!(67));
    for ranks in 1..=4 {
        let out = format!("ranks-{ranks}");
        let output = mpirun(&zoo, ranks).arg(ZOO).args(evaluate).arg(&out).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        // One document, of the first rank.
        assert_eq!(report(&text(&output.stdout)), alone, "{ranks} ranks");
        for file in ["predictions.csv", "confusion.csv"] {
            assert_eq!(
                zoo.read(&format!("{out}/{file}")),
                zoo.read(&format!("alone/{file}")),
                "{file} of {ranks} ranks"
            );
        }
    }
}

#[test]
fn ranks_that_evaluate_other_weights_are_refused() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    zoo.write_config(&recipe(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "one"]);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "two"]);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "other", "--set", "train.epochs=1"]);
    fs::copy(zoo.path("other/model.safetensors"), zoo.path("two/model.safetensors")).unwrap();
    let mut command = mpirun(&zoo, 1);
    command.args([ZOO, "evaluate", "one", "-q", ":", "-n", "1", ZOO, "evaluate", "two", "-q"]);
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert_eq!(errors(&said).len(), 1, "{said}");
    assert!(errors(&said)[0].starts_with("error: rank 1 on "), "{said}");
    assert!(errors(&said)[0].ends_with(" has read other weights than rank 0"), "{said}");
}

#[test]
fn what_one_process_does_is_refused_to_several() {
    if !has_mpirun() {
        return;
    }
    let zoo = Zoo::new();
    let output = mpirun(&zoo, 3).args([ZOO, "predict", "runs/tiny", "image.png"]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert_eq!(
        errors(&said),
        [
            "error: mpirun: 3 processes were started, but each would do all that `zoo predict` does: start it \
          by itself; `zoo train` and `zoo evaluate` share their work"
        ]
    );
    // As the only process it is an ordinary one.
    let output = mpirun(&zoo, 1).args([ZOO, "models", "-q"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
