//! Noisy images.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::Operation;
use crate::Image;

/// Adds to every value of every channel a number drawn from a normal distribution about 0.
///
/// # Panics
///
/// When applied, if `std` is below 0 or not finite.
#[derive(Clone, Debug)]
pub struct GaussianNoise {
    /// Standard deviation, where black is 0 and white is 1; from 0.
    pub std: f64,
    /// What the numbers are drawn from: the same generator, the same noise.
    pub rng: ChaCha8Rng,
}

impl Operation for GaussianNoise {
    fn apply(&self, mut image: Image) -> Image {
        let normal = Normal::new(0.0, 255.0 * self.std).expect("a standard deviation from 0");
        let noise = normal.sample_iter(self.rng.clone());
        for (value, noise) in image.pixels_mut().iter_mut().zip(noise) {
            // A conversion to bytes saturates.
            *value = (f64::from(*value) + noise).round() as u8;
        }
        image
    }

    fn caption(&self) -> String {
        format!("noise {:.2}", self.std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, rng};

    fn noisy(std: f64, grey: u8) -> Vec<u8> {
        let noise = GaussianNoise { std, rng: rng(0, Stream::Corrupt, 0, 0) };
        noise.apply(Image::filled(100, 100, &[grey])).pixels().to_vec()
    }

    #[test]
    fn noise_has_the_deviation_asked_for() {
        let differences = noisy(0.1, 128).into_iter().map(|value| f64::from(value) - 128.0);
        let (sum, squares) =
            differences.fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
        // Of 10,000 numbers, the mean lies within 4 / 100 and the deviation within 3 % of theirs.
        assert!((sum / 1e4).abs() < 0.04 * 25.5, "{sum}");
        let std = (squares / 1e4).sqrt();
        assert!((std / 25.5 - 1.0).abs() < 0.03, "{std}");
    }

    #[test]
    fn values_stay_bytes_and_nothing_is_added_at_0() {
        let black = noisy(0.5, 0);
        let unchanged = black.iter().filter(|&&value| value == 0).count();
        assert!((4700..5300).contains(&unchanged), "{unchanged}");
        assert_eq!(noisy(0.0, 77), [77; 10_000]);
    }

    #[test]
    fn the_same_generator_draws_the_same_noise() {
        assert_eq!(noisy(0.2, 100), noisy(0.2, 100));
    }
}
