use burn::{
    module::Module,
    nn::{
        Dropout, DropoutConfig, PaddingConfig2d,
        pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig},
    },
    tensor::{Device, Tensor, assert_shape},
};
use zoo_kernels::nn::{
    Conv2d, Conv2dConfig, Linear, LinearConfig, LocalResponseNorm, LocalResponseNormConfig,
    MaxPool2d, MaxPool2dConfig, Tap, conv_relu, conv_relu_pool, flatten, relu,
};

use crate::{
    AlexNetConfig,
    config::{Convolution, POOL_STRIDE},
};

/// AlexNet. Made by [`AlexNetConfig::init`].
///
/// The names of the fields are the paths of the weights in a file.
#[derive(Module, Debug)]
pub struct AlexNet {
    /// The convolutional half.
    pub features: Features,
    /// The fully connected half.
    pub classifier: ClassifierLayers,
    channels: usize,
    smallest_image: usize,
}

/// The five convolutions, up to the maps that an explanation can lay over the image.
#[derive(Module, Debug)]
pub struct Features {
    /// Large kernels at a large step, then normalisation and pooling.
    pub conv1: Conv2d,
    /// Keeps the size, then normalisation and pooling.
    pub conv2: Conv2d,
    /// Keeps the size; sees all channels, whatever the groups.
    pub conv3: Conv2d,
    /// Keeps the size.
    pub conv4: Conv2d,
    /// Keeps the size.
    pub conv5: Conv2d,
    local_response_norm: Option<LocalResponseNorm>,
    pool: MaxPool2d,
}

/// The last pooling, the two hidden layers and the head.
#[derive(Module, Debug)]
pub struct ClassifierLayers {
    pool: MaxPool2d,
    average: AdaptiveAvgPool2d,
    dropout: Dropout,
    dropout_after_hidden: bool,
    /// The first hidden layer.
    pub fc6: Linear,
    /// The second hidden layer.
    pub fc7: Linear,
    /// The layer that gives a score for each class.
    pub head: Linear,
}

impl AlexNetConfig {
    /// A network with fresh weights on `device`, drawn as [`initialization`](Self::initialization)
    /// says.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    pub fn init(&self, device: &Device) -> AlexNet {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        AlexNet {
            features: self.init_features(device),
            classifier: self.init_classifier(device),
            channels: self.channels,
            smallest_image: self.smallest_image(),
        }
    }

    fn init_features(&self, device: &Device) -> Features {
        let convolutions = self.convolutions().map(|layer| self.init_convolution(layer, device));
        let [conv1, conv2, conv3, conv4, conv5] = convolutions;
        // The paper does not divide alpha by the window's 5 channels, as Burn does.
        let paper = LocalResponseNormConfig::new(5).with_alpha(5e-4).with_beta(0.75).with_k(2.0);
        Features {
            conv1,
            conv2,
            conv3,
            conv4,
            conv5,
            local_response_norm: self.local_response_norm.then(|| paper.init()),
            pool: self.init_pool(),
        }
    }

    fn init_classifier(&self, device: &Device) -> ClassifierLayers {
        ClassifierLayers {
            pool: self.init_pool(),
            average: AdaptiveAvgPool2dConfig::new([self.feature_size; 2]).init(),
            dropout: DropoutConfig::new(self.dropout).init(),
            dropout_after_hidden: self.dropout_after_hidden,
            fc6: self.init_linear(self.features(), self.hidden, true, device),
            fc7: self.init_linear(self.hidden, self.hidden, true, device),
            head: self.init_linear(self.hidden, self.num_classes, false, device),
        }
    }

    fn init_convolution(&self, layer: Convolution, device: &Device) -> Conv2d {
        let Convolution { kernel, stride, padding, .. } = layer;
        let mut conv = Conv2dConfig::new(layer.channels, [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
            .with_groups(layer.groups)
            .with_initializer(self.initialization.weights())
            .init(device);
        if let Some(biases) = self.initialization.biases(layer.positive_biases) {
            conv.bias = Some(biases.init([layer.channels[1]], device));
        }
        conv
    }

    fn init_linear(&self, input: usize, output: usize, hidden: bool, device: &Device) -> Linear {
        let mut linear = LinearConfig::new(input, output)
            .with_initializer(self.initialization.weights())
            .init(device);
        if let Some(biases) = self.initialization.biases(hidden) {
            linear.bias = Some(biases.init([output], device));
        }
        linear
    }

    fn init_pool(&self) -> MaxPool2d {
        MaxPool2dConfig::new([self.pool_size(); 2]).with_strides([POOL_STRIDE; 2]).init()
    }
}

impl AlexNet {
    /// Class scores for a batch of images.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, height and width at least 63 px for the
    ///   presets torchvision and paper, at least 15 px for small-images
    /// - returns: `[batch, num_classes]`
    ///
    /// # Panics
    /// If the images have other channels or are smaller.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(images, &mut ())
    }

    /// [`forward`](Self::forward) with a look at what each layer gives, after its activation, and at
    /// what normalisation and pooling make of it.
    pub fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        assert_shape!(images, [_, self.channels, _, _]);
        let [_, _, height, width] = images.dims();
        let smallest = self.smallest_image;
        assert!(
            height.min(width) >= smallest,
            "images must be at least {smallest} px high and wide, found {height} x {width} px"
        );
        let features = self.features.forward_tapped(images, tap);
        self.classifier.forward_tapped(features, tap)
    }

    /// The layers from the images to the head, each by the paths of its modules.
    pub fn layers(&self) -> Vec<Vec<String>> {
        let convolutions = (1..=5).map(|number| format!("features.conv{number}"));
        let linear = ["fc6", "fc7", "head"].map(|name| format!("classifier.{name}"));
        convolutions.chain(linear).map(|path| vec![path]).collect()
    }

    /// The layer whose maps Grad-CAM weighs: the last convolution, before its pooling.
    pub fn cam_layer(&self) -> String {
        String::from("features.conv5")
    }

    /// The convolution that sees the pixels.
    pub fn first_convolution(&self) -> &Conv2d {
        &self.features.conv1
    }
}

impl Features {
    /// What the convolutions see in the images, before the last pooling.
    ///
    /// # Shapes
    /// - images: as for [`AlexNet::forward`]
    /// - returns: `[batch, width of conv5, height, width]`, 13 x 13 px for images of 224 px in the
    ///   presets torchvision and paper
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_tapped(images, &mut ())
    }

    fn forward_tapped(&self, images: Tensor<4>, tap: &mut impl Tap) -> Tensor<4> {
        let x = self.pooled(1, &self.conv1, images, tap);
        let x = self.pooled(2, &self.conv2, x, tap);
        let x = tap.layer("features.conv3", conv_relu(&self.conv3, x));
        let x = tap.layer("features.conv4", conv_relu(&self.conv4, x));
        tap.layer("features.conv5", conv_relu(&self.conv5, x))
    }

    /// The convolution of this number, with the normalisation and the pooling after it.
    fn pooled(&self, number: usize, conv: &Conv2d, x: Tensor<4>, tap: &mut impl Tap) -> Tensor<4> {
        if self.local_response_norm.is_none() && !tap.looks() {
            return conv_relu_pool(conv, &self.pool, x);
        }
        let x = tap.layer(format_args!("features.conv{number}"), conv_relu(conv, x));
        let x = tap.layer(format_args!("features.norm{number}"), self.normalize(x));
        tap.layer(format_args!("features.pool{number}"), self.pool.forward(x))
    }

    fn normalize(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.local_response_norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }
}

impl ClassifierLayers {
    /// Class scores from features.
    ///
    /// # Shapes
    /// - features: as [`Features::forward`] gives them
    /// - returns: `[batch, num_classes]`
    pub fn forward(&self, features: Tensor<4>) -> Tensor<2> {
        self.forward_tapped(features, &mut ())
    }

    fn forward_tapped(&self, features: Tensor<4>, tap: &mut impl Tap) -> Tensor<2> {
        // At the preset's own image size the average has nothing to do.
        let x = tap.layer("classifier.pool", self.pool.forward(features));
        let x = flatten(self.average.forward(x));
        let x = tap.layer("classifier.average", x);
        let x = tap.layer("classifier.fc6", self.hidden(&self.fc6, x));
        let x = tap.layer("classifier.fc7", self.hidden(&self.fc7, x));
        tap.layer("classifier.head", self.head.forward(x))
    }

    fn hidden(&self, layer: &Linear, x: Tensor<2>) -> Tensor<2> {
        if self.dropout_after_hidden {
            self.dropout.forward(relu(layer.forward(x)))
        } else {
            relu(layer.forward(self.dropout.forward(x)))
        }
    }
}
