use zoo_settings::{network, range};

use crate::{Activation, CnnPreset, ConfigError, Pooling};

network! {
    CnnSettings = "CnnSettings"
    /// Sizes and switches of a [`Cnn`](crate::Cnn).
    pub struct CnnConfig {
        /// The preset that the other fields start from (default: small).
        pub preset: CnnPreset,
        /// Number of classes.
        pub num_classes: usize,
        /// Channels of an image: 1 (grey) or 3 (RGB).
        pub channels: usize,
        /// Side of the square images, in pixels. With global pooling, larger and oblong images also
        /// work.
        pub image_size: usize,
        /// Channels of a convolution that precedes the stages and keeps the image's size; 0 for
        /// none.
        pub stem: usize,
        /// Channels of each stage, one entry per stage.
        pub widths: Vec<usize>,
        /// Side of the convolutions' kernels, in pixels.
        pub kernel_size: usize,
        /// Stride of each stage's convolution, in pixels.
        pub stride: usize,
        /// Zero padding around the image before each stage's convolution, in pixels.
        pub padding: usize,
        /// Whether batch normalisation follows each convolution, which then has no bias.
        pub batch_norm: bool,
        /// The function after each convolution and after the hidden layer.
        pub activation: Activation,
        /// How each stage shrinks the image after its convolution.
        pub pooling: Pooling,
        /// Side and stride of a pooling window, in pixels.
        pub pool_size: usize,
        /// Whether each stage ends with two more convolutions and a skip connection around them.
        pub residual: bool,
        /// How the last stage's pixels become one vector; none keeps all of them.
        pub global_pooling: Pooling,
        /// Features of the fully connected layer before the head; 0 for none.
        pub hidden: usize,
        /// Probability of dropping a feature before the head, at least 0 and below 1.
        pub dropout: f64,
        /// Factor of the logits. A factor below 1 softens the early predictions of a network that
        /// ends in global max pooling.
        pub logit_scale: f64,
    }
}

impl CnnConfig {
    /// Settings, by their keys in JSON, that are never told as the reason why weights do not fit:
    /// none.
    pub const SHAPELESS: &[&str] = &[];

    /// Settings, by their keys in JSON, that say what the network computes where its weights do not:
    /// pretrained weights decide them unless a config does, even if it names a preset.
    pub const OF_WEIGHTS: &[&str] = &[
        "stride",
        "padding",
        "activation",
        "pooling",
        "pool_size",
        "global_pooling",
        "logit_scale",
    ];

    /// Sets the channels of each stage.
    pub fn with_widths(self, widths: impl Into<Vec<usize>>) -> Self {
        Self { widths: widths.into(), ..self }
    }

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
            ("kernel_size", self.kernel_size),
            ("stride", self.stride),
            ("pool_size", self.pool_size),
            // These two may be 0, so only their upper end is of interest.
            ("stem", self.stem.max(1)),
            ("hidden", self.hidden.max(1)),
        ];
        let widths = self.widths.iter().map(|&width| ("widths", width));
        for (field, found) in sizes.into_iter().chain(widths) {
            range::size(field, found)?;
        }
        range::channels(self.channels)?;
        range::below_one("dropout", self.dropout)?;
        range::above_zero("logit_scale", self.logit_scale)?;
        self.check_stages()
    }

    fn check_stages(&self) -> Result<(), ConfigError> {
        if self.widths.is_empty() {
            return Err(ConfigError::NoStages);
        }
        if self.padding >= self.kernel_size {
            return Err(ConfigError::Padding {
                found: self.padding,
                kernel_size: self.kernel_size,
            });
        }
        if self.kernel_size.is_multiple_of(2) && (self.stem > 0 || self.residual) {
            return Err(ConfigError::EvenKernel { found: self.kernel_size });
        }
        let smallest = self.smallest_image();
        if self.image_size < smallest {
            return Err(ConfigError::ImageTooSmall { found: self.image_size, smallest });
        }
        Ok(())
    }

    /// Multiply-adds of one image's forward pass, convolutions and linear layers only; one FLOP
    /// count is twice this.
    pub fn multiply_adds(&self) -> u64 {
        let square = |side: usize| side * side;
        let kernel = square(self.kernel_size);
        let mut input = self.channels;
        let mut total = 0;
        if self.stem > 0 {
            total += square(self.image_size) * kernel * input * self.stem;
            input = self.stem;
        }
        for (&width, (convolved, pooled)) in self.widths.iter().zip(self.stage_sides()) {
            total += square(convolved) * kernel * input * width;
            if self.residual {
                total += 2 * square(pooled) * kernel * width * width;
            }
            input = width;
        }
        let features = self.features();
        total += match self.hidden {
            0 => features * self.num_classes,
            hidden => (features + self.num_classes) * hidden,
        };
        total as u64
    }

    /// Length of the vector that the last stage gives.
    pub(crate) fn features(&self) -> usize {
        let width = self.widths.last().copied().unwrap_or(0);
        let side = self.stage_sides().last().map_or(0, |&(_, pooled)| pooled);
        match self.global_pooling {
            Pooling::Max | Pooling::Average => width,
            Pooling::None => width * side * side,
        }
    }

    /// Smallest side, in pixels, of an image of which the stages leave a pixel.
    pub(crate) fn smallest_image(&self) -> usize {
        self.widths.iter().fold(1usize, |needed, _| {
            let before_pooling = needed.saturating_mul(self.pool_step());
            let reach =
                (before_pooling - 1).saturating_mul(self.stride).saturating_add(self.kernel_size);
            reach.saturating_sub(2 * self.padding).max(1)
        })
    }

    /// The image's side after each stage's convolution and after its pooling.
    fn stage_sides(&self) -> Vec<(usize, usize)> {
        let stages = self.widths.iter().scan(self.image_size, |side, _| {
            let convolved = (*side + 2 * self.padding - self.kernel_size) / self.stride + 1;
            *side = convolved / self.pool_step();
            Some((convolved, *side))
        });
        stages.collect()
    }

    fn pool_step(&self) -> usize {
        match self.pooling {
            Pooling::Max | Pooling::Average => self.pool_size,
            Pooling::None => 1,
        }
    }
}
