use std::fmt::Display;

use burn::{
    module::Module,
    nn::{Dropout, DropoutConfig, PaddingConfig2d},
    tensor::{Device, Tensor, assert_shape},
};
use zoo_kernels::nn::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Linear, LinearConfig, MaxPool2dConfig, Tap,
    conv_norm, conv_norm_relu, conv_norm_relu_pool, conv_relu_pool,
};

use crate::{Activation, CnnConfig, Pooling};

/// A convolutional classifier. Made by [`CnnConfig::init`].
///
/// The names of the fields are the paths of the weights in a file.
#[derive(Module, Debug)]
pub struct Cnn {
    /// The convolution before the stages, if any.
    pub stem: Option<ConvBlock>,
    /// The stages; each but the shallowest sees a smaller image than the one before.
    pub stages: Vec<Stage>,
    #[module(skip)]
    global_pooling: Pooling,
    /// The fully connected layer before the head, if any.
    pub fc1: Option<Linear>,
    #[module(skip)]
    activation: Activation,
    dropout: Dropout,
    /// The layer that gives a score for each class.
    pub head: Linear,
    logit_scale: f64,
    channels: usize,
    image_size: usize,
    smallest_image: usize,
}

/// A convolution, batch normalisation if it is on, and the activation.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// The convolution; without bias if a normalisation follows.
    pub conv: Conv2d,
    /// The normalisation, if it is on.
    pub norm: Option<BatchNorm>,
    #[module(skip)]
    activation: Activation,
}

/// A convolution and a pooling, then the residual pair if there is one.
#[derive(Module, Debug)]
pub struct Stage {
    /// The convolution that changes the number of channels.
    pub block: ConvBlock,
    #[module(skip)]
    pooling: Pooling,
    pool_size: usize,
    /// The convolutions that the skip connection leaps over: two or none.
    pub residual: Vec<ConvBlock>,
}

impl CnnConfig {
    /// A network with fresh weights on `device`: convolutions and linear layers as PyTorch draws
    /// them, uniform within 1/√(inputs of a neuron).
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    pub fn init(&self, device: &Device) -> Cnn {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let stem = (self.stem > 0).then(|| self.same_size_conv(self.channels, self.stem, device));
        let mut input = if self.stem > 0 { self.stem } else { self.channels };
        let mut stages = Vec::with_capacity(self.widths.len());
        for &width in &self.widths {
            let pair = if self.residual { 2 } else { 0 };
            stages.push(Stage {
                block: self.conv(input, width, self.stride, self.padding, device),
                pooling: self.pooling,
                pool_size: self.pool_size,
                residual: (0..pair).map(|_| self.same_size_conv(width, width, device)).collect(),
            });
            input = width;
        }
        let features = self.features();
        let fc1 = (self.hidden > 0).then(|| LinearConfig::new(features, self.hidden).init(device));
        let last = if self.hidden > 0 { self.hidden } else { features };
        Cnn {
            stem,
            stages,
            global_pooling: self.global_pooling,
            fc1,
            activation: self.activation,
            dropout: DropoutConfig::new(self.dropout).init(),
            head: LinearConfig::new(last, self.num_classes).init(device),
            logit_scale: self.logit_scale,
            channels: self.channels,
            image_size: self.image_size,
            smallest_image: self.smallest_image(),
        }
    }

    fn same_size_conv(&self, input: usize, output: usize, device: &Device) -> ConvBlock {
        self.conv(input, output, 1, self.kernel_size / 2, device)
    }

    fn conv(
        &self,
        input: usize,
        output: usize,
        stride: usize,
        padding: usize,
        device: &Device,
    ) -> ConvBlock {
        let conv = Conv2dConfig::new([input, output], [self.kernel_size, self.kernel_size])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            // A bias would be taken away again with the mean.
            .with_bias(!self.batch_norm)
            .init(device);
        ConvBlock {
            conv,
            norm: self.batch_norm.then(|| BatchNormConfig::new(output).init(device)),
            activation: self.activation,
        }
    }
}

impl Cnn {
    /// Class scores for a batch of images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`; height and width are the config's `image_size`,
    ///   or with global pooling any size of which the stages leave a pixel
    /// - returns: `[batch, num_classes]`
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// [`forward`](Self::forward) with a look at what the stem, each stage with its convolution and
    /// pooling, the global pooling, the hidden layer and the head give.
    pub fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        let features = self.features_tapped(images, tap);
        self.classify_tapped(features, tap)
    }

    /// What the stages see in the images: the first half of [`forward`](Self::forward).
    ///
    /// # Shapes
    /// - images: as for [`forward`](Self::forward)
    /// - returns: `[batch, width of the last stage, height, width]`, of the size that the stages
    ///   leave
    ///
    /// # Panics
    /// If the images have another shape.
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        self.features_tapped(images, &mut ())
    }

    fn features_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<4> {
        self.assert_images(&images);
        let mut x = images;
        if let Some(stem) = &self.stem {
            x = tap.layer("stem", stem.forward(x));
        }
        for (index, stage) in self.stages.iter().enumerate() {
            let path = format_args!("stages.{index}");
            x = stage.forward(x, path, tap);
            x = tap.layer(path, x);
        }
        x
    }

    /// The layers from the images to the head, each by the paths of its modules.
    pub fn layers(&self) -> Vec<Vec<String>> {
        let stem = self.stem.iter().map(|_| String::from("stem"));
        let stages = (0..self.stages.len()).map(|index| format!("stages.{index}"));
        let hidden = self.fc1.iter().map(|_| String::from("fc1"));
        let head = std::iter::once(String::from("head"));
        stem.chain(stages).chain(hidden).chain(head).map(|path| vec![path]).collect()
    }

    /// The layer whose maps Grad-CAM weighs: the last before what takes their places away.
    pub fn cam_layer(&self) -> String {
        let last = self.stages.len() - 1;
        match self.stages[last].residual.as_slice() {
            // Finer than after the pooling.
            [] => format!("stages.{last}.block"),
            _ => format!("stages.{last}"),
        }
    }

    /// The convolution that sees the pixels.
    pub fn first_convolution(&self) -> &Conv2d {
        let block = self.stem.as_ref().unwrap_or_else(|| &self.stages[0].block);
        &block.conv
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
        let mut x = tap.layer("global_pooling", self.global_pooling.global(features));
        if let Some(fc1) = &self.fc1 {
            x = tap.layer("fc1", self.activation.forward(fc1.forward(x)));
        }
        tap.layer("head", self.head.forward(self.dropout.forward(x)) * self.logit_scale)
    }

    fn assert_images(&self, images: &Tensor<4>) {
        assert_shape!(images, [_, self.channels, _, _]);
        match self.global_pooling {
            Pooling::None => assert_shape!(images, [_, _, self.image_size, self.image_size]),
            Pooling::Max | Pooling::Average => {
                let [_, _, height, width] = images.dims();
                let smallest = self.smallest_image;
                assert!(
                    height.min(width) >= smallest,
                    "images must be at least {smallest} px high and wide, found {height} x {width} px"
                );
            }
        }
    }
}

impl Stage {
    fn forward(&self, x: Tensor<4>, path: impl Display, tap: &mut impl Tap) -> Tensor<4> {
        let x = match self.pooling {
            Pooling::Max if !tap.looks() => self.block.forward_pooled(x, self.pool_size),
            pooling => {
                let x = tap.layer(format_args!("{path}.block"), self.block.forward(x));
                tap.layer(format_args!("{path}.pooling"), pooling.windows(x, self.pool_size))
            }
        };
        match self.residual.as_slice() {
            [] => x,
            pair => x.clone() + pair.iter().fold(x, |x, block| block.forward(x)),
        }
    }
}

impl ConvBlock {
    /// The convolution, then the normalisation if it is on, then the activation.
    ///
    /// # Shapes
    /// - x: `[batch, channels in, height, width]`
    /// - returns: `[batch, channels out, height, width]`, of the size that the convolution leaves
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match (&self.norm, self.activation) {
            // As few passes over the pixels as the kernels can.
            (Some(norm), Activation::Relu) => conv_norm_relu(&self.conv, norm, x),
            (Some(norm), activation) => activation.forward(conv_norm(&self.conv, norm, x)),
            (None, activation) => activation.forward(self.conv.forward(x)),
        }
    }

    /// [`forward`](Self::forward), then the largest of each window of `size` by `size` pixels.
    fn forward_pooled(&self, x: Tensor<4>, size: usize) -> Tensor<4> {
        let pool = MaxPool2dConfig::new([size, size]).init();
        match (&self.norm, self.activation) {
            (Some(norm), Activation::Relu) => conv_norm_relu_pool(&self.conv, norm, &pool, x),
            (None, Activation::Relu) => conv_relu_pool(&self.conv, &pool, x),
            _ => pool.forward(self.forward(x)),
        }
    }
}
