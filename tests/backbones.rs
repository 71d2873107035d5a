//! Backbones by the command line: what becomes of DINOv2, CLIP and DeiT, and what is refused, word for
//! word.

mod harness;

use std::{fs, path::Path};

use harness::{
    Zoo,
    weights::{Tensors, read, write},
};
use safetensors::Dtype;
use serde_json::{Value, json};

/// A fixture of `scripts/vit_fixtures.py`.
fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/vit");
    folder.canonicalize().unwrap().join(name).to_str().unwrap().to_string()
}

/// Imports a fixture for images of 16 pixels, as `name.safetensors`.
fn imported(zoo: &Zoo, file: &str, name: &str) -> String {
    let out = format!("{name}.safetensors");
    zoo.ok(&[
        "import",
        &fixture(file),
        "--out",
        &out,
        "--num-heads",
        "2",
        "--image-size",
        "16",
        "-q",
    ]);
    out
}

/// What importing a file is refused with, without the path before it.
fn refused(zoo: &Zoo, file: &str) -> String {
    let said = zoo.refused(&["import", file, "--out", "out.safetensors", "--num-heads", "2"]);
    assert!(!zoo.path("out.safetensors").exists());
    let message = said.trim_end().strip_prefix(&format!("error: {file}: "));
    message.unwrap_or_else(|| panic!("{said}")).to_string()
}

/// The fixture with a change, as `changed.safetensors`.
fn refused_change(file: &str, change: impl FnOnce(&mut Tensors)) -> String {
    let zoo = Zoo::new();
    let mut tensors = read(fixture(file));
    change(&mut tensors);
    write(zoo.path("changed.safetensors"), &tensors);
    refused(&zoo, "changed.safetensors")
}

/// A tensor of zeros.
fn zeros(shape: &[usize]) -> (Dtype, Vec<usize>, Vec<u8>) {
    (Dtype::F32, shape.to_vec(), vec![0; 4 * shape.iter().product::<usize>()])
}

fn with(name: &'static str, shape: &'static [usize]) -> impl FnOnce(&mut Tensors) {
    move |tensors| drop(tensors.insert(String::from(name), zeros(shape)))
}

#[test]
fn a_network_without_a_head_gives_no_classes() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant"], 1);
    let weights = imported(&zoo, "hub-dinov2.safetensors", "dino");
    let message = "has no head, so it gives features and no classes: `zoo features` writes them; for classes, train \
                   with it as `pretrained` and `fine_tune.head` `new`";
    for args in [
        &["predict", &weights, "photos"][..],
        &["explain", &weights, "photos/ant/0.png", "--out", "explained"],
        &["evaluate", &weights, "--config", "quickstart"],
        &["export", &weights, "--format", "onnx", "--out", "dino.onnx"],
    ] {
        assert_eq!(zoo.refused(args), format!("error: {weights}: {message}\n"), "{args:?}");
    }
    // It can be exported all the same.
    zoo.ok(&["export", &weights, "--layout", "timm", "--out", "timm.safetensors", "-q"]);
}

#[test]
fn bench_and_parity_take_the_switches() {
    let zoo = Zoo::new();
    let model = json!({"vit": {
        "embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32, "registers": 2, "pre_norm": true,
        "layer_scale": 0.1, "class_position": false, "pooling": "class-and-mean", "projection": 8,
        "activation": "quick-gelu"
    }});
    let mut config = harness::tiny(model);
    config["data"]["sea"]["train"] = json!(32);
    zoo.write_config(&config);
    zoo.ok(&["bench", "tiny.json", "--what", "infer", "--json", "-q"]);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q", "--set", "train.steps=2"]);
    zoo.ok(&["evaluate", "run", "--json", "-q"]);
}

#[test]
fn networks_that_are_not_supported_are_named() {
    let timm = "timm-dinov2-registers.safetensors";
    let siglip = "is pooled by attention (it contains `attn_pool.latent`), as SigLIP is, which is not supported; use \
                  weights with a class token, such as timm/vit_base_patch16_clip_224.openai";
    assert_eq!(refused_change(timm, with("attn_pool.latent", &[1, 1, 16])), siglip);
    let rotary = |name| {
        format!(
            "has rotary positions (it contains `{name}`), as DINOv3 has, which are not supported; use weights with \
             learned positions, such as timm/vit_small_patch14_reg4_dinov2.lvd142m"
        )
    };
    assert_eq!(
        refused_change(timm, with("rope_embed.periods", &[4])),
        rotary("rope_embed.periods")
    );
    let dinov3 = "embeddings.patch_embeddings.weight";
    assert_eq!(refused_change(timm, with(dinov3, &[16, 3, 4, 4])), rotary(dinov3));
    assert_eq!(
        refused_change(timm, with("blocks.0.gamma_1", &[16])),
        "is of timm's EVA family (it contains `blocks.0.gamma_1`), as DINOv3 and BEiT are there: their positions, \
         rotary or relative, are not supported; use weights with learned positions, such as \
         timm/vit_small_patch14_reg4_dinov2.lvd142m"
    );
    assert_eq!(
        refused_change(
            "open-clip/open_clip_model.safetensors",
            with("visual.attn_pool.query", &[8, 16])
        ),
        siglip.replace("attn_pool.latent", "visual.attn_pool.query")
    );
}

#[test]
fn parts_that_do_not_fit_are_named() {
    let clip = "open-clip/open_clip_model.safetensors";
    assert_eq!(
        refused_change(clip, with("visual.proj", &[12, 8])),
        "has `visual.proj` of shape [12, 8], expected [16, 8]"
    );
    // The projection alone is no network.
    assert!(
        refused_change(clip, |tensors| tensors.retain(|name, _| name == "visual.proj"))
            .starts_with("is not in a known layout: it contains `visual.proj`; expected ")
    );
    let distilled = "timm-deit-distilled.safetensors";
    assert_eq!(
        refused_change(distilled, with("head_dist.weight", &[5, 16])),
        "has `head.weight` and `head_dist.weight` of different shapes"
    );
    assert_eq!(
        refused_change(distilled, |tensors| drop(tensors.remove("head_dist.bias"))),
        "lacks `head_dist.bias`"
    );
    assert_eq!(
        refused_change("timm-deit3.safetensors", with("pos_embed", &[1, 15, 16])),
        "has 15 positions: expected one for the class token plus a square number for the patches, or that number \
         alone"
    );
    let zoo = Zoo::new();
    let mut tensors = read(fixture("timm-dinov2.safetensors"));
    let bytes = &mut tensors.get_mut("blocks.0.ls1.gamma").unwrap().2;
    bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    write(zoo.path("nan.safetensors"), &tensors);
    let refusal = "error: nan.safetensors: holds NaN or infinite numbers, with which nothing can be computed: \
                   `blocks.0.ls1.gamma` (1 of 16)\n";
    let args = ["nan.safetensors", "--out", "out.safetensors", "--num-heads", "2"];
    assert_eq!(zoo.refused(&[&["import"], &args[..]].concat()), refusal);
    zoo.photos("photos", &["ant"], 1);
    let features = ["features", "nan.safetensors", "photos", "--out", "f.csv", "-q"];
    assert!(zoo.refused(&features).contains("does not say how many attention heads"));
    // Numbers that are finite, and too large to compute with.
    let bytes = &mut tensors.get_mut("blocks.0.ls1.gamma").unwrap().2;
    bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|number| *number = f32::MAX.to_le_bytes());
    write(zoo.path("nan.safetensors"), &tensors);
    zoo.ok(&[&["import"], &args[..], &["-q"]].concat());
    let said = zoo.run(&["features", "out.safetensors", "photos", "--out", "f.csv", "-q"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (1, "error: for 1 of 1 images the features are not all finite numbers\n")
    );
}

#[test]
fn a_config_that_denies_the_weights_their_switches_is_refused() {
    let zoo = Zoo::new();
    zoo.photos("photos", &["ant", "bee"], 10);
    let mut config = json!({
        "data": {"folder": {"root": "photos", "preprocess": {"image_size": 16}}},
        "model": {"vit": {"num_heads": 2, "registers": 0}},
        "pretrained": fixture("timm-dinov2-registers.safetensors"),
        "fine_tune": {"head": "new"},
        "train": {"steps": 1}
    });
    zoo.write_config(&config);
    let refusal = "error: config, `pretrained`: `reg_token` is in the weights, but not in the network that the \
                   config describes: `model.vit.registers` is 0, in the weights 4; leave out what sets it, to have \
                   that of the weights\n";
    assert_eq!(zoo.refused(&["train", "tiny.json", "-q"]), refusal);
    // Nobody says how large images are: the weights do, with patches of another size than the preset's.
    let mut tensors = read(fixture("timm-dinov2-registers.safetensors"));
    with("patch_embed.proj.weight", &[16, 3, 14, 14])(&mut tensors);
    write(zoo.path("patches.safetensors"), &tensors);
    config["pretrained"] = json!("patches.safetensors");
    config["data"]["folder"] = json!({"root": "photos"});
    zoo.write_config(&config);
    assert_eq!(zoo.refused(&["train", "tiny.json", "-q"]), refusal);
    config["pretrained"] = json!(fixture("timm-dinov2-registers.safetensors"));
    config["data"]["folder"]["preprocess"] = json!({"image_size": 16});
    config["model"] = json!({"vit": {"num_heads": 2, "projection": 8, "depth": 3}});
    zoo.write_config(&config);
    assert_eq!(
        zoo.refused(&["train", "tiny.json", "-q"]),
        "error: config, `pretrained`: `blocks.2.attn.proj.bias` is not in the weights, but in the network that the config \
         describes: `model.vit.depth` is 3, in the weights 2, `model.vit.projection` is 8, in the weights not set; \
         leave out what sets them, to have those of the weights\n"
    );
    // A preset is about sizes, and leaves the weights their switches.
    config["model"] = json!({"vit": {
        "preset": "mini", "embed_dim": 16, "depth": 2, "mlp_dim": 32, "num_heads": 2, "patch_size": 4
    }});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "-q"]);
    assert_eq!(zoo.json("runs/tiny/config.json")["model"]["vit"]["registers"], 4);
}

#[test]
fn what_open_clip_says_and_cannot_be_done_is_refused() {
    let zoo = Zoo::new();
    let model = read(fixture("open-clip/open_clip_model.safetensors"));
    write(zoo.path("open_clip_model.safetensors"), &model);
    let text = fs::read_to_string(fixture("open-clip/open_clip_config.json")).unwrap();
    let with = |key: &str, change: Value| {
        let mut config: Value = serde_json::from_str(&text).unwrap();
        *config.pointer_mut(key).unwrap() = change;
        zoo.write("open_clip_config.json", &config.to_string());
        let args = [
            "import",
            "open_clip_model.safetensors",
            "--out",
            "out.safetensors",
            "--num-heads",
            "2",
        ];
        zoo.refused(&args)
    };
    assert_eq!(
        with("/preprocess_cfg/resize_mode", json!("longest")),
        "error: open_clip_config.json: says `preprocess_cfg.resize_mode` \"longest\": expected shortest or squash\n"
    );
    assert_eq!(
        with("/model_cfg/vision_cfg/layers", json!(3)),
        "error: open_clip_model.safetensors: has 2 blocks, but the open_clip_config.json beside it describes a \
         network with 3: move the weights elsewhere\n"
    );
    assert_eq!(
        with("/model_cfg/vision_cfg", json!({"timm_model_name": "vit_base_patch16_siglip_224"})),
        "error: open_clip_config.json: says `model_cfg.vision_cfg.timm_model_name` \"vit_base_patch16_siglip_224\", \
         which is not done here; take it out if it makes no difference\n"
    );
}
