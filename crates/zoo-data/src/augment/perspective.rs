//! Images seen from aside.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zoo_settings::settings;

use super::{
    Augment, Background, Canvas, Draw,
    operation::{Interpolation, Perspective},
    settings::{check_probability, check_within},
};
use crate::DataError;

settings! {
    /// Moves the four corners inwards, each by a random amount, and warps the image between them.
    pub struct RandomPerspective {
        /// How often, 0 to 1.
        pub probability: f64 = 0.5,
        /// Largest distance of a corner, as a fraction of the way to the centre, 0 to 1.
        pub distortion_scale: f64 = 0.5,
        /// What is read between pixels.
        pub interpolation: Interpolation,
        /// What is beyond the image.
        pub fill: Background,
    }
}

impl Augment for RandomPerspective {
    fn check(&self, _: usize) -> Result<(), DataError> {
        check_probability("perspective.probability", self.probability)?;
        check_within("perspective.distortion_scale", self.distortion_scale, 0.0..=1.0, "")
    }

    fn draw(&self, canvas: &Canvas, rng: &mut ChaCha8Rng) -> Draw {
        if !rng.random_bool(self.probability) {
            return Vec::new();
        }
        let mut inwards = |side: usize| {
            // Never so far that opposite corners meet.
            let most = (self.distortion_scale * (side / 2) as f64) as usize;
            rng.random_range(0..=most.min(side.saturating_sub(2) / 2)) as f64
        };
        let (right, bottom) = (canvas.width as f64 - 1.0, canvas.height as f64 - 1.0);
        let mut corner = || [inwards(canvas.width), inwards(canvas.height)];
        let [top_left, top_right, bottom_right, bottom_left] =
            [corner(), corner(), corner(), corner()];
        let corners = [
            top_left,
            [right - top_right[0], top_right[1]],
            [right - bottom_right[0], bottom - bottom_right[1]],
            [bottom_left[0], bottom - bottom_left[1]],
        ];
        let sampling = canvas.sampling(self.interpolation, self.fill);
        vec![Box::new(Perspective { corners, sampling })]
    }
}
