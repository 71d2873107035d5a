use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What comes before the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// A 7 x 7 convolution at stride 2, then max pooling of 3 x 3 windows at stride 2: a quarter of
    /// the image's size. The paper's, for ImageNet.
    SevenBySeven,
    /// Three 3 x 3 convolutions, the first at stride 2 and the first two with half the channels,
    /// then the same pooling. That of ResNet-D: He et al., "Bag of Tricks"
    /// (<https://arxiv.org/abs/1812.01187>), after Inception-v2; timm's `deep`.
    ThreeConvolutions,
    /// A 3 x 3 convolution that keeps the image's size, without pooling. The paper's, for CIFAR.
    ThreeByThree,
}

/// One convolution of a stem.
pub(crate) struct Convolution {
    pub channels: [usize; 2],
    pub kernel: usize,
    pub stride: usize,
}

impl Stem {
    /// Its convolutions, for images of `channels` channels, to `width` channels.
    pub(crate) fn convolutions(self, channels: usize, width: usize) -> Vec<Convolution> {
        let conv = |channels, kernel, stride| Convolution { channels, kernel, stride };
        match self {
            Self::SevenBySeven => vec![conv([channels, width], 7, 2)],
            Self::ThreeConvolutions => vec![
                conv([channels, width / 2], 3, 2),
                conv([width / 2, width / 2], 3, 1),
                conv([width / 2, width], 3, 1),
            ],
            Self::ThreeByThree => vec![conv([channels, width], 3, 1)],
        }
    }

    /// Whether a max pooling follows, which halves the image.
    pub(crate) fn is_pooled(self) -> bool {
        self != Self::ThreeByThree
    }
}
