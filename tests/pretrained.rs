//! Weights in and out by the command line, and what is refused, word for word.

mod harness;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
};

use harness::{Zoo, tiny};
use safetensors::{Dtype, SafeTensors, serialize_to_file, tensor::TensorView};
use serde_json::{Value, json};

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pretrained");
    folder.canonicalize().unwrap().join(name).to_str().unwrap().to_string()
}

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

fn read(path: impl AsRef<Path>) -> Tensors {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().map(|(name, tensor)| {
        let parts = (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec());
        (name.to_string(), parts)
    });
    tensors.collect()
}

/// The small timm network with a change, as `changed.safetensors`.
fn changed(zoo: &Zoo, change: impl FnOnce(&mut Tensors)) -> PathBuf {
    let mut tensors = read(fixture("timm-vit.safetensors"));
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    let path = zoo.path("changed.safetensors");
    serialize_to_file(views.collect::<Vec<_>>(), None, &path).unwrap();
    path
}

/// What importing `file` is refused with, without the path before it.
fn refused(zoo: &Zoo, file: &str, args: &[&str]) -> String {
    let command =
        [&["import", file, "--out", "out.safetensors", "--num-heads", "2"], args].concat();
    let said = zoo.refused(&command);
    assert!(!zoo.path("out.safetensors").exists());
    assert!(said.starts_with(&format!("error: {file}: ")), "{said}");
    said[format!("error: {file}: ").len()..].trim_end().to_string()
}

fn refused_change(change: impl FnOnce(&mut Tensors)) -> String {
    let zoo = Zoo::new();
    changed(&zoo, change);
    refused(&zoo, "changed.safetensors", &[])
}

#[test]
fn weights_are_imported_used_and_exported() {
    let zoo = Zoo::new();
    zoo.write("names.txt", "ant\nbee\ncow\n");
    let file = fixture("timm-vit-nested.pth");
    let args = ["import", &file, "--model", "vit", "--num-heads", "2", "--out", "vit.safetensors"];
    let more = ["--classes", "names.txt", "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5"];
    let said = zoo.run(&[&args[..], &more, &["--resize", "none"]].concat());
    assert_eq!(
        (said.code, said.stdout.as_str(), said.stderr.as_str()),
        (0, "vit.safetensors: vit of 5443 parameters from timm's layout, 32 tensors\n", "")
    );
    let size = ["--image-size", "24", "--json"];
    let bare = zoo.ok(&[&args[..], &size].concat());
    let report: Value = serde_json::from_str(&bare).unwrap();
    assert_eq!(report["reshaped"], json!(["position_embedding"]));
    assert_eq!(report["assumed"].as_array().unwrap().len(), 2);

    let written =
        zoo.ok(&["export", "vit.safetensors", "--layout", "hf", "--out", "hf.safetensors"]);
    assert_eq!(written, "hf.safetensors\nconfig.json\npreprocessor_config.json\n");
    zoo.ok(&["import", "hf.safetensors", "--out", "again.safetensors"]);
    assert_eq!(zoo.json("config.json")["num_attention_heads"], 2);
    assert_eq!(zoo.json("config.json")["image_size"], 24);
    assert_eq!(zoo.json("config.json")["id2label"]["1"], "class 1");
}

#[test]
fn a_pickle_that_calls_something_is_refused_by_name_and_never_run() {
    let zoo = Zoo::new();
    for name in ["hostile.pth", "hostile-legacy.pth"] {
        let error = refused(&zoo, &fixture(name), &[]);
        let expected = "wants `posix.system` called when it is opened, which no file of weights needs; \
                        nothing was called. Save it again as a state dict (`torch.save(model.state_dict(), …)`) \
                        or as safetensors";
        assert_eq!(error, expected);
    }
    assert!(!zoo.path("executed-by-a-pickle").exists());
}

#[test]
fn damaged_files_are_refused() {
    let zoo = Zoo::new();
    let cut = |name: &str, keep: &dyn Fn(usize) -> usize| {
        let bytes = fs::read(fixture(name)).unwrap();
        fs::write(zoo.path("cut"), &bytes[..keep(bytes.len())]).unwrap();
        refused(&zoo, "cut", &[])
    };
    assert_eq!(
        cut("timm-vit.safetensors", &|_| 5),
        "is no file of weights: it is shorter than 9 bytes"
    );
    for keep in [&(|_| 100) as &dyn Fn(usize) -> usize, &|all| all / 2, &|all| all - 1] {
        let error = cut("timm-vit.safetensors", keep);
        assert!(error.starts_with("is no sound safetensors file: "), "{error}");
        let error = cut("timm-vit-nested.pth", keep);
        assert!(error.starts_with("is damaged or cut short: "), "{error}");
    }
    zoo.write("cut", "not weights at all, but a text of some length");
    assert_eq!(
        refused(&zoo, "cut", &[]),
        "is no PyTorch file: it holds no pickle, or one of an unknown kind"
    );
}

#[test]
fn a_header_that_lies_is_refused() {
    let zoo = Zoo::new();
    let lie = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + data, 0);
        fs::write(zoo.path("lie.safetensors"), bytes).unwrap();
        refused(&zoo, "lie.safetensors", &[])
    };
    let tensor = |shape: &str, start: usize, end: usize| {
        format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#)
    };
    let one = |shape: &str, end| format!(r#"{{"a":{}}}"#, tensor(shape, 0, end));
    let two = format!(r#"{{"a":{},"b":{}}}"#, tensor("[2]", 0, 8), tensor("[2]", 4, 12));
    for (header, data) in [
        (one("[3]", 8), 8),
        (one("[2]", 8), 4),
        (one("[2]", 8), 12),
        (one("[4611686018427387904,16]", 8), 8),
        (two, 12),
    ] {
        let error = lie(&header, data);
        assert!(error.starts_with("is no sound safetensors file: "), "{header}: {error}");
    }
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    assert_eq!(
        refused_change(|tensors| drop(tensors.remove("norm.bias"))),
        "lacks what a vit of timm has: `norm.bias`"
    );
    assert_eq!(
        refused_change(|tensors| {
            let copy = tensors["norm.bias"].clone();
            tensors.insert(String::from("fc_norm.bias"), copy);
        }),
        "holds what a vit of timm does not have: `fc_norm.bias`"
    );
    let reshape = |name: &'static str, shape: Vec<usize>| {
        move |tensors: &mut Tensors| {
            let tensor = tensors.get_mut(name).unwrap();
            let bytes = 4 * shape.iter().product::<usize>();
            tensor.1 = shape;
            tensor.2.resize(bytes, 0);
        }
    };
    assert_eq!(
        refused_change(reshape("blocks.1.mlp.fc1.weight", vec![32, 15])),
        "has `blocks.1.mlp.fc1.weight` of shape [32, 15], where [32, 16] was expected"
    );
    assert_eq!(
        refused_change(reshape("pos_embed", vec![1, 15, 16])),
        "has 15 positions: expected one for a class token and those of a square of patches"
    );
    assert_eq!(
        refused_change(reshape("head.weight", vec![48])),
        "has `head.weight` of shape [48], where 2 dimensions were expected"
    );
    assert_eq!(
        refused_change(|tensors| tensors.get_mut("norm.bias").unwrap().0 = Dtype::I32),
        "has `norm.bias` of type I32: expected f32, f16, bf16 or f64"
    );
}

#[test]
fn what_is_not_a_number_is_warned_of() {
    let zoo = Zoo::new();
    changed(&zoo, |tensors| {
        let bytes = &mut tensors.get_mut("blocks.0.norm1.weight").unwrap().2;
        bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    let args =
        ["import", "changed.safetensors", "--num-heads", "2", "--out", "out.safetensors", "-q"];
    let said = zoo.run(&args);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (0, "warning: not all numbers are finite in blocks.0.norm1.gamma\n")
    );
}

#[test]
fn other_networks_are_named() {
    let distilled = refused_change(|tensors| {
        let copy = tensors["cls_token"].clone();
        tensors.insert(String::from("dist_token"), copy);
    });
    assert_eq!(
        distilled,
        "is a distilled DeiT (it holds `dist_token`): it has a token and a head more than a Vision \
         Transformer; use the weights without distillation, such as deit_tiny_patch16_224"
    );
    let unknown = refused_change(|tensors| {
        let tensor = tensors["cls_token"].clone();
        tensors.clear();
        for index in 0..7 {
            tensors.insert(format!("layer{index}.weight"), tensor.clone());
        }
    });
    assert_eq!(
        unknown,
        "is in no known layout: it holds `layer0.weight`, `layer1.weight`, `layer2.weight`, \
         `layer3.weight`, `layer4.weight` and 2 more; expected `features.0.weight` (torchvision alexnet) \
         or `conv_proj.weight` (torchvision vit) or `patch_embed.proj.weight` (timm vit) or \
         `vit.embeddings.cls_token` (hf vit)"
    );
    let zoo = Zoo::new();
    let timm = fixture("timm-vit.safetensors");
    assert_eq!(
        refused(&zoo, &timm, &["--model", "alexnet"]),
        "holds a network of kind `vit`, not `alexnet`"
    );
    zoo.write("two.txt", "ant\nbee\n");
    assert_eq!(
        refused(&zoo, &timm, &["--classes", "two.txt"]),
        "has a head for 3 classes, but 2 are named; a new head is made by fine-tuning, with \
         `fine_tune.head` `new`"
    );
    let said = zoo.refused(&["import", &timm, "--out", "out.safetensors"]);
    assert_eq!(
        said,
        format!(
            "error: {timm}: does not say how many attention heads share its 16 features: give --num-heads N\n"
        )
    );
}

/// A small network with batch normalisation, trained for an epoch.
fn trained_cnn(zoo: &Zoo) -> Value {
    let config = tiny(json!({"cnn": {"widths": [4, 8], "hidden": 8, "dropout": 0.1}}));
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "first", "--set", "train.epochs=1", "-q"]);
    tiny(json!({"cnn": {}}))
}

#[test]
fn what_is_frozen_stays_bit_for_bit() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first");
    let tune = |name: &str, fine_tune: Value| {
        let mut config = config.clone();
        config["fine_tune"] = fine_tune;
        zoo.write_config(&config);
        zoo.ok(&["train", "tiny.json", "--run-dir", name, "-q"]);
        read(zoo.path(&format!("{name}/model.safetensors")))
    };
    let before = read(zoo.path("first/model.safetensors"));
    let changed = |after: &Tensors| -> Vec<String> {
        let names = before.iter().filter(|(name, tensor)| after[*name] != **tensor);
        names.map(|(name, _)| name.clone()).collect()
    };
    let head = tune("head", json!({"head": "new", "freeze": "all-but-head"}));
    assert_eq!(changed(&head), ["head.bias", "head.weight"]);
    let late = tune("late", json!({"freeze": {"up-to": "stages.1"}}));
    assert_eq!(changed(&late), ["fc1.bias", "fc1.weight", "head.bias", "head.weight"]);
    let thawed = json!({"freeze": "all-but-head", "thaw": [{"after_epochs": 1, "freeze": {"matching": ["norm"]}}]});
    let thawed = changed(&tune("thawed", thawed));
    assert!(thawed.contains(&String::from("stages.0.block.conv.weight")), "{thawed:?}");
    assert!(!thawed.iter().any(|name| name.contains("norm")), "{thawed:?}");
    let all = changed(&tune("all", json!({})));
    assert_eq!(all.len(), before.len(), "{all:?}");
}

#[test]
fn a_frozen_run_goes_on_as_it_would_have() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    config["pretrained"] = json!("first/model.safetensors");
    config["fine_tune"] = json!({
        "head_learning_rate": 0.1,
        "freeze": "all-but-head",
        "thaw": [{"after_epochs": 1, "freeze": {"up-to": "stages.0"}}]
    });
    config["train"]["checkpoint"] = json!({"every_steps": 2});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "whole", "-q"]);
    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "-q"]);
    // As if it had been stopped within the second epoch.
    fs::remove_file(zoo.path("part/report.json")).unwrap();
    fs::remove_dir_all(zoo.path("part/checkpoints/step-6")).unwrap();
    zoo.ok(&["train", "tiny.json", "--run-dir", "part", "--resume", "-q"]);
    assert_eq!(zoo.weight_hash("whole"), zoo.weight_hash("part"));
}

#[test]
fn weights_that_do_not_fit_the_config_are_refused() {
    let zoo = Zoo::new();
    let mut config = trained_cnn(&zoo);
    let refused = |zoo: &Zoo, config: &Value| {
        zoo.write_config(config);
        zoo.refused(&["train", "tiny.json", "--run-dir", "second"])
    };
    config["fine_tune"] = json!({"head": "new"});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: needs weights to start from: set `pretrained`\n"
    );
    config["pretrained"] = json!("frist");
    assert_eq!(refused(&zoo, &config), "error: frist: no such run\n");
    config["pretrained"] = json!("first");
    config["fine_tune"] = json!({"freeze": {"up-to": "stage.0"}});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: `freeze`: no layer `stage.0`, did you mean `stages.0`? Known: stages.0, \
         stages.1, fc1, head\n"
    );
    config["fine_tune"] = json!({});
    config["model"] = json!({"vit": {}});
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `model`: is `vit`, but the weights are of `cnn`\n"
    );
    config["model"] = json!({"cnn": {"widths": [4, 9]}});
    assert!(refused(&zoo, &config).starts_with("error: config, `pretrained`: has `"));
    config["model"] = json!({"vit": {}});
    let vit = fixture("hf-vit/model.safetensors");
    config["pretrained"] = json!(vit);
    assert_eq!(
        refused(&zoo, &config),
        "error: config, `fine_tune`: the weights have a head for 3 classes, but the data has 10: set \
         `fine_tune.head` to `new` for a fresh one\n"
    );
    assert!(!zoo.path("second").exists());
}

#[test]
fn weights_of_another_library_are_trained_on() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"vit": {"drop_path": 0.1}}));
    config["pretrained"] = json!(fixture("hf-vit/model.safetensors"));
    config["fine_tune"] = json!({"head": "new"});
    config["train"]["epochs"] = json!(1);
    config["data"]["sea"]["preprocess"] = json!({"image_size": 24});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    let used = zoo.json("run/config.json");
    assert_eq!(used["model"]["vit"]["embed_dim"], 16);
    assert_eq!(used["model"]["vit"]["num_classes"], 10);
    assert_eq!(used["model"]["vit"]["drop_path"], 0.1);
    let figures = json!({"custom": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}});
    let normalize = &used["data"]["sea"]["preprocess"]["normalize"];
    let rounded = |value: &Value| (value.as_f64().unwrap() * 1e4).round() / 1e4;
    for key in ["mean", "std"] {
        let used = normalize["custom"][key].as_array().unwrap().iter().map(rounded);
        let wanted = figures["custom"][key].as_array().unwrap().iter().map(rounded);
        assert_eq!(used.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
}

/// Serves the files of a fixture under `/OWNER/MODEL/resolve/REVISION/`, each once for each name.
/// Gives back, at the end, the paths that were asked for.
fn serve(names: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let answer = |name: &&str| {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> =
                lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            let body = fs::read(fixture(&format!("hf-vit/{name}"))).unwrap();
            let status = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(&[status.as_bytes(), &body].concat()).unwrap();
            head[0].split(' ').nth(1).unwrap().to_string()
        };
        names.iter().map(answer).collect()
    });
    (address, serving)
}

#[test]
fn published_weights_are_fetched_once() {
    let zoo = Zoo::new();
    let (address, serving) =
        serve(&["config.json", "preprocessor_config.json", "model.safetensors"]);
    let import = ["import", "someone/small-vit@v1", "--out", "vit.safetensors"];
    let cache = zoo.path("cache");
    let cache = ("ZOO_CACHE", cache.to_str().unwrap());
    let said = zoo.run_with(&import, &[cache, ("HF_ENDPOINT", &address)]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let asked = serving.join().unwrap();
    let path = |name| format!("/someone/small-vit/resolve/v1/{name}");
    let names = ["config.json", "preprocessor_config.json", "model.safetensors"];
    assert_eq!(asked, names.map(path));

    let offline = ("HF_HUB_OFFLINE", "1");
    let again = zoo.run_with(&import, &[cache, offline]);
    assert_eq!((again.code, again.stdout), (0, said.stdout));

    let other = ["import", "someone/other", "--out", "other.safetensors"];
    let said = zoo.run_with(&other, &[cache, offline]);
    let place = zoo.path("cache/weights/someone/other/main/config.json");
    assert_eq!(
        (said.code, said.stderr),
        (
            2,
            format!(
                "error: HF_HUB_OFFLINE forbids to fetch https://huggingface.co/someone/other/resolve/main/\
                 config.json; unset it, or get the file by hand and put it at {}\n",
                place.display()
            )
        )
    );
    let said = zoo.run_with(&other, &[cache, ("HF_ENDPOINT", &address)]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.starts_with(&format!(
            "error: cannot fetch {address}/someone/other/resolve/main/config.json: "
        )),
        "{}",
        said.stderr
    );
    let said = zoo.run_with(&["import", "torchvision/resnet18", "--out", "x"], &[cache]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (
            2,
            "error: pretrained torchvision/resnet18: expected one of alexnet, vit_b_16, vit_b_32, vit_l_16, \
             vit_l_32\n"
        )
    );
}
