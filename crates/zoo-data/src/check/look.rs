//! What is kept of an image that has been looked at: little enough to compare millions.

use sha2::{Digest, Sha256};

use crate::Image;

/// Side of the picture by which near duplicates are confirmed.
const SMALL: usize = 16;

/// What is kept of an image.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub width: usize,
    pub height: usize,
    /// SHA-256 of size and pixels, so that the same picture in two files is found.
    pub pixels: [u8; 32],
    /// Where a picture of 9x8 pixels gets brighter to the right, row by row: the "difference hash" of
    /// <https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html>.
    pub dhash: u64,
    /// The picture in grey at [`SMALL`] pixels a side.
    pub small: Vec<u8>,
    /// Mean and mean square of each channel, of values scaled to 0 to 1.
    pub moments: Vec<[f64; 2]>,
}

impl Look {
    pub fn at(image: &Image) -> Self {
        let mut hasher = Sha256::new();
        for side in [image.width(), image.height(), image.channels()] {
            hasher.update((side as u64).to_le_bytes());
        }
        hasher.update(image.pixels());
        let grey = image.clone().with_channels(1);
        Self {
            width: image.width(),
            height: image.height(),
            pixels: hasher.finalize().into(),
            dhash: dhash(&grey),
            small: grey.stretched(SMALL, SMALL).pixels().to_vec(),
            moments: moments(image),
        }
    }

    /// Number of pixels.
    pub fn area(&self) -> usize {
        self.width * self.height
    }

    /// Bits in which the difference hashes differ, 0 to 64.
    pub fn distance(&self, other: &Self) -> u32 {
        (self.dhash ^ other.dhash).count_ones()
    }

    /// Mean absolute difference of the small pictures, of 255, with brightness taken out.
    pub fn difference(&self, other: &Self) -> f64 {
        let differences =
            || self.small.iter().zip(&other.small).map(|(&a, &b)| f64::from(a) - f64::from(b));
        let count = self.small.len() as f64;
        let mean = differences().sum::<f64>() / count;
        differences().map(|difference| (difference - mean).abs()).sum::<f64>() / count
    }
}

fn dhash(grey: &Image) -> u64 {
    let small = grey.stretched(9, 8);
    let rows = (0..8).map(|row| small.row(row));
    rows.flat_map(|row| row.windows(2))
        .fold(0, |bits, pair| bits << 1 | u64::from(pair[0] < pair[1]))
}

fn moments(image: &Image) -> Vec<[f64; 2]> {
    let channels = image.channels();
    // Sums of whole numbers: at most 2^27 pixels of 255^2.
    let mut sums = vec![[0u64; 2]; channels];
    for pixel in image.pixels().chunks_exact(channels) {
        for (sum, &value) in sums.iter_mut().zip(pixel) {
            let value = u64::from(value);
            *sum = [sum[0] + value, sum[1] + value * value];
        }
    }
    let count = (image.width() * image.height()) as f64;
    let scaled = |[sum, squares]: [u64; 2]| [sum as f64 / 255.0, squares as f64 / 255.0f64.powi(2)];
    sums.into_iter().map(scaled).map(|sums| sums.map(|sum| sum / count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey, brighter to the right, and in every other row of eight to the left.
    fn stripes(offset: u8) -> Image {
        let pixel = |index: usize| {
            let (row, column) = (index / 9, index % 9);
            let shade = if row % 2 == 0 { column } else { 8 - column };
            shade as u8 * 10 + offset
        };
        Image::new(9, 8, 1, (0..72).map(pixel).collect())
    }

    #[test]
    fn a_hash_says_where_it_gets_brighter() {
        assert_eq!(Look::at(&stripes(0)).dhash, 0xff00_ff00_ff00_ff00);
        assert_eq!(Look::at(&Image::filled(30, 20, &[9, 9, 9])).dhash, 0);
    }

    #[test]
    fn brightness_and_size_change_little() {
        let (dark, bright) = (Look::at(&stripes(0)), Look::at(&stripes(90)));
        assert_eq!(dark.distance(&bright), 0);
        assert!(dark.difference(&bright) < 0.5, "{}", dark.difference(&bright));
        assert_ne!(dark.pixels, bright.pixels);
        let large = Look::at(&stripes(0).stretched(90, 80));
        assert_eq!(dark.distance(&large), 0);
        assert!(dark.difference(&large) < 3.0, "{}", dark.difference(&large));
        let blank = Look::at(&Image::filled(9, 8, &[40]));
        assert_eq!(dark.distance(&blank), 32);
        assert!(dark.difference(&blank) > 10.0);
    }

    #[test]
    fn the_same_bytes_in_another_shape_are_another_picture() {
        let look = |width, height| Look::at(&Image::filled(width, height, &[1]));
        assert_ne!(look(2, 3).pixels, look(3, 2).pixels);
        assert_eq!(look(2, 3).pixels, look(2, 3).pixels);
    }

    #[test]
    fn moments_are_those_of_each_channel() {
        let image = Image::new(2, 1, 3, vec![0, 255, 51, 255, 255, 51]);
        assert_eq!(Look::at(&image).moments, [[0.5, 0.5], [1.0, 1.0], [0.2, 0.04]]);
    }
}
