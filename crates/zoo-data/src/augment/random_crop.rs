//! Shifted images: the customary augmentation for CIFAR, after He et al. (<https://arxiv.org/abs/1512.03385>, section 4.2).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Augment;
use crate::{DataError, Image};

/// Pads the image on all sides and cuts a part of its own size out, so that it is shifted by up to
/// `padding` pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomCrop {
    /// Width of the border in pixels, 1 to 4096.
    pub padding: usize,
    /// What the border shows.
    pub fill: Fill,
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

impl Default for RandomCrop {
    fn default() -> Self {
        Self { padding: 4, fill: Fill::Zeros }
    }
}

/// Upper left corner of the part, in the padded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corner {
    left: usize,
    top: usize,
}

impl Augment for RandomCrop {
    type Draw = Corner;

    fn check(&self) -> Result<(), DataError> {
        if (1..=4096).contains(&self.padding) {
            return Ok(());
        }
        Err(DataError::setting("random-crop.padding", "1 to 4096 pixels", self.padding))
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> Corner {
        Corner {
            left: rng.random_range(0..=2 * self.padding),
            top: rng.random_range(0..=2 * self.padding),
        }
    }

    fn apply(&self, image: Image, corner: Corner) -> Image {
        let (width, height, channels) = (image.width(), image.height(), image.channels());
        let mut crop = Image::filled(width, height, &vec![0; channels]);
        let columns = self.origins(width, corner.left);
        for (row, from) in self.origins(height, corner.top).into_iter().enumerate() {
            let Some(from) = from else { continue };
            let (source, target) = (image.row(from), crop.row_mut(row));
            for (pixel, from) in target.chunks_exact_mut(channels).zip(&columns) {
                if let Some(from) = from {
                    pixel.copy_from_slice(&source[from * channels..][..channels]);
                }
            }
        }
        crop
    }
}

impl RandomCrop {
    /// For each place along one side of the crop, which place of the image it shows. `None`: none,
    /// it is black.
    fn origins(&self, side: usize, start: usize) -> Vec<Option<usize>> {
        let place = |offset: usize| {
            let padded = start + offset;
            match self.fill {
                Fill::Zeros => padded.checked_sub(self.padding).filter(|&place| place < side),
                Fill::Reflect => Some(reflect(padded, self.padding, side)),
            }
        };
        (0..side).map(place).collect()
    }
}

/// The place in an image that a place in the padded image mirrors. A border wider than the image
/// mirrors it to and fro.
fn reflect(padded: usize, padding: usize, side: usize) -> usize {
    if side == 1 {
        return 0;
    }
    // To the right end and back again.
    let period = 2 * (side - 1);
    let place = (padded + period * padding.div_ceil(period) - padding) % period;
    place.min(period - place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, rng};

    fn image() -> Image {
        Image::new(3, 3, 1, vec![1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    fn cropped(padding: usize, fill: Fill, left: usize, top: usize) -> Vec<u8> {
        RandomCrop { padding, fill }.apply(image(), Corner { left, top }).pixels().to_vec()
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
    fn a_border_wider_than_the_image_mirrors_on() {
        let places: Vec<usize> = (0..13).map(|padded| reflect(padded, 5, 3)).collect();
        assert_eq!(places, [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(reflect(9, 5, 1), 0);
    }

    #[test]
    fn pixels_stay_whole() {
        let rgb = Image::new(2, 1, 3, vec![1, 2, 3, 4, 5, 6]);
        let crop = RandomCrop { padding: 1, fill: Fill::Zeros };
        assert_eq!(crop.apply(rgb, Corner { left: 0, top: 1 }).pixels(), [0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn every_corner_is_drawn() {
        let crop = RandomCrop { padding: 1, fill: Fill::Zeros };
        let mut seen = [[0; 3]; 3];
        for index in 0..900 {
            let corner = crop.draw(&mut rng(0, Stream::Augment, 0, index));
            seen[corner.top][corner.left] += 1;
        }
        assert!(seen.iter().flatten().all(|&count| (70..130).contains(&count)), "{seen:?}");
    }
}
