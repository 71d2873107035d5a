use optfield::optfield;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Activation, CnnPreset, ConfigError, Pooling};

/// Largest size or count accepted, so that no sum of them overflows.
const LARGEST: usize = 65_536;

/// Sizes and switches of a [`Cnn`](crate::Cnn).
///
/// Deserialised through [`CnnSettings`]: fields that a file leaves out take the preset's value, and
/// unknown keys are refused.
#[optfield(
    pub CnnSettings,
    doc = "The network; what is left out takes the preset's value.",
    field_doc,
    attrs = (
        derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema),
        serde(default, deny_unknown_fields)
    ),
    field_attrs = (serde(skip_serializing_if = "Option::is_none")),
    merge_fn = overlay,
    from
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "CnnSettings")]
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
    /// Channels of a convolution that precedes the stages and keeps the image's size; 0 for none.
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
    /// Factor of the logits. A factor below 1 softens the early predictions of a network that ends
    /// in global max pooling.
    pub logit_scale: f64,
}

impl From<CnnSettings> for CnnConfig {
    fn from(settings: CnnSettings) -> Self {
        let mut config = Self::preset(settings.preset.unwrap_or_default());
        config.overlay(settings);
        config
    }
}

impl CnnConfig {
    /// Sets the number of classes.
    pub fn with_num_classes(mut self, num_classes: usize) -> Self {
        self.num_classes = num_classes;
        self
    }

    /// Sets the channels of an image, 1 or 3.
    pub fn with_channels(mut self, channels: usize) -> Self {
        self.channels = channels;
        self
    }

    /// Sets the side of the square images, in pixels.
    pub fn with_image_size(mut self, image_size: usize) -> Self {
        self.image_size = image_size;
        self
    }

    /// Sets the channels of each stage.
    pub fn with_widths(mut self, widths: impl Into<Vec<usize>>) -> Self {
        self.widths = widths.into();
        self
    }

    /// Sets the probability of dropping a feature before the head.
    pub fn with_dropout(mut self, dropout: f64) -> Self {
        self.dropout = dropout;
        self
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
            if !(1..=LARGEST).contains(&found) {
                return Err(ConfigError::Size { field, found });
            }
        }
        if ![1, 3].contains(&self.channels) {
            return Err(ConfigError::Channels { found: self.channels });
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(ConfigError::Probability { field: "dropout", found: self.dropout });
        }
        if !(self.logit_scale.is_finite() && self.logit_scale > 0.0) {
            return Err(ConfigError::LogitScale { found: self.logit_scale });
        }
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
