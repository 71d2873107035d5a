//! What the layers of a network give for an image, on the host.

use std::fmt::Display;

use burn::tensor::{Tensor, TensorData};
use zoo_kernels::nn::Tap;

/// All that a network computes on the way from one image to its scores.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The output of each layer, in the order of the forward pass; the last are the logits.
    pub layers: Vec<Layer>,
    /// Of each attention layer, from the first: how much each token takes from each other one,
    /// `[num_heads, queries, keys]`, where each row adds up to 1. Empty without attention.
    pub attention: Vec<Layer>,
    /// Tokens between class tokens and patches that show nothing of the image.
    registers: usize,
}

/// By which name a network tells of its registers, before the layers that have them.
pub(super) const REGISTERS: &str = "register_tokens";

/// The output of one layer for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The layer's path, such as `stages.1`.
    pub name: String,
    /// Length of each axis, without that of the batch.
    pub shape: Vec<usize>,
    /// Row by row.
    pub values: Vec<f32>,
    /// Tokens between class tokens and patches that show nothing of the image.
    pub registers: usize,
}

/// Features that have a value at every place of the image.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Number of maps.
    pub channels: usize,
    /// Rows and columns of a map.
    pub size: [usize; 2],
    /// Map by map, row by row (CHW).
    pub values: Vec<f32>,
}

impl Record {
    /// The output of the layer `name`.
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

/// Keeps everything.
///
/// # Panics
/// If there is more than one image.
impl Tap for Record {
    fn layer<const D: usize>(&mut self, name: impl Display, output: Tensor<D>) -> Tensor<D> {
        let name = name.to_string();
        match name == REGISTERS {
            true => self.registers = output.dims()[1],
            false => {
                self.layers.push(Layer::new(name, output.clone().into_data(), self.registers));
            }
        }
        output
    }

    fn attention(&mut self, name: impl Display, weights: impl FnOnce() -> Tensor<4>) {
        self.attention.push(Layer::new(name, weights().into_data(), self.registers));
    }
}

impl Layer {
    /// An output whose first axis is a batch of one image.
    pub(super) fn new(name: impl Display, output: TensorData, registers: usize) -> Self {
        let dims = output.shape().to_vec();
        assert_eq!(dims[0], 1, "images of a record");
        Self {
            name: name.to_string(),
            shape: dims[1..].to_vec(),
            values: output.iter::<f32>().collect(),
            registers,
        }
    }

    /// The output as maps; `None` where its values have no places.
    pub fn maps(&self) -> Option<Maps> {
        Maps::new(&self.shape, &self.values, self.registers)
    }
}

impl Maps {
    /// Maps from `[channels, height, width]`, or from the tokens of a square grid of patches,
    /// `[tokens, channels]`, where class tokens go first and then so many registers, which are left
    /// out. `None` of another shape.
    pub(crate) fn new(shape: &[usize], values: &[f32], registers: usize) -> Option<Self> {
        match *shape {
            [channels, height, width] => {
                Some(Self { channels, size: [height, width], values: values.to_vec() })
            }
            [tokens, channels] => {
                let side = (tokens - registers).isqrt();
                let patches = &values[(tokens - side * side) * channels..];
                let map = |channel| patches.iter().skip(channel).step_by(channels).copied();
                let values = (0..channels).flat_map(map).collect();
                Some(Self { channels, size: [side, side], values })
            }
            _ => None,
        }
    }

    /// One map, row by row.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn map(&self, channel: usize) -> &[f32] {
        let places = self.size[0] * self.size[1];
        &self.values[channel * places..][..places]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_maps_without_the_class_token_and_registers() {
        let tokens: Vec<f32> = vec![9.0, 9.0, 0.0, 10.0, 1.0, 11.0, 2.0, 12.0, 3.0, 13.0];
        let maps = Maps::new(&[5, 2], &tokens, 0).unwrap();
        assert_eq!((maps.channels, maps.size), (2, [2, 2]));
        assert_eq!(maps.map(0), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(maps.map(1), [10.0, 11.0, 12.0, 13.0]);
        assert_eq!(Maps::new(&[4, 2], &tokens[2..], 0).as_ref(), Some(&maps));
        assert_eq!(Maps::new(&[10], &tokens, 0), None);
        // With four registers, as many tokens as a square of 3 by 3 has.
        let registers = [&tokens[..2], &[7.0; 8], &tokens[2..]].concat();
        assert_eq!(Maps::new(&[9, 2], &registers, 4), Some(maps));
    }
}
