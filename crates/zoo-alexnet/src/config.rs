use zoo_settings::{network, range};

use crate::{AlexNetPreset, ConfigError, Initialization};

/// Step of every pooling, in pixels.
pub(crate) const POOL_STRIDE: usize = 2;

network! {
    AlexNetSettings = "AlexNetSettings"
    /// Sizes and switches of an [`AlexNet`](crate::AlexNet).
    pub struct AlexNetConfig {
        /// The preset that the other fields start from (default: torchvision).
        pub preset: AlexNetPreset,
        /// Number of classes.
        pub num_classes: usize,
        /// Channels of an image: 1 (grey) or 3 (RGB).
        pub channels: usize,
        /// Side of the square images, in pixels. Other sizes also work, as long as one pixel is
        /// left.
        pub image_size: usize,
        /// Channels of the five convolutions.
        pub widths: [usize; 5],
        /// Side of the first convolution's kernels, in pixels.
        pub conv1_kernel: usize,
        /// Stride of the first convolution, in pixels.
        pub conv1_stride: usize,
        /// Zero padding around the image before the first convolution, in pixels.
        pub conv1_padding: usize,
        /// Side of the second convolution's kernels, in pixels; odd.
        pub conv2_kernel: usize,
        /// Groups of channels in the second, fourth and fifth convolution: 2 for the paper's two
        /// towers.
        pub groups: usize,
        /// Whether the paper's local response normalisation follows the first two convolutions.
        pub local_response_norm: bool,
        /// Whether pooling windows overlap: 3 x 3 pixels at stride 2, as in the paper, or 2 x 2.
        pub overlapping_pooling: bool,
        /// Side to which the last maps are averaged for the hidden layers, in pixels.
        pub feature_size: usize,
        /// Features of each of the two hidden layers.
        pub hidden: usize,
        /// Probability of dropping a feature at each hidden layer, at least 0 and below 1.
        pub dropout: f64,
        /// Whether dropout comes after each hidden layer, as in the paper, or before it, as in
        /// torchvision.
        pub dropout_after_hidden: bool,
        /// How fresh weights are drawn.
        pub initialization: Initialization,
    }
}

/// One of the five convolutions.
pub(crate) struct Convolution {
    pub channels: [usize; 2],
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub groups: usize,
    /// Whether the paper starts its biases at 1.
    pub positive_biases: bool,
    /// Whether a pooling follows.
    pub pooled: bool,
}

impl AlexNetConfig {
    /// Settings, by their keys in JSON, that are never told as the reason why weights do not fit:
    /// where features are dropped, and how fresh weights are drawn.
    pub const SHAPELESS: &[&str] = &["dropout_after_hidden", "initialization"];

    /// Settings, by their keys in JSON, that say what the network computes where its weights do not:
    /// pretrained weights decide them unless a config does, even if it names a preset.
    pub const OF_WEIGHTS: &[&str] =
        &["conv1_stride", "conv1_padding", "local_response_norm", "overlapping_pooling"];

    /// Drops nothing: dropout is 0.
    pub fn without_dropout(self) -> Self {
        self.with_dropout(0.0)
    }

    /// Refuses sizes that make no network.
    ///
    /// # Errors
    /// A [`ConfigError`] for the first field found wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("num_classes", self.num_classes),
            ("image_size", self.image_size),
            ("conv1_kernel", self.conv1_kernel),
            ("conv1_stride", self.conv1_stride),
            ("conv2_kernel", self.conv2_kernel),
            ("groups", self.groups),
            ("feature_size", self.feature_size),
            ("hidden", self.hidden),
        ];
        let widths = self.widths.map(|width| ("widths", width));
        for (field, found) in sizes.into_iter().chain(widths) {
            range::size(field, found)?;
        }
        range::channels(self.channels)?;
        range::below_one("dropout", self.dropout)?;
        self.check_convolutions()
    }

    fn check_convolutions(&self) -> Result<(), ConfigError> {
        let groups = self.groups;
        if let Some(&found) = self.widths.iter().find(|width| !width.is_multiple_of(groups)) {
            return Err(ConfigError::Groups { groups, found });
        }
        if self.conv2_kernel.is_multiple_of(2) {
            return Err(ConfigError::EvenKernel { found: self.conv2_kernel });
        }
        if self.conv1_padding >= self.conv1_kernel {
            let (found, kernel) = (self.conv1_padding, self.conv1_kernel);
            return Err(ConfigError::Padding { found, kernel });
        }
        let smallest = self.smallest_image();
        if self.image_size < smallest {
            return Err(ConfigError::ImageTooSmall { found: self.image_size, smallest });
        }
        Ok(())
    }

    /// Multiply-adds of one image's forward pass, for a config that passes [`check`](Self::check):
    /// convolutions and linear layers only. FLOPs are twice this.
    pub fn multiply_adds(&self) -> u64 {
        let mut side = self.image_size;
        let mut total = 0;
        for layer in self.convolutions() {
            side = (side + 2 * layer.padding - layer.kernel) / layer.stride + 1;
            let [input, output] = layer.channels;
            total += side * side * layer.kernel * layer.kernel * (input / layer.groups) * output;
            if layer.pooled {
                side = (side - self.pool_size()) / POOL_STRIDE + 1;
            }
        }
        total += (self.features() + self.hidden + self.num_classes) * self.hidden;
        total as u64
    }

    pub(crate) fn convolutions(&self) -> [Convolution; 5] {
        let [width1, width2, width3, width4, width5] = self.widths;
        let conv3 = Convolution {
            channels: [width2, width3],
            kernel: 3,
            stride: 1,
            padding: 1,
            groups: 1,
            positive_biases: false,
            pooled: false,
        };
        let grouped = |channels, kernel, pooled| Convolution {
            channels,
            kernel,
            padding: kernel / 2,
            groups: self.groups,
            positive_biases: true,
            pooled,
            ..conv3
        };
        let conv1 = Convolution {
            channels: [self.channels, width1],
            kernel: self.conv1_kernel,
            stride: self.conv1_stride,
            padding: self.conv1_padding,
            pooled: true,
            ..conv3
        };
        let conv2 = grouped([width1, width2], self.conv2_kernel, true);
        let conv4 = grouped([width3, width4], 3, false);
        let conv5 = grouped([width4, width5], 3, true);
        [conv1, conv2, conv3, conv4, conv5]
    }

    /// Length of the vector that the hidden layers start from.
    pub(crate) fn features(&self) -> usize {
        self.widths[4] * self.feature_size * self.feature_size
    }

    /// Side of a pooling window, in pixels.
    pub(crate) fn pool_size(&self) -> usize {
        if self.overlapping_pooling { 3 } else { 2 }
    }

    /// Smallest side, in pixels, of an image of which the poolings leave a pixel.
    pub(crate) fn smallest_image(&self) -> usize {
        // Convolutions other than the first keep the size, so only the three poolings count.
        let maps = (0..3).fold(1, |pooled, _| (pooled - 1) * POOL_STRIDE + self.pool_size());
        let reach = (maps - 1) * self.conv1_stride + self.conv1_kernel;
        reach.saturating_sub(2 * self.conv1_padding).max(1)
    }
}
