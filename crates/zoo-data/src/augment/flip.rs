//! Mirrored images.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Augment, check_probability};
use crate::{DataError, Image};

/// Mirrors the image left to right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HorizontalFlip {
    /// How often, 0 to 1.
    pub probability: f64,
}

/// Mirrors the image upside down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerticalFlip {
    /// How often, 0 to 1.
    pub probability: f64,
}

impl Default for HorizontalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Default for VerticalFlip {
    fn default() -> Self {
        Self { probability: 0.5 }
    }
}

impl Augment for HorizontalFlip {
    /// Whether to mirror.
    type Draw = bool;

    fn check(&self) -> Result<(), DataError> {
        check_probability("horizontal-flip.probability", self.probability)
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> bool {
        rng.random_bool(self.probability)
    }

    fn apply(&self, mut image: Image, flip: bool) -> Image {
        if flip {
            let (width, channels) = (image.width(), image.channels());
            for row in 0..image.height() {
                let row = image.row_mut(row);
                for left in 0..width / 2 {
                    let right = width - 1 - left;
                    for channel in 0..channels {
                        row.swap(left * channels + channel, right * channels + channel);
                    }
                }
            }
        }
        image
    }
}

impl Augment for VerticalFlip {
    /// Whether to mirror.
    type Draw = bool;

    fn check(&self) -> Result<(), DataError> {
        check_probability("vertical-flip.probability", self.probability)
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> bool {
        rng.random_bool(self.probability)
    }

    fn apply(&self, image: Image, flip: bool) -> Image {
        if !flip {
            return image;
        }
        let rows = (0..image.height()).rev().flat_map(|row| image.row(row));
        Image::new(image.width(), image.height(), image.channels(), rows.copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three columns, two rows, RGB: pixel n is 10n, 10n + 1, 10n + 2.
    fn image() -> Image {
        Image::new(
            3,
            2,
            3,
            (0..6).flat_map(|pixel| [10 * pixel, 10 * pixel + 1, 10 * pixel + 2]).collect(),
        )
    }

    #[test]
    fn horizontal_flip_turns_rows_round_but_not_channels() {
        let flipped = HorizontalFlip::default().apply(image(), true);
        assert_eq!(flipped.row(0), [20, 21, 22, 10, 11, 12, 0, 1, 2]);
        assert_eq!(flipped.row(1), [50, 51, 52, 40, 41, 42, 30, 31, 32]);
    }

    #[test]
    fn vertical_flip_turns_columns_round() {
        let flipped = VerticalFlip::default().apply(image(), true);
        assert_eq!(flipped.row(0), [30, 31, 32, 40, 41, 42, 50, 51, 52]);
        assert_eq!(flipped.row(1), [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    }

    #[test]
    fn no_flip_leaves_the_image_alone() {
        assert_eq!(HorizontalFlip::default().apply(image(), false), image());
        assert_eq!(VerticalFlip::default().apply(image(), false), image());
    }
}
