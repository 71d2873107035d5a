//! Mirrored images.

use super::Operation;
use crate::Image;

/// Mirrors the image left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HorizontalFlip;

/// Mirrors the image upside down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerticalFlip;

impl Operation for HorizontalFlip {
    fn apply(&self, mut image: Image) -> Image {
        let channels = image.channels();
        for row in 0..image.height() {
            let row = image.row_mut(row);
            match channels {
                3 => row.as_chunks_mut::<3>().0.reverse(),
                _ => row.reverse(),
            }
        }
        image
    }

    fn caption(&self) -> String {
        "flip".to_string()
    }
}

impl Operation for VerticalFlip {
    fn apply(&self, image: Image) -> Image {
        let rows = (0..image.height()).rev().flat_map(|row| image.row(row));
        Image::new(image.width(), image.height(), image.channels(), rows.copied().collect())
    }

    fn caption(&self) -> String {
        "flip upside down".to_string()
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
        let flipped = HorizontalFlip.apply(image());
        assert_eq!(flipped.row(0), [20, 21, 22, 10, 11, 12, 0, 1, 2]);
        assert_eq!(flipped.row(1), [50, 51, 52, 40, 41, 42, 30, 31, 32]);
    }

    #[test]
    fn vertical_flip_turns_columns_round() {
        let flipped = VerticalFlip.apply(image());
        assert_eq!(flipped.row(0), [30, 31, 32, 40, 41, 42, 50, 51, 52]);
        assert_eq!(flipped.row(1), [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    }
}
