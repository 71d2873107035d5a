//! Squares covered: Cutout, after DeVries and Taylor (<https://arxiv.org/abs/1708.04552>).

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Background, Canvas, Draw,
    operation::Erase,
    settings::{check_probability, check_within},
};
use crate::{DataError, Image};

settings! {
    /// Covers squares centred anywhere in the image, so that some extend past its edges.
    pub struct Cutout {
        /// How often squares are drawn, 0 to 1.
        pub probability: f64 = 1.0,
        /// Side of a square in pixels, 1 to the network's image size. The paper uses 16 for
        /// CIFAR-10 and 8 for CIFAR-100.
        pub size: usize = 8,
        /// Number of squares, 1 to 100.
        pub count: usize = 1,
        /// The colour of the squares.
        pub fill: Background = Background::Mean,
    }
}

impl Augment for Cutout {
    fn check(&self, image_size: usize) -> Result<(), DataError> {
        check_probability("cutout.probability", self.probability)?;
        check_within("cutout.size", self.size, 1..=image_size, "pixels, the side of the image")?;
        check_within("cutout.count", self.count, 1..=100, "squares")
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        if !rng.random_bool(self.probability) {
            return Vec::new();
        }
        let colour = canvas.colour(self.fill);
        let square = |_| -> Box<dyn super::Operation> {
            let (left, width) = self.span(rng.random_range(0..canvas.width), canvas.width);
            let (top, height) = self.span(rng.random_range(0..canvas.height), canvas.height);
            Box::new(Erase { left, top, patch: Image::filled(width, height, &colour) })
        };
        (0..self.count).map(square).collect()
    }
}

impl Cutout {
    /// Start and length of what shows of a square about `middle` on a side of the image.
    fn span(&self, middle: usize, side: usize) -> (usize, usize) {
        let half = self.size / 2;
        let start = middle.saturating_sub(half);
        let end = (middle + self.size - half).min(side);
        (start, end - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_end_at_the_edges() {
        let cutout = Cutout { size: 8, ..Cutout::default() };
        assert_eq!(
            [0, 3, 16, 31].map(|middle| cutout.span(middle, 32)),
            [(0, 4), (0, 7), (12, 8), (27, 5)]
        );
        let single = Cutout { size: 1, ..Cutout::default() };
        assert_eq!([0, 31].map(|middle| single.span(middle, 32)), [(0, 1), (31, 1)]);
    }
}
