//! The operations that policies choose from, and what a strength means for each.
//!
//! Names, ranges and rounding are torchvision's, which follow the papers.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::augment::operation::{
    Affine, AutoContrast, Brightness, Contrast, Equalize, Invert, Operation, Posterize, Sampling,
    Saturation, Sharpness, Solarize,
};

/// What a policy may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
    Invert,
}

/// The choices of RandAugment and TrivialAugment.
pub const CHOICES: [Choice; 14] = [
    Choice::Identity,
    Choice::ShearX,
    Choice::ShearY,
    Choice::TranslateX,
    Choice::TranslateY,
    Choice::Rotate,
    Choice::Brightness,
    Choice::Color,
    Choice::Contrast,
    Choice::Sharpness,
    Choice::Posterize,
    Choice::Solarize,
    Choice::AutoContrast,
    Choice::Equalize,
];

/// What the greatest strength is.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// Sideways over height, and up or down over width.
    pub shear: f64,
    /// Pixels to the right, and down.
    pub translate: [f64; 2],
    /// Degrees.
    pub rotate: f64,
    /// How far the factor is from 1: of brightness, colour, contrast and sharpness.
    pub factor: f64,
    /// How many bits are lost.
    pub posterize: f64,
}

impl Space {
    /// That of AutoAugment and RandAugment, for an image of this size in pixels.
    pub fn narrow(width: usize, height: usize) -> Self {
        // The papers' 150 pixels are of images of 331.
        let translate = [width, height].map(|side| 150.0 / 331.0 * side as f64);
        Self { shear: 0.3, translate, rotate: 30.0, factor: 0.9, posterize: 4.0 }
    }

    /// That of TrivialAugment.
    pub fn wide() -> Self {
        Self { shear: 0.99, translate: [32.0; 2], rotate: 135.0, factor: 0.99, posterize: 6.0 }
    }

    /// The operation of a choice at a `strength` from 0 to 1; where it can go either way, at
    /// random. `None`: nothing is to be done.
    pub fn draw(
        &self,
        choice: Choice,
        strength: f64,
        sampling: &Sampling,
        rng: &mut ChaCha8Rng,
    ) -> Option<Box<dyn Operation>> {
        let strength = match choice.has_direction() && rng.random_bool(0.5) {
            true => -strength,
            false => strength,
        };
        self.operation(choice, strength, sampling)
    }

    /// The operation of a choice at a `strength` from 0 to 1, or from -1 if it can go either way.
    pub fn operation(
        &self,
        choice: Choice,
        strength: f64,
        sampling: &Sampling,
    ) -> Option<Box<dyn Operation>> {
        let still = || Affine::identity(sampling.clone());
        let shear = (self.shear * strength).atan().to_degrees();
        let [right, down] = self.translate.map(|most| (most * strength).trunc());
        let factor = (1.0 + self.factor * strength) as f32;
        Some(match choice {
            Choice::Identity => return None,
            // About the upper left corner, as in the papers' code.
            Choice::ShearX => Box::new(Affine { shear: [shear, 0.0], centre: [0.0; 2], ..still() }),
            Choice::ShearY => Box::new(Affine { shear: [0.0, shear], centre: [0.0; 2], ..still() }),
            Choice::TranslateX => Box::new(Affine { translate: [right, 0.0], ..still() }),
            Choice::TranslateY => Box::new(Affine { translate: [0.0, down], ..still() }),
            Choice::Rotate => Box::new(Affine { rotate: -self.rotate * strength, ..still() }),
            Choice::Brightness => Box::new(Brightness { factor }),
            Choice::Color => Box::new(Saturation { factor }),
            Choice::Contrast => Box::new(Contrast { factor }),
            Choice::Sharpness => Box::new(Sharpness { factor }),
            Choice::Posterize => {
                Box::new(Posterize { bits: 8 - (self.posterize * strength).round() as u32 })
            }
            Choice::Solarize => Box::new(Solarize { threshold: 255.0 * (1.0 - strength) }),
            Choice::AutoContrast => Box::new(AutoContrast),
            Choice::Equalize => Box::new(Equalize),
            Choice::Invert => Box::new(Invert),
        })
    }
}

impl Choice {
    /// Whether it has an opposite.
    fn has_direction(self) -> bool {
        match self {
            Self::ShearX
            | Self::ShearY
            | Self::TranslateX
            | Self::TranslateY
            | Self::Rotate
            | Self::Brightness
            | Self::Color
            | Self::Contrast
            | Self::Sharpness => true,
            Self::Identity
            | Self::Posterize
            | Self::Solarize
            | Self::AutoContrast
            | Self::Equalize
            | Self::Invert => false,
        }
    }
}
