//! What timm has otherwise in a file than here.

use burn::{
    store::bridge::{deferred, to_data},
    tensor::{DType, TensorData},
};
use zoo_model::ModelSettings;

use super::super::{config, rework::zeros};
use crate::pretrained::source::Lazy;

/// timm has positions for patches only where there are registers, so the class token takes its own;
/// and a head without a bias in place of CLIP's projection, for which it gets zeros.
pub fn finish(model: &ModelSettings, mut tensors: Vec<Lazy>) -> Vec<Lazy> {
    let config = config(model);
    if let Some(width) = config.projection {
        tensors.push(zeros("head.bias", [width]));
    }
    for tensor in &mut tensors {
        tensor.name = tensor.name.replace("projection.", "head.");
    }
    if config.registers == 0 || !config.class_position {
        return tensors;
    }
    let place = |name: &str| tensors.iter().position(|tensor| tensor.name == name);
    if let (Some(token), Some(positions)) = (place("cls_token"), place("pos_embed")) {
        let all = tensors[positions].clone();
        tensors[token] = placed(tensors[token].clone(), all.clone());
        tensors[positions] = behind_first(all);
    }
    tensors
}

/// The class token with its position added.
fn placed(token: Lazy, positions: Lazy) -> Lazy {
    deferred(token.name.clone(), DType::F32, token.shape.clone(), None, move || {
        let (token, positions) = (to_data(&token)?, to_data(&positions)?);
        let values = token.iter::<f32>().zip(positions.iter::<f32>());
        let values = values.map(|(token, position)| token + position).collect();
        Ok(TensorData::new(values, token.shape().clone()))
    })
}

/// All positions but the first.
fn behind_first(positions: Lazy) -> Lazy {
    let [_, count, width] = positions.shape.dims();
    deferred(positions.name.clone(), DType::F32, [1, count - 1, width].into(), None, move || {
        let values: Vec<f32> = to_data(&positions)?.iter().skip(width).collect();
        Ok(TensorData::new(values, [1, count - 1, width]))
    })
}
