//! ONNX files are those which ONNX Runtime and OpenVINO ran, and compute what `zoo predict` does:
//! `scripts/onnx_fixtures.py` wrote the networks and the figures.

mod harness;

use std::{fs, path::Path};

use harness::{Zoo, weights::fixture};
use rten::{Model, Value};
use rten_tensor::prelude::*;
use serde_json::Value as Json;
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

/// Every network with every form in which it was exported.
fn cases() -> Vec<(String, Json)> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(fixture("../onnx")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let network = path.file_stem().unwrap().to_str().unwrap().to_string();
            let text = fs::read_to_string(&path).unwrap();
            let forms: Vec<Json> = serde_json::from_str(&text).unwrap();
            cases.extend(forms.into_iter().map(|form| (network.clone(), form)));
        }
    }
    assert!(cases.len() >= 47, "{} cases", cases.len());
    cases
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
    let (zoo, pictures) = (Zoo::new(), pictures());
    let mut wrong = Vec::new();
    for (network, case) in &cases() {
        let form: Vec<String> = serde_json::from_value(case["form"].clone()).unwrap();
        let name = format!("{network} {}", form.join(" "));
        let mut args = vec!["export", "--format", "onnx", "--out", "net.onnx", "-q"];
        let weights = weights(network);
        args.push(&weights);
        args.extend(form.iter().map(String::as_str));
        zoo.ok(&args);
        let file = zoo.path("net.onnx");
        if hash(&file) != case["sha256"].as_str().unwrap() {
            wrong.push(format!("{name}: another file, see scripts/onnx_fixtures.py"));
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
