//! What a file calls the tensors that go by our names.

use std::collections::BTreeMap;

use burn::tensor::Shape;

use super::Layout;

/// What a file calls the tensors that go by our names: messages tell them so. The default is for a
/// file of the zoo's own, which has our names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    layout: Option<&'static Layout>,
    prefix: String,
    lacking: &'static str,
    /// The file's names by ours, where it has the tensor.
    found: BTreeMap<String, Vec<String>>,
}

impl Names {
    /// Of a file in this layout, with `prefix` before every name, and without the `lacking` that the
    /// library has there.
    pub fn new(layout: &'static Layout, prefix: String, lacking: &'static str) -> Self {
        Self { layout: Some(layout), prefix, lacking, found: BTreeMap::new() }
    }

    /// Notes that the file has the tensor that we call `ours`, by these names.
    pub fn note(&mut self, ours: &str, theirs: Vec<String>) {
        self.found.insert(ours.to_string(), theirs);
    }

    /// The extents of a tensor as the file has them: Burn has linear layers the other way round.
    pub fn extents(&self, shape: &Shape) -> Vec<usize> {
        let mut extents = shape.to_vec();
        if self.layout.is_some() && extents.len() == 2 {
            extents.reverse();
        }
        extents
    }

    /// What the file calls a tensor, or would call it if it had it; several names with commas between
    /// where we join several tensors. `ours` is a path of the network, or that with PyTorch's last word.
    pub fn theirs(&self, ours: &str) -> String {
        let Some(layout) = self.layout else {
            return ours.to_string();
        };
        let pytorch = match layout.theirs(ours) {
            Some(_) => ours.to_string(),
            None => pytorch(ours),
        };
        if let Some(theirs) = self.found.get(&pytorch) {
            return theirs.join(", ");
        }
        let parts = match layout.split.and_then(|split| split.of(&pytorch)) {
            Some(parts) => parts.to_vec(),
            None => vec![pytorch],
        };
        let theirs = parts.iter().map(|part| match layout.theirs(part) {
            Some(theirs) => {
                format!("{}{}", self.prefix, theirs.strip_prefix(self.lacking).unwrap_or(&theirs))
            }
            None => part.clone(),
        });
        theirs.collect::<Vec<_>>().join(", ")
    }
}

/// The path of a parameter with PyTorch's last word: it has `weight` and `bias` where Burn's
/// normalisation has `gamma` and `beta`.
fn pytorch(path: &str) -> String {
    match (path.strip_suffix("gamma"), path.strip_suffix("beta")) {
        (Some(start), _) => format!("{start}weight"),
        (_, Some(start)) => format!("{start}bias"),
        _ => path.to_string(),
    }
}
