//! Shifted images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Operation, reflect};
use crate::Image;

/// Pads the image on all sides and cuts a part of its own size out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaddedCrop {
    /// Width of the border in pixels.
    pub padding: usize,
    /// What the border shows.
    pub fill: Fill,
    /// First column of the part in the padded image, 0 to twice the padding.
    pub left: usize,
    /// First row of the part in the padded image, 0 to twice the padding.
    pub top: usize,
}

/// What is beyond the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Black.
    #[default]
    Zeros,
    /// The image mirrored at its outermost pixels, which are not repeated.
    Reflect,
}

impl Operation for PaddedCrop {
    fn apply(&self, image: Image) -> Image {
        let (width, height, channels) = (image.width(), image.height(), image.channels());
        let mut crop = Image::filled(width, height, &vec![0; channels]);
        let columns = self.origins(width, self.left);
        // Of these, those that show the image itself lie side by side.
        let beyond = |start: usize| self.padding.saturating_sub(start).min(width);
        let inside = beyond(self.left)..width - beyond(2 * self.padding - self.left);
        let shown = |column: usize| column * channels..(column + 1) * channels;
        for (row, from) in self.origins(height, self.top).into_iter().enumerate() {
            let Some(from) = from else { continue };
            let (source, target) = (image.row(from), crop.row_mut(row));
            if let Some(first) = columns[inside.clone()].first().copied().flatten() {
                let length = inside.len() * channels;
                target[inside.start * channels..][..length]
                    .copy_from_slice(&source[first * channels..][..length]);
            }
            for column in (0..inside.start).chain(inside.end..width) {
                if let Some(from) = columns[column] {
                    target[shown(column)].copy_from_slice(&source[shown(from)]);
                }
            }
        }
        crop
    }

    fn caption(&self) -> String {
        let shift = |start: usize| self.padding as isize - start as isize;
        format!("shift {} {}", shift(self.left), shift(self.top))
    }
}

impl PaddedCrop {
    /// For each place along one side of the crop, which place of the image it shows. `None`: none,
    /// it is black.
    fn origins(&self, side: usize, start: usize) -> Vec<Option<usize>> {
        let place = |offset: usize| {
            let place = (start + offset) as isize - self.padding as isize;
            match self.fill {
                Fill::Zeros => usize::try_from(place).ok().filter(|&place| place < side),
                Fill::Reflect => Some(reflect(place, side)),
            }
        };
        (0..side).map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        Image::new(3, 3, 1, vec![1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    fn cropped(padding: usize, fill: Fill, left: usize, top: usize) -> Vec<u8> {
        PaddedCrop { padding, fill, left, top }.apply(image()).pixels().to_vec()
    }

    #[test]
    fn the_middle_is_the_image() {
        assert_eq!(cropped(2, Fill::Zeros, 2, 2), image().pixels());
        assert_eq!(cropped(2, Fill::Reflect, 2, 2), image().pixels());
    }

    #[test]
    fn zeros_are_black() {
        assert_eq!(cropped(1, Fill::Zeros, 0, 0), [0, 0, 0, 0, 1, 2, 0, 4, 5]);
        assert_eq!(cropped(1, Fill::Zeros, 2, 1), [2, 3, 0, 5, 6, 0, 8, 9, 0]);
        assert_eq!(cropped(2, Fill::Zeros, 2, 4), [7, 8, 9, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn reflect_mirrors_without_repeating_the_edge() {
        assert_eq!(cropped(1, Fill::Reflect, 0, 0), [5, 4, 5, 2, 1, 2, 5, 4, 5]);
        assert_eq!(cropped(2, Fill::Reflect, 4, 2), [3, 2, 1, 6, 5, 4, 9, 8, 7]);
    }

    #[test]
    fn pixels_stay_whole() {
        let rgb = Image::new(2, 1, 3, vec![1, 2, 3, 4, 5, 6]);
        let crop = PaddedCrop { padding: 1, fill: Fill::Zeros, left: 0, top: 1 };
        assert_eq!(crop.apply(rgb).pixels(), [0, 0, 0, 1, 2, 3]);
        assert_eq!(crop.caption(), "shift 1 0");
    }
}
