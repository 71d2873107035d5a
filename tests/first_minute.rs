//! What a newcomer types first, in an empty folder, with nothing but the binary.

mod harness;

use harness::{Said, Zoo};
use serde_json::Value;

#[test]
fn zoo_alone_says_what_to_do_next() {
    let expected = "\
zoo quickstart                train a first network on images that zoo draws, in some 15 seconds
zoo config init cnn PHOTOS    write a config for your photos, with one folder per class
zoo --help                    list everything else
";
    let said = Zoo::new().run(&[]);
    assert_eq!(said, Said { code: 2, stdout: String::new(), stderr: expected.to_string() });
}

#[test]
fn train_without_a_config_names_the_shipped_ones() {
    let said = Zoo::new().run(&["train"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{}", said.stderr);
    assert_eq!(lines[0], "error: zoo train: no config is given");
    assert!(
        lines[1].starts_with("zoo train quickstart    a shipped config; others: alexnet-cifar10, ")
    );
}

#[test]
fn the_quickstart_needs_no_file() {
    let zoo = Zoo::new();
    zoo.ok(&["quickstart", "-q", "--set", "train.steps=2", "--set", "data.sea.train=64"]);
    assert_eq!(zoo.json("runs/quickstart/config.json")["data"]["sea"]["train"], 64);
    let again = zoo.run(&["quickstart", "-q"]);
    assert!(again.stderr.contains("already contains a run"), "{}", again.stderr);
}

#[test]
fn shipped_configs_go_by_their_names_with_every_verb() {
    let zoo = Zoo::new();
    assert_eq!(zoo.ok(&["config", "check", "cnn-sea"]), "cnn-sea: sound\n");
    let listed: Value = serde_json::from_str(&zoo.ok(&["config", "list", "--json"])).unwrap();
    let names = listed.as_array().unwrap().iter().map(|row| row["config"].as_str().unwrap());
    assert!(names.clone().any(|name| name == "quickstart"));
    for name in names {
        zoo.ok(&["config", "check", name]);
    }
    let said = zoo.run(&["train", "cnn-see"]);
    let start =
        "error: cnn-see: there is no such file; unknown config `cnn-see`, did you mean `cnn-sea`?";
    assert!(said.code == 2 && said.stderr.starts_with(start), "{}", said.stderr);
}

#[test]
fn a_file_comes_before_a_shipped_config_of_its_name() {
    let zoo = Zoo::new();
    zoo.write("quickstart", "{\"data\": {\"sea\": {}}, \"model\": {\"vit\": {}}}");
    let shown: Value = serde_json::from_str(&zoo.ok(&["config", "show", "quickstart"])).unwrap();
    assert!(shown["model"]["vit"].is_object());
}

#[test]
fn a_config_is_written_once_with_comments_and_trains() {
    let zoo = Zoo::new();
    let said = "cnn-sea.jsonc: train it with: zoo train cnn-sea.jsonc\n";
    assert_eq!(zoo.ok(&["config", "init"]), said);
    let written = zoo.read("cnn-sea.jsonc");
    let images = "  // The images.\n  \"data\": {\n    // Drawn marine animals.";
    assert!(written.contains(images), "{written}");
    zoo.ok(&[
        "train",
        "cnn-sea.jsonc",
        "-q",
        "--set",
        "train.steps=1",
        "--set",
        "data.sea.train=64",
    ]);
    assert!(zoo.path("runs/cnn-sea/model.safetensors").is_file());

    let again = zoo.run(&["config", "init"]);
    let message = "error: cnn-sea.jsonc: is there already: choose another file by --out\n";
    assert_eq!((again.code, again.stderr.as_str()), (2, message));
    assert_eq!(zoo.read("cnn-sea.jsonc"), written);
    let nowhere = zoo.run(&["config", "init", "--out", "no/such/folder.jsonc"]);
    let message = "error: no/such/folder.jsonc: No such file or directory (os error 2)\n";
    assert_eq!((nowhere.code, nowhere.stderr.as_str()), (2, message));
}

#[test]
fn photos_get_a_config_of_their_own() {
    let zoo = Zoo::new();
    std::fs::create_dir_all(zoo.path("my photos/turtle")).unwrap();
    zoo.ok(&["config", "init", "vit", "my photos"]);
    let shown = zoo.ok(&["config", "show", "vit-my-photos.jsonc"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["data"]["folder"]["root"], "my photos");
    assert_eq!(shown["model"]["vit"]["preset"], "tiny-16");
}

#[test]
fn every_shell_gets_its_completions() {
    let zoo = Zoo::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(zoo.ok(&["completions", shell]).contains("quickstart"), "{shell}");
    }
    zoo.ok(&["man", "--out", "man"]);
    assert!(zoo.read("man/zoo-train.1").contains("zoo\\-train"));
}
