//! Trainings that start from weights: what changes, what stays, and what is refused.

mod harness;

use std::fs;

use harness::{
    Zoo, tiny,
    weights::{Tensors, fixture, read},
};
use serde_json::{Value, json};

/// A small network with batch normalisation, trained for an epoch.
fn trained_cnn(zoo: &Zoo) -> Value {
    let config = tiny(json!({"cnn": {"widths": [4, 8], "hidden": 8, "dropout": 0.1}}));
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "first", "--set", "train.epochs=1", "-q"]);
    tiny(json!({"cnn": {}}))
}

/// The names of the tensors that are not what they were.
fn changed_from(before: &Tensors, after: &Tensors) -> Vec<String> {
    let names = before.iter().filter(|(name, tensor)| after[*name] != **tensor);
    names.map(|(name, _)| name.clone()).collect()
}

#[test]
fn what_is_frozen_stays_bit_for_bit() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first");
    // What is kept is then what the last epoch has left.
    config["train"]["validate_every"] = json!(2);
    let tune = |name: &str, fine_tune: Value| {
        let mut config = config.clone();
        config["fine_tune"] = fine_tune;
        zoo.write_config(&config);
        zoo.ok(&["train", "tiny.json", "--run-dir", name, "-q"]);
        read(zoo.path(&format!("{name}/model.safetensors")))
    };
    let before = read(zoo.path("first/model.safetensors"));
    let changed = |after: &Tensors| changed_from(&before, after);
    let head = tune("head", json!({"head": "new", "freeze": "all-but-head"}));
    assert_eq!(changed(&head), ["head.bias", "head.weight"]);
    let late = tune("late", json!({"freeze": {"up-to": "stages.1"}}));
    assert_eq!(changed(&late), ["fc1.bias", "fc1.weight", "head.bias", "head.weight"]);
    let thawed = json!({"freeze": "all-but-head", "thaw": [{"after_epochs": 1, "freeze": {"matching": ["norm"]}}]});
    let thawed = changed(&tune("thawed", thawed));
    assert!(thawed.contains(&String::from("stages.0.block.conv.weight")), "{thawed:?}");
    assert!(!thawed.iter().any(|name| name.contains("norm")), "{thawed:?}");
    let all = changed(&tune("all", json!({})));
    assert_eq!(all.len(), before.len(), "{all:?}");
}

#[test]
fn a_linear_probe_changes_the_head_alone() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first");
    config["fine_tune"] = json!({"head": "new", "method": "linear-probe"});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "probe", "-q"]);
    zoo.ok(&["train", "tiny.json", "--run-dir", "again", "-q"]);
    assert_eq!(zoo.weight_hash("probe"), zoo.weight_hash("again"));
    let before = read(zoo.path("first/model.safetensors"));
    assert_eq!(
        changed_from(&before, &read(zoo.path("probe/model.safetensors"))),
        ["head.bias", "head.weight"]
    );

    // On another backend the features are the same but for rounding.
    zoo.ok(&["train", "tiny.json", "--run-dir", "other", "--backend", "ndarray", "-q"]);
    let accuracy = |run: &str| zoo.json(&format!("{run}/report.json"))["accuracy"].clone();
    assert_eq!(accuracy("other"), accuracy("probe"));

    // A weaker penalty never fits the train images worse.
    let lines = zoo.read("probe/metrics.jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |split: &str, figure: &str| -> Vec<f64> {
        let lines = lines.iter().filter(|line| line["split"] == split);
        lines.map(|line| line[figure].as_f64().unwrap()).collect()
    };
    let losses = of("train", "loss");
    assert_eq!(losses.len(), 7);
    assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] + 1e-6), "{losses:?}");

    // What is kept gives what the fit has measured.
    let best = of("valid", "accuracy").into_iter().fold(0.0, f64::max);
    let said = zoo.ok(&["evaluate", "probe", "--split", "valid", "--json", "-q"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert!((report["accuracy"].as_f64().unwrap() - best).abs() < 1e-9, "{report}");
    assert_eq!(zoo.json("probe/report.json")["training"]["best_valid_accuracy"], best);
}

#[test]
fn lora_changes_hidden_matrices_and_the_head_alone() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first");
    config["fine_tune"] = json!({"method": {"lora": {"rank": 2}}});
    config["train"]["checkpoint"] = json!({"every_steps": 2});
    config["train"]["ema"] = json!({"decay": 0.5});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "whole", "-q"]);
    let before = read(zoo.path("first/model.safetensors"));
    let after = read(zoo.path("whole/model.safetensors"));
    assert_eq!(changed_from(&before, &after), ["fc1.weight", "head.bias", "head.weight"]);

    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "-q"]);
    fs::remove_file(zoo.path("part/report.json")).unwrap();
    fs::remove_dir_all(zoo.path("part/checkpoints/step-6")).unwrap();
    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "--resume", "-q"]);
    assert_eq!(zoo.weight_hash("whole"), zoo.weight_hash("part"));
    assert_eq!(after, read(zoo.path("part/model.safetensors")));
}

#[test]
fn methods_that_do_not_fit_are_refused() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first");
    let mut refused = |fine_tune: Value| {
        config["fine_tune"] = fine_tune;
        zoo.write_config(&config);
        let said = zoo.refused(&["train", "tiny.json", "--run-dir", "second"]);
        said.trim_end().strip_prefix("error: config, `fine_tune`: ").unwrap_or(&said).to_string()
    };
    assert_eq!(
        refused(json!({"method": "linear-probe"})),
        "`method`: `linear-probe` fits a new head: set `head` to `new`"
    );
    assert_eq!(
        refused(json!({"method": {"lora": {}}, "freeze": "all-but-head"})),
        "`freeze` and `thaw` work only with the method `train`: leave them out"
    );
    assert_eq!(
        refused(json!({"method": {"lora": {"rank": 0}}})),
        "`method.lora.rank` must be at least 1"
    );
    assert!(!zoo.path("second").exists());
}

#[test]
fn a_frozen_run_goes_on_as_it_would_have() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first/model.safetensors");
    config["fine_tune"] = json!({
        "head_learning_rate": 0.1,
        "freeze": "all-but-head",
        "thaw": [{"after_epochs": 1, "freeze": {"up-to": "stages.0"}}]
    });
    config["train"]["checkpoint"] = json!({"every_steps": 2});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "whole", "-q"]);
    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "-q"]);
    // As if it had been stopped within the second epoch.
    fs::remove_file(zoo.path("part/report.json")).unwrap();
    fs::remove_dir_all(zoo.path("part/checkpoints/step-6")).unwrap();
    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "--resume", "-q"]);
    assert_eq!(zoo.weight_hash("whole"), zoo.weight_hash("part"));
}

#[test]
fn weights_that_do_not_fit_the_config_are_refused() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    let refused = |zoo: &Zoo, config: &Value| {
        zoo.write_config(config);
        zoo.refused(&["train", "tiny.json", "--run-dir", "second"])
    };
    config["fine_tune"] = json!({"head": "new"});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: needs weights to start from: set `pretrained`\n"
    );
    config["pretrained"] = json!("frist");
    assert_eq!(refused(&zoo, &config), "error: frist: no such run\n");
    config["pretrained"] = json!("first");
    config["fine_tune"] = json!({"freeze": {"up-to": "stage.0"}});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: `freeze`: unknown layer `stage.0`, did you mean `stages.0`? Known: \
         stages.0, stages.1, fc1, head.\n"
    );
    config["fine_tune"] = json!({});
    config["model"] = json!({"vit": {}});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `model`: is `vit`, but the weights are of `cnn`\n"
    );
    config["model"] = json!({"cnn": {"widths": [4, 9]}});
    assert!(refused(&zoo, &config).starts_with("error: config, `pretrained`: has `"));
    config["model"] = json!({"vit": {}});
    let vit = fixture("hf-vit/model.safetensors");
    config["pretrained"] = json!(vit);
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: the weights have a head for 3 classes, but the data has 10: \
         for a new head, set `fine_tune.head` to `new`\n"
    );
    assert!(!zoo.path("second").exists());
}

#[test]
fn weights_of_another_library_are_trained_on() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"vit": {"drop_path": 0.1}}));
    config["pretrained"] = json!(fixture("hf-vit/model.safetensors"));
    config["fine_tune"] = json!({"head": "new"});
    config["train"]["epochs"] = json!(1);
    config["data"]["sea"]["preprocess"] = json!({"image_size": 24});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    let used = zoo.json("run/config.json");
    assert_eq!(used["model"]["vit"]["embed_dim"], 16);
    assert_eq!(used["model"]["vit"]["num_classes"], 10);
    assert_eq!(used["model"]["vit"]["drop_path"], 0.1);
    let figures = json!({"custom": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}});
    let normalize = &used["data"]["sea"]["preprocess"]["normalize"];
    let rounded = |value: &Value| (value.as_f64().unwrap() * 1e4).round() / 1e4;
    for key in ["mean", "std"] {
        let used = normalize["custom"][key].as_array().unwrap().iter().map(rounded);
        let wanted = figures["custom"][key].as_array().unwrap().iter().map(rounded);
        assert_eq!(used.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
}
