//! What data can be fetched, looked at and divided, and what is refused.

mod harness;

use std::fs;

use harness::{Zoo, real_data, small_cnn, tiny};
use serde_json::{Value, json};
use zoo_data::Image;

/// Ants and bees: striped pictures of several sizes, some of them twice.
fn photos(zoo: &Zoo) {
    let striped = |width: usize, height: usize, every: usize| {
        let pixel =
            |index: usize| [((index % width) / every % 2 * 150) as u8 + (index / width) as u8; 3];
        Image::new(width, height, 3, (0..width * height).flat_map(pixel).collect())
    };
    for (file, image) in [
        ("train/ant/a1", striped(40, 40, 2)),
        ("train/ant/a2", striped(40, 40, 3)),
        ("train/ant/a3", striped(60, 20, 5)),
        ("train/bee/b1", striped(50, 40, 7)),
        ("val/ant/a4", striped(44, 40, 11)),
        ("val/bee/b2", striped(40, 40, 3)),
    ] {
        let path = zoo.path(&format!("photos/{file}.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image.save_png(path).unwrap();
    }
    fs::write(zoo.path("photos/val/bee/b3.jpg"), "").unwrap();
    zoo.write_config(&json!({
        "data": {"folder": {"root": "photos", "preprocess": {"image_size": 16}}},
        "loader": {"batch_size": 2},
        "model": small_cnn(),
        "train": {"epochs": 1}
    }));
}

#[test]
fn a_check_tells_what_is_in_the_data() {
    let zoo = Zoo::new();
    photos(&zoo);
    let said = zoo.ok(&["data", "check", "tiny.json"]);
    let expected = "\
data set folder
class  train  valid
ant        3      1
bee        1      2
all        4      3

imbalance: the largest class has 3.0 times as many images as the smallest

unreadable: 1
  photos/val/bee/b3.jpg: it is empty

sizes: smallest 60x20, median 40x40, largest 50x40; at least three times as long as wide: 1
  60x20 photos/train/ant/a3.png
";
    assert_eq!(&said[..expected.len()], expected);
    let rest = "\
exact duplicates (same pixels): 1; across splits: 1; with two labels: 1
  photos/train/ant/a2.png (train, ant) = photos/val/bee/b2.png (valid, bee)

near duplicates (difference hash within 4 of 64 bits, grey values within 4 of 255): 0; across \
splits: 0; with two labels: 0

next:
- Replace or remove the images that cannot be read, or skip them with on_unreadable \"skip\".
- Look at the pictures that have two labels: at most one label is right.
- Remove the duplicates across splits, or keep them together with split.group: as it is, validation \
and test measure memorised images.
- Weight the classes with loss.cross-entropy.class_weights \"balanced\", or draw them equally often \
with loader.sampler \"balanced\"; judge by the macro averages.
- Use strong augmentation (zoo augment CONFIG), and start from pretrained weights if you can: a \
class has fewer than 100 training images.
- Keep preprocess.resize at \"letterbox\": a crop would cut much off images with unusual aspect \
ratios.
";
    assert!(said.ends_with(rest), "{said}");

    let report: Value =
        serde_json::from_str(&zoo.ok(&["data", "check", "tiny.json", "--json"])).unwrap();
    assert_eq!(report["classes"], json!(["ant", "bee"]));
    assert_eq!(report["splits"][1], json!({"split": "valid", "images": 3, "per_class": [1, 2]}));
    assert_eq!(report["exact_duplicates"][0]["images"][1]["class"], "bee");
    assert_eq!(report["sizes"]["odd_ratios"][0]["width"], 60);
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let zoo = Zoo::new();
    assert_eq!(
        zoo.refused(&["datasets", "fetch", "cifar"]),
        "error: unknown data set `cifar`, did you mean `cifar10`? Known: mnist, fashion-mnist, cifar10, cifar100.\n"
    );
    assert_eq!(
        zoo.refused(&["datasets", "fetch", "sea"]),
        "error: `sea` cannot be downloaded: nothing to download: the images are drawn when they are needed\n"
    );
}

#[test]
fn without_network_it_is_told_what_to_do_by_hand() {
    let zoo = Zoo::new();
    // Nobody listens there.
    let proxy = ("ALL_PROXY", "http://127.0.0.1:9");
    let cache = zoo.path("cache").display().to_string();
    let said = zoo.run_with(&["datasets", "fetch", "cifar100"], &[proxy, ("ZOO_CACHE", &cache)]);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    let (address, file) =
        ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", "cifar-100-binary.tar.gz");
    assert!(
        said.stderr.starts_with(&format!("error: cannot download {address}: ")),
        "{}",
        said.stderr
    );
    let advice = format!(
        "; check your connection, or get the file by other means and put it at {cache}/datasets/cifar100/{file}\n"
    );
    assert!(said.stderr.ends_with(&advice), "{}", said.stderr);
}

#[test]
fn a_wrong_file_is_told_and_left_alone() {
    let zoo = Zoo::new();
    fs::create_dir(zoo.path("here")).unwrap();
    zoo.write("here/cifar-10-binary.tar.gz", "<html>");
    let said = zoo.run(&["datasets", "fetch", "cifar10", "--root", "here"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (
            1,
            "error: here/cifar-10-binary.tar.gz has 6 bytes, expected 170052171: it is not the file \
             published at https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz; remove it and \
             download it again, or get it by other means and put it at \
             here/cifar-10-binary.tar.gz\n"
        )
    );
    assert_eq!(zoo.read("here/cifar-10-binary.tar.gz"), "<html>");
}

#[test]
fn what_is_there_is_not_fetched_again_and_configs_without_root_find_it() {
    let Some(data) = real_data("fashion-mnist") else { return };
    let zoo = Zoo::new();
    let (proxy, cache) =
        (("ALL_PROXY", "http://127.0.0.1:9"), zoo.path("cache").display().to_string());
    let variables = [proxy, ("ZOO_CACHE", &cache[..])];
    fs::create_dir_all(zoo.path("cache/datasets/fashion-mnist")).unwrap();
    for file in fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        fs::copy(file.path(), zoo.path(&format!("cache/datasets/fashion-mnist/{name}"))).unwrap();
    }
    let said = zoo.run_with(&["datasets", "fetch", "fashion-mnist"], &variables);
    assert_eq!((said.code, said.stdout), (0, format!("{cache}/datasets/fashion-mnist\n")));
    assert_eq!(
        said.stderr.lines().next(),
        Some("train-images-idx3-ubyte.gz: already present, 26421880 bytes, SHA-256 verified")
    );
    zoo.write_config(&json!({
        "data": {"fashion-mnist": {"split": {"subset": {"images_per_class": 2}, "valid": 0.001}}},
        "loader": {"batch_size": 10, "sampler": "balanced"},
        "loss": {"cross-entropy": {"class_weights": "balanced"}},
        "model": small_cnn(),
        "train": {"epochs": 1}
    }));
    let said = zoo.run_with(&["train", "tiny.json", "--run-dir", "run"], &variables);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(zoo.json("run/report.json")["training"]["steps"], 2);
    // The config as used has the weights themselves.
    assert_eq!(
        zoo.json("run/config.json")["loss"]["cross-entropy"]["class_weights"],
        json!(vec![1.0; 10])
    );
}

#[test]
fn files_that_are_not_there_can_be_fetched() {
    let zoo = Zoo::new();
    zoo.write_config(&json!({"data": {"mnist": {}}, "model": small_cnn()}));
    let said = zoo.run_with(&["train", "tiny.json"], &[("ZOO_CACHE", "cache")]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (
            2,
            "error: cache/datasets/mnist/train-images-idx3-ubyte does not exist; nor does \
             train-images-idx3-ubyte.gz beside it; download them with `zoo datasets fetch mnist`, \
             or download the four files from https://storage.googleapis.com/cvdf-datasets/mnist/\n"
        )
    );
}

/// What training on `sea` says when a setting is given.
fn refused(set: &str) -> String {
    let zoo = Zoo::new();
    zoo.write_config(&tiny(small_cnn()));
    zoo.refused(&["train", "tiny.json", "--set", set])
}

#[test]
fn subsets_and_weights_that_cannot_be_are_refused() {
    assert_eq!(
        refused("data.sea.subset.fraction=0.01"),
        "error: class \"dolphin\" would be empty: 0.01 of its 10 training images rounds to none; \
         raise subset.fraction to 0.05 or more\n"
    );
    assert_eq!(
        refused("loss.cross-entropy.class_weights.dolfin=2"),
        "error: config, `loss`: `class_weights`: unknown class `dolfin`, did you mean `dolphin`? Known: dolphin, \
         sea-turtle, whale, shark, octopus, jellyfish, starfish, seahorse, crab, ray.\n"
    );
    assert_eq!(
        refused("loss.cross-entropy.class_weights=even"),
        "error: --set loss.cross-entropy.class_weights: expected \"balanced\", an object of weights by class, or \
         a list of weights\n"
    );
}

#[test]
fn a_table_of_photos_trains_with_its_groups() {
    let zoo = Zoo::new();
    photos(&zoo);
    let row = |(number, file): (usize, &str)| {
        format!("{file}.png,{},dive{}\n", &file[file.len() - 2..][..1], number % 3)
    };
    let files = [
        "train/ant/a1",
        "train/ant/a2",
        "train/ant/a3",
        "train/bee/b1",
        "val/ant/a4",
        "val/bee/b2",
    ];
    let rows: String = files.into_iter().enumerate().map(row).collect();
    zoo.write("photos/labels.csv", &format!("image,label,group\n{rows}"));
    let mut config = zoo.json("tiny.json");
    config["data"] = json!({"manifest": {
        "path": "photos/labels.csv", "split": {"valid": 0.3}, "preprocess": {"image_size": 16}
    }});
    zoo.write_config(&config);
    let said = zoo.run(&["train", "tiny.json", "--run-dir", "run"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let note = "note: 3 groups of images, each in one split: 66.7 % of the images for training, 33.3 % for validation, 0.0 % for testing\n";
    assert!(said.stderr.contains(note), "{}", said.stderr);
    assert_eq!(zoo.json("run/report.json")["images"], 2);
}
