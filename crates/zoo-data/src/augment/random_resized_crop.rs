//! Parts of photos, scaled: the customary augmentation for ImageNet, after Szegedy et al.
//! (<https://arxiv.org/abs/1409.4842>, section 6).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{Augment, Canvas, Draw, operation::ResizedCrop, settings::check_ends};
use crate::{DataError, preprocess::Area};

/// Parts that do not fit are drawn again this often, as torchvision and timm do.
const ATTEMPTS: usize = 10;

settings! {
    /// Cuts a region of random size and shape out of the stored image and scales it to the
    /// network's size. Replaces the preprocessing's `resize`, so it must come first.
    pub struct RandomResizedCrop {
        /// Smallest and largest area, as fractions of the image's: each 0.0001 to 1. Smaller is
        /// stronger.
        pub scale: [f64; 2] = [0.08, 1.0],
        /// Smallest and largest ratio of width to height: each 0.01 to 100. Drawn on a logarithmic
        /// scale.
        pub ratio: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0],
    }
}

impl Augment for RandomResizedCrop {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_ends("random-resized-crop.scale", self.scale, 0.0001..=1.0)?;
        check_ends("random-resized-crop.ratio", self.ratio, 0.01..=100.0)
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        let area = self.area(canvas.width, canvas.height, rng);
        vec![Box::new(ResizedCrop { area, size: canvas.preprocess.image_size })]
    }

    fn resizes(&self) -> bool {
        true
    }
}

impl RandomResizedCrop {
    fn area(&self, width: usize, height: usize, rng: &mut ChaCha8Rng) -> Area {
        let [least, most] = self.ratio.map(f64::ln);
        for _ in 0..ATTEMPTS {
            let area = rng.random_range(self.scale[0]..=self.scale[1]) * (width * height) as f64;
            let ratio = rng.random_range(least..=most).exp();
            let part_width = (area * ratio).sqrt().round() as usize;
            let part_height = (area / ratio).sqrt().round() as usize;
            if (1..=width).contains(&part_width) && (1..=height).contains(&part_height) {
                return Area {
                    left: rng.random_range(0..=width - part_width),
                    top: rng.random_range(0..=height - part_height),
                    width: part_width,
                    height: part_height,
                };
            }
        }
        self.middle(width, height)
    }

    /// The largest part of a permitted shape, from the middle.
    fn middle(&self, width: usize, height: usize) -> Area {
        let [least, most] = self.ratio;
        let shape = (width as f64 / height as f64).clamp(least, most);
        let fit = |side: f64, most: usize| (side.round() as usize).clamp(1, most);
        let part_width = fit(height as f64 * shape, width);
        let part_height = fit(width as f64 / shape, height);
        Area {
            left: (width - part_width) / 2,
            top: (height - part_height) / 2,
            width: part_width,
            height: part_height,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, rng};

    #[test]
    fn parts_have_the_area_and_shape_asked_for() {
        let crop = RandomResizedCrop::default();
        let mut areas = Vec::new();
        for index in 0..1000 {
            let part = crop.area(400, 300, &mut rng(0, Stream::Augment, 0, index));
            assert!(part.left + part.width <= 400 && part.top + part.height <= 300, "{part:?}");
            let shape = part.width as f64 / part.height as f64;
            assert!((0.74..1.35).contains(&shape), "{part:?}");
            areas.push((part.width * part.height) as f64 / 120_000.0);
        }
        areas.sort_by(f64::total_cmp);
        assert!((0.079..0.085).contains(&areas[0]), "{}", areas[0]);
        assert!((0.35..0.5).contains(&areas[500]), "{}", areas[500]);
        assert!((0.85..=1.0).contains(&areas[999]), "{}", areas[999]);
    }

    #[test]
    fn where_nothing_fits_the_middle_is_taken() {
        let whole = RandomResizedCrop { scale: [1.0, 1.0], ..RandomResizedCrop::default() };
        let wide = whole.area(400, 100, &mut rng(0, Stream::Augment, 0, 0));
        assert_eq!(wide, Area { left: 133, top: 0, width: 133, height: 100 });
        let tall = whole.area(100, 400, &mut rng(0, Stream::Augment, 0, 0));
        assert_eq!(tall, Area { left: 0, top: 133, width: 100, height: 133 });
    }
}
