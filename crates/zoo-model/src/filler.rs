//! Weights by a formula that `scripts/training_fixture.py` has too, so that tests against PyTorch
//! need no file of them.

use burn::{
    module::{Module, ModuleMapper, Param},
    tensor::{Tensor, TensorData},
};

/// Numbers within ±`scale` that look random: a hash of the name (FNV-1a) and the index.
pub fn filler(name: &str, start: usize, count: usize, scale: f64) -> Vec<f32> {
    let hash = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let seed = name.bytes().fold(0x811C_9DC5, hash);
    let number = |index: usize| {
        let mut x = (index as u32).wrapping_mul(2_654_435_761).wrapping_add(seed);
        for (shift, factor) in [(16, 0x7FEB_352D), (15, 0x846C_A68B)] {
            x = (x ^ (x >> shift)).wrapping_mul(factor);
        }
        x ^= x >> 16;
        ((f64::from(x) / 2_147_483_648.0 - 1.0) * scale) as f32
    };
    (start..start + count).map(number).collect()
}

/// The network with weights that depend on their paths and `gain`; norms stay as they are.
pub fn filled<M: Module>(model: M, gain: f64) -> M {
    model.map(&mut Fill { path: Vec::new(), gain })
}

struct Fill {
    path: Vec<String>,
    gain: f64,
}

impl ModuleMapper for Fill {
    keep_path!();

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let dims = param.val().dims();
        let fan_in = if D == 2 { dims[0] } else { dims[1..].iter().product() };
        let scale = match self.path.last().map_or("", String::as_str) {
            "weight" => self.gain / (fan_in as f64).sqrt(),
            "bias" => 0.01,
            "class_token" | "position_embedding" => 0.05,
            _ => return param,
        };
        let values = filler(&self.path.join("."), 0, dims.iter().product(), scale);
        param.map(|old| Tensor::from_data(TensorData::new(values, dims), &old.device()))
    }
}
