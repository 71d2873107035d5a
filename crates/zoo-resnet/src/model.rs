use std::fmt::Display;

use burn::{
    module::Module,
    nn::{Dropout, DropoutConfig, PaddingConfig2d},
    tensor::{Device, Tensor, assert_shape},
};
use zoo_kernels::nn::{Conv2d, Linear, LinearConfig, MaxPool2d, MaxPool2dConfig, Tap};

use crate::{Block, ConvNorm, ResNetConfig};

/// A residual network. Made by [`ResNetConfig::init`].
///
/// The names of the fields are the paths of the weights in a file.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The convolutions before the stages.
    pub stem: Vec<ConvNorm>,
    pool: Option<MaxPool2d>,
    /// The stages; each but the first sees an image of half the size.
    pub stages: Vec<Stage>,
    dropout: Dropout,
    /// The layer that gives a score for each class.
    pub head: Linear,
    channels: usize,
}

/// Blocks that work at one size.
#[derive(Module, Debug)]
pub struct Stage {
    /// The blocks; the first may change size and channels.
    pub blocks: Vec<Block>,
}

impl ResNetConfig {
    /// A network with fresh weights on `device`: convolutions as torchvision and timm draw them, the
    /// head as PyTorch does, uniform within 1/√(inputs of a neuron).
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    pub fn init(&self, device: &Device) -> ResNet {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let stem = self.stem.convolutions(self.channels, self.stem_width);
        let stages = self.blocks().into_iter().map(|blocks| Stage {
            blocks: blocks
                .into_iter()
                .map(|(stride, [input, _], width)| self.init_block(input, width, stride, device))
                .collect(),
        });
        let pool = MaxPool2dConfig::new([3, 3])
            .with_strides([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
        ResNet {
            stem: stem
                .into_iter()
                .map(|conv| ConvNorm::new(conv.channels, conv.kernel, conv.stride, device))
                .collect(),
            pool: self.stem.is_pooled().then(|| pool.init()),
            stages: stages.collect(),
            dropout: DropoutConfig::new(self.dropout).init(),
            head: LinearConfig::new(self.features(), self.num_classes).init(device),
            channels: self.channels,
        }
    }
}

impl ResNet {
    /// Class scores for a batch of images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, of any size
    /// - returns: `[batch, num_classes]`
    ///
    /// # Panics
    /// If the images have other channels or no pixel.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// [`forward`](Self::forward) with a look at what the convolutions of the stem, the pooling, each
    /// block, the mean and the head give.
    pub fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let features = self.features_tapped(images, tap);
        self.classify_tapped(features, tap)
    }

    /// What the stages see in the images: the first half of [`forward`](Self::forward).
    ///
    /// # Shapes
    /// - images: as for [`forward`](Self::forward)
    /// - returns: `[batch, channels of the last stage, height, width]`: 7 x 7 px for 224, and 8 x 8
    ///   for 32 in the presets for CIFAR
    ///
    /// # Panics
    /// If the images have other channels or no pixel.
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        self.features_tapped(images, &mut ())
    }

    /// One vector per image, the mean of its [`features`](Self::features) over all pixels: what the
    /// head sees.
    ///
    /// # Shapes
    /// - images: as for [`forward`](Self::forward)
    /// - returns: `[batch, channels of the last stage]`
    ///
    /// # Panics
    /// If the images have other channels or no pixel.
    pub fn embed(&self, images: Tensor<4>) -> Tensor<2> {
        mean_of_pixels(self.features(images))
    }

    fn features_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<4> {
        assert_shape!(images, [_, self.channels, _, _]);
        let mut x = images;
        for (index, layer) in self.stem.iter().enumerate() {
            x = tap.layer(format_args!("stem.{index}"), layer.forward_relu(x));
        }
        if let Some(pool) = &self.pool {
            x = tap.layer("pool", pool.forward(x));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            x = stage.forward(x, format_args!("stages.{index}"), tap);
        }
        x
    }

    /// Whether a max pooling of 3 x 3 px at stride 2, padded by one, follows the stem.
    pub fn is_pooled(&self) -> bool {
        self.pool.is_some()
    }

    /// The layers from the images to the head, each by the paths of its modules: the stem, each
    /// block, the head.
    pub fn layers(&self) -> Vec<Vec<String>> {
        let stem = (0..self.stem.len()).map(|index| format!("stem.{index}")).collect();
        let blocks = self.stages.iter().enumerate().flat_map(|(index, stage)| {
            (0..stage.blocks.len()).map(move |block| vec![format!("stages.{index}.blocks.{block}")])
        });
        let head = vec![String::from("head")];
        std::iter::once(stem).chain(blocks).chain(std::iter::once(head)).collect()
    }

    /// The layer whose maps Grad-CAM weighs: the last block, before the mean takes the places away.
    pub fn cam_layer(&self) -> String {
        let last = self.stages.len() - 1;
        format!("stages.{last}.blocks.{}", self.stages[last].blocks.len() - 1)
    }

    /// The convolution that sees the pixels.
    pub fn first_convolution(&self) -> &Conv2d {
        &self.stem[0].conv
    }

    /// Class scores from features: the second half of [`forward`](Self::forward).
    ///
    /// # Shapes
    /// - features: as [`features`](Self::features) gives them
    /// - returns: `[batch, num_classes]`
    pub fn classify(&self, features: Tensor<4>) -> Tensor<2> {
        self.classify_tapped(features, &mut ())
    }

    fn classify_tapped(&self, features: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let x = tap.layer("global_pooling", mean_of_pixels(features));
        tap.layer("head", self.head.forward(self.dropout.forward(x)))
    }
}

impl Stage {
    fn forward(&self, mut x: Tensor<4>, path: impl Display, tap: &mut impl Tap) -> Tensor<4> {
        for (index, block) in self.blocks.iter().enumerate() {
            x = tap.layer(format_args!("{path}.blocks.{index}"), block.forward(x));
        }
        x
    }
}

/// `[batch, channels, height, width]` to `[batch, channels]`.
fn mean_of_pixels(maps: Tensor<4>) -> Tensor<2> {
    // The kernels leave images with their channels last: this order needs no copy.
    let pixels: Tensor<3> = maps.permute([0, 2, 3, 1]).flatten(1, 2);
    pixels.mean_dim(1).flatten(1, 2)
}
