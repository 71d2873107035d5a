//! What can be done to the pixels of an image. Nothing here is random: an operation's fields say
//! all that it does.
//!
//! They do what torchvision's `transforms.v2.functional` does to 8-bit images, and are tested
//! against its results. Operations on colours leave grey images unchanged. To add one, write its
//! file beside this one.

mod affine;
mod auto_contrast;
mod blend;
mod equalize;
mod erase;
mod flip;
mod gaussian_blur;
mod grayscale;
mod hue;
mod noise;
mod padded_crop;
mod perspective;
mod resized_crop;
mod sharpness;
mod table;
mod warp;

pub use affine::Affine;
pub use auto_contrast::AutoContrast;
pub use blend::{Brightness, Contrast, Saturation};
pub use equalize::Equalize;
pub use erase::Erase;
pub use flip::{HorizontalFlip, VerticalFlip};
pub use gaussian_blur::GaussianBlur;
pub use grayscale::Grayscale;
pub use hue::Hue;
pub use noise::GaussianNoise;
pub use padded_crop::{Fill, PaddedCrop};
pub use perspective::Perspective;
pub use resized_crop::ResizedCrop;
pub use sharpness::Sharpness;
pub use table::{Invert, Posterize, Solarize};
pub use warp::{Interpolation, Sampling};

use crate::Image;

/// A change of an image, fully determined.
pub trait Operation: Send {
    /// Does it. The result has the channels of `image`, and its size unless the operation says
    /// otherwise.
    fn apply(&self, image: Image) -> Image;

    /// What it does in a word and its numbers, such as `rotate 12`: what a contact sheet writes
    /// under an image.
    fn caption(&self) -> String;
}

/// The place in a row of `side` pixels that one beyond its ends mirrors, the outermost pixels not
/// repeated. One that is further out than the row is long mirrors it to and fro.
fn reflect(place: isize, side: usize) -> usize {
    if side == 1 {
        return 0;
    }
    // To the right end and back again.
    let period = 2 * (side - 1);
    let place = place.rem_euclid(period as isize) as usize;
    place.min(period - place)
}

/// The values of one channel.
fn channel(image: &Image, channel: usize) -> impl Iterator<Item = u8> {
    image.pixels().iter().skip(channel).step_by(image.channels()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_ends_is_a_mirror() {
        let places: Vec<usize> = (-5..8).map(|place| reflect(place, 3)).collect();
        assert_eq!(places, [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1]);
        assert_eq!(reflect(4, 1), 0);
    }
}
