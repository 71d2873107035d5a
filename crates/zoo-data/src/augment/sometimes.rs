//! Augmentations that do one thing or leave the image as it is, and have no setting but how often.
//!
//! Mirroring is the oldest augmentation of photos, in Krizhevsky et al.
//! (<https://papers.nips.cc/paper/4824>, section 4.1).

use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw, operation,
    settings::{check_probability, sometimes},
};
use crate::DataError;

/// One line per augmentation: the name in configs, the operation, and how often by default.
macro_rules! sometimes {
    ($($(#[$about:meta])* $kind:ident = $name:literal: $operation:ident, $probability:literal;)*) => {$(
        settings! {
            $(#[$about])*
            pub struct $kind {
                /// How often, 0 to 1.
                pub probability: f64 = $probability,
            }
        }

        impl Augment for $kind {
            fn check(&self, _: usize) -> Result<(), DataError> {
                check_probability(concat!($name, ".probability"), self.probability)
            }

            fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
                sometimes(self.probability, rng, operation::$operation)
            }
        }
    )*};
}

sometimes! {
    /// Mirrors the image left to right.
    RandomHorizontalFlip = "horizontal-flip": HorizontalFlip, 0.5;
    /// Mirrors the image upside down.
    RandomVerticalFlip = "vertical-flip": VerticalFlip, 0.5;
    /// Replaces colours by their luma, so that a network does not rely on them.
    RandomGrayscale = "grayscale": Grayscale, 0.1;
    /// Inverts every value.
    RandomInvert = "invert": Invert, 0.5;
    /// Equalises each channel's histogram, so that its values are as evenly frequent as possible.
    RandomEqualize = "equalize": Equalize, 0.5;
    /// Stretches each channel so that its smallest value becomes 0 and its largest 255.
    RandomAutoContrast = "auto-contrast": AutoContrast, 0.5;
}
