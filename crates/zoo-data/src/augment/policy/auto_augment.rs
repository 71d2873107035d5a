//! AutoAugment, after Cubuk et al. (<https://arxiv.org/abs/1805.09501>): the policies of its tables 7
//! and 9.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::space::{Choice, Space};
use crate::{
    DataError,
    augment::{Augment, Background, Canvas, Draw, operation::Interpolation},
};

/// Draws one of a policy's 25 pairs of operations, and applies each of the two with its own
/// probability and magnitude.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoAugment {
    /// Which policy.
    pub policy: AutoAugmentPolicy,
    /// What is read between pixels.
    pub interpolation: Interpolation,
    /// What is beyond the image.
    pub fill: Background,
}

/// A policy found by search on a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AutoAugmentPolicy {
    /// That of ImageNet.
    #[default]
    Imagenet,
    /// That of CIFAR-10, also suitable for CIFAR-100.
    Cifar10,
}

/// An operation, its probability, and its strength from 0 to 9.
pub(in crate::augment) type Step = (Choice, f64, u8);

impl Augment for AutoAugment {
    fn check(&self, _: usize) -> Result<(), DataError> {
        Ok(())
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let space = Space::narrow(canvas.width, canvas.height);
        let sampling = canvas.sampling(self.interpolation, self.fill);
        let policy = self.policy.pairs();
        let pair = policy[rng.random_range(0..policy.len())];
        let draw = |(choice, probability, strength): Step| {
            rng.random_bool(probability)
                .then(|| space.draw(choice, f64::from(strength) / 9.0, &sampling, rng))?
        };
        pair.into_iter().filter_map(draw).collect()
    }
}

impl AutoAugmentPolicy {
    pub(in crate::augment) fn pairs(self) -> &'static [[Step; 2]; 25] {
        match self {
            Self::Imagenet => &IMAGENET,
            Self::Cifar10 => &CIFAR10,
        }
    }
}

const IMAGENET: [[Step; 2]; 25] = [
    [(Choice::Posterize, 0.4, 8), (Choice::Rotate, 0.6, 9)],
    [(Choice::Solarize, 0.6, 5), (Choice::AutoContrast, 0.6, 0)],
    [(Choice::Equalize, 0.8, 0), (Choice::Equalize, 0.6, 0)],
    [(Choice::Posterize, 0.6, 7), (Choice::Posterize, 0.6, 6)],
    [(Choice::Equalize, 0.4, 0), (Choice::Solarize, 0.2, 4)],
    [(Choice::Equalize, 0.4, 0), (Choice::Rotate, 0.8, 8)],
    [(Choice::Solarize, 0.6, 3), (Choice::Equalize, 0.6, 0)],
    [(Choice::Posterize, 0.8, 5), (Choice::Equalize, 1.0, 0)],
    [(Choice::Rotate, 0.2, 3), (Choice::Solarize, 0.6, 8)],
    [(Choice::Equalize, 0.6, 0), (Choice::Posterize, 0.4, 6)],
    [(Choice::Rotate, 0.8, 8), (Choice::Color, 0.4, 0)],
    [(Choice::Rotate, 0.4, 9), (Choice::Equalize, 0.6, 0)],
    [(Choice::Equalize, 0.0, 0), (Choice::Equalize, 0.8, 0)],
    [(Choice::Invert, 0.6, 0), (Choice::Equalize, 1.0, 0)],
    [(Choice::Color, 0.6, 4), (Choice::Contrast, 1.0, 8)],
    [(Choice::Rotate, 0.8, 8), (Choice::Color, 1.0, 2)],
    [(Choice::Color, 0.8, 8), (Choice::Solarize, 0.8, 7)],
    [(Choice::Sharpness, 0.4, 7), (Choice::Invert, 0.6, 0)],
    [(Choice::ShearX, 0.6, 5), (Choice::Equalize, 1.0, 0)],
    [(Choice::Color, 0.4, 0), (Choice::Equalize, 0.6, 0)],
    [(Choice::Equalize, 0.4, 0), (Choice::Solarize, 0.2, 4)],
    [(Choice::Solarize, 0.6, 5), (Choice::AutoContrast, 0.6, 0)],
    [(Choice::Invert, 0.6, 0), (Choice::Equalize, 1.0, 0)],
    [(Choice::Color, 0.6, 4), (Choice::Contrast, 1.0, 8)],
    [(Choice::Equalize, 0.8, 0), (Choice::Equalize, 0.6, 0)],
];

const CIFAR10: [[Step; 2]; 25] = [
    [(Choice::Invert, 0.1, 0), (Choice::Contrast, 0.2, 6)],
    [(Choice::Rotate, 0.7, 2), (Choice::TranslateX, 0.3, 9)],
    [(Choice::Sharpness, 0.8, 1), (Choice::Sharpness, 0.9, 3)],
    [(Choice::ShearY, 0.5, 8), (Choice::TranslateY, 0.7, 9)],
    [(Choice::AutoContrast, 0.5, 0), (Choice::Equalize, 0.9, 0)],
    [(Choice::ShearY, 0.2, 7), (Choice::Posterize, 0.3, 7)],
    [(Choice::Color, 0.4, 3), (Choice::Brightness, 0.6, 7)],
    [(Choice::Sharpness, 0.3, 9), (Choice::Brightness, 0.7, 9)],
    [(Choice::Equalize, 0.6, 0), (Choice::Equalize, 0.5, 0)],
    [(Choice::Contrast, 0.6, 7), (Choice::Sharpness, 0.6, 5)],
    [(Choice::Color, 0.7, 7), (Choice::TranslateX, 0.5, 8)],
    [(Choice::Equalize, 0.3, 0), (Choice::AutoContrast, 0.4, 0)],
    [(Choice::TranslateY, 0.4, 3), (Choice::Sharpness, 0.2, 6)],
    [(Choice::Brightness, 0.9, 6), (Choice::Color, 0.2, 8)],
    [(Choice::Solarize, 0.5, 2), (Choice::Invert, 0.0, 0)],
    [(Choice::Equalize, 0.2, 0), (Choice::AutoContrast, 0.6, 0)],
    [(Choice::Equalize, 0.2, 0), (Choice::Equalize, 0.6, 0)],
    [(Choice::Color, 0.9, 9), (Choice::Equalize, 0.6, 0)],
    [(Choice::AutoContrast, 0.8, 0), (Choice::Solarize, 0.2, 8)],
    [(Choice::Brightness, 0.1, 3), (Choice::Color, 0.7, 0)],
    [(Choice::Solarize, 0.4, 5), (Choice::AutoContrast, 0.9, 0)],
    [(Choice::TranslateY, 0.9, 9), (Choice::TranslateY, 0.7, 9)],
    [(Choice::AutoContrast, 0.9, 0), (Choice::Solarize, 0.8, 3)],
    [(Choice::Equalize, 0.8, 0), (Choice::Invert, 0.1, 0)],
    [(Choice::TranslateY, 0.7, 9), (Choice::AutoContrast, 0.9, 0)],
];
