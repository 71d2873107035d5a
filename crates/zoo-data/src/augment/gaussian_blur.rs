//! Blurred images, as SimCLR blurs them (<https://arxiv.org/abs/2002.05709>, appendix A).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Canvas, Draw,
    operation::GaussianBlur,
    settings::{check_ends, check_probability, check_within, sometimes},
};
use crate::DataError;

settings! {
    /// Blurs the image by a random amount.
    pub struct RandomGaussianBlur {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// Side of the blur kernel in pixels: odd, 1 to the network's image size. SimCLR uses a
        /// tenth of the image.
        pub kernel_size: usize = 3,
        /// Smallest and largest standard deviation in pixels, each 0.01 to 100.
        pub sigma: [f64; 2] = [0.1, 2.0],
    }
}

impl Augment for RandomGaussianBlur {
    fn check(&self, image_size: usize) -> Result<(), DataError> {
        let setting = "gaussian-blur.kernel_size";
        check_probability("gaussian-blur.probability", self.probability)?;
        check_within(setting, self.kernel_size, 1..=image_size, "pixels, the side of the image")?;
        if self.kernel_size.is_multiple_of(2) {
            return Err(DataError::setting(setting, "an odd number", self.kernel_size));
        }
        check_ends("gaussian-blur.sigma", self.sigma, 0.01..=100.0)
    }

    fn draw(&self, _: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let sigma = rng.random_range(self.sigma[0]..=self.sigma[1]);
        let kernel_size = self.kernel_size;
        sometimes(self.probability, rng, GaussianBlur { kernel_size, sigma })
    }
}
