//! Measuring a trained network on labelled images that are no split of its own.

mod harness;

use std::fs;

use harness::{Zoo, tiny};
use serde_json::{Value, json};

/// A folder with a run on `photos`, which knows the classes bee and ant, in this order.
fn trained() -> Zoo {
    let zoo = Zoo::new();
    zoo.photos("photos/train", &["ant", "bee"], 8);
    zoo.photos("photos/test", &["ant", "bee"], 5);
    let mut config = tiny(json!({"cnn": {"widths": [4], "hidden": 0}}));
    config["data"] = json!({"folder": {
        "root": "photos",
        "split": {"valid": 0.25, "classes": ["bee", "ant"]},
        "preprocess": {"image_size": 8}
    }});
    config["loader"]["batch_size"] = json!(4);
    config["augment"] = json!([]);
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q"]);
    zoo
}

fn measured(zoo: &Zoo, arguments: &[&str]) -> Value {
    let arguments = [&["evaluate"], arguments, &["--json", "-q"]].concat();
    serde_json::from_str(&zoo.ok(&arguments)).unwrap()
}

/// What is the same wherever the same images are.
fn figures(report: &Value) -> [&Value; 6] {
    ["images", "accuracy", "loss", "per_class", "confusion_matrix", "calibration"]
        .map(|key| &report[key])
}

#[test]
fn a_folder_a_folder_of_splits_and_a_table_are_measured_alike() {
    let zoo = trained();
    let own = measured(&zoo, &["runs/tiny"]);
    assert_eq!((&own["split"], &own["images"], own.get("on")), (&json!("test"), &json!(10), None));
    let names: Vec<&Value> =
        own["per_class"].as_array().unwrap().iter().map(|class| &class["class"]).collect();
    assert_eq!(names, ["bee", "ant"]);

    zoo.copy("photos/test", "elsewhere/test");
    let mut rows = String::from("image,label,split,note\n");
    for class in ["ant", "bee"] {
        (0..5).for_each(|index| rows += &format!("{class}/{index}.png,{class},valid,-\n"));
    }
    zoo.write("photos/test/table.csv", &rows);
    let weights = "runs/tiny/model.safetensors";
    for (run, on) in [
        ("runs/tiny", "photos/test"),
        ("runs/tiny", "elsewhere"),
        ("runs/tiny", "photos/test/table.csv"),
        (weights, "photos/test"),
        (weights, "photos/test/table.csv"),
    ] {
        let report = measured(&zoo, &[run, "--on", on]);
        assert_eq!(figures(&report), figures(&own), "{run} on {on}");
        assert_eq!(report["split"], "all");
        let expected = json!({"path": on, "missing_classes": [], "unknown_classes": []});
        assert_eq!(report["on"], expected);
    }
    // The run's own data need not be there.
    fs::remove_dir_all(zoo.path("photos")).unwrap();
    assert_eq!(figures(&measured(&zoo, &["runs/tiny", "--on", "elsewhere"])), figures(&own));
}

#[test]
fn classes_that_only_one_side_has_are_told() {
    let zoo = trained();
    zoo.photos("new", &["ant", "Bees", "cat"], 3);
    let said = zoo.run(&["evaluate", "runs/tiny", "--on", "new"]);
    assert_eq!(said.code, 0);
    assert_eq!(
        said.stderr,
        "note: new: images of classes that the network does not know, left out: 6, of Bees (did you mean \
         bee?), cat\nnote: new: no images of 1 of the network's 2 classes: bee\n"
    );
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].starts_with("class  images  precision"), "{}", said.stdout);
    let last = lines.last().unwrap();
    assert!(last.starts_with("new: accuracy ") && !last.contains("top-"), "{last}");

    let report = measured(&zoo, &["runs/tiny", "--on", "new"]);
    assert_eq!(
        report["on"],
        json!({
            "path": "new",
            "missing_classes": ["bee"],
            "unknown_classes": [{"class": "Bees", "images": 3}, {"class": "cat", "images": 3}]
        })
    );
    assert_eq!((&report["images"], &report["per_class"][0]["images"]), (&json!(3), &json!(0)));

    zoo.ok(&["evaluate", "runs/tiny", "--on", "new", "--out", "report", "-q"]);
    let page = zoo.read("report/index.html");
    assert!(page.contains("<title>runs&#x2f;tiny on new"), "{page}");
    assert!(!page.contains("Top-"), "every class is among the two most probable");
    assert_eq!(zoo.read("report/predictions.csv").lines().count(), 4);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let zoo = trained();
    let refused = |flags: &[&str]| zoo.refused(&[&["evaluate", "runs/tiny"], flags].concat());
    assert_eq!(
        refused(&["--on", "nowhere"]),
        "error: --on nowhere: there is no such folder or table\n"
    );
    zoo.photos("cats", &["cat"], 1);
    assert_eq!(
        refused(&["--on", "cats"]),
        "error: cats: has no image of a class that the network knows: it has cat, the network knows bee, \
         ant\n"
    );
    let decided = "error: --set data: --on says where the images are and takes all, and the weights say how \
                   they are prepared; expected on_unreadable or cache_mb, and root for a table\n";
    for set in ["data.folder.split.valid=0.5", "data.folder.root=photos", "data.sea.seed=1"] {
        assert_eq!(refused(&["--on", "photos/test", "--set", set]), decided);
    }
    assert!(refused(&["--on", "photos/test", "--split", "test"]).contains("cannot be used with"));

    zoo.write("photos/test/ant/9.png", "");
    let error = refused(&["--on", "photos/test"]);
    assert!(error.ends_with("\n  photos/test/ant/9.png: it is empty\n"), "{error}");
    let skip = ["runs/tiny", "--on", "photos/test", "--set", "data.folder.on_unreadable=skip"];
    assert_eq!(measured(&zoo, &skip)["images"], 10);
}
