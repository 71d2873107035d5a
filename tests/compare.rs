//! `zoo compare` from configs to a report.

mod harness;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use harness::{Said, Zoo, small_cnn, tiny};
use serde_json::{Value, json};

/// A folder with `a.json`, a CNN, and `b.json`, a wider one with another learning rate.
fn two() -> Zoo {
    let zoo = Zoo::new();
    zoo.write("a.json", &tiny(small_cnn()).to_string());
    let mut wider = tiny(json!({"cnn": {"widths": [8], "hidden": 0}}));
    wider["optimizer"]["sgd"]["learning_rate"] = json!(0.02);
    wider["loss"] = json!({"cross-entropy": {"label_smoothing": 0.1}});
    zoo.write("b.json", &wider.to_string());
    zoo
}

fn compare<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["compare", "a.json", "b.json", "-q"], flags].concat()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_comparison_is_written_and_made_larger() {
    let zoo = two();
    let said = zoo.ok(&compare(&["--seeds", "2", "--budget", "steps=3", "--out", "out"]));
    assert!(said.starts_with("config  accuracy"), "{said}");
    assert!(said.ends_with("\n\nout/index.html\n"), "{said}");
    let report = zoo.json("out/report.json");
    let runs = report["runs"].as_array().unwrap();
    let steps: Vec<_> =
        runs.iter().map(|run| (run["name"].as_str().unwrap(), &run["steps"])).collect();
    let three = json!(3);
    let expected = ["a-seed-0", "b-seed-0", "a-seed-1", "b-seed-1"].map(|name| (name, &three));
    assert_eq!(steps, expected);
    let keys: Vec<_> =
        report["differences"].as_array().unwrap().iter().map(|d| &d["key"]).collect();
    assert_eq!(keys, ["loss.cross-entropy.label_smoothing"]);
    // What is told of a run is what the run's own report says.
    let own = zoo.json("out/runs/a-seed-1/report.json");
    assert_eq!(runs[2]["accuracy"], own["accuracy"]);
    let mean = |entry: usize| report["entries"][entry]["accuracy"]["mean"].as_f64().unwrap();
    let of = |run: usize| runs[run]["accuracy"].as_f64().unwrap();
    assert!((mean(0) - (of(0) + of(2)) / 2.0).abs() < 1e-12);
    let pair = &report["pairs"][0];
    assert!(
        (pair["difference"]["mean"].as_f64().unwrap() - (mean(0) - mean(1)).abs()).abs() < 1e-12
    );

    assert_eq!(
        zoo.refused(&compare(&["--out", "out"])),
        "error: out: is not empty: resume it with --resume, start over with --force, or choose \
         another folder with --out\n"
    );
    assert_eq!(
        zoo.refused(&compare(&["--out", "out", "--budget", "steps=2", "--resume"])),
        "error: out/runs/a-seed-0: was trained with another `train.steps`: choose another folder \
         with --out, or start over with --force\n"
    );
    let before = zoo.read("out/runs/a-seed-0/manifest.json");
    let said = zoo.ok(&compare(&[
        "--seeds", "3", "--budget", "steps=3", "--out", "out", "--resume", "--json",
    ]));
    let larger: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(larger["runs"].as_array().unwrap().len(), 6);
    assert_eq!(larger["runs"][1]["accuracy"], report["runs"][1]["accuracy"]);
    assert_eq!(zoo.read("out/runs/a-seed-0/manifest.json"), before);
    assert_eq!(
        names(&zoo.path("out")),
        ["configs", "index.html", "measured", "report.json", "report.md", "runs"]
    );
    // Of what another command trained just so, the weights are the same.
    zoo.ok(&["train", "a.json", "-q", "--set", "train.steps=3", "--set", "seed=2"]);
    assert_eq!(zoo.weight_hash("runs/a"), zoo.weight_hash("out/runs/a-seed-2"));
    zoo.ok(&compare(&["--seeds", "1", "--budget", "steps=2", "--out", "out", "--force"]));
    assert_eq!(zoo.json("out/runs/a-seed-0/report.json")["training"]["steps"], 2);
}

#[test]
fn a_part_of_the_train_images_makes_a_learning_curve() {
    let zoo = two();
    zoo.ok(&compare(&["--seeds", "1", "--budget", "images=64", "--fractions", "1,0.5"]));
    let report = zoo.json("comparison/report.json");
    let curve = report["learning_curve"].as_array().unwrap();
    let points: Vec<_> =
        curve.iter().map(|p| (p["entry"].clone(), p["train_images"].clone())).collect();
    // 0.5 of 9 or 10 images of each of ten classes.
    let expected =
        [("a", 50), ("a", 96), ("b", 50), ("b", 96)].map(|(entry, n)| (json!(entry), json!(n)));
    assert_eq!(points, expected);
    let seen: Vec<_> =
        report["runs"].as_array().unwrap().iter().map(|run| run["images"].clone()).collect();
    assert_eq!(seen.len(), 4);
    assert!(zoo.read("comparison/index.html").contains("Number of training images"));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let zoo = two();
    fs::copy(zoo.path("a.json"), zoo.path("twin.json")).unwrap();
    let mut other = tiny(small_cnn());
    other["data"]["sea"]["seed"] = json!(1);
    zoo.write("other.json", &other.to_string());
    let refused = |args: &[&str]| zoo.refused(&[&["compare", "-q"], args].concat());
    assert_eq!(
        refused(&["a.json"]),
        "error: a.json: expected at least two configs to compare; use `zoo train` for a single \
         one\n"
    );
    assert_eq!(
        refused(&["a.json", "a.json"]),
        "error: a.json: is given twice; expected different configs\n"
    );
    assert_eq!(
        refused(&["a.json", "twin.json"]),
        "error: twin.json: trains exactly like a.json; expected different configs\n"
    );
    assert_eq!(
        refused(&["a.json", "other.json"]),
        "error: other.json: uses other images than a.json, so their figures cannot be compared: \
         `data.sea.seed` is 1, expected 0; to compare anyway, use --allow-different\n"
    );
    assert_eq!(
        refused(&["a.json", "b.json", "--budget", "images=31"]),
        "error: --budget images=31: expected at least the 32 images of one step of `a`\n"
    );
    let error = refused(&["a.json", "b.json", "--budget", "minutes=3"]);
    let start = "error: invalid value 'minutes=3' for '--budget \
                 <epochs|steps|images|seconds|flops=N>': expected epochs=, steps=, images=, \
                 seconds= or flops= with a number above 0\n";
    assert!(error.starts_with(start), "{error}");
    let error = refused(&["a.json", "b.json", "--fractions", "0.5,2"]);
    assert!(
        error.contains("'2' for '--fractions <F,…>': expected a number above 0 and at most 1"),
        "{error}"
    );
    assert_eq!(
        refused(&["a.json", "b.json", "--fractions", "0.01"]).lines().next().unwrap(),
        "error: class \"dolphin\" would be empty: 0.01 of its 10 training images rounds to none; \
         raise subset.fraction to 0.05 or more"
    );
    assert_eq!(
        refused(&["a.json", "none.json"]),
        "error: none.json: No such file or directory (os error 2)\n"
    );
    zoo.write("file", "");
    assert_eq!(
        refused(&["a.json", "b.json", "--out", "file"]),
        "error: file: is a file, not a folder\n"
    );
    assert!(!zoo.path("comparison").exists());
}

#[test]
fn other_images_are_compared_where_that_is_wanted() {
    let zoo = two();
    let mut other = tiny(small_cnn());
    other["data"]["sea"]["seed"] = json!(1);
    zoo.write("b.json", &other.to_string());
    zoo.ok(&compare(&["--seeds", "1", "--budget", "steps=1", "--allow-different"]));
    let report = zoo.json("comparison/report.json");
    assert_eq!(report["differences"][0]["key"], "data.sea.seed");
    // Images that are not the same cannot be paired.
    assert_eq!(report["pairs"], json!([]));
}

#[test]
fn a_run_that_fails_is_told_and_the_others_go_on() {
    let zoo = two();
    let mut wild = tiny(json!({"cnn": {"widths": [8], "hidden": 0}}));
    wild["optimizer"]["sgd"]["learning_rate"] = json!(1e30);
    zoo.write("b.json", &wild.to_string());
    let Said { code, stdout, stderr } = zoo.run(&compare(&["--seeds", "1", "--budget", "steps=4"]));
    assert_eq!(code, 1);
    assert!(stdout.contains("\nb       failed  "), "{stdout}");
    let report = zoo.json("comparison/report.json");
    assert!(report["runs"][0]["accuracy"].is_number());
    let reason = report["runs"][1]["error"].as_str().unwrap();
    assert!(reason.starts_with("the train loss is "), "{reason}");
    assert_eq!(stderr, format!("error: 1 of 2 runs failed\n  b-seed-0: {reason}\n"));
    assert!(zoo.read("comparison/index.html").contains("Runs that failed"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_comparison_that_is_stopped_goes_on() {
    let zoo = two();
    let flags =
        ["--seeds", "1", "--budget", "epochs=150", "--resume", "--set", "train.log_every=1"];
    let mut process = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(compare(&flags))
        .current_dir(zoo.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !zoo.path("comparison/runs/a-seed-0/metrics.jsonl").exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "it did not begin");
        sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(process.wait().unwrap().code(), Some(130));
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut process.stderr.take().unwrap(), &mut stderr).unwrap();
    assert!(stderr.contains("\nresume with: zoo compare a.json b.json -q "), "{stderr}");
    assert!(stderr.ends_with("error: stopped with 0 of 2 runs finished\n"), "{stderr}");
    assert!(!zoo.path("comparison/index.html").exists());
    assert_ne!(names(&zoo.path("comparison/runs/a-seed-0/checkpoints")), Vec::<String>::new());
    zoo.ok(&compare(&flags));
    zoo.ok(&["train", "a.json", "-q", "--set", "train.epochs=150", "--set", "train.log_every=1"]);
    assert_eq!(zoo.weight_hash("runs/a"), zoo.weight_hash("comparison/runs/a-seed-0"));
}

#[test]
fn classes_of_hostile_names_are_compared_and_a_single_one_is_refused() {
    let zoo = two();
    let hostile = r#"<img src=x onerror="alert(1)">🦀"#;
    zoo.ok(&["augment", "a.json", "--rows", "1", "--draws", "1", "--out", "photo.png"]);
    let add = |class: &str| {
        fs::create_dir_all(zoo.path(&format!("photos/{class}"))).unwrap();
        for number in 0..10 {
            let file = zoo.path(&format!("photos/{class}/{number}.png"));
            fs::copy(zoo.path("photo.png"), file).unwrap();
        }
    };
    let data = json!({"folder": {"root": "photos", "split": {"valid": 0.2, "test": 0.2}, "preprocess": {"image_size": 16}}});
    for name in ["a.json", "b.json"] {
        let mut config = zoo.json(name);
        config["data"] = data.clone();
        config["loader"]["batch_size"] = json!(4);
        zoo.write(name, &config.to_string());
    }
    add(hostile);
    assert_eq!(
        zoo.refused(&compare(&["--seeds", "1"])),
        "error: photos has only the class \"<img src=x onerror=\\\"alert(1)\\\">🦀\"; a classifier \
         needs at least two folders of images\n"
    );
    add(&"long ".repeat(40));
    zoo.ok(&compare(&["--seeds", "1", "--budget", "steps=1"]));
    let page = zoo.read("comparison/index.html");
    assert!(!page.contains("<img src=x"));
    assert!(page.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;🦀"));
    assert!(page.contains(&"long ".repeat(39)));
    // Every image is the same, so all of one class are right and all of the other wrong.
    assert_eq!(zoo.json("comparison/report.json")["entries"][0]["accuracy"]["mean"], 0.5);
}
