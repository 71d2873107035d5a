//! Features by the command line: as files, what they are worth, and the weights that give them.

mod harness;

use std::{
    fs,
    path::{Path, PathBuf},
};

use harness::{Zoo, weights::read};
use safetensors::SafeTensors;
use serde_json::{Value, json};

/// A fixture of `scripts/vit_fixtures.py`.
fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vit");
    folder.canonicalize().unwrap().join(name).to_str().unwrap().to_string()
}

/// Imports a fixture for images of 16 pixels, as `name.safetensors`.
fn imported(zoo: &Zoo, file: &str, name: &str) -> String {
    let out = format!("{name}.safetensors");
    zoo.ok(&[
        "import",
        &fixture(file),
        "--out",
        &out,
        "--num-heads",
        "2",
        "--image-size",
        "16",
        "-q",
    ]);
    out
}

#[test]
fn features_are_written_as_a_tensor_and_as_a_table() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 2);
    zoo.write("photos/broken.png", "no image");
    let weights = imported(&zoo, "timm-dinov2-registers.safetensors", "dino");
    let said = zoo.run(&["features", &weights, "photos", "--out", "f.safetensors", "-q"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.stdout, "f.safetensors: 16 features of 4 images\n");
    assert!(said.stderr.contains("photos/broken.png"), "{}", said.stderr);
    assert!(said.stderr.ends_with("error: 1 of 5 images cannot be read\n"), "{}", said.stderr);
    let bytes = fs::read(zoo.path("f.safetensors")).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let names = &metadata.metadata().as_ref().unwrap()["images"];
    let names: Vec<PathBuf> = serde_json::from_str(names).unwrap();
    let expected = ["photos/ant/0.png", "photos/ant/1.png", "photos/bee/0.png", "photos/bee/1.png"];
    assert_eq!(names, expected.map(PathBuf::from));
    let features = &read(zoo.path("f.safetensors"))["features"];
    assert_eq!(features.1, [4, 16]);
    let numbers: Vec<f32> =
        features.2.chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();

    // What was written before stays where nothing can be read now.
    let said =
        zoo.run(&["features", &weights, "photos/broken.png", "--out", "f.safetensors", "-q"]);
    let message = "error: 1 of 1 images cannot be read, so f.safetensors is not written\n";
    assert!(said.code == 1 && said.stderr.ends_with(message), "{}", said.stderr);
    assert_eq!(fs::read(zoo.path("f.safetensors")).unwrap(), bytes);

    fs::remove_file(zoo.path("photos/broken.png")).unwrap();
    let json = zoo.ok(&["features", &weights, "photos", "--out", "f.csv", "--json", "-q"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let expected = json!({"out": "f.csv", "images": 4, "features": 16, "unreadable": 0});
    assert_eq!(json, expected);
    let table = zoo.read("f.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..3], ["image", "feature_0", "feature_1"]);
    assert_eq!((rows.len(), rows[1][0]), (5, "photos/ant/0.png"));
    let written: Vec<f32> =
        rows[1..].iter().flat_map(|row| &row[1..]).map(|cell| cell.parse().unwrap()).collect();
    assert_eq!(written, numbers);

    // Of length 1 on request, and over what the verb has written itself.
    zoo.ok(&["features", &weights, "photos", "--out", "f.csv", "--normalize", "-q"]);
    let table = zoo.read("f.csv");
    for row in table.lines().skip(1) {
        let squares = row.split(',').skip(1).map(|cell| cell.parse::<f64>().unwrap().powi(2));
        assert!((squares.sum::<f64>() - 1.0).abs() < 1e-5, "{row}");
    }
}

#[test]
fn features_of_a_run_and_of_foreign_weights() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 2);
    zoo.write_config(&harness::tiny(harness::small_cnn()));
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q", "--set", "train.steps=1"]);
    let said = zoo.ok(&["features", "run", "photos", "--out", "run.csv", "-q"]);
    assert!(said.starts_with("run.csv: ") && said.ends_with(" features of 4 images\n"), "{said}");
    // Weights of another library are imported on the way; the note says what nothing told.
    let hf = fixture("hf-clip");
    let args = ["features", &hf, "photos", "--out", "clip.csv"];
    let said = zoo.run(&args);
    assert_eq!((said.code, said.stdout.as_str()), (0, "clip.csv: 8 features of 4 images\n"));
    assert!(
        said.stderr.contains("assumed: no head: the network gives 8 features"),
        "{}",
        said.stderr
    );
}

#[test]
fn what_features_cannot_be_written_to_or_read_from() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant"], 1);
    let weights = imported(&zoo, "timm-deit3.safetensors", "deit");
    assert_eq!(
        zoo.refused(&["features", &weights, "photos", "--out", "f.txt"]),
        "error: --out f.txt: expected a name that ends in .safetensors or .csv\n"
    );
    zoo.write("mine.csv", "name,age\n");
    let written = "is there already and not written by this command: choose another file by --out";
    assert_eq!(
        zoo.refused(&["features", &weights, "photos", "--out", "mine.csv"]),
        format!("error: mine.csv: {written}\n")
    );
    assert_eq!(
        zoo.refused(&["features", &weights, "photos", "--out", &weights]),
        format!("error: {weights}: {written}\n")
    );
    assert_eq!(
        zoo.refused(&["features", "nowhere.safetensors", "photos", "--out", "f.csv"]),
        "error: nowhere.safetensors: no such run, and no such file of weights\n"
    );
}

#[test]
fn a_probe_says_what_features_are_worth() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 10);
    let config = json!({
        "data": {"folder": {"root": "photos", "preprocess": {"image_size": 24}}},
        "loader": {"batch_size": 8},
        "model": {"vit": {"num_heads": 2, "pooling": "class-and-mean"}},
        "pretrained": fixture("timm-dinov2-registers.safetensors"),
        "fine_tune": {"method": "linear-probe", "head": "new"}
    });
    zoo.write_config(&config);
    let said = zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    assert!(said.contains("features alone, valid split: nearest centroid "), "{said}");
    let report = zoo.json("run/report.json");
    let features = &report["training"]["features"];
    for figure in ["nearest_centroid_accuracy", "knn_accuracy"] {
        assert!((0.0..=1.0).contains(&features[figure].as_f64().unwrap()), "{features}");
    }
    assert!(features["k"].as_u64().unwrap() <= 20);
    // The network of the weights, with the pooling that was asked for and its positions resized.
    let model = &zoo.json("run/config.json")["model"]["vit"];
    assert_eq!((&model["registers"], &model["class_position"]), (&json!(4), &json!(false)));
    assert_eq!((&model["pooling"], &model["image_size"]), (&json!("class-and-mean"), &json!(24)));
    zoo.ok(&["predict", "run", "photos", "-q"]);
    zoo.ok(&["explain", "run", "photos/ant/0.png", "--out", "explained", "-q"]);
    assert!(zoo.read("explained/index.html").contains("the 4 registers, which show nothing"));
}

#[test]
fn published_weights_are_listed() {
    let zoo = Zoo::new();
    let all: Value = serde_json::from_str(&zoo.ok(&["models", "--pretrained", "--json"])).unwrap();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 40, "{}", all.len());
    let dinov2 = all.iter().find(|line| line["name"] == "timm/vit_small_patch14_dinov2.lvd142m");
    assert_eq!(
        dinov2.unwrap(),
        &json!({
            "name": "timm/vit_small_patch14_dinov2.lvd142m",
            "model": "vit",
            "parameters": 22_056_192,
            "megabytes": 88,
            "image_size": 518,
            "licence": "Apache-2.0",
            "accuracy": {
                "value": "81.1 %",
                "task": "ImageNet-1k, linear probe",
                "source": "https://github.com/facebookresearch/dinov2"
            },
            "recipe": "probe-dinov2-folder",
            "commercial": true,
            "command": "zoo train probe-dinov2-folder --set \
                        pretrained=timm/vit_small_patch14_dinov2.lvd142m --set data.folder.root=DIR"
        })
    );
    let said = zoo.ok(&["models", "--pretrained", "bioclip-2"]);
    assert_eq!(
        said,
        "name                  model  parameters  file     image  licence  accuracy\n\
         imageomics/bioclip-2  vit     303966208  1711 MB    224  MIT      18.1 points above BioCLIP on species\n\
         \n\
         source  https://imageomics.github.io/bioclip-2\n\
         use     zoo train probe-bioclip-folder --set pretrained=imageomics/bioclip-2 --set \
         data.folder.root=DIR\n"
    );
    let said = zoo.ok(&["models", "--pretrained", "base*mae"]);
    assert!(said.contains("CC-BY-NC-4.0 (not for profit)"), "{said}");
    assert_eq!(
        zoo.refused(&["models", "--pretrained", "vgg"]),
        "error: --pretrained vgg: no published weights have that in their names; `zoo models --pretrained` lists \
         all\n"
    );
}
