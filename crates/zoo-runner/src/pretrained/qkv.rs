//! Queries, keys and values, which are one layer here.

use std::collections::BTreeMap;

use burn::{
    store::bridge::deferred,
    tensor::{DType, Shape, TensorData},
};

use super::source::{Lazy, Tensors, join};
use crate::Error;

/// Queries, keys and values of each block as one tensor. Where one is missing, has no extent or
/// another shape than the first, all stay as they are, and will be told as missing and unused.
pub fn joined(mut tensors: BTreeMap<String, Lazy>) -> BTreeMap<String, Lazy> {
    let queries: Vec<String> =
        tensors.keys().filter(|name| name.contains(".query.")).cloned().collect();
    for query in queries {
        let names = ["query", "key", "value"].map(|part| query.replace("query", part));
        let parts = names.each_ref().map(|name| tensors.get(name).cloned());
        let [Some(query), Some(key), Some(value)] = parts else { continue };
        let is_joinable = query.shape.num_dims() > 0;
        if !is_joinable || key.shape != query.shape || value.shape != query.shape {
            continue;
        }
        names.iter().for_each(|name| drop(tensors.remove(name)));
        let name = names[0].replace("query", "qkv");
        tensors.insert(name.clone(), join(&name, [query, key, value]));
    }
    tensors
}

/// Gives queries, keys and values that have no biases biases of 0.
///
/// # Errors
///
/// [`Error::Run`] if there are biases.
pub fn add_zero_biases(file: &mut Tensors) -> Result<(), Error> {
    const BIAS: &str = ".qkv.bias";
    if file.tensors.keys().any(|name| name.ends_with(BIAS)) {
        return Err(file.refuse(
            "has biases for queries, keys and values, but config.json beside it says `qkv_bias` false",
        ));
    }
    let weights = file.tensors.iter().filter(|(name, _)| name.ends_with(".qkv.weight"));
    let biases = weights.filter_map(|(name, weight)| {
        let name = name.replace("weight", "bias");
        let length = *weight.shape.to_vec().first()?;
        let zeros = move || Ok(TensorData::zeros::<f32, _>([length]));
        let bias = deferred(name.clone(), DType::F32, Shape::from([length]), None, zeros);
        Some((name, bias))
    });
    let biases: Vec<_> = biases.collect();
    file.tensors.extend(biases);
    Ok(())
}
