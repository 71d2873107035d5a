//! An export has the library prepare images as the run did, or says what the library cannot do.

mod harness;

use std::fs;

use harness::{Zoo, tiny, weights::fixture};
use serde_json::{Value, json};

const HF_BY_TIMM: &str = "config.json asks for timm's preprocessing: install timm beside it, and open the folder \
                          with AutoImageProcessor";

/// The small timm network, prepared so.
fn imported(zoo: &Zoo, geometry: &[&str]) {
    let file = fixture("timm-vit.safetensors");
    let args = ["import", &file, "--num-heads", "2", "--out", "ours.safetensors", "-q"];
    let figures = ["--mean", "0.4,0.5,0.6", "--std", "0.2,0.3,0.4", "--interpolation", "bilinear"];
    zoo.ok(&[&args[..], &figures, geometry].concat());
}

/// What an export says on stderr.
fn exported(zoo: &Zoo, layout: &str) -> String {
    fs::create_dir_all(zoo.path(layout)).unwrap();
    let out = format!("{layout}/model.safetensors");
    let said = zoo.run(&["export", "ours.safetensors", "--layout", layout, "--out", &out]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    said.stderr
}

/// A JSON file beside exported weights, without the mark that it belongs to them.
fn beside(zoo: &Zoo, path: &str) -> Value {
    let mut document = zoo.json(path);
    let mark = document.as_object_mut().unwrap().remove("burn-zoo");
    assert_eq!(mark, Some(json!({"weights": "model.safetensors"})));
    document
}

fn predictions(zoo: &Zoo, weights: &str) -> Value {
    let image = fixture("../preprocess/wide.png");
    let said = zoo.ok(&["predict", weights, &image, "--json", "--logits", "-q"]);
    serde_json::from_str(&said).unwrap()
}

#[test]
fn what_was_exported_is_read_again_to_the_same_predictions() {
    let zoo = Zoo::new();
    for resize in ["letterbox", "crop", "squish"] {
        for ratio in ["1", "0.6"] {
            imported(&zoo, &["--resize", resize, "--crop-ratio", ratio]);
            let expected = predictions(&zoo, "ours.safetensors");
            for layout in ["hf", "timm", "torchvision"] {
                exported(&zoo, layout);
                let file = format!("{layout}/model.safetensors");
                let said = zoo.run(&["import", &file, "--out", "again.safetensors"]);
                assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{layout} {resize} {ratio}");
                assert_eq!(predictions(&zoo, "again.safetensors"), expected, "{layout} {resize}");
            }
        }
    }
}

#[test]
fn timm_does_all_that_is_done_here() {
    let zoo = Zoo::new();
    for (resize, mode) in [("letterbox", "border"), ("crop", "center"), ("squish", "squash")] {
        imported(&zoo, &["--resize", resize, "--crop-ratio", "0.8"]);
        assert_eq!(exported(&zoo, "timm"), "");
        let expected = json!({
            "input_size": [3, 16, 16], "num_classes": 3, "interpolation": "bilinear", "crop_pct": 0.8,
            "crop_mode": mode, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4],
            "first_conv": "patch_embed.proj", "classifier": "head"
        });
        assert_eq!(zoo.json("timm/config.json")["pretrained_cfg"], expected);
    }
}

#[test]
fn transformers_does_what_it_can_and_timm_the_rest() {
    let zoo = Zoo::new();
    let processor = |zoo: &Zoo| beside(zoo, "hf/preprocessor_config.json");
    imported(&zoo, &["--resize", "squish"]);
    assert_eq!(exported(&zoo, "hf"), "");
    let square = |side: usize| json!({"height": side, "width": side});
    let mut expected = json!({
        "image_processor_type": "ViTImageProcessor", "do_resize": true, "size": square(16), "resample": 2,
        "do_rescale": true, "rescale_factor": 1.0 / 255.0, "do_normalize": true,
        "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4]
    });
    assert_eq!(processor(&zoo), expected);
    // 20 pixels, of which 2 are left out on either side.
    imported(&zoo, &["--resize", "squish", "--crop-ratio", "0.8"]);
    assert_eq!(exported(&zoo, "hf"), "");
    expected["image_processor_type"] = json!("DeiTImageProcessor");
    expected["size"] = square(20);
    expected["do_center_crop"] = json!(true);
    expected["crop_size"] = square(16);
    assert_eq!(processor(&zoo), expected);

    imported(&zoo, &["--resize", "letterbox"]);
    let note = format!("note: transformers itself puts no bars beside an image, so {HF_BY_TIMM}\n");
    assert_eq!(exported(&zoo, "hf"), note);
    assert_eq!(processor(&zoo), json!({"image_processor_type": "TimmWrapperImageProcessor"}));
    let config = zoo.json("hf/config.json");
    assert_eq!(config["image_processor_type"], "TimmWrapperImageProcessor");
    assert_eq!(
        (&config["model_type"], &config["pretrained_cfg"]["crop_mode"]),
        (&json!("vit"), &json!("border"))
    );

    imported(&zoo, &["--resize", "crop"]);
    let note = format!(
        "note: transformers itself starts a cut that falls between two pixels at another one, so {HF_BY_TIMM}\n"
    );
    assert_eq!(exported(&zoo, "hf"), note);
    assert_eq!(zoo.json("hf/config.json")["pretrained_cfg"]["crop_mode"], "center");
}

/// The processor of transformers that cuts a photo's middle is written as it was read.
#[test]
fn a_cut_of_transformers_goes_back_as_it_came() {
    let zoo = Zoo::new();
    zoo.copy(&fixture("hf-vit"), "theirs");
    let written = json!({
        "image_processor_type": "BitImageProcessor", "do_resize": true, "size": {"shortest_edge": 19},
        "resample": 1, "do_rescale": true, "rescale_factor": 1.0 / 255.0, "do_normalize": true,
        "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "do_center_crop": true,
        "crop_size": {"height": 16, "width": 16}
    });
    zoo.write("theirs/preprocessor_config.json", &written.to_string());
    zoo.ok(&["import", "theirs/model.safetensors", "--out", "ours.safetensors", "-q"]);
    assert_eq!(exported(&zoo, "hf"), "");
    assert_eq!(beside(&zoo, "hf/preprocessor_config.json"), written);
    assert_eq!(
        exported(&zoo, "timm"),
        "note: timm starts a cut in the middle at an even pixel, this network at the one before: some photos \
         are seen one pixel further there; --layout hf has it exactly\n\
         note: timm's layer norms add 1e-6 to the variance, this network's 1e-12: scores differ by a little; \
         --layout hf has it exactly\n"
    );
}

#[test]
fn torchvision_is_told_in_words() {
    let zoo = Zoo::new();
    imported(&zoo, &["--resize", "crop", "--crop-ratio", "0.8"]);
    assert_eq!(
        exported(&zoo, "torchvision"),
        "note: torchvision keeps no preprocessing with weights; prepare images by Resize(20), CenterCrop(16), \
         bilinear, Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4])\n"
    );
    zoo.copy(&fixture("hf-vit"), "theirs");
    zoo.ok(&["import", "theirs/model.safetensors", "--out", "ours.safetensors", "-q"]);
    assert_eq!(
        exported(&zoo, "torchvision"),
        "note: torchvision keeps no preprocessing with weights; prepare images by Resize((16, 16)), \
         CenterCrop(16), bilinear, Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4])\n\
         note: torchvision's layer norms add 1e-6 to the variance, this network's 1e-12: scores differ by a \
         little; --layout hf has it exactly\n"
    );
}

#[test]
fn activations_go_where_they_are_known() {
    let zoo = Zoo::new();
    for (name, hf, timm) in [
        ("gelu-tanh", "gelu_pytorch_tanh", "gelu_tanh"),
        ("quick-gelu", "quick_gelu", "quick_gelu"),
        ("relu", "relu", "relu"),
        ("silu", "silu", "silu"),
    ] {
        let sizes =
            json!({"embed_dim": 16, "depth": 1, "num_heads": 2, "mlp_dim": 32, "activation": name});
        let mut config = tiny(json!({"vit": sizes}));
        config["train"] = json!({"steps": 1});
        zoo.write_config(&config);
        zoo.ok(&["train", "tiny.json", "--run-dir", name, "-q"]);
        fs::copy(zoo.path(&format!("{name}/model.safetensors")), zoo.path("ours.safetensors"))
            .unwrap();
        exported(&zoo, "hf");
        exported(&zoo, "timm");
        assert_eq!(zoo.json("hf/config.json")["hidden_act"], hf);
        assert_eq!(zoo.json("timm/config.json")["model_args"]["act_layer"], timm);
        let said =
            zoo.refused(&["export", name, "--layout", "torchvision", "--out", "x.safetensors"]);
        assert_eq!(
            said,
            "error: --layout torchvision: torchvision supports this network only with a class token, learned \
             positions, the exact GELU and a head, and none of the switches of newer networks; use --layout zoo\n"
        );
    }
}

/// A config says what no tensor shows, and hears what was assumed.
#[test]
fn a_training_heeds_the_heads_of_its_config() {
    let zoo = Zoo::new();
    let mut config = tiny(json!({"vit": {"num_heads": 4}}));
    config["pretrained"] = json!(fixture("timm-vit.safetensors"));
    config["fine_tune"] = json!({"head": "new"});
    config["train"] = json!({"steps": 1});
    zoo.write_config(&config);
    let said = zoo.run(&["train", "tiny.json", "--run-dir", "run"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let note = "note: pretrained: assumed mean [0.5, 0.5, 0.5] and deviation [0.5, 0.5, 0.5], as timm mostly has \
                them; `preprocess.normalize` says otherwise";
    assert!(said.stderr.lines().any(|line| line == note), "{}", said.stderr);
    assert_eq!(zoo.json("run/config.json")["model"]["vit"]["num_heads"], 4);
    config["model"] = json!({"vit": {}});
    zoo.write_config(&config);
    let said = zoo.refused(&["train", "tiny.json", "--run-dir", "other"]);
    assert!(said.contains("give --num-heads N, or `model.vit.num_heads` in a config"), "{said}");
}

/// A preset is about sizes, which tensors show.
#[test]
fn a_preset_leaves_the_activation_to_the_weights() {
    let zoo = Zoo::new();
    zoo.copy(&fixture("hf-vit"), "theirs");
    let mut theirs = zoo.json("theirs/config.json");
    theirs["hidden_act"] = json!("relu");
    zoo.write("theirs/config.json", &theirs.to_string());
    let sizes = json!({"preset": "mini", "embed_dim": 16, "depth": 2, "mlp_dim": 32});
    let mut config = tiny(json!({"vit": sizes}));
    config["pretrained"] = json!("theirs/model.safetensors");
    config["fine_tune"] = json!({"head": "new"});
    config["train"] = json!({"steps": 1});
    zoo.write_config(&config);
    zoo.ok(&["train", "tiny.json", "--run-dir", "run", "-q"]);
    let model = &zoo.json("run/config.json")["model"]["vit"];
    assert_eq!((&model["activation"], &model["num_heads"]), (&json!("relu"), &json!(2)));
    assert_eq!(model["layer_norm_epsilon"], 1e-12);
}

/// Weights that say how many heads they have mean it.
#[test]
fn other_heads_than_the_weights_have_are_refused() {
    let zoo = Zoo::new();
    imported(&zoo, &[]);
    let import = |file: &str, heads| {
        zoo.refused(&["import", file, "--num-heads", heads, "--out", "again.safetensors"])
    };
    assert_eq!(
        import("ours.safetensors", "4"),
        "error: ours.safetensors: has 2 attention heads, not 4\n"
    );
    let alexnet = fixture("torchvision-alexnet.pth");
    let said = import(&alexnet, "4");
    assert_eq!(
        said,
        format!("error: {alexnet}: is of kind `alexnet`, which has no attention heads\n")
    );
}
