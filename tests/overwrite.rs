//! Nothing is written over that the zoo has not written, and nothing into a run but by its training.

mod harness;

use std::{collections::BTreeMap, fs, path::Path};

use harness::{Zoo, tiny, weights::fixture};
use serde_json::json;

/// The content of every file below a folder, by its path.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    files
}

/// A folder with a trained ViT in `run`, its config in `tiny.json` and a network of Hugging Face's in
/// `hf`.
fn zoo() -> Zoo {
    let zoo = Zoo::new();
    let vit = json!({"vit": {"embed_dim": 16, "depth": 1, "num_heads": 2, "mlp_dim": 16}});
    let mut config = tiny(vit);
    config["train"]["epochs"] = json!(1);
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    fs::create_dir(zoo.path("hf")).unwrap();
    for name in ["config.json", "model.safetensors", "preprocessor_config.json"] {
        fs::copy(fixture(&format!("hf-vit/{name}")), zoo.path(&format!("hf/{name}"))).unwrap();
    }
    zoo
}

#[test]
fn a_run_is_written_by_its_training_alone() {
    let zoo = zoo();
    zoo.copy("run", "dumps/tiny");
    zoo.copy("run", "half");
    fs::remove_file(zoo.path("half/config.json")).unwrap();
    let before = contents(&zoo.path(""));
    let refused = |folder: &str, args: &str| {
        let said = zoo.refused(&args.split(' ').collect::<Vec<_>>());
        let expected = format!(
            "error: {folder}: is a run directory, in which nothing else is written: choose another folder\n"
        );
        assert_eq!(said, expected, "{args}");
    };
    refused("run", "export run --layout hf --out run/hf.safetensors");
    refused("run", "export run --out run/model.safetensors");
    refused("half", "export half --out half/model.safetensors");
    refused("half", "export run --layout timm --out half/timm.safetensors");
    refused("run", "import hf --out run/model.safetensors");
    refused("run", "import hf --out run/new.safetensors");
    refused("run", "evaluate run --out run --force");
    refused("run", "explain run a.png --out run --force");
    refused("run", "compare tiny.json tiny.json --out run --force");
    refused("dumps/tiny", "bench tiny.json --what infer --dump dumps");
    assert_eq!(contents(&zoo.path("")), before);
    // A folder of its own in a run's is another matter.
    zoo.ok(&["evaluate", "run", "--out", "run/report", "-q"]);
}

#[test]
fn what_another_program_has_written_stays() {
    let zoo = zoo();
    zoo.write("photo.png", "mine");
    zoo.write("curve.svg", "mine");
    fs::create_dir_all(zoo.path("dumps/tiny")).unwrap();
    zoo.write("dumps/tiny/images.f32", "mine");
    zoo.write("notes.safetensors", "mine");
    let before = contents(&zoo.path(""));
    let refused = |args: &str, message: &str| {
        let said = zoo.refused(&args.split(' ').collect::<Vec<_>>());
        assert_eq!(said, format!("error: {message}\n"), "{args}");
    };
    let there = "is there already and not written by this command: choose another file by --out";
    refused("export run --out notes.safetensors", &format!("notes.safetensors: {there}"));
    refused("import hf --out notes.safetensors", &format!("notes.safetensors: {there}"));
    refused("import hf --out hf/model.safetensors", &format!("hf/model.safetensors: {there}"));
    refused("augment tiny.json --out photo.png", &format!("photo.png: {there}"));
    refused("lr-find tiny.json --out curve.svg", &format!("curve.svg: {there}"));
    // The figures go beside the picture, where the config is.
    refused("lr-find tiny.json --out tiny.svg", &format!("tiny.json: {there}"));
    refused(
        "export run --layout hf --out hf/new.safetensors",
        "hf/new.safetensors: needs a config.json beside it, which hf/model.safetensors would take for its \
         own: choose another folder by --out",
    );
    refused("export run --out hf", "hf: is a folder: expected a file to write");
    refused(
        "export run --out nowhere/x.safetensors",
        "nowhere/x.safetensors: there is no folder nowhere",
    );
    refused(
        "bench tiny.json --what infer --dump dumps",
        "dumps/tiny: holds `images.f32`, which no --dump has written: choose another folder",
    );
    for how in ["", " --force", " --resume"] {
        refused(
            &format!("train tiny.json -q --run-dir hf{how}"),
            "hf: holds `config.json`, but no run that has written it: choose another folder by --run-dir",
        );
    }
    assert_eq!(contents(&zoo.path("")), before);
}

#[test]
fn what_the_zoo_has_written_is_written_again() {
    let zoo = zoo();
    fs::create_dir(zoo.path("out")).unwrap();
    let twice = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        assert_eq!(zoo.ok(&args), zoo.ok(&args));
    };
    twice("import hf --out net.safetensors");
    twice("export run --out zoo.safetensors");
    twice("export run --layout torchvision --out torchvision.safetensors");
    twice("export run --layout hf --out out/hf.safetensors");
    twice("augment tiny.json --out sheet.png -q");
    twice("lr-find tiny.json --steps 20 --out rate.svg -q");
    zoo.ok(&["bench", "tiny.json", "--what", "infer", "--steps", "1", "--dump", "dumps", "-q"]);
    zoo.ok(&["bench", "tiny.json", "--what", "infer", "--steps", "1", "--dump", "dumps", "-q"]);
    assert_eq!(
        zoo.refused(&["export", "zoo.safetensors", "--layout", "timm", "--out", "zoo.safetensors"]),
        "error: zoo.safetensors: is what is read: choose another file by --out\n"
    );
    // What lies beside one network is not that of another.
    assert_eq!(
        zoo.refused(&["export", "run", "--layout", "timm", "--out", "out/timm.safetensors"]),
        "error: out/config.json: is there already and not written with timm.safetensors: choose another \
         folder by --out\n"
    );
    assert_eq!(zoo.json("out/config.json")["model_type"], "vit");
    assert!(!zoo.path("out/timm.safetensors").exists());
}
