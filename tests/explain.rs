//! What a network looks at, from the command line.

mod harness;

use std::fs;

use harness::{Said, Zoo, small_cnn, tiny, weights::fixture};
use serde_json::{Value, json};

/// A folder with a trained run in `runs/tiny` and a picture.
fn trained(model: Value) -> Zoo {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(model));
    zoo.ok(&["train", "tiny.json", "-q"]);
    zoo.ok(&["augment", "tiny.json", "--out", "a.png", "--rows", "1", "--draws", "1"]);
    zoo
}

fn vit() -> Value {
    json!({"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32}})
}

#[test]
fn a_page_and_its_pictures_are_written_and_named() {
    let zoo = trained(small_cnn());
    let said = zoo.ok(&["explain", "runs/tiny", "a.png", "--out", "out", "-q"]);
    let expected = [
        "index.html",
        "a-pixels.png",
        "a-filters.png",
        "a-convolution-response.png",
        "a-feature-maps-early.png",
        "a-flattening.png",
        "a-grad-cam.png",
        "a-grad-cam-second.png",
        "a-hires-cam.png",
        "a-hires-cam-second.png",
        "a-occlusion.png",
    ];
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, expected.map(|name| format!("out/{name}")));
    assert!(lines.iter().all(|file| zoo.path(file).exists()));
    let mut found: Vec<_> = fs::read_dir(zoo.path("out")).unwrap().map(Result::unwrap).collect();
    found.sort_by_key(fs::DirEntry::file_name);
    assert_eq!(found.len(), expected.len());

    let page = zoo.read("out/index.html");
    for text in
        ["What the computer sees", "A convolution, step by step", "Pooling, on real numbers"]
    {
        assert!(page.contains(&format!(". {text}</h3>")), "{text}");
    }
    assert_eq!(
        zoo.refused(&["explain", "runs/tiny", "a.png", "--out", "out"]),
        "error: out: is not empty: choose another folder, or write to it anyway with --force\n"
    );
    zoo.ok(&["explain", "runs/tiny", "a.png", "--out", "out", "--force", "-q"]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_explained() {
    let zoo = trained(small_cnn());
    fs::create_dir(zoo.path("photos")).unwrap();
    for copy in ["photos/a.png", "photos/c.png"] {
        fs::copy(zoo.path("a.png"), zoo.path(copy)).unwrap();
    }
    zoo.write("photos/b.png", "no picture");
    let args = ["explain", "runs/tiny/model.safetensors", "photos", "--only", "grad-cam,filters"];
    let Said { code, stdout, stderr } = zoo.run(&[&args[..], &["--out", "out"]].concat());
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("photos/b.png"), "{stderr}");
    assert!(stderr.ends_with("error: 1 of 3 images cannot be read\n"), "{stderr}");
    assert!(stderr.contains("explained photos/a.png: "), "{stderr}");
    // Filters are the network's, whatever the image.
    let expected = [
        "index.html",
        "1-a-filters.png",
        "1-a-grad-cam.png",
        "1-a-grad-cam-second.png",
        "3-c-grad-cam.png",
        "3-c-grad-cam-second.png",
    ];
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected.map(|name| format!("out/{name}")));

    let Said { code, stdout, stderr } = zoo.run(&["explain", "runs/tiny", "photos/b.png", "-q"]);
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.ends_with("error: 1 of 1 images cannot be read\n"), "{stderr}");
}

#[test]
fn what_a_network_lacks_is_refused_by_name() {
    let zoo = trained(small_cnn());
    let refused = |flags: &[&str]| zoo.refused(&[&["explain", "runs/tiny"], flags].concat());
    assert_eq!(
        refused(&["a.png", "--only", "pixels,attention"]),
        "error: --only attention: the network, a cnn, has no attention, unlike a vit\n"
    );
    let unknown = refused(&["a.png", "--only", "gradcam"]);
    assert!(
        unknown.starts_with(
            "error: --only: unknown method `gradcam`, did you mean `grad-cam`? Known: pixels,"
        ),
        "{unknown}"
    );
    assert_eq!(
        refused(&["a.png", "--class", "dolfin"]),
        "error: --class dolfin: the network knows no such class, did you mean `dolphin`?\n"
    );
    assert_eq!(
        refused(&["--split", "test", "--only", "pixels"]),
        "error: --only pixels: does not show where the network looks\n"
    );
    assert!(refused(&[]).contains("IMAGE-OR-FOLDER"));
    assert!(!zoo.path("explained").exists());
}

#[test]
fn a_vision_transformer_shows_its_attention() {
    let zoo = trained(vit());
    let said = zoo.ok(&["explain", "runs/tiny", "a.png", "--class", "crab", "--json", "-q"]);
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["page"], "explained/index.html");
    let image = &document["images"][0];
    assert_eq!((&image["image"], &image["class"]), (&json!("a.png"), &json!("crab")));
    assert_eq!(image["predictions"].as_array().unwrap().len(), 5);
    let files: Vec<&str> =
        image["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    for name in ["attention-heads", "attention-blocks", "rollout", "positions", "grad-cam"] {
        assert!(files.contains(&&*format!("explained/a-{name}.png")), "{name}: {files:?}");
    }
    let page = zoo.read("explained/index.html");
    assert!(page.contains("aria-label=\"distance in pixels over block\""));
    assert!(
        page.contains("This page explains another class")
            || image["predictions"][0]["class"] == "crab"
    );
}

#[test]
fn heat_on_the_thing_is_counted_on_a_split() {
    let zoo = trained(vit());
    let args = ["explain", "runs/tiny", "--split", "train", "--images", "4", "-q"];
    let document: Value =
        serde_json::from_str(&zoo.ok(&[&args[..], &["--json"]].concat())).unwrap();
    let rows = document.as_array().unwrap();
    let methods: Vec<&Value> = rows.iter().map(|row| &row["method"]).collect();
    assert_eq!(methods, ["grad-cam", "hires-cam", "rollout", "occlusion"]);
    for row in rows {
        let figure = |key: &str| row[key].as_f64().unwrap();
        assert_eq!(figure("images") + figure("without_heat"), 4.0, "{row}");
        let [heat, thing] = ["heat_on_thing", "thing_of_picture"].map(figure);
        assert!((0.0..=1.0).contains(&heat) && (0.0..=0.25).contains(&thing), "{row}");
        assert!((figure("ratio") - heat / thing).abs() < 1e-12, "{row}");
    }
    let text = zoo.ok(&[&args[..], &["--only", "rollout"]].concat());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "method   images  heat on the object  object in the picture  ratio");
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("rollout       4  "), "{text}");
}

#[test]
fn classes_of_one_name_are_told_apart() {
    let zoo = trained(small_cnn());
    zoo.write("classes.txt", "crane\nheron\ncrane\n");
    let timm = fixture("timm-vit.safetensors");
    let args = ["import", &timm, "--num-heads", "2", "--classes", "classes.txt"];
    zoo.ok(&[&args[..], &["--out", "cranes.safetensors", "-q"]].concat());
    let said = zoo.ok(&["predict", "cranes.safetensors", "a.png", "--top-k", "3", "-q"]);
    for class in ["crane (0) ", "heron ", "crane (2) "] {
        assert!(said.contains(&format!("  {class}")), "{said}");
    }
    let explain = |class: &str| {
        let args = ["explain", "cranes.safetensors", "a.png", "--only", "classes", "--json", "-q"];
        zoo.run(&[&args[..], &["--out", class, "--class", class]].concat())
    };
    let expected =
        "error: --class crane: the network knows 2 classes of this name: give the label, 0 or 2\n";
    let said = explain("crane");
    assert_eq!((said.code, said.stderr.as_str()), (2, expected));
    let said = explain("2");
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let image = &document["images"][0];
    assert_eq!((&image["class"], &image["label"]), (&json!("crane"), &json!(2)));
    assert!(zoo.read("2/index.html").contains("crane (2)"));
    // A name that tells none is in no table of names.
    fs::create_dir(zoo.path("hf")).unwrap();
    zoo.ok(&["export", "cranes.safetensors", "--layout", "hf", "--out", "hf/model.safetensors"]);
    let config = zoo.json("hf/config.json");
    assert_eq!(config["id2label"], json!({"0": "crane", "1": "heron", "2": "crane"}));
    assert_eq!(config["label2id"], json!({"heron": 1}));
}
