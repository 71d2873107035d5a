//! Paths and names that come from other systems: bytes that are no text, `~`, other encodings, other
//! orders.

mod harness;

use std::fs;

use harness::Zoo;
use serde_json::{Value, json};
use zoo_data::Image;

/// A config of photos in `root`.
fn config(root: &str) -> Value {
    json!({
        "data": {"folder": {
            "root": root, "split": {"valid": 0.2}, "preprocess": {"image_size": 16}
        }},
        "loader": {"batch_size": 4},
        "model": {"cnn": {"widths": [4], "hidden": 0}},
        "train": {"epochs": 1}
    })
}

/// Five photos of each class, some brighter than others.
fn photos(zoo: &Zoo, root: &str, classes: &[&str]) {
    for class in classes {
        fs::create_dir_all(zoo.path(&format!("{root}/{class}"))).unwrap();
        for number in 0..5 {
            let path = zoo.path(&format!("{root}/{class}/{number}.png"));
            let shade = 20 * number + class.len() as u8;
            Image::filled(20, 20, &[shade; 3]).save_png(path).unwrap();
        }
    }
}

#[cfg(unix)]
mod bytes {
    use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;
    use crate::harness::Said;

    /// Two classes of ten photos, in a folder, none of whose names is text.
    fn latin_photos(zoo: &Zoo) {
        for class in [b"k\xe4", b"k\xe5"] {
            let folder =
                zoo.path("").join(OsStr::from_bytes(b"f\xf6")).join(OsStr::from_bytes(class));
            fs::create_dir_all(&folder).unwrap();
            for number in 0..10 {
                let path = folder.join(OsStr::from_bytes(&[0xc0 + number, b'.', b'p', b'n', b'g']));
                Image::filled(20, 20, &[20 * number; 3]).save_png(path).unwrap();
            }
        }
        let text = config("f\\xF6").to_string();
        fs::write(zoo.path("").join(OsStr::from_bytes(b"\xe9.json")), text).unwrap();
    }

    /// Runs what must succeed.
    fn ok(zoo: &Zoo, args: &[&[u8]]) -> String {
        let args: Vec<&OsStr> = args.iter().map(|arg| OsStr::from_bytes(arg)).collect();
        let Said { code, stdout, stderr } = zoo.run_with(&args, &[]);
        assert_eq!(code, 0, "zoo {args:?}: {stdout}{stderr}");
        stdout
    }

    fn json(zoo: &Zoo, args: &[&[u8]]) -> Value {
        serde_json::from_str(&ok(zoo, args)).unwrap()
    }

    #[test]
    fn photos_are_found_and_told_apart_by_every_verb() {
        let zoo = Zoo::new();
        latin_photos(&zoo);
        let report = json(&zoo, &[b"data", b"check", b"\xe9.json", b"--json"]);
        assert_eq!(report["classes"], json!(["k\\xE4", "k\\xE5"]));
        let counts = json!([
            {"split": "train", "images": 16, "per_class": [8, 8]},
            {"split": "valid", "images": 4, "per_class": [2, 2]}
        ]);
        assert_eq!(report["splits"], counts);

        let said = ok(&zoo, &[b"train", b"\xe9.json", b"--run-dir", b"r\xfcn", b"-q"]);
        assert!(said.starts_with("r\\xFCn: 1 epochs, 4 steps in "), "{said}");
        let run = zoo.path("").join(OsStr::from_bytes(b"r\xfcn"));
        let manifest: Value =
            serde_json::from_str(&fs::read_to_string(run.join("manifest.json")).unwrap()).unwrap();
        let command = json!(["train", "\\xE9.json", "--run-dir", "r\\xFCn", "-q"]);
        assert_eq!(manifest["command"], command);
        ok(&zoo, &[b"train", b"\xe9.json", b"--run-dir", b"r\xfcn", b"--resume", b"-q"]);
        let root = b"data.folder.root=f\xf6";
        ok(
            &zoo,
            &[b"evaluate", b"r\xfcn", b"--split", b"valid", b"--out", b"m\xe9", b"--set", root],
        );

        let predicted = json(&zoo, &[b"predict", b"r\xfcn", b"f\xf6", b"--json"]);
        let names = predicted.as_array().unwrap().iter();
        let names: BTreeSet<&str> = names.map(|image| image["image"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 20);
        assert_eq!(names.first(), Some(&"f\\xF6/k\\xE4/\\xC0.png"));
        assert_eq!(names.last(), Some(&"f\\xF6/k\\xE5/\\xC9.png"));
        let image = b"f\xf6/k\xe4/\xc3.png";
        let said = ok(&zoo, &[b"predict", b"r\xfcn", image, b"--csv"]);
        assert!(
            said.starts_with("image,class,label,probability\nf\\xF6/k\\xE4/\\xC3.png,k\\xE"),
            "{said}"
        );
    }

    #[test]
    fn files_are_written_and_told_by_every_verb() {
        let zoo = Zoo::new();
        latin_photos(&zoo);
        ok(&zoo, &[b"train", b"\xe9.json", b"--run-dir", b"r\xfcn", b"-q"]);
        let image = b"f\xf6/k\xe4/\xc3.png";
        let written = json(
            &zoo,
            &[b"explain", b"r\xfcn", image, b"--out", b"\xfc", b"--only", b"grad-cam", b"--json"],
        );
        assert_eq!(written["page"], "\\xFC/index.html");
        assert_eq!(written["images"][0]["image"], "f\\xF6/k\\xE4/\\xC3.png");
        assert_eq!(written["images"][0]["files"][0], "\\xFC/-xC3-grad-cam.png");
        let written =
            json(&zoo, &[b"export", b"r\xfcn", b"--out", b"w\xe9.safetensors", b"--json"]);
        assert_eq!(written, json!({"layout": "zoo", "files": ["w\\xE9.safetensors"], "notes": []}));
        let said =
            ok(&zoo, &[b"import", b"w\xe9.safetensors", b"--out", b"\xe8.safetensors", b"-q"]);
        assert!(said.starts_with("\\xE8.safetensors: cnn of "), "{said}");
        fs::copy(
            zoo.path("").join(OsStr::from_bytes(b"\xe9.json")),
            zoo.path("").join(OsStr::from_bytes(b"\xe8.json")),
        )
        .unwrap();
        let sets: [&[u8]; 2] = [b"--set", b"train.epochs=1"];
        let configs: [&[u8]; 3] = [b"compare", b"\xe9.json", b"\xe8.json"];
        let refused: Vec<&OsStr> =
            [&configs[..], &sets[..]].concat().into_iter().map(OsStr::from_bytes).collect();
        assert_eq!(
            zoo.run_with(&refused, &[]).stderr,
            "error: \\xE8.json: trains exactly like \\xE9.json; expected different configs\n"
        );
        let text = zoo.path("").join(OsStr::from_bytes(b"\xe8.json"));
        let other = fs::read_to_string(&text).unwrap().replace("[4]", "[8]");
        fs::write(text, other).unwrap();
        let out: [&[u8]; 5] = [b"--seeds", b"1", b"--out", b"c\xf6", b"--json"];
        let compared = json(&zoo, &[&configs[..], &out[..]].concat());
        assert_eq!(compared["entries"][0]["path"], "\\xE9.json");
        assert_eq!(compared["entries"][1]["name"], "\\xE8");
        assert_eq!(compared["command"][5], "--out");
        assert_eq!(compared["command"][6], "c\\xF6");
        for file in [&b"r\xfcn/report.json"[..], b"c\xf6/index.html", b"\xfc/index.html"] {
            assert!(zoo.path("").join(OsStr::from_bytes(file)).is_file());
        }
    }
}

#[test]
fn a_tilde_is_home_in_configs_and_flags() {
    let zoo = Zoo::new();
    photos(&zoo, "home/photos", &["ant", "bee"]);
    let rows: String = ["ant", "bee"]
        .iter()
        .flat_map(|class| (0..5).map(move |n| format!("~/photos/{class}/{n}.png,{class}\n")))
        .collect();
    zoo.write("home/labels.csv", &format!("image,label\n{rows}"));
    zoo.write_config(&config("~/photos"));
    let home = zoo.path("home").display().to_string();
    let run = |args: &[&str]| {
        let said = zoo.run_with(args, &[("HOME", &home)]);
        assert_eq!(said.code, 0, "{args:?}: {}", said.stderr);
        said.stdout
    };
    run(&["train", "tiny.json", "--run-dir=~/run", "-q"]);
    assert_eq!(zoo.json("home/run/config.json")["data"]["folder"]["root"], "~/photos");
    let said = run(&["predict", "~/run", "~/photos/ant/3.png"]);
    assert!(said.starts_with(&format!("{home}/photos/ant/3.png  ")), "{said}");
    run(&["evaluate", "~/run", "--split", "valid", "--out=~/report", "-q"]);
    run(&["export", "~/run", "--out=~/weights.safetensors"]);
    assert!(zoo.path("home/report/index.html").exists());
    zoo.write_config(&json!({
        "data": {"manifest": {"path": "~/labels.csv", "preprocess": {"image_size": 16}}},
        "model": {"cnn": {}},
        "pretrained": "~/weights.safetensors",
        "train": {"epochs": 1}
    }));
    run(&["train", "tiny.json", "--run-dir", "tuned", "-q"]);
    assert_eq!(zoo.json("tuned/manifest.json")["data"]["train"], 9);
    run(&["data", "check", "tiny.json", "--set", "data.manifest.root=~"]);
}

#[test]
fn a_byte_order_mark_is_nothing_and_other_encodings_are_refused() {
    let zoo = Zoo::new();
    photos(&zoo, "photos", &["ant", "bee"]);
    let text = config("photos").to_string();
    zoo.write("tiny.json", &format!("\u{feff}{text}"));
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    zoo.write("names.txt", "\u{feff}Ameise\r\nBiene\r\n");
    let import = ["import", "run/model.safetensors", "--out", "w.safetensors", "--classes"];
    zoo.ok(&[&import[..], &["names.txt"]].concat());
    let predicted: Value = serde_json::from_str(&zoo.ok(&[
        "predict",
        "w.safetensors",
        "photos",
        "--top-k",
        "2",
        "--json",
    ]))
    .unwrap();
    let mut classes = [0, 1].map(|place| predicted[0]["predictions"][place]["class"].clone());
    classes.sort_by_key(Value::to_string);
    assert_eq!(classes, ["Ameise", "Biene"]);

    let advice =
        "not UTF-8; save it as UTF-8, or convert it, as `iconv -f WINDOWS-1252 -t UTF-8` does";
    fs::write(zoo.path("latin.txt"), b"Ameise\nK\xe4fer\n").unwrap();
    assert_eq!(
        zoo.refused(&[&import[..], &["latin.txt"]].concat()),
        format!("error: latin.txt: line 2: it has the byte 0xE4, {advice}\n")
    );
    fs::write(zoo.path("latin.json"), b"{\n\"about\": {\"what\": \"K\xe4fer\"}}").unwrap();
    assert_eq!(
        zoo.refused(&["config", "check", "latin.json"]),
        format!("error: latin.json:2: it has the byte 0xE4, {advice}\n")
    );
}

#[test]
fn classes_have_one_order_and_another_is_told() {
    let zoo = Zoo::new();
    photos(&zoo, "photos", &["9", "10"]);
    let rows = ["9", "10"]
        .into_iter()
        .flat_map(|class| (0..5).map(move |n| format!("{class}/{n}.png,{class}\n")));
    zoo.write("photos/labels.csv", &format!("image,label\n{}", rows.collect::<String>()));
    zoo.write_config(&config("photos"));
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    let mut table = config("photos");
    table["data"] = json!({"manifest": {
        "path": "photos/labels.csv", "split": {"valid": 0.2}, "preprocess": {"image_size": 16}
    }});
    zoo.write("table.json", &table.to_string());
    let evaluate =
        |more: &[&'static str]| [&["evaluate", "run", "-q", "--split", "valid"], more].concat();
    let of_folder = zoo.ok(&evaluate(&[]));
    let of_table = zoo.ok(&evaluate(&["--config", "table.json"]));
    let figures = |said: &str| said.split(" images at").next().unwrap().to_string();
    assert_eq!(figures(&of_table), figures(&of_folder));
    assert_eq!(
        zoo.refused(&evaluate(&["--set", r#"data.folder.split.classes=["10", "9"]"#])),
        "error: run/model.safetensors: was trained on other classes than the data has: they are the same in \
         another order, `9`, `10` in the weights and `10`, `9` in the data; `split.classes` gives data the order \
         that it names\n"
    );
    photos(&zoo, "others", &["9", "11"]);
    assert_eq!(
        zoo.refused(&evaluate(&["--set", "data.folder.root=others"])),
        "error: run/model.safetensors: was trained on other classes than the data has: `10` only in the weights, \
         `11` only in the data\n"
    );
    zoo.write("other.json", &config("others").to_string());
    assert_eq!(
        zoo.refused(&["compare", "tiny.json", "other.json", "-q"]),
        "error: other.json: uses other images than tiny.json, so their figures cannot be compared: \
         `data.folder.root` is \"others\", expected \"photos\"; to compare anyway, use --allow-different; their \
         classes differ: `10` only in tiny.json, `11` only in other.json\n"
    );
}
