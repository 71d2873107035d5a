//! The JSON files beside weights: what is refused, word for word, and what is assumed where they are silent.

mod harness;

use harness::{
    Zoo,
    weights::{changed, lay, write_files},
};
use serde_json::{Value, json};

/// The message with which a changed case is refused, without the file before it.
fn refused(name: &str, file: &str, change: impl Fn(&mut Value)) -> String {
    let zoo = Zoo::new();
    let (layout, files) = changed(name, change);
    let weights = lay(&zoo, "theirs", &layout, &[]);
    write_files(&zoo, "theirs", &files);
    let said = zoo.refused(&["import", &weights, "--out", "ours.safetensors"]);
    assert!(!zoo.path("ours.safetensors").exists());
    let start = format!("error: theirs/{file}: ");
    assert!(said.starts_with(&start), "{said}");
    said[start.len()..].trim_end().to_string()
}

#[test]
fn what_a_config_asks_and_is_not_done_is_refused_by_name() {
    let hf = |key: &'static str, value: Value| {
        refused("hf-plain", "config.json", |files| files["config.json"][key] = value.clone())
    };
    assert_eq!(
        hf("hidden_act", json!("mish")),
        "says `hidden_act` \"mish\": expected gelu, gelu_python, gelu_pytorch_tanh, gelu_new, gelu_fast, \
         gelu_accurate, gelu_python_tanh, quick_gelu, relu, silu, swish"
    );
    assert_eq!(hf("model_type", json!("dinov2")), "says `model_type` \"dinov2\": expected \"vit\"");
    assert_eq!(
        hf("problem_type", json!("multi_label_classification")),
        "says `problem_type` \"multi_label_classification\": expected \"single_label_classification\": one \
         class an image"
    );
    assert_eq!(
        hf("use_mean_pooling", json!(true)),
        "says `use_mean_pooling` true: expected false: this network's head sees the class token"
    );
    assert_eq!(
        hf("num_attention_heads", json!("two")),
        "says `num_attention_heads` \"two\": expected a whole number"
    );
    let timm = |place: &'static str, key: &'static str, value: Value| {
        refused("timm-center", "config.json", |files| {
            let config = &mut files["config.json"];
            let settings = if place.is_empty() { config } else { &mut config[place] };
            settings[key] = value.clone();
        })
    };
    let class_token = "expected \"token\": this network's head sees the class token";
    assert_eq!(
        timm("", "global_pool", json!("avg")),
        format!("says `global_pool` \"avg\": {class_token}")
    );
    assert_eq!(
        timm("model_args", "global_pool", json!("map")),
        format!("says `model_args.global_pool` \"map\": {class_token}")
    );
    assert_eq!(
        timm("model_args", "act_layer", json!("elu")),
        "says `model_args.act_layer` \"elu\": expected gelu, gelu_tanh, quick_gelu, relu, silu, swish"
    );
    assert_eq!(
        timm("model_args", "class_token", json!(false)),
        "says `model_args.class_token` false: expected true, as a plain Vision Transformer has it"
    );
    assert_eq!(
        timm("model_args", "qk_norm", json!(true)),
        "says `model_args.qk_norm` true, which is not done here; take it out if it makes no difference"
    );
    assert_eq!(
        timm("pretrained_cfg", "crop_mode", json!("tile")),
        "says `pretrained_cfg.crop_mode` \"tile\": expected center, squash or border"
    );
    assert_eq!(
        timm("pretrained_cfg", "interpolation", json!("random")),
        "says `pretrained_cfg.interpolation` \"random\": expected nearest, lanczos, bilinear, bicubic, box, \
         hamming"
    );
    assert_eq!(
        timm("pretrained_cfg", "crop_pct", json!(1.2)),
        "cannot be followed: `preprocess.crop_ratio`: expected 0.1 to 1, found 1.2"
    );
    assert_eq!(
        timm("pretrained_cfg", "input_size", json!([3, 16, 24])),
        "says `pretrained_cfg.input_size` [3,16,24]: expected a square"
    );
}

#[test]
fn what_a_processor_asks_and_is_not_done_is_refused_by_name() {
    const FILE: &str = "preprocessor_config.json";
    let processor = |changes: Value| {
        refused("hf-deit", FILE, |files| {
            files[FILE].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        })
    };
    assert_eq!(
        processor(json!({"image_processor_type": "PvtImageProcessor"})),
        "says `image_processor_type` \"PvtImageProcessor\": expected ViTImageProcessor, \
         DeiTImageProcessor, BitImageProcessor, CLIPImageProcessor, SiglipImageProcessor, \
         ConvNextImageProcessor"
    );
    assert_eq!(
        processor(json!({"do_center_crop": false, "size": {"shortest_edge": 16}})),
        "says `size` {\"shortest_edge\":16}: expected height and width, or do_center_crop too"
    );
    assert_eq!(
        processor(json!({"size": {"shortest_edge": 16, "longest_edge": 20}})),
        "says `size` {\"shortest_edge\":16,\"longest_edge\":20}: expected equal height and width, or \
         shortest_edge"
    );
    assert_eq!(
        processor(json!({"size": {"height": 12, "width": 12}})),
        "says `crop_size` {\"height\":16,\"width\":16}: expected 1 to 12, to which images are resized"
    );
    assert_eq!(
        processor(json!({"do_resize": false})),
        "says `do_resize` false: expected true, since do_center_crop is true"
    );
    assert_eq!(
        processor(json!({"resample": 7})),
        "says `resample` 7: expected 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic), 4 (box), 5 (hamming)"
    );
    assert_eq!(
        processor(json!({"rescale_factor": 0})),
        "says `rescale_factor` 0: expected a number above 0"
    );
    assert_eq!(
        processor(json!({"do_pad": true})),
        "says `do_pad` true, which is not done here; take it out if it makes no difference"
    );
    assert_eq!(
        processor(json!({"do_normalize": 1})),
        "says `do_normalize` 1: expected true or false"
    );
}

#[test]
fn files_of_another_network_are_told() {
    let zoo = Zoo::new();
    let import = |files: &Value| {
        let weights = lay(&zoo, "theirs", "hf", &[]);
        write_files(&zoo, "theirs", files);
        zoo.refused(&["import", &weights, "--out", "ours.safetensors"])
    };
    let (_, mut files) =
        changed("hf-plain", |files| files["config.json"]["num_hidden_layers"] = json!(12));
    assert_eq!(
        import(&files),
        "error: theirs/model.safetensors: has 2 blocks, but the config.json beside it describes a network with 12: move \
         the weights elsewhere\n"
    );
    files["config.json"]["num_hidden_layers"] = json!(2);
    files["preprocessor_config.json"]["size"] = json!(24);
    assert_eq!(
        import(&files),
        "error: theirs/model.safetensors: sees images of 16 pixels, but the files beside it prepare images of \
         24: give --image-size 24 to have its positions resized, or --image-size 16\n"
    );
    files["preprocessor_config.json"]["size"] = json!(16);
    files["config.json"]["qkv_bias"] = json!(false);
    assert_eq!(
        import(&files),
        "error: theirs/model.safetensors: has biases for queries, keys and values, but config.json beside it \
         says `qkv_bias` false\n"
    );
    zoo.write("theirs/config.json", "{\"model_type\": ");
    let said = zoo.refused(&["import", "theirs/model.safetensors", "--out", "ours.safetensors"]);
    assert!(said.starts_with("error: theirs/config.json: is no sound JSON: "), "{said}");
}

#[test]
fn what_is_assumed_is_said() {
    let zoo = Zoo::new();
    let assumed = |args: &[&str]| {
        let said = zoo.run(&[&["import"], args, &["--out", "ours.safetensors"]].concat());
        assert_eq!(said.code, 0, "{}", said.stderr);
        let lines = said.stderr.lines().map(|line| line.strip_prefix("assumed: ").unwrap());
        lines.map(String::from).collect::<Vec<_>>()
    };
    let half = "mean [0.5, 0.5, 0.5] and deviation [0.5, 0.5, 0.5], as hf mostly has them; --mean and --std \
                say otherwise";
    let stretched = "images stretched to 16 pixels, as hf mostly has them; --resize and --crop-ratio say otherwise";
    let bilinear = "bilinear interpolation, as hf mostly has it; --interpolation says otherwise";
    let numbers = "classes by their number; --classes FILE says otherwise";

    let (_, files) = changed("hf-plain", |files| {
        drop(files.as_object_mut().unwrap().remove("preprocessor_config.json"))
    });
    let weights = lay(&zoo, "hf", "hf", &[]);
    write_files(&zoo, "hf", &files);
    assert_eq!(assumed(&[&weights]), [half, stretched, bilinear]);
    assert_eq!(
        assumed(&[&weights, "--mean", "0,0,0", "--std", "1,1,1", "--resize", "letterbox"]),
        [bilinear]
    );

    // A run's config belongs to none of the libraries.
    let (_, files) =
        changed("timm-center", |files| files["config.json"] = json!({"seed": 0, "data": {}}));
    let weights = lay(&zoo, "timm", "timm", &[]);
    write_files(&zoo, "timm", &files);
    let said = assumed(&[
        &weights,
        "--num-heads",
        "2",
        "--resize",
        "none",
        "--mean",
        "0,0,0",
        "--std",
        "1,1,1",
    ]);
    assert_eq!(
        said,
        ["nothing of the config.json beside the weights, which is none of timm's", numbers]
    );

    let (_, files) =
        changed("timm-center", |files| files["config.json"]["label_names"] = json!(["ant", "bee"]));
    write_files(&zoo, "timm", &files);
    assert_eq!(
        assumed(&[&weights]),
        [
            "classes by their number, since 2 are named beside the weights of 3; --classes FILE says otherwise"
        ]
    );

    let (_, files) =
        changed("hf-plain", |files| files["preprocessor_config.json"]["do_resize"] = json!(false));
    write_files(&zoo, "hf", &files);
    assert_eq!(
        assumed(&["hf/model.safetensors"]),
        [
            "images of other than 16 x 16 pixels stretched, which preprocessor_config.json does not resize"
        ]
    );
}
