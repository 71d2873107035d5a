//! Corruption of test images, to measure how robust a network is.
//!
//! Noise, blur and contrast are after Hendrycks and Dietterich, "Benchmarking Neural Network
//! Robustness to Common Corruptions and Perturbations", <https://arxiv.org/abs/1903.12261>: noise and
//! contrast as strong as in ImageNet-C, blur as in CIFAR-10-C, in proportion to the size of the image.
//! Rotation is added. The operations are those of augmentation.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use zoo_settings::names;

use crate::{
    DataError, Image, ImageSource, Preprocess, Split,
    augment::operation::{
        Affine, Contrast, GaussianBlur, GaussianNoise, Interpolation, Operation, Sampling,
    },
    rng::{Stream, rng},
};

/// Standard deviation of the noise, where white is 1.
const NOISE: [f64; 5] = [0.08, 0.12, 0.18, 0.26, 0.38];
/// Standard deviation of the blur in pixels of an image of [`BLURRED_SIDE`] pixels.
const BLUR: [f64; 5] = [0.4, 0.6, 0.7, 0.8, 1.0];
const BLURRED_SIDE: f64 = 32.0;
/// What is left of the contrast.
const CONTRAST: [f64; 5] = [0.4, 0.3, 0.2, 0.1, 0.05];
/// Degrees, clockwise.
const ROTATION: [f64; 5] = [5.0, 10.0, 20.0, 30.0, 45.0];

names! {
    /// A kind of corruption.
    pub enum Corruption {
        /// Every value a little more or less, at random.
        Noise = "noise",
        /// Out of focus.
        Blur = "blur",
        /// Greyish.
        Contrast = "contrast",
        /// Turned about the middle, the corners filled with the mean colour.
        Rotation = "rotation",
    }
}

impl Corruption {
    /// The number of strengths, which count from 1.
    pub const STRENGTHS: usize = 5;

    /// The images of `split` as a network sees them, corrupted in this way. The same image is
    /// corrupted in the same way each time.
    ///
    /// # Panics
    /// If `strength` is not 1 to 5.
    pub fn corrupt(self, split: &Split, preprocess: &Preprocess, strength: usize) -> Split {
        assert!((1..=Self::STRENGTHS).contains(&strength), "strength {strength}");
        let indices: Vec<usize> = (0..split.len()).map(|place| split.index(place)).collect();
        let source = Corrupted {
            split: split.clone(),
            preprocess: preprocess.clone(),
            corruption: self,
            strength,
        };
        Split::new(Arc::new(source), indices)
    }

    fn operation(
        self,
        strength: usize,
        preprocess: &Preprocess,
        index: usize,
    ) -> Box<dyn Operation> {
        let number = strength - 1;
        match self {
            Self::Noise => {
                let rng = rng(0, Stream::Corrupt, strength as u64, index as u64);
                Box::new(GaussianNoise { std: NOISE[number], rng })
            }
            Self::Blur => {
                let sigma = BLUR[number] * preprocess.image_size as f64 / BLURRED_SIDE;
                // Three deviations to either side hold all but 0.3 % of the bell.
                let kernel_size = 2 * (3.0 * sigma).ceil() as usize + 1;
                Box::new(GaussianBlur { kernel_size, sigma })
            }
            Self::Contrast => Box::new(Contrast { factor: CONTRAST[number] as f32 }),
            Self::Rotation => {
                let colour = preprocess.mean_colour();
                let sampling = Sampling { interpolation: Interpolation::Bilinear, colour };
                Box::new(Affine { rotate: ROTATION[number], ..Affine::identity(sampling) })
            }
        }
    }
}

/// Images of another source, corrupted.
struct Corrupted {
    split: Split,
    preprocess: Preprocess,
    corruption: Corruption,
    strength: usize,
}

impl ImageSource for Corrupted {
    fn label(&self, index: usize) -> usize {
        self.split.source().label(index)
    }

    /// As the network sees it: strengths are in pixels of that image.
    fn image(&self, index: usize) -> Result<Image, DataError> {
        let image = self.preprocess.apply(self.split.source().image(index)?);
        Ok(self.corruption.operation(self.strength, &self.preprocess, index).apply(image))
    }

    fn name(&self, index: usize) -> String {
        format!("{}, {} {}", self.split.source().name(index), self.corruption, self.strength)
    }

    fn stamp(&self, hasher: &mut Sha256) {
        self.split.source().stamp(hasher);
        hasher.update(format!("{} {}", self.corruption, self.strength));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataConfig;

    fn sea() -> (Split, Preprocess) {
        let json = r#"{"sea": {"train": 10, "valid": 10, "test": 20}}"#;
        let sea = serde_json::from_str::<DataConfig>(json).unwrap().open().unwrap();
        (sea.test.unwrap(), sea.preprocess)
    }

    /// Mean difference of the values of some images from those before corruption.
    fn mean_difference(corruption: Corruption, strength: usize) -> f64 {
        let (split, preprocess) = sea();
        let corrupted = corruption.corrupt(&split, &preprocess, strength);
        let difference = |place| {
            let [a, b] = [&split, &corrupted].map(|split: &Split| split.sample(place).unwrap());
            assert_eq!((a.label, a.index), (b.label, b.index));
            let pairs = a.image.pixels().iter().zip(b.image.pixels());
            pairs.map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / 3072.0
        };
        (0..split.len()).map(difference).sum::<f64>() / split.len() as f64
    }

    #[test]
    fn every_strength_corrupts_more_than_the_one_before() {
        for corruption in Corruption::ALL {
            let differences: Vec<f64> =
                (1..=5).map(|strength| mean_difference(corruption, strength)).collect();
            assert!(
                differences[0] > 0.0 && differences.is_sorted(),
                "{corruption}: {differences:?}"
            );
        }
    }

    #[test]
    fn an_image_is_corrupted_the_same_way_each_time() {
        let (split, preprocess) = sea();
        let [a, b] = [0, 1].map(|_| Corruption::Noise.corrupt(&split, &preprocess, 3));
        assert_eq!(a.sample(7).unwrap(), b.sample(7).unwrap());
        let clean = split.sample(7).unwrap();
        assert_ne!(a.sample(7).unwrap().image, clean.image);
        assert_eq!(a.name(7), "sea test #7, noise 3");
    }

    #[test]
    fn some_images_of_a_split_are_chosen() {
        let (split, _) = sea();
        let some = split.choose(5, 0);
        let chosen: Vec<usize> = (0..5).map(|place| some.index(place)).collect();
        assert!(some.len() == 5 && chosen.is_sorted(), "{chosen:?}");
        let indices = |split: Split| (0..split.len()).map(|place| split.index(place)).collect();
        let again: Vec<usize> = indices(split.choose(5, 0));
        let other: Vec<usize> = indices(split.choose(5, 1));
        assert_eq!(again, chosen);
        assert_ne!(other, chosen);
        assert_eq!(split.choose(99, 0).len(), 20);
    }
}
