use zoo_settings::{network, range};

use crate::{BlockKind, ConfigError, ResNetPreset, Shortcut, Stem};

network! {
    ResNetSettings = "ResNetSettings"
    /// Sizes and switches of a [`ResNet`](crate::ResNet).
    pub struct ResNetConfig {
        /// The preset that the other fields start from (default: resnet18).
        pub preset: ResNetPreset,
        /// Number of classes.
        pub num_classes: usize,
        /// Channels of an image: 1 (grey) or 3 (RGB).
        pub channels: usize,
        /// Side of the square images, in pixels. Other and oblong sizes also work.
        pub image_size: usize,
        /// What comes before the stages.
        pub stem: Stem,
        /// Channels that leave the stem.
        pub stem_width: usize,
        /// The convolutions of a block.
        pub block: BlockKind,
        /// Blocks of each stage, one entry per stage. The first block of every stage but the first
        /// halves the image.
        pub depths: Vec<usize>,
        /// Channels of the 3 x 3 convolutions of each stage, one entry per stage. Four times as
        /// many leave a bottleneck.
        pub widths: Vec<usize>,
        /// How a block's input becomes of the size of its output, where the two differ.
        pub shortcut: Shortcut,
        /// Whether the last normalisation of a block starts with factors of 0, so that every block
        /// starts by passing its input on: Goyal et al., <https://arxiv.org/abs/1706.02677>.
        pub zero_init_last_norm: bool,
        /// Probability of dropping a feature before the head, at least 0 and below 1.
        pub dropout: f64,
    }
}

impl ResNetConfig {
    /// Settings, by their keys in JSON, that are never told as the reason why weights do not fit:
    /// how fresh weights are drawn.
    pub const SHAPELESS: &[&str] = &["zero_init_last_norm"];

    /// Settings, by their keys in JSON, that say what the network computes where its weights do not:
    /// pretrained weights decide them unless a config does, even if it names a preset.
    pub const OF_WEIGHTS: &[&str] = &["shortcut"];

    /// Sets the blocks of each stage and the channels of their 3 x 3 convolutions.
    pub fn with_stages(self, stages: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let (depths, widths) = stages.into_iter().unzip();
        Self { depths, widths, ..self }
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
            ("stem_width", self.stem_width),
        ];
        let depths = self.depths.iter().map(|&depth| ("depths", depth));
        let widths = self.widths.iter().map(|&width| ("widths", width));
        for (field, found) in sizes.into_iter().chain(depths).chain(widths) {
            range::size(field, found)?;
        }
        range::channels(self.channels)?;
        range::below_one("dropout", self.dropout)?;
        self.check_stages()
    }

    fn check_stages(&self) -> Result<(), ConfigError> {
        let (depths, widths) = (self.depths.len(), self.widths.len());
        if depths == 0 {
            return Err(ConfigError::NoStages);
        }
        if depths != widths {
            return Err(ConfigError::Stages { depths, widths });
        }
        let found = self.stem_width;
        if self.stem == Stem::ThreeConvolutions && !found.is_multiple_of(2) {
            return Err(ConfigError::OddStem { found });
        }
        if self.shortcut == Shortcut::ZeroPadding {
            let mut input = self.stem_width;
            for width in &self.widths {
                let found = width * self.block.expansion();
                if found < input || !(found - input).is_multiple_of(2) {
                    return Err(ConfigError::Padding { input, found });
                }
                input = found;
            }
        }
        Ok(())
    }

    /// Multiply-adds of one image's forward pass, convolutions and the head only; one FLOP count is
    /// twice this.
    pub fn multiply_adds(&self) -> u64 {
        let mut side = self.image_size;
        let mut total = 0;
        let mut convolve =
            |side: &mut usize, [input, output]: [usize; 2], kernel: usize, stride| {
                // Padding by half an odd kernel.
                *side = side.div_ceil(stride);
                total += (*side * *side * kernel * kernel * input * output) as u64;
            };
        for conv in self.stem.convolutions(self.channels, self.stem_width) {
            convolve(&mut side, conv.channels, conv.kernel, conv.stride);
        }
        if self.stem.is_pooled() {
            side = side.div_ceil(2);
        }
        for (stride, [input, output], width) in self.blocks().into_iter().flatten() {
            for (channels, kernel, stride) in self.block.layers(input, width, stride) {
                convolve(&mut side, channels, kernel, stride);
            }
            let changes = input != output || stride != 1;
            if changes && self.shortcut != Shortcut::ZeroPadding {
                convolve(&mut side, [input, output], 1, 1);
            }
        }
        total + (self.features() * self.num_classes) as u64
    }

    /// Stride, channels in and out, and the channels of the 3 x 3 convolutions of every block, stage
    /// by stage.
    pub(crate) fn blocks(&self) -> Vec<Vec<(usize, [usize; 2], usize)>> {
        let mut input = self.stem_width;
        let stages = self.depths.iter().zip(&self.widths).enumerate();
        let stages = stages.map(|(stage, (&depth, &width))| {
            let output = width * self.block.expansion();
            let blocks = (0..depth).map(|block| {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                (stride, [std::mem::replace(&mut input, output), output], width)
            });
            blocks.collect()
        });
        stages.collect()
    }

    /// Length of the vector that the head sees.
    pub(crate) fn features(&self) -> usize {
        self.widths.last().map_or(0, |width| width * self.block.expansion())
    }
}
