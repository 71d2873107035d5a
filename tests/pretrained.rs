//! Weights in and out by the command line, and what is refused, word for word.

mod harness;

use std::{fs, path::PathBuf};

use harness::{
    Zoo,
    weights::{Tensors, fixture, read, spoil, write},
};
use safetensors::Dtype;
use serde_json::{Value, json};

/// The small timm network with a change, as `changed.safetensors`.
fn changed(zoo: &Zoo, change: impl FnOnce(&mut Tensors)) -> PathBuf {
    let mut tensors = read(fixture("timm-vit.safetensors"));
    change(&mut tensors);
    let path = zoo.path("changed.safetensors");
    write(&path, &tensors);
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
        (
            0,
            "vit.safetensors: vit of 5603 parameters from timm's layout, 32 tensors\nstripped prefix: model.\n",
            ""
        )
    );
    let size = ["--image-size", "24", "--json"];
    let bare = zoo.ok(&[&args[..], &size].concat());
    let report: Value = serde_json::from_str(&bare).unwrap();
    assert_eq!(report["reshaped"], json!(["model.pos_embed"]));
    let assumed: Vec<String> = serde_json::from_value(report["assumed"].clone()).unwrap();
    assert_eq!(assumed.len(), 4);
    assert!(assumed[0].starts_with("mean [0.5, 0.5, 0.5] and deviation"), "{assumed:?}");

    let written =
        zoo.ok(&["export", "vit.safetensors", "--layout", "hf", "--out", "hf.safetensors"]);
    assert_eq!(written, "hf.safetensors\nconfig.json\npreprocessor_config.json\n");
    zoo.ok(&["import", "hf.safetensors", "--out", "again.safetensors"]);
    assert_eq!(zoo.json("config.json")["num_attention_heads"], 2);
    assert_eq!(zoo.json("config.json")["image_size"], 24);
    assert_eq!(zoo.json("config.json")["id2label"]["1"], "class 1");
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    assert_eq!(
        refused_change(|tensors| drop(tensors.remove("norm.bias"))),
        "lacks tensors that a vit of timm has: `norm.bias`"
    );
    assert_eq!(
        refused_change(|tensors| {
            let copy = tensors["norm.bias"].clone();
            tensors.insert(String::from("fc_norm.bias"), copy);
        }),
        "contains tensors that a vit of timm does not have: `fc_norm.bias`"
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
        "has `blocks.1.mlp.fc1.weight` of shape [32, 15], expected [32, 16]"
    );
    assert_eq!(
        refused_change(reshape("pos_embed", vec![1, 15, 16])),
        "has 15 positions: expected one for the class token plus a square number for the patches, or that number \
         alone"
    );
    assert_eq!(
        refused_change(reshape("head.weight", vec![48])),
        "has `head.weight` of shape [48], expected 2 dimensions"
    );
    assert_eq!(
        refused_change(|tensors| tensors.get_mut("norm.bias").unwrap().0 = Dtype::I32),
        "has `norm.bias` of type I32: expected f32, f16, bf16 or f64"
    );
}

/// Writes the network of Hugging Face, changed, with its JSON files, into a folder of its own.
fn write_hf(zoo: &Zoo, folder: &str, change: impl Fn(&str, &mut (Dtype, Vec<usize>, Vec<u8>))) {
    fs::create_dir(zoo.path(folder)).unwrap();
    for name in ["config.json", "preprocessor_config.json"] {
        fs::copy(fixture(&format!("hf-vit/{name}")), zoo.path(&format!("{folder}/{name}")))
            .unwrap();
    }
    let mut tensors = read(fixture("hf-vit/model.safetensors"));
    tensors.iter_mut().for_each(|(name, tensor)| change(name, tensor));
    write(zoo.path(&format!("{folder}/model.safetensors")), &tensors);
}

#[test]
fn half_of_the_precision_is_joined_as_the_whole() {
    let zoo = Zoo::new();
    // bf16 is the upper half of f32.
    write_hf(&zoo, "half", |_, (dtype, _, bytes)| {
        *dtype = Dtype::BF16;
        *bytes = bytes.chunks(4).flat_map(|number| [number[2], number[3]]).collect();
    });
    write_hf(&zoo, "whole", |_, (_, _, bytes)| {
        bytes.chunks_mut(4).for_each(|number| number[..2].fill(0));
    });
    for name in ["half", "whole"] {
        let (from, out) = (format!("{name}/model.safetensors"), format!("{name}.safetensors"));
        zoo.ok(&["import", &from, "--out", &out, "-q"]);
    }
    assert_eq!(read(zoo.path("half.safetensors")), read(zoo.path("whole.safetensors")));
}

#[test]
fn attention_without_extent_is_refused() {
    let zoo = Zoo::new();
    write_hf(&zoo, "scalar", |name, (_, shape, bytes)| {
        if [".query.", ".key.", ".value."].iter().any(|part| name.contains(part)) {
            (*shape, *bytes) = (Vec::new(), vec![0; 4]);
        }
    });
    let error = refused(&zoo, "scalar/model.safetensors", &[]);
    assert_eq!(
        error,
        "has `vit.encoder.layer.0.attention.attention.query.bias` of shape [], where queries, keys and values \
         of one shape were expected"
    );
}

#[test]
fn what_is_not_a_number_is_refused() {
    let zoo = Zoo::new();
    changed(&zoo, |tensors| {
        let mut put = |name: &str, place: usize, number: f32| {
            let bytes = &mut tensors.get_mut(name).unwrap().2;
            bytes[4 * place..][..4].copy_from_slice(&number.to_le_bytes());
        };
        put("blocks.0.norm1.weight", 0, f32::NAN);
        put("blocks.0.norm1.weight", 7, f32::INFINITY);
        put("head.bias", 2, f32::NEG_INFINITY);
    });
    let refusal = |names: &str| {
        format!("holds NaN or infinite numbers, with which nothing can be computed: {names}")
    };
    assert_eq!(
        refused(&zoo, "changed.safetensors", &[]),
        refusal("`blocks.0.norm1.weight` (2 of 16), `head.bias` (1 of 3)")
    );
    // A head that is not taken over may hold any.
    changed(&zoo, |tensors| {
        let bytes = &mut tensors.get_mut("head.bias").unwrap().2;
        bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|number| *number = f32::NAN.to_le_bytes());
    });
    let mut config = harness::tiny(json!({"vit": {"num_heads": 2}}));
    config["pretrained"] = json!("changed.safetensors");
    config["fine_tune"] = json!({"head": "new"});
    config["train"]["epochs"] = json!(1);
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    // The zoo's own weights are looked at, too.
    spoil(zoo.path("run/model.safetensors"));
    let said = zoo.refused(&["import", "run", "--out", "out.safetensors", "-q"]);
    assert!(
        said.contains("`patch_embedding.weight` (768 of 768)") && said.contains(" more\n"),
        "{said}"
    );
}

#[test]
fn other_networks_are_named() {
    let distilled = refused_change(|tensors| {
        let copy = tensors["cls_token"].clone();
        tensors.insert(String::from("dist_token"), copy);
    });
    assert_eq!(distilled, "lacks `head_dist.weight`");
    let transformers = refused_change(|tensors| {
        let copy = tensors["cls_token"].clone();
        tensors.insert(String::from("deit.embeddings.distillation_token"), copy);
    });
    assert_eq!(
        transformers,
        "is a distilled DeiT in transformers' layout (it contains `deit.embeddings.distillation_token`), which is \
         not supported; use timm's, such as timm/deit_tiny_distilled_patch16_224.fb_in1k"
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
        "is not in a known layout: it contains `layer0.weight`, `layer1.weight`, `layer2.weight`, \
         `layer3.weight`, `layer4.weight` and 2 more; expected `features.0.weight` (torchvision \
         alexnet) or `conv_proj.weight` (torchvision vit) or `patch_embed.proj.weight` (dinov2 vit, \
         timm vit) or `dinov2_with_registers.embeddings.cls_token` (hf vit) or \
         `dinov2.embeddings.cls_token` (hf vit) or `vit.embeddings.cls_token` (hf vit) or \
         `conv1.weight` (open_clip vit) or `vision_model.embeddings.class_embedding` (hf vit) or \
         `layer1.0.conv1.weight` (torchvision resnet, timm resnet, akamaster resnet) or \
         `resnet.embedder.embedder.convolution.weight` (hf resnet) or `7.weight` (sequential cnn)"
    );
    let zoo = Zoo::new();
    let timm = fixture("timm-vit.safetensors");
    assert_eq!(
        refused(&zoo, &timm, &["--model", "alexnet"]),
        "contains a `vit` model, not `alexnet`"
    );
    fs::copy(&timm, zoo.path("vit.safetensors")).unwrap();
    zoo.write("config.json", r#"{"model_args": {"embed_dim": 24, "num_heads": 3}}"#);
    assert_eq!(
        refused(&zoo, "vit.safetensors", &[]),
        "has 16 features, but the config.json beside it describes a network with 24: move the weights elsewhere"
    );
    zoo.write("two.txt", "ant\nbee\n");
    assert_eq!(
        refused(&zoo, &timm, &["--classes", "two.txt"]),
        "has a head for 3 classes, but 2 are named; for a new head, fine-tune with `fine_tune.head` \
         `new`"
    );
    let said = zoo.refused(&["import", &timm, "--out", "out.safetensors"]);
    assert_eq!(
        said,
        format!(
            "error: {timm}: does not say how many attention heads share its 16 features: give --num-heads N, or \
             `model.vit.num_heads` in a config\n"
        )
    );
}
