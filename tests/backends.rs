//! Backends by flag: the same numbers whatever computes.
//!
//! What needs a GPU device runs where one answers, a software one included.

mod harness;

use harness::{Zoo, tiny};
use serde_json::{Value, json};

/// `zoo parity` of all built-in cases, each a row of JSON that passes.
fn parity(zoo: &Zoo, arguments: &[&str]) {
    let printed = zoo.ok(&[&["parity", "--json", "-q"], arguments].concat());
    let rows: Value = serde_json::from_str(&printed).unwrap();
    let rows = rows.as_array().unwrap();
    let cases: Vec<_> = rows.iter().map(|row| row["config"].as_str().unwrap()).collect();
    assert_eq!(cases, ["cnn", "cnn-residual", "alexnet", "resnet", "vit"]);
    for row in rows {
        assert_eq!(row["pass"], true, "{row:#}");
        assert_eq!(row["first_layer"], Value::Null, "{row:#}");
        // Two implementations that agree to the last bit would be one and the same.
        assert!(row["gradients"].as_f64().unwrap() > 0.0, "{row:#}");
    }
}

#[test]
fn ndarray_agrees_with_flex() {
    parity(&Zoo::new(), &["--backend", "flex,ndarray", "--steps", "3"]);
}

#[test]
fn wgpu_agrees_with_flex() {
    let zoo = Zoo::new();
    if zoo.has_wgpu() {
        parity(&zoo, &["--backend", "flex,wgpu"]);
    }
}

#[test]
fn wgpu_trains_evaluates_and_predicts() {
    let zoo = Zoo::new();
    if !zoo.has_wgpu() {
        return;
    }
    let mut config = tiny(json!({"cnn": {"widths": [8], "hidden": 0}}));
    config["backend"] = json!("wgpu");
    zoo.write("tiny.json", &config.to_string());
    let trained: Value =
        serde_json::from_str(&zoo.ok(&["train", "tiny.json", "--json", "-q"])).unwrap();
    assert!(zoo.json("runs/tiny/manifest.json")["backend"].as_str().unwrap().starts_with("wgpu"));
    // The weights go on as well on another backend.
    let accuracy = |backend: &str| {
        let printed = zoo.ok(&["evaluate", "runs/tiny", "--json", "-q", "--backend", backend]);
        serde_json::from_str::<Value>(&printed).unwrap()["accuracy"].clone()
    };
    assert_eq!(accuracy("wgpu"), trained["accuracy"]);
    assert_eq!(accuracy("flex"), trained["accuracy"]);
}

#[test]
fn a_software_gpu_refuses_batches_that_it_gets_wrong() {
    let zoo = Zoo::new();
    let listed = zoo.ok(&["backends"]);
    if !listed.contains("llvmpipe") {
        eprintln!("skipped: the wgpu device of this machine, if any, is not llvmpipe");
        return;
    }
    zoo.write("tiny.json", &tiny(json!({"cnn": {"widths": [8], "hidden": 0}})).to_string());
    let large = ["--backend", "wgpu", "--set", "loader.batch_size=300"];
    let refused = zoo.refused(&[&["train", "tiny.json", "-q"][..], &large].concat());
    assert!(refused.starts_with("error: backend `wgpu`: llvmpipe"), "{refused}");
    assert!(
        refused.ends_with(
            "sums over 300 images of 16 x 16 pixels would be wrong; use --backend flex, or a batch \
             of at most 128\n"
        ),
        "{refused}"
    );
}

#[test]
fn disagreement_is_told_with_exit_code_1() {
    let zoo = Zoo::new();
    // A learning rate at which rounding errors grow from step to step until nothing agrees.
    let mut config =
        tiny(json!({"vit": {"depth": 2, "embed_dim": 16, "num_heads": 2, "mlp_dim": 32}}));
    config["optimizer"] = json!({"adamw": {"learning_rate": 10.0}});
    zoo.write("wild.json", &config.to_string());
    let said =
        zoo.run(&["parity", "wild.json", "--backend", "flex,ndarray", "-q", "--steps", "20"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    assert_eq!(said.stderr, "error: 1 of 1 comparisons are outside the tolerances\n");
    assert!(said.stdout.contains("no, mostly in the gradient of "), "{}", said.stdout);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let zoo = Zoo::new();
    assert_eq!(
        zoo.refused(&["parity", "--backend", "flex"]),
        "error: --backend: expected at least two backends, as in --backend flex,wgpu\n"
    );
    assert_eq!(
        zoo.refused(&["parity", "cnm", "--backend", "flex,ndarray"]),
        "error: unknown case `cnm`, did you mean `cnn`? Known: cnn, cnn-residual, alexnet, resnet, vit. \
         Or give the path of a config.\n"
    );
    assert_eq!(
        zoo.refused(&["parity", "cnn", "--backend", "flex,ndarray", "--set", "seed=1"]),
        "error: --set seed=1: `cnn` is a built-in case, which has no config\n"
    );
    assert_eq!(
        zoo.refused(&["parity", "--backend", "flex,cuda"]),
        "error: backend `cuda` is not in this build, which has: flex, ndarray, wgpu. To add it: \
         cargo build --release --features cuda\n"
    );
}

#[test]
fn a_backend_without_a_device_says_so_at_once() {
    let zoo = Zoo::new();
    // By these variables drivers of Vulkan and OpenGL are found on Linux.
    let drivers = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES"];
    let said = zoo.run_with(
        &["parity", "cnn", "--backend", "flex,wgpu", "--steps", "1"],
        &drivers.map(|variable| (variable, "/none")),
    );
    if cfg!(target_os = "linux") {
        assert_eq!(said.code, 2, "{}", said.stderr);
        assert_eq!(
            said.stderr,
            "error: backend `wgpu`: no device found on this machine; it needs a graphics driver\n"
        );
    }
}
