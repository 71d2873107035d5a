//! Files of weights.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, SafeTensors, serialize_to_file, tensor::TensorView};

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

/// The tensors by other names; those without one are left out.
pub fn renamed(tensors: Tensors, name: impl Fn(&str) -> Option<String>) -> Tensors {
    tensors.into_iter().filter_map(|(old, tensor)| Some((name(&old)?, tensor))).collect()
}
