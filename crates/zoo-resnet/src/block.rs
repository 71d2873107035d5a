use burn::{
    module::{Initializer, Module, Param},
    tensor::{Device, Tensor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_kernels::nn::{conv_norm_add_relu, fork};

use crate::{config::ResNetConfig, conv_norm::ConvNorm, shortcut::Path};

/// The convolutions of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    /// Two of 3 x 3.
    Basic,
    /// 1 x 1, 3 x 3 and 1 x 1, the last with four times the channels. The stride is that of the
    /// 3 x 3, as torchvision has it; the paper's is that of the first, which reads only every fourth
    /// pixel.
    Bottleneck,
}

/// A residual block: convolutions, and a way around them whose end is added to theirs.
#[derive(Module, Debug)]
pub struct Block {
    /// The convolutions; ReLU follows all, the last after the addition.
    pub layers: Vec<ConvNorm>,
    /// The way around them; none where the input has the output's size.
    pub shortcut: Option<Path>,
}

/// A convolution of a block: channels, kernel and stride.
pub(crate) type Layer = ([usize; 2], usize, usize);

impl BlockKind {
    /// Channels that leave a block, for each channel of its 3 x 3 convolutions.
    pub(crate) fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }

    /// The convolutions of a block that sees `input` channels.
    pub(crate) fn layers(self, input: usize, width: usize, stride: usize) -> Vec<Layer> {
        match self {
            Self::Basic => vec![([input, width], 3, stride), ([width, width], 3, 1)],
            Self::Bottleneck => vec![
                ([input, width], 1, 1),
                ([width, width], 3, stride),
                ([width, self.expansion() * width], 1, 1),
            ],
        }
    }
}

impl ResNetConfig {
    pub(crate) fn init_block(
        &self,
        input: usize,
        width: usize,
        stride: usize,
        device: &Device,
    ) -> Block {
        let layers = self.block.layers(input, width, stride);
        let mut layers: Vec<ConvNorm> = layers
            .into_iter()
            .map(|(channels, kernel, stride)| ConvNorm::new(channels, kernel, stride, device))
            .collect();
        let output = width * self.block.expansion();
        if let Some(last) = layers.last_mut().filter(|_| self.zero_init_last_norm) {
            last.norm.gamma = zeros(output, device);
        }
        Block { layers, shortcut: Path::new(self.shortcut, [input, output], stride, device) }
    }
}

fn zeros(length: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Zeros.init([length], device)
}

impl Block {
    /// The input, and what the convolutions add to it.
    ///
    /// # Shapes
    /// - x: `[batch, channels in, height, width]`
    /// - returns: `[batch, channels out, height / stride, width / stride]`, rounded up
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [x, around] = fork(x);
        let shortcut = match &self.shortcut {
            Some(path) => path.forward(around),
            None => around,
        };
        let (last, layers) = self.layers.split_last().expect("a block has convolutions");
        let x = layers.iter().fold(x, |x, layer| layer.forward_relu(x));
        conv_norm_add_relu(&last.conv, &last.norm, x, shortcut)
    }
}
