//! Which ONNX files are written and which are refused, and what lies beside them.

mod harness;

use std::fs;

use harness::{Zoo, weights::fixture};
use serde_json::{Value as Json, json};

/// A network of `scripts/onnx_fixtures.py`.
fn weights(network: &str) -> String {
    fixture(&format!("../onnx/{network}.safetensors"))
}

#[test]
fn a_setting_that_cannot_be_had_is_refused_by_name() {
    let zoo = Zoo::new();
    let (cnn, vit) = (weights("cnn"), weights("vit"));
    let refused = |args: &str, weights: &str, message: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        let said = zoo.refused(&[&["export", weights], &args[..]].concat());
        assert!(said.starts_with(&format!("error: {message}")), "{args:?}: {said}");
        assert_eq!(fs::read_dir(zoo.path("")).unwrap().count(), 0);
    };
    for flag in ["--raw", "--any-size", "--f16", "--fold", "--opset 18"] {
        let name = flag.split(' ').next().unwrap();
        let message = format!("{name}: only an ONNX file has this; add --format onnx\n");
        refused(&format!("{flag} --out a.safetensors"), &cnn, &message);
    }
    refused(
        "--format onnx --layout zoo --out a.onnx",
        &cnn,
        "--layout zoo: only a safetensors file has tensor names of a library; leave out --layout or \
         --format onnx\n",
    );
    refused(
        "--format onnx --fold --out a.onnx",
        &vit,
        "--fold: this network of kind `vit` has no batch normalisation that follows a convolution\n",
    );
    for network in ["cnn-plain", "alexnet"] {
        let kind = network.split('-').next().unwrap();
        refused(
            "--format onnx --fold --out a.onnx",
            &weights(network),
            &format!("--fold: this network of kind `{kind}` has no batch normalisation"),
        );
    }
    refused(
        "--format onnx --opset 16 --out a.onnx",
        &cnn,
        "invalid value '16' for '--opset <N>': 16 is not in 17..=22\n",
    );
    refused(
        "--format onnx --raw --any-size --out a.onnx",
        &cnn,
        "the argument '--raw' cannot be used with '--any-size'\n",
    );
    refused(
        "--format onxx --out a.onnx",
        &cnn,
        "invalid value 'onxx' for '--format <NAME>'\n  [possible values: safetensors, onnx]\n",
    );
    refused(
        "--format onnx --out nowhere/a.onnx",
        &cnn,
        "nowhere/a.onnx: there is no folder nowhere\n",
    );
}

/// The network with its last number, one of `stages.1.block.norm.running_var`, replaced.
fn spoilt(zoo: &Zoo, network: &str, number: f32) {
    let mut bytes = fs::read(weights(network)).unwrap();
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&number.to_le_bytes());
    fs::write(zoo.path("net.safetensors"), bytes).unwrap();
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let zoo = Zoo::new();
    let export = ["export", "net.safetensors", "--format", "onnx", "--out", "a.onnx"];
    for number in [f32::NAN, f32::INFINITY] {
        spoilt(&zoo, "cnn", number);
        let expected = format!(
            "error: net.safetensors: `stages.1.block.norm.running_var` holds {number}, with which no \
             network gives an answer\n"
        );
        assert_eq!(zoo.refused(&export), expected);
        assert!(!zoo.path("a.onnx").exists());
    }
    spoilt(&zoo, "vit-mean", 1e6);
    let said = zoo.refused(&[&export[..], &["--f16"]].concat());
    assert_eq!(
        said,
        "error: net.safetensors: `position_embedding` holds 1000000: half precision ends at 65504; leave \
         out --f16\n"
    );
    zoo.ok(&export);
}

#[test]
fn nothing_else_is_written_over() {
    let zoo = Zoo::new();
    let cnn = weights("cnn");
    let export = |out: &str| {
        vec!["export", "net.safetensors", "--format", "onnx", "--out"]
            .into_iter()
            .map(String::from)
            .chain([String::from(out)])
            .collect::<Vec<_>>()
    };
    fs::copy(&cnn, zoo.path("net.safetensors")).unwrap();
    let refused = |out: &str, message: &str| {
        let args = export(out);
        let said = zoo.refused(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(said, format!("error: {message}\n"));
    };
    zoo.write("notes.onnx", "mine");
    zoo.write("b.onnx.data", "mine");
    zoo.write("config.json", "{}");
    let there = "is there already and not written by this command: choose another file by --out";
    refused("notes.onnx", &format!("notes.onnx: {there}"));
    refused("b.onnx", &format!("b.onnx.data: {there}"));
    refused("net.safetensors", "net.safetensors: is what is read: choose another file by --out");
    refused(
        "a.onnx",
        "config.json: is there already and not written with a.onnx: choose another folder by --out",
    );
    assert_eq!(zoo.read("notes.onnx"), "mine");
    assert!(!zoo.path("a.onnx").exists());
    // What was written before is written again, and another form beside it.
    fs::create_dir(zoo.path("out")).unwrap();
    let args = export("out/a.onnx");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(zoo.ok(&args), "out/a.onnx\nout/config.json\n");
    assert_eq!(zoo.ok(&args), "out/a.onnx\n");
    let other = export("out/small.onnx");
    let other: Vec<&str> = other.iter().map(String::as_str).chain(["--f16"]).collect();
    assert_eq!(zoo.ok(&other), "out/small.onnx\n");
    // A file in another folder that is not of the same classes is another network's.
    let vit = weights("alexnet");
    fs::copy(vit, zoo.path("net.safetensors")).unwrap();
    zoo.ok(&args);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_nothing_half_written() {
    let zoo = Zoo::new();
    // /dev/full takes a file's opening and refuses every byte.
    std::os::unix::fs::symlink("/dev/full", zoo.path("a.onnx.part")).unwrap();
    let cnn = weights("cnn");
    let said = zoo.run(&["export", &cnn, "--format", "onnx", "--out", "a.onnx"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (1, "error: a.onnx: cannot write: No space left on device (os error 28)\n")
    );
    assert_eq!(fs::read_dir(zoo.path("")).unwrap().count(), 0);
}

#[test]
fn what_hugging_faces_tools_read_lies_beside() {
    let zoo = Zoo::new();
    for folder in ["cnn", "raw", "vit"] {
        fs::create_dir(zoo.path(folder)).unwrap();
    }
    let export = |network: &str, form: &[&str], out: &str| {
        let weights = weights(network);
        let args = ["export", &weights, "--format", "onnx", "--json", "-q", "--out", out];
        serde_json::from_str::<Json>(&zoo.ok(&[&args[..], form].concat())).unwrap()
    };
    let said = export("cnn", &[], "cnn/a.onnx");
    let files = json!(["cnn/a.onnx", "cnn/config.json"]);
    assert_eq!(said, json!({"format": "onnx", "opset": 17, "files": files, "notes": []}));
    let config = zoo.json("cnn/config.json");
    assert_eq!(config["burn-zoo"], json!({"weights": "a.onnx"}));
    assert_eq!((&config["image_size"], &config["num_channels"]), (&json!(16), &json!(3)));
    assert_eq!(config["id2label"]["3"], "shark");
    let said = export("cnn", &["--raw", "--opset", "20"], "raw/a.onnx");
    assert_eq!(said["opset"], 20);
    assert_eq!(
        said["notes"],
        json!([
            "transformers has no processor that prepares images so; by hand: the longer side to 16, bars of \
             the mean colour, CenterCrop(16), bilinear, Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4])"
        ])
    );
    export("vit", &[], "vit/whole.onnx");
    let said = export("vit", &["--raw"], "vit/a.onnx");
    assert_eq!(said["files"], json!(["vit/a.onnx", "vit/preprocessor_config.json"]));
    assert_eq!(zoo.json("vit/config.json")["model_type"], "vit");
    let processor = zoo.json("vit/preprocessor_config.json");
    assert_eq!(processor["image_processor_type"], "TimmWrapperImageProcessor");
}
