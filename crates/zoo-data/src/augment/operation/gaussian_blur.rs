//! Blurred images.

use super::{Operation, reflect};
use crate::Image;

/// Replaces each pixel by a mean of those around it, weighed by a Gaussian bell. Beyond its edges
/// the image is mirrored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianBlur {
    /// Side in pixels of the square that a mean is taken over, odd.
    pub kernel_size: usize,
    /// Standard deviation of the bell in pixels, above 0.
    pub sigma: f64,
}

impl Operation for GaussianBlur {
    fn apply(&self, image: Image) -> Image {
        let (width, height, channels) = (image.width(), image.height(), image.channels());
        let kernel = self.kernel();
        let stride = width * channels;
        let columns = neighbours(width, self.kernel_size);
        let mut blurred_rows = vec![0.0; stride * height];
        for (row, target) in blurred_rows.chunks_exact_mut(stride).enumerate() {
            let source = image.row(row);
            for (pixel, places) in target.chunks_exact_mut(channels).zip(&columns) {
                for (&place, &weight) in places.iter().zip(&kernel) {
                    for (sum, &value) in pixel.iter_mut().zip(&source[place * channels..]) {
                        *sum += weight * f32::from(value);
                    }
                }
            }
        }
        let mut blurred = image;
        for (row, places) in neighbours(height, self.kernel_size).iter().enumerate() {
            let mut sums = vec![0.0; stride];
            for (&place, &weight) in places.iter().zip(&kernel) {
                for (sum, value) in sums.iter_mut().zip(&blurred_rows[place * stride..]) {
                    *sum += weight * value;
                }
            }
            for (target, sum) in blurred.row_mut(row).iter_mut().zip(sums) {
                *target = sum.round_ties_even() as u8;
            }
        }
        blurred
    }

    fn caption(&self) -> String {
        format!("blur {:.2}", self.sigma)
    }
}

impl GaussianBlur {
    /// The weights along one side; their sum is 1.
    fn kernel(&self) -> Vec<f32> {
        let middle = (self.kernel_size / 2) as f64;
        let bell = |place: usize| (-((place as f64 - middle) / self.sigma).powi(2) / 2.0).exp();
        let sum: f64 = (0..self.kernel_size).map(bell).sum();
        (0..self.kernel_size).map(|place| (bell(place) / sum) as f32).collect()
    }
}

/// For each place along a side, the places that its mean is taken over.
fn neighbours(side: usize, kernel_size: usize) -> Vec<Vec<usize>> {
    let reach = (kernel_size / 2) as isize;
    let around = |place: isize| (place - reach..=place + reach).map(|near| reflect(near, side));
    (0..side as isize).map(|place| around(place).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_becomes_a_bell() {
        let mut pixels = vec![0; 25];
        pixels[12] = 250;
        let blur = GaussianBlur { kernel_size: 3, sigma: 1.0 };
        let blurred = blur.apply(Image::new(5, 5, 1, pixels));
        // Weights 0.27407, 0.45186, 0.27407 each way.
        let expected = [
            [0, 0, 0, 0, 0],
            [0, 19, 31, 19, 0],
            [0, 31, 51, 31, 0],
            [0, 19, 31, 19, 0],
            [0, 0, 0, 0, 0],
        ];
        assert_eq!(blurred.pixels(), expected.as_flattened());
    }

    #[test]
    fn edges_are_mirrored() {
        // The middle two thirds of a wide bell are nearly equal: 0.32710, 0.34580, 0.32710.
        let blur = GaussianBlur { kernel_size: 3, sigma: 3.0 };
        let blurred = blur.apply(Image::new(3, 1, 1, vec![90, 0, 30]));
        assert_eq!(blurred.pixels(), [31, 39, 10]);
    }
}
