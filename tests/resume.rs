//! Going on with a run from its checkpoints.

mod harness;

use std::fs;

use harness::{Said, Zoo, small_cnn, tiny, tiny_models};
use serde_json::{Value, json};

#[test]
fn a_stopped_run_goes_on_to_the_same_weights() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        let mut config = tiny(model);
        config["train"]["checkpoint"] = json!({"every_steps": 2, "keep_last": 9});
        // Steps of two batches, the third one of an epoch of a single short one.
        config["loader"]["batch_size"] = json!(20);
        config["train"]["accumulate"] = json!(2);
        config["train"]["ema"] = json!({});
        config["mix"] = json!({"mixup_alpha": 0.8, "cutmix_alpha": 1.0});
        config["parameter_groups"] = json!({"layer_decay": 0.9});
        zoo.write_config(&config);
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "whole"]);
        for step in [2, 3, 4] {
            // What a run killed after this step's checkpoint has on disk.
            let run = format!("from-{step}");
            zoo.copy("whole", &run);
            fs::remove_file(zoo.path(&format!("{run}/report.json"))).unwrap();
            for later in (step + 1)..=6 {
                let _ = fs::remove_dir_all(zoo.path(&format!("{run}/checkpoints/step-{later}")));
            }
            zoo.ok(&["train", "tiny.json", "-q", "--run-dir", &run, "--resume"]);
            assert_eq!(zoo.weight_hash(&run), zoo.weight_hash("whole"), "{name} from step {step}");
            let metrics = |run: &str| {
                let lines = zoo.read(&format!("{run}/metrics.jsonl"));
                let valid = lines.lines().filter(|line| line.contains("\"valid\""));
                let loss =
                    |line: &str| serde_json::from_str::<Value>(line).unwrap()["loss"].clone();
                (lines.lines().count(), valid.map(loss).collect::<Vec<Value>>())
            };
            // The valid losses are those of the moving average.
            assert_eq!(metrics(&run), metrics("whole"), "{name} from step {step}");
        }
    }
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q"]);
    let before = zoo.read("runs/tiny/manifest.json");
    assert_eq!(
        zoo.run(&["train", "tiny.json", "--resume"]),
        Said {
            code: 0,
            stdout: String::from("runs/tiny: already finished, nothing to do\n"),
            stderr: String::new()
        }
    );
    assert_eq!(
        zoo.refused(&["train", "tiny.json"]),
        "error: runs/tiny: already contains a run: resume it with --resume, start over with \
         --force, or choose another folder with --run-dir\n"
    );
    assert_eq!(zoo.read("runs/tiny/manifest.json"), before);
    zoo.ok(&["train", "tiny.json", "-q", "--force"]);
    assert_ne!(zoo.read("runs/tiny/manifest.json"), before);
}

#[test]
fn another_config_does_not_resume() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(json!({"cnn": {"widths": [4], "hidden": 0}})));
    zoo.ok(&["train", "tiny.json", "-q"]);
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    let set = "optimizer.sgd.learning_rate=0.5";
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q", "--resume", "--set", set]),
        "error: runs/tiny: was started with another `optimizer.sgd.learning_rate`: resume with the \
         same, or start over with --force\n"
    );
    // What does not change the result may change.
    zoo.ok(&["train", "tiny.json", "-q", "--resume", "--set", "loader.workers=3"]);
}

/// A config that trains on the photos in the folder `photos`.
fn on_photos(model: Value) -> Value {
    let mut config = tiny(model);
    config["data"] = json!({"folder": {
        "root": "photos", "split": {"valid": 0.25}, "preprocess": {"image_size": 8}
    }});
    config["loader"]["batch_size"] = json!(4);
    config
}

/// Takes away what `run` has beyond its checkpoint before the last.
fn cut_short(zoo: &Zoo, run: &str) {
    fs::remove_file(zoo.path(&format!("{run}/report.json"))).unwrap();
    let checkpoints = zoo.path(&format!("{run}/checkpoints"));
    let names = fs::read_dir(&checkpoints).unwrap().map(|entry| entry.unwrap().file_name());
    let step = |name: &str| name.strip_prefix("step-").unwrap().parse::<usize>().unwrap();
    let last = names.map(|name| step(name.to_str().unwrap())).max().unwrap();
    fs::remove_dir_all(checkpoints.join(format!("step-{last}"))).unwrap();
}

#[test]
fn a_run_goes_on_where_its_images_lie_elsewhere() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 8);
    zoo.write_config(&on_photos(small_cnn()));
    zoo.ok(&["train", "tiny.json", "-q"]);
    let whole = zoo.weight_hash("runs/tiny");
    cut_short(&zoo, "runs/tiny");
    fs::create_dir(zoo.path("disk")).unwrap();
    fs::rename(zoo.path("photos"), zoo.path("disk/b")).unwrap();
    let sets = ["data.folder.root=disk/b", "data.folder.cache_mb=0", "loader.workers=0"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let resume: Vec<&str> =
        ["train", "tiny.json", "-q", "--resume"].into_iter().chain(sets).collect();
    zoo.ok(&resume);
    assert_eq!(zoo.weight_hash("runs/tiny"), whole);
    // What looks at the images later finds them where they are now.
    assert_eq!(zoo.json("runs/tiny/config.json")["data"]["folder"]["root"], "disk/b");
    // A finished run needs none of them.
    fs::rename(zoo.path("disk/b"), zoo.path("disk/c")).unwrap();
    let said = zoo.ok(&["train", "tiny.json", "--resume"]);
    assert_eq!(said, "runs/tiny: already finished, nothing to do\n");

    fs::rename(zoo.path("disk/c"), zoo.path("disk/b")).unwrap();
    cut_short(&zoo, "runs/tiny");
    fs::copy(zoo.path("disk/b/ant/0.png"), zoo.path("disk/b/ant/8.png")).unwrap();
    assert_eq!(
        zoo.refused(&resume),
        "error: runs/tiny: was started on other images: resume with the same, or start over with --force\n"
    );
}

#[test]
fn a_fine_tuning_goes_on_without_the_weights_that_it_began_with() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 8);
    let small = json!({"embed_dim": 8, "depth": 1, "num_heads": 2, "mlp_dim": 16, "patch_size": 4});
    let mut config = on_photos(json!({"vit": small}));
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "base"]);
    // The network and the size of images are those of the weights.
    config["model"] = json!({"vit": {"dropout": 0.1}});
    config["data"]["folder"].as_object_mut().unwrap().remove("preprocess");
    config["pretrained"] = json!("weights.safetensors");
    for (run, method) in [("trained", json!("train")), ("lora", json!({"lora": {"rank": 2}}))] {
        config["fine_tune"] = json!({"head": "new", "method": method});
        zoo.write_config(&config);
        fs::copy(zoo.path("base/model.safetensors"), zoo.path("weights.safetensors")).unwrap();
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run]);
        let whole = zoo.weight_hash(run);
        cut_short(&zoo, run);
        fs::remove_file(zoo.path("weights.safetensors")).unwrap();
        let refused = |set: &str| {
            zoo.refused(&["train", "tiny.json", "-q", "--run-dir", run, "--resume", "--set", set])
        };
        for (set, key) in [
            ("pretrained=others.safetensors", "pretrained"),
            ("model.vit.depth=2", "model.vit.depth"),
            ("data.folder.preprocess.image_size=16", "data.folder.preprocess.image_size"),
        ] {
            let expected = format!(
                "error: {run}: was started with another `{key}`: resume with the same, or start over with \
                 --force\n"
            );
            assert_eq!(refused(set), expected);
        }
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", run, "--resume"]);
        assert_eq!(zoo.weight_hash(run), whole, "{run}");

        // Without a checkpoint it begins anew, and needs them.
        cut_short(&zoo, run);
        fs::remove_dir_all(zoo.path(&format!("{run}/checkpoints"))).unwrap();
        let error = zoo.refused(&["train", "tiny.json", "-q", "--run-dir", run, "--resume"]);
        assert_eq!(error, "error: weights.safetensors: no such run\n");
    }
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_said() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    zoo.ok(&["train", "tiny.json", "-q"]);
    let whole = zoo.weight_hash("runs/tiny");
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    let model = zoo.path("runs/tiny/checkpoints/step-6/model.bpk");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    let said = zoo.run(&["train", "tiny.json", "-q", "--resume"]);
    assert_eq!(
        said.stderr,
        "warning: runs/tiny/checkpoints/step-6/model.bpk: is corrupt: its checksum does not match; \
         resuming from the checkpoint before it\n"
    );
    assert_eq!((said.code, zoo.weight_hash("runs/tiny")), (0, whole));
}

#[test]
fn another_runs_checkpoint_is_refused() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    zoo.ok(&["train", "tiny.json", "-q"]);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "other", "--set", "data.sea.seed=7"]);
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    fs::remove_dir_all(zoo.path("runs/tiny/checkpoints")).unwrap();
    zoo.copy("other/checkpoints", "runs/tiny/checkpoints");
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q", "--resume"]),
        "error: runs/tiny/checkpoints/step-6: belongs to other images: start over with --force\n"
    );
}

#[test]
fn every_optimizer_and_schedule_trains_and_goes_on() {
    let optimizers =
        ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adafactor", "lion", "lamb", "adan", "muon"];
    let schedules =
        ["constant", "step", "multi-step", "exponential", "cosine", "one-cycle", "polynomial"];
    for (index, optimizer) in optimizers.into_iter().enumerate() {
        let zoo = Zoo::new();
        let mut config = tiny(json!({"cnn": {"widths": [4], "hidden": 8}}));
        config["optimizer"] = json!({optimizer: {"weight_decay": 0.01}});
        config["schedule"] = json!({schedules[index % schedules.len()]: {}});
        zoo.write_config(&config);
        zoo.ok(&["train", "tiny.json", "-q"]);
        let whole = zoo.weight_hash("runs/tiny");
        fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
        fs::remove_dir_all(zoo.path("runs/tiny/checkpoints/step-6")).unwrap();
        zoo.ok(&["train", "tiny.json", "-q", "--resume"]);
        assert_eq!(zoo.weight_hash("runs/tiny"), whole, "{optimizer}");
    }
}

#[test]
fn going_on_needs_no_graphics_device() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    zoo.ok(&["train", "tiny.json", "-q"]);
    let whole = zoo.weight_hash("runs/tiny");
    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    fs::remove_dir_all(zoo.path("runs/tiny/checkpoints/step-6")).unwrap();
    // By these variables drivers of Vulkan and OpenGL are found on Linux.
    let drivers = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES"];
    let said = zoo.run_with(
        &["train", "tiny.json", "-q", "--resume"],
        &drivers.map(|variable| (variable, "/none")),
    );
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert_eq!(zoo.weight_hash("runs/tiny"), whole);
}
