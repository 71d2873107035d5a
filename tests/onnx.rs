//! ONNX files: that they are those which ONNX Runtime and OpenVINO ran, that they compute what `zoo
//! predict` does, and what is refused. `scripts/onnx_check.py` wrote the networks and the figures.

mod harness;

use std::{fs, path::Path};

use harness::{Zoo, weights::fixture};
use rten::{Model, Value};
use rten_tensor::prelude::*;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use zoo_data::Image;

/// The operator that rten lacks.
const LACKING: &str = "LRN";

fn weights(network: &str) -> String {
    fixture(&format!("../onnx/{network}.safetensors"))
}

/// The five pictures of the fixtures, which have the networks' size.
fn pictures() -> Vec<String> {
    (0..5).map(|index| fixture(&format!("../onnx/{index}.png"))).collect()
}

/// Logits that `zoo predict` gives for images.
fn predicted(zoo: &Zoo, weights: &str, images: &[String]) -> Vec<Vec<f32>> {
    let mut args = vec!["predict", weights, "--json", "--logits", "-q"];
    args.extend(images.iter().map(String::as_str));
    let said: Json = serde_json::from_str(&zoo.ok(&args)).unwrap();
    let logits = |image: &Json| serde_json::from_value(image["logits"].clone()).unwrap();
    said.as_array().unwrap().iter().map(logits).collect()
}

/// Images of one size as a file with its preprocessing takes them.
fn bytes(images: &[String]) -> Value {
    let images: Vec<Image> = images.iter().map(|path| Image::open(path).unwrap()).collect();
    let shape = [images.len(), images[0].height(), images[0].width(), 3];
    let pixels: Vec<u8> = images.iter().flat_map(|image| image.pixels().to_vec()).collect();
    rten_tensor::Tensor::<u8>::from_data(&shape, pixels).into()
}

/// The same, normalised as the fixtures' networks in colour want it.
fn normalized(images: &[String]) -> Value {
    let (mean, std) = ([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]);
    let images: Vec<Image> = images.iter().map(|path| Image::open(path).unwrap()).collect();
    let shape = [images.len(), 3, images[0].height(), images[0].width()];
    let mut values = Vec::new();
    for image in &images {
        for channel in 0..3 {
            let bytes = image.pixels().iter().skip(channel).step_by(3);
            values.extend(
                bytes.map(|&byte| (f32::from(byte) / 255.0 - mean[channel]) / std[channel]),
            );
        }
    }
    rten_tensor::Tensor::<f32>::from_data(&shape, values).into()
}

/// What a file's output says of each image.
fn run(file: &Path, output: &str, images: Value) -> Vec<Vec<f32>> {
    let model = Model::load_file(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let output = model.node_id(output).unwrap();
    let input = model.input_ids()[0];
    let [values] = model.run_n(vec![(input, images.into())], [output], None).unwrap();
    let values: rten_tensor::NdTensor<f32, 2> = values.try_into().unwrap();
    let [images, classes] = values.shape();
    let row = |image| (0..classes).map(|class| values[[image, class]]).collect();
    (0..images).map(row).collect()
}

fn difference(found: &[Vec<f32>], expected: &[Vec<f32>]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().flatten().zip(expected.iter().flatten());
    pairs.map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max)
}

fn softmax(logits: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let row = |logits: &Vec<f32>| {
        let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
        logits.iter().map(|logit| logit.exp() / sum).collect()
    };
    logits.iter().map(row).collect()
}

/// The hash of a file but for its header, in which the version of zoo is.
fn hash(file: &Path) -> String {
    let bytes = fs::read(file).unwrap();
    assert_eq!(bytes[..12], *b"\x08\x08\x12\x08burn-zoo");
    let start = 12 + 2 + usize::from(bytes[13]);
    format!("{:x}", Sha256::digest(&bytes[start..]))
}

#[test]
fn every_switch_is_the_file_that_the_runtimes_ran() {
    let text = fs::read_to_string(fixture("../onnx/cases.json")).unwrap();
    let cases: Vec<Json> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 47);
    let (zoo, pictures) = (Zoo::new(), pictures());
    let mut wrong = Vec::new();
    for case in &cases {
        let network = case["network"].as_str().unwrap();
        let form: Vec<String> = serde_json::from_value(case["form"].clone()).unwrap();
        let name = format!("{network} {}", form.join(" "));
        let mut args = vec!["export", "--format", "onnx", "--out", "net.onnx", "-q"];
        let weights = weights(network);
        args.push(&weights);
        args.extend(form.iter().map(String::as_str));
        zoo.ok(&args);
        let file = zoo.path("net.onnx");
        if hash(&file) != case["sha256"].as_str().unwrap() {
            wrong.push(format!("{name}: another file, see scripts/onnx_check.py --write"));
        }
        let tolerance = if form.contains(&String::from("--f16")) { 1e-2 } else { 1e-4 };
        let mut compare = |what: &str, found: &[Vec<f32>], expected: &[Vec<f32>]| {
            let difference = difference(found, expected);
            if difference.is_nan() || difference > tolerance {
                wrong.push(format!("{name}: {what} off by {difference:.1e}"));
            }
        };
        let ours = predicted(&zoo, &weights, &pictures);
        for runtime in ["onnxruntime", "openvino"] {
            let theirs: Vec<Vec<f32>> =
                serde_json::from_value(case["logits"][runtime].clone()).unwrap();
            compare(runtime, &theirs, &ours);
        }
        if network == "alexnet-paper" {
            let bytes = fs::read(&file).unwrap();
            let has_it = bytes.windows(LACKING.len()).any(|part| part == LACKING.as_bytes());
            assert!(has_it, "{name} without its {LACKING}");
            continue;
        }
        let is_raw = form.contains(&String::from("--raw"));
        if is_raw && network == "grey" {
            continue;
        }
        for count in [1, 5] {
            let images = &pictures[..count];
            let input = if is_raw { normalized(images) } else { bytes(images) };
            compare("rten", &run(&file, "logits", input), &ours[..count]);
            if !is_raw {
                let found = run(&file, "probabilities", bytes(images));
                compare("rten's probabilities", &found, &softmax(&ours[..count]));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Every way to bring an image to the network's size, on a wide and a tall one.
#[test]
fn images_of_any_size_are_prepared_inside() {
    let zoo = Zoo::new();
    let timm = fixture("timm-vit.safetensors");
    let photos = ["wide", "tall"].map(|name| fixture(&format!("../preprocess/{name}.png")));
    let mut wrong = Vec::new();
    for resize in ["crop", "letterbox", "squish"] {
        for interpolation in ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] {
            for ratio in ["1", "0.7"] {
                let how =
                    ["--resize", resize, "--interpolation", interpolation, "--crop-ratio", ratio];
                let figures = ["--mean", "0.4,0.5,0.6", "--std", "0.2,0.3,0.4"];
                let import =
                    ["import", &timm, "--num-heads", "2", "--out", "net.safetensors", "-q"];
                zoo.ok(&[&import[..], &figures, &how].concat());
                let export = ["export", "net.safetensors", "--format", "onnx", "--any-size", "-q"];
                fs::create_dir_all(zoo.path("out")).unwrap();
                zoo.ok(&[&export[..], &["--out", "out/net.onnx"]].concat());
                let file = zoo.path("out/net.onnx");
                for photo in &photos {
                    let photo = std::slice::from_ref(photo);
                    let expected = softmax(&predicted(&zoo, "net.safetensors", photo));
                    let found = run(&file, "probabilities", bytes(photo));
                    let difference = difference(&found, &expected);
                    // Where the edge of a block falls on that of a pixel, rounding decides to which
                    // it belongs.
                    let tolerance = if interpolation == "box" { 2e-2 } else { 3e-3 };
                    if difference.is_nan() || difference > tolerance {
                        wrong.push(format!("{resize} {interpolation} {ratio}: {difference:.1e}"));
                    }
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
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
    export("vit", &["--raw"], "vit/a.onnx");
    assert_eq!(zoo.json("vit/config.json")["model_type"], "vit");
    let processor = zoo.json("vit/preprocessor_config.json");
    assert_eq!(processor["image_processor_type"], "TimmWrapperImageProcessor");
}
