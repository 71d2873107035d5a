//! Mixed precision: what a run in bf16 promises, and what is refused.

mod harness;

use std::fs;

use harness::{Zoo, small_cnn, tiny, tiny_models, weights::fixture};
use serde_json::{Value, json};

#[test]
fn what_cannot_be_computed_in_is_refused() {
    let zoo = Zoo::new();
    let mut config = tiny(small_cnn());
    zoo.write_config(&config);
    let of_flag = |name: &str| zoo.refused(&["train", "tiny.json", "--precision", name]);
    let unknown = of_flag("bf61");
    assert!(
        unknown.contains("unknown precision `bf61`, did you mean `bf16`? Known: f32, bf16."),
        "{unknown}"
    );
    let half = of_flag("f16");
    assert!(
        half.contains("the precision `f16` is not supported: on a CPU it is no faster than `bf16`"),
        "{half}"
    );
    let set = ["train", "tiny.json", "--set", "train.precision=bf61"];
    assert!(zoo.refused(&set).contains("did you mean `bf16`?"));
    config["train"]["precision"] = json!("f16");
    zoo.write("half.json", &serde_json::to_string_pretty(&config).unwrap());
    let told = zoo.refused(&["train", "half.json"]);
    assert!(
        told.starts_with("error: half.json:") && told.contains("`f16` is not supported"),
        "{told}"
    );
    if cfg!(feature = "ndarray") {
        for verb in [&["train", "tiny.json"][..], &["bench", "tiny.json"]] {
            let args = [verb, &["--backend", "ndarray", "--precision", "bf16", "-q"]].concat();
            assert_eq!(
                zoo.refused(&args),
                "error: backend `ndarray`: this device does not compute in bf16; use --precision f32 or --backend flex\n"
            );
        }
    }
}

#[test]
fn a_run_in_bf16_is_one_to_every_verb() {
    let zoo = Zoo::new();
    let mut config = tiny(small_cnn());
    config["train"]["checkpoint"] = json!({"every_steps": 2, "keep_last": 9});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q", "--precision", "bf16"]);
    zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "wide"]);
    assert_eq!(zoo.json("runs/tiny/config.json")["train"]["precision"], "bf16");
    assert_eq!(zoo.json("runs/tiny/manifest.json")["precision"], "bf16");
    assert_eq!(zoo.json("wide/manifest.json")["precision"], "f32");
    let backends: Value = serde_json::from_str(&zoo.ok(&["backends", "--json"])).unwrap();
    let instructions = &backends[0]["bf16"];
    assert_eq!(&zoo.json("runs/tiny/manifest.json")["instructions"], instructions);
    assert_eq!(zoo.json("wide/manifest.json")["instructions"], Value::Null);
    assert_ne!(zoo.weight_hash("runs/tiny"), zoo.weight_hash("wide"));

    // The run's precision is that of its figures, unless another is asked for.
    let loss = |args: &[&str]| -> Value {
        let args = [&["evaluate", "runs/tiny", "--json", "-q"], args].concat();
        serde_json::from_str::<Value>(&zoo.ok(&args)).unwrap()["loss"].take()
    };
    let reported = &zoo.json("runs/tiny/report.json")["loss"];
    assert_eq!(&loss(&[]), reported);
    assert_ne!(&loss(&["--precision", "f32"]), reported);

    zoo.photos("photos", &["one"], 1);
    let logits = |args: &[&str]| -> Value {
        let args =
            [&["predict", "runs/tiny", "photos/one/0.png", "--json", "--logits", "-q"], args]
                .concat();
        serde_json::from_str::<Value>(&zoo.ok(&args)).unwrap()[0]["logits"].take()
    };
    assert_eq!(logits(&[]), logits(&["--precision", "bf16"]));
    assert_ne!(logits(&[]), logits(&["--precision", "f32"]));
    zoo.ok(&["explain", "runs/tiny", "photos/one/0.png", "--precision", "bf16", "-q"]);
    let features = ["features", "runs/tiny", "photos/one/0.png", "--out"];
    zoo.ok(&[&features[..], &["narrow.csv", "-q"]].concat());
    zoo.ok(&[&features[..], &["wide.csv", "--precision", "f32", "-q"]].concat());
    assert_ne!(zoo.read("narrow.csv"), zoo.read("wide.csv"));
    let rows: Value = serde_json::from_str(&zoo.ok(&[
        "bench",
        "tiny.json",
        "--what",
        "infer",
        "--steps",
        "1",
        "--precision",
        "bf16",
        "--json",
        "-q",
    ]))
    .unwrap();
    assert_eq!(rows[0]["precision"], "bf16");
    assert_eq!(&rows[0]["instructions"], instructions);
    zoo.ok(&[
        "parity",
        "tiny.json",
        "--backend",
        "flex,flex",
        "--steps",
        "2",
        "--precision",
        "bf16",
        "-q",
    ]);

    fs::remove_file(zoo.path("runs/tiny/report.json")).unwrap();
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q", "--resume"]),
        "error: runs/tiny: was started with another `train.precision`: resume with the same, or start over with --force\n"
    );
}

#[test]
fn a_run_in_bf16_does_not_depend_on_threads_and_resumes_exactly() {
    for (name, model) in tiny_models() {
        let zoo = Zoo::new();
        let mut config = tiny(model);
        config["train"]["precision"] = json!("bf16");
        config["train"]["checkpoint"] = json!({"every_steps": 2, "keep_last": 9});
        zoo.write_config(&config);
        for threads in ["1", "2", "7"] {
            zoo.ok(&["train", "tiny.json", "-q", "--run-dir", threads, "--threads", threads]);
            assert_eq!(
                zoo.weight_hash(threads),
                zoo.weight_hash("1"),
                "{name} with {threads} threads"
            );
        }
        let losses = |run: &str| zoo.json(&format!("{run}/report.json"))["loss"].clone();
        fs::remove_file(zoo.path("2/report.json")).unwrap();
        for later in 3..=6 {
            let _ = fs::remove_dir_all(zoo.path(&format!("2/checkpoints/step-{later}")));
        }
        zoo.ok(&["train", "tiny.json", "-q", "--run-dir", "2", "--resume"]);
        assert_eq!(zoo.weight_hash("2"), zoo.weight_hash("1"), "{name}");
        assert_eq!(losses("2"), losses("1"), "{name}");
    }
}

#[test]
fn without_instructions_for_it_bf16_means_the_same_and_says_so() {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    let train = |level: &str| {
        let args = ["train", "tiny.json", "--precision", "bf16", "--run-dir", level];
        let said = zoo.run_with(&args, &[("ZOO_KERNELS_SIMD", level)]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(said.stderr.contains("note: bf16 is emulated:"), "{}", said.stderr);
        zoo.json(&format!("{level}/report.json"))["loss"].as_f64().unwrap()
    };
    let (wide, narrow) = (train("avx512"), train("plain"));
    zoo.ok(&["train", "tiny.json", "-q", "--precision", "bf16"]);
    let best = zoo.json("runs/tiny/report.json")["loss"].as_f64().unwrap();
    assert!((wide - best).abs() < 2e-3 && (narrow - best).abs() < 2e-3, "{wide} {narrow} {best}");
}

/// The networks that `scripts/onnx_fixtures.py` has run, with every switch of every model.
#[test]
fn logits_in_bf16_are_near_those_of_onnx_runtime_in_f32() {
    let zoo = Zoo::new();
    let folder = fixture("../onnx");
    let pictures: Vec<String> = (0..5).map(|index| format!("{folder}/{index}.png")).collect();
    let (mut networks, mut nearest) = (0, f64::MAX);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let forms: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let weights = path.with_extension("safetensors");
        let mut args = vec!["predict", weights.to_str().unwrap()];
        args.extend(["--precision", "bf16", "--json", "--logits", "-q"]);
        args.extend(pictures.iter().map(String::as_str));
        let said: Value = serde_json::from_str(&zoo.ok(&args)).unwrap();
        let numbers = |row: &Value| -> Vec<f64> { serde_json::from_value(row.clone()).unwrap() };
        let found = said.as_array().unwrap().iter().flat_map(|image| numbers(&image["logits"]));
        let expected = forms[0]["logits"]["onnxruntime"].as_array().unwrap();
        let expected: Vec<f64> = expected.iter().flat_map(numbers).collect();
        let largest = expected.iter().copied().map(f64::abs).fold(0.0, f64::max);
        let found: Vec<f64> = found.collect();
        assert_eq!(found.len(), expected.len(), "{}", path.display());
        let off = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
        let off = off.fold(0.0, f64::max) / largest;
        assert!(off < 2e-2, "{}: off by {off:.1e}", path.display());
        (networks, nearest) = (networks + 1, nearest.min(off));
    }
    assert_eq!(networks, 23);
    // That of f32 would be nearer.
    assert!(nearest > 1e-4, "{nearest:.1e}");
}

/// AlexNet's linear layers are 234 MB of weights in f32. In bf16, they and what is packed of them take half of that each.
#[test]
fn inference_in_bf16_takes_no_more_memory_than_in_f32() {
    let zoo = Zoo::new();
    let row = |precision| {
        let args = ["bench", "alexnet-224", "--what", "infer", "--batch", "1", "--steps", "4"];
        let said = zoo.ok(&[&args[..], &["--precision", precision, "--json", "-q"]].concat());
        serde_json::from_str::<Value>(&said).unwrap()[0].take()
    };
    let (f32, bf16) = (row("f32"), row("bf16"));
    let peak = |row: &Value| row["peak_memory_bytes"].as_u64().map(|bytes| bytes >> 20);
    let (Some(least), Some(found)) = (peak(&f32), peak(&bf16)) else {
        eprintln!("skipped: this system does not report the memory of a process");
        return;
    };
    // Where no instructions multiply bf16, one layer at a time is widened.
    let more = if bf16["instructions"].is_string() { 24 } else { 96 };
    assert!(found < least + more, "{found} MB in bf16, {least} MB in f32");
}
