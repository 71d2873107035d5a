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
            stdout: String::from("runs/tiny: finished already, nothing to do\n"),
            stderr: String::new()
        }
    );
    assert_eq!(
        zoo.refused(&["train", "tiny.json"]),
        "error: runs/tiny: already holds a run: go on with it by --resume, start over by --force, \
         or choose another folder by --run-dir\n"
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
        "error: runs/tiny: was started with another `optimizer.sgd.learning_rate`: resume with the same, \
         or start over by --force\n"
    );
    // What does not change the result may change.
    zoo.ok(&["train", "tiny.json", "-q", "--resume", "--set", "loader.workers=3"]);
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
        "warning: runs/tiny/checkpoints/step-6/model.bpk: is damaged: its checksum does not fit; \
         going on from the checkpoint before it\n"
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
        "error: runs/tiny/checkpoints/step-6: is of other images: start over by --force\n"
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
