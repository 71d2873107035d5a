//! What the verbs print, and what they refuse, word for word.

mod harness;

use std::fs;

use harness::{Said, Zoo, tiny};
use serde_json::{Value, json};

#[test]
fn models_are_listed_with_the_published_counts() {
    let zoo = Zoo::new();
    let listed: Value = serde_json::from_str(&zoo.ok(&["models", "--json"])).unwrap();
    let row = |model: &str, preset: &str| {
        let rows = listed.as_array().unwrap();
        let row = rows.iter().find(|row| row["model"] == model && row["preset"] == preset);
        row.unwrap_or_else(|| panic!("{model} {preset} is not listed")).clone()
    };
    let parameters = |model: &str, preset: &str| row(model, preset)["parameters"].as_u64().unwrap();
    assert_eq!(parameters("alexnet", "torchvision"), 61_100_840);
    assert_eq!(parameters("alexnet", "paper"), 60_965_224);
    assert_eq!(parameters("resnet", "resnet18"), 11_689_512);
    assert_eq!(parameters("resnet", "resnet152"), 60_192_808);
    assert_eq!(parameters("vit", "tiny-16"), 5_717_416);
    assert_eq!(parameters("vit", "small-16"), 22_050_664);
    assert_eq!(parameters("vit", "base-16"), 86_567_656);
    assert_eq!(parameters("vit", "base-32"), 88_224_232);
    assert_eq!(parameters("vit", "large-16"), 304_326_632);
    assert_eq!(row("vit", "tiny-16")["input"], json!([3, 224, 224]));
    // Multiply-adds as torchvision's documentation has them, and timm's for the smallest.
    for (model, preset, expected) in [
        ("alexnet", "torchvision", 0.714e9),
        ("resnet", "resnet50", 4.089e9),
        ("vit", "base-16", 17.564e9),
        ("vit", "base-32", 4.409e9),
        ("vit", "tiny-16", 1.26e9),
    ] {
        let found = row(model, preset)["flops"].as_f64().unwrap() / 2.0;
        assert!((found / expected - 1.0).abs() < 0.01, "{model} {preset}: {found}");
    }

    let of_ten: Value =
        serde_json::from_str(&zoo.ok(&["models", "--json", "--classes", "10"])).unwrap();
    assert!(of_ten.as_array().unwrap().iter().any(|row| row["parameters"] == 57_044_810));
}

#[test]
fn backends_and_datasets_are_listed() {
    let zoo = Zoo::new();
    let listed = zoo.ok(&["backends"]);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    let known = "backend flex ndarray wgpu vulkan metal webgpu cuda rocm cpu tch remote";
    assert_eq!(names, known.split(' ').collect::<Vec<_>>());
    assert!(listed.contains("cuda     not in this build"), "{listed}");
    let backends: Value = serde_json::from_str(&zoo.ok(&["backends", "--json"])).unwrap();
    assert_eq!(backends[0]["backend"], "flex");
    assert_eq!(backends[0]["compiled"], true);
    let datasets: Value = serde_json::from_str(&zoo.ok(&["datasets", "--json"])).unwrap();
    let names: Vec<_> =
        datasets.as_array().unwrap().iter().map(|row| row["dataset"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["sea", "mnist", "fashion-mnist", "cifar10", "cifar100", "folder", "manifest"]
    );
}

#[test]
fn show_fills_in_every_default_and_shows_itself_again() {
    let zoo = Zoo::new();
    zoo.write("tiny.json", &tiny(json!({"vit": {}})).to_string());
    let shown = zoo.ok(&["config", "show", "tiny.json", "--set", "train.epochs=3"]);
    let config: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        config["train"],
        json!({
            "epochs": 3,
            "accumulate": 1,
            "precision": "f32",
            "gradient_precision": "f32",
            "gradient_checkpointing": false,
            "validate_every": 1,
            "log_every": 2,
            "checkpoint": {"keep_last": 2, "keep_best": true}
        })
    );
    assert_eq!(config["model"]["vit"]["depth"], 6);
    assert_eq!(config["model"]["vit"].get("num_classes"), None);
    assert_eq!(config["optimizer"]["sgd"]["momentum"], 0.9);
    zoo.write("shown.json", &shown);
    assert_eq!(zoo.ok(&["config", "show", "shown.json"]), shown);
}

/// A mistake in a config: its text with the mistake, and what is said about it.
#[test]
fn mistakes_in_a_config_are_told_with_their_place_and_the_nearest_right_word() {
    let config = |line: &str| {
        format!(
            "{{\n  \"data\": {{\"sea\": {{}}}},\n  \"model\": {{\"cnn\": {{}}}},\n  {line}\n}}\n"
        )
    };
    let cases = [
        (
            config(r#""optimiser": {}"#),
            "error: bad.json:4:13: unknown key `optimiser`, did you mean `optimizer`? Known: $schema, \
             about, seed, backend, data, augment, mix, loader, model, pretrained, fine_tune, loss, optimizer, parameter_groups, schedule, train, metrics.\n",
        ),
        (
            config(r#""train": {"epochs": "ten"}"#),
            "error: bad.json:4:27: invalid type: string \"ten\", expected usize\n",
        ),
        (
            config(r#""train": {"epochs": 0}"#),
            "error: config, `train`: `epochs`: expected at least 1, found 0\n",
        ),
        (
            config(r#""loader": {"batch_size": 0}"#),
            "error: config, `loader`: `batch_size`: expected 1 to 1048576, found 0\n",
        ),
        (
            config(r#""backend": "flx""#),
            "error: unknown backend `flx`, did you mean `flex`? Known: flex, ndarray, wgpu, vulkan, metal, \
             webgpu, cuda, rocm, cpu, tch, remote.\n",
        ),
        (
            String::from("{\n  \"data\": {\"sea\": {}},\n  \"model\": {\"vitt\": {}}\n}"),
            "error: bad.json:3:18: unknown name `vitt`, did you mean `vit`? Known: cnn, alexnet, resnet, vit.\n",
        ),
        (
            String::from("{\n  \"data\": {\"see\": {}}\n}"),
            "error: bad.json:2:16: unknown name `see`, did you mean `sea`? Known: sea, mnist, \
             fashion-mnist, cifar10, cifar100, folder, manifest.\n",
        ),
        (String::from("{"), "error: bad.json:1:1: EOF while parsing an object\n"),
    ];
    let zoo = Zoo::new();
    for (text, error) in cases {
        zoo.write("bad.json", &text);
        assert_eq!(zoo.refused(&["config", "check", "bad.json"]), error);
        assert_eq!(zoo.refused(&["train", "bad.json"]), error);
    }
    assert!(!zoo.path("runs").exists());
}

#[test]
fn what_does_not_fit_the_data_is_refused_before_training() {
    let zoo = Zoo::new();
    zoo.write("tiny.json", &tiny(json!({"cnn": {}})).to_string());
    let refused = |sets: &[&str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let args: Vec<&str> = ["train", "tiny.json"].into_iter().chain(sets).collect();
        zoo.refused(&args)
    };
    assert_eq!(
        refused(&["model.cnn.num_classes=12"]),
        "error: config, `model`: `num_classes` is 12, but the data has 10; leave it out to use the data's\n"
    );
    let error = refused(&["model.alexnet.preset=torchvision", "data.sea.preprocess.image_size=48"]);
    assert!(error.starts_with("error: config, `model`: ") && error.contains("63"), "{error}");
    assert_eq!(
        refused(&["schedule.cosine.warmup={\"epochs\": 5}"]),
        "error: config, `schedule`: `warmup` takes 15 steps, but the schedule has 6; shorten it, or give it \
         as a fraction\n"
    );
    assert_eq!(
        refused(&["train.epochs"]),
        "error: --set train.epochs: expected KEY.PATH=VALUE, as in train.epochs=5\n"
    );
    assert_eq!(refused(&["data.folder.root=nowhere"]).lines().count(), 1);
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "--backend", "flex:3"]),
        "error: backend `flex:3`: no such device, 1 found on this machine\n"
    );
    assert!(!zoo.path("runs").exists());
}

#[test]
fn what_is_not_there_is_named() {
    let zoo = Zoo::new();
    let missing = "No such file or directory (os error 2)";
    assert_eq!(zoo.refused(&["train", "none.json"]), format!("error: none.json: {missing}\n"));
    assert_eq!(zoo.refused(&["evaluate", "runs/none"]), "error: runs/none: no such run\n");
    fs::create_dir(zoo.path("empty")).unwrap();
    assert_eq!(
        zoo.refused(&["predict", "empty", "x.png"]),
        "error: empty: is not a run directory: it contains no config.json\n"
    );
    zoo.write("weights.safetensors", "short");
    assert_eq!(
        zoo.refused(&["predict", "weights.safetensors", "x.png"]),
        "error: weights.safetensors: is not a safetensors file: too short\n"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_batch_that_does_not_fit_the_memory_is_refused() {
    let zoo = Zoo::new();
    let error = zoo.refused(&["bench", "cnn-32", "--batch", "1000000", "--what", "train", "-q"]);
    let start =
        "error: config, `loader.batch_size`: a batch of 1000000 images does not fit into the ";
    assert!(error.starts_with(start), "{error}");
    assert!(error.ends_with(" would fit\n"), "{error}");
    // Nothing is opened or run for one that is far from it.
    let said =
        zoo.run(&["bench", "cnn-32", "--batch", "1", "--what", "train", "--steps", "1", "-q"]);
    assert_eq!(said.code, 0, "{said:?}");
}

#[test]
fn a_network_that_bench_has_dumped_can_predict() {
    let zoo = Zoo::new();
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sea.png");
    let case = "resnet-18-224";
    zoo.ok(&[
        "bench", case, "--what", "infer", "--batch", "1", "--steps", "1", "--dump", ".", "-q",
    ]);
    let said = zoo.ok(&["predict", "resnet-18-224/model.safetensors", image, "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let best = &said[0]["predictions"][0];
    // Of 1000 classes, where the drawn images have ten: their numbers are their names.
    assert_eq!(best["class"], best["label"].to_string());
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let zoo = Zoo::new();
    zoo.write("tiny.json", &tiny(json!({"cnn": {}})).to_string());
    zoo.write("file", "");
    let error = zoo.refused(&["train", "tiny.json", "--run-dir", "file/run"]);
    assert!(error.starts_with("error: file/run: "), "{error}");
    if cfg!(target_os = "linux") {
        // The kernel's own folder takes no files, whoever asks.
        let error = zoo.refused(&["train", "tiny.json", "--run-dir", "/proc/zoo-run"]);
        assert!(error.starts_with("error: /proc/zoo-run: "), "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let zoo = Zoo::new();
    // /dev/full takes a file's opening and refuses every byte.
    std::os::unix::fs::symlink("/dev/full", zoo.path("sheet.png")).unwrap();
    zoo.write("tiny.json", &tiny(json!({"cnn": {}})).to_string());
    let said = zoo.run(&["augment", "tiny.json", "--out", "sheet.png"]);
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
}

#[test]
fn a_wrong_flag_names_the_right_one() {
    let Said { code, stderr, .. } = Zoo::new().run(&["train", "x.json", "--run-dri", "y"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("a similar argument exists: '--run-dir'"), "{stderr}");
}

#[test]
fn predictions_keep_their_columns_whatever_an_image_is_called() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"cnn": {"widths": [4], "hidden": 0}}));
    config["data"]["sea"]["classes"] = json!(["whale", "dolphin"]);
    zoo.write("tiny.json", &config.to_string());
    let said = zoo.ok(&["train", "tiny.json", "-q"]);
    // Of two classes, both are among the five most probable.
    assert!(said.contains("test: accuracy ") && !said.contains("top-"), "{said}");
    zoo.photos("photos", &["plain", "two\nlines", "蜜蜂"], 1);
    let said = zoo.ok(&["predict", "runs/tiny", "photos", "-q", "--top-k", "2"]);
    let lines: Vec<&str> = said.lines().collect();
    let starts =
        ["photos/plain/0.png       ", "photos/two\\nlines/0.png  ", "photos/蜜蜂/0.png        "];
    assert_eq!(lines.len(), starts.len(), "{said}");
    for (line, start) in lines.iter().zip(starts) {
        let rest = line.strip_prefix(start).unwrap_or_else(|| panic!("{said}"));
        assert!(rest.starts_with("whale") || rest.starts_with("dolphin"), "{said}");
    }
}
