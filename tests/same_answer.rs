//! What a network of another library answers here, to images of any size and shape, against what it
//! answers there by the library's own processor: `scripts/preprocess_fixtures.py` wrote the figures.

mod harness;

use harness::{
    Zoo,
    weights::{cases, changed, fixture, lay, write_files},
};
use serde_json::{Value, json};

/// A byte more or less in a few pixels, which the orders of sums in filters make.
const CLOSE: f64 = 3e-3;

/// Probabilities of the three classes for the two images of the fixtures.
fn probabilities(zoo: &Zoo, weights: &str) -> Vec<[f64; 3]> {
    let images = ["wide.png", "tall.png"].map(|name| fixture(&format!("../preprocess/{name}")));
    let args = ["predict", weights, &images[0], &images[1], "--json", "--top-k", "3", "-q"];
    let said: Value = serde_json::from_str(&zoo.ok(&args)).unwrap();
    let row = |image: &Value| {
        let mut row = [0.0; 3];
        for prediction in image["predictions"].as_array().unwrap() {
            let label = prediction["label"].as_u64().unwrap() as usize;
            row[label] = prediction["probability"].as_f64().unwrap();
        }
        row
    };
    said.as_array().unwrap().iter().map(row).collect()
}

fn difference(found: &[[f64; 3]], expected: &[[f64; 3]]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.as_flattened().iter().zip(expected.as_flattened());
    pairs.map(|(found, expected)| (found - expected).abs()).fold(0.0, f64::max)
}

#[test]
fn every_preprocessing_and_network_answers_as_in_its_library() {
    let cases = cases();
    assert_eq!(cases.len(), 48);
    let mut wrong = Vec::new();
    for case in &cases {
        let zoo = Zoo::new();
        let name = case["name"].as_str().unwrap();
        let without: Vec<String> = serde_json::from_value(case["without"].clone()).unwrap();
        let layout = case["layout"].as_str().unwrap();
        let (file, more): (String, &[&str]) = match layout {
            "torchvision" => (fixture("torchvision-vit.pth"), &["--num-heads", "2"]),
            _ => (lay(&zoo, name, layout, &without), &[]),
        };
        if layout != "torchvision" {
            write_files(&zoo, name, &case["files"]);
        }
        zoo.ok(&[&["import", &file, "--out", "ours.safetensors", "-q"], more].concat());
        let expected: Vec<[f64; 3]> = serde_json::from_value(case["answers"].clone()).unwrap();
        let difference = difference(&probabilities(&zoo, "ours.safetensors"), &expected);
        if difference > CLOSE {
            wrong.push(format!("{name}: {difference:.4}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn names_of_classes_are_taken_wherever_timm_has_them() {
    let zoo = Zoo::new();
    let named = |change: &dyn Fn(&mut Value)| {
        let (_, files) = changed("timm-center", |files| change(&mut files["config.json"]));
        let weights = lay(&zoo, "timm", "timm", &[]);
        write_files(&zoo, "timm", &files);
        zoo.ok(&["import", &weights, "--num-heads", "2", "--out", "ours.safetensors", "-q"]);
        let image = fixture("../preprocess/wide.png");
        let said = zoo.ok(&["predict", "ours.safetensors", &image, "--json", "-q"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        said[0]["predictions"][0]["class"].clone()
    };
    let names = json!(["ant", "bee", "wasp"]);
    assert_eq!(named(&|config| config["label_names"] = names.clone()), "bee");
    assert_eq!(named(&|config| config["pretrained_cfg"]["label_names"] = names.clone()), "bee");
    // The old form has everything in one place.
    assert_eq!(named(&|config| *config = json!({"architecture": "vit_x", "labels": names})), "bee");
}

#[test]
fn the_architecture_tells_heads_that_no_tensor_shows() {
    let zoo = Zoo::new();
    let (_, files) = changed("timm-center", |files| {
        let config = files["config.json"].as_object_mut().unwrap();
        config.insert("architecture".into(), json!("vit_huge_patch14_224"));
        config["model_args"].as_object_mut().unwrap().remove("num_heads");
    });
    let weights = lay(&zoo, "timm", "timm", &[]);
    write_files(&zoo, "timm", &files);
    zoo.ok(&["import", &weights, "--out", "ours.safetensors", "-q"]);
    zoo.ok(&["export", "ours.safetensors", "--layout", "hf", "--out", "model.safetensors", "-q"]);
    assert_eq!(zoo.json("config.json")["num_attention_heads"], 16);
}
