//! Weights as trainers and libraries leave them: wrapped, without a head, in parts, damaged.

mod harness;

use std::{collections::BTreeMap, fs};

use harness::{
    Said, Zoo, tiny,
    weights::{Tensors, fixture, headless, read, renamed, spoil, timm, write},
};
use safetensors::Dtype;
use serde_json::{Value, json};

/// What importing `file` says on stdout, with the file of weights that it makes.
fn import(zoo: &Zoo, file: &str) -> (String, Tensors) {
    let said = zoo.ok(&["import", file, "--num-heads", "2", "--out", "out.safetensors", "-q"]);
    (said, read(zoo.path("out.safetensors")))
}

/// What importing `file` is refused with, without the path before it.
fn refused(zoo: &Zoo, file: &str) -> String {
    let said = zoo.refused(&["import", file, "--num-heads", "2", "--out", "out.safetensors"]);
    let said = said.strip_prefix(&format!("error: {file}: ")).unwrap_or(&said);
    said.trim_end().to_string()
}

#[test]
fn what_wraps_a_network_is_taken_off_and_told() {
    let zoo = Zoo::new();
    let (_, bare) = import(&zoo, &fixture("timm-vit.safetensors"));
    let summary = "out.safetensors: vit of 5603 parameters from timm's layout, 32 tensors\n";
    for prefix in
        ["module.", "_orig_mod.", "model.", "net.", "net.module._orig_mod.", "state_dict.model."]
    {
        write(zoo.path("x.safetensors"), &timm(|name| Some(format!("{prefix}{name}"))));
        let (said, tensors) = import(&zoo, "x.safetensors");
        assert_eq!(said, format!("{summary}stripped prefix: {prefix}\n"));
        assert!(tensors == bare, "{prefix}");
    }
    // Beside other things, which are left out and told; the moving average is preferred.
    let mut tensors = timm(|name| Some(format!("state_dict_ema.module.{name}")));
    tensors.extend(timm(|name| Some(format!("state_dict.module.{name}"))));
    tensors.retain(|name, _| !name.starts_with("state_dict.") || name.ends_with("head.bias"));
    write(zoo.path("x.safetensors"), &tensors);
    let (said, tensors) = import(&zoo, "x.safetensors");
    let end = "stripped prefix: state_dict_ema.module.\nunused: state_dict.module.head.bias\n";
    assert_eq!(said, format!("{summary}{end}"));
    assert!(tensors == bare);

    let mut both = timm(|name| Some(format!("student.{name}")));
    both.extend(timm(|name| Some(format!("teacher.{name}"))));
    write(zoo.path("x.safetensors"), &both);
    assert_eq!(
        refused(&zoo, "x.safetensors"),
        "holds several networks, below `student.`, `teacher.`: save the one that is meant alone"
    );
}

#[test]
fn messages_name_tensors_as_the_file_does() {
    let zoo = Zoo::new();
    let wrapped = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = timm(|name| Some(format!("net.module.{name}")));
        change(&mut tensors);
        write(zoo.path("x.safetensors"), &tensors);
        refused(&zoo, "x.safetensors")
    };
    assert_eq!(
        wrapped(&|tensors| drop(tensors.remove("net.module.norm.bias"))),
        "lacks tensors that a vit of timm has: `net.module.norm.bias`"
    );
    assert_eq!(
        wrapped(&|tensors| drop(tensors.remove("net.module.pos_embed"))),
        "lacks `net.module.pos_embed`"
    );
    assert_eq!(
        wrapped(&|tensors| {
            let (_, shape, bytes) = tensors.get_mut("net.module.blocks.1.mlp.fc1.weight").unwrap();
            *shape = vec![32, 15];
            bytes.truncate(4 * 32 * 15);
        }),
        "has `net.module.blocks.1.mlp.fc1.weight` of shape [32, 15], expected [32, 16]"
    );
    assert_eq!(
        wrapped(&|tensors| tensors.get_mut("net.module.norm.bias").unwrap().0 = Dtype::I32),
        "has `net.module.norm.bias` of type I32: expected f32, f16, bf16 or f64"
    );
    // Three tensors of this library are one of ours.
    let hf = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = read(fixture("hf-vit/model.safetensors"));
        change(&mut tensors);
        write(zoo.path("x.safetensors"), &tensors);
    };
    let key = "vit.encoder.layer.1.attention.attention.key.bias";
    hf(&|tensors| drop(tensors.remove(key)));
    assert_eq!(refused(&zoo, "x.safetensors"), format!("lacks `{key}`"));
    hf(&|tensors| {
        let bytes = &mut tensors.get_mut(key).unwrap().2;
        bytes[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
    });
    assert_eq!(
        refused(&zoo, "x.safetensors"),
        format!(
            "holds NaN or infinite numbers, with which nothing can be computed: `{key}` (1 of 16)"
        )
    );
}

#[test]
fn a_network_without_a_head_is_fine_tuned_and_not_predicted_with() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"vit": {"num_heads": 2}}));
    config["train"]["epochs"] = json!(1);
    config["fine_tune"] = json!({"head": "new", "freeze": "all-but-head"});
    for name in headless(&zoo) {
        let file = format!("{name}.safetensors");
        config["pretrained"] = json!(file);
        zoo.write_config(&config);
        let kept = zoo.refused(&["train", "tiny.json", "--run-dir", name, "--set", "fine_tune={}"]);
        if name == "replaced" {
            let message = "has no head for a vit to predict with: no `heads.head.weight` and `heads.head.bias` \
                           but `heads.1.bias`, `heads.1.weight`; it can start a fine-tuning, as `pretrained` \
                           with `fine_tune.head` `new`";
            assert_eq!(refused(&zoo, &file), message);
            assert_eq!(kept, format!("error: {file}: {message}\n"));
        } else {
            assert_eq!(
                kept,
                "error: config, `fine_tune`: the weights have no head: for a new head, set `fine_tune.head` to `new`\n"
            );
            let args = ["import", &file, "--num-heads", "2", "--out", "features.safetensors"];
            let said = zoo.run(&args);
            let note = "assumed: no head: the network gives 16 features, for `zoo features` and for fine-tuning";
            assert!(said.code == 0 && said.stderr.contains(note), "{}", said.stderr);
        }
        zoo.ok(&["train", "tiny.json", "--run-dir", name, "-q"]);
        // Every weight but the head's is the file's.
        let (before, after) =
            (read(zoo.path(&file)), read(zoo.path(&format!("{name}/model.safetensors"))));
        let values = |tensors: &Tensors, name: &str| {
            let found = tensors.iter().find(|(theirs, _)| theirs.ends_with(name));
            found.map(|(_, (_, _, bytes))| bytes.clone())
        };
        let embedding = [("class_token", "cls_token"), ("class_token", "class_token")];
        let same = embedding
            .iter()
            .filter_map(|(ours, theirs)| Some(values(&after, ours)? == values(&before, theirs)?));
        assert_eq!(same.collect::<Vec<_>>(), [true], "{name}");
        assert_eq!(after["head.weight"].1, [16, 10], "{name}");
    }
}

#[test]
fn a_network_in_parts_or_in_a_folder_is_read() {
    let zoo = Zoo::new();
    let (_, whole) = import(&zoo, &fixture("hf-vit/model.safetensors"));
    fs::create_dir(zoo.path("parts")).unwrap();
    let config = fixture("hf-vit/config.json");
    fs::copy(config, zoo.path("parts/config.json")).unwrap();
    let all = read(fixture("hf-vit/model.safetensors"));
    let shard = |name: &str| format!("model-0000{}-of-00002.safetensors", 1 + name.len() % 2);
    let map: BTreeMap<&String, String> = all.keys().map(|name| (name, shard(name))).collect();
    for file in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] {
        let part = renamed(all.clone(), |name| (shard(name) == file).then(|| name.to_string()));
        write(zoo.path(&format!("parts/{file}")), &part);
    }
    let index = json!({"metadata": {"total_size": 0}, "weight_map": map});
    zoo.write("parts/model.safetensors.index.json", &index.to_string());
    for file in ["parts", "parts/model.safetensors.index.json"] {
        let (said, tensors) = import(&zoo, file);
        assert_eq!(said, "out.safetensors: vit of 5603 parameters from hf's layout, 32 tensors\n");
        assert!(tensors == whole, "{file}");
    }

    let refused = |change: &dyn Fn(&mut Value)| {
        let mut index = index.clone();
        change(&mut index);
        zoo.write("parts/model.safetensors.index.json", &index.to_string());
        let said = zoo.refused(&["import", "parts", "--out", "out.safetensors"]);
        let path = "error: parts/model.safetensors.index.json: ";
        said.trim_end().strip_prefix(path).unwrap_or(&said).to_string()
    };
    assert_eq!(
        refused(&|index| index["weight_map"]["other"] = json!("model-00001-of-00002.safetensors")),
        "names `other`, which model-00001-of-00002.safetensors does not hold"
    );
    assert_eq!(
        refused(&|index| index["weight_map"]["other"] = json!("../x.safetensors")),
        "names the file \"../x.safetensors\": expected one beside it, without a folder"
    );
    let error = refused(&|index| *index = json!({}));
    assert!(error.starts_with("is no index of weights: expected `weight_map`, which "), "{error}");
    let said = refused(&|index| index["weight_map"]["other"] = json!("gone.safetensors"));
    assert!(said.starts_with("error: parts/gone.safetensors: No such file"), "{said}");

    fs::create_dir(zoo.path("bin")).unwrap();
    fs::copy(fixture("torchvision-vit.pth"), zoo.path("bin/pytorch_model.bin")).unwrap();
    let (_, from_file) = import(&zoo, &fixture("torchvision-vit.pth"));
    let (_, from_folder) = import(&zoo, "bin");
    assert!(from_file == from_folder);
    // A training starts from a folder, too.
    let mut config = tiny(json!({"vit": {"num_heads": 2}}));
    config["train"]["epochs"] = json!(1);
    config["fine_tune"] = json!({"head": "new"});
    config["pretrained"] = json!("bin");
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
}

/// The small network of timm with something in it that is no number, in `nan.safetensors`, as imported
/// before it was damaged as a whole, in `net.safetensors`, and a picture in `a.png`.
fn damaged(zoo: &Zoo) {
    let mut tensors = timm(|name| Some(name.to_string()));
    write(zoo.path("nan.safetensors"), &tensors);
    zoo.write("classes.txt", "crab\ndolphin\nwhale\n");
    let args = ["import", "nan.safetensors", "--num-heads", "2", "--classes", "classes.txt"];
    zoo.ok(&[&args[..], &["--out", "net.safetensors", "-q"]].concat());
    spoil(zoo.path("net.safetensors"));
    let bytes = &mut tensors.get_mut("blocks.0.norm1.weight").unwrap().2;
    bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    write(zoo.path("nan.safetensors"), &tensors);
    let mut config = tiny(json!({"vit": {"num_heads": 2}}));
    config["data"]["sea"]["classes"] = json!(["crab", "dolphin", "whale"]);
    config["fine_tune"] = json!({"head": "new", "method": "linear-probe"});
    config["pretrained"] = json!("nan.safetensors");
    zoo.write_config(&config);
    let without = ["--set", "fine_tune={}", "--set", "pretrained=null", "-q"];
    zoo.ok(&[&["augment", "tiny.json", "--out", "a.png"], &without[..]].concat());
}

#[test]
fn weights_that_are_no_numbers_answer_nothing() {
    let zoo = Zoo::new();
    damaged(&zoo);
    let none =
        "error: for 1 of 1 images the network's scores are not all finite numbers: no class\n";
    let failed = |flags: &[&str], stdout: &str| {
        let said = zoo.run(&[&["predict", "net.safetensors", "a.png"], flags].concat());
        let expected = Said { code: 1, stdout: stdout.to_string(), stderr: none.to_string() };
        assert_eq!(said, expected, "{flags:?}");
    };
    failed(&["-q"], "a.png  no class\n");
    failed(&["-q", "--unsure-below", "0.5"], "a.png  no class  unsure\n");
    failed(
        &["-q", "--csv", "--top-k", "2", "--unsure-below", "0.5"],
        "image,class,label,probability,unsure,class_2,label_2,probability_2\na.png,,,,true,,,\n",
    );
    failed(
        &["-q", "--json"],
        "[\n  {\n    \"image\": \"a.png\",\n    \"predictions\": []\n  }\n]\n",
    );

    let evaluate = ["evaluate", "net.safetensors", "--config", "tiny.json", "--json", "-q"];
    let said = zoo.run(&[&evaluate[..], &["--out", "report"]].concat());
    let message =
        "error: the network's scores are not all finite numbers, and so there is no accuracy\n";
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (1, "", message));
    assert_eq!(fs::read_dir(zoo.path("report")).unwrap().count(), 0);

    let said = zoo.run(&["explain", "net.safetensors", "a.png", "-q"]);
    let message = format!("error: a.png: the network's scores are not all finite numbers\n{none}");
    assert_eq!((said.code, said.stdout.as_str(), said.stderr), (1, "", message));
    assert!(!zoo.path("explained/index.html").exists());

    let look = ["explain", "net.safetensors", "--split", "test", "--config", "tiny.json", "-q"];
    let said = zoo.run(&look);
    let message = "error: the network's scores are not all finite numbers\n";
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (1, "", message));

    // Nor is anything learned from them, by whatever method.
    let message = "error: nan.safetensors: holds NaN or infinite numbers, with which nothing can be computed: \
                   `blocks.0.norm1.weight` (1 of 16)\n";
    for set in ["fine_tune.method=linear-probe", "fine_tune.method=train"] {
        let train = ["train", "tiny.json", "--run-dir", "run", "-q", "--set", set];
        assert_eq!(zoo.refused(&train), message);
    }
    assert!(!zoo.path("run").exists());

    // Numbers that are finite, and too large to compute with.
    let mut tensors = read(zoo.path("nan.safetensors"));
    let (_, _, bytes) = tensors.get_mut("norm.weight").unwrap();
    bytes.chunks_mut(4).for_each(|number| number.copy_from_slice(&f32::MAX.to_le_bytes()));
    let sound = timm(|name| Some(name.to_string()));
    tensors.insert(String::from("blocks.0.norm1.weight"), sound["blocks.0.norm1.weight"].clone());
    write(zoo.path("nan.safetensors"), &tensors);
    let said = zoo.run(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    let message = "error: what the network sees in the images is not all finite numbers: no head can be fitted \
                   to it\n";
    assert_eq!((said.code, said.stderr.as_str()), (1, message));
}
