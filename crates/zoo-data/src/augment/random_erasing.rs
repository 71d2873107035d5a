//! Rectangles covered: Random Erasing, after Zhong et al. (<https://arxiv.org/abs/1708.04896>).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zoo_settings::settings;

use super::{
    Augment, Background, Canvas, Draw,
    operation::Erase,
    settings::{check_ends, check_probability},
};
use crate::{DataError, Image};

/// Rectangles that do not fit are drawn again this often, as torchvision and timm do.
const ATTEMPTS: usize = 10;

settings! {
    /// Covers a rectangle of random size and shape that lies inside the image.
    pub struct RandomErasing {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// Smallest and largest area, as fractions of the image's: each 0.0001 to 1.
        pub scale: [f64; 2] = [0.02, 0.33],
        /// Smallest and largest ratio of height to width: each 0.01 to 100. Drawn on a logarithmic
        /// scale.
        pub ratio: [f64; 2] = [0.3, 3.3],
        /// What covers it.
        pub fill: ErasingFill,
    }
}

/// What covers an erased rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErasingFill {
    /// Black.
    Zeros,
    /// The mean colour of the preprocessing, which normalisation turns into 0: torchvision's value
    /// 0 and timm's mode `const`.
    #[default]
    Mean,
    /// Every value drawn independently from a normal distribution with the mean and standard
    /// deviation of the preprocessing: timm's mode `pixel`.
    Noise,
}

impl Augment for RandomErasing {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("random-erasing.probability", self.probability)?;
        check_ends("random-erasing.scale", self.scale, 0.0001..=1.0)?;
        check_ends("random-erasing.ratio", self.ratio, 0.01..=100.0)
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        if !rng.random_bool(self.probability) {
            return Vec::new();
        }
        let [least, most] = self.ratio.map(f64::ln);
        for _ in 0..ATTEMPTS {
            let share = rng.random_range(self.scale[0]..=self.scale[1]);
            let area = share * (canvas.width * canvas.height) as f64;
            let ratio = rng.random_range(least..=most).exp();
            let height = (area * ratio).sqrt().round() as usize;
            let width = (area / ratio).sqrt().round() as usize;
            if (1..canvas.width).contains(&width) && (1..canvas.height).contains(&height) {
                let left = rng.random_range(0..=canvas.width - width);
                let top = rng.random_range(0..=canvas.height - height);
                let patch = self.patch(width, height, canvas, rng);
                return vec![Box::new(Erase { left, top, patch })];
            }
        }
        Vec::new()
    }
}

impl RandomErasing {
    fn patch(&self, width: usize, height: usize, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Image {
        match self.fill {
            ErasingFill::Zeros => Image::filled(width, height, &canvas.colour(Background::Zeros)),
            ErasingFill::Mean => Image::filled(width, height, &canvas.colour(Background::Mean)),
            ErasingFill::Noise => {
                let figures = canvas.preprocess.mean.iter().zip(&canvas.preprocess.std).cycle();
                let channels = canvas.preprocess.channels();
                let noise = figures.take(width * height * channels).map(|(mean, std)| {
                    let normal: f32 = rng.sample(StandardNormal);
                    // A conversion to bytes saturates.
                    (255.0 * (mean + std * normal)).round() as u8
                });
                Image::new(width, height, channels, noise.collect())
            }
        }
    }
}
