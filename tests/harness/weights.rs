//! Files of weights.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, SafeTensors, serialize_to_file, tensor::TensorView};
use serde_json::Value;

use super::Zoo;

/// The path of a fixture of `scripts/pretrained_fixtures.py`.
pub fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pretrained");
    folder.canonicalize().unwrap().join(name).to_str().unwrap().to_string()
}

/// Type, extents and bytes of tensors, by their names.
pub type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The tensors of a safetensors file.
pub fn read(path: impl AsRef<Path>) -> Tensors {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().map(|(name, tensor)| {
        let parts = (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec());
        (name.to_string(), parts)
    });
    tensors.collect()
}

/// Writes tensors as a safetensors file.
pub fn write(path: impl AsRef<Path>, tensors: &Tensors) {
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views.collect::<Vec<_>>(), None, path.as_ref()).unwrap();
}

/// Has a safetensors file hold nothing but what is not a number.
pub fn spoil(path: impl AsRef<Path>) {
    let mut bytes = fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let (values, _) = bytes[header..].as_chunks_mut::<4>();
    values.iter_mut().for_each(|value| *value = f32::NAN.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

/// The tensors by other names; those without one are left out.
pub fn renamed(tensors: Tensors, name: impl Fn(&str) -> Option<String>) -> Tensors {
    tensors.into_iter().filter_map(|(old, tensor)| Some((name(&old)?, tensor))).collect()
}

/// The small network of a layout in the folder `name`, without the tensors whose names end so.
pub fn lay(zoo: &Zoo, name: &str, layout: &str, without: &[String]) -> String {
    fs::create_dir_all(zoo.path(name)).unwrap();
    let source = match layout {
        "hf" => "hf-vit/model.safetensors",
        _ => "timm-vit.safetensors",
    };
    let is_kept = |name: &str| !without.iter().any(|end| name.ends_with(&**end));
    let tensors = renamed(read(fixture(source)), |name| is_kept(name).then(|| name.to_string()));
    let path = format!("{name}/model.safetensors");
    write(zoo.path(&path), &tensors);
    path
}

/// Writes the JSON files of a case into the folder `name`.
pub fn write_files(zoo: &Zoo, name: &str, files: &Value) {
    for (file, content) in files.as_object().unwrap() {
        zoo.write(&format!("{name}/{file}"), &content.to_string());
    }
}

/// The cases of `scripts/preprocess_fixtures.py`.
pub fn cases() -> Vec<Value> {
    let cases = fs::read_to_string(fixture("../preprocess/cases.json")).unwrap();
    serde_json::from_str(&cases).unwrap()
}

/// Layout and files of a case, the files changed.
pub fn changed(name: &str, change: impl Fn(&mut Value)) -> (String, Value) {
    let cases = cases();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    let mut files = case["files"].clone();
    change(&mut files);
    (case["layout"].as_str().unwrap().to_string(), files)
}

/// The small network of timm, with `change` made to its names.
pub fn timm(change: impl Fn(&str) -> Option<String>) -> Tensors {
    renamed(read(fixture("timm-vit.safetensors")), change)
}

/// Files without a head, and one with another.
pub fn headless(zoo: &Zoo) -> [&'static str; 4] {
    let no_head = |name: &str| (!name.starts_with("head.")).then(|| name.to_string());
    write(zoo.path("timm.safetensors"), &timm(no_head));
    let torchvision = read(fixture("torchvision-vit-old.safetensors"));
    let replaced = renamed(torchvision, |name| Some(name.replace("heads.head.", "heads.1.")));
    write(zoo.path("replaced.safetensors"), &replaced);
    // What `ViTModel` writes has neither the head nor `vit.` before its names.
    let hf = read(fixture("hf-vit/model.safetensors"));
    let model = renamed(hf, |name| name.strip_prefix("vit.").map(String::from));
    write(zoo.path("vit-model.safetensors"), &model);
    let mut backbone = timm(|name| no_head(name).map(|name| format!("backbone.{name}")));
    backbone.insert(String::from("fc.weight"), (Dtype::F32, vec![5, 16], vec![0; 320]));
    write(zoo.path("backbone.safetensors"), &backbone);
    ["timm", "replaced", "vit-model", "backbone"]
}
